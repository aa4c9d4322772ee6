"""Rows may be lists of different lengths, as Keras gives reviews, or texts, or strings."""

import numpy as np
import pandas as pd
import polars as pl
import pytest

import bakeoff
from bakeoff.data.assembling.join_pair import join_pair
from bakeoff.data.read import read, read_inputs
from bakeoff.errors import DataError

RNG = np.random.default_rng(0)
LISTS = [RNG.integers(1, 50, size).tolist() for size in RNG.integers(3, 9, 40)]
OBJECTS = np.empty(40, object)
OBJECTS[:] = LISTS
Y = np.arange(40) % 2
Y60 = np.arange(60) % 2


@pytest.mark.parametrize("x", [LISTS, OBJECTS, [np.array(one) for one in LISTS]])
def test_lists_of_different_lengths_are_sequences(x):
    dataset = read((x, Y), kinds={"x": "tokens"})
    assert dataset.schema.tasks == {"y": "binary"}
    assert dataset.arrays["x"].lengths.tolist() == [len(one) for one in LISTS]
    same = read_inputs(x[:3], dataset.schema)
    assert same.arrays["x"].lengths.tolist() == [len(one) for one in LISTS[:3]]


def test_steps_of_several_channels_may_be_of_different_lengths():
    x = [RNG.normal(size=(size, 3)) for size in RNG.integers(3, 9, 40)]
    assert read((x, Y)).arrays["x"].shape == (40, max(map(len, x)), 3)


def test_a_run_takes_them_as_x_and_y_with_a_test_part(tmp_path):
    run = bakeoff.run(
        (OBJECTS[:30], Y[:30]), test=(OBJECTS[30:], Y[30:]), kinds={"x": "tokens"},
        models=["embedding_bag"], seeds=1, epochs=1, out=tmp_path / "run", show="none",
    )  # fmt: skip
    assert len(run.best.predict(OBJECTS)) == 40
    assert run.best.score((OBJECTS, Y)) == run.best.score({"x": LISTS, "y": Y})
    with pytest.raises(DataError, match="X has 40 rows and y has 3"):
        bakeoff.run(LISTS, Y[:3], out=tmp_path / "other", show="none")


def test_texts_and_their_classes_may_be_lists(tmp_path):
    texts = [
        f"a film of {'great and good' if i % 2 else 'bad and long'} parts {i}" for i in range(60)
    ]
    for x in (texts, np.array(texts), pd.Series(texts), pl.Series(texts)):
        assert read((x, Y60)).schema.columns[0].kind == "text"
    run = bakeoff.run(
        texts, Y60, models=["tfidf"], seeds=1, out=tmp_path / "run",
        show="none",
    )  # fmt: skip
    assert run.best.predict(texts[:2])["prediction"].to_list() == [0, 1]
    assert run.best.predict([texts[3]])["prediction"].to_list() == [1]


def test_texts_may_have_several_answers():
    texts = [f"a film of good and bad parts, of which there are {i}" for i in range(60)]
    many = np.eye(30)[np.arange(60) % 30]  # as many numbers would be an amount
    for dataset in (read((texts, many)), read(join_pair(texts, many)[0], target="y")):
        assert dataset.schema.tasks == {"y": "multiclass"}
    assert read((texts, RNG.normal(size=(60, 2)))).schema.targets == ("y_0", "y_1")
    assert join_pair(texts, np.ones((60, 3), int))[1] == "y_*"
    frame = pd.DataFrame({"kind": Y60, "size": np.arange(60) / 7})
    assert join_pair(texts, frame)[1] == ["kind", "size"]


def test_an_array_of_strings_is_a_table_of_its_columns():
    x = np.array([["1.5", "a"], ["2.5", "b"]] * 20)
    dataset = read((x, Y))
    assert [column.kind for column in dataset.schema.columns] == ["number", "binary", "binary"]
    assert len(read_inputs(x[:3], dataset.schema)) == 3
    assert read((x.tolist(), Y)).schema == dataset.schema


def test_pictures_of_different_sizes_are_refused_with_the_way_on():
    x = [np.zeros((8 + i % 2, 8, 3), "uint8") for i in range(40)]
    with pytest.raises(DataError, match="pictures of 2 sizes"):
        read((x, Y))
