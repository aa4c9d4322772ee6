"""Promises of the cnn3d page beyond those of every page."""

import pytest
import torch

from bakeoff.torch_models.cnn3d import CNN3D


def test_a_volume_of_unequal_sides_is_flattened_whole():
    page = CNN3D(1, (4, 8, 12), 0, blocks=(3, 5))
    assert page.num_features == 5 * 1 * 2 * 3
    assert page(torch.randn(2, 1, 4, 8, 12)).shape == (2, 30)


def test_parameters_are_those_of_its_convolutions_and_head():
    page = CNN3D(1, 8, 2, blocks=(4, 8), final_pooling="average")
    count = sum(weight.numel() for weight in page.parameters())
    assert count == (27 * 4 + 4) + (27 * 4 * 8 + 8) + (8 * 2 + 2)


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"blocks": (4, 4, 4)}, r"blocks\[2\]: \(1, 2, 2\) voxels are too few"),
        ({"blocks": ({"convolution": "depthwise"},)}, "option='convolution' is unknown"),
    ],
)
def test_a_network_that_does_not_fit_is_refused_when_it_is_built(arguments: dict, message: str):
    with pytest.raises(ValueError, match=message):
        CNN3D(1, (4, 8, 8), 2, **arguments)
