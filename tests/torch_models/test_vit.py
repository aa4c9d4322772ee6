"""What the ViT page promises beside the contract of every page."""

import pytest
import torch

from bakeoff.torch_models.vit import ViT


def test_an_image_that_patches_do_not_divide_is_filled_with_zeros():
    torch.manual_seed(0)
    model = ViT(1, (10, 13), 2, patch_size=4)  # 3 x 4 patches
    wide = ViT(1, (12, 16), 2, patch_size=4)
    wide.load_state_dict(model.state_dict())
    x = torch.randn(2, 1, 10, 13)
    filled = torch.zeros(2, 1, 12, 16)
    filled[..., :10, :13] = x
    torch.testing.assert_close(model(x), wide(filled))


def test_the_longer_side_is_cut_in_eight_by_default():
    weights = ViT(3, 32, 2, num_layers=2).attend(torch.randn(1, 3, 32, 32))
    assert [w.shape for w in weights] == [(1, 4, 65, 65)] * 2


def test_a_patch_larger_than_the_image_is_refused():
    with pytest.raises(ValueError, match="patch_size=9 does not fit an image of 8 x 20"):
        ViT(1, (8, 20), 2, patch_size=9)


def test_an_image_of_another_size_is_refused():
    with pytest.raises(ValueError, match=r"x is \(1, 3, 8, 8\), but must be \(B, 1, 8, 8\)"):
        ViT(1, 8, 2)(torch.zeros(1, 3, 8, 8))


@pytest.mark.parametrize("size", [-1, 9])
def test_a_patch_that_does_not_fit_is_refused(size: int):
    with pytest.raises(ValueError, match=f"patch_size={size} does not fit an image of 8 x 8"):
        ViT(1, 8, 2, patch_size=size)


def test_dense_layers_stand_between_the_class_token_and_the_head():
    model = ViT(1, 8, 0, head_sizes=(12, 5))
    assert [linear.out_features for linear in model.dense] == [12, 5]
    assert model.num_features == 5
    assert model(torch.randn(2, 1, 8, 8)).shape == (2, 5)


def test_patches_and_dense_layers_begin_as_initialization_says():
    torch.manual_seed(0)
    model = ViT(3, 32, 2, num_layers=1, head_sizes=(256,), initialization="kaiming_normal")
    assert model.patches.weight.std().item() == pytest.approx((1 / 48) ** 0.5, rel=0.05)
    assert model.dense[0].weight.std().item() == pytest.approx((2 / 64) ** 0.5, rel=0.05)
