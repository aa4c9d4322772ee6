"""Promises of the random kernels: padding is silent, short rows count, level is seen."""

import numpy as np
import pytest

from bakeoff.baselines.kernel_features import (
    KERNELS,
    dilations_for,
    draw_kernels,
    feature_batches,
    num_features,
    patterns,
    responses,
)
from bakeoff.baselines.random_kernels import RandomKernels
from tests.baselines.made import sequences


def features(inputs, kernels):
    return np.concatenate([found for _, found in feature_batches(inputs, kernels)])


def drawn(inputs, num_thresholds=12, seed=0):
    return draw_kernels(inputs, num_thresholds, np.random.default_rng(seed))


def learn(inputs, targets, new, task="binary", classes=2):
    """Train on three quarters of the rows, choose on the last, and score new ones."""
    cut = len(targets) * 3 // 4
    model = RandomKernels(task, classes)
    model.fit(
        {name: array[:cut] for name, array in inputs.items()},
        targets[:cut],
        validation_inputs={name: array[cut:] for name, array in inputs.items()},
        validation_targets=targets[cut:],
        seed=0,
    )
    return model.scores(new)


@pytest.mark.parametrize("padding", [0.0, 1e30, np.nan, np.inf])
@pytest.mark.parametrize("more", [0, 1, 50])
def test_padding_never_speaks_to_the_last_bit(padding, more):
    inputs = sequences(20, 0)
    kernels = drawn(inputs)
    longer = np.full((20, 30 + more, 2), padding, np.float32)
    for row, length in enumerate(inputs["lengths"]):
        longer[row, :length] = inputs["x"][row, :length]
    padded = features({"x": longer, "lengths": inputs["lengths"]}, kernels)
    assert np.array_equal(padded, features(inputs, kernels))


def test_a_row_has_the_same_features_alone_and_in_any_batch(monkeypatch):
    inputs = sequences(30, 1, channels=12)
    kernels = drawn(inputs)
    together = features(inputs, kernels)
    monkeypatch.setattr("bakeoff.baselines.kernel_features.NUMBERS", 1)
    assert np.array_equal(features(inputs, kernels), together)


def test_few_rows_stand_in_memory_at_once():
    inputs = {"x": np.zeros((700, 500, 3), np.float32)}
    sizes = [len(found) for _, found in feature_batches(inputs, drawn(inputs, 1))]
    assert sum(sizes) == 700
    assert max(sizes) * 500 * (KERNELS + 27) <= 2**22
    short = {"x": np.zeros((3000, 1, 1), np.float32)}
    assert max(len(found) for _, found in feature_batches(short, drawn(short, 1))) <= 1024


def test_rows_without_lengths_are_read_whole():
    x = sequences(10, 2)["x"]
    kernels = drawn({"x": x})
    whole = {"x": x, "lengths": np.full(10, 30)}
    assert np.array_equal(features({"x": x}, kernels), features(whole, kernels))


@pytest.mark.parametrize("longest", [1, 4, 8])
def test_sequences_shorter_than_a_kernel_give_finite_features_and_are_told_apart(longest):
    draw = np.random.default_rng(0)
    x = draw.normal(size=(80, longest, 1)).astype(np.float32)
    targets = (x[:, 0, 0] > 0).astype(np.int64)
    inputs = {"x": x, "lengths": draw.integers(1, longest + 1, 80)}
    assert np.isfinite(features(inputs, drawn(inputs))).all()
    assert np.mean(learn(inputs, targets, inputs).argmax(axis=1) == targets) > 0.9


def test_a_sequence_without_a_step_gets_an_answer():
    inputs = sequences(40, 3)
    targets = np.arange(40) % 2
    new = {"x": inputs["x"][:2], "lengths": np.array([0, 5])}
    assert np.isfinite(learn(inputs, targets, new)).all()


@pytest.mark.parametrize("told_by", ["rhythm", "level", "first", "last", "spread"])
def test_what_decides_is_found(told_by):
    draw, targets = np.random.default_rng(0), np.arange(300) % 2
    lengths = draw.integers(20, 60, 300)
    x = draw.normal(size=(300, 60, 3)).astype(np.float32)
    sign = 2 * targets - 1
    if told_by == "rhythm":
        speed = np.where(targets == 1, 0.5, 1.5)
        x[:, :, 1] += 2 * np.sin(speed[:, None] * np.arange(60) + draw.uniform(0, 6, 300)[:, None])
    elif told_by == "level":
        x[:, :, 1] += sign[:, None]
    elif told_by == "first":
        x[:, 0, 1] = 2 * sign
    elif told_by == "last":
        x[np.arange(300), lengths - 1, 1] = 2 * sign
    else:
        x[:, :, 1] *= np.where(targets == 1, 1, 2)[:, None]
    train, new = ({"x": x[part], "lengths": lengths[part]} for part in (np.s_[:200], np.s_[200:]))
    assert np.mean(learn(train, targets[:200], new).argmax(axis=1) == targets[200:]) > 0.9


def test_numbers_are_predicted():
    inputs = sequences(400, 4)
    level = inputs["x"][:, :, 0].sum(axis=1) / inputs["lengths"]
    new = sequences(100, 5)
    truth = new["x"][:, :, 0].sum(axis=1) / new["lengths"]
    found = learn(inputs, level.astype(np.float32), new, "regression", 0)
    assert np.mean((found - truth) ** 2) < 0.1 * truth.var()


def test_kernels_are_all_ways_of_three_among_nine_and_see_no_level():
    weights = patterns()
    assert len({tuple(pattern) for pattern in weights}) == KERNELS == 84
    assert (np.sort(weights, axis=1) == [*[-1] * 6, *[2] * 3]).all()


def test_responses_are_those_of_the_formula():
    x = np.random.default_rng(0).integers(-9, 9, (2, 20, 3)).astype(np.float32)
    channels = np.zeros((KERNELS, 3), np.uint8)
    channels[:, [0, 2]] = 1
    found = responses(x, 3, channels)
    wide = np.pad(x[:, :, [0, 2]].sum(axis=2), ((0, 0), (12, 12)))
    for k in (0, 50, 83):
        wanted = sum(patterns()[k, j] * wide[:, 3 * j : 3 * j + 20] for j in range(9))
        assert np.array_equal(found[:, :, k], wanted)


def test_the_longest_dilation_fits_the_longest_row():
    for longest in (1, 8, 9, 17, 100, 3000):
        dilations, dilation_of = dilations_for(longest, 12)
        assert dilations[0] == 1
        assert dilations[-1] * 8 <= max(8, longest - 1)
        assert len(dilation_of) == 12


@pytest.mark.parametrize(("channels", "summaries"), [(1, 4), (256, 1024), (300, 900), (1025, 0)])
def test_many_channels_have_fewer_summaries_each(channels, summaries):
    inputs = {"x": np.zeros((2, 9, channels), np.float32)}
    kernels = drawn(inputs, 1)
    assert num_features(kernels) == KERNELS + summaries == features(inputs, kernels).shape[1]


def test_a_few_rows_without_an_error_do_not_make_certainty():
    draw, targets = np.random.default_rng(0), np.arange(40) % 2
    x = draw.normal(size=(40, 20, 1)).astype(np.float32) + 4 * targets[:, None, None]
    model = RandomKernels("binary", 2)
    some = {"x": x[:6]}
    model.fit({"x": x}, targets, validation_inputs=some, validation_targets=targets[:6], seed=0)
    scores = model.scores({"x": x})
    assert (scores.argmax(axis=1) == targets).all()
    assert 0.75 < np.median(scores.max(axis=1)) < 0.95  # six rows: at most one in eight is wrong


def test_where_validation_rows_cannot_tell_the_strongest_ridge_is_kept():
    inputs = sequences(60, 0)
    model = RandomKernels("binary", 2)
    model.fit(
        inputs,
        np.arange(60) % 2,
        validation_inputs=inputs,
        validation_targets=np.full(60, -1),
        seed=0,
    )
    assert model.scores(inputs) == pytest.approx(0.5, abs=0.05)


def test_other_channels_than_those_learned_from_are_refused():
    kernels = drawn(sequences(5, 0))
    with pytest.raises(ValueError, match=r"the kernels read 2 channels, and x has the shape \(5, "):
        features(sequences(5, 0, channels=3), kernels)


def test_at_least_one_threshold_is_asked_for():
    with pytest.raises(ValueError, match="num_thresholds=0 must be 1 or more, such as 12"):
        RandomKernels("binary", 2, num_thresholds=0)


@pytest.mark.parametrize(
    ("name", "change", "message"),
    [
        ("thresholds", lambda a: a[:, :83], "one column for each of 84 kernels"),
        ("thresholds", lambda a: a * np.nan, "a threshold is no number"),
        ("dilation_of", lambda a: a + 1, "belongs to a dilation that is not there"),
        ("dilation_of", lambda a: a.astype(float), "one entry for each row of thresholds"),
        ("dilations", lambda a: a - 1, "not numbers of steps from 1"),
        ("channels", lambda a: a[:, :5], "84 rows for each of the dilations"),
        ("channels", lambda a: a + 2, "something else than 0 and 1"),
        ("weights", lambda a: a[1:], "do not turn 1016 features into 2 scores"),
        ("bias", lambda a: a * np.inf, "bias holds something that is no number"),
        ("sharpness", lambda a: a[None], "sharpness is not one number"),
    ],
)
def test_arrays_that_do_not_go_together_are_refused(name, change, message):
    inputs = sequences(30, 0)
    model = RandomKernels("binary", 2)
    targets = np.arange(30) % 2
    model.fit(inputs, targets, validation_inputs=inputs, validation_targets=targets, seed=0)
    arrays = model.state()
    with (
        np.errstate(invalid="ignore"),
        pytest.raises(ValueError, match=message),
    ):
        RandomKernels.from_state({**arrays, name: change(arrays[name])}, "binary", 2)
