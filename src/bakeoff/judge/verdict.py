"""The verdict of a run: tiers, pairs, one sentence, and which fit to take home."""

from collections.abc import Iterable
from dataclasses import asdict, dataclass, replace

import numpy as np

from bakeoff.build import Count, hints_of
from bakeoff.documents import read_json, reading, write_json
from bakeoff.errors import DataError, unknown
from bakeoff.evaluate.metrics import METRICS, Metric, row_values, score
from bakeoff.evaluate.predictions import Predictions
from bakeoff.judge.advice import say_change
from bakeoff.judge.best import best_of
from bakeoff.judge.entry import Entry, check_same_rows, finished, group_entries
from bakeoff.judge.statistics import Judgement, Pair, Standing, judge
from bakeoff.judge.wording import say_failures, say_verdict, say_warnings
from bakeoff.runs.folder import RunFolder


@dataclass(frozen=True, kw_only=True, slots=True, repr=False)
class Verdict:
    """What a run found, for one target.

    Args:
        sentence: Who wins; before that, which baselines failed.
        would_change_it: What could not be detected, and what would show it.
        warnings: What to know before trusting it, a sentence each.
        target: The target column.
        metric: Name of the metric judged.
        test_rows: Rows judged.
        test_readings: How many runs beside this one judged the same data, this one included.
        tiers: Labels, first tier first.
        standings: Scores and intervals in the metric's own direction, best first.
        pairs: Differences, positive when the first is better, also for losses.
        best: The fit to take.
    """

    sentence: str
    would_change_it: str
    warnings: tuple[str, ...]
    target: str
    metric: str
    test_rows: Count
    test_readings: Count
    tiers: tuple[tuple[str, ...], ...]
    standings: tuple[Standing, ...]
    pairs: tuple[Pair, ...]
    best: "Best"

    def __repr__(self) -> str:
        first = ", ".join(self.tiers[0][:3]) + (", …" if len(self.tiers[0]) > 3 else "")
        tied = " tied" if len(self.tiers[0]) > 1 else ""
        by = f"{self.metric}, {self.test_rows:,} test rows"
        return f"<Verdict on {self.target}: {first}{tied} first by {by}>"


@dataclass(frozen=True, kw_only=True, slots=True)
class Best:
    """The fit that predict, eject, export and serve take.

    Args:
        model: The one with the best test score, network or baseline.
        framework: Its framework.
        seed: Of its fits, the one with the best validation score.
    """

    model: str
    framework: str
    seed: Count


def reach_verdict(
    entries: Iterable[Entry], metric: Metric, *, test_readings: int = 1, seed: int = 0
) -> Verdict:
    """Judge all fits of a run on its test rows.

    Args:
        entries: All fits, also the failed ones.
        metric: What is judged.
        test_readings: How many runs judged these data, this one included.
        seed: Of the draws behind the intervals.

    Raises:
        RunError: No model finished, or they saw different test rows.
        RequestError: The metric is not defined on these rows.
    """
    lines = group_entries(entries)
    test = check_same_rows(lines)
    ranked = {label: line for label, line in lines.items() if finished(line)}
    judgement = judge(
        {
            c: np.stack([metric.sign * row_values(metric, p) for p in finished(line)])
            for c, line in ranked.items()
        },
        {
            c: np.array([metric.sign * score(metric, p) for p in finished(line)])
            for c, line in ranked.items()
        },
        seedless=[label for label, line in ranked.items() if line[0].seedless],
        seed=seed,
    )
    standings = own_direction(judgement, metric, test)
    failures = {
        label: line[0].error
        for label, line in lines.items()
        if line[0].baseline and label not in ranked
    }
    return Verdict(
        sentence=say_failures(failures)
        + say_verdict(
            judgement,
            metric,
            best=standings[0],
            baselines=[label for label, line in ranked.items() if line[0].baseline],
            constants=[
                label for label, line in ranked.items() if line[0].architecture == "constant"
            ],
        ),
        would_change_it=say_change(judgement, metric, len(test), standings[0]),
        warnings=say_warnings(judgement, metric, lines, test, test_readings),
        target=test.target,
        metric=metric.name,
        test_rows=len(test),
        test_readings=test_readings,
        tiers=judgement.tiers,
        standings=standings,
        pairs=judgement.pairs,
        best=choose_best(ranked[judgement.tiers[0][0]], metric),
    )


def own_direction(judgement: Judgement, metric: Metric, test: Predictions) -> tuple[Standing, ...]:
    """Turn losses back, and keep intervals within what the metric can be.

    A share of 0 or 1 has no spread to measure; its interval is the exact binomial one.
    """
    lowest, highest = metric.bounds
    exact = exact_reach(metric, test)
    standings = []
    for standing in judgement.standings:
        value = metric.sign * standing.score
        low, high = sorted((metric.sign * standing.low, metric.sign * standing.high))
        if metric.unit == "points" and high - low < 1e-9 and value in metric.bounds:
            low, high = value - exact, value + exact
        elif metric.name == "accuracy":  # a share of rows: near 0 and 1 the bell curve is too short
            lower, upper = wilson(value, len(test))
            low, high = min(low, lower), max(high, upper)
        low, high = max(low, lowest), min(high, highest)
        standings.append(replace(standing, score=value, low=low, high=high))
    return tuple(standings)


def wilson(share: float, rows: int) -> tuple[float, float]:
    """Return the 95 % interval of a share of independent rows (Wilson, 1927).

    Example:
        >>> [round(end, 3) for end in wilson(35 / 36, 36)]
        [0.858, 0.995]
    """
    z = 1.959964
    centre = (share + z**2 / (2 * rows)) / (1 + z**2 / rows)
    reach = z * np.sqrt(share * (1 - share) / rows + (z / (2 * rows)) ** 2) / (1 + z**2 / rows)
    return float(centre - reach), float(centre + reach)


def exact_reach(metric: Metric, test: Predictions) -> float:
    """How far from 0 or 1 a share may lie that was measured as exactly that (Clopper & Pearson).

    A mean over classes rests on the few rows of a rare class as much as on all others. Its reach
    is the mean of the classes' own; that is on the safe side, as luck rarely fails all at once.
    """
    over_classes = metric.exact is not None
    sizes = np.unique(test.truth.astype(str), return_counts=True)[1] if over_classes else len(test)
    return float(np.mean(1 - 0.025 ** (1 / sizes)))


def choose_best(line: list[Entry], metric: Metric) -> Best:
    """Choose the fit to take home, among the seeds of the first model."""
    done = [entry for entry in line if entry.predictions is not None]
    entry = done[best_of([entry.validation for entry in done], metric)]
    return Best(model=entry.model, framework=entry.framework, seed=entry.seed)


def write_verdict(verdict: Verdict, folder: RunFolder) -> None:
    """Write verdict.json."""
    write_json(folder.verdict, asdict(verdict))


def read_verdict(folder: RunFolder) -> Verdict:
    """Read verdict.json.

    Raises:
        DataError: The file is missing or is not a verdict of a format known here.
    """
    verdict = Verdict(**read_json(folder.verdict, hints_of(Verdict)))
    with reading(folder.verdict):
        if verdict.metric not in METRICS:
            raise DataError(unknown("metric", verdict.metric, METRICS))
        if not verdict.standings or not verdict.tiers or not all(verdict.tiers):
            raise DataError("it ranks no model.")
        best = verdict.best
        folder.fit(best.model, best.framework, best.seed)  # refuses what is no name
    return verdict
