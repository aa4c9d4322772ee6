"""Which fits of a plan are trained at once follows from the plan alone."""

from dataclasses import replace
from types import SimpleNamespace

import numpy as np
import pytest

from bakeoff.data.taking.sources import Ragged, Rows
from bakeoff.plan.stacks import groups_of, stacks_of
from bakeoff.train.events import Probed
from bakeoff.train.job import Job
from bakeoff.train.recipe import Recipe, settings_of


def job(seed=0, *, architecture="mlp", framework="torch", **recipe):
    """Return a fit of a small network."""
    settled = {**settings_of(Recipe()), "precision": "float32", "batch_size": 32, **recipe}
    return Job(
        model=architecture, architecture=architecture, framework=framework, seed=seed, view="table",
        arguments={}, recipe=settled, task="multiclass", num_classes=3,
    )  # fmt: skip


def plan(jobs, *, rows=1_000, parameters=3_000, source=None):
    """Return as much of a plan as decides."""
    rows_of = Rows(base=np.zeros((rows, 4, 2), np.float32), rows=np.arange(rows))
    view = SimpleNamespace(inputs={"x": source or rows_of})
    return SimpleNamespace(
        jobs=jobs,
        views={"table": view},
        probed={own.line: Probed(parameters, 0.001) for own in jobs},
        split=SimpleNamespace(train=range(rows)),
    )


def seeds_of(stacks):
    """Return the seeds of each stack."""
    return sorted({tuple(own.seed for own in stack) for stack in stacks.values()})


def test_seeds_of_small_networks_are_trained_at_once_five_at_most():
    jobs = [job(seed) for seed in range(12)]
    assert seeds_of(stacks_of(plan(jobs), "cpu")) == [(0, 1, 2, 3), (4, 5, 6, 7), (8, 9, 10, 11)]
    assert seeds_of(stacks_of(plan(jobs[:5]), "cpu")) == [(0, 1, 2, 3, 4)]


def test_the_order_of_the_fits_changes_nothing():
    jobs = [job(seed) for seed in range(7)]
    assert groups_of(jobs) == groups_of(jobs[::-1])


@pytest.mark.parametrize(
    "own",
    [
        {"optimizer": "muon"},
        {"schedule": "plateau"},
        {"precision": "bfloat16"},
        {"clip_norm": 1.0},
        {"average": 0.9},
        {"accumulate": 2},
        {"augment": "flip=0.5"},
        {"architecture": "tabm"},
        {"framework": "tensorflow"},
    ],
)
def test_what_a_stack_does_not_cover_is_trained_alone(own):
    assert stacks_of(plan([job(seed, **own) for seed in range(3)]), "cpu") == {}


def test_one_seed_a_gpu_large_networks_and_long_epochs_have_none():
    jobs = [job(seed) for seed in range(3)]
    assert stacks_of(plan(jobs[:1]), "cpu") == {}
    assert stacks_of(plan(jobs), "cuda") == {}
    assert len(stacks_of(plan(jobs, parameters=78_000), "cpu")) == 3
    assert stacks_of(plan(jobs, parameters=79_000), "cpu") == {}
    assert stacks_of(plan(jobs, rows=100_000), "cpu") == {}
    assert len(stacks_of(plan(jobs, rows=30_000), "cpu")) == 3


def test_steps_of_a_recurrent_network_count():
    jobs = [job(seed, architecture="rnn") for seed in range(2)]
    assert len(stacks_of(plan(jobs, parameters=40_000), "cpu")) == 2
    assert stacks_of(plan(jobs, parameters=60_000), "cpu") == {}  # times 4 steps


def test_sequences_of_different_length_and_what_begins_as_another_are_trained_alone():
    source = Ragged(base=np.zeros(9), starts=np.arange(3), lengths=np.ones(3, int))
    jobs = [job(seed) for seed in range(2)]
    assert stacks_of(plan(jobs, source=source), "cpu") == {}
    assert stacks_of(plan([replace(own, start="mark") for own in jobs]), "cpu") == {}
