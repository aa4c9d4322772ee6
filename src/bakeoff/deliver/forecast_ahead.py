"""Forecast ahead: what follows the last known step of each time series, as a table."""

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import numpy as np

from bakeoff.data.columns.rhythm import rhythm_of, stamps_after
from bakeoff.data.dataset import Dataset
from bakeoff.data.forms import SeriesForm
from bakeoff.evaluate.predictions import id_series

if TYPE_CHECKING:
    import polars as pl


def forecast_ahead(
    dataset: Dataset, form: SeriesForm, forecasts: Mapping[str, np.ndarray]
) -> "pl.DataFrame":
    """Return one line for each series and step ahead.

    Args:
        dataset: The last window of each series; its times are those of the first step ahead.
        form: Of the windows.
        forecasts: Target -> (n, S) in its unit.

    Returns:
        row (of the last known step), the series where there are several, step (from 1), time (empty
        where times are irregular), prediction; of several targets prediction:<target> of each.
    """
    import polars as pl

    count, steps = next(iter(forecasts.values())).shape
    columns: dict[str, Any] = {"row": np.repeat(dataset.rows, steps)}
    if dataset.origin.ids is not None:
        columns[dataset.origin.id_column] = id_series(np.repeat(dataset.origin.ids, steps))
    columns["step"] = np.tile(np.arange(1, steps + 1), count)
    columns["time"] = times_ahead(dataset, form, steps)
    for target, values in forecasts.items():
        columns[f"prediction:{target}" if len(forecasts) > 1 else "prediction"] = values.ravel()
    return pl.DataFrame(columns)


def times_ahead(dataset: Dataset, form: SeriesForm, steps: int) -> Any:
    """Return the stamp of each step ahead: (n · steps,), missing where times are irregular."""
    first = dataset.origin.times
    if first is None or not (form.step or form.months):
        return [None] * (len(dataset) * steps)
    later = stamps_after(first, steps - 1, rhythm_of(form)) if steps > 1 else first[:, None][:, :0]
    return np.concatenate([first[:, None], later], axis=1).ravel()
