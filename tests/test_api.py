"""The whole story from Python: data in, an honest leaderboard out, and nothing left half done."""

import json
import signal
import subprocess
import sys
import threading
from pathlib import Path

import numpy as np
import polars as pl
import pytest

import bakeoff
from bakeoff import RequestError, RunError
from bakeoff.data.dataset import Dataset
from bakeoff.ended import ended_by_signals
from bakeoff.plan.plan import read_data
from tests.small import INPUTS, MODELS, pictures


def test_a_run_knows_its_leaderboard_its_verdict_and_its_winner(small_run):
    assert set(small_run.leaderboard["model"]) == set(MODELS)
    assert small_run.verdict.sentence in str(small_run)
    assert small_run.verdict.best.model == small_run.leaderboard["model"][0]


def test_a_notebook_shows_the_leaderboard(small_run):
    shown = small_run._repr_html_()
    assert "<table" in shown
    assert all(name in shown for name in MODELS)


def test_an_opened_run_is_the_run_itself(small_run):
    assert bakeoff.open_run(str(small_run.folder)) == small_run


def test_a_run_in_a_relative_folder_is_found_again_from_elsewhere(small_run, tmp_path, monkeypatch):
    monkeypatch.chdir(small_run.folder.parent)
    run = bakeoff.open_run("run")
    assert repr(run).startswith("<Run run: ")
    monkeypatch.chdir(tmp_path)
    assert run == small_run
    assert run.verdict == small_run.verdict
    assert run.best.fit == small_run.best.fit
    assert repr(run).startswith("<Run run: ")


def test_a_run_goes_on_in_its_folder_when_the_working_folder_changes(people, tmp_path, monkeypatch):
    def read_and_go(*given: object) -> Dataset:
        dataset = read_data(*given)
        monkeypatch.chdir(tmp_path / "elsewhere")
        return dataset

    (tmp_path / "elsewhere").mkdir()
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr("bakeoff.plan.plan.read_data", read_and_go)
    run = bakeoff.run(
        people, "answer", models=["constant"], seeds=1, jobs=1, out="here/run", show="none"
    )
    assert run.folder == tmp_path / "here" / "run"
    assert str(run).endswith("\nhere/run")
    assert list((tmp_path / "elsewhere").iterdir()) == []


def test_every_fit_is_counted_in_the_status(small_run):
    status = json.loads((small_run.folder / "status.json").read_text("utf-8"))
    assert (status["status"], status["fits"], status["ended"]) == ("finished", 7, 7)


def test_a_loss_that_diverges_is_a_failed_fit_beside_those_that_train(broken_run):
    rows = {row["model"]: row for row in broken_run.leaderboard.to_dicts()}
    assert rows["diverging"]["status"] == "failed"
    assert "lr 1e+06" in rows["diverging"]["error"]
    assert {rows[name]["status"] for name in ("constant", "mlp")} == {"finished"}


def test_a_split_by_time_never_trains_on_later_rows(broken_run, people):
    split = pl.read_parquet(broken_run.folder / "data" / "split.parquet")
    days = pl.read_csv(people)["day"].to_numpy()
    last = {part: max(days[split.filter(part=part)["row"] - 1]) for part in ("train", "validation")}
    first = {part: min(days[split.filter(part=part)["row"] - 1]) for part in ("validation", "test")}
    assert last["train"] <= first["validation"]
    assert last["validation"] <= first["test"]


def test_several_classes_from_a_frame_by_group(people, tmp_path):
    frame = pl.read_csv(people)
    run = bakeoff.run(
        frame,
        target="kind",
        inputs=["age", "colour"],
        split="group:team",
        models=["constant", "mlp"],
        seeds=1,
        jobs=1,
        epochs=3,
        lr=0.01,
        out=tmp_path / "run",
        show="none",
    )
    split = pl.read_parquet(tmp_path / "run" / "data" / "split.parquet")
    team = frame["team"].to_numpy()
    parts = [set(team[rows["row"] - 1]) for rows in split.partition_by("part")]
    assert not set.intersection(*parts)
    assert sum(map(len, parts)) == len(set(team))
    predicted = run.model("mlp").predict(frame)
    assert predicted.columns == ["row", "prediction", "p:high", "p:low", "p:mid"]


def test_arrays_are_read_as_images(array_run):
    views = {
        path.parent.parent.name: json.loads(path.read_text("utf-8"))["view"]
        for path in array_run.folder.glob("fits/*/*/fit.json")
    }
    assert views == {"constant": "plain", "mlp": "vector", "cnn": "image", "gru": "sequence"}


def test_when_every_fit_fails_the_run_has_failed_and_says_why(people, tmp_path):
    with pytest.raises(RunError, match=r"Every fit failed. mlp, seed 0: The loss is .*lr 1e\+06"):
        bakeoff.run(
            people,
            target="price",
            inputs=["age"],
            models=["mlp"],
            seeds=1,
            jobs=1,
            lr=1e6,
            optimizer="sgd",
            out=tmp_path / "run",
            show="none",
        )
    status = json.loads((tmp_path / "run" / "status.json").read_text("utf-8"))
    assert status["status"] == "failed"
    assert "Every fit failed" in status["error"]
    with pytest.raises(bakeoff.DataError, match="a run that is failed"):
        bakeoff.open_run(tmp_path / "run")


def test_a_script_needs_no_main_guard_and_prints_nothing_it_was_not_asked_to(people, tmp_path):
    script = tmp_path / "script.py"
    script.write_text(
        "import bakeoff\n"
        f"run = bakeoff.run({str(people)!r}, target='answer', models=['constant'], seeds=1,\n"
        "                  jobs=2, out='here', show='none')\n"
        "print('once')\n",
        "utf-8",
    )
    words = [sys.executable, str(script)]
    done = subprocess.run(words, cwd=tmp_path, capture_output=True, text=True, timeout=120)
    assert (done.returncode, done.stdout, done.stderr) == (0, "once\n", "")
    assert bakeoff.open_run(tmp_path / "here").best.fit.job.model == "constant"


def test_a_signal_ends_a_run_with_its_exit_code_and_the_handlers_are_put_back():
    before = signal.getsignal(signal.SIGTERM)
    with pytest.raises(SystemExit) as end, ended_by_signals():
        signal.raise_signal(signal.SIGTERM)
    assert end.value.code == 143
    assert signal.getsignal(signal.SIGTERM) is before is signal.SIG_DFL


def test_who_has_an_answer_to_a_signal_keeps_it():
    caught = []
    before = signal.signal(signal.SIGTERM, lambda number, _: caught.append(number))
    try:
        with ended_by_signals():
            signal.raise_signal(signal.SIGTERM)
    finally:
        signal.signal(signal.SIGTERM, before)
    assert caught == [signal.SIGTERM]


def test_a_run_in_a_thread_touches_no_signal(people, tmp_path):
    done = []

    def run() -> None:
        done.append(
            bakeoff.run(
                people,
                "answer",
                models=["constant"],
                seeds=1,
                jobs=1,
                out=tmp_path / threading.current_thread().name,
                show="none",
            )
        )

    threads = [threading.Thread(target=run, name=name) for name in ("one", "two")]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert {run.folder.name for run in done} == {"one", "two"}
    assert all(run.files.report.exists() for run in done)
    assert signal.getsignal(signal.SIGTERM) is signal.SIG_DFL


@pytest.fixture
def asked(monkeypatch):
    """Catch what `run` would carry out."""
    caught = {}

    def catch(experiment, **settings):
        caught.update(experiment=experiment, **settings)

    monkeypatch.setattr("bakeoff.api.carry_out", catch)
    return caught


def test_a_file_keeps_what_python_does_not_say(asked, tmp_path):
    text = '[run]\nseeds = 2\nseed = 5\nmetric = "auc"\ndevice = "cpu"\njobs = 3\n'
    (tmp_path / "bakeoff.toml").write_text(f'[data]\npath = "d.csv"\n{text}', "utf-8")
    bakeoff.run(tmp_path / "bakeoff.toml")
    found = asked["experiment"]
    assert (found.seeds, found.seed, found.metric) == (2, 5, "auc")
    assert (found.device, found.jobs) == ("cpu", 3)


def test_test_rows_from_memory_go_with_a_file_of_training_rows(asked):
    later = pl.DataFrame({"a": [1], "y": [2]})
    bakeoff.run("now.csv", target="y", test=later)
    assert asked["experiment"].data == "now.csv"
    assert asked["memory"] == {"test": later}


def test_a_path_beside_data_from_memory_is_kept(asked):
    bakeoff.run(pictures(), test=Path("later.npz"))
    assert asked["experiment"].test == "later.npz"
    assert set(asked["memory"]) == {"data"}


def test_an_existing_folder_is_refused_before_anything_is_read(tmp_path):
    (tmp_path / "file").write_text("")
    with pytest.raises(RequestError, match="never overwrites another"):
        bakeoff.run("no such data.csv", target="y", out=tmp_path)


def test_data_in_memory_stay_as_they_are(people):
    columns = {"a": np.arange(20.0) % 7, "y": np.array(["p", "q"] * 10)}
    kept = {name: values.copy() for name, values in columns.items()}
    bakeoff.read(columns, target="y")
    assert all(np.array_equal(columns[name], kept[name]) for name in kept)


def test_what_a_run_read_is_written_down(small_run):
    schema = json.loads((small_run.folder / "data" / "schema.json").read_text("utf-8"))
    assert tuple(schema["inputs"]) == INPUTS
    environment = json.loads((small_run.folder / "environment.json").read_text("utf-8"))
    assert (environment["workers"], environment["device"], environment["seeds"]) == (
        2,
        "cpu",
        [0, 1],
    )
    assert set(environment["versions"]) >= {"bakeoff", "torch", "numpy"}
    assert not {"tensorflow", "keras", "jax"} & set(environment["versions"])  # installed, not used
    assert environment["device_name"] == environment["processor"] != ""
    assert environment["device_memory_bytes"] == environment["memory_bytes"] > 10**8
    assert environment["threads_per_worker"] == 1


def test_a_class_that_only_validation_rows_have_does_not_stop_a_network(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    rng = np.random.default_rng(0)
    part = ["train"] * 60 + ["validation"] * 20 + ["test"] * 20
    kind = rng.choice(["a", "b"], 100)
    kind[[61, 62]] = "rare"
    data = {"x": rng.normal(size=100), "part": part, "kind $a_$ / long" * 12: kind}
    run = bakeoff.run(
        data,
        target="kind $a_$ / long" * 12,
        split="column:part",
        models=["mlp", "constant"],
        seeds=1,
        epochs=1,
        show="none",
    )
    assert run.leaderboard["status"].to_list() == ["finished", "finished"]
    assert (run.folder / "report.html").exists()


def test_a_metric_that_test_rows_do_not_define_gives_way_to_one_that_they_do(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    rng = np.random.default_rng(0)
    part = ["train"] * 60 + ["validation"] * 20 + ["test"] * 20
    kind = np.where(np.arange(100) < 80, rng.choice(["a", "b"], 100), "a")
    run = bakeoff.run(
        {"x": rng.normal(size=100), "part": part, "kind": kind},
        target="kind",
        split="column:part",
        models=["linear", "constant"],
        metric="auc",
        show="none",
    )
    assert run.verdict.metric == "accuracy"
    assert "AUC is not defined on these test rows" in run.verdict.warnings[0]


def test_r2_without_an_interval_on_few_test_rows_gives_way_to_rmse(tmp_path):
    part = ["train"] * 12 + ["validation"] * 4 + ["test"] * 4
    price = [*np.arange(16.0), 1.5, 1.5, 1.5, 2.5]  # without the last row the test rows are equal
    run = bakeoff.run(
        {"x": np.arange(20.0) % 7, "part": part, "price": price},
        target="price",
        split="column:part",
        models=["linear", "constant"],
        out=tmp_path / "run",
        show="none",
    )
    assert run.verdict.metric == "rmse"
    assert "R2 is not defined on these test rows" in run.verdict.warnings[0]
