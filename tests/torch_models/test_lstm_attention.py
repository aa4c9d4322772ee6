"""What the page of the LSTM with attention promises beyond the contract."""

import pytest
import torch
from torch import nn

from bakeoff.torch_models.lstm_attention import LSTMAttention


def test_weights_are_as_many_as_in_the_classic_network():
    model = LSTMAttention(1, 2, hidden_sizes=(64, 64))
    assert sum(weight.numel() for weight in model.parameters()) == 67_330


def test_attention_is_that_of_torch():
    model, x = LSTMAttention(3, 0, hidden_sizes=(8,), num_heads=2), torch.randn(2, 5, 3)
    oracle = nn.MultiheadAttention(8, 2, batch_first=True)
    with torch.no_grad():
        oracle.in_proj_weight.copy_(model.query_key_value.weight)
        oracle.out_proj.weight.copy_(model.out.weight)
    h = model.forwards[0](x)[0]
    expected, weights = oracle(h, h, h, average_attn_weights=False)
    torch.testing.assert_close(model(x), model.norm(h + expected).mean(1))
    torch.testing.assert_close(model.attend(x), weights)


def test_no_step_attends_to_padding():
    model, x = LSTMAttention(3, 2, hidden_sizes=(8,)), torch.randn(2, 5, 3)
    weights = model.attend(x, torch.tensor([5, 2]))
    assert not weights[1, ..., 2:].any()
    torch.testing.assert_close(weights.sum(3), torch.ones(2, 4, 5))


def test_heads_that_do_not_divide_the_width_are_refused():
    with pytest.raises(ValueError, match="A width of 10 is not a multiple of num_heads=4"):
        LSTMAttention(3, 2, hidden_sizes=(10,))
