"""New data is read by the schema of the run, cell by cell, whatever it looks like itself."""

from datetime import UTC, datetime, timedelta

import numpy as np
import pandas as pd
import polars as pl
import pytest

from bakeoff.data.columns.read_column import read_column, read_like
from bakeoff.data.read import read, read_inputs
from bakeoff.errors import DataError


def trained(values, **how):
    return read_column(pl.Series("c", values), **how).column


def like(values, column, **how):
    reading = read_like(pl.Series("c", values), column, **how)
    return reading.values.tolist(), [note.text for note in reading.notes]


@pytest.mark.parametrize(
    "new",
    [[True, False], [1, 0], [1.0, 0.0], ["True", "False"], ["1", "0"], ["yes", "no"], ["Y", "N"]],
)
@pytest.mark.parametrize("old", [[True, False], [1, 0], ["yes", "no"], ["T", "F"]])
def test_a_truth_is_the_same_however_it_is_written(old, new):
    column = trained(old * 20)
    expected = read_column(pl.Series("c", old * 20)).values[:2].tolist()
    assert like(new, column)[0] == expected


def test_a_word_that_is_none_of_the_two_is_missing_and_counted():
    column = trained(["yes", "no"] * 20)
    values, notes = like(["yes", "perhaps", "no", "maybe"], column)
    assert values == ["yes", None, "no", None]
    assert notes == [
        "c: 2 cells are no word that means 'no' or 'yes' as in training, read as missing: "
        "'perhaps' at row 2, 'maybe' at row 4."
    ]


DAYS = [f"{day:02d}/{month:02d}/2023" for month in range(1, 13) for day in range(1, 29)]


@pytest.mark.parametrize(
    ("cell", "day"),
    [
        ("03/04/2024", "2024-04-03"),
        ("12/31/2024", None),
        ("unknown", None),
        ("31/02/2024", None),
        ("2024-04-03", "2024-04-03"),
        ("03/04/2024 10:30", "2024-04-03"),
    ],
)
def test_one_date_never_changes_the_form_of_the_others(cell, day):
    column = trained(DAYS)
    values, notes = like(["05/11/2024", cell, "01/12/2024"], column)
    shown = [None if value is None else value.strftime("%Y-%m-%d") for value in values]
    assert shown == ["2024-11-05", day, "2024-12-01"]
    assert len(notes) == (cell != "03/04/2024")
    assert all(f"{cell!r} at row 2" in note for note in notes)


ZONE = "America/New_York"
INSTANTS = [datetime(2024, 3, 8, tzinfo=UTC) + timedelta(hours=7 * i) for i in range(40)]


def in_forms():
    """The same instants, as libraries and files give them."""
    frame = pd.Series(pd.to_datetime(INSTANTS)).dt.tz_convert(ZONE)
    typed = pl.Series("c", INSTANTS).dt.convert_time_zone(ZONE)
    return {
        "polars": typed,
        "polars, UTC": pl.Series("c", INSTANTS),
        "pandas": read_frame(frame),
        "pandas, UTC": read_frame(frame.dt.tz_convert("UTC")),
        "CSV of pandas": pl.Series("c", frame.astype(str).to_list()),
        "CSV of polars": typed.to_frame().write_csv().splitlines()[1:],
        "ISO with Z": [instant.strftime("%Y-%m-%dT%H:%M:%SZ") for instant in INSTANTS],
    }


def read_frame(column):
    from bakeoff.data.reading.frames import pandas_column

    return pandas_column("c", column)


@pytest.mark.parametrize("form", in_forms())
def test_an_instant_has_the_hour_of_the_zone_that_was_trained_with(form):
    column = read_column(in_forms()["pandas"]).column
    assert column.form.zone == ZONE
    expected = read_column(in_forms()["pandas"]).values
    assert (read_like(pl.Series("c", in_forms()[form]), column).values == expected).all()


def test_times_without_a_zone_are_those_of_training_and_that_is_said():
    column = read_column(in_forms()["pandas"]).column
    naive = [instant.replace(tzinfo=None) for instant in INSTANTS]
    values, notes = like(naive, column)
    assert values == naive
    assert notes == ["c: times without a zone are taken as those of America/New_York."]


def test_a_number_in_another_form_is_read_where_it_can_be_only_one():
    values, notes = like(["1.5", "2,5", "1,234", "x"], trained(["0.5", "1.5"] * 20 + ["7.25"]))
    assert np.isnan(values[2:]).all()
    assert values[:2] == [1.5, 2.5]
    assert "2 cells are no number as in training, read as missing: '1,234' at row 3" in notes[0]
    assert "1 cell is written in another form than in training: '2,5' at row 2" in notes[1]


def test_a_label_that_training_lacks_stays_a_class_of_its_own():
    column = trained(["yes", "no"] * 20)
    assert like(["yes", "perhaps", "None"], column, target=True) == (["yes", "perhaps", "None"], [])


def pictures(dtype, scale):
    rng = np.random.default_rng(0)
    x = rng.integers(0, 256, (40, 4, 4, 1)).astype(np.uint8)
    return (x / 255 * scale).astype(dtype)


@pytest.mark.parametrize("trained_as", ["bytes", "unit"])
def test_pictures_in_another_unit_are_converted_and_that_is_said(trained_as):
    by_unit = {"bytes": pictures(np.uint8, 255), "unit": pictures(np.float32, 1)}
    y = np.arange(40) % 2
    schema = read((by_unit[trained_as], y)).schema
    other = "unit" if trained_as == "bytes" else "bytes"
    found = read_inputs(by_unit[other], schema)
    assert np.allclose(found.arrays["x"], by_unit[trained_as], atol=1e-2)
    assert "by 255" in found.notes[0]
    assert read_inputs(by_unit[trained_as], schema).notes == ()


def test_a_file_of_texts_is_read_like_a_frame_of_dates(write):
    hours = [instant.hour for instant in INSTANTS]
    frame = pd.DataFrame({"t": pd.to_datetime(INSTANTS), "y": hours}).assign(a=range(40))
    frame["t"] = frame["t"].dt.tz_convert(ZONE)
    frame.tail(10).to_csv(path := write("", "test.csv"), index=False)
    dataset = read(frame.head(30), target="y", test=path, kinds={"y": "number", "a": "number"})
    assert dataset.schema.column("t").form.zone == ZONE
    assert (dataset.arrays["t"] == read_column(in_forms()["pandas"]).values).all()


def test_cells_that_hold_lists_of_words_are_left_out_of_every_file():
    train = {"a": [1.0, 2.5, 3.5, 7.0] * 10, "e": [["b", "c"]] * 40, "y": [0, 1] * 20}
    test = {"a": [1.0, 2.5], "e": [["b", "d"]] * 2, "y": [0, 1]}
    assert read(train, target="y", test=test).schema.inputs == ("a",)


def test_kinds_come_from_the_training_file_when_there_is_a_test_file():
    train = {"a": [1.0, 2.5, 3.5, 7.0] * 10, "y": [0, 1] * 20}
    test = {"a": ["1.0", "broken", "broken", "broken"], "y": [0, 1, 0, 1]}
    dataset = read(train, target="y", test=test)
    assert dataset.schema.column("a").kind == "number"
    assert np.isnan(dataset.arrays["a"][-3:]).all()
    assert any("3 cells are no number" in note and "row 2 of" in note for note in dataset.notes)


@pytest.mark.parametrize(
    ("stray", "task"), [(["7", "0"], "binary"), (["unknown", "1"], "binary"), (["", "0"], "binary")]
)
def test_a_stray_label_in_the_test_file_does_not_decide_the_task(stray, task, write):
    train = write("a,y\n" + "".join(f"{i * 1.5},{i % 2}\n" for i in range(40)))
    test = write("a,y\n" + "".join(f"1.5,{label}\n" for label in stray), "test.csv")
    dataset = read(train, target="y", test=test)
    assert dataset.schema.tasks["y"] == task
    assert len(dataset) == 42 - (stray[0] == "")


def test_an_amount_that_is_none_in_the_test_file_is_refused_there(write):
    train = write("a,y\n" + "".join(f"{i * 1.5},{i * 0.5}\n" for i in range(40)))
    test = write("a,y\n1.5,2.5\n2.5,unknown\n", "test.csv")
    with pytest.raises(DataError, match=r"'unknown' at row 2 of test\.csv"):
        read(train, target="y", test=test)


def test_what_run_takes_predict_takes():
    X = {"a": [0.5, 1.5] * 20, "b": ["u", "v", "w", "u"] * 10}  # noqa: N806
    schema = read({**X, "target": ["p", "q"] * 20}, target="target").schema
    frame = pd.DataFrame(X)
    for data in (X, frame, pl.DataFrame(X), (frame, ["p", "q"] * 20), frame.to_dict("records")):
        assert len(read_inputs(data, schema)) == 40
    assert read_inputs({"a": 1.0, "b": "u"}, schema).arrays["b"].tolist() == ["u"]
