"""The plan: what is decided before training, and what of the data leaves for the workers."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from bakeoff import Experiment, Recipe, RequestError
from bakeoff.data.splitting.split import make_split
from bakeoff.data.taking.targets import make_targets
from bakeoff.plan.outline import outline
from bakeoff.plan.plan import Plan, make_plan, read_data
from bakeoff.plan.probe import longest_first, probe, run_seconds
from bakeoff.plan.stacks import key_of
from bakeoff.train.events import Event, Failed, Probed
from bakeoff.train.shared_data import SharedData


def planned(people: Path, target: str = "answer", split: str = "", **settings) -> Plan:
    asked = Experiment(
        data=str(people),
        target=(target,),
        inputs=("age", "colour", "day"),
        split=split,
        **{"models": {"constant": {}, "mlp": {}}, "all_that_fit": False, **settings},
    )
    dataset = read_data(asked, {})
    return make_plan(asked, dataset, make_split(dataset, split or None, 0), ())


class NoWorkers:
    """Take the shared data and make nothing, or end each job with one event."""

    def __init__(self, event: Event | None = None) -> None:
        self.event = event

    def place(self) -> dict:
        return {"device": "cpu"}

    def grow(self, count: int) -> None:
        self.count = count

    def share(self, folder: Path) -> None:
        self.folder = folder

    def work(self, do, jobs, folders):
        for number in range(len(jobs)):
            if self.event is not None:
                yield number, self.event


@pytest.mark.parametrize("target", ["answer", "kind", "price"])
def test_test_targets_do_not_leave_for_the_workers(target, people, tmp_path):
    plan, workers = planned(people, target), NoWorkers()
    probe(plan, workers, tmp_path)
    shared = SharedData(workers.folder)
    known = make_targets(plan.preparation, plan.dataset).take()
    for part in ("train", "validation"):
        assert np.array_equal(shared.targets(part).take(), known[getattr(plan.split, part)])
    sizes = {len(plan.dataset), *map(len, plan.split.parts)}
    taught = [shared.targets(part).base for part in ("train", "validation")]
    for array in (np.load(path) for path in workers.folder.glob("arrays/*.npy")):
        assert len(array) in sizes
        if array.ndim == 1 and not any(np.array_equal(array, own) for own in taught):
            # all that a source needs of a row is its position
            assert array.tolist() == list(range(len(array))), "a target hides among the views"


@pytest.mark.parametrize(
    ("target", "task", "metric"),
    [("answer", "binary", "accuracy"), ("kind", "multiclass", None), ("price", "regression", "r2")],
)
def test_task_and_metric_follow_from_the_target(target, task, metric, people):
    plan = planned(people, target)
    assert plan.preparation.task == task
    assert metric in (None, plan.metric.name)
    assert {job.task for job in plan.jobs} == {task}


def test_what_was_left_open_is_written_out(people):
    asked = planned(people).experiment
    assert asked.split == "random:70/15/15"
    assert (asked.positive, asked.metric) == ("yes", "accuracy")
    assert asked.kinds["age"] == "number"
    assert asked.models == {
        "constant": {"architecture": "constant"},
        "mlp": {"architecture": "mlp"},
    }


def test_a_models_own_recipe_reaches_its_fits(people):
    named = {"mlp": {"lr": 0.5}, "wide": {"architecture": "mlp", "hidden_sizes": [9]}}
    jobs = planned(people, models=named, recipe=Recipe(lr=0.1, epochs=3), seeds=1).jobs
    assert {job.model: job.recipe["lr"] for job in jobs} == {"mlp": 0.5, "wide": 0.1}
    assert {job.recipe["epochs"] for job in jobs} == {3}
    assert [job.arguments for job in jobs] == [{}, {"hidden_sizes": [9]}]


@pytest.mark.parametrize(
    ("settings", "words"),
    [
        ({"metric": "r2"}, "The metric 'r2' does not fit a binary target"),
        ({"recipe": Recipe(loss="mse")}, "loss='mse' does not go with a binary target"),
        ({"models": {"lstm": {}}}, "lstm reads sequence or text data"),
    ],
)
def test_what_does_not_go_with_the_data_is_refused(settings, words, people):
    with pytest.raises(RequestError, match=words):
        planned(people, **settings)


def test_the_target_that_a_metric_is_asked_for_leads():
    table = {"x": np.arange(60) / 7, "a": ["u", "v"] * 30, "b": np.arange(60.0) ** 0.5}
    experiment = Experiment(data="x.csv", target=("a", "b"), metric="b:r2")
    assert read_data(experiment, {"data": table}).schema.targets == ("b", "a")
    with pytest.raises(RequestError, match="No target called 'c'"):
        read_data(replace(experiment, metric="c:r2"), {"data": table})


def test_a_model_that_cannot_be_built_is_a_wrong_request(people, tmp_path):
    refusal = NoWorkers(Failed("num_heads=3 does not divide 64", mistake=True))
    with pytest.raises(RequestError, match="constant: num_heads=3 does not divide 64"):
        probe(planned(people), refusal, tmp_path)


def test_a_probe_that_breaks_leaves_the_word_to_the_fits(people, tmp_path):
    broken = NoWorkers(Failed("the process ended"))
    plan = probe(planned(people), broken, tmp_path)
    assert set(plan.probed) == {("constant", "sklearn"), ("mlp", "torch")}


def test_an_unnamed_model_that_cannot_be_built_is_left_out_and_said(people, tmp_path):
    class OneRefused(NoWorkers):
        def work(self, do, jobs, folders):
            for number, job in enumerate(jobs):
                mistake = Failed("too small an image", mistake=True)
                yield number, mistake if job.model == "mlp" else Probed()

    plan = probe(planned(people, models={}, all_that_fit=True), OneRefused(), tmp_path)
    assert "mlp" not in {job.model for job in plan.jobs}
    assert "Left out: mlp: too small an image" in plan.notes
    assert "Left out: mlp: too small an image" in outline(plan, 1)["notes"]


def test_no_more_workers_start_than_there_are_fits(people, tmp_path):
    workers = NoWorkers(Probed())
    probe(planned(people, seeds=1, jobs=64), workers, tmp_path)
    assert workers.count == 2


def probed(plan: Plan) -> Plan:
    return replace(plan, probed={job.line: Probed(77, 0.01) for job in plan.jobs})


def test_the_longest_fit_of_a_seed_begins_first_and_no_seed_before_the_one_before_it(people):
    plan = planned(people, models={"constant": {}, "mlp": {}, "ft_transformer": {}}, seeds=2)
    seconds = {"constant": 0.0, "mlp": 0.01, "ft_transformer": 0.5}
    timed = {job.line: Probed(77, seconds[job.model]) for job in plan.jobs}
    jobs = longest_first(replace(plan, probed=timed)).jobs
    assert [(job.model, job.seed) for job in jobs] == [
        ("constant", 0), ("ft_transformer", 0), ("mlp", 0), ("ft_transformer", 1), ("mlp", 1)
    ]  # fmt: skip


def test_fits_of_a_stack_take_half_their_time_and_the_worker_for_all_of_them(people):
    plan = probed(planned(people, models={"mlp": {}, "ft_transformer": {}}, seeds=4))
    stack = tuple(job for job in plan.jobs if job.model == "mlp")
    together = replace(plan, stacks={key_of(job): stack for job in stack})
    assert run_seconds(together, 1) == pytest.approx(0.75 * run_seconds(plan, 1))
    assert longest_first(together).jobs[0].model == "mlp"  # 4 halves, and one of the other


def test_more_workers_take_less_time(people):
    plan = probed(planned(people, seeds=4))
    assert run_seconds(plan, 2) == run_seconds(plan, 1) / 2


def test_the_outline_of_a_plan_says_what_is_to_be_trained(people):
    plan = probed(planned(people, seeds=2))
    told = outline(plan, 1)
    assert told["fits"] == 3
    assert told["split"]["test"]["rows"] == len(plan.split.test)
    assert [(one["model"], one["parameters"]) for one in told["models"]] == [
        ("constant", None),
        ("mlp", 77),
    ]
