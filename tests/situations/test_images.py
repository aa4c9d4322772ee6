"""Situations of group A that people met with other tools: folders of pictures, through a run."""

import numpy as np
import polars as pl
import pytest
from PIL import Image

import bakeoff
from bakeoff.data.read import read
from bakeoff.train.workers import num_cores

from ..pictures import archive, classes, folder, packed

QUICK = {"seeds": 1, "jobs": 1, "show": "none"}


def halves(count: int, part: str, seed: int) -> dict[str, bytes]:
    """Return pictures of noise whose upper or lower half is dark."""
    random = np.random.default_rng(seed)
    files = {}
    for i in range(count):
        pixels = random.integers(120, 255, (12, 12), dtype=np.uint8)
        name = ("above", "below")[i % 2]
        pixels[slice(0, 6) if name == "above" else slice(6, 12)] //= 4
        files[f"{part}/{name}/{i}.png"] = packed(Image.fromarray(pixels))
    return files


def test_a_class_whose_test_folder_is_empty_moves_no_other(tmp_path):
    """A 1: matched by order, two of three test pictures would be wrong.

    deliver/test_new_pictures says it where the folder is absent.
    """
    angles = ("0", "90", "180", "270")
    train = classes(*angles, above="train/", count=12)
    test = classes(*angles, above="test/", count=3)
    test = {name: raw for name, raw in test.items() if "/180/" not in name}
    data = folder(tmp_path / "set", train | test | {"test/180/": b""})
    run = bakeoff.run(data, models=["linear"], out=tmp_path / "run", **QUICK)
    assert run.leaderboard["score"].to_list() == [1.0]
    shares = {name for name in run.predictions.columns if name.startswith("p:")}
    assert shares == {f"p:{angle}" for angle in angles}
    said = [note for note in read(data).notes if "180" in note]
    assert said == ["The class '180' has no test pictures."]


def test_augmentation_never_touches_the_rows_that_are_judged(tmp_path):
    """A 13: rotated by up to 180 degrees, the halves of validation rows would change places."""
    parts = ("train", 40, 0), ("val", 30, 1), ("test", 30, 2)
    files = {name: raw for part, n, seed in parts for name, raw in halves(n, part, seed).items()}
    run = bakeoff.run(
        folder(tmp_path / "set", files),
        models=["cnn"],
        augment="rotation=180:1",
        epochs=3,
        out=tmp_path / "run",
        **QUICK,
    )
    fit = run.folder / "fits" / "cnn" / "torch-0-0"
    best = pl.read_parquet(fit / "history.parquet")["validation_metric"].max()
    rows = folder(tmp_path / "again", halves(30, "all", 1)) / "all"
    assert run.best.score(rows) == best
    first, second = run.best.predict_proba(rows), run.best.predict_proba(rows)
    assert np.array_equal(first, second)


@pytest.mark.parametrize(
    ("train", "test"), [("training", "testing"), ("Train", "TEST"), ("set_train", "set_test")]
)
def test_folders_called_like_parts_are_no_classes(train, test, tmp_path):
    files = classes("cat", "dog", above=f"{train}/", count=4)
    files |= classes("dog", "cat", above=f"{test}/")
    dataset = read(folder(tmp_path / "set", files))
    assert set(dataset.arrays["class"]) == {"cat", "dog"}
    assert dataset.parts.tolist().count("test") == 6


def test_classes_that_hold_the_same_folders_are_asked_about(tmp_path):
    files = classes("cat", "dog", above="monday/") | classes("cat", "dog", above="tuesday/")
    [said] = [
        note for note in read(folder(tmp_path / "set", files)).notes if "same folders" in note
    ]
    assert said.startswith("The folders monday and tuesday are taken as the classes")
    assert "(cat and dog)" in said


def test_a_blank_behind_a_name_is_told(tmp_path):
    dataset = read(folder(tmp_path / "set", classes("cat", "dog") | classes("cat ")))
    assert any("'cat' (3) = 'cat ' (3)" in note for note in dataset.notes)


def test_what_macos_adds_to_an_archive_is_no_class_and_no_picture(tmp_path):
    beside = {f"__MACOSX/cat/._{i}.png": b"\0\5\x16\7" for i in range(3)}
    path = archive(tmp_path / "set.zip", classes("cat", "dog") | beside)
    dataset = read(path)
    assert (len(dataset), set(dataset.arrays["class"])) == (6, {"cat", "dog"})
    assert any("1 hidden file or folder (__MACOSX) left out" in note for note in dataset.notes)


def test_a_class_folder_that_is_a_link_is_not_followed_and_counted(tmp_path):
    root = folder(tmp_path / "set", classes("cat", "dog"))
    outside = folder(tmp_path / "other", classes("bird"))
    (root / "bird").symlink_to(outside / "bird")
    (root / "katze").symlink_to(root / "cat")
    dataset = read(root)
    assert len(dataset) == 6
    assert any("2 links that lead to folders or outside (bird, katze)" in n for n in dataset.notes)


@pytest.mark.parametrize(("kind", "ending"), [("GIF", "gif"), ("TIFF", "tif")])
def test_of_a_file_of_several_pictures_the_first_is_read(kind, ending, tmp_path):
    frames = [Image.new("RGB", (8, 8), (i, 0, 0)) for i in (10, 200, 100)]
    raw = packed(frames[0], kind, save_all=True, append_images=frames[1:])
    dataset = read(folder(tmp_path / "set", classes("a", "b") | {f"a/film.{ending}": raw}))
    assert "1 file holds several pictures; the first is read." in dataset.notes
    at = [name.endswith(ending) for name in dataset.arrays["file"]].index(True)
    assert abs(int(dataset.arrays["image"][at, 0, 0, 0]) - 10) <= 1


def test_one_fit_of_large_pictures_has_all_cores(tmp_path):
    place = folder(tmp_path / "set", classes("cat", "dog", count=20, size=(64, 64)))
    quick = {"seeds": 1, "epochs": 1, "show": "none"}
    run = bakeoff.run(place, models="cnn", out=tmp_path / "run", **quick)
    assert run.model("cnn").fit.threads == num_cores()
    run = bakeoff.run(place, models="cnn", image_size=16, out=tmp_path / "small", **quick)
    assert run.model("cnn").fit.threads == 1
