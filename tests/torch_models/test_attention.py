"""The building blocks compute what torch's own attention computes."""

import math

import pytest
import torch
import torch.nn.functional as F
from torch import nn

from bakeoff.torch_models.attention import (
    MultiHeadAttention,
    dot_product_attention,
    past_steps,
    real_steps,
    sinusoids,
)


@pytest.fixture
def pair():
    """Our attention and torch's, with the same weights."""
    torch.manual_seed(0)
    ours, theirs = MultiHeadAttention(12, 3), nn.MultiheadAttention(12, 3, batch_first=True)
    projections = (ours.query, ours.key, ours.value)
    with torch.no_grad():
        theirs.in_proj_weight.copy_(torch.cat([part.weight for part in projections]))
        theirs.in_proj_bias.normal_()
        for part, bias in zip(projections, theirs.in_proj_bias.chunk(3), strict=True):
            part.bias.copy_(bias)
    theirs.out_proj.load_state_dict(ours.out.state_dict())
    return ours, theirs


def test_dot_product_attention_is_that_of_torch():
    query, key, value = torch.randn(2, 4, 5, 8), torch.randn(2, 4, 7, 8), torch.randn(2, 4, 7, 3)
    seen = real_steps(torch.tensor([3, 7]), 7)
    read, weights = dot_product_attention(query, key, value, seen)
    expected = F.scaled_dot_product_attention(query, key, value, seen)
    torch.testing.assert_close(read, expected)
    torch.testing.assert_close(weights.sum(-1), torch.ones(2, 4, 5))
    assert (weights[0, ..., 3:] == 0).all()


def test_self_attention_is_that_of_torch(pair):
    ours, theirs = pair
    x = torch.randn(2, 5, 12)
    y, weights = ours(x, seen=past_steps(5))
    expected = theirs(x, x, x, attn_mask=~past_steps(5), average_attn_weights=False)
    torch.testing.assert_close(y, expected[0])
    torch.testing.assert_close(weights, expected[1])


def test_cross_attention_is_that_of_torch(pair):
    ours, theirs = pair
    x, memory, lengths = torch.randn(2, 5, 12), torch.randn(2, 7, 12), torch.tensor([2, 7])
    y, weights = ours(x, memory, real_steps(lengths, 7))
    padding = ~real_steps(lengths, 7)[:, 0, 0]
    expected = theirs(x, memory, memory, key_padding_mask=padding, average_attn_weights=False)
    torch.testing.assert_close(y, expected[0])
    torch.testing.assert_close(weights, expected[1])


def test_places_are_the_sines_and_cosines_of_the_paper():
    places = sinusoids(torch.zeros(1, 50, 6))
    assert places.shape == (50, 6)
    for step, i in [(0, 0), (3, 1), (49, 2)]:
        angle = step / 10000 ** (2 * i / 6)
        assert places[step, 2 * i].item() == pytest.approx(math.sin(angle), abs=1e-5)
        assert places[step, 2 * i + 1].item() == pytest.approx(math.cos(angle), abs=1e-5)


def test_a_mask_of_the_past_is_made_where_it_is_needed():
    assert past_steps(3, torch.device("meta")).device.type == "meta"
    assert past_steps(3).tolist() == [[True, False, False], [True, True, False], [True] * 3]


def test_heads_must_divide_the_width():
    with pytest.raises(ValueError, match="model_size=10 is not a multiple of num_heads=4"):
        MultiHeadAttention(10, 4)
