"""What windows of time series look ahead to, as a forecast is judged by it: period and truth.

Dimensions: N windows, S steps ahead.
"""

from collections.abc import Mapping

import numpy as np
from numpy.typing import NDArray

from bakeoff.data.blocks import Sequences
from bakeoff.data.dataset import Dataset
from bakeoff.data.preparing.preparation import Preparation
from bakeoff.errors import DataError
from bakeoff.evaluate.period import Period

DAY = 86_400.0  # seconds
MONTH = 365.2425 / 12 * DAY  # on average: enough to tell how long a period is
ALL = ""  # the name under which the spread of all series stands


def period_ahead(dataset: Dataset, spreads: Mapping[str, float]) -> Period:
    """Return the time that windows look ahead to.

    Args:
        dataset: The windows.
        spreads: Series -> standard deviation of its training targets, and "" -> that of all.

    Raises:
        DataError: A series has no standard deviation: training had none of it. Or there are no
            windows.
    """
    form, windows = dataset.schema.series, dataset.arrays[dataset.schema.inputs[0]]
    times = dataset.origin.times
    if form is None or times is None or not isinstance(windows, Sequences):
        raise DataError(f"{dataset.source} holds no windows of time series.")
    dated = times.dtype.kind == "M"
    named = windows.series is not None and bool(windows.names)
    names = np.array(windows.names, dtype=object)
    return Period(
        times=times.astype("datetime64[us]" if dated else np.float64),
        horizon=form.horizon,
        std=spreads[ALL],
        stds={name: own for name, own in spreads.items() if name != ALL} if named else {},
        seconds=(form.months * MONTH or form.step) if dated else 0.0,
        series=names[windows.members()] if named else None,
        series_column=form.series,
    )


def spreads_of(
    preparation: Preparation, dataset: Dataset, spreads: Mapping[str, float]
) -> dict[str, float]:
    """Add the series that training lacked: their errors are scaled as their windows are.

    Args:
        preparation: Standardises a new series by the steps that are given of it.
        dataset: The windows.
        spreads: Series -> standard deviation of its training targets, and "" -> that of all.
    """
    windows: Sequences = dataset.arrays[dataset.schema.inputs[0]]
    here = [windows.names[i] for i in np.unique(windows.members())] if windows.names else []
    if windows.series is None or all(name in spreads for name in here):
        return dict(spreads)
    _, stds = preparation.series_steps.moments(windows)
    own = dict(zip(windows.names, stds[:, preparation.channel].tolist(), strict=True))
    return {**spreads, **{name: own[name] for name in here if name not in spreads}}


def truth_ahead(dataset: Dataset) -> NDArray[np.float64]:
    """Return what windows look ahead to, in the unit of the target: (N, S)."""
    ahead = dataset.arrays[dataset.target]
    return np.asarray(ahead, np.float64).reshape(len(dataset), -1)
