"""What the DLinear page promises beside the contract of every page."""

import numpy as np
import pytest
import torch

from bakeoff.torch_models.dlinear import DLinear


def test_a_forecast_is_the_equation_computed_by_hand():
    torch.manual_seed(0)
    model = DLinear(2, 1, in_steps=6, out_steps=3, kernel_size=3)
    for weight in model.parameters():
        torch.nn.init.normal_(weight)
    x = np.random.default_rng(0).normal(size=6).astype("float32")
    ends = np.concatenate([x[:1], x, x[-1:]])
    trend = np.array([ends[t : t + 3].mean() for t in range(6)])
    parts = [(model.trend, trend), (model.rest, x - trend)]
    expected = sum(part.weight.detach().numpy() @ values for part, values in parts)
    expected = expected + sum(part.bias.detach().numpy() for part, _ in parts)
    window = torch.tensor(np.stack([x, np.ones(6)], 1), dtype=torch.float32)[None]
    np.testing.assert_allclose(model(window)[0, :, 0].detach(), expected, rtol=1e-5, atol=1e-5)


def test_it_begins_with_the_mean_of_the_window():
    x = torch.randn(4, 30, 2)
    expected = x.mean(1, keepdim=True).expand(-1, 5, -1)
    torch.testing.assert_close(DLinear(2, 2, in_steps=30, out_steps=5)(x), expected)


def test_more_targets_than_channels_are_refused():
    with pytest.raises(ValueError, match="out_features=3 exceeds in_features=2"):
        DLinear(2, 3, in_steps=6, out_steps=1)


def test_an_even_kernel_is_refused():
    with pytest.raises(ValueError, match="kernel_size=4 is even"):
        DLinear(2, 1, in_steps=6, out_steps=1, kernel_size=4)


def test_no_steps_to_write_are_refused():
    with pytest.raises(ValueError, match=r"out_steps=0.*sizes are 1 or more"):
        DLinear(3, 1, in_steps=8, out_steps=0)
