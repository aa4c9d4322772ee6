"""Promises of held pictures: picture files in the cells of a table, as Hugging Face writes them."""

import io
import json

import numpy as np
import polars as pl
import pytest
from PIL import Image

from bakeoff.data.read import read, read_inputs

RANDOM = np.random.default_rng(0)
FILES = pl.Struct({"bytes": pl.Binary, "path": pl.String})


def picture(kind):
    pixels = RANDOM.integers(0, 255, (8, 8, 3)).astype(np.uint8)
    held = io.BytesIO()
    Image.fromarray(pixels).save(held, kind)
    return held.getvalue()


@pytest.fixture
def table():
    files = [picture("PNG" if i % 2 else "JPEG") for i in range(30)]
    files[4], files[7] = None, b"no picture"
    return pl.DataFrame(
        {
            "image": pl.Series([{"bytes": raw, "path": None} for raw in files], dtype=FILES),
            "label": [0, 1, 2] * 10,
        }
    )


def test_they_are_read_from_parquet_with_the_names_of_the_classes(table, tmp_path):
    names = {"label": {"_type": "ClassLabel", "names": ["cat", "dog", "rat"]}}
    told = json.dumps({"info": {"features": names}})
    table.write_parquet(tmp_path / "a.parquet", metadata={"huggingface": told})
    dataset = read(tmp_path / "a.parquet", target="label")
    assert dataset.schema.inputs == ("image",)
    assert dataset.arrays["image"].shape == (28, 8, 8, 3)
    assert dataset.arrays["label"][:4].tolist() == ["cat", "dog", "rat", "cat"]
    said = "2 rows are left out: image holds 1 no picture, 1 a picture that cannot be read"
    assert any(note.startswith(said) for note in dataset.notes)


def test_new_ones_are_read_from_a_frame(table):
    dataset = read(table, target="label")
    again = read_inputs(table.drop("label"), dataset.schema)
    assert np.array_equal(np.asarray(again.arrays["image"]), np.asarray(dataset.arrays["image"]))


def test_a_column_of_bytes_beside_others_is_a_picture_too(table):
    frame = table.with_columns(
        pl.col("image").struct.field("bytes"), x=pl.Series(RANDOM.normal(size=30))
    )
    dataset = read(frame, target="label")
    assert dataset.schema.inputs == ("image", "x")
    assert len(dataset) == 30, "a row without a picture has its other inputs"
