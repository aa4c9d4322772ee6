"""Promises of the cnn page beyond those of every page."""

import pytest
import torch

from bakeoff.torch_models.cnn import CNN, ImageBlock
from bakeoff.torch_models.cnn1d import CNN1D
from bakeoff.torch_models.cnn3d import CNN3D
from bakeoff.torch_models.resnet import ResNet

DILATED = {"channels": 64, "convolution": "dilated", "pooling": "adaptive_max", "pool_size": 4}
SEPARABLE = {"channels": 64, "convolution": "separable", "pooling": "average"}


def parameters(page) -> int:
    return sum(weight.numel() for weight in page.parameters())


def test_parameters_are_those_of_the_classic_networks():
    mixed = (16, {"channels": 32, "pooling": "average"}, DILATED)
    assert parameters(CNN(1, 28, 10, blocks=mixed, head_sizes=(128, 64))) == 163_402
    plain = CNN(1, 28, 10, blocks=(32, 64, 128), norm="batch", head_sizes=(256,))
    assert parameters(plain) == 390_858
    unpadded = {"padding": "valid", "head_sizes": (64,)}
    blocks = (32, SEPARABLE, {"convolution": "depthwise"})
    assert parameters(CNN(3, 64, 3, blocks=blocks, **unpadded)) == 151_651


@pytest.mark.parametrize("convolution", ["standard", "dilated", "depthwise", "separable"])
@pytest.mark.parametrize("padding", ["same", "valid"])
@pytest.mark.parametrize("kernel_size", [3, 4])
@pytest.mark.parametrize("pooling", ["max", "average", "adaptive_max", "none"])
def test_a_block_knows_the_size_that_it_makes(convolution, padding, kernel_size, pooling):
    options = {
        "channels": 0,
        "convolution": convolution,
        "kernel_size": kernel_size,
        "stride": 1,
        "dilation": 0,
        "padding": padding,
        "norm": "none",
        "activation": "relu",
        "leaky_slope": 0.01,
        "pooling": pooling,
        "pool_size": 2,
        "initial_width": 0.05,
    }
    block = ImageBlock(3, (11, 14), **options, initialization="auto", fan="in")
    assert block(torch.zeros(2, 3, 11, 14)).shape == (2, block.channels, *block.size)


def test_same_padding_keeps_the_size_and_is_symmetric_when_strided():
    page = CNN(1, 8, 0, blocks=({"channels": 1, "stride": 2},), pooling="none")
    x = torch.randn(3, 1, 8, 8)
    conv = page.blocks[0].convolution
    assert conv.padding == (1, 1)
    assert page.blocks[0].size == (4, 4)
    expected = torch.relu(torch.nn.functional.conv2d(x, conv.weight, conv.bias, 2, 1))
    torch.testing.assert_close(page(x), expected.flatten(1))


def test_a_block_takes_from_the_arguments_what_it_does_not_say():
    page = CNN(1, 16, 2, blocks=(4, {"channels": 6, "norm": "none"}), norm="batch", kernel_size=5)
    assert isinstance(page.blocks[0].norm, torch.nn.BatchNorm2d)
    assert isinstance(page.blocks[1].norm, torch.nn.Identity)
    assert page.blocks[1].convolution.kernel_size == (5, 5)


def test_norms_group_the_channels_as_they_say():
    blocks = [{"channels": 12, "norm": norm} for norm in ("layer", "instance", "group")]
    page = CNN(1, 16, 2, blocks=blocks)
    assert [block.norm.num_groups for block in page.blocks] == [1, 12, 4]


def test_channels_last_memory_changes_no_score():
    torch.manual_seed(0)
    page = CNN(3, (9, 12), 4, blocks=(8, DILATED), norm="batch", head_sizes=(6,)).eval()
    x = torch.randn(5, 3, 9, 12)
    expected = page(x)
    page.to(memory_format=torch.channels_last)
    scores = page(x.contiguous(memory_format=torch.channels_last))
    torch.testing.assert_close(scores, expected, rtol=1e-5, atol=1e-5)


def test_depthwise_filters_are_orthogonal_as_one_row():
    torch.manual_seed(0)
    page = CNN(16, 8, 2, blocks=({"convolution": "depthwise"},), initialization="orthogonal")
    assert page.blocks[0].convolution.weight.square().sum().item() == pytest.approx(2 * 16)


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"blocks": (8, 8, 8, 8)}, r"blocks\[3\]: \(1, 1\) pixels are too few for kernel_size=3"),
        ({"blocks": (8,), "padding": "valid", "kernel_size": 9}, "too few for kernel_size=9"),
        ({"blocks": (DILATED, DILATED, {"pool_size": 5})}, r"\(4, 4\) pixels are too few"),
        ({"blocks": ({"chanels": 8},)}, r"blocks\[0\]: option='chanels'.*mean 'channels'"),
        ({"blocks": ({"pooling": "maxx"},)}, "Did you mean 'max'"),
        ({"blocks": ({"channels": 8, "convolution": "depthwise"},)}, "keeps its 3 channels"),
        ({"blocks": ({"stride": 2, "dilation": 2},)}, "must be 1"),
        ({"final_pooling": "mean"}, "final_pooling='mean' is unknown"),
    ],
)
def test_a_network_that_does_not_fit_is_refused_when_it_is_built(arguments: dict, message: str):
    with pytest.raises(ValueError, match=message):
        CNN(3, 8, 2, **arguments)


def test_another_image_is_refused_with_the_sizes_named():
    with pytest.raises(ValueError, match=r"\(3, 9, 8\), not \(3, 8, 8\)"):
        CNN(3, 8, 2)(torch.zeros(1, 3, 9, 8))


@pytest.mark.parametrize("build", [CNN, CNN1D, CNN3D, ResNet], ids=lambda page: page.__name__)
def test_convolutions_and_dense_layers_start_each_by_their_own_fan(build):
    torch.manual_seed(0)
    sizes = {
        CNN: ((8, 8, 100), {"blocks": (200,), "final_pooling": "average"}),
        CNN1D: ((8, 100), {"blocks": (200,)}),
        CNN3D: ((8, 4, 100), {"blocks": (200,), "final_pooling": "average"}),
        ResNet: ((8, 8, 100), {"channels": (200,), "num_blocks": 1}),
    }
    positional, options = sizes[build]
    page = build(*positional, **options, initialization="kaiming_normal", fan="out", dense_fan="in")
    layer = page.stem if build is ResNet else page.blocks[0].convolution
    fan_out = 200 * layer.weight[0, 0].numel()
    assert layer.weight.var().item() == pytest.approx(2 / fan_out, rel=0.1)
    assert page.head.weight.var().item() == pytest.approx(1 / 200, rel=0.1)


@pytest.mark.parametrize(
    ("build", "x"),
    [
        (
            CNN(1, 8, 2, blocks=(3,), head_sizes=(50,), dropout=1.0, feature_dropout=0.0),
            (4, 1, 8, 8),
        ),
        (CNN1D(1, 2, blocks=(3,), head_sizes=(50,), dropout=1.0, feature_dropout=0.0), (4, 8, 1)),
        (
            CNN3D(1, 4, 2, blocks=(3,), head_sizes=(50,), dropout=1.0, feature_dropout=0.0),
            (4, 1, 4, 4, 4),
        ),
    ],
)
def test_features_can_be_left_whole_while_dense_layers_drop(build, x):
    seen = []
    build.dense[0].register_forward_pre_hook(lambda layer, given: seen.append(given[0]))
    build.train()
    scores = build(torch.randn(x))
    assert seen[0].any()
    assert torch.equal(scores, build.head.bias.expand(4, -1))  # all of the dense layer is dropped


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"head_sizes": (0,)}, "sizes are 1 or more"),
        ({"kernel_size": 0}, r"blocks\[0\]: .*kernel_size=0"),
        ({"pool_size": 0}, r"blocks\[0\]: .*pool_size=0"),
        ({"stride": 0}, r"blocks\[0\]: .*stride=0"),
        ({"blocks": (-4,)}, r"blocks\[0\]: channels=-4"),
    ],
)
def test_sizes_that_cannot_be_are_refused(options: dict, message: str):
    for build in (CNN, CNN3D):
        with pytest.raises(ValueError, match=message):
            build(1, 8, 2, **options)
    with pytest.raises(ValueError, match=message):
        CNN1D(1, 2, **{"pooling": "max", **options})
