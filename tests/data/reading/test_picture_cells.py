"""Promises of paths in a table: each leads to a picture in its root, or it is told why not."""

import os
import zipfile

import polars as pl
import pytest

from bakeoff.data.reading.picture_cells import look_like_paths, picture_cells, plain_path
from bakeoff.data.reading.picture_files import PictureFile

from ...pictures import archive, folder, picture

FILES = {"a/1.png": picture(), "my best photos of the year 2023/cat 1.jpg": picture(kind="JPEG")}
FOUND = (
    ("a/1.png", "a/1.png"),
    ("./a/1.png", "a/1.png"),
    ("a\\1.png", "a/1.png"),
    (" a//1.png ", "a/1.png"),
    ("my best photos of the year 2023/cat 1.jpg",) * 2,
    ("a/2.png", "not there"),
    ("a/1.png\0", "not there"),
    ("x" * 5_000 + ".png", "not there"),
    ("../secret.png", "outside"),
    ("a/../../secret.png", "outside"),
    ("/etc/passwd", "outside"),
    ("C:\\1.png", "outside"),
    ("", "empty"),
    (" ", "empty"),
    (None, "empty"),
)


@pytest.mark.parametrize("pack", [folder, archive])
@pytest.mark.parametrize(("cell", "wanted"), FOUND, ids=lambda x: str(x)[:12])
def test_a_path_leads_to_its_picture_or_the_reason_is_told(cell, wanted, pack, tmp_path):
    folder(tmp_path, {"secret.png": picture()})
    [found] = picture_cells([cell], pack(tmp_path / "root.zip", FILES))
    assert (found.name if isinstance(found, PictureFile) else found) == wanted


def test_links_are_followed_inside_of_the_root_alone(tmp_path):
    root = folder(tmp_path / "root", FILES)
    outside = folder(tmp_path / "outside", {"1.png": picture()})
    (root / "in.png").symlink_to(root / "a" / "1.png")
    (root / "out.png").symlink_to(outside / "1.png")
    (root / "away").symlink_to(outside)
    (root / "loop.png").symlink_to(root / "loop.png")
    os.mkfifo(root / "pipe.png")
    names = ["in.png", "out.png", "away/1.png", "loop.png", "pipe.png", "a", "."]
    found = picture_cells(names, root)
    assert isinstance(found[0], PictureFile)
    assert found[1:] == ["outside", "outside", "not there", "no file", "no file", "no file"]


def test_members_of_an_archive_that_climb_out_are_not_found(tmp_path):
    path = archive(tmp_path / "root.zip", FILES)
    with zipfile.ZipFile(path, "a") as opened:
        opened.writestr("../b.png", picture())
    assert picture_cells(["../b.png", "b.png"], path) == ["outside", "not there"]


@pytest.mark.parametrize(
    ("cells", "likely"),
    [
        (["a.png", "b.JPG", None], True),
        (["bad", "a.png", "b.jpeg", "c.webp "], True),
        (["a.png", "b", "c"], False),
        (["a.csv", "b.csv"], False),
        ([None, None], False),
    ],
)
def test_a_column_looks_like_paths_where_most_cells_end_so(cells, likely):
    assert look_like_paths(pl.Series("x", cells, dtype=pl.String)) is likely


def test_a_path_without_dots_stays_as_it_is():
    assert plain_path("a/b c/1.png") == "a/b c/1.png"
