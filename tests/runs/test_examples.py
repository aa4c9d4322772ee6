"""Promises of the examples that a run keeps: what was written is read, nothing else is drawn."""

import json

import numpy as np
import pytest
from safetensors.numpy import save_file

from bakeoff import DataError
from bakeoff.runs.examples import Example, Examples, read_examples, write_examples
from bakeoff.runs.folder import RunFolder

GREY = np.arange(12, dtype=np.uint8).reshape(3, 4)
COLOURS = np.zeros((3, 4, 3), np.uint8)
STEPS = np.ones((5, 2), np.float32)


@pytest.fixture
def folder(tmp_path):
    (tmp_path / "data").mkdir()
    return RunFolder(tmp_path)


def written(folder, kind="pictures", values=GREY):
    worst = Example(row=7, truth="cat", predicted="dog")
    examples = Examples(
        kind=kind, train=[(Example(row=3, truth="cat"), values)], worst=[(worst, values)]
    )
    write_examples(examples, folder)


@pytest.mark.parametrize(
    ("kind", "values"), [("pictures", GREY), ("pictures", COLOURS), ("sequences", STEPS)]
)
def test_what_was_written_is_read(kind, values, folder):
    written(folder, kind, values)
    found = read_examples(folder)
    assert found.kind == kind
    assert found.worst[0][0] == Example(row=7, truth="cat", predicted="dog")
    assert np.array_equal(found.train[0][1], values)


def test_a_run_of_a_table_has_none(folder):
    assert read_examples(folder) is None


@pytest.mark.parametrize(
    "values",
    [
        np.zeros((3, 4, 5), np.uint8),
        np.zeros((3, 4), np.float32),
        np.zeros((0, 4), np.uint8),
        np.zeros((900, 900), np.uint8),
    ],
)
def test_what_cannot_be_drawn_is_refused(values, folder):
    written(folder)
    save_file({"train-0": values, "worst-0": GREY}, folder.data / "examples.safetensors")
    with pytest.raises(DataError, match=r"examples.safetensors.*train-0 has shape"):
        read_examples(folder)


def test_more_than_a_page_can_show_is_refused(folder):
    written(folder)
    document = json.loads(folder.examples.read_text("utf-8"))
    document["train"] *= 101
    folder.examples.write_text(json.dumps(document), "utf-8")
    with pytest.raises(DataError, match="more than 100 examples"):
        read_examples(folder)


@pytest.mark.parametrize(
    "change", [{"kind": "films"}, {"more": 1}, {"train": [{"row": -1, "truth": "cat"}]}]
)
def test_a_changed_document_is_refused(change, folder):
    written(folder)
    document = json.loads(folder.examples.read_text("utf-8"))
    folder.examples.write_text(json.dumps({**document, **change}), "utf-8")
    with pytest.raises(DataError, match=r"examples\.json"):
        read_examples(folder)
