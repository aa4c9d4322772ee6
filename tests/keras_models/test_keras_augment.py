"""What happens to a training picture in Keras; what it has in common with PyTorch: tests/facing."""

import numpy as np
import pytest

from bakeoff.keras_models.augment import augment, draw, is_whole, warp

MOVES = {"flip": (1, 0.5), "vertical_flip": (1, 0.5), "translation": (0.3, 1), "crop": (2, 1)}
EVERYTHING = {**MOVES, "rotation": (30, 1), "color": (0.5, 1), "cutout": (3, 1)}


def batch(count: int = 40, size: tuple[int, int] = (8, 10)) -> np.ndarray:
    return np.random.default_rng(0).uniform(0, 255, (count, *size, 3)).astype(np.float32)


def rng(seed: int = 0) -> np.random.Generator:
    return np.random.default_rng(seed)


def test_the_same_seed_gives_the_same_pictures_and_another_seed_others():
    x = batch()
    first, again, other = (augment(x, EVERYTHING, rng(seed)) for seed in (1, 1, 2))
    assert np.array_equal(first, again)
    assert not np.array_equal(first, other)


def test_the_batch_given_stays_as_it_is_even_where_it_cannot_be_written():
    x = batch()
    before = x.copy()
    x.setflags(write=False)
    for name, setting in EVERYTHING.items():
        augment(x, {name: setting}, rng())
    assert np.array_equal(x, before)


def test_flips_and_whole_moves_keep_every_value_exactly():
    x = batch()
    made = augment(x, MOVES, rng(), fill=-1.0)
    assert set(made.ravel()) <= {*x.ravel(), -1}


def test_the_short_way_makes_what_the_long_way_makes():
    x = batch(1)
    matrix = draw({**MOVES, "flip": (1, 1)}, rng(3), 1, (8, 10))["matrix"]
    nearly = matrix.copy()
    nearly[:, 0, 1] = 1e-6
    fill = np.full((1, 3), 7.0, np.float32)
    assert is_whole(matrix) and not is_whole(nearly)
    assert np.allclose(warp(x, matrix, fill), warp(x, nearly, fill), atol=0.01)


def test_a_batch_is_augmented_as_its_parts_are():
    x = batch(40, (40, 50))  # more pixels than are moved at once
    matrix = draw({"rotation": (30, 1)}, rng(), 40, (40, 50))["matrix"]
    fill = np.zeros((40, 3), np.float32)
    parts = [warp(x[i : i + 1], matrix[i : i + 1], fill[i : i + 1]) for i in range(40)]
    assert np.array_equal(warp(x, matrix, fill), np.concatenate(parts))


def test_an_unknown_word_is_refused():
    with pytest.raises(ValueError, match="No augmentation called 'blur'"):
        augment(batch(2), {"blur": (1, 1)}, rng())
