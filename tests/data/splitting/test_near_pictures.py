"""Promises of near copies: found however they were saved, and nothing else is taken for one."""

import io

import numpy as np
import pytest
from PIL import Image

from bakeoff.data.read import read
from bakeoff.data.splitting.leaks import find_leaks, sentence
from bakeoff.data.splitting.near_pictures import frequencies, near_pictures
from bakeoff.data.splitting.split import make_split

from ...pictures import archive, packed

RANDOM = np.random.default_rng(0)


def scenes(number: int, side: int = 64) -> np.ndarray:
    """Return smooth coloured pictures, each of its own, as photographs are."""
    coarse = RANDOM.integers(0, 256, (number, 7, 7, 3)).astype(np.uint8)
    how = Image.Resampling.BICUBIC
    return np.stack([np.asarray(Image.fromarray(c).resize((side, side), how)) for c in coarse])


SCENES = scenes(40)


def saved(pixels: np.ndarray, kind: str = "PNG", size: int = 0, **how) -> np.ndarray:
    """Save a picture in another way, and read it again."""
    image = Image.fromarray(pixels)
    image = image.resize((size, size)) if size else image
    again = Image.open(io.BytesIO(packed(image, kind, **how))).convert("RGB")
    return np.asarray(again.resize(Image.fromarray(pixels).size))


def near(x: np.ndarray) -> list[int]:
    """Return which of the first 40 the last one is near."""
    return near_pictures(x, frequencies(x), np.array([40]), np.arange(40)).tolist()


@pytest.mark.parametrize(
    "how",
    [
        {"kind": "PNG"},
        {"kind": "JPEG", "quality": 60},
        {"kind": "WEBP", "quality": 60},
        {"size": 32},
        {"size": 100},
        {"kind": "JPEG", "quality": 85, "size": 48},
    ],
)
def test_a_copy_is_found_however_it_was_saved(how):
    assert near(np.concatenate([SCENES, saved(SCENES[7], **how)[None]])) == [7]


def test_pictures_in_numbers_from_0_to_1_are_compared_alike():
    copy = saved(SCENES[7], "JPEG", quality=75)
    assert near(np.concatenate([SCENES, copy[None]]).astype(np.float32) / 255) == [7]


@pytest.mark.parametrize(
    "other",
    [
        scenes(1)[0],
        SCENES[7][::-1],
        SCENES[7][..., ::-1],
        np.roll(SCENES[7], 6, axis=1),
        255 - SCENES[7],
        np.full((64, 64, 3), 120, np.uint8),
    ],
    ids=["another", "upside down", "other colours", "moved", "negative", "one colour"],
)
def test_what_is_no_copy_is_none(other):
    assert near(np.concatenate([SCENES, other[None]])) == [-1]


def test_pictures_of_one_colour_or_of_few_pixels_are_no_copies():
    plain = np.tile(RANDOM.integers(0, 256, (41, 1, 1, 3)), (1, 20, 20, 1)).astype(np.uint8)
    assert near(plain) == [-1]
    assert near(np.repeat(SCENES[:1, :4, :4], 41, axis=0)) == [-1]


def test_pictures_that_are_not_square_are_compared():
    wide = SCENES[:, :24]
    assert near(np.concatenate([wide, wide[3:4] // 4 * 4])) == [3]


def test_near_copies_across_parts_are_counted_and_a_pair_is_named(tmp_path):
    files = {
        f"{part}/{'ab'[i % 2]}/{i}.png": packed(Image.fromarray(SCENES[i]))
        for part, rows in (("train", range(24)), ("test", range(24, 40)))
        for i in rows
    }
    files["test/a/copy.jpg"] = packed(Image.fromarray(SCENES[4]), "JPEG", quality=80)
    files["test/a/same.png"] = packed(Image.fromarray(SCENES[6]))
    dataset = read(archive(tmp_path / "set.zip", files))
    split = make_split(dataset)
    found = find_leaks(dataset, split)
    assert [(f.kind, f.part, f.count) for f in found if f.part == "test"] == [
        ("duplicates", "test", 1),
        ("near_copies", "test", 1),
    ]
    assert "1 of 18 test pictures is nearly a" in sentence(found)
    assert "(such as test/a/copy.jpg and train/a/4.png)" in sentence(found)
