"""Promises of a column of paths: it becomes pictures, and every row without one is counted."""

import tomllib
import warnings

import numpy as np
import pandas as pd
import pytest

from bakeoff import DataError, RequestError, read, run
from bakeoff.data.preparing.preparation import fit_preparation
from bakeoff.data.read import read_inputs
from bakeoff.data.splitting.split import make_split
from bakeoff.data.taking.views import make_views

from ...pictures import GREEN, RED, archive, folder, picture

ROWS = 24
PATHS = [f"pictures/{i}.png" for i in range(ROWS)]
FILES = {path: picture((i, *RED[1:]) if i % 2 else (i, *GREEN[1:])) for i, path in enumerate(PATHS)}
FRAME = pd.DataFrame(
    {
        "picture": PATHS,
        "size": np.arange(ROWS) * 1.5,
        "owner": [f"o{i % 6}" for i in range(ROWS)],
        "y": ["ab"[i % 2] for i in range(ROWS)],
    }
)


@pytest.fixture
def root(tmp_path):
    """A table beside its pictures."""
    folder(tmp_path / "set", FILES)
    FRAME.to_csv(tmp_path / "set" / "table.csv", index=False)
    return tmp_path / "set"


ALONE = {"target": "y", "inputs": ["picture"]}  # nothing beside the pictures goes in


def notes_of(dataset) -> str:
    return " ".join(dataset.notes)


def with_paths(root, paths):
    """Write the table with other paths, and return it."""
    FRAME.assign(picture=paths).to_csv(root / "table.csv", index=False)
    return root / "table.csv"


def test_paths_that_lead_to_pictures_beside_the_table_are_pictures(root):
    dataset = read(root / "table.csv", target="y")
    column = dataset.schema.column("picture")
    assert (column.kind, dataset.schema.inputs) == ("image", ("picture", "size", "owner"))
    assert column.reason == "paths of pictures in set, such as pictures/0.png"
    assert dataset.arrays["picture"].shape == (ROWS, 8, 8, 3)
    assert dataset.arrays["picture"][5, 0, 0].tolist() == [5, *RED[1:]]
    assert dataset.arrays["y"].tolist() == FRAME["y"].tolist()
    assert (dataset.place(4), dataset.origin.pictures[4]) == ("row 5", "pictures/4.png")


def test_names_without_their_endings_lead_to_pictures_where_images_are_named(root, tmp_path):
    table = with_paths(root, [f"{i}" if i % 2 else f"{i}.png" for i in range(ROWS)])
    dataset = read(table, **ALONE, images=root / "pictures")
    assert (len(dataset), dataset.schema.inputs) == (ROWS, ("picture",))
    table = with_paths(root, [f"0{i}" for i in range(ROWS)])
    archive(tmp_path / "p.zip", {f"0{i}.png": FILES[PATHS[i]] for i in range(ROWS)})
    assert read(table, **ALONE, images=tmp_path / "p.zip").schema.inputs == ("picture",)


def test_an_archive_is_read_in_place_and_gives_the_same(root, tmp_path):
    beside = read(root / "table.csv", target="y")
    path = archive(tmp_path / "all.zip", FILES)
    packed = read(root / "table.csv", target="y", images=path)
    framed = read(FRAME, target="y", images=str(root))
    np.testing.assert_array_equal(packed.arrays["picture"], beside.arrays["picture"])
    np.testing.assert_array_equal(framed.arrays["picture"], beside.arrays["picture"])
    assert sorted(tmp_path.iterdir()) == [path, root]


def test_rows_may_be_split_by_a_column_that_no_model_sees(root):
    dataset = read(root / "table.csv", target="y")
    split = make_split(dataset, "group:owner:50/25/25")
    owners = [set(dataset.arrays["owner"][part]) for part in split.parts]
    assert not (owners[0] & owners[1] or owners[0] & owners[2] or owners[1] & owners[2])


def test_inputs_decide_between_pictures_and_columns(root):
    assert read(root / "table.csv", target="y", inputs=["picture"]).schema.inputs == ("picture",)
    table = read(root / "table.csv", target="y", inputs=["size", "owner"])
    assert table.schema.inputs == ("size", "owner")
    both = read(root / "table.csv", target="y", inputs=["picture", "size"])
    assert both.schema.groups == {"picture": ("picture",), "size": ("size",)}


def test_a_column_that_names_no_picture_that_is_there_stays_a_column(root, tmp_path):
    FRAME.to_csv(tmp_path / "alone.csv", index=False)
    dataset = read(tmp_path / "alone.csv", target="y")
    assert dataset.schema.inputs == ("size", "owner")


def test_paths_with_blanks_and_a_bad_first_row_are_pictures(root):
    """E 77."""
    names = [f"my best photos of the year 2023/cat {i}.jpg" for i in range(ROWS)]
    folder(root, {name: picture((9 * i, 9, 9), kind="JPEG") for i, name in enumerate(names)})
    dataset = read(with_paths(root, ["lost", *names[1:]]), **ALONE)
    assert [column.kind for column in dataset.schema.columns if column.name == "picture"] == [
        "image"
    ]
    assert "1 row is left out: picture holds 1 a path to nothing in" in notes_of(dataset)
    assert "(first: row 1 'lost')." in notes_of(dataset)
    assert dataset.rows.tolist() == list(range(2, ROWS + 1))


def test_rows_without_a_usable_picture_are_left_out_and_counted_by_cause(root):
    folder(root, {"bad.png": b"no picture", "notes.txt": b"text"})
    (root / "out.png").symlink_to(root.parent / "secret.png")
    folder(root.parent, {"secret.png": picture()})
    bad = ["../secret.png", "out.png", None, "bad.png", "gone.png", "pictures", "notes.txt"]
    dataset = read(with_paths(root, PATHS[:-7] + bad), **ALONE)
    assert dataset.rows.tolist() == list(range(1, ROWS - 6))
    [line] = [note for note in dataset.notes if note.startswith("7 rows are left out")]
    for cause in (
        "2 a path that leads outside of",
        "1 no path",
        "2 a picture that cannot be read",
        "1 a path to nothing in",
        "1 a path to a folder or device in",
        f"(first: row {ROWS - 6} '../secret.png')",
    ):
        assert cause in line


def test_a_picture_that_cannot_be_read_is_named_with_its_cause(root):
    folder(root, {"pictures/3.png": b"no picture"})
    assert "(first: row 4 'pictures/3.png', it is no picture)." in notes_of(
        read(root / "table.csv", **ALONE)
    )


def test_rows_without_a_target_need_no_picture(root):
    FRAME.assign(y=[None, *FRAME["y"][1:]]).to_csv(root / "table.csv", index=False)
    (root / PATHS[0]).unlink()
    dataset = read(root / "table.csv", **ALONE)
    assert len(dataset) == ROWS - 1
    assert "1 row is left out: no value of y." in dataset.notes
    assert "picture holds" not in notes_of(dataset)


def test_a_picture_may_stand_in_several_rows(root):
    dataset = read(with_paths(root, [PATHS[1]] * 2 + PATHS[2:]), target="y")
    first, second = dataset.arrays["picture"][:2]
    np.testing.assert_array_equal(first, second)


def test_beside_other_inputs_a_row_without_a_picture_stays_and_has_the_mean_one(root):
    """E 75."""
    dataset = read(with_paths(root, ["gone.png", *PATHS[1:]]), target="y")
    assert len(dataset) == ROWS
    assert dataset.schema.column("picture").missing == 1
    assert (
        "1 row has no picture, and its other inputs count: picture holds 1 a path to nothing"
        in (notes_of(dataset))
    )
    split = make_split(dataset, "random", 0)
    views = make_views(fit_preparation(dataset, split), dataset)
    image, plain = views["picture/image"].take()["x"], views["picture/plain"].take()["x"]
    assert (image[0] == 0).all()
    assert (image[1:] != 0).any()
    assert np.isnan(plain[0]).all()
    assert not np.isnan(plain[1:]).any()
    new = read_inputs(FRAME.assign(picture=None), dataset.schema, images=root)
    assert (new.arrays["picture"].rows < 0).all()


def test_separate_tables_have_their_own_folders(root, tmp_path):
    other = folder(tmp_path / "other", {path: FILES[PATHS[-1 - i]] for i, path in enumerate(PATHS)})
    FRAME[:8].to_csv(other / "test.csv", index=False)
    dataset = read(root / "table.csv", target="y", test=other / "test.csv")
    assert dataset.parts.tolist() == ["train"] * ROWS + ["test"] * 8
    test = dataset.arrays["picture"][ROWS:]
    np.testing.assert_array_equal(test, dataset.arrays["picture"][ROWS - 8 : ROWS][::-1])


def test_new_rows_are_read_like_the_training_rows(root):
    schema = read(root / "table.csv", **ALONE, image_size="6").schema
    new = read_inputs(with_paths(root, ["gone.png", *PATHS[1:]]), schema)
    assert new.arrays["picture"].shape == (ROWS - 1, 6, 6, 3)
    assert new.rows.tolist() == list(range(2, ROWS + 1))
    assert "1 row is left out" in notes_of(new)
    framed = read_inputs(FRAME[["picture"]], schema, images=root)
    assert len(framed) == ROWS
    with pytest.raises(RequestError, match="Say with images= where the paths of 'picture' start"):
        read_inputs(FRAME, schema)
    with pytest.raises(DataError, match=r"No row has a picture\. 24 rows are left out"):
        read_inputs(FRAME.assign(picture="x.png"), schema, images=root)


def test_where_no_path_leads_to_a_picture_the_message_says_how_to_name_their_folder(root, tmp_path):
    schema = read(FRAME, **ALONE, images=root).schema
    FRAME.to_csv(tmp_path / "new.csv", index=False)
    with pytest.raises(DataError, match=r"The run learned from paths of pictures in .* images="):
        read_inputs(tmp_path / "new.csv", schema)
    assert len(read_inputs(tmp_path / "new.csv", schema, images=root)) == ROWS


def test_kinds_name_a_column_that_nobody_would_take_for_paths(root):
    folder(root, {f"{i}": FILES[path] for i, path in enumerate(PATHS)})
    path = with_paths(root, [str(i) for i in range(ROWS)])
    inputs = read(path, target="y", kinds={"picture": "image"}).schema.inputs
    assert inputs == ("picture", "size", "owner")
    again = read(path, target="y", kinds=read(path, target="y").schema.kinds)
    assert again.schema.inputs == ("size", "owner")
    with pytest.raises(RequestError, match="say with images= where its paths start"):
        read(FRAME, target="y", kinds={"picture": "image"})


@pytest.mark.parametrize(
    ("given", "message"),
    [
        ({"images": "nowhere"}, "images='nowhere' is no folder and no .zip"),
        ({"images": "table.csv"}, "is no folder and no .zip"),
        ({"images": ".", "kinds": {"picture": "category"}}, "no column holds paths of pictures"),
        ({"images": ".", "inputs": ["size"]}, "goes with a column of paths of pictures"),
        ({"image_size": "8", "inputs": ["size"]}, "goes with picture files"),
    ],
)
def test_what_cannot_be_is_refused_in_a_sentence(given, message, root, monkeypatch):
    monkeypatch.chdir(root)
    with pytest.raises(RequestError, match=message):
        read("table.csv", **{"target": "y", **given})


@pytest.mark.parametrize("data", ["iris", (np.zeros((9, 2)), np.arange(9) % 2)])
def test_images_belong_to_tables(data, root):
    with pytest.raises(RequestError, match="goes with a column of paths of pictures"):
        read(data, images=root)


def test_a_run_of_a_table_of_pictures_predicts_new_rows_with_their_paths(root, tmp_path):
    made = run(
        root / "table.csv",
        "y",
        inputs="picture",
        models="linear",
        seeds=1,
        out=tmp_path / "run",
        show="none",
    )
    written = tomllib.loads((tmp_path / "run" / "bakeoff.toml").read_text())
    assert written["data"]["inputs"] == ["picture"]
    assert (written["data"]["image_size"], written["kinds"]["picture"]) == ("8x8", "image")
    new = folder(tmp_path / "new", {"a.png": picture(RED), "b.png": picture(GREEN)})
    with warnings.catch_warnings(record=True, action="always") as told:
        answers = made.best.predict({"picture": ["a.png", "gone.png", "b.png"]}, images=new)
    assert answers["row"].to_list() == [1, 3]
    assert answers["file"].to_list() == ["a.png", "b.png"]
    assert answers["prediction"].to_list() == ["b", "a"]
    assert any("1 row is left out" in str(warning.message) for warning in told)
