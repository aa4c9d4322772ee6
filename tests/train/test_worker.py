"""A worker sees what it may see, says what went wrong, and never outlives its parent."""

import json
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from bakeoff.data.taking.sources import Ragged, Rows, Windows
from bakeoff.data.taking.views import View
from bakeoff.errors import RequestError
from bakeoff.numeric import probabilities
from bakeoff.train.build_model import page_arguments
from bakeoff.train.events import Epoch, Ready, from_line
from bakeoff.train.job import Job, tuples
from bakeoff.train.probe_network import usual_rows
from bakeoff.train.shared_data import SharedData, write_shared_data
from bakeoff.train.worker import failure, sentence
from bakeoff.train.workers import as_json, environment

PARTS = {"train": np.arange(30), "validation": np.arange(30, 40), "test": np.arange(40, 50)}
JOB = Job(
    model="mlp",
    architecture="mlp",
    framework="torch",
    seed=0,
    view="table",
    arguments={"hidden_sizes": [4]},
    recipe={
        "optimizer": "adamw",
        "lr": 0.001,
        "schedule": "constant",
        "batch_size": 10,
        "epochs": 1,
        "patience": 10,
        "weight_decay": 0.01,
        "clip_norm": 0.0,
        "loss": "binary_cross_entropy",
        "precision": "float32",
    },
    task="binary",
    num_classes=2,
)


def shared_data_in(folder: Path) -> Path:
    """Write 50 rows of 3 numbers."""
    folder.mkdir()
    random = np.random.default_rng(0)
    x = random.normal(size=(50, 3)).astype(np.float32)
    source = Rows(base=x, rows=np.arange(50))
    other = Rows(base=x, rows=np.arange(50)[::-1])
    views = {
        "table": View(inputs={"x": source}, sizes={"in_features": 3}),
        "plain": View(inputs={"x": other}, sizes={}),
    }
    targets = Rows(base=np.arange(1000, 1050), rows=np.arange(50))
    write_shared_data(folder, views=views, targets=targets, rows=PARTS)
    return folder


def written(folder: Path) -> list[np.ndarray]:
    """Return all arrays that were written."""
    return [np.load(path) for path in (folder / "arrays").iterdir()]


def test_a_worker_has_the_targets_of_training_and_validation_rows_alone(tmp_path):
    shared = SharedData(shared_data_in(tmp_path / "m"))
    for part in ("train", "validation"):
        targets = shared.targets(part)
        assert np.array_equal(targets.take(), PARTS[part] + 1000)
        assert len(targets.base) == len(PARTS[part])
    assert not [a for a in written(tmp_path / "m") if np.isin(PARTS["test"] + 1000, a).any()]


def test_a_worker_has_no_step_that_test_windows_alone_look_ahead_to(tmp_path):
    steps = np.arange(1000, 1054, dtype=np.float32)[:, None]
    targets = Windows(base=steps, starts=np.arange(50) + 2, length=2, vector=True)
    (tmp_path / "m").mkdir()
    write_shared_data(tmp_path / "m", views={}, targets=targets, rows=PARTS)
    train, validation = (SharedData(tmp_path / "m").targets(p) for p in ("train", "validation"))
    assert np.array_equal(train.take()[-1], [1031, 1032])
    assert np.array_equal(validation.take()[-1], [1041, 1042])
    for array in written(tmp_path / "m"):
        assert not (array[array > 1000] > 1042).any()  # NaN is not


def test_a_part_holds_its_own_rows(tmp_path):
    shared = SharedData(shared_data_in(tmp_path / "m"))
    x = np.random.default_rng(0).normal(size=(50, 3)).astype(np.float32)
    for part, rows in PARTS.items():
        assert np.array_equal(shared.part_of(shared.views["table"], part)["x"].take(), x[rows])
        assert np.array_equal(
            shared.part_of(shared.views["plain"], part)["x"].take(), x[::-1][rows]
        )


def test_what_several_views_share_is_written_once(tmp_path):
    shared_data_in(tmp_path / "m")
    shapes = sorted(array.shape for array in written(tmp_path / "m"))
    assert [shape for shape in shapes if shape[0] == 50] == [(50,), (50,), (50, 3)]


def test_what_lies_in_a_file_already_is_not_written_again(tmp_path):
    np.save(tmp_path / "x.npy", np.zeros((50, 3), np.float32))
    x = np.load(tmp_path / "x.npy", mmap_mode="r").view()
    view = View(inputs={"x": Rows(base=x, rows=np.arange(50))}, sizes={})
    (tmp_path / "m").mkdir()
    targets = Rows(base=np.zeros(50), rows=np.arange(50))
    write_shared_data(tmp_path / "m", views={"table": view}, targets=targets, rows=PARTS)
    assert not [a for a in written(tmp_path / "m") if a.shape == (50, 3)]
    shared = SharedData(tmp_path / "m")
    taken = shared.part_of(shared.views["table"], "test")["x"]
    assert Path(taken.base.filename) == tmp_path / "x.npy"


def test_what_is_asked_goes_over_what_follows_from_the_data():
    arguments = page_arguments(JOB, {"in_features": 3, "category_sizes": [4, 2]})
    sizes = {"in_features": 3, "category_sizes": (4, 2), "out_features": 1}
    assert arguments == {**sizes, "hidden_sizes": (4,)}


def test_a_page_that_takes_no_categories_is_not_given_their_sizes():
    job = replace(JOB, architecture="lstm", arguments={})
    assert page_arguments(job, {"in_features": 3, "category_sizes": []}) == {
        "in_features": 3,
        "out_features": 1,
    }


def test_shared_data_that_was_pickled_is_not_opened(tmp_path):
    folder = shared_data_in(tmp_path / "m")
    np.save(folder / "train.npy", np.array([{"a": 1}], dtype=object), allow_pickle=True)
    with pytest.raises(ValueError, match="Python objects"):
        SharedData(folder)


def test_lists_become_tuples_at_every_depth():
    assert tuples({"blocks": [[1, [2]], "a"]}) == {"blocks": ((1, (2,)), "a")}


@pytest.mark.parametrize(("task", "columns"), [("binary", 1), ("multiclass", 4)])
def test_probabilities_of_a_row_add_up_to_one_even_for_huge_scores(task, columns):
    scores = np.array([[-1e30] * columns, [0.0] * columns, [1e4] * columns], np.float32)
    found = probabilities(scores, task)
    assert found.shape == (3, max(2, columns))
    assert np.allclose(found.sum(1), 1)


def test_an_error_is_told_in_one_line_and_named_where_its_text_alone_is_unclear():
    assert sentence(RequestError("lr is\n wrong")) == "lr is wrong"
    assert sentence(KeyError("x")) == "KeyError: 'x'"
    assert sentence(RuntimeError()) == "RuntimeError: no further word"


def test_a_missing_module_is_named_beside_the_sentence():
    with pytest.raises(ModuleNotFoundError) as caught:
        import no_such_framework  # noqa: F401
    assert failure(caught.value).missing_module == "no_such_framework"
    assert not failure(caught.value).mistake
    assert failure(ValueError("num_heads=3 does not divide 64")).mistake


def test_a_worker_ends_with_its_parent_even_in_the_middle_of_a_fit(tmp_path):
    recipe = {**JOB.recipe, "epochs": 10**9, "patience": 10**9}
    requests = [
        {"do": "hello", "framework": "torch", "device": "cpu"},
        {"do": "share", "folder": str(shared_data_in(tmp_path / "m"))},
        {
            "do": "fit",
            "jobs": [{"job": as_json(replace(JOB, recipe=recipe)), "folder": str(tmp_path)}],
            "smaller": False,
            "threads": 1,
            "checkpoint": str(tmp_path / "c.safetensors"),
        },
    ]
    worker = subprocess.Popen(
        [sys.executable, "-m", "bakeoff.train.worker"],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        env=environment("torch"),
        text=True,
    )
    try:
        worker.stdin.write("".join(json.dumps(request) + "\n" for request in requests))
        worker.stdin.flush()
        assert isinstance(from_line(worker.stdout.readline()), Ready)
        assert isinstance(from_line(worker.stdout.readline()).event, Epoch)
        worker.stdin.close()
        assert worker.wait(timeout=20) == 0
    finally:
        worker.kill()
        worker.wait()
        worker.stdout.close()


def test_a_probe_times_rows_of_usual_length():
    lengths = np.array([1, 500, 20, 22, 400, 25, 1, 21])
    source = Ragged(base=np.ones(500, np.int32), starts=np.zeros(8, int), lengths=lengths)
    usual = lengths[usual_rows({"x": source}, 2)]
    assert usual.tolist() == [400, 25]  # attention takes the square: 227 in the mean of these
    assert usual_rows({"x": source[:1]}, 1).tolist() == [0]
