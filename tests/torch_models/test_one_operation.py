"""Recurrent layers in training are one operation each, and what torch's own are."""

from functools import partial

import pytest
import torch
from torch import nn

from bakeoff.torch_models.faster import faster
from bakeoff.torch_models.recurrent import read_several
from bakeoff.torch_models.rnn_seq2seq import RNNSeq2Seq

LAYERS = {
    "tanh": partial(nn.RNN, batch_first=True),
    "relu": partial(nn.RNN, batch_first=True, nonlinearity="relu"),
    "gru": partial(nn.GRU, batch_first=True),
}


def learned(layer, x, start, *, of_states=1.0, of_end=3.0):
    """Return what a layer says, and all gradients of one loss."""
    layer.zero_grad()
    x, start = x.clone().requires_grad_(), start.clone().requires_grad_()
    states, end = layer(x, start)
    losses = [(of_states, states.square()), (of_end, end.exp())]
    sum(share * part.sum() for share, part in losses if share).backward()
    return [states, end, x.grad, start.grad, *(weight.grad for weight in layer.parameters())]


def is_one_operation(states):
    """Tell whether one of ours is within what the states were made by."""
    waiting, names = [states.grad_fn], set()
    while waiting:
        node = waiting.pop()
        names.add(type(node).__name__)
        waiting += [following for following, _ in node.next_functions if following is not None]
    return bool(names & {"RNNStepsBackward", "GRUStepsBackward"})


@pytest.mark.parametrize("used", [{}, {"of_states": 0.0}, {"of_end": 0.0}])
@pytest.mark.parametrize("steps", [1, 2, 7])
@pytest.mark.parametrize("name", LAYERS)
def test_states_and_gradients_are_those_of_torch(name, steps, used):
    torch.manual_seed(0)
    layer = LAYERS[name](3, 5).double()
    x, start = torch.randn(4, steps, 3).double(), torch.randn(1, 4, 5).double()
    theirs = learned(layer, x, start, **used)
    with faster(layer):
        assert is_one_operation(layer(x, start)[0])
        ours = learned(layer, x, start, **used)
    assert all(torch.allclose(one, two, atol=1e-12) for one, two in zip(ours, theirs, strict=True))


@pytest.mark.parametrize("name", LAYERS)
def test_several_networks_are_read_at_once(name):
    torch.manual_seed(0)
    layers = [LAYERS[name](3, 5).double() for _ in range(3)]
    x, start = torch.randn(3, 4, 6, 3).double(), torch.randn(3, 4, 5).double()
    weights = [
        torch.stack(own) for own in zip(*(layer.parameters() for layer in layers), strict=True)
    ]
    together, _ = read_several(layers[0], x, start, *weights)  # (K, B, T, H)
    for k, layer in enumerate(layers):
        alone, _ = layer(x[k], start[k][None])
        assert torch.allclose(together[k], alone, atol=1e-12)


def test_evaluation_and_what_is_not_plain_stay_with_torch():
    model = nn.ModuleList([nn.GRU(3, 5, batch_first=True), nn.GRU(3, 5), nn.LSTM(3, 5)])
    with faster(model):
        assert ["forward" in vars(part) for part in model] == [True, False, False]
        model.eval()
        assert not is_one_operation(model[0](torch.zeros(2, 4, 3), torch.zeros(1, 2, 5))[0])
    assert "forward" not in vars(model[0])


def test_a_page_that_writes_step_by_step_trains_through_them():
    torch.manual_seed(0)
    model = RNNSeq2Seq(in_features=2, out_features=1, out_steps=3, cell="gru").double()
    x = torch.randn(4, 5, 2).double()
    alone = model(x).detach()
    with faster(model):
        assert torch.allclose(model(x), alone, atol=1e-12)
        assert is_one_operation(model(x))
