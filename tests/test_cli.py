"""The command line: one document, one sentence, the right exit code, and never half a folder."""

import errno
import json
import os
import shutil
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl
import pytest

import bakeoff
from bakeoff import CATALOG, cli
from bakeoff.errors import RequestError
from bakeoff.judge.record import record
from bakeoff.runs.folder import RunFolder
from bakeoff.train.events import Done, Event
from tests.small import MODELS, table

GOOD = table()
LINES = GOOD.splitlines()


def document(path: Path) -> Any:
    """Read a file of JSON."""
    return json.loads(path.read_text("utf-8"))


class NoWorkers:
    """Stands where workers would: whatever is wrong must be found without them."""

    def __init__(self, *_: object, **__: object) -> None:
        pass

    def __len__(self) -> int:
        return 1

    def __enter__(self) -> "NoWorkers":
        return self

    def __exit__(self, *_: object) -> None:
        pass

    def place(self) -> dict[str, object]:
        return {"device": "cpu", "name": "", "memory": 0}


@pytest.fixture
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """An empty folder to work in, with the small table as good.csv and nobody to train on it."""
    (tmp_path / "good.csv").write_text(GOOD, "utf-8")
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr("bakeoff.train.workers.Workers", NoWorkers)
    return tmp_path


def assert_refused(said, words: str, folder: Path, before: set[Path]) -> None:
    """One sentence on standard error, exit code 2, and no file more than before."""
    assert said.code == 2
    assert said.err.startswith("bakeoff: ")
    assert said.err.count("\n") == 1
    assert words in said.err
    assert set(folder.rglob("*")) == before


BAD_DATA = {
    "nothing": ("", "is empty"),
    "no rows": (LINES[0], "no rows"),
    "constant target": ("a,answer\n" + "1,yes\n2,yes\n" * 20, "is always 'yes'"),
    "one row of a class": ("a,answer\n" + "1,yes\n" * 9 + "2,no\n", "'no' (row 10)"),
    "ragged": (GOOD + "40,red\n", "line 122"),
    "no text": (b"\x00\x01\x02" * 99, "not a text file"),
}


@pytest.mark.parametrize("name", BAD_DATA)
def test_bad_data_is_one_sentence(name, here, command):
    content, words = BAD_DATA[name]
    content = content if isinstance(content, bytes) else content.encode()
    (here / "bad.csv").write_bytes(content)
    before = set(here.rglob("*"))
    assert_refused(command("run", "bad.csv", "--target", "answer"), words, here, before)


@pytest.mark.parametrize("cell", ["inf", "-inf"])
def test_a_target_that_is_no_finite_number_is_named_with_its_row(cell, here, command):
    rows = "".join(f"{i},{i * 1.5}\n" for i in range(50))
    (here / "bad.csv").write_text(f"a,y\n{rows}3,{cell}\n", "utf-8")
    before = set(here.rglob("*"))
    assert_refused(command("run", "bad.csv", "--target", "y"), "row 51", here, before)


@pytest.mark.parametrize(
    ("options", "words"),
    [
        (("--target", "anwser"), "No column called 'anwser'. Did you mean 'answer'"),
        (("--target", ""), "Say which column to predict"),
        (("--target", "answer,kin"), "No column called 'kin'"),
        (("--inputs", "age,zip"), "No column called 'zip'"),
        (("--inputs", "answer"), "'answer' is the target"),
        (("--models", "lsmt"), "No architecture called 'lsmt'. Did you mean 'lstm'"),
        (("--models", "lstm"), "lstm reads sequence or text data"),
        (("--models", "network"), "network is of several inputs, and these data have one"),
        (("--models", "attention"), "attention cannot be trained by a run"),
        (("--set", "mlp.hiden_sizes=[3]"), "Did you mean 'hidden_sizes'"),
        (("--set", "mlp.dropout=much"), "--set mlp.dropout=much must be a number"),
        (("--set", "mlp=3"), "write NAME.SETTING=VALUE"),
        (("--set", "mlp"), "write NAME.SETTING=VALUE"),
        (("--set", "wide.dropout=0.1"), "--set wide.architecture=mlp"),
        (("--metric", "accurac"), "Did you mean 'accuracy'"),
        (("--metric", "r2"), "does not fit a binary target"),
        (("--device", "gpu"), "Did you mean 'cuda'"),
        (("--framework", "pytorch"), "Did you mean 'torch'"),
        (("--framework", "torch,torch"), "each framework once"),
        (("--seeds", "0"), "--seeds 0 is out of range: from 1 to 1,000"),
        (("--jobs", "-1"), "--jobs -1"),
        (("--seed", "-1"), "--seed -1"),
        (("--epochs", "-1"), "--epochs -1 is out of range"),
        (("--lr", "0"), "--lr 0.0 is out of range"),
        (("--optimizer", "adm"), "Did you mean 'adam'"),
        (("--schedule", "cosin"), "Did you mean 'cosine'"),
        (("--split", "randm"), "Did you mean 'random'"),
        (("--split", "random:50/50"), "three numbers"),
        (("--split", "group:taem"), "Did you mean 'team'"),
        (("--split", "time:colour"), "colour"),
        (("--split", "column:colour"), "train, validation or test"),
        (("--column", "age"), "write NAME=KIND"),
        (("--column", "age=numbr"), "Did you mean 'number'"),
        (("--column", "aeg=number"), "Did you mean 'age'"),
        (("--positive", "maybe"), "No class of 'answer' called 'maybe'"),
        (("--test", "none.csv"), "There is no file 'none.csv'"),
        (("--test", "good.csv"), "hold the same rows (good.csv)"),
        (("--out", "good.csv"), "never overwrites another. Choose another --out"),
        (("--learning-rate", "0.1"), "No option called '--learning-rate'. Did you mean '--lr'?"),
        (("--n-jobs=2",), "Did you mean '--jobs'?"),
        (("--framework", "keras"), "No framework called 'keras' (--framework). Did you mean 'tens"),
        (("--metric", "f1"), "Did you mean 'macro_f1'"),
        (("--jobs", "x"), "--jobs x must be an integer, such as 0."),
        (("--seeds", "1.5"), "--seeds 1.5 must be an integer"),
        (("--lr", "fast"), "--lr fast must be a number, such as 0.001."),
        (("--lr", "nan"), "--lr NaN is out of range"),
        (("--jbos", "3"), "No option called '--jbos'. Did you mean '--jobs'? See: bakeoff run --h"),
        (("-z",), "No option called '-z'. See: bakeoff run --help"),
        (("--jobs",), "Option '--jobs' requires an argument. See: bakeoff run --help"),
        (("--json=3",), "Option '--json' does not take a value. See: bakeoff run --help"),
        (("more.csv",), "unexpected extra argument"),
    ],
    ids=lambda value: " ".join(value) if isinstance(value, tuple) else None,
)
def test_a_wrong_option_is_one_sentence(options, words, here, command):
    before = set(here.rglob("*"))
    said = command("run", "good.csv", "--target", "answer", *options)
    assert_refused(said, words, here, before)


@pytest.mark.parametrize(
    ("words", "told"),
    [
        (("run", "none.csv", "--target", "y"), "There is no file 'none.csv'"),
        (("run", "none.toml"), "There is no file 'none.toml'"),
        (("run", "."), "is a folder"),
        (("run", "diggits"), "Did you mean 'digits'"),
        (("init", "none.csv", "--target", "y"), "There is no file"),
        (("init", "good.csv", "--target", "answer", "--out", "good.csv"), "exists already"),
        (("init", "good.csv", "--target", "answer", "--out", "no/b.toml"), "no folder no"),
        (("predict", "none", "good.csv"), "not the folder of a finished run"),
        (("predict", "none", "good.csv", "--out", "x.txt"), "must end in .csv or .parquet"),
        (("predict", "none", "good.csv", "--out", "no/x.csv"), "no folder no"),
        (("report", "none"), "not the folder of a finished run"),
        (("rn", "good.csv"), "No such command 'rn'. Did you mean 'run'? See: bakeoff --help"),
        (("run",), "Missing argument 'data': A file, a folder or .zip of pictures or of seq"),
        (("show", "mlp", "--code=3"), "does not take a value. See: bakeoff show --help"),
        (("report", "none", "--opn"), "No option called '--opn'. Did you mean '--open'? See: bak"),
        (
            ("--versoin",),
            "No option called '--versoin'. Did you mean '--version'? See: bakeoff --h",
        ),
        (("run", "good.csv", "--target", "answer", "--out", "a" * 300), "File name too long"),
    ],
    ids=lambda value: " ".join(value) if isinstance(value, tuple) else None,
)
def test_every_command_refuses_in_one_sentence(words, told, here, command):
    before = set(here.rglob("*"))
    assert_refused(command(*words), told, here, before)


def test_an_existing_folder_is_refused_before_the_data_are_read(here, command):
    before = set(here.rglob("*"))
    said = command("run", "none.csv", "--target", "y", "--out", str(here))
    assert_refused(said, "never overwrites another", here, before)


def test_a_mistake_of_ours_is_told_without_a_traceback(here, command, monkeypatch):
    def break_down(*_: object, **__: object) -> None:
        raise KeyError("oops")

    monkeypatch.setattr("bakeoff.api.carry_out", break_down)
    monkeypatch.setattr("tempfile.tempdir", str(here))
    said = command("run", "good.csv", "--target", "answer")
    assert said.code == 1
    assert "a mistake in bakeoff, not yours: KeyError: 'oops'" in said.err
    assert "Traceback" not in said.err
    [report] = here.glob("bakeoff-*.txt")
    assert "Traceback" in report.read_text("utf-8")


@pytest.mark.parametrize(
    ("fault", "words"),
    [
        (OSError(28, "No space left on device", "a.csv"), "a.csv: No space left on device."),
        (PermissionError(13, "Permission denied"), "Permission denied."),
        (MemoryError("Unable to allocate 9 GiB"), "not enough memory. Unable to allocate 9 GiB"),
    ],
    ids=lambda value: type(value).__name__,
)
def test_a_fault_of_the_machine_is_no_mistake_of_ours(fault, words, here, command, monkeypatch):
    def break_down(*_: object, **__: object) -> None:
        raise fault

    monkeypatch.setattr("bakeoff.api.carry_out", break_down)
    said = command("run", "good.csv", "--target", "answer")
    assert (said.code, said.err.count("\n")) == (1, 1)
    assert said.err.startswith("bakeoff: ")
    assert words in said.err
    assert "mistake" not in said.err


def test_a_mistake_of_ours_is_told_where_there_is_no_room_for_its_report(
    here, command, monkeypatch
):
    def break_down(*_: object, **__: object) -> None:
        raise KeyError("oops")

    def refuse(*_: object, **__: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("bakeoff.api.carry_out", break_down)
    monkeypatch.setattr("tempfile.NamedTemporaryFile", refuse)
    said = command("run", "good.csv", "--target", "answer")
    assert said.code == 1
    assert "a mistake in bakeoff, not yours: KeyError: 'oops'" in said.err


def test_predictions_that_cannot_be_written_are_one_sentence(small_run, people, tmp_path, command):
    path = tmp_path / ("a" * 300 + ".csv")
    said = command("predict", small_run.folder, people, "--model", "constant", "--out", path)
    assert said.code == 1
    assert said.err == f"bakeoff: {path} cannot be written: File name too long.\n"
    assert list(tmp_path.iterdir()) == []


STREAMS = """
import os, sys
for number in map(int, sys.argv.pop(1)):
    os.close(number)
from bakeoff.cli import main
main()
"""


def run_with_streams(closed: str, people: Path, folder: Path, *words: str) -> subprocess.Popen:
    """Start a run of one baseline in a program that some streams were closed for."""
    options = ["--target", "answer", "--models", "constant", "--seeds", "1", "--jobs", "1"]
    return subprocess.Popen(
        [sys.executable, "-c", STREAMS, closed, "run", people, *options, "--out", "run", *words],
        cwd=folder,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )


@pytest.mark.skipif(os.name != "posix", reason="streams of another kind")
@pytest.mark.parametrize("closed", ["0", "012"])
def test_a_run_without_standard_streams_is_a_run(closed, people, tmp_path):
    process = run_with_streams(closed, people, tmp_path)
    _, complaint = process.communicate(timeout=100)
    assert (process.returncode, complaint) == (0, "")
    assert document(tmp_path / "run" / "status.json")["status"] == "finished"


@pytest.mark.skipif(os.name != "posix", reason="pipes of another kind")
@pytest.mark.parametrize("words", [(), ("--json",), ("--quiet",)], ids=str)
def test_a_reader_that_goes_ends_a_run_quietly(words, people, tmp_path):
    process = run_with_streams("", people, tmp_path, *words)
    process.stdout.close()
    complaint = process.stderr.read()
    process.stderr.close()
    assert (process.wait(), complaint) == (141, "")


def test_json_is_one_document_on_standard_output(run_again):
    assert (run_again.said.code, run_again.said.err) == (0, "")
    document = json.loads(run_again.said.out)
    assert {row["model"] for row in document["leaderboard"]} == set(MODELS)
    assert document["verdict"]["sentence"]
    assert Path(document["run"]) == run_again.folder


def test_init_writes_a_file_that_run_accepts_and_a_dry_run_leaves_nothing(
    people, tmp_path, command, monkeypatch
):
    monkeypatch.chdir(tmp_path)
    assert command("init", people, "--target", "answer", "--out", "bakeoff.toml").code == 0
    before = set(tmp_path.rglob("*"))
    said = command("run", "bakeoff.toml", "--dry-run", "--json", "--jobs", "1", "--seeds", "2")
    assert (said.code, said.err) == (0, "")
    plan = json.loads(said.out)
    assert {"constant", "mlp"} <= {one["model"] for one in plan["models"]}
    assert (plan["target"], plan["rows"], plan["task"]) == ("answer", 120, "binary")
    assert set(tmp_path.rglob("*")) == before


@pytest.mark.parametrize("ending", ["csv", "parquet"])
def test_predictions_go_to_a_file_or_to_standard_output(
    ending, small_run, people, tmp_path, command
):
    path = tmp_path / f"new.{ending}"
    said = command("predict", small_run.folder, people, "--model", "mlp", "--out", path)
    assert said.code == 0
    assert "120 predictions of mlp" in said.out
    found = pl.read_csv(path) if ending == "csv" else pl.read_parquet(path)
    printed = command("predict", small_run.folder, people, "--model", "mlp").out
    again = pl.read_csv(printed.encode())
    assert found.columns == again.columns == ["row", "prediction", "p:no", "p:yes"]
    assert np.allclose(found["p:yes"], again["p:yes"])


def test_new_data_without_a_column_is_one_sentence(small_run, here, command):
    pl.read_csv(here / "good.csv").drop("age").write_csv(here / "short.csv")
    before = set(here.rglob("*"))
    said = command("predict", small_run.folder, "short.csv")
    assert_refused(said, "lacks 1 of the columns", here, before)


def test_what_was_decided_while_reading_new_data_is_told(small_run, here, command):
    (here / "odd.csv").write_text("age,colour,day\nold,red,2024-01-01\n", "utf-8")
    said = command("predict", small_run.folder, "odd.csv")
    assert said.code == 0
    assert "age: 1 cell is no number" in said.err


def test_a_report_is_rebuilt_from_the_files_of_a_run(small_run, tmp_path, command):
    folder = tmp_path / "run"
    shutil.copytree(small_run.folder, folder)
    (folder / "report.html").unlink()
    assert command("report", folder, "--no-open").code == 0
    assert "mlp" in (folder / "report.html").read_text("utf-8")


def test_the_catalogue_is_one_json_document(command):
    said = command("models", "--json")
    assert said.code == 0
    assert {row["name"] for row in json.loads(said.out)} == set(CATALOG)


def test_a_value_is_read_as_toml_or_json_or_else_as_a_string():
    values = [
        "mlp.hidden_sizes=[64, 32]",
        "mlp.lr=1e-3",
        "mlp.norm=batch",
        "wide.2.architecture=mlp",
    ]
    assert cli.dotted(values) == {
        "mlp": {"hidden_sizes": [64, 32], "lr": 1e-3, "norm": "batch"},
        "wide.2": {"architecture": "mlp"},
    }


def test_the_last_equals_sign_parts_a_column_from_its_kind():
    assert cli.pairs(["a=b=number", "c=time"]) == {"a=b": "number", "c": "time"}
    with pytest.raises(RequestError, match="write NAME=KIND"):
        cli.pairs(["=number"])


@pytest.mark.parametrize(
    ("removed", "words"),
    [
        ("", "Missing in run: 1 of 2 fits (constant seed 0), bakeoff.toml, environment.json,"),
        ("data", "Missing in run: data/schema.json, data/fingerprint.json,"),
        ("fits/constant", "Missing in run: 1 of 2 fits (constant seed 0). Something removed"),
        ("fits/constant/sklearn-0-0/weights.safetensors", "1 of 2 fits (constant seed 0)"),
        ("fits/constant/sklearn-0-0/predictions", "1 of 2 fits (constant seed 0)"),
    ],
    ids=lambda value: value[:20],
)
def test_what_is_removed_in_mid_run_is_counted_and_named(
    removed, words, people, tmp_path, command, monkeypatch
):
    def record_and_remove(folder: RunFolder, *given: object) -> Event:
        event = record(folder, *given)
        if isinstance(event, Done) and event.fit.job.model == "constant":
            place = folder.path / removed
            shutil.rmtree(place) if place.is_dir() else place.unlink()
        return event

    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr("bakeoff.judge.record.record", record_and_remove)
    said = command(
        *("run", people, "--target", "answer", "--models", "constant,linear"),
        *("--seeds", "1", "--jobs", "1", "--out", "run"),
    )
    assert (said.code, said.err.count("\n")) == (1, 1), said.err
    assert words in said.err
    assert "2/2" in said.out
    status = document(tmp_path / "run" / "status.json")
    assert (status["status"], status["fits"]) == ("failed", 2)
    assert words in status["error"]
    assert words in document(tmp_path / "run" / "verdict.json")["warnings"][0]


@pytest.mark.parametrize("number", [errno.ENOSPC, errno.EROFS, errno.EACCES], ids=os.strerror)
def test_a_disk_that_fails_in_mid_run_is_one_sentence_and_what_was_finished_stays(
    number, people, tmp_path, command, monkeypatch
):
    def refuse(*_: object) -> None:
        raise OSError(number, os.strerror(number))

    def record_and_fail(*given: object) -> Event:
        event = record(*given)
        if isinstance(event, Done):
            monkeypatch.setattr(Path, "replace", refuse)
        return event

    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr("bakeoff.judge.record.record", record_and_fail)
    said = command(
        *("run", people, "--target", "answer", "--models", "constant,linear"),
        *("--seeds", "1", "--jobs", "1", "--out", "run"),
    )
    assert (said.code, said.err.count("\n")) == (1, 1)
    assert f"predictions/answer.parquet cannot be written: {os.strerror(number)}." in said.err
    status = document(tmp_path / "run" / "status.json")
    assert (status["status"], status["fits"], status["ended"]) == ("unfinished", 2, 1)
    place = tmp_path / "run" / "fits" / "constant" / "sklearn-0-0"
    assert (place / "fit.json").exists()
    assert [path for path in (tmp_path / "run").rglob("*") if ".part" in path.name] == []


def test_what_goes_to_a_file_is_utf8_whatever_the_console_speaks(tmp_path):
    rows = [
        f"{i * 7 % 40 / 10},{('Казань', 'Москва')[i % 2]},{('да', 'нет')[i % 3 > 0]}"
        for i in range(60)
    ]
    (tmp_path / "cyr.csv").write_text("\n".join(["возраст,город,y", *rows]) + "\n", "utf-8")
    learn = [
        "run",
        "cyr.csv",
        "--target",
        "y",
        "--models",
        "constant",
        "--seeds",
        "1",
        "--jobs",
        "1",
    ]
    for words, expected in (
        ([*learn, "--out", "run"], "нет"),
        (["predict", "run", "cyr.csv"], "row,prediction,p:нет,p:да"),
        (["models"], "transformer"),
        (["show", "mlp"], "→"),
    ):
        done = subprocess.run(
            [sys.executable, "-m", "bakeoff", *words],
            cwd=tmp_path,
            capture_output=True,
            env={**os.environ, "PYTHONIOENCODING": "cp1252"},
            timeout=120,
        )
        assert done.returncode == 0, done.stderr
        assert expected in done.stdout.decode("utf-8")
        assert "�" not in done.stdout.decode("utf-8")


def test_a_class_that_a_spreadsheet_would_compute_stays_as_it_is(tmp_path, command):
    signs = ("-b", "=1+1", "+", "@a")
    rows = [f"{i % 4 + i / 100},{signs[i % 4]}" for i in range(80)]
    (tmp_path / "t.csv").write_text("\n".join(["a,y", *rows]) + "\n", "utf-8")
    run = bakeoff.run(
        tmp_path / "t.csv", target="y", kinds={"y": "category"}, models="linear", seeds=1, jobs=1,
        show="none", out=tmp_path / "run",
    )  # fmt: skip
    command("predict", run.folder, tmp_path / "t.csv", "--out", tmp_path / "p.csv")
    found = pl.read_csv(tmp_path / "p.csv")
    assert set(found["prediction"]) <= {*signs}
    assert found.columns[2:] == [f"p:{sign}" for sign in sorted(signs)]


@pytest.mark.skipif(not hasattr(os, "killpg"), reason="process groups are needed to count them")
@pytest.mark.parametrize(
    ("name", "to_all", "code"),
    [("SIGINT", True, 130), ("SIGTERM", False, 143), ("SIGTERM", True, 143), ("SIGHUP", True, 129)],
)
def test_a_run_that_is_ended_keeps_what_is_finished_and_leaves_no_process_and_no_copy_of_the_data(
    name, to_all, code, people, tmp_path
):
    if signal.getsignal(getattr(signal, name)) == signal.SIG_IGN:
        pytest.skip(f"{name} is ignored here, as under nohup, and whoever is started inherits that")
    words = ["run", people, "--target", "answer", "--models", "constant,mlp", "--seeds", "2"]
    words += ["--epochs", 10**6, "--patience", 10**6, "--jobs", "2", "--out", "run"]
    (tmp_path / "temporary").mkdir()
    process = subprocess.Popen(
        [sys.executable, "-c", "from bakeoff.cli import main; main()", *map(str, words)],
        cwd=tmp_path,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        start_new_session=True,
        env={**os.environ, "PYTHONUNBUFFERED": "1", "TMPDIR": str(tmp_path / "temporary")},
    )
    try:
        assert any("constant  seed 0" in line for line in process.stdout)
        (os.killpg if to_all else os.kill)(process.pid, getattr(signal, name))
        said, complaint = process.communicate(timeout=60)
    finally:
        process.kill()
    assert (process.returncode, complaint) == (code, "")
    assert "1 of 3" in said
    status = json.loads((tmp_path / "run" / "status.json").read_text("utf-8"))
    assert (status["status"], status["fits"], status["ended"]) == ("unfinished", 3, 1)
    assert (tmp_path / "run" / "fits" / "constant" / "sklearn-0-0" / "weights.safetensors").exists()
    assert list((tmp_path / "temporary").iterdir()) == []
    with pytest.raises(ProcessLookupError):
        os.killpg(process.pid, 0)


@pytest.mark.skipif(sys.platform == "win32", reason="no such signal there")
def test_a_reader_who_goes_ends_a_listing_quietly():
    listing = subprocess.Popen(
        [sys.executable, "-c", "from bakeoff.cli import main; main()", "show", "lstm", "--code"],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
    )
    listing.stdout.close()
    assert (listing.stderr.read(), listing.wait()) == (b"", 141)
