"""Promises of views."""

import numpy as np
import pytest

from bakeoff.data.read import read_inputs
from bakeoff.data.taking.sources import Sliced, Windows, read_as
from bakeoff.data.taking.views import make_views
from bakeoff.errors import DataError

from ..data_sets import GIVEN, RANDOM, TARGET, N, mixed_table, prepared


@pytest.mark.parametrize(
    ("name", "views"),
    [
        ("table", {"table": (N, 10), "plain": (N, 6)}),
        ("block", {"table": (N, 5), "plain": (N, 5)}),
        (
            "image",
            {
                "image": (N, 8, 6, 3),
                "sequence": (N, 8, 18),
                "vector": (N, 144),
                "plain": (N, 144),
                "histograms": (N, 112),
            },
        ),
        ("sequence", {"sequence": (N, 7, 2), "vector": (N, 14), "plain": (N, 14)}),
        ("lengths", {"sequence": (N, 7, 2), "vector": (N, 13), "plain": (N, 13)}),
        ("volume", {"volume": (N, 4, 8, 6, 1), "vector": (N, 192), "plain": (N, 192)}),
    ],
)
def test_each_kind_of_data_offers_its_views(name, views):
    dataset, _, preparation = prepared(GIVEN[name], target=TARGET.get(name))
    offered = make_views(preparation, dataset)
    assert {view: offered[view].take()["x"].shape for view in offered} == views
    assert all(v.take()["x"].dtype == np.float32 for n, v in offered.items() if n != "plain")


def views_of(data):
    dataset, _, preparation = prepared(data)
    return make_views(preparation, dataset)


SECONDS = 1_700_000_000 + RANDOM.integers(0, 600, N)


@pytest.mark.parametrize(
    "data",
    [
        ({"seconds": SECONDS, "b": RANDOM.normal(size=N), "y": np.arange(N) % 2}),
        (SECONDS[:, None], np.arange(N) % 3),
        (np.repeat(SECONDS, 4).reshape(N, 4, 1), np.arange(N) % 3),
        (np.repeat(SECONDS, 4).reshape(N, 2, 2, 1), np.arange(N) % 3),
    ],
    ids=["table", "block", "sequence", "image"],
)
def test_numbers_of_many_digits_stay_different_in_every_view(data):
    dataset, _, preparation = prepared(data, target="y" if isinstance(data, dict) else None)
    for view in make_views(preparation, dataset).values():
        column = view.take()["x"].reshape(N, -1)[:, 0]
        assert len(np.unique(column)) == len(np.unique(SECONDS))


def test_what_trees_read_is_small_where_float32_holds_it():
    halves = RANDOM.integers(0, 100, (N, 3)) / 2
    assert views_of((halves, np.arange(N) % 3))["plain"].take()["x"].dtype == np.float32
    assert views_of((halves / 5, np.arange(N) % 3))["plain"].take()["x"].dtype == np.float64


def test_padding_never_reaches_a_view():
    x = RANDOM.normal(size=(N, 7, 2))
    lengths = RANDOM.integers(1, 7, N)
    padded = x.copy()
    padded[np.arange(7) >= lengths[:, None]] = 1e6
    first, second = (
        views_of({"x": values, "y": np.arange(N) % 3, "x_lengths": lengths})
        for values in (x, padded)
    )
    for view in ("sequence", "vector", "plain"):
        np.testing.assert_array_equal(first[view].take()["x"], second[view].take()["x"])


def test_pictures_are_standardised_per_channel():
    dataset, split, preparation = prepared(GIVEN["image"])
    x = make_views(preparation, dataset)["image"].take(split.train)["x"]
    np.testing.assert_allclose(x.mean(axis=(0, 1, 2)), 0, atol=1e-5)
    np.testing.assert_allclose(x.std(axis=(0, 1, 2)), 1, atol=1e-5)


def test_views_of_a_picture_hold_the_same_pixels():
    dataset, _, preparation = prepared(GIVEN["image"])
    views = make_views(preparation, dataset)
    image = views["image"].take()["x"]
    np.testing.assert_array_equal(image.reshape(N, -1), views["vector"].take()["x"])
    np.testing.assert_array_equal(image.reshape(N, 8, -1), views["sequence"].take()["x"])


def test_new_data_are_read_as_the_training_data_were():
    data = mixed_table()
    dataset, _, preparation = prepared(data, target="y")
    few = {name: np.asarray(values, dtype=object)[:5] for name, values in data.items()}
    few["when"] = [str(value) for value in data["when"][:5]]
    new = read_inputs({name: few[name] for name in few if name != "y"}, dataset.schema)
    assert "y" not in new.arrays
    for view, seen in make_views(preparation, dataset).items():
        for key, array in make_views(preparation, new)[view].take().items():
            np.testing.assert_array_equal(array, seen.take(slice(5))[key])


def test_new_data_without_a_column_are_refused_by_name():
    dataset = prepared(mixed_table(), target="y")[0]
    with pytest.raises(DataError, match=r"No column called 'number'\. Did you mean 'numbr'"):
        read_inputs({"numbr": [1.0], "flag": ["no"], "word": ["u"], "when": [None]}, dataset.schema)


def test_plain_models_read_small_pictures_and_these_as_they_are():
    draw = np.random.default_rng(0)
    for size, wanted in ((16, 16), (40, 16)):
        pictures = draw.integers(0, 256, (N, size, size, 1), dtype=np.uint8)
        plain = views_of((pictures, np.arange(N) % 3))["plain"].take()["x"]
        assert plain.shape == (N, wanted * wanted)
        if size == wanted:
            assert np.array_equal(plain, pictures.reshape(N, -1))
        else:
            assert np.allclose(plain.mean(1), pictures.reshape(N, -1).mean(1), atol=1e-3)


def test_colours_are_counted_alike_in_bytes_and_in_shares():
    pictures = np.random.default_rng(0).integers(0, 256, (N, 8, 6, 3), dtype=np.uint8)
    shares = (pictures / 255).astype(np.float32)
    shares[0, 0, 0, 0] = 1.0
    found = [views_of((x, np.arange(N) % 3))["histograms"].take()["x"] for x in (pictures, shares)]
    assert found[0].shape == (N, 112)
    assert np.allclose(found[0][1:], found[1][1:], atol=0.03)
    grey = views_of((pictures[..., :1], np.arange(N) % 3))
    assert "histograms" not in grey


def test_a_sliced_source_gives_what_an_array_would():
    source = Windows(base=np.arange(20.0)[:, None], starts=np.arange(10), length=3)
    sliced = Sliced(source)
    assert (len(sliced), sliced.shape) == (10, (10, 3, 1))
    assert np.array_equal(sliced[2:5], source.take()[2:5])
    assert isinstance(read_as("window", {"x": source})["x"], Sliced)
    assert isinstance(read_as("sequence", {"x": source})["x"], np.ndarray)
