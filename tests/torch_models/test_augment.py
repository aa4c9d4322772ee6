"""What happens to a training picture in PyTorch."""

import numpy as np
import pytest
import torch

from bakeoff.torch_models.augment import alter, augment, draw, draw_tilts

EVERYTHING = {
    "flip": (1, 0.5),
    "rotation": (30, 1),
    "perspective": (0.5, 0.5),
    "translation": (0.2, 1),
    "color": (0.5, 1),
    "autocontrast": (1, 0.5),
    "cutout": (3, 1),
}


def rng(seed: int = 0) -> np.random.Generator:
    return np.random.default_rng(seed)


def batch(count: int = 40, size: tuple[int, int] = (8, 10)) -> torch.Tensor:
    return 255 * torch.rand((count, *size, 3), generator=torch.Generator().manual_seed(0))


def test_the_same_seed_gives_the_same_pictures_and_another_seed_others():
    x = batch()
    first, again, other = (augment(x, EVERYTHING, rng(seed)) for seed in (1, 1, 2))
    assert torch.equal(first, again)
    assert not torch.equal(first, other)


def test_one_generator_draws_anew_for_every_batch():
    x, drawing = batch(), rng()
    assert not torch.equal(augment(x, EVERYTHING, drawing), augment(x, EVERYTHING, drawing))


def test_the_batch_given_stays_as_it_is():
    x = batch()
    before = x.clone()
    for name, setting in EVERYTHING.items():
        augment(x, {name: setting}, rng())
    assert torch.equal(x, before)


def test_nothing_asked_for_changes_nothing():
    x = batch()
    assert torch.equal(augment(x, {}, rng()), x)


@pytest.mark.parametrize(("name", "axis"), [("flip", 2), ("vertical_flip", 1)])
def test_a_flip_mirrors(name: str, axis: int):
    x = batch()
    torch.testing.assert_close(augment(x, {name: (1, 1)}, rng()), x.flip(axis), atol=1e-3, rtol=0)


def test_a_flip_comes_as_often_as_asked_for():
    matrices = draw({"flip": (1, 0.3)}, rng(), 4000, (8, 8))["matrix"]
    assert (matrices[:, 0, 0] == -1).mean() == pytest.approx(0.3, abs=0.03)


def test_a_rotation_turns_and_never_shears():
    matrices = draw({"rotation": (15, 1)}, rng(), 500, (8, 20))["matrix"][:, :2, :2]
    assert np.allclose(matrices @ matrices.transpose(0, 2, 1), np.eye(2), atol=1e-6)
    angles = np.degrees(np.arctan2(matrices[:, 1, 0], matrices[:, 0, 0]))
    assert -15 <= angles.min() < -14 and 14 < angles.max() <= 15


def test_a_rotation_leaves_the_middle_where_it_is():
    matrices = draw({"rotation": (180, 1)}, rng(), 50, (9, 21))["matrix"]
    assert np.allclose(matrices @ (10, 4, 1), (10, 4, 1), atol=1e-4)


def test_a_quarter_turn_is_one():
    x = batch(1, (9, 9))
    turn = np.array([[[0, -1, 8], [1, 0, 0], [0, 0, 1]]], np.float32)  # from (8 - y, x) to (x, y)
    wanted = x.flip(2).transpose(1, 2)
    torch.testing.assert_close(alter(x, {"matrix": turn}), wanted, atol=1e-3, rtol=0)


@pytest.mark.parametrize(("name", "strength", "most"), [("translation", 0.25, 2), ("crop", 2, 2)])
def test_a_move_is_of_whole_pixels_and_each_is_as_likely(name: str, strength: float, most: int):
    matrices = draw({name: (strength, 1)}, rng(), 5000, (8, 8))["matrix"]
    steps, counts = np.unique(matrices[:, :2, 2], return_counts=True)
    assert steps.tolist() == list(range(-most, most + 1))
    assert np.allclose(counts / counts.sum(), 1 / len(steps), atol=0.02)


def test_a_translation_is_a_share_of_its_own_side():
    matrices = draw({"translation": (0.5, 1)}, rng(), 2000, (4, 40))["matrix"]
    assert np.abs(matrices[:, :2, 2]).max(0).tolist() == [20, 2]


def test_tilted_corners_move_inwards_and_never_cross():
    tilts = draw_tilts(np.full(3000, 0.6), rng())
    corners = np.array([[0, 0, 1], [1, 0, 1], [1, 1, 1], [0, 1, 1]]).T
    places = (tilts @ corners).transpose(0, 2, 1)
    places = places[..., :2] / places[..., 2:]
    inwards = np.abs(places - corners.T[:, :2])
    assert inwards.min() >= 0 and 0.29 < inwards.max() <= 0.3 + 1e-9
    sides = np.roll(places, -1, 1) - places
    following = np.roll(sides, -1, 1)
    turns = sides[..., 0] * following[..., 1] - sides[..., 1] * following[..., 0]
    assert (turns > 0).all()  # the four corners stay convex


def test_a_tilted_picture_holds_only_its_own_values_and_the_fill():
    x = batch(200) + 50
    made = augment(x, {"perspective": (0.6, 1)}, rng(), white=305.0, fill=0.0)
    assert made.isfinite().all() and made.min() >= 0 and made.max() <= 305.001


def test_colours_stay_between_black_and_white_in_either_unit():
    x = batch()
    bytes_made = augment(x, {"color": (1, 1)}, rng())
    unit_made = augment(x / 255, {"color": (1, 1)}, rng(), white=1.0)
    assert bytes_made.min() >= 0 and bytes_made.max() <= 255
    torch.testing.assert_close(bytes_made, unit_made * 255, atol=1e-3, rtol=0)


def test_pictures_that_are_not_chosen_stay_as_they_are():
    x = batch(400)
    made = augment(x, {"color": (0.5, 0.25), "cutout": (3, 0.25)}, rng())
    same = (made - x).abs().amax((1, 2, 3)) < 1e-3
    assert same.float().mean().item() == pytest.approx(0.75**2, abs=0.08)


def test_a_grey_picture_stays_grey():
    x = batch()[..., :1].repeat(1, 1, 1, 3)
    made = augment(x, {"color": (0.9, 1), "rotation": (20, 1)}, rng())
    assert (made - made[..., :1]).abs().max() < 1e-3


def test_autocontrast_reaches_from_black_to_white():
    made = augment(50 + batch() / 4, {"autocontrast": (1, 1)}, rng())
    assert torch.allclose(made.amin((1, 2)), torch.tensor(0.0), atol=1e-3)
    assert torch.allclose(made.amax((1, 2)), torch.tensor(255.0), atol=1e-3)


def test_a_hidden_square_has_its_side_and_is_cut_at_the_edge():
    squares = draw({"cutout": (3, 1)}, rng(), 2000, (8, 10))["cutout"]
    sides = squares[:, 2:] - squares[:, :2]
    assert sides.max() == 3 and sides.min() == 2
    assert squares.min() == 0 and squares[:, 2].max() == 8 and squares[:, 3].max() == 10


def test_an_unknown_word_is_refused():
    with pytest.raises(ValueError, match="No augmentation called 'blur'"):
        augment(batch(2), {"blur": (1, 1)}, rng())
