"""Judging a run: every reading of the test targets is counted, whatever stands beside it."""

import json
import shutil

import pytest

from bakeoff.judge.judge_run import count_readings
from bakeoff.runs.folder import RunFolder
from bakeoff.runs.read_schema import read_fingerprint


@pytest.fixture
def beside(small_run, tmp_path):
    """Copy the small run into a place of its own, under two names."""
    for name in ("one", "two"):
        shutil.copytree(small_run.folder, tmp_path / name)
    return RunFolder(tmp_path / "one"), RunFolder(tmp_path / "two")


def readings(folder, run):
    """Count them as the run does that has just been judged."""
    return count_readings(folder, read_fingerprint(run.files))


def test_a_run_alone_has_read_the_test_targets_once(small_run, tmp_path):
    shutil.copytree(small_run.folder, tmp_path / "alone")
    assert readings(RunFolder(tmp_path / "alone"), small_run) == 1


def test_a_run_of_the_same_data_beside_it_is_counted(beside, small_run):
    assert [readings(folder, small_run) for folder in beside] == [2, 2]


def test_a_run_of_other_data_is_not_counted(beside, small_run):
    one, two = beside
    mark = json.loads(two.fingerprint.read_text("utf-8")) | {"sha256": "0" * 64}
    two.fingerprint.write_text(json.dumps(mark), "utf-8")
    assert readings(one, small_run) == 1


def test_a_run_that_never_judged_is_not_counted(beside, small_run):
    one, two = beside
    two.verdict.unlink()
    assert readings(one, small_run) == 1


@pytest.mark.parametrize("text", ["", "[]", '{"format": 1}', "\x00"])
def test_a_damaged_neighbour_is_passed_over(text, beside, small_run):
    one, two = beside
    two.fingerprint.write_text(text, "utf-8")
    assert readings(one, small_run) == 1


def test_the_verdict_stores_the_count_and_warns(small_run, run_again):
    assert run_again.folder.parent == small_run.folder.parent
    verdict = json.loads((run_again.folder / "verdict.json").read_text("utf-8"))
    assert verdict["test_readings"] >= 2
    assert any("have been judged by" in warning for warning in verdict["warnings"])


@pytest.mark.parametrize(
    "name", ["fit.json", "weights.safetensors", "predictions/answer.parquet", "predictions"]
)
def test_a_fit_is_whole_only_with_all_its_files(name, small_run, tmp_path):
    shutil.copytree(small_run.folder, tmp_path / "run")
    place = RunFolder(tmp_path / "run").fit("mlp", "torch", 0)
    assert place.is_whole()
    gone = place.path / name
    shutil.rmtree(gone) if gone.is_dir() else gone.unlink()
    assert not place.is_whole()


def test_a_fit_whose_facts_are_damaged_is_not_whole(small_run, tmp_path):
    shutil.copytree(small_run.folder, tmp_path / "run")
    place = RunFolder(tmp_path / "run").fit("mlp", "torch", 0)
    place.facts.write_text('{"format": 2', "utf-8")
    assert not place.is_whole()


def test_a_fit_that_failed_is_whole_without_weights(broken_run):
    assert broken_run.files.fit("diverging", "torch", 0).is_whole()
