"""What the PatchTST page promises beside the contract of every page."""

import pytest
import torch

from bakeoff.torch_models.patchtst import PatchTST


@pytest.fixture
def model():
    torch.manual_seed(0)
    return PatchTST(3, 2, in_steps=20, out_steps=4, patch_size=6, stride=4)


def test_a_forecast_follows_the_level_and_scale_of_its_window(model):
    x = torch.randn(5, 20, 3)
    expected = 10 * model(x) + 3
    torch.testing.assert_close(model(10 * x + 3), expected, rtol=1e-3, atol=1e-3)


def test_a_target_is_forecast_from_its_own_past_only(model):
    x = torch.randn(5, 20, 3)
    changed = x.clone()
    changed[..., 1:] += torch.randn(5, 20, 2)
    torch.testing.assert_close(model(changed)[..., 0], model(x)[..., 0])


def test_a_constant_window_is_forecast_finitely(model):
    assert model(torch.ones(1, 20, 3)).isfinite().all()


def test_a_window_of_another_length_is_refused(model):
    with pytest.raises(ValueError, match=r"x is \(1, 19, 3\), but must be \(B, 20, 3\)"):
        model(torch.zeros(1, 19, 3))


@pytest.mark.parametrize("name", ["in_steps", "out_steps", "patch_size", "stride"])
def test_a_size_below_one_is_refused(name: str):
    sizes = {"in_steps": 20, "out_steps": 4, "patch_size": 6, "stride": 4, name: 0}
    with pytest.raises(ValueError, match=f"{name}=0.* must all be 1 or more"):
        PatchTST(3, 2, **sizes)
