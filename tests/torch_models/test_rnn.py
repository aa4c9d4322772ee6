"""What the page of the RNN promises beyond the contract."""

import pytest
import torch

from bakeoff.torch_models.rnn import RNN


def count(model):
    return sum(weight.numel() for weight in model.parameters())


@pytest.mark.parametrize(
    ("model", "weights"),
    [
        (RNN(20, 1), 5_569),
        (RNN(20, 1, bidirectional=True), 11_137),
        (RNN(20, 1, hidden_sizes=(64, 64, 64)), 22_209),
        (RNN(1, 2, hidden_sizes=(64, 64)), 12_738),
    ],
)
def test_weights_are_as_many_as_in_the_classic_network(model, weights):
    assert count(model) == weights


@pytest.mark.parametrize("activation", ["tanh", "relu"])
def test_states_follow_the_equation(activation):
    model = RNN(3, 2, hidden_sizes=(4,), activation=activation)
    rnn, x = model.forwards[0], torch.randn(2, 5, 3)
    h = torch.zeros(2, 4)
    for t in range(5):
        total = x[:, t] @ rnn.weight_ih_l0.T + h @ rnn.weight_hh_l0.T + rnn.bias_ih_l0
        h = getattr(torch, activation)(total)
    torch.testing.assert_close(model(x), model.head(h))


def test_backward_reading_ends_at_the_first_step():
    model = RNN(3, 0, hidden_sizes=(4,), bidirectional=True)
    x = torch.randn(2, 5, 3)
    backwards = model.backwards[0](x.flip(1))[1][0]
    torch.testing.assert_close(model(x)[:, 4:], backwards)


def test_padding_is_skipped_by_both_readings_and_every_pooling():
    x = torch.randn(1, 6, 3)
    for pooling in ("last", "mean", "max", "attention"):
        model = RNN(3, 2, bidirectional=True, hidden_sizes=(4, 4), pooling=pooling)
        torch.testing.assert_close(model(x, lengths=torch.tensor([4])), model(x[:, :4]))


@pytest.mark.parametrize("merge", ["sum", "mean"])
def test_readings_can_be_merged_into_one_width(merge):
    model = RNN(3, 0, hidden_sizes=(4,), bidirectional=True, merge=merge)
    x = torch.randn(2, 5, 3)
    ends = torch.stack([model.forwards[0](x)[1][0], model.backwards[0](x.flip(1))[1][0]])
    assert model.num_features == 4
    torch.testing.assert_close(model(x), getattr(ends, merge)(0))


def test_a_sequence_can_be_read_in_two_parts():
    model, x = RNN(3, 2, hidden_sizes=(4, 5)), torch.randn(2, 6, 3)
    whole, end = model.steps(x)
    first, state = model.steps(x[:, :4])
    second, last = model.steps(x[:, 4:], state=state)
    torch.testing.assert_close(torch.cat([first, second], 1), whole)
    torch.testing.assert_close(last, end)


def test_recurrent_weights_start_orthogonal_and_the_second_bias_stays_zero():
    rnn = RNN(3, 2).forwards[0]
    torch.testing.assert_close(rnn.weight_hh_l0 @ rnn.weight_hh_l0.T, torch.eye(64))
    assert not rnn.bias_hh_l0.any()
    assert not rnn.bias_hh_l0.requires_grad


@pytest.mark.parametrize(
    ("x", "lengths", "message"),
    [
        (torch.zeros(2, 5, 4), None, r"x is \(2, 5, 4\), but must be \(B, T, 3\) numbers"),
        (torch.zeros(2, 0, 3), None, "T of 1 or more"),
        (torch.zeros(2, 5, 3), torch.tensor([0, 5]), "lengths are 0 to 5, not 1 to 5"),
        (torch.zeros(2, 5, 3), torch.tensor([1, 6]), "lengths are 1 to 6, not 1 to 5"),
    ],
)
def test_sequences_that_do_not_fit_are_refused_with_their_sizes(x, lengths, message):
    with pytest.raises(ValueError, match=message):
        RNN(3, 2)(x, lengths=lengths)


def test_token_beyond_the_vocabulary_is_refused():
    with pytest.raises(ValueError, match="x holds tokens 1 to 9, not 0 to 8"):
        RNN(3, 2, vocabulary_size=9)(torch.tensor([[1, 9]]))


def test_unknown_option_suggests_the_nearest():
    with pytest.raises(ValueError, match="Did you mean 'concatenate'"):
        RNN(3, 2, merge="concat")
