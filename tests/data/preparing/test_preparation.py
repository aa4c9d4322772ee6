"""Promises of what is learned from training rows: transforms, classes, targets."""

import json

import numpy as np
import pytest

from bakeoff.data.preparing.preparation import TRANSFORMS, fit_preparation
from bakeoff.data.preparing.preparation_file import load_preparation
from bakeoff.data.preparing.transform import Transform
from bakeoff.data.read import read
from bakeoff.data.splitting.split import make_split
from bakeoff.data.taking.views import make_views
from bakeoff.errors import DataError

from ..data_sets import GIVEN, RANDOM, TARGET, N, prepared


@pytest.mark.parametrize("name", GIVEN)
def test_a_preparation_comes_back_from_its_files(name, tmp_path):
    dataset, _, preparation = prepared(GIVEN[name], target=TARGET.get(name))
    preparation.save(tmp_path)
    loaded = load_preparation(tmp_path)
    again = make_views(loaded, dataset)
    for view, seen in make_views(preparation, dataset).items():
        assert seen.sizes == again[view].sizes
        for key, array in seen.take().items():
            np.testing.assert_array_equal(array, again[view].take()[key])
    np.testing.assert_array_equal(preparation.targets(dataset), loaded.targets(dataset))
    assert json.loads((tmp_path / "transforms.json").read_text())["format"] == 2


@pytest.mark.parametrize("name", GIVEN)
def test_everything_is_learned_from_training_rows_only(name):
    dataset, split, preparation = prepared(GIVEN[name], target=TARGET.get(name))
    others = np.concatenate([split.validation, split.test])
    train_only = dataset[np.concatenate([split.train, split.train[: len(others)]])]
    changed = fit_preparation(
        train_only,
        type(split)(
            train=np.arange(len(split.train)),
            validation=[len(split.train)],
            test=[len(split.train) + 1],
            method="random",
            how="by hand",
        ),
    )
    for view, seen in make_views(preparation, dataset).items():
        for key, array in seen.take().items():
            np.testing.assert_array_equal(array, make_views(changed, dataset)[view].take()[key])


def test_classes_are_numbered_with_the_positive_one_last():
    dataset, _, preparation = prepared(
        {"a": RANDOM.normal(size=N), "y": ["yes", "no", "yes"] * (N // 3)}, target="y"
    )
    assert preparation.classes == ("no", "yes")
    assert preparation.targets(dataset)[:3].tolist() == [1, 0, 1]
    with pytest.raises(ValueError, match="y has classes, not amounts"):
        preparation.invert(np.array([-0.3, 2.0]))


def test_classes_that_are_numbers_are_sorted_by_size():
    _, _, preparation = prepared((RANDOM.normal(size=(N, 2)), np.arange(N) % 12 + 1))
    assert preparation.classes[-2:] == ("11", "12")


def test_a_class_that_no_training_row_has_is_minus_one_and_said():
    part = ["train"] * 60 + ["validation"] * 30 + ["test"] * 30
    y = ["u", "v"] * 30 + ["w", "u"] * 30
    dataset = read({"a": RANDOM.normal(size=N), "part": part, "y": y}, target="y")
    preparation = fit_preparation(dataset, make_split(dataset, "column:part"))
    assert preparation.targets(dataset)[90:92].tolist() == [-1, 0]
    assert "No training row has y = w; such rows always count as wrong." in preparation.notes


def test_the_column_that_makes_the_split_is_no_input():
    data = {"a": RANDOM.normal(size=N), "g": [f"g{i % 9}" for i in range(N)], "y": [0, 1] * 60}
    dataset = read(data, target="y")
    preparation = fit_preparation(dataset, make_split(dataset, "group:g"))
    assert preparation.schema.inputs == ("a",)


def test_a_column_without_a_training_value_is_left_out_and_said():
    late = np.where(np.arange(N) < 100, np.nan, 1.5)
    data = {"step": np.arange(N) * 2, "late": late, "y": RANDOM.normal(size=N)}
    dataset = read(data, target="y")
    preparation = fit_preparation(dataset, make_split(dataset, "time:step"))
    assert preparation.schema.inputs == ("step",)
    assert "late is left out: no training row has a value of it." in preparation.notes
    assert make_views(preparation, dataset)["plain"].inputs["x"].shape == (N, 1)


@pytest.mark.parametrize(
    ("y", "message"),
    [
        (RANDOM.normal(size=N) * 1e200, "squares of such errors cannot be calculated with"),
        (RANDOM.normal(size=N) * 1e-200, "squares of such errors cannot be calculated with"),
        (1e9 + (np.arange(N) % 3) * 1.2e-7, "differ by the rounding of numbers alone"),
    ],
)
def test_amounts_that_cannot_be_judged_are_refused(y, message):
    dataset = read((RANDOM.normal(size=(N, 2)), y))
    with pytest.raises(DataError, match=message):
        fit_preparation(dataset, make_split(dataset))


@pytest.mark.parametrize(("offset", "unit"), [(1e12, 1), (5, 1e-13), (0, 1e100), (0, 1e-100)])
def test_offset_and_unit_of_amounts_do_not_matter(offset, unit):
    amounts = RANDOM.normal(size=N)
    dataset, _, preparation = prepared((RANDOM.normal(size=(N, 2)), offset + unit * amounts))
    scaled = preparation.targets(dataset)
    assert np.corrcoef(scaled, amounts)[0, 1] > 0.999
    assert 0.5 < scaled.std() < 2


def test_training_rows_of_one_class_are_refused():
    data = {"a": np.arange(N) + 0.5, "y": [0] * 110 + [1] * 10}
    dataset = read(data, target="y")
    with pytest.raises(DataError, match="All 84 training rows have y = 0"):
        fit_preparation(dataset, make_split(dataset, "time:a"))


def test_amounts_come_back_in_the_users_units():
    dataset, split, preparation = prepared((RANDOM.normal(size=(N, 2)), np.linspace(5, 900, N)))
    scaled = preparation.targets(dataset)
    assert abs(scaled[split.train].mean()) < 1e-6
    np.testing.assert_allclose(
        preparation.invert(scaled[:, None]), np.linspace(5, 900, N), rtol=1e-5
    )


def test_every_transform_keeps_the_protocol_and_comes_back_from_its_state():
    met = set()
    series = {"target": "v", "time": "t", "lookback": 3, "horizon": 2}
    given = [(GIVEN[name], {"target": TARGET.get(name)}) for name in GIVEN]
    tokens = {"x": np.ones((N, 3), int), "y": np.arange(N) % 2}
    given.append((tokens, {"kinds": {"x": "tokens"}}))
    texts = {"x": [f"a cat of {i % 3} dogs" for i in range(N)], "y": np.arange(N) % 2}
    given.append((texts, {"target": "y", "kinds": {"x": "text"}}))
    mixed = {**texts, "age": np.arange(N) * 0.5}
    given.append((mixed, {"target": "y", "kinds": {"x": "text"}}))
    for data, options in [*given, ({"t": np.arange(N), "v": np.arange(N) * 1.5}, series)]:
        dataset, _, preparation = prepared(data, **options)
        columns = dict(dataset.arrays)
        if preparation.task != "forecast":
            columns = {n: np.asarray(dataset.arrays[n]) for n in dataset.schema.inputs}
        fitted = {n: (t, columns[n]) for n, t in preparation.transforms.items()}
        if preparation.scale is not None:
            fitted["scale"] = (preparation.scale, dataset.arrays[dataset.target])
        for name, own in preparation.components.items():
            codes = preparation.transforms[name].apply(dataset.arrays[name])
            fitted[f"components of {name}"] = (own, codes)
        for transform, values in fitted.values():
            assert isinstance(transform, Transform)
            again = type(transform)(**transform.state())
            np.testing.assert_array_equal(again.apply(values), transform.apply(values))
            met.add(type(transform))
    assert met == set(TRANSFORMS.values())


def test_a_file_that_names_an_unknown_transform_is_refused(tmp_path):
    prepared(GIVEN["block"])[2].save(tmp_path)
    path = tmp_path / "transforms.json"
    path.write_text(path.read_text().replace('"Numbers"', '"Nombers"'))
    with pytest.raises(DataError, match=r"No transform called 'Nombers'.* Did you mean 'Numbers'"):
        load_preparation(tmp_path)
