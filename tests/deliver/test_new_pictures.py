"""A run on pictures predicts other pictures: in class folders, flat, packed, grey or coloured."""

import json

import numpy as np
import polars as pl
import pytest

import bakeoff
from bakeoff import DataError

from ..pictures import BLUE, GREEN, RED, archive, classes, folder, picture


def trained(data, out, **given) -> bakeoff.Run:
    quick = {"models": ["linear"], "seeds": 1, "jobs": 1, "show": "none"}
    return bakeoff.run(data, out=out, **quick, **given)


@pytest.fixture(scope="module")
def coloured(tmp_path_factory) -> bakeoff.Run:
    root = tmp_path_factory.mktemp("coloured")
    files = classes("0", "90", "180", "270", above="train/", count=12)
    files |= {
        name.replace("train/", "test/"): raw
        for name, raw in classes("0", "90", "180", "270", above="train/", count=13).items()
        if name.endswith("12.png") and "/180/" not in name
    }
    return trained(folder(root / "set", files), root / "run")


@pytest.fixture(scope="module")
def greyish(tmp_path_factory) -> bakeoff.Run:
    root = tmp_path_factory.mktemp("greyish")
    files = {f"{name}/{i}.png": picture((shade + i,) * 3, mode="L", size=(6, 9))
             for name, shade in (("dark", 20), ("light", 200)) for i in range(20)}  # fmt: skip
    return trained(folder(root / "set", files), root / "run")


def test_classes_are_learned_by_name_where_the_test_part_lacks_one(coloured):
    """A 1: an index by order gives 2 of 3."""
    assert coloured.leaderboard["score"][0] == 1.0
    assert set(coloured.best.classes) == {"0", "90", "180", "270"}
    shares = [name for name in coloured.predictions.columns if name.startswith("p:")]
    assert len(shares) == 4


@pytest.mark.parametrize("pack", [folder, archive])
def test_new_pictures_may_lie_flat_and_keep_their_names(pack, coloured, tmp_path):
    files = {"b.png": picture(GREEN), "a.jpg": picture(RED, kind="JPEG"), "sub/a.jpg": picture(RED)}
    table = coloured.best.predict(pack(tmp_path / "new.zip", files))
    assert table["row"].to_list() == [1, 2, 3]
    assert table["file"].to_list() == ["a.jpg", "b.png", "sub/a.jpg"]
    assert table["prediction"].to_list() == ["0", "90", "0"]


def test_one_picture_can_be_predicted(coloured, tmp_path):
    path = folder(tmp_path, {"a.JPG": picture(GREEN, kind="JPEG")}) / "a.JPG"
    table = coloured.best.predict(path)
    assert (table["file"].to_list(), table["prediction"].to_list()) == (["a.JPG"], ["90"])


def test_equal_names_in_two_folders_are_predicted_apart(coloured, tmp_path):
    files = {f"{name}/{i}.png": picture(colour) for i in range(50)
             for name, colour in (("red", RED), ("blue", BLUE))}  # fmt: skip
    table = coloured.best.predict(folder(tmp_path / "new", files))
    assert len(table) == 100
    told = dict(table.select("file", "prediction").iter_rows())
    assert all(label == ("0" if name[:3] == "red" else "180") for name, label in told.items())


def test_new_pictures_are_brought_to_the_size_of_the_run(coloured, greyish, tmp_path):
    new = folder(tmp_path / "new", {"a.png": picture(RED, size=(90, 30))})
    assert coloured.best.predict(new)["prediction"].to_list() == ["0"]
    assert greyish.best.preparation.schema.column("image").form.sizes == (6, 9, 1)


def test_colours_become_grey_and_grey_becomes_three_channels(coloured, greyish, tmp_path):
    new = folder(tmp_path / "new", {"a.png": picture((240, 240, 180)), "b.png": picture((9, 0, 0))})
    with pytest.warns(UserWarning, match="2 of 2 pictures in colours; .* made grey"):
        assert greyish.best.predict(new)["prediction"].to_list() == ["light", "dark"]
    grey = folder(tmp_path / "grey", {"a.png": picture((90, 90, 90), mode="L")})
    assert len(coloured.best.predict(grey)) == 1


def test_new_pictures_that_cannot_be_read_are_counted(coloured, tmp_path):
    new = folder(tmp_path / "new", {"a.png": b"x", "b.png": picture(RED)})
    with pytest.warns(UserWarning, match=r"1 of 2 pictures cannot be read .* a.png: it is no pic"):
        table = coloured.best.predict(new)
    assert (table["row"].to_list(), table["file"].to_list()) == ([2], ["b.png"])
    with pytest.raises(DataError, match="Of 1 picture none can be read"):
        coloured.best.predict(folder(tmp_path / "bad", {"a.png": b"x"}))
    with pytest.raises(DataError, match="without a picture"):
        coloured.best.predict(folder(tmp_path / "none", {"a.txt": b"x"}))


def test_class_folders_of_new_pictures_can_be_scored_by(coloured, tmp_path):
    right = folder(tmp_path / "right", {"0/a.png": picture(RED), "90/b.png": picture(GREEN)})
    wrong = folder(tmp_path / "wrong", {"0/a.png": picture(GREEN), "90/b.png": picture(RED)})
    assert (coloured.best.score(right), coloured.best.score(wrong)) == (1.0, 0.0)
    with pytest.raises(DataError, match="has no column 'class' to score by"):
        coloured.best.score(folder(tmp_path / "flat", {"a.png": picture(RED)}))


def test_a_run_on_a_table_does_not_take_pictures(tmp_path):
    frame = pl.DataFrame({"a": np.arange(60) % 7 + 0.5, "y": ["u", "v"] * 30})
    run = trained(frame, tmp_path / "run", target="y")
    new = folder(tmp_path / "new", {"a.png": picture(RED)})
    with pytest.raises(DataError, match="These are pictures; the run was trained on a table"):
        run.best.predict(new)


def test_a_run_on_arrays_takes_picture_files(tmp_path):
    x = np.repeat(np.array([20, 200], np.uint8), 30)[:, None, None].repeat(5, 1).repeat(5, 2)
    run = trained((x, np.repeat(["dark", "light"], 30)), tmp_path / "run")
    new = folder(tmp_path / "new", {"a.png": picture((190,) * 3), "b.png": picture((9,) * 3)})
    assert run.best.predict(new)["prediction"].to_list() == ["light", "dark"]


def test_the_size_stands_in_the_plan_and_the_plan_can_be_run_again(tmp_path):
    path = folder(tmp_path / "set", classes("cat", "dog", count=20, size=(30, 20)))
    first = trained(path, tmp_path / "first", image_size=(8, 6))
    plan = tmp_path / "first" / "bakeoff.toml"
    assert 'image_size = "8x6"' in plan.read_text("utf-8")
    again = trained(plan, tmp_path / "again")
    assert again.leaderboard["score"].to_list() == first.leaderboard["score"].to_list()
    assert again.best.preparation.schema.column("image").form.sizes == (8, 6, 3)


def test_the_command_line_runs_and_predicts_pictures(tmp_path, command):
    path = folder(tmp_path / "set", classes("cat", "dog", count=20))
    out = tmp_path / "run"
    quick = ("--models", "linear", "--seeds", "1", "--jobs", "1", "--out", out)
    said = command("run", path, "--image-size", "5", *quick)
    assert said.code == 0
    assert f"bakeoff predict {out} NEW_PICTURES" in said.out.replace("\n", " ")
    said = command("run", path, "--image-size", "5", "--dry-run", "--json", "--models", "linear")
    assert json.loads(said.out)["split"]["train"]["classes"] == {"cat": 14, "dog": 14}
    said = command("predict", out, path)
    assert said.out.splitlines()[0] == "row,file,prediction,p:dog,p:cat"
    assert said.out.splitlines()[1].startswith("1,cat/0.png,cat,")
    said = command("run", path, "--image-size", "big")
    assert (said.code, "--image-size big must be a side" in said.err) == (2, True)
