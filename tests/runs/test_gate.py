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
from bakeoff import DataError, RunError, documents
from bakeoff.data.columns.column import Schema, column_from_dict
from bakeoff.data.splitting.split_file import summarise_split
from bakeoff.deliver.convert import convert_run
from bakeoff.deliver.trained_model import blank_row, load_model
from bakeoff.judge.judge_run import count_readings
from bakeoff.report.contents import read_contents
from bakeoff.report.report import write_report
from bakeoff.runs.fit_folder import CURVES, FitFolder
from bakeoff.runs.folder import RunFolder, open_folder
from bakeoff.runs.read_schema import read_fingerprint
from tests.fuzz.mutate import Limits

STORED = Path(__file__).parent / "format_2"
MLP, BOOSTING = "fits/mlp/torch-0-0", "fits/boosting/sklearn-0-0"
COLUMN = {"name": "x", "kind": "sequence", "reason": "", "missing": 0, "distinct": 0}
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


def test_a_field_that_is_unknown_was_written_by_a_newer_version(run):
    for name, field in [
        ("status.json", "colour"), ("verdict.json", "best.colour"),
        ("data/schema.json", "schema.columns[0].colour"), (f"{MLP}/fit.json", "colour"),
        ("data/findings.json", "leaks[0].colour"), ("environment.json", "colour"),
    ]:  # fmt: skip
        whole = (run / name).read_text("utf-8")
        document = json.loads(whole)
        part = document
        for key in field.split(".")[:-1]:
            part = {"best": part.get("best"), "columns[0]": part.get("columns", [0])[0],
                    "leaks[0]": part.get("leaks", [0])[0], "schema": part}[key]  # fmt: skip
        part["colour"] = "red"
        (run / name).write_text(json.dumps(document), "utf-8")
        with pytest.raises(DataError, match=rf"{name} has the field '.*colour'.*a newer one wrote"):
            use(run)
        (run / name).write_text(whole, "utf-8")


@pytest.mark.parametrize(
    ("name", "fields", "said"),
    [
        ("status.json", {"status": "done"}, "status is 'done', not one of 'unfinished'"),
        ("status.json", {"fits": -1}, "fits is -1, not from 0"),
        ("status.json", {"fits": None}, "fits is None, not an integer"),
        ("verdict.json", {"test_rows": 2**60}, "test_rows is .* not from 0"),
        (f"{MLP}/fit.json", {"stopped": "tired"}, "No fit.stopped|No stopped called 'tired'"),
        (f"{MLP}/fit.json", {"device": "../x"}, "No device called"),
        (f"{MLP}/fit.json", {"recipe": {"lr": 1}}, "recipe has the settings lr"),
        (f"{MLP}/fit.json", {"status": "failed"}, "status is 'failed'"),
        (f"{MLP}/fit.json", {"train_seconds": -1}, "train_seconds is -1, not from"),
        ("data/transforms.json", {"task": "guess"}, "task is 'guess', not one of 'binary'"),
        ("data/fingerprint.json", {"rows": "many"}, "rows is 'many', not an integer"),
    ],
)
def test_a_field_has_its_words_and_its_range(name, fields, said, run):
    change(run / name, **fields)
    with pytest.raises(DataError, match=rf"{Path(name).name} is damaged: ({said})"):
        use(run)
        read_fingerprint(RunFolder(run))


@pytest.mark.parametrize("number", ["NaN", "-Infinity", "1e999", "1" * 400, "9223372036854775808"])
def test_a_number_that_is_none_or_too_large_is_refused(number, run):
    text = (run / "verdict.json").read_text("utf-8")
    score = text.partition('"score": ')[2].partition(",")[0]
    (run / "verdict.json").write_text(text.replace(score, number, 1), "utf-8")
    with pytest.raises(DataError, match=r"verdict\.json is damaged: .*(number|integer)"):
        bakeoff.open_run(run).verdict  # noqa: B018


def test_half_a_letter_is_refused(run):
    change(run / "verdict.json", sentence="\ud800")
    with pytest.raises(DataError, match=r"verdict\.json is damaged: .*surrogates"):
        bakeoff.open_run(run).verdict  # noqa: B018


def test_a_document_of_countless_values_is_not_built(run, monkeypatch):
    monkeypatch.setattr(documents, "MOST_VALUES", 200)
    (run / "verdict.json").write_text('{"format": 2, "a": [' + "{}," * 200 + "1]}", "utf-8")
    with pytest.raises(DataError, match=r"verdict\.json is damaged: it holds more than 200 values"):
        bakeoff.open_run(run).verdict  # noqa: B018


@pytest.mark.parametrize(
    ("name", "make"),
    [
        ("data/split.parquet", lambda: {"row": [1] * 10**5, "part": ["train"] * 10**5}),
        ("data/split.parquet", lambda: {"row": [1] * 9, "part": ["a" * 10**6] * 9}),
        (f"{MLP}/history.parquet", lambda: dict.fromkeys(CURVES, [1.0] * 10**5)),
    ],
    ids=["rows", "texts", "numbers"],
)
def test_a_table_that_would_fill_the_memory_is_not_unpacked(name, make, run, monkeypatch):
    pl.DataFrame(make()).write_parquet(run / name)
    assert (run / name).stat().st_size < 10**4
    monkeypatch.setattr(documents, "MOST_UNPACKED", 10**6)
    monkeypatch.setattr(pl, "read_parquet", lambda path: pytest.fail("it was unpacked"))
    with pytest.raises(DataError, match=rf"{Path(name).name} is damaged: its [\d,]+ rows"):
        summarise_split(run / name) if "split" in name else FitFolder(run / MLP).history()


@pytest.mark.parametrize("column", [[["train"] * 9], [b"train"], [{"a": 1}]])
def test_a_column_of_anything_but_numbers_and_texts_is_refused(column, run):
    pl.DataFrame({"row": [1], "part": column}).write_parquet(run / "data/split.parquet")
    with pytest.raises(DataError, match=r"split\.parquet is damaged"):
        summarise_split(run / "data/split.parquet")


def test_the_header_of_arrays_has_an_end(run):
    with (run / MLP / "weights.safetensors").open("wb") as file:
        file.write((10**9).to_bytes(8, "little"))
        file.truncate(2 * 10**9)  # sparse
    with Limits(seconds=5, megabytes=300), pytest.raises(DataError, match=r"no whole safetensors"):
        bakeoff.open_run(run).model("mlp").predict(STORED / "new.csv")


def test_weights_are_not_read_before_their_shapes_are_known(run, monkeypatch):
    arrays = load_file(run / MLP / "weights.safetensors")
    save_file(arrays | {"head.bias": np.zeros(10**6)}, run / MLP / "weights.safetensors")
    monkeypatch.setattr("safetensors.numpy.load_file", refuse_weights)
    with pytest.raises(DataError, match=r"head\.bias has the shape \(1000000,\) instead of \(1,\)"):
        load_model(FitFolder(run / MLP), *seen_by(run, "mlp"))


def refuse_weights(path):
    assert "transforms" in str(path), "the weights were read"
    return load_file(path)


def seen_by(run, name):
    """Return the job of a model, and a row as it sees it."""
    model = bakeoff.open_run(run).model(name)
    return model.fit.job, model.blank


@pytest.mark.parametrize("name", ["linear", "boosting", "constant"])
def test_a_baseline_whose_arrays_do_not_go_with_the_data_is_refused(name, run):
    weights = run / "fits" / name / "sklearn-0-0" / "weights.safetensors"
    whole = load_file(weights)
    for key, array in whole.items():
        if array.size and key not in ("threshold", "value", "missing_left", "left", "right"):
            save_file(whole | {key: np.repeat(array[:1], 7, axis=0)}, weights)
            try:
                found = bakeoff.open_run(run).model(name).predict(STORED / "new.csv")
                assert len(found) == 8
            except DataError as error:
                assert "weights.safetensors is damaged" in str(error), key


def test_many_roots_of_one_tree_are_refused(run):
    weights = run / BOOSTING / "weights.safetensors"
    arrays = load_file(weights)
    save_file(arrays | {"roots": np.zeros(10**5, np.int64)}, weights)  # each walked for every row
    with pytest.raises(DataError, match="the trees do not stand one after the other"):
        bakeoff.open_run(run).model("boosting").predict(STORED / "new.csv")


@pytest.mark.parametrize("name", ["means", "lows", "knots", "sizes"])
def test_a_transform_of_another_width_is_refused(name, run):
    path = run / "data" / "transforms.safetensors"
    arrays = load_file(path)
    key = next(key for key in arrays if key.endswith(f"/{name}"))
    save_file(arrays | {key: np.concatenate([arrays[key]] * 2)}, path)
    if not len(arrays[key]):
        save_file(arrays | {key: np.ones(3, arrays[key].dtype)}, path)
    with pytest.raises(DataError, match=r"transforms\.json is damaged"):
        bakeoff.open_run(run).best.predict(STORED / "new.csv")


def test_a_row_of_countless_numbers_is_not_made(run):
    form = {"type": "shape", "sizes": [10**6, 10**6]}
    schema = Schema(
        columns=(column_from_dict(0, COLUMN | {"form": form}),),
        inputs=("x",),
        targets=("y",),
    )
    with pytest.raises(DataError, match="has more than 50,000,000 numbers"):
        blank_row(schema)


def test_folders_without_end_are_not_walked(run):
    (run / Path(*["d"] * 500)).mkdir(parents=True)
    with pytest.raises(DataError, match="is a folder where a run has none"):
        open_folder(run)


def test_what_is_written_never_goes_through_a_link(run, tmp_path, monkeypatch):
    monkeypatch.setattr("bakeoff.deliver.convert.need_keras", no_keras)
    victim = tmp_path / "victim"
    folder = open_folder(run)
    folder.report.unlink()
    for link in (folder.report, run / MLP / "weights-jax.safetensors"):  # put there afterwards
        link.symlink_to(victim)
        link.with_name(link.name + ".part").symlink_to(victim)
    write_report(folder)
    convert_run(folder, to="jax", model="mlp")
    assert not victim.exists()
    assert not folder.report.is_symlink()


def test_a_folder_in_the_place_of_the_report_is_named(run):
    (run / "report.html").unlink()
    (run / "report.html" / "x").mkdir(parents=True)
    with pytest.raises(RunError, match=r"report\.html cannot be written: .*directory"):
        write_report(open_folder(run))


def test_a_run_that_may_only_be_read_is_used_and_says_what_cannot_be_written(run, monkeypatch):
    monkeypatch.setattr("bakeoff.deliver.convert.need_keras", no_keras)
    monkeypatch.setattr(Path, "write_text", forbidden)
    monkeypatch.setattr("safetensors.numpy.save_file", forbidden)
    assert len(bakeoff.open_run(run).best.predict(STORED / "new.csv")) == 8
    with pytest.raises(RunError, match=r"report\.html cannot be written: Permission denied"):
        write_report(open_folder(run))
    with pytest.raises(RunError, match=r"cannot be written: Permission denied"):
        convert_run(open_folder(run), to="jax", model="mlp")


def forbidden(*_, **__):
    raise PermissionError(13, "Permission denied")


def test_a_leaderboard_without_scores_still_has_a_report(run):
    table = pl.read_parquet(run / "leaderboard.parquet")
    names = ("score", "low", "high", "tier", "rank")
    nothing = [pl.lit(None).cast(table[name].dtype).alias(name) for name in names]
    table.with_columns(nothing).write_parquet(run / "leaderboard.parquet")
    assert "Results for" in write_report(open_folder(run)).read_text("utf-8")
    assert "none of them with a score" in repr(bakeoff.open_run(run))


@pytest.mark.parametrize("name", ["a run with blanks", "größe-测试-😀", "x" * 200, "a'b\"c#%d"])
def test_a_run_may_stand_anywhere(name, run, tmp_path):
    place = tmp_path / name / name
    shutil.copytree(run, place)
    found = bakeoff.open_run(place)
    assert len(found.best.predict(STORED / "new.csv")) == 8
    assert "Results for" in write_report(open_folder(place)).read_text("utf-8")


def test_neighbours_that_are_strange_or_countless_are_passed_over(run, monkeypatch):
    place = run.parent
    shutil.copytree(run, place / "same")
    for name in ("circle", "beside"):
        (place / name).symlink_to(place)
    os.mkfifo(place / "pipe")
    (place / "fifo" / "data").mkdir(parents=True)
    os.mkfifo(place / "fifo" / "data" / "fingerprint.json")
    (place / "fifo" / "verdict.json").write_text("{}", "utf-8")
    (place / "linked").mkdir()
    (place / "linked" / "data").symlink_to(run / "data")
    (place / "linked" / "verdict.json").write_text("{}", "utf-8")
    assert count_readings(RunFolder(run), read_fingerprint(RunFolder(run))) == 2
    for number in range(300):
        (place / f"file-{number}").touch()
    monkeypatch.setattr("bakeoff.runs.folder.MOST_BESIDE", 100)
    monkeypatch.setattr("bakeoff.judge.judge_run.read_fingerprint", counting := Counting())
    count_readings(RunFolder(run), "none")
    assert counting.times <= 101


class Counting:
    """Counts how often a fingerprint is read."""

    times = 0

    def __call__(self, folder):
        self.times += 1
        return "none"
