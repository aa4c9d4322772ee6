"""Both frameworks see the same pictures, and they are what a plain loop over pixels makes."""

import ast
import inspect
import math

import numpy as np
import pytest
import torch

from bakeoff.keras_models import augment as right
from bakeoff.torch_models import augment as left
from bakeoff.train.augmentation import KNOWN, parse_augment

ALONE = {
    "flip": "flip=0.5",
    "vertical_flip": "vertical_flip=0.5",
    "rotation": "rotation=40:0.7",
    "perspective": "perspective=0.5",
    "translation": "translation=0.3",
    "crop": "crop=3",
    "color": "color=0.9",
    "autocontrast": "autocontrast=0.5",
    "cutout": "cutout=5:0.8",
}
TOGETHER = {
    "moves": "flip=0.5,vertical_flip=0.5,translation=0.2,crop=2",
    "all": ",".join(ALONE.values()),
}
CASES = {**ALONE, **TOGETHER}
NEAR = 0.255  # a thousandth of white


def made(count: int = 20, channels: int = 3) -> np.ndarray:
    x = np.random.default_rng(7).uniform(0, 255, (count, 9, 12, channels))
    x[0, ..., 0] = 40.0  # a channel that autocontrast must leave
    return x.astype(np.float32)


def oracle(x: np.ndarray, drawn: dict[str, np.ndarray], fill: np.ndarray) -> np.ndarray:
    """Augment picture by picture in float64, as slowly and plainly as possible."""
    done = []
    for i, picture in enumerate(x.astype(np.float64)):
        around = fill[i]
        if "matrix" in drawn:
            picture = moved(picture, drawn["matrix"][i].astype(np.float64), around)
        if "brightness" in drawn:
            names = ("brightness", "contrast", "saturation")
            picture = recolored(picture, *(float(drawn[name][i]) for name in names))
        if "autocontrast" in drawn and drawn["autocontrast"][i]:
            for c in range(picture.shape[-1]):
                low, high = picture[..., c].min(), picture[..., c].max()
                if high > low:
                    picture[..., c] = (picture[..., c] - low) / (high - low) * 255
        if "cutout" in drawn:
            top, start, bottom, end = drawn["cutout"][i]
            picture[top:bottom, start:end] = around
        done.append(picture)
    return np.stack(done)


def moved(picture: np.ndarray, matrix: np.ndarray, around: np.ndarray) -> np.ndarray:
    new = np.empty_like(picture)
    height, width = picture.shape[:2]

    def pixel(row: int, column: int) -> np.ndarray:
        inside = 0 <= row < height and 0 <= column < width
        return picture[row, column] if inside else around

    for row in range(height):
        for column in range(width):
            across, down, depth = matrix @ (column, row, 1)
            across, down = across / depth, down / depth
            first, top = math.floor(across), math.floor(down)
            a, b = across - first, down - top
            above = (1 - a) * pixel(top, first) + a * pixel(top, first + 1)
            below = (1 - a) * pixel(top + 1, first) + a * pixel(top + 1, first + 1)
            new[row, column] = (1 - b) * above + b * below
    return new


def recolored(picture: np.ndarray, brightness: float, contrast: float, saturation: float):
    def grey(picture: np.ndarray) -> np.ndarray:
        if picture.shape[-1] != 3:
            return picture.mean(-1, keepdims=True)
        return (picture * (0.299, 0.587, 0.114)).sum(-1, keepdims=True)

    picture = (picture * brightness).clip(0, 255)
    picture = (contrast * picture + (1 - contrast) * grey(picture).mean()).clip(0, 255)
    if picture.shape[-1] != 3:
        return picture
    return (saturation * picture + (1 - saturation) * grey(picture)).clip(0, 255)


@pytest.mark.parametrize("channels", [1, 3, 4])
@pytest.mark.parametrize("text", CASES.values(), ids=CASES)
def test_both_make_what_a_plain_loop_makes(text: str, channels: int):
    x = made(channels=channels)
    drawn = right.draw(parse_augment(text), np.random.default_rng(3), len(x), x.shape[1:3])
    fill = np.linspace(20, 200, channels)
    wanted = oracle(x, drawn, np.tile(fill, (len(x), 1)))
    numpy_made = right.alter(x, drawn, fill=fill)
    torch_made = left.alter(torch.from_numpy(x), drawn, fill=fill).numpy()
    assert np.abs(numpy_made - wanted).max() < NEAR
    assert np.abs(torch_made - wanted).max() < NEAR


@pytest.mark.parametrize("text", CASES.values(), ids=CASES)
def test_the_same_seed_gives_the_same_pictures_in_both(text: str):
    x, settings = made(), parse_augment(text)
    theirs = left.augment(torch.from_numpy(x), settings, np.random.default_rng(5)).numpy()
    ours = right.augment(x, settings, np.random.default_rng(5))
    assert ours.shape == theirs.shape == x.shape
    assert np.abs(ours - theirs).max() < NEAR
    assert np.abs(ours - x).max() > NEAR


@pytest.mark.parametrize("room", [left, right], ids=["torch", "keras"])
def test_around_a_picture_lies_the_mean_of_its_own_edge(room):
    x = np.zeros((2, 5, 6, 1), np.float32)
    x[0], x[1, 1:-1, 1:-1] = 90, 200  # all grey; and a bright middle on black
    drawn = {"matrix": np.tile(np.diag([5.0, 5.0, 1.0]), (2, 1, 1)).astype(np.float32)}
    batch = torch.from_numpy(x) if room is left else x
    far = np.asarray(room.alter(batch, drawn))[:, 2:, 2:]  # places far outside
    assert np.allclose(far[0], 90) and not far[1].any()


def test_the_drawing_is_the_same_code_in_both():
    functions = ("draw", "draw_matrices", "draw_steps", "draw_tilts", "draw_squares")
    for name in functions:
        forms = {
            ast.dump(ast.parse(inspect.getsource(getattr(room, name)))) for room in (left, right)
        }
        assert len(forms) == 1, f"{name} has drifted"


def test_both_know_every_word_in_the_order_of_the_table():
    assert left.NAMES == right.NAMES
    assert set(left.NAMES) == set(KNOWN) == set(ALONE)
