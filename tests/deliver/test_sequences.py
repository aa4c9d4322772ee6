"""Promises of runs on lists in cells, on tokens, and on folders of one file for each sequence."""

from pathlib import Path

import numpy as np
import polars as pl
import pytest

import bakeoff

from ..pictures import archive, folder
from ..small import Command

FRAMEWORKS = ["torch", pytest.param("tensorflow", marks=pytest.mark.nightly)]
FEW = {"seeds": 1, "show": "none"}


def sequences(lengths, seed=0):
    """Return sequences (T, 2) whose class is the sign of their first value, and the classes."""
    random = np.random.default_rng(seed)
    found = [random.normal(size=(length, 2)).round(3) for length in lengths]
    for values in found:
        values[:1, 0] = np.sign(values[:1, 0])
    return found, ["up" if len(v) and v[0, 0] > 0 else "down" for v in found]


def lengths_of(count, seed=0):
    return np.random.default_rng(seed).integers(1, 12, count)


def in_files(lengths, seed=0, labelled=True):
    """Return name -> bytes of one table of steps for each sequence, numbered as they stand."""
    found, labels = sequences(lengths, seed)
    return {
        f"{label + '/' if labelled else ''}{i:03d}.csv": pl.DataFrame(v, schema=["a", "b"])
        .write_csv()
        .encode()
        for i, (v, label) in enumerate(zip(found, labels, strict=True))
    }


@pytest.fixture(scope="module", params=FRAMEWORKS)
def listed(request, tmp_path_factory):
    """A run on a Parquet table with a column of lists."""
    place = tmp_path_factory.mktemp("listed")
    cells, labels = sequences(lengths_of(90))
    frame = pl.DataFrame({"v": [cell.tolist() for cell in cells], "y": labels})
    frame.write_parquet(place / "lists.parquet")
    return bakeoff.run(
        place / "lists.parquet",
        "y",
        models=("lstm", "linear", "random_kernels"),
        framework=request.param,
        epochs=2,
        out=place / "run",
        **FEW,
    )


@pytest.mark.parametrize("name", ["lstm", "linear", "random_kernels"])
@pytest.mark.parametrize("kind", ["lists", "arrays"])
def test_sequences_of_no_step_are_answered_all_alike_and_marked(listed, name, kind, tmp_path):
    """C 43: 100 to predict, two of length 0, one of length 1."""
    lengths = lengths_of(100, seed=1)
    lengths[[7, 60]], lengths[20] = 0, 1
    cells, _ = sequences(lengths, seed=1)
    given = pl.DataFrame({"v": [cell.tolist() for cell in cells]})
    if kind == "arrays":
        x = np.stack([np.pad(cell, ((0, 12 - len(cell)), (0, 0))) for cell in cells])
        np.savez(given := tmp_path / "new.npz", x=x, x_lengths=lengths)
    with pytest.warns(UserWarning, match=r"2 rows are without content, .*\(row 8 and row 61\)"):
        answered = listed.model(name).predict(given)
    shares = answered["p:up"].to_numpy()
    assert answered["row"].to_list() == list(range(1, 101))
    assert np.isfinite(shares).all()
    assert shares[7] == shares[60]
    alone = listed.model(name).predict({"v": [cells[20].tolist()]})["p:up"][0]
    assert shares[20] == pytest.approx(alone, abs=1e-6)


def test_the_toml_of_a_run_on_lists_reads_the_same_sequences(listed):
    from bakeoff.plan.experiment_file import read_experiment
    from bakeoff.plan.plan import read_data
    from bakeoff.runs.read_schema import read_fingerprint

    again = read_data(read_experiment(listed.folder / "bakeoff.toml"), {})
    assert again.fingerprint == read_fingerprint(listed.files)


@pytest.mark.parametrize("framework", FRAMEWORKS)
@pytest.mark.parametrize("ending", ["npz", pytest.param("parquet", marks=pytest.mark.nightly)])
def test_the_length_of_tokens_comes_from_the_data_and_0_is_a_word(
    command: Command, tmp_path: Path, ending, framework
):
    """C 37: [1, 2, 0, 0] is A, [1, 2] is B."""
    long = np.arange(80) % 2 == 0
    labels = np.where(long, "A", "B")
    path = tmp_path / f"tokens.{ending}"
    if ending == "npz":
        x = np.tile([1, 2, 0, 0], (80, 1))
        np.savez(path, x=x, x_lengths=np.where(long, 4, 2), y=labels)
    else:
        cells = [[1, 2, 0, 0] if row else [1, 2] for row in long]
        pl.DataFrame({"x": cells, "y": labels}).write_parquet(path)
    words = f"--target y --column x=tokens --models lstm --framework {framework} --seeds 1 "
    words += "--epochs 12 --lr 0.02 --quiet"
    said = command("run", path, *words.split(), "--out", tmp_path / "run")
    assert said.code == 0, said.err
    run = bakeoff.open_run(tmp_path / "run")
    assert run.leaderboard["score"].to_list() == [1.0]
    new = {"x": [[1, 2, 0, 0], [1, 2], [1, 2, 0, 0]]}
    assert run.best.predict(new)["prediction"].to_list() == ["A", "B", "A"]


@pytest.mark.parametrize("framework", FRAMEWORKS)
def test_a_folder_of_files_is_run_and_a_new_one_predicted(
    command: Command, tmp_path: Path, framework
):
    root = folder(tmp_path / "set", in_files(lengths_of(90)))
    words = f"--models lstm,linear --framework {framework} --seeds 1 --epochs 2"
    said = command("run", root, *words.split(), "--out", tmp_path / "run")
    assert said.code == 0, said.err
    assert f"bakeoff predict {tmp_path / 'run'} NEW_FOLDER" in " ".join(said.out.split())
    files = in_files(lengths_of(12, seed=2), seed=2, labelled=False)
    answers = []
    for new in (folder(tmp_path / "new", files), archive(tmp_path / "new.zip", files)):
        said = command("predict", tmp_path / "run", new, "--out", tmp_path / "answers.csv")
        assert said.code == 0, said.err
        answers.append(pl.read_csv(tmp_path / "answers.csv"))
    assert answers[0]["file"].to_list() == sorted(files)
    assert answers[0]["row"].to_list() == list(range(1, 13))
    assert answers[0].equals(answers[1])


@pytest.mark.nightly
def test_files_lists_and_a_long_table_reach_the_same_numbers(tmp_path):
    """The same steps in the same order, whatever they stand in."""
    lengths = lengths_of(90)
    cells, labels = sequences(lengths)
    long = pl.DataFrame({"id": np.repeat(np.arange(90), lengths), "y": np.repeat(labels, lengths)})
    steps = pl.DataFrame(np.concatenate(cells), schema=["a", "b"])
    given = {
        "long": (pl.concat([long, steps], how="horizontal"), {"target": "y", "sequence": "id"}),
        "lists": (pl.DataFrame({"v": [c.tolist() for c in cells], "y": labels}), {"target": "y"}),
        "files": (folder(tmp_path / "set", with_labels(cells, labels)), {"target": "y"}),
    }
    found = {}
    for name, (data, how) in given.items():
        run = bakeoff.run(
            data, models=("lstm", "linear"), epochs=2, out=tmp_path / name, **how, **FEW
        )
        found[name] = run.leaderboard.select("model", "score", "validation").to_dicts()
    assert found["lists"] == found["long"]
    assert found["files"] == found["long"]


def with_labels(cells, labels):
    """Return name -> bytes of files that hold their label in a column."""
    tables = [pl.DataFrame(cell, schema=["a", "b"]) for cell in cells]
    return {
        f"{i:03d}.csv": table.with_columns(y=pl.lit(label)).write_csv().encode()
        for i, (table, label) in enumerate(zip(tables, labels, strict=True))
    }
