"""Recording: what went wrong with one fit is told with the fit, and the others stay."""

from dataclasses import replace
from types import SimpleNamespace

import numpy as np
import pytest

from bakeoff import RunError
from bakeoff.data.blocks import Sequences
from bakeoff.judge.record import judged, scores_left
from tests.train.test_worker import JOB


@pytest.fixture
def plan():
    """Three rows of two classes, all of them test rows."""
    schema = SimpleNamespace(positive={"y": "b"}, labels="string", targets=("y",))
    arrays = {"y": np.array(["a", "b", "a"], dtype=object)}
    dataset = SimpleNamespace(
        target="y",
        rows=np.arange(1, 4),
        arrays=arrays,
        schema=schema,
        origin=SimpleNamespace(ids=None, id_column=""),
    )
    dataset.only = lambda target: dataset
    preparation = SimpleNamespace(task="binary", classes=("a", "b"))
    preparation.only = lambda target: preparation
    split = SimpleNamespace(test=np.arange(3), method="random", by=())
    return SimpleNamespace(dataset=dataset, preparation=preparation, split=split)


@pytest.mark.parametrize(
    ("lr", "advice"),
    [(1e6, "Try lr=1e-05."), (1e-3, "Try lr=1e-05."), (1e-5, "Try lr=1e-06.")],
)
def test_scores_that_are_no_numbers_come_with_a_rate_that_is_lower(lr, advice, plan):
    job = replace(JOB, recipe={**JOB.recipe, "lr": lr})
    with pytest.raises(RunError, match=r"2 of 3 rows are not finite.*diverged\. ") as caught:
        judged(plan, job, np.array([[0.5, 0.5], [np.nan, 1], [1, np.nan]]), "test")
    assert str(caught.value).endswith(advice)


def test_a_baseline_has_no_rate_to_try(plan):
    with pytest.raises(RunError, match=r"The training diverged\.$"):
        judged(plan, replace(JOB, recipe={}), np.full((3, 2), np.nan), "test")


@pytest.mark.parametrize("gone", ["validation.npy", "test.npy", "weights.safetensors"])
def test_what_a_worker_left_and_somebody_removed_is_named(gone, tmp_path):
    for name in ("validation.npy", "test.npy"):
        np.save(tmp_path / name, np.zeros(3))
    (tmp_path / "weights.safetensors").write_bytes(b"")
    (tmp_path / gone).unlink()
    with pytest.raises(RunError, match=rf"{gone}, which the worker wrote, was removed before"):
        scores_left(tmp_path)


def test_rows_that_were_dealt_out_in_groups_keep_them(plan):
    plan.dataset.arrays["who"] = np.array(["eve", "bob", "eve"], dtype=object)
    scores = np.full((3, 2), 0.5)
    assert judged(plan, JOB, scores, "test")[0].groups is None
    plan.split.method, plan.split.by = "group", ("who",)
    (predictions,) = judged(plan, JOB, scores, "test")
    assert (predictions.groups.tolist(), predictions.group_column) == ([1, 0, 1], "who")


def test_whole_series_are_groups_where_labels_of_windows_are_judged(plan):
    windows = Sequences(
        np.zeros((6, 1)),
        np.array([0, 2, 3]),
        np.full(3, 2),
        np.array([0, 0, 0, 1, 1, 1]),
        ("a", "b"),
    )
    plan.dataset.arrays["window"] = windows
    plan.dataset.schema.inputs = ("window",)
    plan.dataset.schema.series = SimpleNamespace(series="who")
    plan.split.method = "group"
    (predictions,) = judged(plan, JOB, np.full((3, 2), 0.5), "test")
    assert (predictions.groups.tolist(), predictions.group_column) == ([0, 0, 1], "who")
