"""The stage: what is decided before training, and what of the data leaves for the workers."""

from pathlib import Path

import numpy as np
import pytest

from bakeoff import Experiment, Recipe, RequestError
from bakeoff.compare.stage import Stage, estimate, outline, read_data, rehearse, set_stage
from bakeoff.data.splits import make_split


def staged(people: Path, target: str = "answer", split: str = "", **settings) -> Stage:
    asked = Experiment(
        data=str(people),
        target=(target,),
        inputs=("age", "colour", "day"),
        split=split,
        **{"candidates": {"constant": {}, "mlp": {}}, "all_that_fit": False, **settings},
    )
    dataset = read_data(asked, {})
    return set_stage(asked, dataset, make_split(dataset, split or None, 0), ())


class NoWorkers:
    """Takes the material and makes nothing, or answers each job with one message."""

    def __init__(self, message: dict | None = None) -> None:
        self.message = message

    def show(self, folder: Path) -> None:
        self.folder = folder

    def work(self, do, jobs, folders):
        for number in range(len(jobs)):
            if self.message is not None:
                yield number, self.message


@pytest.mark.parametrize("target", ["answer", "kind", "price"])
def test_test_targets_do_not_leave_for_the_workers(target, people, tmp_path):
    stage, workers = staged(people, target), NoWorkers()
    rehearse(stage, workers, tmp_path)
    targets = np.load(workers.folder / "targets.npy")
    assert np.isnan(targets[stage.split.test]).all()
    assert np.isfinite(np.delete(targets, stage.split.test)).all()
    shape = (len(stage.dataset),)
    others = [np.load(path) for path in workers.folder.glob("*/*.npy")]
    assert all(array.shape != shape for array in others), "a target hides among the views"


@pytest.mark.parametrize(
    ("target", "task", "metric"),
    [("answer", "binary", "accuracy"), ("kind", "multiclass", None), ("price", "regression", "r2")],
)
def test_task_and_metric_follow_from_the_target(target, task, metric, people):
    stage = staged(people, target)
    assert stage.preparation.task == task
    assert metric in (None, stage.metric.name)
    assert {job.task for job in stage.jobs} == {task}


def test_what_was_left_open_is_written_out(people):
    asked = staged(people).experiment
    assert asked.split == "random:70/15/15"
    assert (asked.positive, asked.metric) == ("yes", "accuracy")
    assert asked.columns["age"] == "number"
    assert asked.candidates == {"constant": {"page": "constant"}, "mlp": {"page": "mlp"}}


def test_a_candidates_own_recipe_reaches_its_fits(people):
    named = {"mlp": {"lr": 0.5}, "wide": {"page": "mlp", "hidden_sizes": [9]}}
    jobs = staged(people, candidates=named, recipe=Recipe(lr=0.1, epochs=3), seeds=1).jobs
    assert {job.candidate: job.recipe["lr"] for job in jobs} == {"mlp": 0.5, "wide": 0.1}
    assert {job.recipe["epochs"] for job in jobs} == {3}
    assert [job.arguments for job in jobs] == [{}, {"hidden_sizes": [9]}]


@pytest.mark.parametrize(
    ("settings", "words"),
    [
        ({"metric": "r2"}, "The metric 'r2' does not fit a binary target"),
        ({"recipe": Recipe(loss="mse")}, "loss='mse' does not go with a binary target"),
        ({"candidates": {"lstm": {}}}, "lstm reads sequence data"),
    ],
)
def test_what_does_not_go_with_the_data_is_refused(settings, words, people):
    with pytest.raises(RequestError, match=words):
        staged(people, **settings)


def test_several_targets_are_refused():
    with pytest.raises(RequestError, match="target=a,b names several columns"):
        read_data(Experiment(data="x.csv", target=("a", "b")), {})


def test_a_candidate_that_cannot_be_built_is_a_wrong_request(people, tmp_path):
    refusal = NoWorkers({"failed": "num_heads=3 does not divide 64", "mistake": True})
    with pytest.raises(RequestError, match="constant: num_heads=3 does not divide 64"):
        rehearse(staged(people), refusal, tmp_path)


def test_a_rehearsal_that_breaks_leaves_the_word_to_the_fits(people, tmp_path):
    broken = NoWorkers({"failed": "the process ended", "mistake": False})
    assert set(rehearse(staged(people), broken, tmp_path)[1]) == {"constant/sklearn", "mlp/torch"}


def test_more_workers_take_less_time(people):
    stage = staged(people, seeds=4)
    probed = {job.label: {"parameters": 1, "step_seconds": 0.01} for job in stage.jobs}
    assert estimate(stage, probed, 2) == estimate(stage, probed, 1) / 2


def test_the_outline_of_a_plan_says_what_is_to_be_trained(people):
    stage = staged(people, seeds=2)
    probed = {job.label: {"parameters": 77, "step_seconds": 0.01} for job in stage.jobs}
    plan = outline(stage, probed, 1)
    assert plan["fits"] == 3
    assert plan["split"]["test"]["rows"] == len(stage.split.test)
    assert [(one["candidate"], one["parameters"]) for one in plan["candidates"]] == [
        ("constant", None),
        ("mlp", 77),
    ]
