"""Promises of long tables: one row a step, the rows of one id are one sequence."""

import json

import numpy as np
import polars as pl
import pytest

from bakeoff.data.columns.column import schema_from_dict, schema_to_dict
from bakeoff.data.preparing.preparation import fit_preparation
from bakeoff.data.read import read, read_inputs
from bakeoff.data.splitting.split import make_split
from bakeoff.errors import DataError, RequestError

LENGTHS = (3, 12, 1, 5, 2, 4, 7, 6)


def table(**columns):
    """Return eight sequences of 1 to 12 steps: a is 100 · id + t, and the label is even or odd."""
    rows = [(i, t) for i, length in enumerate(LENGTHS, 1) for t in range(1, length + 1)]
    ids, times = (np.array(column) for column in zip(*rows, strict=True))
    own = {"id": ids, "t": times, "a": 100.0 * ids + times, "b": (times % 2).astype(float)}
    frame = pl.DataFrame({**own, "y": np.where(ids % 2 == 0, "even", "odd")})
    return frame.with_columns(pl.Series(name, make(frame)) for name, make in columns.items())


def as_texts(frame):
    return frame.with_columns(pl.col("id", "t").cast(pl.String))


def shuffled(frame, seed=0):
    return frame.sample(fraction=1, shuffle=True, seed=seed)


def sequences(frame, **given):
    return read(frame, **{"target": "y", "sequence": "id", "time": "t", **given})


def same(one, other):
    lengths = [dataset.arrays["steps"].lengths for dataset in (one, other)]
    equal = [np.array_equal(one.arrays[name], other.arrays[name]) for name in ("steps", "y")]
    return np.array_equal(*lengths) and all(equal)


def test_the_rows_of_an_id_become_one_padded_sequence():
    dataset = sequences(table())
    assert dataset.arrays["steps"].shape == (8, 12, 2)
    assert dataset.arrays["steps"].lengths.tolist() == list(LENGTHS)
    assert dataset.arrays["steps"][3, :, 0].tolist() == [401, 402, 403, 404, 405] + [0] * 7
    assert dataset.arrays["y"].tolist() == ["odd", "even"] * 4


def test_shuffled_rows_with_times_as_text_give_the_same_arrays():
    dataset = sequences(shuffled(as_texts(table())))
    assert same(dataset, sequences(table()))
    assert dataset.arrays["steps"][1, :, 0].tolist() == list(range(201, 213))  # 10 follows 9
    assert dataset.notes[0].startswith("5 sequences do not stand in the order of t, and are sorted")


@pytest.mark.parametrize("pattern", ["%d.%m.%Y", "%Y-%m-%d %H:%M", ""])
def test_dates_order_the_steps_as_dates(pattern):
    days = pl.datetime(2024, 1, 28) + pl.duration(days=pl.col("t"))
    days = days.dt.strftime(pattern) if pattern else days
    frame = table().with_columns(t=days)
    assert same(sequences(shuffled(frame)), sequences(table()))


def test_whole_numbers_keep_the_order_of_their_last_digit():
    frame = table(t=lambda f: 1_700_000_000_000_000_000 + f["t"])
    assert same(sequences(shuffled(frame)), sequences(table()))
    assert same(sequences(shuffled(as_texts(frame))), sequences(table()))


def test_without_a_time_the_steps_stand_in_the_order_of_the_file():
    frame = table().drop("t")[::-1]
    dataset = sequences(frame, time=None)
    assert dataset.arrays["steps"][0, :3, 0].tolist() == [103, 102, 101]
    assert "in the order of the file" in dataset.schema.column("steps").reason


def test_words_cannot_order_the_steps():
    frame = table(t=lambda f: pl.Series(["jan", "feb", "mar", "apr"] * 10))
    with pytest.raises(DataError, match="Column 't' cannot be read as dates: 'jan', for one"):
        sequences(frame)


def test_an_id_counts_within_its_file_and_the_row_is_its_first():
    dataset = sequences(table(), test=table(a=lambda f: -f["a"]))
    assert len(dataset) == 16
    assert dataset.parts.tolist() == ["train"] * 8 + ["test"] * 8
    assert dataset.rows[8:11].tolist() == [1, 4, 16]
    assert dataset.place(9) == "row 4 of the test data, id 2"
    assert dataset.arrays["steps"][9, 0, 0] == -201


@pytest.mark.parametrize("labels", [["odd", "even"], [1.5, 2.5]])
def test_a_label_that_changes_is_refused_with_id_and_rows(labels):
    frame = table(y=lambda f: pl.Series([labels[0]] * 8 + [labels[1]] + [labels[0]] * 31))
    with pytest.raises(DataError) as error:
        sequences(frame)
    said = f"changes within 1 sequence: '{labels[0]}' at row 4, id 2, '{labels[1]}' at row 9, id 2"
    assert said in str(error.value)
    assert "kinds={'y': 'steps'} to predict one for each step" in str(error.value)


def test_a_label_in_one_row_is_that_of_the_sequence():
    frame = table(y=lambda f: pl.select(pl.when(f["t"] == 1).then(f["y"])).to_series())
    dataset = sequences(frame)
    assert same(dataset, sequences(table()))
    assert "y: 32 rows without a value have that of the sequence." in dataset.notes


def test_rows_without_id_or_time_are_left_out_and_counted():
    frame = as_texts(table())
    frame = frame.with_columns(
        id=pl.when((pl.col("id") == "4") & (pl.col("t") == "2")).then(pl.lit("?")).otherwise("id"),
        t=pl.when(pl.col("id") == "2").then(pl.col("t").replace("12", "")).otherwise("t"),
    )
    dataset = sequences(frame)
    assert dataset.arrays["steps"].lengths.tolist() == [3, 11, 1, 4, 2, 4, 7, 6]
    assert dataset.notes[:2] == (
        "1 row is left out: no value of id (first: row 18).",
        "1 row is left out: no value of t (first: row 15).",
    )


def test_rows_of_one_time_stay_in_the_order_of_the_file():
    frame = table(t=lambda f: f["t"].clip(upper_bound=6))
    dataset = sequences(frame)
    assert same(dataset, sequences(table()))
    assert dataset.notes == (
        "7 rows have the t of the row before in the same id, and stay in the order of the file "
        "(first: row 10).",
    )


def test_gaps_of_regular_times_are_counted():
    frame = table(t=lambda f: f["t"] + 5 * (f["t"] > 3).cast(pl.Int64))
    notes = sequences(frame).notes
    assert any(
        note.startswith("t leaves steps out in 5 places, and none are put") for note in notes
    )
    assert not sequences(table()).notes
    uneven = table(t=lambda f: f["t"] ** 2)
    assert not sequences(uneven).notes


def test_words_become_channels_of_0_and_1_and_new_words_none_of_them():
    frame = table(
        word=lambda f: f["t"].replace_strict({1: "u", 2: "v", 3: None}, default="w"),
        flag=lambda f: f["t"].replace_strict({1: "no"}, default="yes"),
    )
    dataset = sequences(frame, inputs=["word", "flag"])
    steps = dataset.arrays["steps"][0]
    assert steps[0].tolist() == [1, 0, 0, 0]
    assert steps[1].tolist() == [0, 1, 0, 1]
    assert np.isnan(steps[2, :3]).all()
    new = read_inputs(frame.with_columns(word=pl.lit("z")), dataset.schema)
    assert not new.arrays["steps"][:, :, :3].any()
    assert any("word: 40 cells hold words that the training data lack" in n for n in new.notes)


def test_a_category_of_too_many_words_is_refused_by_name():
    many = [f"w{i % 110}" for i in range(330)]
    frame = {"id": np.arange(330) // 10, "a": np.arange(330) % 7, "word": many}
    with pytest.raises(DataError, match="Column 'word' has 110 different words"):
        sequences({**frame, "y": frame["id"] % 2}, time=None, kinds={"word": "category"})


def test_what_never_changes_in_a_sequence_is_left_out_and_may_group():
    frame = table(subject=lambda f: "s" + ((f["id"] + 1) // 2).cast(pl.String))
    dataset = sequences(frame)
    assert dataset.schema.learned_from == ("a", "b")
    assert dataset.notes[0].startswith("subject is left out: the same in all rows of each id.")
    split = make_split(dataset, "group:subject")
    parts = [set(dataset.arrays["subject"][positions]) for positions in split.parts]
    assert sum(map(len, parts)) == 4
    assert make_split(sequences(frame, kinds={"subject": "group"})).by == ("subject",)
    assert sequences(frame, inputs=["subject", "a"]).schema.learned_from == ("a", "subject")


def test_sequences_of_one_step_are_read():
    frame = table().filter(pl.col("t") == 1)
    dataset = sequences(frame, kinds={"a": "number"})
    assert dataset.arrays["steps"].shape == (8, 1, 1)
    assert dataset.arrays["steps"][:, 0, 0].tolist() == [100 * i + 1 for i in range(1, 9)]


def test_a_long_sequence_costs_its_own_steps_only():
    """One of 2,000,000 steps beside 99 of one: padded to it, they would take 1.6 GB."""
    lengths = np.array([2_000_000, *[1] * 99])
    ids = np.repeat(np.arange(100), lengths)
    frame = pl.DataFrame({"id": ids, "a": np.arange(len(ids)) % 7, "y": ids % 2})
    sequences_ = sequences(frame, time=None).arrays["steps"]
    assert sequences_.shape == (100, 2_000_000, 1)
    assert sequences_.steps.nbytes == 4 * len(ids)


@pytest.mark.parametrize("typed", [True, False])
def test_new_data_are_read_by_the_channels_of_the_run(typed):
    schema = sequences(table()).schema
    schema = schema_from_dict(json.loads(json.dumps(schema_to_dict(schema))))
    frame = shuffled(table() if typed else as_texts(table())).select("b", "a", "t", "id")
    new = read_inputs(frame, schema)
    assert new.rows.tolist() == sorted(new.rows.tolist())  # as they come in the file
    order = np.argsort(new.origin.ids.astype(int))
    assert np.array_equal(new.arrays["steps"][order], sequences(table()).arrays["steps"])
    assert set(map(type, new.origin.ids)) == {int if typed else str}
    with pytest.raises(DataError, match=r"lacks 1 of the columns .*'t'"):
        read_inputs(frame.drop("t"), schema)


def test_new_arrays_of_the_same_channels_are_read_as_well():
    schema = sequences(table()).schema
    new = read_inputs({"x": np.ones((2, 20, 2)), "x_lengths": [20, 3]}, schema)
    assert new.arrays["steps"].lengths.tolist() == [20, 3]


def test_sequences_of_one_length_have_no_lengths_and_new_ones_must_have_it():
    frame = table().filter(pl.col("id").is_in([2, 4, 7, 8]) & (pl.col("t") <= 4))
    frame = frame.with_columns(y=pl.col("id") // 5)
    schema = sequences(frame).schema
    assert schema.column("steps").form.sizes == (4, 2)
    with pytest.raises(DataError, match=r"at row 1, id 7 has 3 steps; .* have 4"):
        read_inputs(frame.filter((pl.col("id") == 7) & (pl.col("t") < 4)), schema)


def test_the_schema_says_how_to_read_the_same_again():
    frame = table(t=lambda f: "0" + f["t"].cast(pl.String).str.tail(1) + ".02.2024")
    frame = frame.filter(pl.col("t") != "00.02.2024")
    dataset = sequences(frame)
    schema = dataset.schema
    assert schema.kinds == {"t": "time:%d.%m.%Y", "a": "number", "b": "binary", "y": "binary"}
    assert same(sequences(frame, kinds=schema.kinds, inputs=schema.learned_from), dataset)


def test_statistics_come_from_real_steps_alone():
    dataset = sequences(table(a=lambda f: pl.Series([10.0, 12.0] * 20)))
    split = make_split(dataset, "random:50/25/25")
    transform = fit_preparation(dataset, split).transforms["steps"]
    assert 10.5 < transform.means[0] < 11.5


@pytest.mark.parametrize(
    ("given", "message"),
    [
        ({"sequence": "ids"}, r"No column called 'ids' \(sequence=\)\. Did you mean 'id'"),
        ({"time": "when"}, r"No column called 'when' \(time=\)"),
        ({"sequence": None}, r"time='t' orders steps: .* sequence="),
        ({"sequence": "t"}, r"sequence='t' and time= name one column"),
        ({"inputs": ["a", "t"]}, r"time='t' cannot be an input"),
    ],
)
def test_columns_that_cannot_be_ids_or_times_are_refused(given, message):
    with pytest.raises(RequestError, match=message):
        sequences(table(), **given)


def test_ids_need_a_name_that_predictions_do_not_use():
    with pytest.raises(DataError, match="called 'row'"):
        sequences(table().rename({"id": "row"}), sequence="row")


def test_arrays_are_no_long_table():
    with pytest.raises(RequestError, match="sequence='id' names a column of a long table"):
        read((np.zeros((8, 3, 1)), np.arange(8) % 2), sequence="id")


def test_a_table_without_channels_says_why():
    with pytest.raises(DataError, match="a is the same in all rows of each id"):
        sequences(table(a=lambda f: f["id"]).drop("b"))


def test_columns_that_are_no_channels_are_told_with_their_kind():
    frame = table(
        day=lambda f: pl.select(pl.date(2024, 1, 1) + pl.duration(days=f["t"])).to_series(),
        bag=lambda f: [[1]] * len(f),
    )
    notes = sequences(frame).notes
    assert [note for note in notes if note.startswith("day is left out: time, dates")]
    assert [
        note for note in notes if note.startswith("bag is left out: ignored, lists or objects in")
    ]
    assert sequences(frame.drop("bag"), inputs=["a"]).notes == ("Not among the inputs: b, day.",)


def test_a_column_that_is_always_the_same_names_no_groups():
    notes = sequences(table(unit=lambda f: ["mm"] * len(f))).notes
    assert notes == ("unit is left out: the same in all rows of each id.",)


def test_a_label_that_changes_in_new_data_is_told():
    schema = sequences(table()).schema
    new = read_inputs(table(y=lambda f: ["odd", "even"] * 20), schema)
    said = "y changes within 7 sequences (first: row 2, id 1): its first value counts."
    assert said in new.notes


def test_an_empty_time_and_one_of_another_kind_are_refused():
    with pytest.raises(DataError, match="Column 't', which orders the steps, is empty"):
        sequences(table(t=lambda f: [None] * len(f)))
    with pytest.raises(RequestError, match="'t' orders the steps, and only"):
        sequences(table(), kinds={"t": "category"})
