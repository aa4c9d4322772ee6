"""Promises of transforms, views and targets."""

import json

import numpy as np
import pytest

from bakeoff.data.preparing.preparation import fit_preparation, load_preparation
from bakeoff.data.preparing.transforms import Binary, Categories, Numbers
from bakeoff.data.read import read, read_inputs
from bakeoff.data.splitting.split import make_split
from bakeoff.errors import DataError

RANDOM = np.random.default_rng(0)
N = 120


def mixed_table():
    number = RANDOM.normal(size=N) * 7 + 3
    number[::6] = np.nan
    return {
        "number": number,
        "flag": ["yes" if i % 3 else "no" for i in range(N)],
        "word": ["u", "v", "w", None][:] * (N // 4),
        "when": np.datetime64("2019-03-01T05:30") + np.arange(N).astype("timedelta64[D]") * 9,
        "y": RANDOM.integers(0, 2, N),
    }


def prepared(data, **options):
    dataset = read(data, **options)
    split = make_split(dataset)
    return dataset, split, fit_preparation(dataset, split)


GIVEN = {
    "table": mixed_table(),
    "block": (RANDOM.normal(size=(N, 5)), RANDOM.normal(size=N)),
    "image": (RANDOM.integers(0, 255, (N, 8, 6, 3)).astype(np.uint8), np.arange(N) % 3),
    "sequence": (RANDOM.normal(size=(N, 7, 2)), np.arange(N) % 3),
    "lengths": {
        "x": RANDOM.normal(size=(N, 7, 2)),
        "y": np.arange(N) % 3,
        "x_lengths": RANDOM.integers(1, 8, N),
    },
    "volume": (RANDOM.normal(size=(N, 4, 8, 6, 1)), np.arange(N) % 3),
}
TARGET = {"table": "y"}


@pytest.mark.parametrize(
    ("name", "views"),
    [
        ("table", {"table": (N, 10), "plain": (N, 6)}),
        ("block", {"table": (N, 5), "plain": (N, 5)}),
        (
            "image",
            {
                "image": (N, 3, 8, 6),
                "sequence": (N, 8, 18),
                "vector": (N, 144),
                "plain": (N, 144),
            },
        ),
        ("sequence", {"sequence": (N, 7, 2), "vector": (N, 14), "plain": (N, 14)}),
        ("lengths", {"sequence": (N, 7, 2), "vector": (N, 13), "plain": (N, 13)}),
        ("volume", {"volume": (N, 1, 4, 8, 6), "vector": (N, 192), "plain": (N, 192)}),
    ],
)
def test_each_kind_of_data_offers_its_views(name, views):
    dataset, _, preparation = prepared(GIVEN[name], target=TARGET.get(name))
    offered = preparation.views(dataset)
    assert {view: offered[view].inputs["x"].shape for view in offered} == views
    assert all(view.inputs["x"].dtype == np.float32 for view in offered.values())


@pytest.mark.parametrize("name", GIVEN)
def test_a_preparation_comes_back_from_its_files(name, tmp_path):
    dataset, _, preparation = prepared(GIVEN[name], target=TARGET.get(name))
    preparation.save(tmp_path)
    loaded = load_preparation(tmp_path)
    again = loaded.views(dataset)
    for view, seen in preparation.views(dataset).items():
        assert seen.sizes == again[view].sizes
        for key, array in seen.inputs.items():
            np.testing.assert_array_equal(array, again[view].inputs[key])
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
            how="by hand",
        ),
    )
    for view, seen in preparation.views(dataset).items():
        for key, array in seen.inputs.items():
            np.testing.assert_array_equal(array, changed.views(dataset)[view].inputs[key])


def test_numbers_are_bent_to_a_bell_curve_and_outliers_do_no_harm():
    values = RANDOM.lognormal(size=(5000, 1)) ** 3
    transform = Numbers.fit(values)
    bent = transform.apply(values)
    assert abs(bent.mean()) < 0.02 and abs(bent.std() - 1) < 0.03
    assert transform.apply(np.array([[1e12]])) == pytest.approx(bent.max() + 3)
    assert len(transform.knots) <= 255


def test_few_different_numbers_are_standardised():
    values = np.array([[1.0], [2.0], [3.0]] * 20)
    assert Numbers.fit(values).apply(np.array([[2.0], [4.0]]))[:, 0] == pytest.approx([0, 2.449490])


def test_bending_keeps_the_order():
    values = np.sort(RANDOM.exponential(size=400))[:, None]
    assert (np.diff(Numbers.fit(values).apply(values)[:, 0]) >= 0).all()


def test_missing_numbers_are_the_middle_and_told():
    transform = Numbers.fit(np.array([[1.0, 1.0], [np.nan, 2.0], [3.0, 4.0]]))
    result = transform.apply(np.array([[np.nan, np.nan]]))
    assert result.tolist() == [[0.0, 0.0, 1.0]]


def test_a_constant_column_of_large_numbers_stays_zero():
    transform = Numbers.fit(np.full((50, 1), 0.1 + 1e9))
    assert transform.apply(np.full((3, 1), 0.1 + 1e9)).tolist() == [[0.0]] * 3


def test_missing_unseen_and_rare_categories_have_places_of_their_own():
    values = np.array(["u"] * 5 + ["v"] * 5 + ["rare"], dtype=object)
    transform = Categories.fit(values)
    places = transform.apply(np.array([None, "new", "rare", "u", "v"], dtype=object))
    assert places.tolist() == [0, 1, 1, 2, 3]
    assert transform.size == 4


def test_an_unseen_value_of_two_lies_between_them():
    transform = Binary.fit(np.array(["no", "yes", "yes"] * 4, dtype=object))
    low, high, unseen, missing = transform.apply(
        np.array(["no", "yes", "maybe", None], dtype=object)
    )[:, 0]
    assert low < unseen == missing == 0 < high


def test_calendar_parts_run_in_circles():
    when = np.datetime64("2019-01-01T00:00") + np.arange(N * 24).astype("timedelta64[h]")
    dataset, _, preparation = prepared({"when": when, "y": RANDOM.normal(size=N * 24)}, target="y")
    x = preparation.views(dataset)["table"].inputs["x"]
    assert np.abs(x).max() <= 1.0 + 1e-6
    np.testing.assert_allclose(x[0, -2:], x[24, -2:], atol=1e-6)  # the same hour, a day later
    assert np.abs(x[0, -2:] - x[12, -2:]).max() > 1


def test_padding_never_reaches_a_view():
    x = RANDOM.normal(size=(N, 7, 2))
    lengths = RANDOM.integers(1, 7, N)
    padded = x.copy()
    padded[np.arange(7) >= lengths[:, None]] = 1e6
    first, second = (
        prepared({"x": values, "y": np.arange(N) % 3, "x_lengths": lengths})
        for values in (x, padded)
    )
    for view in ("sequence", "vector", "plain"):
        np.testing.assert_array_equal(
            first[2].views(first[0])[view].inputs["x"], second[2].views(second[0])[view].inputs["x"]
        )


def test_pictures_are_standardised_per_channel():
    dataset, split, preparation = prepared(GIVEN["image"])
    x = preparation.views(dataset)["image"].inputs["x"][split.train]
    np.testing.assert_allclose(x.mean(axis=(0, 2, 3)), 0, atol=1e-5)
    np.testing.assert_allclose(x.std(axis=(0, 2, 3)), 1, atol=1e-5)


def test_views_of_a_picture_hold_the_same_pixels():
    dataset, _, preparation = prepared(GIVEN["image"])
    views = preparation.views(dataset)
    image = views["image"].inputs["x"].transpose(0, 2, 3, 1)
    np.testing.assert_array_equal(image.reshape(N, -1), views["vector"].inputs["x"])
    np.testing.assert_array_equal(image.reshape(N, 8, -1), views["sequence"].inputs["x"])


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


def test_new_data_are_seen_as_the_training_data_were():
    data = mixed_table()
    dataset, _, preparation = prepared(data, target="y")
    few = {name: np.asarray(values, dtype=object)[:5] for name, values in data.items()}
    few["when"] = [str(value) for value in data["when"][:5]]
    new = read_inputs({name: few[name] for name in few if name != "y"}, dataset.schema)
    assert not new.has_target
    for view, seen in preparation.views(dataset).items():
        for key, array in preparation.views(new)[view].inputs.items():
            np.testing.assert_array_equal(array, seen.inputs[key][:5])


def test_new_data_without_a_column_are_refused_by_name():
    dataset = prepared(mixed_table(), target="y")[0]
    with pytest.raises(DataError, match=r"No column called 'number'\. Did you mean 'numbr'"):
        read_inputs({"numbr": [1.0], "flag": ["no"], "word": ["u"], "when": [None]}, dataset.schema)


def test_bent_numbers_go_on_rising_past_the_training_rows_and_then_stop():
    transform = Numbers.fit(np.arange(1000.0)[:, None])
    far = transform.apply(np.array([[999.0], [1200.0], [1400.0], [1e9], [1e12]]))[:, 0]
    assert far[0] < far[1] < far[2] < far[3] == far[4]
