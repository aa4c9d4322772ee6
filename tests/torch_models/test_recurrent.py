"""What all recurrent pages promise alike."""

import copy
import io

import pytest
import torch
from torch import nn
from torch.func import functional_call, grad, vmap

from bakeoff.torch_models.gru import GRU
from bakeoff.torch_models.lstm import LSTM
from bakeoff.torch_models.lstm_attention import LSTMAttention
from bakeoff.torch_models.rnn import RNN
from bakeoff.torch_models.rnn_seq2seq import RNNSeq2Seq

STACKS = [RNN, LSTM, GRU]
PAGES = [*STACKS, LSTMAttention, RNNSeq2Seq]
LENGTHS = torch.tensor([6, 2, 4])

every_stack = pytest.mark.parametrize("page", STACKS, ids=lambda page: page.__name__)
every_page = pytest.mark.parametrize("page", PAGES, ids=lambda page: page.__name__)


@pytest.fixture
def x():
    torch.manual_seed(0)
    return torch.randn(3, 6, 5)


@every_page
def test_another_number_of_lengths_is_refused_with_both_sizes(page, x):
    for lengths in (torch.tensor([6, 2]), torch.tensor(6), torch.tensor([[6, 2, 4]])):
        with pytest.raises(ValueError, match=r"lengths are \(.*\), but x holds 3 sequences"):
            page(5, 2, hidden_sizes=(4,))(x, lengths)


@every_page
def test_gradients_of_each_example_can_be_mapped(page, x):
    model = page(5, 2, hidden_sizes=(4, 4))
    weights = {name: weight.detach() for name, weight in model.named_parameters()}

    def loss(weights, x, length):
        return functional_call(model, weights, (x[None], length[None])).square().sum()

    mapped = vmap(grad(loss), (None, 0, 0))(weights, x, LENGTHS)
    for i in range(3):
        alone = grad(loss)(weights, x[i], LENGTHS[i])
        torch.testing.assert_close({name: each[i] for name, each in mapped.items()}, alone)


@every_page
def test_tokens_can_be_mapped(page):
    model = page(5, 2, hidden_sizes=(4,), vocabulary_size=9)
    weights = {name: weight.detach() for name, weight in model.named_parameters()}
    tokens = torch.randint(0, 9, (3, 6))

    def loss(weights, x):
        return functional_call(model, weights, (x[None],)).square().sum()

    mapped = vmap(grad(loss), (None, 0))(weights, tokens)
    torch.testing.assert_close(mapped["head.bias"][1], grad(loss)(weights, tokens[1])["head.bias"])


@every_page
def test_an_exported_page_reads_batches_of_any_size(page, x):
    model = page(5, 2, hidden_sizes=(4,)).eval()
    free = {0: torch.export.Dim("batch")}
    exported = torch.export.export(model, (x, LENGTHS), dynamic_shapes=(free, free)).module()
    larger, lengths = torch.randn(7, 6, 5), torch.tensor([1, 2, 3, 4, 5, 6, 6])
    torch.testing.assert_close(exported(larger, lengths), model(larger, lengths))


@every_page
def test_a_page_can_be_copied_and_pickled(page, x):
    model = page(5, 2, hidden_sizes=(4,))
    written = io.BytesIO()
    torch.save(model, written)
    written.seek(0)
    for again in (copy.deepcopy(model), torch.load(written, weights_only=False)):
        torch.testing.assert_close(again(x, LENGTHS), model(x, LENGTHS), rtol=0, atol=0)


@every_stack
def test_another_number_of_states_is_refused(page, x):
    model = page(5, 2, hidden_sizes=(4, 4), bidirectional=True)
    _, state = model.steps(x)
    for given in (state[:2], [], [*state, state[0]]):
        message = f"state holds {len(given)} states, but there are 4 readings"
        with pytest.raises(ValueError, match=message):
            model.steps(x, state=given)


@every_stack
def test_final_step_takes_both_readings_at_the_end_as_courses_do(page, x):
    model = page(5, 0, hidden_sizes=(4,), bidirectional=True, pooling="final_step")
    both = type(model.forwards[0])(5, 4, batch_first=True, bidirectional=True)
    with torch.no_grad():
        for name, weight in model.forwards[0].named_parameters():
            getattr(both, name).copy_(weight)
        for name, weight in model.backwards[0].named_parameters():
            getattr(both, f"{name}_reverse").copy_(weight)
    torch.testing.assert_close(model(x), both(x)[0][:, -1])
    zeros = torch.cat([x[:1, :2], torch.zeros(1, 4, 5)], 1)
    torch.testing.assert_close(model(x[:1], torch.tensor([2])), both(zeros)[0][:, -1])


@every_stack
def test_final_step_reads_padded_tokens_as_zeros(page):
    tokens, two = torch.tensor([[3, 4, 5, 6]]), torch.tensor([2])
    model = page(5, 0, hidden_sizes=(4,), vocabulary_size=9, pooling="final_step")
    words = model.embedding(tokens)
    words[:, 2:] = 0
    torch.testing.assert_close(model(tokens, two), model.forwards[0](words)[0][:, -1])


@every_stack
def test_features_can_be_dropped_otherwise_than_between_layers(page, x):
    model = page(5, 0, hidden_sizes=(4, 4), dropout=0.5, feature_dropout=0.0).train()
    assert model(x).all()  # no feature is left out
    assert (model(x) != model(x)).any()  # values between the layers are
    model = page(5, 0, hidden_sizes=(4, 4), feature_dropout=0.9).train()
    assert not model(x).all()


@pytest.mark.parametrize("page", [LSTMAttention, RNNSeq2Seq], ids=lambda page: page.__name__)
def test_weights_of_attention_are_left_out_in_training_only(page, x):
    model = page(5, 2, hidden_sizes=(4,), attention_dropout=0.5)
    assert (model(x) != model(x)).any()
    model.eval()
    torch.testing.assert_close(model(x), model(x), rtol=0, atol=0)


DEVIATIONS = {  # of a matrix (64, 20) before no relu
    "uniform": 0.05,
    "normal": 0.05,
    "xavier_uniform": (2 / 84) ** 0.5,
    "xavier_normal": (2 / 84) ** 0.5,
    "kaiming_uniform": 20**-0.5,
    "kaiming_normal": 20**-0.5,
    "orthogonal": 64**-0.5,
}


@pytest.mark.parametrize(("word", "deviation"), DEVIATIONS.items())
@every_page
def test_weights_start_as_the_word_says_gate_by_gate(page, word, deviation):
    model = page(20, 2, hidden_sizes=(64,), initialization=word)
    [layer, *_] = [part for part in model.modules() if isinstance(part, nn.RNNBase)]
    for gate in layer.weight_ih_l0.split(64):
        assert gate.std().item() == pytest.approx(deviation, rel=0.1)
        identity = gate.T @ gate
        assert torch.allclose(identity, torch.eye(20), atol=1e-4) == (word == "orthogonal")


@every_page
def test_recurrent_weights_start_as_their_own_word_says(page):
    model = page(20, 2, hidden_sizes=(64,), recurrent_initialization="normal")
    [layer, *_] = [part for part in model.modules() if isinstance(part, nn.RNNBase)]
    assert layer.weight_hh_l0.std().item() == pytest.approx(0.05, rel=0.1)
    assert layer.weight_ih_l0.std().item() == pytest.approx((2 / 84) ** 0.5, rel=0.1)


@every_stack
def test_kaiming_allows_for_the_relu_of_dense_layers_but_not_of_the_head(page):
    model = page(5, 50, hidden_sizes=(80,), head_sizes=(90,), initialization="kaiming_normal")
    assert model.dense[0].weight.std().item() == pytest.approx((2 / 80) ** 0.5, rel=0.1)
    assert model.head.weight.std().item() == pytest.approx((1 / 90) ** 0.5, rel=0.1)
    model = page(5, 50, hidden_sizes=(80,), initialization="kaiming_normal", fan="out")
    assert model.head.weight.std().item() == pytest.approx((1 / 50) ** 0.5, rel=0.1)


@pytest.mark.parametrize("option", ["initialization", "recurrent_initialization", "fan"])
@every_page
def test_unknown_start_is_refused_with_the_known_ones(page, option):
    with pytest.raises(ValueError, match=f"{option}='x' is unknown. Known: "):
        page(3, 2, **{option: "x"})


def test_a_mean_over_many_steps_stays_finite_in_half_precision():
    model = LSTMAttention(2, 0, hidden_sizes=(4,))
    with torch.no_grad():
        model.norm.weight.fill_(100.0)  # values of 100: the sum of 3000 is beyond 65504
    x = torch.ones(1, 3000, 2, dtype=torch.float16)
    assert model.half()(x, torch.tensor([2999])).isfinite().all()
