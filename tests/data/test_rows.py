"""One row number: `row` is the row of the user's own file, in every file of a run."""

import polars as pl

import bakeoff
from tests.small import table


def test_predictions_join_to_the_users_file_by_row(tmp_path):
    """Rows without a target are left out; the others keep the row of the file."""
    lines = table().splitlines()
    for i in (1, 2, 40, 77):
        cells = lines[i].split(",")
        lines[i] = ",".join([*cells[:4], "", *cells[5:]])
    (tmp_path / "gaps.csv").write_text("\n".join(lines) + "\n", "utf-8")
    folder = tmp_path / "run"
    constant_run(tmp_path / "gaps.csv", folder)
    truth = pl.read_csv(tmp_path / "gaps.csv")["answer"]
    assert_truth(folder, truth, 18)
    parts = pl.read_parquet(folder / "data" / "split.parquet")
    assert sorted(parts["row"]) == [i + 1 for i, cell in enumerate(truth) if cell is not None]


def test_predictions_join_to_a_separate_test_file_by_its_own_rows(tmp_path):
    head, *lines = table().splitlines()
    cut = [[head, *lines[:90]], [head, *lines[90:]]]
    for name, part in zip(("train.csv", "test.csv"), cut, strict=True):
        (tmp_path / name).write_text("\n".join(part) + "\n", "utf-8")
    folder = tmp_path / "run"
    constant_run(tmp_path / "train.csv", folder, test=tmp_path / "test.csv")
    assert_truth(folder, pl.read_csv(tmp_path / "test.csv")["answer"], 30)
    parts = pl.read_parquet(folder / "data" / "split.parquet").filter(part="test")
    assert set(parts["file"]) == {"test.csv"}


def constant_run(data, folder, **options):
    """The smallest run there is: one baseline, one seed."""
    options |= {"inputs": ["age", "colour"], "models": ["constant"], "seeds": 1, "jobs": 1}
    return bakeoff.run(data, target="answer", out=folder, show="none", **options)


def assert_truth(folder, truth, count):
    """What the run calls true at a row is what the user's file says there."""
    for path in folder.glob("fits/*/*/predictions/answer.parquet"):
        judged = pl.read_parquet(path)
        assert len(judged) == count
        assert judged["truth"].to_list() == truth.gather(judged["row"] - 1).to_list()
