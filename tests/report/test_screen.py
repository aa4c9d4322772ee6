"""Promises of the terminal: fits the screen, survives old consoles, prints data as it is."""

import io
import re
from dataclasses import replace

import pytest
from rich.console import Console

from bakeoff.report.progress import Progress
from bakeoff.report.screen import Screen
from bakeoff.train.events import Done, Epoch, Started
from bakeoff.train.job import Fit, Job

TRICKY = "[red]µ → 日本[/red]"


def line(model, tier=1, status="finished", **other):
    row = {
        "tier": tier,
        "model": model,
        "kind": "network",
        "metric": "accuracy",
        "score": 0.6593,
        "low": 0.62,
        "high": 0.7,
        "validation": 0.668,
        "epochs": 38,
        "parameters": 33_025,
        "train_seconds": 12.1,
        "predict_microseconds": 19.2,
        "status": status,
        "label": model,
    }
    return row | other


ROWS = [
    line("ft_transformer"),
    line("boosting", kind="baseline", epochs=None),
    line("wide", None, "failed", score=None, low=None, high=None, validation=None, epochs=None,
         parameters=None, train_seconds=None, predict_microseconds=None),
]  # fmt: skip


def job(model, seed=0):
    return Job(
        model=model, architecture="mlp", framework="torch", seed=seed, view="table",
        arguments={}, recipe={}, task="binary", num_classes=2,
    )  # fmt: skip


EPOCH = {"epoch": 31, "train_loss": 0.5, "validation_loss": 0.41, "validation_metric": 0.661,
         "lr": 0.001, "seconds": 0.1, "rows_per_second": 12_345.0}  # fmt: skip


def show_all(screen):
    jobs = [job("mlp"), job("mlp", 1)]
    screen.data(rows=3276, kinds={"number": 9}, target=TRICKY, about="binary, 39 % true",
                missing={"ph": 491, TRICKY: 781})  # fmt: skip
    screen.split(parts={"train": 2293, "validation": 491, "test": 492}, how="random, seed 0")
    screen.checks("no duplicates across the split")
    screen.plan(models=8, seeds=5, frameworks=["torch"], place="2 cores", seconds=100)
    screen.start(jobs, workers=2, guesses={("mlp", "torch"): 2.0})
    for one in jobs:
        screen.progress(one, Started())
        screen.progress(one, Epoch(EPOCH))
        fit = Fit(job=one, history=(EPOCH,), best_epoch=1, train_seconds=1.94)
        screen.progress(one, Done(fit))
    screen.leaderboard(ROWS)
    screen.verdict(
        sentence=f"{TRICKY} wins.",
        would_change_it="more rows.",
        warnings=["few rows."],
        ways_on=["runs/water/report.html", "bakeoff predict runs/water NEW_DATA"],
    )


def printed(show="live", encoding="utf-8"):
    raw = io.BytesIO()
    file = io.TextIOWrapper(raw, encoding=encoding, errors="strict", write_through=True)
    with Screen(show, file=file) as screen:
        show_all(screen)
    return raw.getvalue().decode(encoding)


def on_terminal(width):
    file = io.StringIO()
    screen = Screen(file=file)
    screen.console = Console(file=file, width=width, force_terminal=True, color_system=None,
                             highlight=False, markup=False)  # fmt: skip
    return screen, file


def test_file_gets_one_plain_line_per_finished_fit():
    text = printed()
    fits = [row for row in text.splitlines() if row.startswith("fit ")]
    told = "fit 1/2 mlp seed 0 epoch 1 of 1 validation loss 0.410 accuracy 0.661 1.9 s"
    assert " ".join(fits[0].split()) == told
    assert len(fits) == 2
    assert "\x1b" not in text


def test_words_of_the_user_are_never_markup():
    assert f"target {TRICKY} (binary" in printed()


@pytest.mark.parametrize("encoding", ["cp1252", "ascii", "cp437"])
def test_old_consoles_do_not_crash(encoding):
    assert "Verdict: [red]" in printed(encoding=encoding)


def test_every_number_has_its_unit():
    text = printed()
    for part in ("3,276 rows: 9 numbers", "1,272 missing cells in ph and", "2,293 train",
                 "8 models × 5 seeds, torch on 2 cores", "about 1 min 40 s", "33,025",
                 "12 s", "19 µs/row", "0.62 – 0.70", "0.659"):  # fmt: skip
        assert part in text


def test_quiet_prints_leaderboard_and_verdict_only():
    text = printed("quiet").strip()
    assert text.startswith("tier")
    assert "Verdict" in text


@pytest.mark.parametrize("show", ["none", "json"])
def test_silent_prints_nothing(show):
    assert printed(show) == ""


@pytest.mark.parametrize("width", [80, 140])
def test_leaderboard_fits_the_terminal(width):
    screen, file = on_terminal(width)
    screen.leaderboard(ROWS)
    shown = file.getvalue()
    assert max(len(row.rstrip()) for row in shown.splitlines()) <= width
    for part in ("ft_transformer", "0.659", "0.62 – 0.70", "19 µs/row", "failed"):
        assert part in shown
    assert ("epochs" in shown) == (width == 140)


def test_all_of_a_run_fits_80_columns():
    screen, file = on_terminal(80)
    with screen:
        show_all(screen)
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
        screen.start([job("mlp"), job("mlp", 1)], workers=1)
        screen.progress(job("mlp"), Done(Fit(job=job("mlp"), error="loss is not finite")))
        assert "mlp, seed 0: loss is not finite" in file.getvalue()


def test_live_display_ends_when_the_run_breaks():
    screen, _ = on_terminal(100)
    with pytest.raises(ValueError, match="broken"), screen:
        screen.start([job("mlp")], workers=1)
        assert screen.display is not None
        raise ValueError("broken")
    assert screen.display is None


def test_interruption_says_what_is_kept(tmp_path):
    screen, file = on_terminal(200)
    screen.interrupted(tmp_path, fits=40, finished=12)
    assert "12 of 40 fits finished and kept in" in " ".join(file.getvalue().split())
