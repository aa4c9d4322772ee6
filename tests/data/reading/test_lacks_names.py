"""A table without names keeps its first row; names that look like values stay names."""

import pytest

import bakeoff
from bakeoff.data.read import read, read_inputs
from bakeoff.data.reading.table import read_table
from bakeoff.errors import DataError, RequestError

ROWS = {
    "numbers": "6,148,0.6,1\n1,85,0.3,0\n8,183,0.6,1\n1,89,0.1,0\n",
    "numbers and a class": "5.1,3.5,Iris-setosa\n4.9,3.0,Iris-setosa\n6.2,3.1,Iris-virginica\n",
    "words": "vhigh,2,low,no\nlow,2,vhigh,yes\nvhigh,more,low,no\nlow,more,vhigh,yes\n",
    "a gap": "39, State, ?\n50, Private, HS\n38, State, HS\n31, Private, HS\n" * 3,
    "dates": "2024-05-01,1.5\n2024-05-02,1.2\n2024-05-03,1.9\n",
    "texts": "ham\tare you coming home tonight\nspam\twin cash prizes now please\nham\tno\n",
}
MORE = "".join(
    f"{i % 2},{17 + i},Apr {i % 28:02d} 2009,NO_QUERY,{'x' * (i + 1)},so it is\n" for i in range(60)
)
ROWS["texts beside a date"] = MORE
NAMES = {
    "words above numbers": "size,weight\n1,2\n3,4\n5,6\n",
    "years": "country,1990,2000,2015\nPeru,1,2,3\nChad,4,5,6\nMali,7,8,9\n",
    "years alone": "1990,2000,2015\n1,2,3\n4,5,6\n7,8,9\n",
    "pixels": "label,0,1,2\n3,7,7,7\n4,8,8,8\n5,9,9,9\n",
    "a class that is called like a column": "spam,text\nspam,hello\nham,bye\nspam,so\n",
    "two rows": "5,a\n4,a\n",
    "a constant that is called like its column": "spam,text\nspam,hello\nspam,so\n",
}


@pytest.mark.parametrize("text", ROWS.values(), ids=ROWS)
def test_a_first_line_like_the_others_is_a_row(text, tmp_path):
    path = tmp_path / "old.data"
    path.write_text(text, "utf-8")
    table = read_table(path)
    assert len(table.frame) == text.count("\n")
    assert table.frame.columns[:2] == ["column_1", "column_2"]
    assert "has no names in its first line" in " ".join(table.notes)


@pytest.mark.parametrize("text", NAMES.values(), ids=NAMES)
def test_names_stay_names_where_there_is_any_doubt(text, tmp_path):
    path = tmp_path / "table.csv"
    path.write_text(text, "utf-8")
    frame = read_table(path).frame
    assert frame.columns == text.partition("\n")[0].split(",")
    assert len(frame) == text.count("\n") - 1


def test_columns_that_stand_apart_by_blanks_are_read(tmp_path):
    path = tmp_path / "housing.data"
    path.write_text(" 0.5  18.0   1\n 0.25  2.1  0\n 12.5  0.0  1\n", "utf-8")
    table = read_table(path)
    assert table.frame["column_1"].to_list() == ["0.5", "0.25", "12.5"]
    assert "separated by blanks" in " ".join(table.notes)


def test_new_rows_of_a_table_without_names_are_predicted(tmp_path):
    old, new = tmp_path / "old.csv", tmp_path / "new.csv"
    old.write_text("".join(f"{i * 7 % 40},{i % 3}.5,{'ab'[i % 2]}\n" for i in range(60)), "utf-8")
    new.write_text("7,1.5\n14,2.5\n3,0.5\n", "utf-8")
    schema = read(old, target="column_3").schema
    assert read_inputs(new, schema).arrays["column_1"].tolist() == [7, 14, 3]
    new.write_text("7,1.5\n", "utf-8")  # one row alone
    assert read_inputs(new, schema).arrays["column_1"].tolist() == [7]
    new.write_text("column_2,column_1\n1.5,7\n", "utf-8")
    assert read_inputs(new, schema).arrays["column_1"].tolist() == [7]
    new.write_text("7,1.5,a\n", "utf-8")
    assert read(old, test=new, target="column_3").parts.tolist() == ["train"] * 60 + ["test"]


def test_the_user_is_told_that_names_are_ours_and_lines_are_those_of_the_file(tmp_path):
    path = tmp_path / "old.csv"
    path.write_text(ROWS["numbers"], "utf-8")
    with pytest.raises(
        RequestError, match=r"column_4 \(1, 0\) \(the first line .* so these names are ours"
    ):
        bakeoff.run(path, out=tmp_path / "run", show="none")
    path.write_text(ROWS["numbers"] + "1,2\n", "utf-8")
    with pytest.raises(DataError, match="line 5: 2 cells"):
        read(path, target="column_1")
