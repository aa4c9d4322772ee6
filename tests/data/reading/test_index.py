"""A pandas index of times orders the steps of a forecast."""

import numpy as np
import pandas as pd
import pytest

from bakeoff.data.read import read, read_inputs

VALUES = np.random.default_rng(0).normal(size=60).cumsum()
DAYS = pd.date_range("2024-01-01", periods=60, freq="D")


@pytest.mark.parametrize(
    "data",
    [
        pd.DataFrame({"v": VALUES}, index=DAYS),
        pd.DataFrame({"v": VALUES}, index=DAYS.rename("when")),
        pd.Series(VALUES, index=DAYS, name="v"),
        pd.DataFrame({"v": VALUES}, index=DAYS.to_period("D")),
    ],
    ids=["index", "named index", "series", "periods"],
)
def test_an_index_of_times_orders_the_steps(data):
    dataset = read(data, target="v", lookback=5, horizon=2)
    assert dataset.schema.series.time == (data.index.name or "time",)
    assert len(dataset) == 60 - 5 - 2 + 1
    assert len(read_inputs(data, dataset.schema)) == len(dataset)
    parts = read(data[:40], test=data[40:], target="v", lookback=5, horizon=2)
    assert set(parts.parts) == {"train", "test"}
