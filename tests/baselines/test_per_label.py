"""Of several labels each has a baseline of its own."""

import numpy as np
import pytest

from bakeoff.baselines.boosting import Boosting
from bakeoff.baselines.constant import Constant
from bakeoff.baselines.linear import Linear
from bakeoff.baselines.per_label import PerLabel


def made(n: int = 300) -> tuple[dict[str, np.ndarray], np.ndarray]:
    """Make four numbers and three labels: two follow the first numbers, no row has the third."""
    x = np.random.default_rng(0).normal(size=(n, 4))
    y = np.stack([x[:, 0] > 0, x[:, 1] > 0, np.zeros(n)], axis=1).astype(np.float32)
    return {"x": x}, y


def fitted(page, inputs, targets):
    model = PerLabel(lambda: page("binary", 2), 3)
    model.prepare()
    model.fit(inputs, targets, validation_inputs=inputs, validation_targets=targets, seed=0)
    return model


@pytest.mark.parametrize("page", [Constant, Linear, Boosting])
def test_it_is_read_back_to_the_last_bit(page):
    inputs, targets = made()
    model = fitted(page, inputs, targets)
    again = PerLabel.from_state(model.state(), page, 3)
    assert np.array_equal(again.scores(inputs), model.scores(inputs))
    assert model.scores(inputs)[:, 2].tolist() == [0.0] * 300
    assert again.num_parameters == model.num_parameters


def test_rows_that_do_not_know_a_label_are_as_if_they_were_not_there():
    inputs, targets = made()
    blank = targets.copy()
    blank[::2, 0] = np.nan
    model = fitted(Linear, inputs, blank)
    half = {"x": inputs["x"][1::2]}
    alone = fitted(Linear, half, targets[1::2])
    assert np.allclose(model.scores(inputs)[:, 0], alone.scores(inputs)[:, 0])


def test_arrays_of_a_label_that_is_not_there_are_refused():
    inputs, targets = made()
    arrays = fitted(Linear, inputs, targets).state()
    with pytest.raises(ValueError, match="is of no label: there are 1"):
        PerLabel.from_state(arrays, Linear, 1)
