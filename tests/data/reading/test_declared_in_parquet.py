"""What a library or a file declares a column to be, it is."""

import io

import numpy as np
import pandas as pd
import polars as pl
import pytest

from bakeoff.data.read import read
from bakeoff.data.reading.declared_in_parquet import declared_in_parquet

CODES = [30, 7, 512, 41] * 20


def frames():
    """A column of codes that has no order, declared to be a category."""
    return {
        "pandas": pd.DataFrame({"c": pd.Categorical(CODES)}),
        "polars Categorical": pl.DataFrame({"c": pl.Series(map(str, CODES), dtype=pl.Categorical)}),
        "polars Enum": pl.DataFrame(
            {"c": pl.Series(map(str, CODES), dtype=pl.Enum(["7", "30", "41", "512"]))}
        ),
    }


@pytest.mark.parametrize("form", frames())
def test_a_declared_category_is_one_whatever_its_digits(form):
    frame = frames()[form]
    y = np.linspace(0, 1, len(CODES))
    data = frame.assign(y=y) if form == "pandas" else frame.with_columns(y=pl.Series(y))
    column = read(data, target="y").schema.column("c")
    assert (column.kind, column.distinct) == ("category", 4)


@pytest.mark.parametrize("form", frames())
def test_a_declared_category_as_target_has_classes(form):
    frame = frames()[form]
    a = np.linspace(0, 1, len(CODES))
    data = frame.assign(a=a) if form == "pandas" else frame.with_columns(a=pl.Series(a))
    assert read(data, target="c").schema.tasks["c"] == "multiclass"


def test_parquet_of_pandas_keeps_its_categories(tmp_path):
    pytest.importorskip("pyarrow")
    path = tmp_path / "t.parquet"
    frames()["pandas"].assign(y=np.linspace(0, 1, len(CODES))).to_parquet(path)
    assert read(path, target="y").schema.column("c").kind == "category"


def test_a_dictionary_of_integers_in_parquet_is_a_category(tmp_path):
    pa = pytest.importorskip("pyarrow")
    from pyarrow import parquet

    columns = {"n": CODES, "c": pa.array(CODES).dictionary_encode(), "y": np.arange(80) / 7}
    parquet.write_table(pa.table(columns), tmp_path / "t.parquet")
    schema = read(tmp_path / "t.parquet", target="y").schema
    assert (schema.column("n").kind, schema.column("c").kind) == ("number", "category")


def test_the_arrow_schema_of_polars_is_read_without_pyarrow():
    buffer = io.BytesIO()
    frames()["polars Enum"].with_columns(n=pl.lit(1)).write_parquet(buffer)
    assert declared_in_parquet(buffer.getvalue()) == ("c",)


def test_bytes_that_are_no_parquet_declare_nothing():
    assert declared_in_parquet(b"PAR1 and nothing else") == ()


def test_intervals_are_categories_and_periods_are_dates():
    frame = pd.DataFrame(
        {
            "when": pd.period_range("2020-01", periods=40, freq="M"),
            "bin": pd.cut(np.arange(40), 4),
            "bins": pd.arrays.IntervalArray.from_breaks(range(11)).take(np.arange(40) % 10),
            "y": np.arange(40) / 7,
        }
    )
    schema = read(frame, target="y").schema
    assert [column.kind for column in schema.columns[:3]] == ["time", "category", "category"]


def test_masked_values_are_missing():
    x = np.arange(80.0).reshape(40, 2)
    x[3, 1] = -9999
    dataset = read((np.ma.masked_equal(x, -9999), np.arange(40) % 2))
    assert np.isnan(dataset.arrays["x"][3, 1])
    assert dataset.arrays["x"].min(where=~np.isnan(dataset.arrays["x"]), initial=0) == 0


def test_na_in_a_dict_is_missing_and_arrays_in_cells_are_sequences():
    rng = np.random.default_rng(0)
    columns = {
        "a": list(pd.array([1, None, 3, 5] * 10, dtype="Int64")),
        "e": [rng.normal(size=4) for _ in range(40)],
        "y": ["p", "q"] * 20,
    }
    schema = read(columns, target="y").schema
    assert (schema.column("a").kind, schema.column("a").missing) == ("number", 10)
    assert schema.column("e").kind == "sequence"


@pytest.mark.parametrize("name", ["__index_level_0__", "Unnamed: 0", "level_0", ""])
def test_an_index_in_a_file_is_no_input(name, write):
    rows = np.random.default_rng(0).permutation(400)[:40]
    path = write(f"{name},a,y\n" + "".join(f"{i},{i % 7 * 0.5},{i * 0.25}\n" for i in rows))
    schema = read(path, target="y").schema
    assert schema.columns[0].kind == "identifier"
    assert schema.inputs == ("a",)
