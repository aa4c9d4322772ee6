"""Promises of text folders: a folder of .txt files for each class is a table of texts."""

import zipfile

import pytest

from bakeoff.data.read import read, read_inputs
from bakeoff.errors import DataError


def write(root, files):
    for name, text in files.items():
        (root / name).parent.mkdir(parents=True, exist_ok=True)
        (root / name).write_bytes(text.encode("cp1252"))
    return root


def reviews(part, count=6):
    return {
        f"{part}/{label}/{i}_7.txt": f"a {label} film of {part}, café no {i}"
        for label in ("neg", "pos")
        for i in range(count)
    }


def test_folders_of_texts_are_classes_and_parts(tmp_path):
    files = reviews("train") | reviews("test", 3) | {"train/unsup/1.txt": "so", "README": "x"}
    root = write(tmp_path / "aclImdb", files | {"train/urls.txt": "http"})
    with zipfile.ZipFile(tmp_path / "a.zip", "w") as archive:
        for name in files:
            archive.write(root / name, f"aclImdb/{name}")
    for data in (root, tmp_path / "a.zip"):
        dataset = read(data)
        assert dataset.schema.inputs == ("text",)
        assert (
            dataset.arrays["class"].tolist()
            == ["neg"] * 6 + ["pos"] * 6 + ["neg"] * 3 + ["pos"] * 3
        )
        assert "1 text in unsup is left out: it has no class." in dataset.notes
    assert any("1 text in no class folder" in note for note in read(root).notes)
    apart = read(root / "train", test=root / "test")
    assert apart.arrays["class"].tolist() == dataset.arrays["class"].tolist()


def test_new_texts_are_read_in_the_order_of_their_names(tmp_path):
    root = write(tmp_path / "set", reviews("train") | reviews("test", 3))
    schema = read(root).schema
    new = read_inputs(write(tmp_path / "new", {"b.txt": "two", "a.txt": "one"}), schema)
    assert [new[i]["text"] for i in range(2)] == ["one", "two"]


def test_texts_without_classes_are_refused(tmp_path):
    root = write(tmp_path / "set", {f"{i}.txt": "so" for i in range(4)})
    with pytest.raises(DataError, match=r"4 texts in no class folder.*set/cat/1\.txt"):
        read(root)
