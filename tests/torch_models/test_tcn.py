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


FILLS = (1e4, 1e30, float("nan"), float("inf"))
VARIANTS = [
    {},
    {"norm": "batch"},
    {"norm": "layer"},
    {"pooling": "mean"},
    {"pooling": "max"},
    {"per_step": True},
]


@pytest.mark.parametrize("fill", FILLS)
@pytest.mark.parametrize("options", VARIANTS, ids=str)
@pytest.mark.parametrize("training", [False, True])
def test_padding_cannot_speak(fill: float, options: dict, training: bool):
    torch.manual_seed(0)
    page = TCN(3, 2, **options).train(training)
    lengths = torch.tensor([9, 1, 4, 6])
    real = (torch.arange(9) < lengths[:, None])[..., None]
    x = torch.randn(4, 9, 3)
    results = []
    for value in (0.0, fill):
        page.zero_grad()
        scores = page(torch.where(real, x, value), lengths)
        if options.get("per_step"):
            scores = scores[real[..., 0]]
        scores.square().sum().backward()
        results.append([scores, *(weight.grad for weight in page.parameters())])
    for expected, found in zip(*results, strict=True):
        assert torch.equal(found, expected)


def test_lengths_of_another_count_are_refused():
    with pytest.raises(ValueError, match=r"lengths are \(1,\), but x holds 2 sequences"):
        TCN(3, 1)(torch.zeros(2, 4, 3), lengths=torch.tensor([4]))


def test_the_mean_of_many_steps_fits_in_half_precision():
    page = TCN(1, 0, channels=(), pooling="mean")
    x = torch.full((1, 4000, 1), 100.0).half()
    assert page.half()(x, torch.tensor([4000])).item() == pytest.approx(100, rel=0.01)


def test_lengths_pass_through_vmap():
    page = TCN(3, 2).eval()
    x, lengths = torch.randn(2, 4, 9, 3), torch.tensor([[9, 1, 4, 6], [2, 9, 9, 1]])
    scores = torch.vmap(page)(x, lengths)
    torch.testing.assert_close(scores[1], page(x[1], lengths[1]))


def test_sizes_that_cannot_be_are_refused():
    with pytest.raises(ValueError, match=r"channels=\(4, 0\).*sizes are 1 or more"):
        TCN(2, 1, channels=(4, 0))
    with pytest.raises(ValueError, match="kernel_size=0"):
        TCN(2, 1, kernel_size=0)
