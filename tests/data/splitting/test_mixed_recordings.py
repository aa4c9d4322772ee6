"""Promises of recordings in several parts: frames that are nearly equal, or names that say so."""

import numpy as np
import pytest
from PIL import Image

from bakeoff.data.read import read
from bakeoff.data.splitting.leaks import find_leaks
from bakeoff.data.splitting.split import make_split

from ...pictures import archive, packed

RANDOM = np.random.default_rng(0)


def noisy(scene: np.ndarray, strength: float) -> bytes:
    pixels = scene + strength * RANDOM.normal(size=scene.shape)
    return packed(Image.fromarray(np.clip(pixels, 0, 255).astype(np.uint8)))


def scenes(number: int) -> np.ndarray:
    return np.kron(RANDOM.integers(60, 200, (number, 4, 4, 3)), np.ones((1, 4, 4, 1)))


def films(name: str, strength: float, count: int = 20, part: str = "") -> dict[str, bytes]:
    """Return 6 recordings, 3 of each class; frames differ from their scene by some noise."""
    return {
        f"{part}{'ab'[v % 2]}/{name.format('ABCDEF'[v])}_{i:04d}.png": noisy(scene, strength)
        for v, scene in enumerate(scenes(6))
        for i in range(count)
    }


def mixed(path, how=None):
    dataset = read(path)
    return [f for f in find_leaks(dataset, make_split(dataset, how)) if f.kind == "mixed_groups"]


def test_frames_that_are_nearly_equal_are_told_with_the_group_to_split_by(tmp_path):
    """A 15."""
    [finding] = mixed(archive(tmp_path / "set.zip", films("vid{}", 12)))
    assert "neighbouring pictures of one recording (the name before the number, such as vid" in (
        finding.message
    )
    assert "of 18 test pictures have one in training" in finding.message
    assert finding.message.endswith("keep each in one part with --split group:recording")
    assert finding.count >= 15
    assert finding.column == "recording"


def test_a_split_by_recordings_says_nothing(tmp_path):
    path = archive(tmp_path / "set.zip", films("vid{}", 12))
    assert mixed(path, "group:recording:50/25/25") == []


def test_pictures_that_only_share_a_name_say_nothing(tmp_path):
    assert mixed(archive(tmp_path / "set.zip", films("camera{}", 300))) == []


def test_names_of_patients_are_told_whatever_the_pictures_show(tmp_path):
    [finding] = mixed(archive(tmp_path / "set.zip", films("patient{}", 300)))
    assert "the names of the pictures say whose they are (such as patient" in finding.message
    assert "18 of 18 test pictures share that with training pictures" in finding.message


@pytest.mark.parametrize("shared", [True, False])
def test_recordings_in_two_folders_are_told_where_they_are_the_same(shared, tmp_path):
    train = films("vid{}", 12, part="train/")
    others = films("vid{}" if shared else "film{}", 12, part="test/")
    test = {name: raw for name, raw in others.items() if name.endswith(("3.png", "9.png"))}
    found = mixed(archive(tmp_path / "set.zip", train | test))
    assert bool(found) is shared
    assert not found or found[0].message.endswith("with other folders")
