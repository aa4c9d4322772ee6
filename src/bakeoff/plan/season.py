"""The season of time series, and how far their training targets spread."""

from collections.abc import Mapping

import numpy as np

from bakeoff.data.blocks import Sequences
from bakeoff.data.dataset import Dataset
from bakeoff.data.forms import SeriesForm
from bakeoff.data.splitting.split import Split

DAY = 86_400.0  # seconds
YEAR = 12  # months
SEASONS = {DAY: 7, 7 * DAY: 52}  # of days a week, of weeks a year
CLOSE = 1e-3  # share by which a day may differ from a whole number of steps


def season_of(form: SeriesForm) -> int:
    """Return the steps of the usual season: a day, of days a week, of months a year; 0: none known.

    Of days that leave some of the week out, it is the days of a week that have steps.

    Example:
        >>> from bakeoff.data.forms import Channel, DateForm, NumberForm
        >>> channel = Channel("load", "number", NumberForm())
        >>> hourly = SeriesForm(("hour",), DateForm(), "", (channel,), 48, 24, step=3600.0)
        >>> season_of(hourly)
        24
    """
    if not form.dated:
        return 0  # a number has no day
    if form.months:
        return YEAR // form.months if form.months < YEAR and YEAR % form.months == 0 else 0
    if form.weekdays:
        return form.weekdays.count("1")
    if not form.step:
        return 0
    if form.step < DAY:
        steps = round(DAY / form.step)
        return steps if steps > 1 and abs(DAY / form.step - steps) <= CLOSE * steps else 0
    return SEASONS.get(form.step, 0)


def target_spreads(dataset: Dataset, split: Split) -> dict[str, Mapping[str, float]]:
    """Return, of a forecast, target -> series -> how far its training steps spread: `spread_of`."""
    own = {data.target: data for data in dataset.by_target}
    ahead = [name for name in own if dataset.schema.tasks[name] == "forecast"]
    return {name: spread_of(own[name], split) for name in ahead}


def spread_of(dataset: Dataset, split: Split) -> Mapping[str, float]:
    """Return the standard deviations of what training windows look ahead to, in the user's unit.

    Returns:
        Series -> that of its own steps, and "" -> that of all; each step counts once.
    """
    windows: Sequences = dataset.arrays[dataset.schema.inputs[0]]
    ahead: Sequences = dataset.arrays[dataset.target][split.train]
    covered, values = ahead.covered(), ahead.steps.reshape(len(ahead.steps), -1)[:, 0]
    spreads = {"": spread(values[covered])}
    for number, name in enumerate(windows.names if windows.series is not None else ()):
        own = values[covered & (windows.series == number)]
        if len(own):
            spreads[name] = spread(own)
    return spreads


def spread(values: np.ndarray) -> float:
    """Return the standard deviation, values that are missing left out."""
    known = values[~np.isnan(values)].astype(np.float64)
    return float(known.std()) if len(known) else 0.0
