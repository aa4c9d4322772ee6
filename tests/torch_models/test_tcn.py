"""Promises of the tcn page beyond those of every page."""

import pytest
import torch

from bakeoff.torch_models.tcn import TCN


def test_a_step_sees_itself_and_the_past_within_its_reach_only():
    torch.manual_seed(0)
    page = TCN(1, 1, channels=(8, 8), kernel_size=3, activation="tanh", per_step=True)
    x = torch.randn(1, 30, 1, requires_grad=True)
    page(x)[0, 20, 0].backward()
    seen = x.grad[0, :, 0].nonzero().flatten().tolist()
    reach = 2 * (3 - 1) * (2**2 - 1)
    assert seen == list(range(20 - reach, 21))


@pytest.mark.parametrize("pooling", ["last", "mean", "max"])
def test_pooling_reads_the_real_steps(pooling: str):
    torch.manual_seed(0)
    page = TCN(3, 0, channels=(5,), pooling=pooling).eval()
    x, lengths = torch.randn(4, 9, 3), torch.tensor([9, 1, 4, 7])
    page.per_step = True
    steps = page(x)
    page.per_step = False
    for i, length in enumerate(lengths):
        real = steps[i, :length]
        expected = {"last": real[-1], "mean": real.mean(0), "max": real.amax(0)}[pooling]
        torch.testing.assert_close(page(x, lengths)[i], expected)


def test_an_unknown_norm_suggests_the_nearest():
    with pytest.raises(ValueError, match=r"norm='weight' is unknown\. Known: none, batch, layer"):
        TCN(2, 1, norm="weight")
