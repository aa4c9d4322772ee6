"""Where memory ends, batches are halved once, each step stays what it was, and it is said."""

from dataclasses import replace

import numpy as np
import pytest

from bakeoff.report.screen import Screen
from bakeoff.torch_models import fit as room
from bakeoff.train.checkpoint import Checkpoint
from bakeoff.train.events import Done
from bakeoff.train.out_of_memory import halved, out_of_memory
from bakeoff.train.shared_data import SharedData
from bakeoff.train.worker import fit_network
from tests.train.test_worker import JOB, shared_data_in

PLAIN = replace(JOB, task="regression", num_classes=0, recipe={**JOB.recipe, "loss": "mse"})


def fitted(job, folder, shared, **how):
    folder.mkdir()
    checkpoint = Checkpoint(folder / "checkpoint.safetensors", job)
    done = fit_network(job, shared, folder, lambda event: None, checkpoint, **how)
    return done.fit, np.load(folder / "test.npy")


@pytest.fixture
def little_memory(monkeypatch):
    """Let a training of more than seven rows at a time end for want of memory."""
    whole = room.fit

    def fit(*args, **settings):
        if settings["batch_size"] > 7:
            raise RuntimeError("[enforce fail] DefaultCPUAllocator: can't allocate memory")
        return whole(*args, **settings)

    monkeypatch.setattr(room, "fit", fit)


def test_batches_are_halved_once_and_a_step_stays_what_it_was(tmp_path, monkeypatch):
    shared = SharedData(shared_data_in(tmp_path / "shared"))
    fit, scores = fitted(PLAIN, tmp_path / "whole", shared)
    small, close = fitted(PLAIN, tmp_path / "told", shared, smaller=True)
    assert (fit.halved, small.halved) == (0, 5)
    assert small.job == fit.job
    assert np.allclose(scores, close, rtol=1e-4)


def test_a_training_for_which_memory_ends_is_made_with_half_the_rows(little_memory, tmp_path):
    shared = SharedData(shared_data_in(tmp_path / "shared"))
    fit, _ = fitted(PLAIN, tmp_path / "fit", shared)
    assert fit.halved == 5
    large = replace(PLAIN, recipe={**PLAIN.recipe, "batch_size": 16})
    with pytest.raises(RuntimeError, match="can't allocate"):
        fitted(large, tmp_path / "large", shared)


def test_half_the_rows_twice_make_a_step():
    assert halved(JOB).recipe["batch_size"] == 5
    assert halved(halved(JOB)).recipe["accumulate"] == 4


@pytest.mark.parametrize("error", [MemoryError(), RuntimeError("RESOURCE_EXHAUSTED: 8 GiB")])
def test_want_of_memory_is_told_from_other_errors(error):
    assert out_of_memory(error)
    assert not out_of_memory(ValueError("out of memory"))


def test_it_is_said(capsys, tmp_path):
    shared = SharedData(shared_data_in(tmp_path / "shared"))
    fit, _ = fitted(PLAIN, tmp_path / "fit", shared, smaller=True)
    with Screen("live") as screen:
        from bakeoff.report.progress import Progress

        screen.tracker = Progress(screen.console, [fit.job], workers=1, guesses={})
        screen.progress(fit.job, Done(fit))
    said = " ".join(capsys.readouterr().out.split())
    assert "mlp, seed 0: memory ended, so batches are of 5 rows, and two make a step" in said
