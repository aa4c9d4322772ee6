"""Weights of classes: read, settled, and used in the loss as they were asked for."""

import numpy as np
import pytest

import bakeoff
from bakeoff.errors import RequestError
from bakeoff.train.recipe import Recipe, resolve
from bakeoff.train.settled_weights import settled_weights, weights_of

CLASSES = ("negative", "neutral", "positive")


def test_a_name_that_is_no_class_is_answered_with_the_nearest():
    """E 69."""
    with pytest.raises(RequestError, match=r"No class of 'mood' called 'posit'.*positive"):
        settled_weights("posit=3", CLASSES, {}, "mood")


def test_a_class_is_named_as_the_user_writes_it():
    """E 69: "1" for a class 1.0."""
    assert settled_weights("1=3", ("0.0", "1.0"), {}, "y") == "0.0=1,1.0=3"


@pytest.mark.parametrize("text", ["balance", "positive", "positive=", "positive=-1", "=2", "a=nan"])
def test_what_gives_no_weight_is_refused(text):
    with pytest.raises(RequestError, match="class_weights"):
        Recipe(class_weights=text)


def test_a_list_is_refused(tmp_path):
    """E 69: a list has no names, and is never left aside."""
    with pytest.raises(RequestError, match="class_weights"):
        bakeoff.run("iris", class_weights=[1, 2, 3], out=tmp_path, show="none")


def test_balanced_weights_make_all_classes_count_alike():
    text = settled_weights("balanced", CLASSES, dict(zip(CLASSES, (80, 15, 5), strict=True)), "y")
    weights = np.array(weights_of(text, 3))
    assert weights * [80, 15, 5] == pytest.approx([100 / 3] * 3, rel=1e-5)


def test_weights_of_another_number_of_classes_are_refused():
    with pytest.raises(ValueError, match="not one for each of 3"):
        weights_of("a=1,b=2", 3)


@pytest.mark.parametrize("task", ["regression", "multilabel"])
@pytest.mark.parametrize("setting", [{"class_weights": "balanced"}, {"label_smoothing": 0.1}])
def test_a_row_without_one_class_has_no_weights(task, setting):
    with pytest.raises(RequestError, match="goes with one class for each row"):
        resolve(Recipe(**setting), rows=100, task=task)


def test_a_rare_class_that_weighs_more_is_found_more_often(tmp_path):
    random = np.random.default_rng(0)
    x = random.normal(size=(600, 2))
    rare = x[:, 0] + random.normal(size=600) > 2.2
    data = {"a": x[:, 0], "b": x[:, 1], "y": np.where(rare, "rare", "usual")}
    said = {}
    for text in ("", "rare=20"):
        run = bakeoff.run(
            data, "y", models=["mlp"], class_weights=text, epochs=20, seeds=1, jobs=1,
            out=tmp_path / (text or "alike"), show="none",
        )  # fmt: skip
        said[text] = (run.predictions["prediction"] == "rare").sum()
    assert said["rare=20"] > 2 * said[""]
    assert 'class_weights = "rare=20"' in (tmp_path / "rare=20" / "bakeoff.toml").read_text("utf-8")
