"""What `--augment` asks for is read exactly, written back alike, and refused in one sentence."""

import pytest

from bakeoff import Recipe, RequestError
from bakeoff.train.augmentation import KNOWN, check_size, parse_augment, say_augment
from bakeoff.train.recipe import LATER, SETTINGS, settings_of

ALL = (
    "flip=0.5,vertical_flip=0.1,rotation=15,perspective=0.2:0.5,translation=0.1,crop=4,color=0.2,"
    "autocontrast=0.5,cutout=8"
)


def test_every_augmentation_can_be_asked_for():
    settings = parse_augment(ALL)
    assert list(settings) == list(KNOWN)
    assert settings["rotation"] == (15, 1)
    assert settings["perspective"] == (0.2, 0.5)
    assert settings["autocontrast"] == (1, 0.5)


@pytest.mark.parametrize("text", [ALL, "none", "rotation=0.1", "color=0.30000000000000004:1e-05"])
def test_settings_are_written_as_they_are_read(text):
    assert say_augment(parse_augment(text)) == text


def test_what_changes_nothing_is_left_out():
    assert parse_augment("vertical_flip=0,rotation=0,color=0.2:0,flip=1") == {"flip": (1, 1)}
    assert say_augment(parse_augment("crop=0")) == "none"


def test_the_order_of_the_words_does_not_matter():
    assert parse_augment(" crop=4 , flip = 0.5") == parse_augment("flip=0.5,crop=4")
    assert list(parse_augment("crop=4,flip=0.5")) == ["flip", "crop"]


@pytest.mark.parametrize(
    ("typed", "meant"),
    [("flp", "flip"), ("colour", "color"), ("rotate", "rotation"), ("vertical", "vertical_flip")],
)
def test_an_unknown_word_suggests_the_nearest(typed, meant):
    with pytest.raises(RequestError, match=f"'{typed}' \\(augment=\\)\\. Did you mean '{meant}'"):
        parse_augment(f"flip=0.5,{typed}=1")


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("flip=2", "gives flip '2'. It takes a number from 0 to 1: the probability"),
        ("rotation=-5", "from 0 to 180: degrees to either side"),
        ("rotation=nan", "gives rotation 'nan'"),
        ("rotation=inf", "gives rotation 'inf'"),
        ("crop=1.5", "It takes an integer from 0 to 1,000: pixels of padding"),
        ("perspective=0.7", "from 0 to 0.6"),
        ("color=0.2:3", "gives color the probability '3'"),
        ("color=0.2:", "gives color the probability ''"),
        ("color=0.2:0.5:1", "gives color the probability '0.5:1'"),
        ("flip=0.5:0.5", "gives flip two numbers, and it takes one"),
        ("flip=0.5,flip=0.1", "says flip twice"),
        (
            "flip",
            "says no number for flip, which is the probability of a mirror image. Say augment",
        ),
        ("auto,flip=1", "must say 'auto' alone"),
        ("flip=0.5,", "No augmentation called ''"),
        ("", "No augmentation called ''"),
    ],
)
def test_what_cannot_be_meant_is_refused_in_a_sentence(text, said):
    with pytest.raises(RequestError) as error:
        parse_augment(text)
    assert said in str(error.value)


@pytest.mark.parametrize("name", KNOWN)
def test_the_advice_of_a_message_can_be_followed(name):
    with pytest.raises(RequestError) as error:
        parse_augment(name)
    advised = str(error.value).rpartition("Say augment='")[2].removesuffix("'.")
    assert name in parse_augment(advised)


@pytest.mark.parametrize("text", ["crop=8", "cutout=9", "translation=0.05"])
def test_what_leaves_nothing_or_does_nothing_is_refused_for_a_size(text):
    with pytest.raises(RequestError, match="8 × 9"):
        check_size(parse_augment(text), (8, 9))


def test_the_least_translation_that_is_advised_is_accepted():
    with pytest.raises(RequestError) as error:
        check_size(parse_augment("translation=0.01"), (32, 28))
    advised = str(error.value).rpartition("Say augment='")[2].partition("'")[0]
    check_size(parse_augment(advised), (32, 28))


def test_a_recipe_takes_it_as_written_and_refuses_what_is_wrong():
    assert Recipe(augment="auto").augment == "auto"
    assert Recipe(augment="flip=0.5").augment == "flip=0.5"
    with pytest.raises(RequestError, match="Did you mean 'cutout'"):
        Recipe(augment="cut_out=8")


def test_a_job_carries_it_only_where_it_says_something():
    assert "augment" not in settings_of(Recipe(augment="none"))
    assert settings_of(Recipe(augment="flip=0.5"))["augment"] == "flip=0.5"
    own = {"augment": "flip=0.5", "class_weights": "balanced", "label_smoothing": 0.1}
    assert set(settings_of(Recipe(**own))) == set(SETTINGS) - set(LATER) | set(own)
