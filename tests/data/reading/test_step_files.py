"""Promises of folders of one file for each sequence: a long table whose ids are the files."""

import io

import numpy as np
import polars as pl
import pytest

from bakeoff.data.read import read, read_inputs
from bakeoff.errors import DataError, RequestError

from ...pictures import archive, folder, picture

LENGTHS = (3, 1, 4, 2, 5, 6)


def steps(number, length, **more):
    """Return a table of steps: a counts on from 100 · number."""
    columns = {"t": range(length), "a": [100.0 * number + t + 0.5 for t in range(length)]}
    return pl.DataFrame({**columns, **{name: [value] * length for name, value in more.items()}})


def as_file(frame, ending="csv"):
    """Return the bytes of a table."""
    buffer = io.BytesIO()
    if ending == "npy":
        np.save(buffer, frame.drop("t").to_numpy())
    else:
        write = {"csv": frame.write_csv, "parquet": frame.write_parquet,
                 "tsv": lambda file: frame.write_csv(file, separator="\t")}[ending]  # fmt: skip
        write(buffer)
    return buffer.getvalue()


def classes(ending="csv", above=""):
    """Return files of two classes, up and down, six in each."""
    return {
        f"{above}{name}/{i}.{ending}": as_file(steps(i + 10 * k, n), ending)
        for k, name in enumerate(("up", "down"))
        for i, n in enumerate(LENGTHS)
    }


def notes_of(dataset):
    return " ".join(dataset.notes)


@pytest.mark.parametrize("ending", ["csv", "tsv", "parquet", "npy"])
@pytest.mark.parametrize("write", [folder, archive])
def test_files_in_class_folders_are_sequences_of_a_class(tmp_path, ending, write):
    path = tmp_path / ("set.zip" if write is archive else "set")
    dataset = read(write(path, classes(ending)), time=None if ending == "npy" else "t")
    assert dataset.arrays["class"].tolist() == ["down"] * 6 + ["up"] * 6
    assert dataset.arrays["steps"].lengths.tolist() == [*LENGTHS, *LENGTHS]
    assert dataset.arrays["steps"][2].ravel().tolist() == [1200.5, 1201.5, 1202.5, 1203.5]
    assert (dataset.place(2), dataset.rows[2]) == ("down/2." + ending, 3)


def test_packed_files_are_unpacked(tmp_path):
    import gzip

    files = {f"{name}.gz": gzip.compress(raw) for name, raw in classes().items()}
    dataset = read(folder(tmp_path / "set", files), time="t")
    assert (len(dataset), dataset.place(0)) == (12, "down/0.csv.gz")


def test_the_same_steps_are_read_as_from_a_long_table(tmp_path):
    files = classes()
    frames = [
        pl.read_csv(raw).with_columns(id=pl.lit(name), y=pl.lit(name.split("/")[0]))
        for name, raw in files.items()
    ]
    long = read(pl.concat(frames), target="y", sequence="id", time="t")
    dataset = read(folder(tmp_path / "set", files), time="t")
    assert np.array_equal(dataset.arrays["steps"], long.arrays["steps"])
    assert dataset.arrays["class"].tolist() == long.arrays["y"].tolist()
    assert dataset.schema.learned_from == long.schema.learned_from == ("a",)


def test_without_a_time_the_steps_stand_in_the_order_of_the_rows(tmp_path):
    files = classes() | {"up/9.csv": as_file(steps(9, 3).reverse())}
    dataset = read(folder(tmp_path / "set", files), inputs=["a"])
    assert dataset.arrays["steps"][12].ravel().tolist() == [902.5, 901.5, 900.5]
    with pytest.raises(RequestError, match="called 'when'"):
        read(tmp_path / "set", time="when")


def test_folders_called_like_parts_are_parts(tmp_path):
    files = classes(above="set_train/") | classes(above="set_test/")
    files = {
        name: raw.replace(b".5", b".25") if "test" in name else raw for name, raw in files.items()
    }
    dataset = read(folder(tmp_path / "set", files))
    assert dataset.parts.tolist() == ["train"] * 12 + ["test"] * 12
    assert dataset.rows.tolist() == [*range(1, 13), *range(1, 13)]
    apart = read(tmp_path / "set" / "set_train", test=tmp_path / "set" / "set_test")
    assert apart.fingerprint == dataset.fingerprint


def test_a_column_that_is_the_same_in_a_file_is_the_target(tmp_path):
    files = {f"{i}.csv": as_file(steps(i, 3, y="ab"[i % 2])) for i in range(8)}
    dataset = read(folder(tmp_path / "set", files), target="y", time="t")
    assert dataset.arrays["y"].tolist() == ["a", "b"] * 4
    parts = {f"{part}/{name}": raw for part in ("train", "test") for name, raw in files.items()}
    parts["test/0.csv"] = as_file(steps(99, 2, y="a"))
    both = read(folder(tmp_path / "parts", parts), target="y", time="t")
    assert both.parts.tolist() == ["train"] * 8 + ["test"] * 8
    with pytest.raises(RequestError, match="no class folder: say with target="):
        read(tmp_path / "set")
    with pytest.raises(RequestError, match="No column called 'z'"):
        read(tmp_path / "set", target="z")


def test_a_label_that_changes_in_a_file_is_refused_with_its_name(tmp_path):
    files = {f"{i}.csv": as_file(steps(i, 3, y="ab"[i % 2])) for i in range(8)}
    files["5.csv"] = as_file(steps(5, 3).with_columns(y=pl.Series(["a", "a", "b"])))
    with pytest.raises(DataError, match=r"'y' changes within 1 sequence.*row 3, file 5.csv"):
        read(folder(tmp_path / "set", files), target="y")


def test_what_cannot_be_read_is_counted_with_its_cause(tmp_path):
    bad = {
        "up/empty.csv": b"",
        "up/header.csv": b"t,a\n",
        "up/broken.parquet": b"PAR1 is not enough",
        "down/other.csv": b"t,b\n1,2\n",
        "down/volume.npy": as_npy(np.zeros((2, 2, 2))),
        "down/objects.npy": as_npy(np.array([None, 1], dtype=object)),
    }
    dataset = read(folder(tmp_path / "set", classes() | bad))
    assert len(dataset) == 12
    assert "6 of 18 sequences cannot be read and are left out (first: down/" in notes_of(dataset)
    one = read(folder(tmp_path / "one", classes() | {"up/header.csv": b"t,a\n"}))
    assert "(first: up/header.csv: it has column names but no rows" in notes_of(one)
    other = read(folder(tmp_path / "other", classes() | {"up/z.csv": b"t,b\n1,2\n"}))
    assert "(first: up/z.csv: it lacks the column a)" in notes_of(other)


def test_an_array_that_says_that_it_is_huge_is_left_out(tmp_path):
    huge = as_npy(np.zeros((2, 2))).replace(b"(2, 2), }" + b" " * 16, b"(99999999999999999, 2), }")
    assert len(huge) == len(as_npy(np.zeros((2, 2)))) and b"99999" in huge
    dataset = read(folder(tmp_path / "set", classes("npy") | {"up/huge.npy": huge}))
    assert "1 of 13 sequences cannot be read" in notes_of(dataset)


def as_npy(array):
    buffer = io.BytesIO()
    np.save(buffer, array, allow_pickle=True)
    return buffer.getvalue()


def test_a_class_of_which_no_file_can_be_read_is_refused(tmp_path):
    files = classes() | {"left/1.csv": b"", "left/2.csv": b""}
    with pytest.raises(
        DataError, match=r"class 'left' none of 2 sequences .* left/1.csv: it is em"
    ):
        read(folder(tmp_path / "set", files))


def test_files_without_a_line_of_names_are_refused(tmp_path):
    files = {
        name: raw.split(b"\n", 1)[1]
        for name, raw in classes().items()
        if not name.endswith("1.csv")
    }
    with pytest.raises(DataError, match=r"No two files .* is a line of names missing"):
        read(folder(tmp_path / "set", files))


def test_hidden_files_others_and_links_are_passed_over_and_counted(tmp_path):
    """The walk is that of pictures."""
    outside = folder(tmp_path / "outside", {"9.csv": as_file(steps(9, 3))})
    files = classes() | {"up/.9.csv": b"x", "up/readme.txt": b"x", "up/1.png": picture()}
    root = folder(tmp_path / "set", files)
    (root / "up" / "link.csv").symlink_to(outside / "9.csv")
    (root / "up" / "loop").symlink_to(root)
    dataset = read(root)
    assert len(dataset) == 12
    [line] = [note for note in dataset.notes if "hidden" in note]
    assert "1 hidden file or folder (up/.9.csv)" in line
    assert "2 links that lead to folders or outside" in line
    assert "2 files that are no sequences (1 .txt, 1 .png)" in line


def test_members_that_climb_out_are_passed_over(tmp_path):
    dataset = read(archive(tmp_path / "set.zip", classes() | {"../up/9.csv": b"t,a\n1,2\n"}))
    assert len(dataset) == 12
    assert "1 member that climbs out of the archive (../up/9.csv)" in notes_of(dataset)


def test_a_folder_of_pictures_stays_one_of_pictures(tmp_path):
    files = {f"{name}/{i}.png": picture() for name in ("cat", "dog") for i in range(3)}
    dataset = read(folder(tmp_path / "set", files | {"a.csv": b"a\n1", "b.csv": b"a\n1"}))
    assert dataset.schema.inputs == ("image",)
    with pytest.raises(RequestError, match="orders steps"):
        read(tmp_path / "set", time="t")


def test_one_table_in_an_archive_is_a_table(tmp_path):
    rows = "x,y\n" + "".join(f"{i * i},{'ab'[i % 2]}\n" for i in range(40))
    dataset = read(archive(tmp_path / "one.zip", {"rows.csv": rows.encode()}), target="y")
    assert (len(dataset), dataset.schema.inputs) == (40, ("x",))


def test_options_of_other_data_are_refused(tmp_path):
    path = folder(tmp_path / "set", classes())
    for given, said in (
        ({"sequence": "a"}, "each file is one sequence"),
        ({"time": "t", "horizon": 2}, "a folder is none"),
        ({"image_size": "8"}, "these data are none"),
        ({"test": {"a": [1]}}, "is no folder and no .zip of files"),
        ({"inputs": ["b"]}, "No column called 'b'"),
        ({"time": "a", "inputs": ["a"]}, "cannot be an input as well"),
    ):
        with pytest.raises((DataError, RequestError), match=said):
            read(path, **given)


def test_new_files_are_read_by_the_columns_of_the_run(tmp_path):
    schema = read(folder(tmp_path / "set", classes()), time="t").schema
    new = {"z.csv": b"b,a,t\n1,2.5,1\n1,1.5,0\n", "a.csv": b"t,a\n0,7\n", "broken.csv": b""}
    dataset = read_inputs(folder(tmp_path / "new", new), schema)
    assert [dataset.place(i) for i in range(2)] == ["a.csv", "z.csv"]
    assert dataset.arrays["steps"][1].ravel().tolist() == [1.5, 2.5]
    assert "1 of 3 sequences cannot be read" in notes_of(dataset)
    assert "class" not in dataset.arrays
    known = read_inputs(tmp_path / "set", schema)
    assert known.arrays["class"].tolist() == ["down"] * 6 + ["up"] * 6
    with pytest.raises(DataError, match=r"none can be read: .*lacks the columns? "):
        read_inputs(folder(tmp_path / "none", {"1.csv": b"q\n1\n"}), schema)
    with pytest.raises(DataError, match="holds no table of steps"):
        read_inputs(folder(tmp_path / "nothing", {"1.txt": b"q"}), schema)


@pytest.mark.parametrize("target", ["class", "y"])
def test_the_schema_says_how_to_read_the_same_again(tmp_path, target):
    files = classes()
    if target == "y":
        files = {f"{i}.csv": as_file(steps(i, 3, y="ab"[i % 2])) for i in range(8)}
    path = folder(tmp_path / "set", files)
    dataset = read(path, time="t", target=None if target == "class" else target)
    schema = dataset.schema
    again = read(path, time="t", target=target, inputs=schema.learned_from, kinds=schema.kinds)
    assert again.fingerprint == dataset.fingerprint


def test_a_column_called_class_is_the_target_that_is_asked_for(tmp_path):
    files = {f"{k}/{i}.csv": as_file(steps(i, 3, **{"class": "ab"[i % 2]}))
             for k in "up" for i in range(8)}  # fmt: skip
    dataset = read(folder(tmp_path / "set", files), target="class", time="t")
    assert set(dataset.arrays["class"]) == {"a", "b"}


def test_a_run_on_a_long_table_predicts_a_folder_of_files(tmp_path):
    table = {"id": [1, 1, 2, 2, 3, 3, 4], "a": [0.5, 1.5, 2.25, 1, 2, 3, 4.5], "y": list("aabbaab")}
    schema = read(table, target="y", sequence="id").schema
    dataset = read_inputs(folder(tmp_path / "new", {"1.csv": b"a\n1\n2\n"}), schema)
    assert dataset.arrays["steps"][0].ravel().tolist() == [1, 2]


def test_a_run_on_other_data_refuses_a_folder_of_files(tmp_path):
    schema = read({"x": [1.5, 2.5, 3.25] * 4, "y": ["a", "b"] * 6}, target="y").schema
    with pytest.raises(DataError, match="one for each sequence, and the run was trained on other"):
        read_inputs(folder(tmp_path / "set", classes()), schema)
