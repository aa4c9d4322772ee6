"""By itself, augmentation never makes a picture of another class."""

import numpy as np
import pytest

from bakeoff import RequestError
from bakeoff.train.augmentation import parse_augment
from bakeoff.train.auto_augment import augment_doubts, auto_augment, color_tells, settled_augment

ANIMALS = ("cat", "dog", "frog")


def pictures(*, size: int = 16, channels: int = 3, tint: float = 0.0, light: float = 0.0):
    """Make 120 noisy pictures of three classes, told by a tint or by brightness where asked for."""
    rng = np.random.default_rng(0)
    labels = np.repeat(np.arange(3), 40)
    x = rng.uniform(80, 160, (120, size, size, channels)) + light * labels[:, None, None, None]
    if tint:
        x[..., 0] += tint * (labels - 1)[:, None, None]
        x[..., 2] -= tint * (labels - 1)[:, None, None]
    return x.astype(np.uint8), labels


def test_photographs_are_flipped_moved_and_recoloured_a_little():
    settings, note = auto_augment(ANIMALS, *pictures())
    assert settings == {"flip": (1, 0.5), "translation": (0.1, 1), "color": (0.1, 1)}
    assert note == "Training pictures are changed by flip=0.5,translation=0.1,color=0.1."


@pytest.mark.parametrize(
    "classes", [("0", "1", "2"), ("A", "b", "ß"), ("one", "two", "three"), ("10", "2.0", "other")]
)
def test_letters_and_digits_are_never_flipped(classes):
    settings, note = auto_augment(classes, *pictures())
    assert "flip" not in settings and settings["rotation"] == (10, 1)
    assert "no flip, since classes may be letters or digits" in note


@pytest.mark.parametrize("classes", [("turn_left", "turn right", "stop"), ("Up", "Down", "none")])
def test_directions_are_neither_flipped_nor_turned(classes):
    settings, note = auto_augment(classes, *pictures())
    assert not {"flip", "rotation"} & set(settings)
    assert "classes are told by direction" in note


@pytest.mark.parametrize(
    ("made", "said"),
    [
        ({"tint": 20}, "the mean colour of a picture alone tells the class of 100 in 100"),
        ({"light": 20}, "the mean brightness of a picture alone tells the class of 100 in 100"),
        ({"channels": 1}, "pictures are grey"),
    ],
)
def test_colour_stays_where_it_tells_the_class_or_is_none(made, said):
    settings, note = auto_augment(ANIMALS, *pictures(**made))
    assert "color" not in settings and said in note


def test_classes_that_name_colours_keep_them():
    settings, note = auto_augment(("red", "dark-green", "frog"), *pictures())
    assert "color" not in settings and "classes name colours (red and dark-green)" in note


def test_grey_pictures_of_three_equal_channels_keep_their_colour():
    x, labels = pictures(channels=1)
    assert "color" not in auto_augment(ANIMALS, x.repeat(3, -1), labels)[0]


def test_colour_that_only_a_few_pictures_share_with_their_class_does_not_tell():
    x, labels = pictures(tint=20)
    shuffled = np.random.default_rng(1).permutation(labels)
    assert color_tells(x, labels) and not color_tells(x, shuffled)


def test_pictures_of_unknown_class_say_nothing():
    x, labels = pictures(tint=20)
    assert auto_augment(ANIMALS, x, np.full_like(labels, -1))[0].get("color") is None


def test_small_pictures_are_left_alone():
    settings, note = auto_augment(ANIMALS, *pictures(size=15))
    assert settings == {} and "pictures of 15 × 15" in note


def test_a_target_that_is_a_number_changes_nothing_by_itself():
    x, labels = pictures()
    assert auto_augment((), x, labels / 2)[0] == {}


def test_what_was_asked_for_is_done_and_doubted():
    settings, notes = settled_augment("flip=0.5,color=0.3", ("6", "9", "8"), *pictures(tint=20))
    assert settings == parse_augment("flip=0.5,color=0.3")
    assert [note.partition(" ")[0] for note in notes] == ["flip", "color"]
    assert all("could change the class of a picture" in note for note in notes)


def test_what_is_safe_is_not_doubted():
    settings = parse_augment("flip=0.5,rotation=30,color=0.3,cutout=8,crop=2,perspective=0.2")
    assert not list(augment_doubts(settings, ANIMALS, *pictures()))


def test_a_number_as_target_is_no_class_that_colour_could_tell():
    x, labels = pictures(tint=20)
    assert settled_augment("color=0.2", (), x, labels / 2)[1] == ()


def test_without_pictures_there_is_nothing_to_change():
    labels = np.arange(3)
    assert settled_augment("auto", ANIMALS, None, labels) == ({}, ())
    assert settled_augment("none", ANIMALS, None, labels) == ({}, ())
    with pytest.raises(RequestError, match="changes pictures, and the data have none"):
        settled_augment("flip=0.5", ANIMALS, None, labels)


def test_the_size_of_the_pictures_is_checked():
    with pytest.raises(RequestError, match="as large as a picture"):
        settled_augment("cutout=16", ANIMALS, *pictures())
