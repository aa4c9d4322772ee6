"""Promises of the resnet page beyond those of every page."""

import pytest
import torch

from bakeoff.torch_models.resnet import ResidualBlock, ResNet


def test_parameters_are_those_of_resnet_20():
    page = ResNet(3, 32, 10, num_blocks=3)
    assert sum(weight.numel() for weight in page.parameters()) == 272_474


def test_a_block_of_zero_weights_is_its_shortcut():
    words = {"norm": "none", "activation": "relu", "initialization": "auto", "fan": "in"}
    numbers = {"stride": 1, "leaky_slope": 0.01, "initial_width": 0.05}
    block = ResidualBlock(4, 4, **numbers, **words)
    with torch.no_grad():
        block.second.weight.zero_()
    x = torch.randn(2, 4, 5, 5)
    torch.testing.assert_close(block(x), x.relu())


def test_every_stage_but_the_first_halves_the_image():
    page = ResNet(1, (9, 12), 2, channels=(4, 6, 8), num_blocks=2)
    assert [block.first.stride[0] for block in page.blocks] == [1, 1, 2, 1, 2, 1]


def test_an_image_too_small_for_the_stages_is_refused():
    with pytest.raises(ValueError, match=r"too often for 3 x 9 pixels. Give 1 to 2 stages"):
        ResNet(1, (3, 9), 2)


def test_another_image_is_refused_with_the_sizes_named():
    with pytest.raises(ValueError, match=r"\(1, 9, 8\), not \(1, 8, 8\)"):
        ResNet(1, 8, 2)(torch.zeros(1, 1, 9, 8))
