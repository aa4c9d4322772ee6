"""What the page of the LSTM promises beyond the contract."""

import pytest
import torch
from torch import nn

from bakeoff.torch_models.lstm import LSTM


def count(model, trained=False):
    return sum(w.numel() for w in model.parameters() if w.requires_grad or not trained)


def test_weights_are_as_many_as_in_the_classic_network():
    assert count(LSTM(20, 1)) == 22_081
    assert count(LSTM(20, 1), trained=True) == 21_825
    assert count(LSTM(1, 2, hidden_sizes=(64, 64), norm="layer")) == 50_690


def test_states_follow_the_equations():
    model = LSTM(3, 2, hidden_sizes=(4,))
    lstm, x = model.forwards[0], torch.randn(2, 5, 3)
    h, c = torch.zeros(2, 4), torch.zeros(2, 4)
    for t in range(5):
        total = x[:, t] @ lstm.weight_ih_l0.T + h @ lstm.weight_hh_l0.T + lstm.bias_ih_l0
        i, f, g, o = total.chunk(4, 1)
        c = f.sigmoid() * c + i.sigmoid() * g.tanh()
        h = o.sigmoid() * c.tanh()
    torch.testing.assert_close(model(x), model.head(h))


def test_memory_waits_in_the_padding_as_in_a_packed_sequence():
    model = LSTM(3, 2, hidden_sizes=(4,), bidirectional=True)
    x, lengths = torch.randn(3, 6, 3), torch.tensor([6, 1, 4])
    packed = nn.utils.rnn.pack_padded_sequence(x, lengths, True, enforce_sorted=False)
    _, ((h, c), _) = model.steps(x, lengths)
    _, expected = model.forwards[0](packed)
    torch.testing.assert_close((h, c), (expected[0][0], expected[1][0]))


def test_a_sequence_can_be_read_in_two_parts_of_different_lengths():
    model, x = LSTM(3, 2, hidden_sizes=(4, 5)), torch.randn(2, 6, 3)
    _, state = model.steps(x[:, :4], torch.tensor([4, 4]))
    _, end = model.steps(x[:, 4:], torch.tensor([2, 1]), state)
    _, expected = model.steps(x, torch.tensor([6, 5]))
    torch.testing.assert_close(end, expected)


def test_gates_start_orthogonal_and_forget_gates_open():
    lstm = LSTM(3, 2).forwards[0]
    for gate in lstm.weight_hh_l0.chunk(4):
        torch.testing.assert_close(gate @ gate.T, torch.eye(64))
    means = [bias.mean().item() for bias in lstm.bias_ih_l0.chunk(4)]
    assert means == [0, 1, 0, 0]
    assert not lstm.bias_hh_l0.requires_grad


def test_attention_pooling_starts_as_the_mean():
    x = torch.randn(2, 5, 3)
    model = LSTM(3, 0, hidden_sizes=(4,), pooling="attention")
    torch.testing.assert_close(model(x), model.steps(x)[0].mean(1))


@pytest.mark.parametrize("option", ["merge", "pooling", "norm"])
def test_unknown_option_is_refused_with_the_known_ones(option):
    with pytest.raises(ValueError, match=f"{option}='x' is unknown. Known: "):
        LSTM(3, 2, **{option: "x"})


def test_a_network_without_a_layer_is_refused():
    with pytest.raises(ValueError, match="hidden_sizes is empty"):
        LSTM(3, 2, hidden_sizes=())


def test_no_weight_is_too_large_for_the_memory_to_wait_in_the_padding():
    model = LSTM(3, 2, hidden_sizes=(4,))
    with torch.no_grad():
        for weight in model.forwards[0].parameters():
            weight.mul_(1e5)
    x = torch.randn(2, 6, 3)
    _, [(_, c)] = model.steps(x, torch.tensor([2, 3]))
    _, [(_, expected)] = model.steps(x[:1, :2])
    torch.testing.assert_close(c[:1], expected, rtol=0, atol=0)
