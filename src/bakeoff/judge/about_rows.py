"""What there is to say about the test rows: how many, of what, and what they cannot tell."""

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from bakeoff.cut import cut
from bakeoff.evaluate.by_step import loudest_series, undefined_series
from bakeoff.evaluate.classification import truth_labels
from bakeoff.evaluate.metrics import Metric
from bakeoff.evaluate.period import DAY, Period
from bakeoff.evaluate.predictions import Predictions
from bakeoff.judge.intervals import class_recalls, jeffreys
from bakeoff.judge.samples import FEWEST_GROUPS, STRETCHES, Sample, windows_needed
from bakeoff.listed import listed

Array = NDArray[np.float64]

MOST_NAMES = 5  # of a sentence; the others are counted
FEW_ROWS = 50
FEW_OF_A_CLASS = 10
FEW_GROUPS = 12
MOST_CLASSES = 3  # of which each has a sentence
FEW_DAYS = 56
EXPLAINED, SHIFT = 0.9, 1.0  # a ramp of eight stretches is explained by one break to 0.76


def say_about_rows(
    metric: Metric, sample: Sample, best: Sequence[Predictions], test_readings: int
) -> list[str]:
    """Say what to know of the test rows, a sentence each.

    Args:
        metric: What was judged.
        sample: What the rows are a sample of.
        best: What the first model predicted, by seed.
        test_readings: How many runs judged these data, this one included.
    """
    test, said = best[0], []
    if test.num_unseen:
        unseen = named(sorted({str(name) for name in test.truth} - set(test.classes)))
        said.append(
            f"{test.num_unseen:,} test row{'s are' if test.num_unseen > 1 else ' is'} of a class "
            f"that no training row has ({unseen}); every model counts as wrong there."
        )
    if test.period is not None:
        said += say_period(test, test.period, sample) + say_series(metric, test)
    elif sample.kind == "groups" and sample.enough and sample.effective < FEW_GROUPS:
        said.append(f"few groups: {say_groups(sample, test)}; read intervals and tiers as rough.")
    elif len(test) < FEW_ROWS:
        said.append(f"{len(test)} test rows are few: read the intervals as rough.")
    if sample.kind == "classes":
        said += say_classes(best)
    if test_readings > 1:
        said.append(
            f"the same data have been judged by {test_readings} runs in this place; a choice made "
            "after looking at earlier ones makes this verdict too hopeful."
        )
    return said


def say_refusal(sample: Sample, test: Predictions) -> str:
    """Say why the test rows are too few for a verdict; "" where they are enough."""
    if sample.enough:
        return ""
    if test.period is not None:
        each = " of each series" if len(test.period.names) > 1 else ""
        return (
            f"the test period holds fewer than {STRETCHES} stretches as long as a day or the "
            f"horizon; {windows_needed(test.period):,} windows{each} are needed."
        )
    return f"{say_groups(sample, test)}: too few to speak of new ones."


def say_enough(sample: Sample, test: Predictions) -> str:
    """Say what would allow a verdict."""
    if test.period is not None:
        return f"a test period of {windows_needed(test.period):,} windows or more."
    return f"test rows of at least {FEWEST_GROUPS} groups of equal size; 20 tell far more."


def say_groups(sample: Sample, test: Predictions) -> str:
    """Say how many groups the test rows come from, and how many they are worth."""
    num = len(sample.sizes)
    of = f" ({cut(test.group_column)})" if test.group_column else ""
    worth = f"{sample.effective:.1f}".removesuffix(".0")
    groups = f"{num:,} groups" if num > 1 else "1 group"
    return f"the test rows come from {groups}{of}, worth {worth} of equal size"


def say_classes(best: Sequence[Predictions]) -> list[str]:
    """Say how little is known of classes with few test rows, which weigh as much as the others."""
    names, _ = truth_labels(best[0])
    recalls, sizes, worth = class_recalls(best)
    reaches = [
        100 * np.diff(jeffreys(h * n / worth, n / worth))[0] / 2
        for h, n in zip(recalls, sizes, strict=True)
    ]
    order = np.argsort(sizes, kind="stable")
    lonely = [names[i] for i in order if sizes[i] == 1]
    few = [int(i) for i in order if 1 < sizes[i] < FEW_OF_A_CLASS]
    said = []
    if len(lonely) == 1:
        said.append(
            f"class {cut(lonely[0])} has 1 test row: its recall cannot be measured, and weighs as "
            "much as the others'."
        )
    elif lonely:
        said.append(
            f"classes {named(lonely)} have 1 test row each: their recalls cannot be measured, and "
            "weigh as much as the others'."
        )
    if len(few) <= MOST_CLASSES:
        return said + [
            f"class {cut(names[i])} has {sizes[i]:.0f} test rows: its recall is known to "
            f"± {reaches[i]:.0f} points and weighs as much as the others'."
            for i in few
        ]
    rough = [reaches[i] for i in few]
    counts = [f"{cut(names[i])}: {sizes[i]:.0f}" for i in few]
    return [
        *said,
        f"{len(few)} classes have under {FEW_OF_A_CLASS} test rows ({named(counts)}): their "
        f"recalls are known to ± {min(rough):.0f} to {max(rough):.0f} points and weigh as much as "
        "the others'.",
    ]


def say_period(test: Predictions, period: Period, sample: Sample) -> list[str]:
    """Say which times a forecast was judged on, and what they cannot tell."""
    seconds = lasting(period)
    said = [
        f"judged on {say_span(period)}. This holds for times like these; nothing here "
        "speaks for other seasons. The intervals of the scores are of this test period."
    ]
    if period.dated and seconds < FEW_DAYS * DAY and sample.enough:
        said.append(
            f"the test period is shorter than {FEW_DAYS // 7} weeks: models change places from "
            "week to week, and it can hardly show that."
        )
    place = level_shift(test, period, sample)
    if place is not None:
        when = f"{say_stamp(place, DAY)}" if period.dated else f"{float(place):,.6g}"
        said.append(
            f"the level of {cut(test.target)} seems to shift within the test period (about "
            f"{when}): over such a break luck is called a difference in more than 5 % of runs."
        )
    return said


def say_series(metric: Metric, test: Predictions) -> list[str]:
    """Say which series have no score, and which one decides that of all."""
    said = []
    left = undefined_series(metric, test)
    if left:
        one = len(left) == 1
        said.append(
            f"the {metric.label} of the series {named(left)} is not defined, as "
            f"{'it' if one else 'they'} did not vary in training: "
            f"{'it is' if one else 'they are'} left out of the mean."
        )
    loudest = loudest_series(metric, test)
    if loudest is not None:
        said.append(
            f"{100 * loudest.share:.0f} % of the error that {metric.label} rests on is of the "
            f"series {cut(loudest.series)}, which so decides the ranking; look at the scores by "
            "series."
        )
    return said


def lasting(period: Period) -> float:
    """How long a period lasts, from the first stamp to the end of the last step, in seconds."""
    if not period.dated:
        return 0.0
    span = (period.times.max() - period.times.min()) / np.timedelta64(1, "s")
    return float(span) + period.horizon * period.seconds


def say_span(period: Period) -> str:
    """Say how long a period is, and from when to when: the stamps of its first and last step."""
    first, last, seconds = period.times.min(), period.times.max(), lasting(period)
    if not period.dated:
        return f"{len(period.times):,} windows (from {float(first):,.6g} to {float(last):,.6g})"
    end = last + np.timedelta64(round((period.horizon - 1) * period.seconds * 1e6), "us")
    days = round(seconds / DAY)
    hours = max(round(seconds / 3600), 1)
    length = f"{days:,} days" if seconds >= 2 * DAY else f"{hours} hour{'s' if hours > 1 else ''}"
    return f"{length} ({say_stamp(first, seconds)} – {say_stamp(end, seconds)})"


def say_stamp(stamp: np.datetime64, seconds: float) -> str:
    """Write a stamp: its day, and its minute where a period is short."""
    text = np.datetime_as_string(stamp, unit="D" if seconds >= DAY else "m")
    return str(text).replace("T", " ")


def level_shift(test: Predictions, period: Period, sample: Sample) -> Any | None:
    """Return the stamp at which the level of the target seems to shift for good, or None.

    One break between the stretches explains nine tenths of what their means differ by, and the
    level moves by a standard deviation of the test targets within stretches or more. Series are
    standardised each, and then averaged.
    """
    if not sample.enough:
        return None
    series = np.zeros(len(test), np.int64)
    if period.series is not None:
        series = np.unique(period.series.astype(str), return_inverse=True)[1]
    level = test.truth.astype(np.float64).mean(1)  # (n,)
    centre = mean_by(series, level)[series]
    spread = np.sqrt(mean_by(series, (level - centre) ** 2))[series]
    level = np.divide(level - centre, spread, out=np.zeros_like(level), where=spread > 0)
    means = mean_by(sample.units, level)  # (b,)
    within = float(np.sqrt(np.mean((level - means[sample.units]) ** 2)))
    breaks = range(2, len(means) - 1)  # two stretches on either side
    steps = {j: float(means[j:].mean() - means[:j].mean()) for j in breaks}
    between = {j: step**2 * j * (len(means) - j) / len(means) for j, step in steps.items()}
    best = max(between, key=lambda j: between[j])
    total = float(np.square(means - means.mean()).sum())
    if between[best] < EXPLAINED * total or abs(steps[best]) < SHIFT * within or not total:
        return None
    return period.times[sample.units == best].min()


def mean_by(units: NDArray[np.int64], values: Array) -> Array:
    """The mean of each unit: (n,), (n,) -> (G,)."""
    return np.asarray(np.bincount(units, values) / np.maximum(np.bincount(units), 1))


def named(names: Sequence[str]) -> str:
    """Name models or classes in a sentence."""
    return listed(names, most=MOST_NAMES, rest="others")
