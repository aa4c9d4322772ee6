"""The figures and the table of a forecast, from the predictions of a run alone.

What was known before a window is put together from the truth of the windows before it: a run folder
holds no more of the data.

Dimensions: n windows, S steps ahead.
"""

from collections.abc import Iterator
from dataclasses import replace
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

from bakeoff.cut import cut
from bakeoff.evaluate.by_step import by_series, by_step, period_of
from bakeoff.evaluate.metrics import METRICS
from bakeoff.evaluate.period import Period
from bakeoff.evaluate.predictions import Predictions
from bakeoff.insight.forecasts import Forecast, error_by_step, forecast_window, spread_over
from bakeoff.insight.style import ACCENT, Look
from bakeoff.report import numbers
from bakeoff.report.contents import Contents

if TYPE_CHECKING:
    from matplotlib.figure import Figure

MOST_WINDOWS = 4  # that are drawn
LEAST_BEFORE, TIMES_AHEAD = 24, 3  # steps drawn before a window: so many, or times those ahead
MOST_SERIES = 30  # that have a line in the table
MINUTE, DAY = 60.0, 86_400.0  # seconds


class ForecastPicture(NamedTuple):
    """A figure, its name on the page, and what it shows in words."""

    figure: "Figure"
    name: str
    alt: str


def drawn_windows(run: Contents) -> Iterator[ForecastPicture]:
    """Draw a few windows of the test part: what was known, what came, what was forecast."""
    best, period = run.best, period_of(run.best)
    target = cut(best.target)
    for number, position in enumerate(chosen_windows(best, period)):
        forecasts = {run.best_label: best.scores[position]}
        if run.naive is not None:
            other = same_window(best, run.naive, position)
            if other is not None:
                forecasts[run.naive_label] = run.naive.scores[other]
        shown = Forecast(
            title=title_of(period, position),
            before=known_before(run, period, position),
            truth=best.truth[position].astype(np.float64),
            forecasts=forecasts,
        )
        sizes = "; ".join(
            f"{name} is off by {say(np.abs(values - shown.truth).mean())} on average"
            for name, values in forecasts.items()
        )
        alt = (
            f"{shown.title}: {target} goes from {say(shown.truth[0])} to {say(shown.truth[-1])} in "
            f"{numbers.count(period.horizon, 'step')}; {sizes}."
        )
        figure = forecast_window(shown, looks_of(run), unit=target)
        yield ForecastPicture(figure, f"window-{number}", alt)


def drawn_steps(run: Contents) -> ForecastPicture:
    """Draw how the error grows with the steps ahead."""
    metric = METRICS[run.verdict.metric]
    lines = {run.best_label: by_step(metric, run.best)}
    if run.naive is not None:
        lines[run.naive_label] = by_step(metric, run.naive)
    told = "; ".join(
        f"{name} from {metric.say(scores[0])} at step 1 to {metric.say(scores[-1])} at step "
        f"{len(scores)}"
        for name, scores in lines.items()
    )
    figure = error_by_step(lines, looks_of(run), metric=metric.label)
    return ForecastPicture(figure, "steps", f"Test {metric.label} by step ahead: {told}.")


def looks_of(run: Contents) -> dict[str, Look]:
    """Return how models are drawn; the best one in colour, even where it is a baseline."""
    looks = dict(run.looks)
    if looks[run.best_label].baseline:
        looks[run.best_label] = replace(looks[run.best_label], colour=ACCENT, dashes="solid")
    return looks


def say(value: float) -> str:
    """Write a number in the unit of the target."""
    return numbers.score("mae", float(value))


def chosen_windows(best: Predictions, period: Period) -> list[int]:
    """Choose windows evenly over the test period, of several series each of another one."""
    order = np.argsort(period.times, kind="stable")
    if period.series is None:
        return [int(order[place]) for place in spread_over(len(order), MOST_WINDOWS)]
    names = [period.names[place] for place in spread_over(len(period.names), MOST_WINDOWS)]
    chosen = []
    for i, name in enumerate(names):
        own = order[np.asarray(period.series)[order] == name]
        chosen.append(int(own[(i + 1) * len(own) // (len(names) + 1)]))
    return chosen


def same_window(best: Predictions, other: Predictions, position: int) -> int | None:
    """Return where another model forecasts the same window."""
    if position < len(other) and other.rows[position] == best.rows[position]:
        return position
    found = np.flatnonzero(other.rows == best.rows[position])
    return int(found[0]) if len(found) else None


def title_of(period: Period, position: int) -> str:
    """Say when a window begins, and of which series it is."""
    time = period.times[position]
    if period.dated:
        unit = "D" if period.seconds >= DAY else "m" if period.seconds >= MINUTE else "s"
        text = str(np.datetime_as_string(time, unit=unit)).replace("T", " ")  # type: ignore[call-overload]
    else:
        text = f"{float(time):,.6g}"
    return text if period.series is None else f"{cut(str(period.series[position]), 24)}, {text}"


def known_before(run: Contents, period: Period, position: int) -> tuple[np.ndarray, np.ndarray]:
    """Return the steps before a window that others of the test part tell, up to 0, and the values.

    They are at most as many as a window looks back to.
    """
    form = run.schema.series
    own = np.flatnonzero(
        np.ones(len(period.times), bool)
        if period.series is None
        else np.asarray(period.series) == period.series[position]
    )
    time = period.times[position]
    own = own[period.times[own] < time]
    if not len(own) or form is None:
        return np.zeros(0, int), np.zeros(0)
    own = own[np.argsort(period.times[own], kind="stable")]
    distance = distances(time, period.times[own], period, form)  # whole steps, from 1
    table: dict[int, float] = {}
    for window, steps in zip(own[-form.lookback :], distance[-form.lookback :], strict=True):
        for step in range(min(period.horizon, int(steps))):
            table[step - int(steps) + 1] = float(run.best.truth[window, step])
    reach = min(form.lookback, max(LEAST_BEFORE, TIMES_AHEAD * period.horizon))
    known = sorted(place for place in table if place > -reach)
    return np.array(known, int), np.array([table[place] for place in known])


def distances(time: Any, earlier: np.ndarray, period: Period, form: Any) -> np.ndarray:
    """Return how many steps lie between a stamp and earlier ones."""
    if period.dated and form.months:
        months = time.astype("datetime64[M]") - earlier.astype("datetime64[M]")
        return np.asarray(months.astype(int) // form.months)
    if period.dated and form.weekdays:
        first, last = earlier.astype("datetime64[D]"), time.astype("datetime64[D]")
        return np.asarray(np.maximum(1, np.busday_count(first, last, weekmask=form.weekdays)))
    step = period.seconds if period.dated else form.step
    if not step:
        return np.arange(len(earlier), 0, -1)
    gaps = time - earlier
    seconds = gaps / np.timedelta64(1, "s") if period.dated else gaps
    return np.asarray(np.maximum(1, np.round(seconds / step).astype(int)))


def series_part(run: Contents) -> dict[str, Any]:
    """Return the scores by series, the worst first: nothing where there is one series."""
    metric = METRICS[run.verdict.metric]
    best = by_series(metric, run.best)
    naive = by_series(metric, run.naive) if run.naive is not None else {}
    if len(best) < 2:
        return {"lines": []}
    order = sorted(best, key=lambda name: (np.isfinite(best[name]), metric.sign * best[name]))
    lines = [
        {
            "name": cut(name),
            "score": numbers.score(metric.name, best[name]),
            "naive": numbers.score(metric.name, naive.get(name)),
            "better": bool(metric.sign * (best[name] - naive.get(name, np.nan)) > 0),
        }
        for name in order[:MOST_SERIES]
    ]
    return {
        "lines": lines,
        "count": len(best),
        "label": metric.label,
        "best": run.best_label,
        "naive": run.naive_label,
        "ahead": sum(metric.sign * (best[n] - naive.get(n, np.nan)) > 0 for n in best),
    }
