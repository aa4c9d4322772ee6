"""What would change the verdict: which differences cannot be detected, and what would show them."""

import math
from typing import NamedTuple

from bakeoff.evaluate.metrics import Metric
from bakeoff.evaluate.predictions import Predictions
from bakeoff.judge.about_rows import say_enough
from bakeoff.judge.samples import Sample
from bakeoff.judge.statistics import Judgement, Pair, Standing

MOST_TIMES, MOST_SEEDS = 40, 40  # nobody finds more times the rows, or waits for more seeds


def say_change(
    judgement: Judgement, metric: Metric, sample: Sample, test: Predictions, best: Standing
) -> str:
    """Say which differences cannot be detected, and how many rows or seeds would show smaller ones.

    The variance of a difference falls with rows (windows, groups) and with seeds, each its own
    part. With more seeds their spread is better known, too, which is left out: the number of seeds
    errs high.
    """
    if not sample.enough:
        return say_enough(sample, test)
    unit = unit_of(sample)
    with_rows = f"with {unit}"
    if not judgement.pairs:
        width = metric.say_difference((best.high - best.low) / 2)
        return (
            f"the score is known to within {width} {with_rows}; a baseline beside it would show "
            "what it is worth."
        )
    pair = typical_pair(judgement)
    if pair is None:
        return "nothing that can be foreseen: on these test rows the models predict the same."
    num_seeds = max((s.seeds for s in judgement.standings if not s.seedless), default=1)
    with_seeds = f" and {num_seeds} seeds" if seeds_matter(pair) else ""
    if reach(pair) < metric.least_shown:
        least = metric.say_difference(metric.least_shown)
        return (
            f"nothing that can be foreseen: {with_rows}{with_seeds} differences of {least} and "
            "more would be detected."
        )
    said = (
        f"differences under {metric.say_difference(reach(pair))} cannot be detected "
        f"{with_rows}{with_seeds}; {say_needed(pair, metric, unit, num_seeds)}"
    )
    if judgement.trained_once:
        said += "; 5 seeds would tell seed variation from a real difference"
    return said + "."


class Unit(NamedTuple):
    """What more of would show smaller differences, and how many there are."""

    noun: str
    num: int

    def __str__(self) -> str:
        return f"{self.num:,} {self.noun}{'' if self.num == 1 else 's'}"


def unit_of(sample: Sample) -> Unit:
    """Tell what the test rows are counted in."""
    if sample.kind == "groups":
        return Unit("test group", len(sample.sizes))
    return Unit("test window" if sample.kind == "stretches" else "test row", len(sample.units))


def typical_pair(judgement: Judgement) -> Pair | None:
    """The pair that stands for what is open: within the first tier the one of middling reach.

    A lone leader's is the one with the runner-up: whatever it is ahead by, was detected.
    """
    tier = judgement.tiers[0]
    inside = [pair for pair in judgement.pairs if pair.better in tier and pair.worse in tier]
    pairs = inside or [pair for pair in judgement.pairs if pair.better in tier]
    unsure = [pair for pair in pairs if pair.visible > 0 and variance(pair) > 0]
    if not inside:
        return min(unsure, key=lambda pair: pair.difference, default=None)
    ordered = sorted(unsure, key=lambda pair: pair.visible)
    return ordered[len(ordered) // 2] if ordered else None


def reach(pair: Pair) -> float:
    """The smallest difference that the verdict would show: half of the joint interval."""
    return (pair.joint_high - pair.joint_low) / 2


def say_needed(pair: Pair, metric: Metric, unit: Unit, num_seeds: int) -> str:
    """How many rows or seeds would show a round difference of half the size or less."""
    test_rows, noun = unit.num, f"{unit.noun}s"
    scale = 100 if metric.unit == "points" else 1
    goal = round_down(reach(pair) * scale / 2) / scale
    factor = reach(pair) ** 2 / variance(pair)
    allowed = goal**2 / factor  # the variance that would show the goal
    rows = needed(test_rows, pair.rows_variance, allowed - pair.seeds_variance)
    seeds = needed(num_seeds, pair.seeds_variance, allowed - pair.rows_variance)
    ways = []
    if rows <= MOST_TIMES * test_rows:
        ways.append(f"{round_up(rows):,}" + (f" {noun}" if seeds_matter(pair) else ""))
    if seeds <= MOST_SEEDS and seeds_matter(pair):
        ways.append(f"{round_up(seeds)} seeds")
    if not ways:  # neither alone: half of the variance allowed to each
        rows = max(needed(test_rows, pair.rows_variance, allowed / 2), test_rows)
        seeds = max(needed(num_seeds, pair.seeds_variance, allowed / 2), num_seeds)
        ways.append(f"{round_up(rows):,} {noun} with {round_up(seeds)} seeds")
    amount = f"{goal * scale:,.10g}"
    points = "point" if goal * scale == 1 else "points"
    shown = f"{amount} {points}" if metric.unit == "points" else f"{amount} in {metric.label}"
    return f"about {', or '.join(ways)} would show {shown}"


def variance(pair: Pair) -> float:
    """The variance of a difference, rows and seeds together."""
    return pair.rows_variance + pair.seeds_variance


def seeds_matter(pair: Pair) -> bool:
    """Whether seed variation has a part in what cannot be detected that is worth a word."""
    return pair.seeds_variance > 0.1 * pair.rows_variance


def needed(at_hand: int, variance: float, allowed: float) -> float:
    """How many rows or seeds bring a variance down to what is allowed."""
    return at_hand * variance / allowed if allowed > 0 else float("inf")


def round_down(value: float) -> float:
    """The nearest of 1, 2, 3, 4, 5, 6, 8, 10, 20, ... that is not larger.

    Example:
        >>> round_down(1.7), round_down(0.049)
        (1.0, 0.04)
    """
    power = 10.0 ** math.floor(math.log10(value) + 1e-9)
    step = max(step for step in (1, 2, 3, 4, 5, 6, 8) if step <= value / power * (1 + 1e-9))
    return float(f"{step * power:.1g}")


def round_up(value: float, digits: int = 2) -> int:
    """Round a count up to so many digits: 5,683 -> 5,700; a whole number is not raised."""
    step = int(10 ** max(math.floor(math.log10(value)) + 1 - digits, 0))
    return math.ceil(value / step - 1e-9) * step
