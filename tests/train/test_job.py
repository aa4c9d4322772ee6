"""The plan of fits: which, in which order, and what each knows."""

import json
from pathlib import Path

import pytest

from bakeoff import Recipe
from bakeoff.catalog import Model, find
from bakeoff.runs.folder import RunFolder
from bakeoff.train.build_model import page_arguments
from bakeoff.train.job import Fit, Job, line_names, plan_jobs, tuples
from bakeoff.train.recipe import resolve
from bakeoff.train.workers import as_json

NAMES = ("constant", "boosting", "mlp", "mlp_periodic")


def planned(**changes):
    recipe = resolve(Recipe(), rows=100, task="binary")
    settings = {
        "frameworks": ("torch",),
        "seeds": range(3),
        "recipes": dict.fromkeys(NAMES, recipe),
        "task": "binary",
        "num_classes": 2,
        "device": "cpu",
    }
    models = changes.pop(
        "models", [Model(name=name, row=find(name), view="table") for name in NAMES]
    )
    return plan_jobs(models, **{**settings, **changes})


def test_baselines_come_first_then_networks_seed_by_seed():
    assert [(job.model, job.seed) for job in planned()][-6:] == [
        ("mlp", 0),
        ("mlp_periodic", 0),
        ("mlp", 1),
        ("mlp_periodic", 1),
        ("mlp", 2),
        ("mlp_periodic", 2),
    ]


def test_a_baseline_that_draws_nothing_at_random_is_fitted_once():
    assert [job.seed for job in planned() if job.model == "constant"] == [0]


def test_frameworks_are_not_mixed_while_one_has_work_left():
    jobs = [job for job in planned(frameworks=("tensorflow", "torch")) if job.recipe]
    assert [job.framework for job in jobs] == ["tensorflow"] * 6 + ["torch"] * 6


def test_no_two_fits_share_a_folder():
    run = RunFolder(Path("run"))
    folders = [run.fit_of(job).path for job in planned(frameworks=("torch", "jax"))]
    assert len(set(folders)) == len(folders)


def test_the_defaults_of_a_row_reach_its_fit():
    job = next(job for job in planned() if job.model == "mlp_periodic")
    assert job.arguments == dict(find("mlp_periodic").defaults)


def test_a_job_survives_its_way_to_a_worker():
    job = planned()[-1]
    arrived = json.loads(json.dumps(as_json(job)))  # where a tuple has become a list
    assert Job(**{**arrived, "arguments": tuples(arrived["arguments"])}) == job


def test_only_a_multiclass_target_has_one_output_per_class():
    tasks = {"binary": 2, "multiclass": 4, "regression": 0}
    outputs = {t: planned(task=t, num_classes=n)[0].out_features for t, n in tasks.items()}
    assert outputs == {"binary": 1, "multiclass": 4, "regression": 1}


def test_a_fit_with_an_error_has_failed():
    job = planned()[0]
    assert (Fit(job=job).status, Fit(job=job, error="nan").status) == ("finished", "failed")


def test_a_line_of_the_leaderboard_is_a_model_on_a_framework():
    lines = {job.line for job in planned(frameworks=("torch", "jax"))}
    assert {("constant", "sklearn"), ("mlp", "torch"), ("mlp", "jax")} <= lines
    assert line_names(lines)["mlp", "jax"] == "mlp (jax)"
    assert line_names(lines)["constant", "sklearn"] == "constant"


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("lstm", {"in_features": 3, "out_features": 6}),
        ("transformer_seq2seq", {"in_features": 3, "out_features": 6}),
        ("dlinear", {"in_features": 3, "in_steps": 24, "out_steps": 6, "out_features": 1}),
        ("rnn_seq2seq", {"in_features": 3, "out_steps": 6, "out_features": 1}),
        ("vector_to_sequence", {"in_features": 3, "out_steps": 6, "out_features": 1}),
    ],
)
def test_a_page_writes_the_steps_of_a_forecast_one_by_one_or_all_at_once(name, expected):
    job = planned(
        models=[Model(name=name, row=find(name))],
        recipes={name: resolve(Recipe(), rows=100, task="forecast")},
        task="forecast",
        num_classes=0,
        horizon=6,
    )[0]
    sizes = {"in_features": 3, "in_steps": 24, "out_steps": 6}
    assert page_arguments(job, sizes) == expected
