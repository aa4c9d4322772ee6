"""Promises of opening files: regular ones alone, and never more than fits."""

import gzip
import io
import os
import zipfile

import polars as pl
import pytest

from bakeoff.data.read import read
from bakeoff.data.reading import unpack
from bakeoff.data.reading.unpack import check_file, zstd_size
from bakeoff.errors import DataError

from ..conftest import table

linux = pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="no pipes with names here")


@linux
@pytest.mark.parametrize("ending", [".csv", ".npz"])
def test_a_pipe_is_refused_and_not_waited_for(tmp_path, ending):
    path = tmp_path / f"pipe{ending}"
    os.mkfifo(path)
    with pytest.raises(DataError, match="is a pipe, not a file"):
        read(path, target="y")


@linux
def test_a_device_is_refused_even_behind_a_link(tmp_path):
    (tmp_path / "table.csv").symlink_to("/dev/zero")
    with pytest.raises(DataError, match="is a device, not a file"):
        read(tmp_path / "table.csv", target="y")


def test_a_folder_and_an_impossible_name_are_refused(tmp_path):
    with pytest.raises(DataError, match="is a folder without a picture: no file"):
        read(tmp_path, target="y")
    with pytest.raises(DataError, match="There is no file"):
        read("a\0b.csv", target="y")


def test_a_file_that_no_memory_holds_is_refused_by_its_size(tmp_path):
    with (tmp_path / "sparse.csv").open("wb") as file:
        file.truncate(10**12)
    with pytest.raises(DataError, match=r"has 1,000,000,000,000 bytes; .* may have 10,000,000,000"):
        check_file(tmp_path / "sparse.csv")


@pytest.fixture
def low_caps(monkeypatch):
    """Caps that a small file reaches."""
    monkeypatch.setattr(unpack, "LEAST", 10**5)
    monkeypatch.setattr(unpack, "MOST_CELLS", 10**5)


def packed_zip(raw):
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("t.csv", raw)
    return buffer.getvalue()


def packed_zstd(raw):
    buffer = io.BytesIO()
    lines = pl.DataFrame({"line": raw.decode().split("\n")}).lazy()
    lines.sink_csv(buffer, include_header=False, compression="zstd")
    return buffer.getvalue()


@pytest.mark.parametrize("pack", [gzip.compress, packed_zip, packed_zstd])
def test_a_bomb_is_not_unpacked_and_the_cap_is_told(write, low_caps, pack):
    raw = pack(b"a,y\n" + b"1,1\n" * 1_000_000)
    most = f"{10**5 + 100 * len(raw):,}"
    with pytest.raises(DataError, match=f"unpacks to more than {most} bytes"):
        read(write(raw, "t.csv.gz"), target="y")


def test_a_parquet_file_that_is_mostly_said_is_refused(tmp_path, low_caps):
    pl.select(a=pl.repeat(1, 10**6), y=pl.repeat(2, 10**6)).write_parquet(tmp_path / "t.parquet")
    with pytest.raises(DataError, match=r"1,000,000 rows and 2 columns; .* cells can be read"):
        read(tmp_path / "t.parquet", target="y")


def test_the_size_of_zstd_is_known_before_it_is_unpacked():
    raw = table().encode()
    assert len(raw) <= zstd_size(packed_zstd(raw)) <= 2**17
    assert zstd_size(packed_zstd(b"1\n" * 10**6)) >= 2 * 10**6
    with pytest.raises(EOFError):
        zstd_size(packed_zstd(raw)[:-5])


def test_an_encrypted_archive_is_named(write):
    raw = bytearray(packed_zip(table().encode()))
    raw[6] |= 1  # the flag of encryption, at the file and in the directory
    raw[raw.index(b"PK\x01\x02") + 8] |= 1
    with pytest.raises(DataError, match=r"t\.zip is encrypted"):
        read(write(bytes(raw), "t.zip"), target="y")


def test_a_table_of_too_many_columns_is_refused(write):
    names = ",".join(f"c{i}" for i in range(25_001))
    with pytest.raises(DataError, match="25,001 columns; tables of up to 25,000"):
        read(write(f"{names}\n{names}\n"), target="c1")


def test_a_name_of_a_column_is_no_novel(write):
    with pytest.raises(DataError, match=r"name of column 1 has 2,000 characters"):
        read(write("a" * 2_000 + ",y\n1,2\n"), target="y")


def test_a_message_is_one_line_whatever_a_column_is_called(write):
    text = table().replace("a,y", '"a\n\x1b[31m\u2028b",y')
    with pytest.raises(ValueError, match="No column called 'z'") as caught:
        read(write(text), target="z")
    assert str(caught.value).isprintable()
