"""Promises of what yields rows: data sets of PyTorch, TensorFlow and Keras are data as they are."""

from types import SimpleNamespace

import numpy as np
import pandas as pd
import pytest
from torch import from_numpy, tensor
from torch.utils.data import DataLoader, Dataset, Subset

from bakeoff.data.read import read, read_inputs
from bakeoff.errors import DataError

X = np.random.default_rng(0).integers(0, 255, (30, 6, 7, 3), dtype=np.uint8)
Y = np.arange(30) % 3


class Rows(Dataset):
    """Yields what a function makes of each position."""

    def __init__(self, row, count=30):
        """Keep both."""
        self.row, self.count = row, count

    def __len__(self):
        """Return how many there are."""
        return self.count

    def __getitem__(self, i):
        """Return one."""
        return self.row(i)


def pictured(dataset):
    return np.asarray(dataset.arrays["x"])


WRAPS = [lambda rows: rows, lambda rows: DataLoader(rows, 4), lambda rows: Subset(rows, range(30))]


@pytest.mark.parametrize("wrap", WRAPS)
def test_pictures_with_channels_first_are_put_last_and_that_is_said(wrap):
    rows = wrap(Rows(lambda i: (from_numpy(X[i]).permute(2, 0, 1), int(Y[i]))))
    dataset = read(rows)
    assert (pictured(dataset) == X).all()
    assert "channels first" in dataset.notes[0]
    assert (pictured(read_inputs(rows, dataset.schema)) == X).all()


def test_arrays_pictures_of_pillow_and_vectors_stay_as_they_are():
    assert (pictured(read(Rows(lambda i: (X[i], tensor(Y[i]))))) == X).all()
    vectors = read(Rows(lambda i: (tensor([1.0 * i, i / 3]), i / 7)))
    assert vectors.arrays["x"].shape == (30, 2)
    assert vectors.schema.tasks == {"y": "regression"}


def test_rows_that_are_dicts_texts_or_sequences_are_columns():
    dicts = read(Rows(lambda i: {"a": i / 7, "b": "uv"[i % 2], "y": i % 3}), target="y")
    assert dicts.schema.inputs == ("a", "b")
    texts = read(Rows(lambda i: (f"the film number {i} was as good as it gets", i % 2)))
    assert texts.schema.column("x").kind == "text"
    steps = read(Rows(lambda i: (np.ones((1 + i % 4, 2)), i % 2)))
    assert steps.arrays["x"].lengths.tolist() == [1 + i % 4 for i in range(30)]


@pytest.mark.parametrize("batched", [True, False])
def test_a_data_set_of_tensorflow_is_read_row_by_row(batched):
    axis = (None,) if batched else ()
    spec = (SimpleNamespace(shape=(*axis, 6, 7, 3)), SimpleNamespace(shape=axis))
    each = SimpleNamespace(as_numpy_iterator=lambda: zip(X, Y, strict=True))
    whole = SimpleNamespace(element_spec=spec, unbatch=lambda: each)
    if not batched:
        whole.as_numpy_iterator = each.as_numpy_iterator
    assert (pictured(read(whole)) == X).all()


def test_pairs_of_pairs_and_lists_of_data_sets_are_parts():
    dataset = read(((X, Y), (X[:9] // 2, Y[:9])))
    assert (dataset.parts == "test").sum() == 9
    parts = [Rows(lambda i, k=k: (X[i] // k, int(Y[i])), n) for k, n in ((1, 30), (2, 9), (3, 6))]
    assert [(read(parts).parts == part).sum() for part in ("train", "validation", "test")] == [
        30, 9, 6,
    ]  # fmt: skip
    assert len(read(([[1.0, 2], [3, 4]] * 9, [0, 1] * 9))) == 18  # x and y, as ever


def test_what_yields_something_else_is_refused_in_a_sentence():
    for rows, said in (
        (Rows(lambda i: X[i]), "must yield pairs"),
        (Rows(lambda i: (X[i], i), 0), "yields no row"),
        (Rows(lambda i: (np.ones((3 + i % 2, 4, 3)), i)), "2 shapes, .3, 4, 3. and .4, 4, 3."),
    ):
        with pytest.raises(DataError, match=said):
            read(rows)


def test_sets_are_labels_and_names_of_several_levels_are_joined():
    frame = pd.DataFrame({("a", "min"): np.arange(30) / 7, ("tags", ""): [{"u"}, {"v", "u"}] * 15})
    dataset = read(frame, target="tags")
    assert (dataset.schema.inputs, dataset.schema.label_names) == (("a_min",), ("u", "v"))
