"""Promises of the terminal: fits the screen, survives old consoles, prints data as it is."""

import io
import json
import re
from dataclasses import replace

import numpy as np
import pytest
from rich.console import Console

from bakeoff import Experiment
from bakeoff.data.read import read
from bakeoff.data.splitting.leaks import find_leaks
from bakeoff.data.splitting.split import make_split
from bakeoff.plan.outline import outline
from bakeoff.plan.plan import make_plan
from bakeoff.report.leaderboard import leaderboard_table
from bakeoff.report.progress import Progress
from bakeoff.report.screen import Screen
from bakeoff.runs.folder import RunFolder
from bakeoff.train.events import Done, Epoch, Lost, Probed, Started
from bakeoff.train.job import Fit
from tests.report.made_run import make_run

TRICKY = "[red]µ → 日本[/red]"
EPOCH = {"epoch": 31, "train_loss": 0.5, "validation_loss": 0.41, "validation_metric": 0.661,
         "lr": 0.001, "seconds": 0.1, "rows_per_second": 12_345.0}  # fmt: skip


class TwoCores:
    """Workers that are there, and do nothing."""

    def __len__(self):
        return 2

    def place(self):
        return {"device": "cpu", "name": "", "memory": 0}


def made_plan():
    """Plan two models on a small table whose target has a name that looks like markup."""
    random = np.random.default_rng(0)
    ph = [
        None if i % 9 == 0 else round(value, 2) for i, value in enumerate(random.normal(7, 1, 90))
    ]
    data = {"ph": ph, TRICKY: ["no", "yes", "no"] * 30}
    asked = Experiment(data="", target=(TRICKY,), seeds=2, models={"constant": {}, "mlp": {}},
                       all_that_fit=False)  # fmt: skip
    dataset = read(data, target=TRICKY)
    split = make_split(dataset, "", 0)
    plan = make_plan(asked, dataset, split, find_leaks(dataset, split))
    return replace(plan, probed={job.line: Probed(33_025, 0.1) for job in plan.jobs})


PLAN = made_plan()
NETWORKS = [job for job in PLAN.jobs if job.recipe]


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    """A finished run of random numbers."""
    return RunFolder(make_run(tmp_path_factory.mktemp("run"), target=TRICKY))


def show_all(screen, folder):
    screen.data(PLAN.dataset)
    screen.split(PLAN.dataset, PLAN.split)
    screen.leaks(PLAN.leaks)
    screen.plan(PLAN, TwoCores(), details=True)
    screen.start(PLAN, TwoCores())
    for job in PLAN.jobs:
        screen.progress(job, Started())
        screen.progress(job, Epoch(EPOCH))
        history = (EPOCH,) if job.recipe else ()
        screen.progress(job, Done(Fit(job=job, history=history, best_epoch=1, train_seconds=1.94)))
    screen.result(folder)


def printed(folder, show="live", encoding="utf-8"):
    raw = io.BytesIO()
    file = io.TextIOWrapper(raw, encoding=encoding, errors="replace", write_through=True)
    with Screen(show, file=file) as screen:
        show_all(screen, folder)
    return raw.getvalue().decode(encoding)


def on_terminal(width):
    file = io.StringIO()
    screen = Screen(file=file)
    screen.console = Console(file=file, width=width, force_terminal=True, color_system=None,
                             highlight=False, markup=False)  # fmt: skip
    return screen, file


def job(model, seed=0):
    return replace(NETWORKS[0], model=model, seed=seed)


def test_file_gets_one_plain_line_per_finished_fit(folder):
    text = printed(folder)
    fits = [" ".join(row.split()) for row in text.splitlines() if row.startswith("fit ")]
    assert "2/3 mlp seed 0 epoch 1 of 1 validation loss 0.410 accuracy 0.661 1.9 s" in fits[1]
    assert len(fits) == 3
    assert "\x1b" not in text


def test_words_of_the_user_are_never_markup(folder):
    assert f"target {TRICKY} (binary" in printed(folder)


@pytest.mark.parametrize("encoding", ["cp1252", "ascii", "cp437"])
def test_old_consoles_do_not_crash(encoding, folder):
    assert "Verdict: " in printed(folder, encoding=encoding)


def test_every_number_has_its_unit(folder):
    text = printed(folder)
    for part in ("90 rows: 1 number", "10 missing cells in ph", "train · ",
                 "2 models × 2 seeds, torch on 2 cores", "about ", "33,025", "µs/row"):  # fmt: skip
        assert part in text


def test_quiet_prints_leaderboard_and_verdict_only(folder):
    text = printed(folder, "quiet").strip()
    assert text.startswith("tier")
    assert "Verdict" in text


def test_none_prints_nothing(folder):
    assert printed(folder, "none") == ""


def test_json_prints_one_document(folder):
    document = json.loads(printed(folder, "json"))
    assert set(document) == {"run", "leaderboard", "verdict"}


def test_a_dry_run_prints_its_outline_as_json_and_nothing_else():
    file = io.StringIO()
    screen = Screen("json", file=file)
    screen.outline(outline(PLAN, 2))
    told = json.loads(file.getvalue())
    assert told["fits"] == 3
    assert told["notes"] == list(PLAN.notes)


@pytest.mark.parametrize("width", [80, 140])
def test_leaderboard_fits_the_terminal(width, folder):
    screen, file = on_terminal(width)
    screen.result(folder)
    shown = file.getvalue().partition("Verdict")[0]
    assert max(len(row.rstrip()) for row in shown.splitlines()) <= width
    for part in ("mlp", "lstm", "µs/row"):
        assert part in shown
    assert "epochs" in shown or width == 80


def test_a_failed_model_is_shown_without_a_score():
    row = dict.fromkeys(("tier", "score", "low", "high", "validation", "epochs", "parameters",
                         "train_seconds", "predict_microseconds"))  # fmt: skip
    row |= {"model": "wide", "label": "wide", "kind": "network", "metric": "accuracy",
            "status": "failed"}  # fmt: skip
    console = Console(file=io.StringIO(), width=140)
    console.print(leaderboard_table([row], console))
    assert "failed" in console.file.getvalue()


def test_all_of_a_run_fits_80_columns(folder):
    screen, file = on_terminal(80)
    with screen:
        show_all(screen, folder)
    rows = re.sub(r"\x1b\[[0-9;?]*[A-Za-z]", "", file.getvalue()).splitlines()
    assert max(len(row.rstrip()) for row in rows) <= 80


@pytest.mark.parametrize(("width", "seen"), [(80, False), (140, True)])
def test_live_display_shows_seeds_epoch_loss_metric_and_speed(width, seen):
    console = Console(file=io.StringIO(), width=width)
    jobs = [job("mlp", seed) for seed in range(5)]
    progress = Progress(console, jobs, workers=1, guesses={("mlp", "torch"): 10.0})
    progress.take(jobs[0], Done(Fit(job=jobs[0], train_seconds=20.0)))
    progress.take(jobs[1], Started())
    progress.take(jobs[1], Epoch(EPOCH))
    console.print(progress)
    shown = console.file.getvalue()
    for part in ("mlp", "1/5", "31", "0.410", "0.661", "1 of 5 fits", "about 1 min 20 s left"):
        assert part in shown
    assert ("12,300 rows/s" in shown) == seen


def test_time_left_learns_from_finished_fits():
    jobs = [job("mlp", seed) for seed in range(4)]
    progress = Progress(
        Console(file=io.StringIO()), jobs, workers=2, guesses={("mlp", "torch"): 10.0}
    )
    assert progress.seconds_left() == pytest.approx(20)
    progress.take(jobs[0], Done(Fit(job=jobs[0], train_seconds=4.0)))
    assert progress.seconds_left() == pytest.approx(6, abs=0.1)


def test_frameworks_are_named_where_a_model_has_several():
    both = [job("mlp"), replace(job("mlp"), framework="jax"), job("lstm")]
    progress = Progress(Console(file=io.StringIO()), both, workers=1)
    assert list(progress.names.values()) == ["mlp (torch)", "mlp (jax)", "lstm"]


def test_failed_fit_is_reported_at_once():
    screen, file = on_terminal(100)
    with screen:
        screen.start(PLAN, TwoCores())
        fit = Fit(job=NETWORKS[0], error="loss is not finite")
        screen.progress(NETWORKS[0], Done(fit))
        assert "mlp, seed 0: loss is not finite" in file.getvalue()


def test_a_fit_that_is_made_again_is_told_with_the_reason_and_runs_no_longer():
    screen, file = on_terminal(120)
    with screen:
        screen.start(PLAN, TwoCores())
        screen.progress(NETWORKS[0], Started())
        screen.progress(NETWORKS[0], Lost("SIGKILL (signal 9)"))
        said = " ".join(file.getvalue().split())
        assert "mlp, seed 0 is made again, for its process ended: SIGKILL (signal 9)" in said
        assert not any(track.running for track in screen.tracker.tracks.values())


def test_live_display_ends_when_the_run_breaks():
    screen, _ = on_terminal(100)
    with pytest.raises(ValueError, match="broken"), screen:
        screen.start(PLAN, TwoCores())
        assert screen.display is not None
        raise ValueError("broken")
    assert screen.display is None


def test_interruption_says_what_is_kept(tmp_path):
    screen, file = on_terminal(200)
    screen.interrupted(RunFolder(tmp_path), fits=40, finished=12)
    assert "12 of 40 fits finished and kept in" in " ".join(file.getvalue().split())
