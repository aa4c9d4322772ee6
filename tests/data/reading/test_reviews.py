"""Promises of imdb by name: tables and the archive of its authors say the same."""

import gzip
import io
import tarfile

import pytest

import bakeoff
from bakeoff import DataError
from bakeoff.data.read import read, read_inputs

REVIEWS = {
    "train": [("neg", f"a dull film, number {i}") for i in range(12)]
    + [("pos", f"a fine film, number {i}") for i in range(12)],
    "test": [("neg", "dull"), ("pos", "fine <br /> really"), ("pos", "é fine")],
}


def archive(home, extra=()):
    """Write the archive, its members in no order, and others that are no reviews."""
    folder = home / "imdb"
    folder.mkdir()
    with tarfile.open(folder / "aclImdb_v1.tar.gz", "w:gz") as file:
        for part, rows in REVIEWS.items():
            for i in reversed(range(len(rows))):
                label, text = rows[i]
                add(file, f"aclImdb/{part}/{label}/{i}_7.txt", text)
        add(file, "aclImdb/train/unsup/0_0.txt", "no label")
        add(file, "aclImdb/README", "read me")
        for member in extra:
            file.addfile(member)


def add(file, name, text):
    member = tarfile.TarInfo(name)
    member.size = len(text.encode())
    file.addfile(member, io.BytesIO(text.encode()))


def tables(home):
    folder = home / "imdb"
    folder.mkdir()
    for part, rows in REVIEWS.items():
        lines = ["text,label", *(f'"{text}",{label}' for label, text in rows)]
        (folder / f"{part}.csv.gz").write_bytes(gzip.compress("\n".join(lines).encode()))


@pytest.mark.parametrize("make", [archive, tables])
def test_it_is_read_from_either(make, tmp_path, monkeypatch):
    make(tmp_path)
    monkeypatch.setenv("BAKEOFF_DATA", str(tmp_path))
    monkeypatch.setenv("BAKEOFF_OFFLINE", "1")
    dataset = read("imdb")
    assert (dataset.source, dataset.target, dataset.schema.inputs) == ("imdb", "label", ("text",))
    for part, rows in REVIEWS.items():
        own = dataset.parts == part
        assert dataset.arrays["label"][own].tolist() == [label for label, _ in rows]
        assert dataset.arrays["text"][own].tolist() == [text for _, text in rows]
    assert dataset[0]["text"] == "a dull film, number 0"
    assert len(read_inputs("imdb", dataset.schema)) == 27


def test_links_in_the_archive_are_passed_over(tmp_path, monkeypatch):
    link = tarfile.TarInfo("aclImdb/train/neg/99_1.txt")
    link.type, link.linkname = tarfile.SYMTYPE, "/etc/passwd"
    archive(tmp_path, [link])
    monkeypatch.setenv("BAKEOFF_DATA", str(tmp_path))
    assert len(read("imdb")) == 27


def test_a_broken_archive_is_refused(tmp_path, monkeypatch):
    archive(tmp_path)
    monkeypatch.setenv("BAKEOFF_DATA", str(tmp_path))
    path = tmp_path / "imdb/aclImdb_v1.tar.gz"
    path.write_bytes(path.read_bytes()[:-40])
    with pytest.raises(DataError, match="aclImdb_v1"):
        read("imdb")


def test_what_lacks_is_named(tmp_path, monkeypatch):
    (tmp_path / "imdb").mkdir()
    (tmp_path / "imdb/train.csv.gz").write_bytes(b"")
    monkeypatch.setenv("BAKEOFF_DATA", str(tmp_path))
    with pytest.raises(DataError, match=r"imdb needs test\.csv\.gz"):
        read("imdb")


@pytest.mark.parametrize("asked", [{"tokens": "bytes"}, {"length": 9}, {"vectors": "v.txt"}])
def test_what_is_asked_of_texts_is_refused_where_there_are_none(asked, tmp_path):
    with pytest.raises(bakeoff.RequestError, match="goes with texts"):
        bakeoff.run("iris", **asked, out=tmp_path / "run", show="none")
