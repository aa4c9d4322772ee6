"""The folder of a stranger is refused in a sentence: it cannot write outside, loop, or run code.

Each test injures a copy of the stored run.
"""

import json
import os
import shutil
from pathlib import Path

import numpy as np
import polars as pl
import pytest
from safetensors.numpy import load_file, save_file

import bakeoff
from bakeoff import DataError, documents
from bakeoff.deliver.convert import convert_run
from bakeoff.report.contents import read_contents
from bakeoff.report.report import write_report
from bakeoff.runs.folder import RunFolder, open_folder

STORED = Path(__file__).parent / "format_2"
MLP, BOOSTING = "fits/mlp/torch-0-0", "fits/boosting/sklearn-0-0"
VALUES = (None, 3, -1.5, "text", "../../out", [], [[1]], {}, {"a": None}, True, 10**30)


@pytest.fixture
def run(tmp_path):
    """The folder of a copy of the stored run."""
    shutil.copytree(STORED / "run", tmp_path / "run")
    return tmp_path / "run"


def change(path, **fields):
    document = json.loads(path.read_text("utf-8"))
    path.write_text(json.dumps(document | fields), "utf-8")


def use(folder):
    """Do all that one does with a run."""
    run = bakeoff.open_run(folder)
    assert repr(run)
    assert len(run.leaderboard) == len(run.fits)
    assert len(run.predictions)
    for name in ("constant", "linear", "boosting", "mlp"):
        run.model(name).predict(STORED / "new.csv")
    assert run.best
    read_contents(open_folder(folder))  # what the report is made of
    convert_run(open_folder(folder), to="jax", model="mlp")


DOCUMENTS = [
    "status.json", "verdict.json", "environment.json", "data/schema.json", "data/findings.json",
    "data/transforms.json", f"{MLP}/fit.json", f"{BOOSTING}/fit.json",
]  # fmt: skip


def paths_in(value, path=()):
    """Yield the path of every value in a document."""
    yield path
    if isinstance(value, dict | list):
        for key, item in value.items() if isinstance(value, dict) else enumerate(value[:1]):
            yield from paths_in(item, (*path, key))


@pytest.mark.parametrize("name", DOCUMENTS)
def test_a_value_of_another_type_is_refused_by_file_or_does_no_harm(name, run, monkeypatch):
    monkeypatch.setattr("bakeoff.deliver.convert.need_keras", no_keras)
    file = run / name
    whole = json.loads(file.read_text("utf-8"))
    places = [path for path in paths_in(whole) if path]
    refused = 0
    for i, path in enumerate(places):
        document = json.loads(json.dumps(whole))
        part = document
        for key in path[:-1]:
            part = part[key]
        part[path[-1]] = VALUES[i % len(VALUES)]
        file.write_text(json.dumps(document), "utf-8")
        try:
            use(run)
        except bakeoff.BakeoffError as error:
            refused += isinstance(error, DataError) and name in str(error)
            assert "\n" not in str(error), path
    assert refused >= len(places) // 3


def no_keras(*frameworks):
    raise bakeoff.MissingPackageError("none here")


@pytest.mark.parametrize("name", DOCUMENTS)
@pytest.mark.parametrize("text", ["", "null", "[]", '{"format": 2}', "\x00\xff", "[" * 10**5])
def test_what_is_no_document_is_refused_by_file(name, text, run, monkeypatch):
    monkeypatch.setattr("bakeoff.deliver.convert.need_keras", no_keras)
    (run / name).write_text(text, "utf-8")
    with pytest.raises(DataError, match=Path(name).name):
        use(run)


@pytest.mark.parametrize(
    "name",
    ["leaderboard.parquet", "data/split.parquet", f"{MLP}/history.parquet",
     f"{MLP}/predictions/answer.parquet", f"{MLP}/weights.safetensors",
     f"{BOOSTING}/weights.safetensors", "data/transforms.safetensors"],
)  # fmt: skip
@pytest.mark.parametrize("content", [b"", b"PAR1" * 9, b"\xff" * 99], ids=["none", "part", "other"])
def test_a_damaged_table_or_array_is_refused_by_file(name, content, run):
    (run / name).write_bytes(content)
    with pytest.raises(DataError, match=Path(name).name):
        use(run)


@pytest.mark.parametrize(
    "name", ["leaderboard.parquet", "data/split.parquet", f"{MLP}/history.parquet",
             f"{MLP}/predictions/answer.parquet"],
)  # fmt: skip
def test_a_table_of_other_columns_is_refused_by_file(name, run):
    pl.DataFrame({"a": ["x"]}).write_parquet(run / name)
    with pytest.raises(DataError, match=Path(name).name):
        use(run)


@pytest.mark.parametrize("word", ["../../victim", "..", "/tmp/victim", "", "a/b", "NUL\0"])
@pytest.mark.parametrize("field", ["model", "framework"])
def test_a_name_that_is_a_path_leads_nowhere(field, word, run, tmp_path):
    change(run / MLP / "fit.json", **{field: word})
    with pytest.raises(DataError, match=r"fit\.json"):
        convert_run(open_folder(run), to="tensorflow", model="mlp")
    verdict = json.loads((run / "verdict.json").read_text("utf-8"))
    change(run / "verdict.json", best={**verdict["best"], field: word})
    with pytest.raises(DataError, match=r"verdict\.json"):
        convert_run(open_folder(run), to="tensorflow")
    assert not list(tmp_path.rglob("weights-*"))


def test_a_link_out_of_the_folder_is_refused(run, tmp_path):
    outside = tmp_path / "outside"
    outside.mkdir()
    for link, target in [
        (run / MLP / "weights-tensorflow.safetensors", tmp_path / "victim"),
        (run / "report.html", tmp_path / "victim"),
        (run / "fits" / "gru", outside),
    ]:
        link.unlink(missing_ok=True)
        link.symlink_to(target)
        with pytest.raises(DataError, match=f"{link.name} is "):
            open_folder(run)
        link.unlink()
    assert open_folder(run)


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="there are no pipes")
def test_a_pipe_is_not_waited_for(run):
    (run / "status.json").unlink()
    os.mkfifo(run / "status.json")
    with pytest.raises(DataError, match="not a regular file"):
        open_folder(run)


def test_a_file_larger_than_any_run_has_is_not_read(run, monkeypatch):
    monkeypatch.setitem(documents.MOST_BYTES, ".toml", 10)
    with pytest.raises(DataError, match=r"bakeoff\.toml has [\d,]+ bytes; such a file has 10"):
        open_folder(run)


def test_a_table_that_says_it_is_huge_is_not_unpacked(run, monkeypatch):
    monkeypatch.setattr("bakeoff.judge.leaderboard.MOST_LINES", 3)
    with pytest.raises(DataError, match=r"leaderboard\.parquet.*4 rows of 23 columns are more"):
        write_report(open_folder(run))


@pytest.mark.parametrize(
    ("name", "make"),
    [
        ("left", lambda nodes: np.where(nodes >= 0, 0, nodes)),  # back to the root: no end
        ("right", lambda nodes: np.where(nodes >= 0, np.arange(len(nodes)), nodes)),  # to itself
        ("left", lambda nodes: np.where(nodes >= 0, 10**9, nodes)),
        ("roots", lambda nodes: nodes - 1),
        ("value", lambda nodes: nodes[:3]),
        ("feature", lambda nodes: nodes[:-1]),
    ],
)
def test_trees_that_have_no_end_are_refused(name, make, run):
    weights = run / BOOSTING / "weights.safetensors"
    arrays = load_file(weights)
    assert (arrays["left"] >= 0).any()
    save_file(arrays | {name: np.ascontiguousarray(make(arrays[name]))}, weights)
    with pytest.raises(DataError, match=r"weights\.safetensors is damaged"):
        bakeoff.open_run(run).model("boosting").predict(STORED / "new.csv")


@pytest.mark.parametrize(
    ("arguments", "file"),
    [
        ({"hidden_sizes": [10**9]}, "weights.safetensors"),
        ({"hidden_sizes": [9000] * 9}, "weights.safetensors"),
        ({"hidden_sizes": [1] * 10**5}, "weights.safetensors"),  # a minute, were it built
        ({"hidden_sizes": "x"}, "fit.json"),
        ({"sizes": 3}, "fit.json"),
    ],
)
def test_a_network_is_not_built_larger_than_its_weights(arguments, file, run):
    change(run / MLP / "fit.json", arguments=arguments)
    with pytest.raises(DataError, match=f"{file} is damaged"):
        bakeoff.open_run(run).model("mlp").predict(STORED / "new.csv")


def test_a_fit_in_the_folder_of_another_is_refused(run):
    shutil.copytree(run / MLP, run / "fits" / "other" / "torch-0-0")
    with pytest.raises(DataError, match="belongs in another folder"):
        RunFolder(run).fits("other")[0].read()
