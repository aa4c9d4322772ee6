"""Of several targets each has a baseline of its own."""

from functools import partial

import numpy as np
import pytest

from bakeoff.baselines.boosting import Boosting
from bakeoff.baselines.constant import Constant
from bakeoff.baselines.linear import Linear
from bakeoff.baselines.per_target import Part, PerTarget


def parts(page) -> list[Part]:
    """Return three classes, and an amount."""
    return [
        Part(partial(page, task, classes), partial(restored, page, task, classes), 1, classes > 0)
        for task, classes in (("multiclass", 3), ("regression", 0))
    ]


def restored(page, task, classes, arrays):
    return page.from_state(arrays, task, classes)


def made(n: int = 300) -> tuple[dict[str, np.ndarray], np.ndarray]:
    x = np.random.default_rng(0).normal(size=(n, 2))
    kinds = np.digitize(x[:, 0], [-0.5, 0.5])
    return {"x": x}, np.column_stack([kinds, 2 * x[:, 1]]).astype(np.float32)


def fitted(page, inputs, targets):
    model = PerTarget(parts(page))
    model.prepare()
    model.fit(inputs, targets, validation_inputs=inputs, validation_targets=targets, seed=0)
    return model


@pytest.mark.parametrize("page", [Constant, Linear, Boosting])
def test_it_is_read_back_to_the_last_bit(page):
    inputs, targets = made()
    model = fitted(page, inputs, targets)
    again = PerTarget.from_state(model.state(), parts(page), 2)
    assert model.scores(inputs).shape == (300, 4)
    assert np.array_equal(again.scores(inputs), model.scores(inputs))


def test_rows_that_lack_a_target_are_as_if_they_were_not_there():
    inputs, targets = made()
    gaps = targets.copy()
    gaps[::2, 1] = np.nan
    model = fitted(Linear, inputs, gaps)
    alone = fitted(Linear, {"x": inputs["x"][1::2]}, targets[1::2])
    assert np.allclose(model.scores(inputs)[:, 3], alone.scores(inputs)[:, 3])


def test_arrays_of_a_target_that_is_not_there_are_refused():
    inputs, targets = made()
    arrays = fitted(Linear, inputs, targets).state()
    with pytest.raises(ValueError, match="is of no target: there are 1"):
        PerTarget.from_state(arrays, parts(Linear)[:1], 1)
