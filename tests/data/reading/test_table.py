"""Promises of reading files and frames."""

import bz2
import gzip
import io
import json
import lzma
import zipfile

import pandas as pd
import polars as pl
import pytest

from bakeoff.data.read import read, read_inputs
from bakeoff.data.reading.table import read_table
from bakeoff.errors import DataError, RequestError

from ..conftest import table

EUROPEAN = "Größe;ort;y\n" + "".join(f"{i},5;Köln{i % 3};{i % 2}\n" for i in range(40))


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "utf-16-le", "cp1252"])
def test_every_common_encoding_gives_the_same_table(write, encoding):
    dataset = read(write(EUROPEAN.encode(encoding)), target="y")
    assert dataset.arrays["Größe"][:2].tolist() == [0.5, 1.5]
    assert dataset.arrays["ort"][1] == "Köln1"


def test_an_encoding_other_than_utf8_is_said(write):
    notes = read(write(EUROPEAN.encode("cp1252")), target="y").notes
    assert any("read as cp1252" in note for note in notes)


@pytest.mark.parametrize("separator", [",", ";", "\t", "|"])
@pytest.mark.parametrize("end", ["\n", "\r\n", "\r"])
def test_separator_and_line_ends_are_found(write, separator, end):
    text = table(b=lambda i: "uvw"[i % 3]).replace(",", separator).replace("\n", end)
    dataset = read(write(text), target="y")
    assert (len(dataset), dataset.schema.inputs) == (40, ("a", "b"))


def pack_zip(raw):
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as archive:
        archive.writestr("inner/table.csv", raw)
    return buffer.getvalue()


@pytest.mark.parametrize(
    ("ending", "pack"),
    [(".gz", gzip.compress), (".bz2", bz2.compress), (".xz", lzma.compress), (".zip", pack_zip)],
)
def test_compressed_files_are_unpacked(write, ending, pack):
    path = write(pack(table().encode()), "table.csv" + ending)
    assert len(read(path, target="y")) == 40


def test_zstd_is_unpacked(tmp_path):
    path = tmp_path / "table.csv.zst"
    text = table()
    frame = pl.read_csv(io.StringIO(text), infer_schema=False)
    frame.lazy().sink_csv(path, compression="zstd")
    assert read_table(path).frame.rows() == frame.rows()


def test_quoted_separators_and_newlines_stay_in_their_cell(write):
    text = 'a,b,y\n1.5,"x, ""q""\nz",0\n2.5,w,1\n' * 1 + "".join(f"{i}.5,w,1\n" for i in range(9))
    assert read_table(write(text)).frame["b"][0] == 'x, "q"\nz'


def test_a_quote_inside_an_unquoted_cell_is_kept(write):
    assert read_table(write('a,y\n5" pipe,1\n6" pipe,0\n')).frame["a"][0] == '5" pipe'


def test_blank_lines_are_no_rows(write):
    assert read_table(write("a,y\n\n1,0\n\n\n2,1\n\n")).frame.rows() == [("1", "0"), ("2", "1")]


@pytest.mark.parametrize("quote", ["", '"'])
@pytest.mark.parametrize(("row", "cells"), [("1,2,3,4", 4), ("1,2", 2)])
def test_ragged_rows_are_refused_with_their_line(write, quote, row, cells):
    text = f"a,b,y\n1,{quote}2{quote},3\n{row}\n1,2,3\n"
    with pytest.raises(DataError, match=f"line 3: {cells} cells .* names 3 columns"):
        read(write(text), target="y")


@pytest.mark.parametrize(
    ("content", "message"),
    [
        ("", "is empty"),
        ("\n\n", "is empty"),
        ("a,b,y\n", "column names but no rows"),
        (bytes(range(256)) * 4, "not a text file"),
        ('a,y\n"never closed,1\n2,3\n', "opened and never closed"),
    ],
)
def test_unusable_files_are_refused_in_one_sentence(write, content, message):
    with pytest.raises(DataError, match=message):
        read(write(content), target="y")


def test_columns_of_one_name_are_kept_apart_and_said(write):
    text = table(b=lambda i: i % 3).replace("a,b,y", "a,a,y")
    dataset = read(write(text), target="y")
    assert dataset.schema.inputs == ("a", "a.1")
    assert "table.csv: 2 columns are called 'a'; they are kept apart as a, a.1." in dataset.notes


@pytest.mark.parametrize(
    ("text", "lines"),
    [
        ('a,y\n1,0\n"x" z,1\n2,0\n', "begins on line 3 cannot be read"),
        ('a,y\n\n1,0\n"x\n\ny,1\n2,0\n', "begins on line 4 breaks on line 7"),
        ('sep=,\na,y\n1,0\n"x" z,1\n2,0\n', "begins on line 4 cannot be read"),
    ],
)
def test_a_broken_quote_is_named_by_its_line_in_the_file(write, text, lines):
    with pytest.raises(DataError, match=lines):
        read(write(text), target="y")


def test_a_quoted_cell_may_be_of_any_length(write):
    long = "word " * 60_000
    assert read_table(write(f'a,y\n"{long}",1\n2,0\n')).frame["a"][0] == long


@pytest.mark.parametrize("separator", ["é", "~", "☃"])
def test_any_letter_may_be_declared_as_separator(write, separator):
    text = f"sep={separator}\n" + table().replace(",", separator)
    assert read(write(text), target="y").schema.inputs == ("a",)


def test_a_quote_declared_as_separator_is_refused(write):
    with pytest.raises(DataError, match="separates its columns, which cannot be"):
        read(write('sep="\na,y\n1,2\n'), target="y")


def test_a_name_that_polars_takes_for_a_pattern_is_refused(write):
    with pytest.raises(DataError, match=r"column '\^a\$' begins with \^ and ends with \$"):
        read(write(table().replace("a,y", "^a$,y")), target="y")


def test_whole_numbers_name_the_columns_of_frames_without_names():
    frame = pd.DataFrame(
        {0: [i * 1.5 for i in range(40)], 1: [0, 1, 2, 3] * 10, 2: ["p", "q"] * 20}
    )
    dataset = read(frame, target=2, inputs=[0, 1], kinds={1: "category"})
    assert dataset.schema.inputs == ("0", "1")
    assert dataset.schema.column("1").kind == "category"


def test_a_truncated_archive_is_refused(write):
    with pytest.raises(DataError, match="Is it complete"):
        read(write(gzip.compress(table().encode())[:50], "table.csv.gz"), target="y")


def test_a_missing_file_suggests_the_nearest(write):
    path = write(table())
    with pytest.raises(DataError, match=r"Did you mean 'table.csv'\?"):
        read(path.with_name("tabel.csv"), target="y")


def test_a_nameless_empty_column_is_left_out_and_said(write):
    text = table().replace("\n", ",,\n")
    dataset = read(write(text), target="y")
    assert [column.name for column in dataset.schema.columns] == ["a", "y"]
    assert any("2 columns with neither a name nor a value" in note for note in dataset.notes)


def test_json_lines_arrays_and_parquet_agree(write, tmp_path):
    rows = [{"a": i * 1.5, "b": "uv"[i % 2], "y": i % 2} for i in range(30)]
    lines = write("\n".join(json.dumps(row) for row in rows), "t.jsonl")
    array = write(json.dumps(rows), "t.json")
    pl.DataFrame(rows).write_parquet(tmp_path / "t.parquet")
    prints = {read(p, target="y").fingerprint for p in (lines, array, tmp_path / "t.parquet")}
    assert len(prints) == 1


def test_broken_json_is_refused_with_its_line(write):
    with pytest.raises(DataError, match="line 2 is not JSON"):
        read(write('{"a": 1}\n{"a": ', "t.jsonl"), target="a")


def test_json_lines_end_where_the_file_says(write):
    text = json.dumps({"a": "u\u2028v", "y": 1}, ensure_ascii=False)
    assert read_table(write(f"{text}\r\n{text}\n", "t.jsonl")).frame["a"][1] == "u\u2028v"


@pytest.mark.parametrize(
    ("line", "message"),
    [
        ('{"a": ' + "9" * 4_301 + "}", "(, line 1)? holds an integer of more than 4,300 digits"),
        ("[" * 100_000, "(, line 1)? nests lists or objects too deep"),
        ('{"a": ' + "[" * 30 + "]" * 30 + "}", "row 1: 'a' nests .* more than 20 deep"),
        (r'{"a": "\ud800"}', "row 1: the text of 'a' holds half a character"),
        ('{"a": 1, "a": 2}', "(, line 1)?: an object has the key 'a' twice"),
        (b'{"a": "\xff"}', "is not UTF-8, as JSON must be: byte 7"),
        ("\n".join(json.dumps({f"k{i}": 1}) for i in range(5_000)), "cells can be read"),
    ],
)
@pytest.mark.parametrize("ending", ["json", "jsonl"])
def test_json_that_no_table_can_hold_is_refused_in_one_sentence(write, ending, line, message):
    with pytest.raises(DataError, match=rf"t\.{ending}.*{message}") as caught:
        read(write(line, f"t.{ending}"), target="a")
    assert "\n" not in str(caught.value)


def test_files_and_frames_give_the_same_dataset(write):
    text = table(b=lambda i: "uvw"[i % 3], t=lambda i: i % 2 == 0)
    from_file = read(write(text), target="y")
    frame = pd.read_csv(io.StringIO(text))
    assert read(frame, target="y").fingerprint == from_file.fingerprint
    columns = frame.to_dict("list")
    assert read(pl.DataFrame(columns), target="y").fingerprint == from_file.fingerprint
    assert read(columns, target="y").fingerprint == from_file.fingerprint


def test_pandas_columns_of_every_type_are_read():
    frame = pd.DataFrame(
        {
            "whole": pd.array([1, None, 3, 4] * 10, dtype="Int64"),
            "words": pd.Categorical(["u", "v", None, "w"] * 10),
            "when": pd.date_range("2020-01-01", periods=40, tz="Europe/Sofia"),
            "mixed": [1, "a", None, 2.5] * 10,
            "y": [True, False] * 20,
        }
    )
    dataset = read(frame, target="y")
    kinds = {column.name: (column.kind, column.missing) for column in dataset.schema.columns}
    assert kinds == {
        "whole": ("number", 10),
        "words": ("category", 10),
        "when": ("time", 0),
        "mixed": ("category", 10),
        "y": ("binary", 0),
    }
    assert str(dataset.arrays["when"][0]) == "2020-01-01T00:00:00.000000"


def test_a_frame_given_is_not_changed():
    frame = pd.DataFrame({"a": [1.5, 2.5] * 10, "y": [0, 1] * 10})
    read(frame, target="y")
    frame.loc[0, "a"] = 9.0
    assert frame["a"][0] == 9.0


def test_separate_files_become_parts(write):
    dataset = read(write(table(40)), target="y", test=write(table(20), "test.csv"))
    assert dataset.parts.tolist() == ["train"] * 40 + ["test"] * 20
    assert dataset.rows.tolist() == [*range(1, 41), *range(1, 21)]
    assert dataset.place(40) == "row 1 of test.csv"


def test_a_test_file_without_a_column_is_refused_by_name(write):
    test = write(table(20), "test.csv")
    with pytest.raises(DataError, match=r"test data test\.csv lacks columns .*: b"):
        read(write(table(40, b=lambda i: i % 3)), target="y", test=test)


def test_a_wrong_target_suggests_the_nearest(write):
    with pytest.raises(RequestError, match=r"'agee'\. Did you mean 'age'\? Known: a, age, y"):
        read(write(table(age=lambda i: i % 7)), target="agee")


def test_a_table_without_target_lists_the_columns(write):
    with pytest.raises(RequestError, match="one of a, y"):
        read(write(table()))


def test_data_are_read_alike_again_by_their_kinds(write):
    text = table(
        when=lambda i: f"{i % 12 + 1:02d}/{i % 28 + 1:02d}/2021",
        word=lambda i: "uvw"[i % 3],
        code=lambda i: f"00{i % 7}",
        same=lambda i: 1,
        row=lambda i: i,
        flag=lambda i: i % 3 == 0,
    )
    dataset = read(write(text), target="y")
    again = read(write(text), target="y", kinds=dataset.schema.kinds)
    assert again.fingerprint == dataset.fingerprint
    assert again.schema.kinds == dataset.schema.kinds


def test_new_data_may_be_written_in_another_form(write):
    lines = [f"{i},25;{i % 28 + 1:02d}.03.2021;{i % 2}" for i in range(40)]
    dataset = read(write("\n".join(["a;d;y", *lines])), target="y")
    lines = [f"{i}.25,2021-03-{i % 28 + 1:02d},{i % 2}" for i in range(40)]
    new = read_inputs(write("\n".join(["a,d,y", *lines]), "new.csv"), dataset.schema)
    for name in ("a", "d", "y"):
        assert new.arrays[name].tolist() == dataset.arrays[name].tolist()


def test_a_table_without_names_is_suspected(write):
    with pytest.raises(RequestError, match="is a line of column names missing"):
        read(write("1.5,2,0\n2.5,3,1\n"), target="y")


def test_validation_data_need_test_data(write):
    with pytest.raises(RequestError, match="need separate test data"):
        read(write(table()), target="y", validation=write(table()))


def test_a_list_of_rows_is_a_table_and_a_cell_that_lacks_is_missing():
    table = read_table([{"a": 1, "y": "u"}, {"a": 2}, {"y": "v", "b": 0.5}])
    assert table.frame.to_dict(as_series=False) == {
        "a": [1, 2, None],
        "y": ["u", None, "v"],
        "b": [None, None, 0.5],
    }
