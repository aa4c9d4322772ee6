"""The verdict of a run: tiers, pairs, one sentence, and which fit to take home."""

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from typing import Annotated

import numpy as np
from numpy.typing import NDArray

from bakeoff.build import Absent, Count, hints_of
from bakeoff.cut import cut
from bakeoff.documents import read_json, reading, write_json
from bakeoff.errors import DataError, unknown
from bakeoff.evaluate.metrics import METRICS, Metric, score
from bakeoff.evaluate.predictions import Predictions
from bakeoff.judge.about_rows import say_refusal
from bakeoff.judge.advice import say_change
from bakeoff.judge.best import best_of
from bakeoff.judge.entry import Entry, check_same_rows, finished, group_entries
from bakeoff.judge.intervals import own_intervals
from bakeoff.judge.samples import Sample, sample_of, sampled, tabulate
from bakeoff.judge.statistics import Judgement, Pair, Standing, judge_table
from bakeoff.judge.wording import say_failures, say_refused, say_verdict, say_warnings
from bakeoff.runs.folder import RunFolder

Further = Annotated[tuple[str, ...], Absent(())]  # came with several targets


@dataclass(frozen=True, kw_only=True, slots=True, repr=False)
class Verdict:
    """What a run found, for one target.

    Args:
        sentence: Who wins, or why there is no verdict; before that, which baselines failed.
        would_change_it: What could not be detected, and what would show it.
        warnings: What to know before trusting it, a sentence each.
        target: The target column.
        metric: Name of the metric judged.
        test_rows: Rows judged; of a forecast its windows.
        test_readings: How many runs beside this one judged the same data, this one included.
        tiers: Labels, first tier first.
        standings: Scores and intervals in the metric's own direction, best first.
        pairs: Differences, positive when the first is better, also for losses; none where the
            test rows are too few for a verdict.
        best: The fit to take.
        further: Other targets of the run, each with a verdict of its own.
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
    further: Further = ()

    @property
    def refused(self) -> bool:
        """Whether the test rows were too few to compare the models."""
        return len(self.standings) > 1 and not self.pairs

    def __repr__(self) -> str:
        first = ", ".join(self.tiers[0][:3]) + (", …" if len(self.tiers[0]) > 3 else "")
        tied = " tied" if len(self.tiers[0]) > 1 else ""
        said = "too few test rows to compare" if self.refused else f"{first}{tied} first"
        by = f"{self.metric}, {self.test_rows:,} test rows"
        return f"<Verdict on {self.target}: {said} by {by}>"


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
    predictions = {label: finished(line) for label, line in ranked.items()}
    sample = sample_of(metric, test)
    judgement = judge_sample(
        sample,
        metric,
        predictions,
        seedless=[label for label, line in ranked.items() if line[0].seedless],
        seed=seed,
    )
    standings = own_intervals(judgement, metric, sample, predictions)
    failures = {
        label: line[0].error
        for label, line in lines.items()
        if line[0].baseline and label not in ranked
    }
    if sample.enough:
        said = say_verdict(
            judgement,
            metric,
            best=standings[0],
            baselines=[label for label, line in ranked.items() if line[0].baseline],
            constants=[
                label for label, line in ranked.items() if line[0].architecture == "constant"
            ],
        )
    else:
        said = say_refused(say_refusal(sample, test), metric, standings[0])
    return Verdict(
        sentence=say_failures(failures) + said,
        would_change_it=say_change(judgement, metric, sample, test, standings[0]),
        warnings=say_warnings(judgement, metric, lines, sample, test_readings),
        target=test.target,
        metric=metric.name,
        test_rows=len(test),
        test_readings=test_readings,
        tiers=judgement.tiers,
        standings=standings,
        pairs=judgement.pairs,
        best=choose_best(ranked[judgement.tiers[0][0]], metric),
    )


def judge_sample(
    sample: Sample,
    metric: Metric,
    predictions: Mapping[str, Sequence[Predictions]],
    *,
    seedless: Collection[str],
    seed: int,
) -> Judgement:
    """Compare models by what each predicted for the test rows with each seed, losses negated.

    Where the rows are too few for a verdict all models share one tier, and no pair is judged.
    """
    values: dict[str, NDArray[np.float64]] = {}
    scores: dict[str, NDArray[np.float64]] = {}
    for label, done in predictions.items():
        values[label] = np.stack([metric.sign * sampled(metric, p, sample) for p in done])
        scores[label] = np.array([metric.sign * score(metric, p) for p in done])
    table = tabulate(sample, values, scores, seedless)
    judgement = judge_table(table, scores, seed=seed)
    if sample.enough:
        return judgement
    ordered = sorted(judgement.standings, key=lambda standing: -standing.score)
    return replace(
        judgement,
        standings=tuple(replace(standing, tier=1) for standing in ordered),
        pairs=(),
        tiers=(tuple(standing.model for standing in ordered),),
    )


def choose_best(line: list[Entry], metric: Metric) -> Best:
    """Choose the fit to take home, among the seeds of the first model."""
    done = [entry for entry in line if entry.predictions is not None]
    entry = done[best_of([entry.validation for entry in done], metric)]
    return Best(model=entry.model, framework=entry.framework, seed=entry.seed)


def write_verdict(verdict: Verdict, folder: RunFolder, target: str = "") -> None:
    """Write verdict.json, or that of one of the further targets."""
    document = asdict(verdict)
    if not verdict.further:
        del document["further"]  # a run of one target is as older versions read it
    write_json(folder.verdict_of(target), document)


def read_verdict(folder: RunFolder, target: str = "") -> Verdict:
    """Read verdict.json, or that of one of the further targets.

    Raises:
        DataError: The file is missing or is not a verdict of a format known here.
    """
    folder.check_judged()
    path = folder.verdict_of(target)
    verdict = Verdict(**read_json(path, hints_of(Verdict)))
    verdict = replace(verdict, further=tuple(verdict.further))
    with reading(path):
        if target and verdict.target != target:
            raise DataError(f"it is of {cut(repr(verdict.target))}.")
        if verdict.metric not in METRICS:
            raise DataError(unknown("metric", verdict.metric, METRICS))
        if not verdict.standings or not verdict.tiers or not all(verdict.tiers):
            raise DataError("it ranks no model.")
        best = verdict.best
        folder.fit(best.model, best.framework, best.seed)  # refuses what is no name
    return verdict
