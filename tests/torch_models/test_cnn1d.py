"""Promises of the cnn1d page beyond those of every page."""

import pytest
import torch
import torch.nn.functional as F

from bakeoff.torch_models.cnn1d import CNN1D


def test_average_pooling_of_a_last_window_counts_its_real_steps_only():
    page = CNN1D(1, 0, blocks=({"channels": 1, "pooling": "average", "pool_size": 4},))
    with torch.no_grad():
        page.blocks[0].convolution.weight.copy_(torch.tensor([[[0.0, 1.0, 0.0]]]))
    x = torch.arange(1.0, 9.0)[None, :, None]  # 1 ... 8
    features = page(x, lengths=torch.tensor([6]))
    torch.testing.assert_close(features, torch.tensor([[(2.5 + 5.5) / 2]]))


def test_a_sequence_of_one_step_survives_every_pooling():
    page = CNN1D(2, 3, blocks=(4, 4, 4, 4), stride=2)
    assert page(torch.randn(5, 1, 2)).isfinite().all()
    assert page(torch.randn(5, 9, 2), lengths=torch.ones(5, dtype=torch.long)).isfinite().all()


def test_a_block_is_convolution_activation_pooling():
    torch.manual_seed(0)
    page = CNN1D(2, 0, blocks=(4,), kernel_size=5, dilation=2, final_pooling="max")
    x, conv = torch.randn(3, 12, 2), page.blocks[0].convolution
    expected = F.relu(F.conv1d(x.mT, conv.weight, conv.bias, padding=4, dilation=2)).amax(2)
    torch.testing.assert_close(page(x), expected)


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"kernel_size": 4}, r"blocks\[0\]: kernel_size=4 must be odd"),
        ({"blocks": (8, {"strid": 2})}, r"blocks\[1\]: option='strid'.*mean 'stride'"),
        ({"pooling": "adaptive_max"}, "pooling='adaptive_max' is unknown"),
    ],
)
def test_a_block_that_cannot_be_is_refused(arguments: dict, message: str):
    with pytest.raises(ValueError, match=message):
        CNN1D(2, 1, **arguments)


def test_wrong_sequences_are_refused_with_the_sizes_named():
    with pytest.raises(ValueError, match=r"\(2, 0, 3\).*T of 1 or more"):
        CNN1D(3, 1)(torch.zeros(2, 0, 3))
    with pytest.raises(ValueError, match="lengths are 0 to 4, not 1 to 4"):
        CNN1D(3, 1)(torch.zeros(2, 4, 3), lengths=torch.tensor([0, 4]))
    with pytest.raises(ValueError, match="tokens 1 to 9, not 0 to 8"):
        CNN1D(3, 1, vocabulary_size=9)(torch.tensor([[1, 9]]))


FILLS = (1e4, 1e30, float("nan"), float("inf"))
VARIANTS = [
    {},
    {"norm": "batch"},
    {"norm": "layer"},
    {"final_pooling": "max"},
    {"pooling": "average"},
]


@pytest.mark.parametrize("fill", FILLS)
@pytest.mark.parametrize("options", VARIANTS, ids=str)
@pytest.mark.parametrize("training", [False, True])
def test_padding_cannot_speak(fill: float, options: dict, training: bool):
    torch.manual_seed(0)
    page = CNN1D(3, 2, **options).train(training)
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
        CNN1D(3, 1)(torch.zeros(2, 4, 3), lengths=torch.tensor([4]))


def test_the_mean_of_many_steps_fits_in_half_precision():
    page = CNN1D(1, 0, blocks=(), final_pooling="average")
    x = torch.full((1, 4000, 1), 100.0).half()
    assert page.half()(x, torch.tensor([4000])).item() == pytest.approx(100, rel=0.01)


def test_lengths_pass_through_vmap():
    page = CNN1D(3, 2).eval()
    x, lengths = torch.randn(2, 4, 9, 3), torch.tensor([[9, 1, 4, 6], [2, 9, 9, 1]])
    scores = torch.vmap(page)(x, lengths)
    torch.testing.assert_close(scores[1], page(x[1], lengths[1]))
