"""Promises of the network page beyond those of every page."""

import pytest
import torch

from bakeoff.torch_models.cnn import CNN
from bakeoff.torch_models.gru import GRU
from bakeoff.torch_models.mlp import MLP
from bakeoff.torch_models.network import Network
from bakeoff.torch_models.rnn import RNN
from bakeoff.torch_models.tcn import TCN


def trained(page) -> int:
    return sum(weight.numel() for weight in page.parameters() if weight.requires_grad)


def parameters(page) -> int:
    return sum(weight.numel() for weight in page.parameters())


def reader() -> RNN:
    return RNN(8, 0, hidden_sizes=(64,), head_sizes=(32,))


def test_parameters_are_those_of_the_classic_rnn_and_cnn():
    looker = CNN(1, 28, 0, blocks=(16, 32), head_sizes=(32,))
    page = Network({"readings": reader(), "picture": looker}, {"kind": 3})
    assert parameters(page) == 62_019


def test_trained_parameters_are_those_of_the_classic_keras_rnn_and_cnn():
    looker = CNN(3, 64, 0, blocks=(32,), padding="valid", head_sizes=(32,))
    encoders = {"readings": reader(), "picture": looker}
    page = Network(encoders, {"kind": 3}, head_sizes=(32,))
    assert trained(page) == 993_923  # Keras has no second bias, which is frozen here


def rows(count: int) -> MLP:
    return MLP(count, 0, hidden_sizes=(4,))


def test_gated_fusion_weighs_the_inputs_of_each_example():
    torch.manual_seed(0)
    page = Network({"a": rows(2), "b": rows(3)}, {"y": 1}, fusion="gated", width=5)
    x = {"a": torch.randn(6, 2), "b": torch.randn(6, 3)}
    parts = [page.encoders[0](x["a"]), page.encoders[1](x["b"])]
    h = torch.stack([torch.tanh(page.project[i](part)) for i, part in enumerate(parts)], 1)
    z = page.gate(torch.cat(parts, 1)).view(6, 2, 5).softmax(1)
    torch.testing.assert_close(page(x)["y"], page.heads[0]((z * h).sum(1)))


def test_two_inputs_share_one_encoder():
    page = Network({"left": rows(2)}, {"y": 1}, shared={"right": "left"})
    assert len(page.encoders) == 1
    assert page.heads[0].in_features == 8
    x = torch.randn(3, 2)
    values = page.encoders[0](x)
    expected = page.heads[0](torch.cat([values, values], 1))
    torch.testing.assert_close(page({"left": x, "right": x})["y"], expected)


def test_a_target_per_step_repeats_what_the_vectors_say():
    torch.manual_seed(0)
    steps = GRU(3, 0, hidden_sizes=(4,), per_step=True)
    page = Network({"s": steps, "v": rows(2)}, {"tag": 5, "sum": 1}, per_step=("tag",)).eval()
    x = {"s": torch.randn(2, 7, 3), "v": torch.randn(2, 2), "s.lengths": torch.tensor([7, 4])}
    scores = page(x)
    assert scores["tag"].shape == (2, 7, 5)
    joined = torch.cat([steps(x["s"])[1, 3], page.encoders[1](x["v"])[1]])
    torch.testing.assert_close(scores["tag"][1, 3], page.heads[0](joined))
    short = page({"s": x["s"][1:, :4], "v": x["v"][1:]})
    torch.testing.assert_close(scores["sum"][1:], short["sum"])


def test_a_batch_of_other_inputs_is_refused():
    page = Network({"left": rows(2), "right": rows(2)}, {"y": 1})
    x = torch.zeros(1, 2)
    with pytest.raises(ValueError, match="lacks right"):
        page({"left": x})
    with pytest.raises(ValueError, match=r"input='rihgt' is unknown\. Did you mean 'right'"):
        page({"left": x, "right": x, "rihgt": x})


def test_parts_that_do_not_fit_are_refused():
    with pytest.raises(ValueError, match="has a head: give it out_features=0"):
        Network({"left": MLP(2, 3)}, {"y": 1})({"left": torch.zeros(1, 2)})
    with pytest.raises(ValueError, match="needs an encoder that is built with per_step=True"):
        Network({"left": rows(2)}, {"y": 1}, per_step=("y",))
    with pytest.raises(ValueError, match=r"shared='lift' is unknown\. Did you mean 'left'"):
        Network({"left": rows(2)}, {"y": 1}, shared={"right": "lift"})
    with pytest.raises(ValueError, match="an encoder and a head at least"):
        Network({}, {"y": 1})


def steps_of(count: int) -> TCN:
    return TCN(count, 0, channels=(4,), per_step=True)


def test_targets_of_several_sequences_read_the_steps_that_are_real_in_all():
    torch.manual_seed(0)
    page = Network({"a": steps_of(2), "b": steps_of(3)}, {"y": 1}).eval()
    x = {"a": torch.randn(3, 7, 2), "b": torch.randn(3, 7, 3)}
    lengths = {"a.lengths": torch.tensor([7, 4, 2]), "b.lengths": torch.tensor([5, 7, 2])}
    scores = page({**x, **lengths})["y"]
    for i, length in enumerate((5, 4, 2)):
        alone = page({name: array[i : i + 1, :length] for name, array in x.items()})["y"]
        torch.testing.assert_close(scores[i : i + 1], alone)
    swapped = page({**lengths, **dict(reversed(x.items()))})["y"]
    torch.testing.assert_close(swapped, scores)


def test_sequences_of_several_numbers_of_steps_are_refused():
    page = Network({"a": steps_of(2), "b": steps_of(3)}, {"y": 1})
    with pytest.raises(ValueError, match="Inputs of 7 and 6 steps cannot be joined"):
        page({"a": torch.randn(3, 7, 2), "b": torch.randn(3, 6, 3)})


def test_a_network_passes_through_vmap():
    torch.manual_seed(0)
    table = MLP(2, 0, activation="none", category_sizes=(3,))
    page = Network({"s": steps_of(3), "v": table}, {"tag": 5, "y": 1}, per_step=("tag",)).eval()
    x = {
        "s": torch.randn(2, 4, 7, 3),
        "s.lengths": torch.tensor([[7, 1, 4, 2], [3, 7, 7, 7]]),
        "v": torch.randn(2, 4, 2),
        "v.categories": torch.ones(2, 4, 1, dtype=torch.long),
    }
    scores = torch.vmap(page)(x)
    expected = page({name: array[1] for name, array in x.items()})
    for target, each in expected.items():
        torch.testing.assert_close(scores[target][1], each)


def test_a_target_without_outputs_is_refused():
    with pytest.raises(ValueError, match=r"heads=\{'y': 0\}.*sizes are 1 or more"):
        Network({"left": rows(2)}, {"y": 0})
