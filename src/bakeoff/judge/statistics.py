"""Who beats whom: k models, trained with S seeds each, judged on the same n test rows.

The claim is about each model's mean over seeds and over the population of rows, given these
training rows. Two things are drawn by luck, the test rows and the seeds:

    z = Normal(0, V) * sqrt(f / chi2(f))                      rows, shared by all models
      + sqrt(max(theta^2 - r, 0) / S) * Normal(0, 1)          seeds, each model's own

V, f and r are what the rows say (`table.py`), theta is a model's spread over seeds. Three or five
seeds hardly tell theta, so models borrow from each other: most share a spread, a few may be up to
eight times as sensitive to the seed. Draws of z give
  - the interval of a score, and of a difference: the 95 % quantiles q of |z_i| and |z_i - z_j|;
  - one joint threshold: i beats j when the difference exceeds c * w_ij, with w_ij the 95 % quantile
    of |z_i - z_j| and c that of the largest |z_i - z_j| / w_ij over all pairs, in draws from a V in
    which few rows hide no difference (`cautious`);
  - a clear lead: a top model that is ahead of every other by more than q beats them all (that
    needs every comparison to hold at once, so no further correction).
Among equals a difference is declared in about 5 % of bake-offs or fewer: `benchmarks/honesty.py`.

Dimensions: k models, S seeds, n rows, D draws, P pairs.
"""

from collections.abc import Collection, Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from bakeoff.build import Count
from bakeoff.judge.posterior import NUM_DRAWS, Errors, draw_errors, seed_variances
from bakeoff.judge.seeds import FailingSeed, find_erratic, find_failing
from bakeoff.judge.table import Table, cautious, measure

Array = NDArray[np.float64]

LEVEL = 0.95
OUTLIERS_POINTWISE = 0.1  # share of models that may be much more sensitive than the rest
OUTLIERS_JOINT = 0.3  # more cautious: one underestimated spread among many makes a false winner


@dataclass(frozen=True, kw_only=True, slots=True)
class Standing:
    """Where one model stands.

    Args:
        model: Its name.
        tier: 1 for the first tier.
        score: Mean over seeds; higher is better.
        low: Lower end of the 95 % interval.
        high: Upper end.
        seeds: How many times it was trained.
        seedless: No luck in training: its rows are the same for every seed.
        borrowed: Trained once, so its spread over seeds is taken from the others.
    """

    model: str
    tier: Count
    score: float
    low: float
    high: float
    seeds: Count
    seedless: bool
    borrowed: bool


@dataclass(frozen=True, kw_only=True, slots=True)
class Pair:
    """How far one model is ahead of another.

    Args:
        better: The model with the higher score.
        worse: The other.
        difference: Of the scores, never negative.
        low: Lower end of the difference's own 95 % interval.
        high: Upper end.
        joint_low: Lower end of the interval for all differences at once: above 0 exactly when the
            first beats the second.
        joint_high: Its upper end.
        adjusted_p: Chance that luck alone makes some pair differ this much; adjusted for all pairs.
        beats: The verdict, by the joint threshold or a clear lead.
        visible: The smallest difference that the joint threshold lets this pair show.
        rows_variance: Variance of the difference that more test rows would lower.
        seeds_variance: Variance of the difference that more seeds would lower.
    """

    better: str
    worse: str
    difference: float
    low: float
    high: float
    joint_low: float
    joint_high: float
    adjusted_p: float
    beats: bool
    visible: float
    rows_variance: float
    seeds_variance: float


@dataclass(frozen=True, kw_only=True, slots=True)
class Judgement:
    """All that the verdict rests on, best model first.

    Args:
        standings: One per model, by tier, then by score.
        pairs: One per pair of models, by rank of the better, then of the worse.
        tiers: Names, first tier first: the best unplaced model and all that it does not beat.
        trained_once: No model was trained twice: what is said holds for these models only.
        failing: Seeds far below the others. They are counted, never dropped.
        erratic: Models that vary much more over seeds than the rest.
        seed_reach: Model -> 95 % reach of what its seeds alone make its score vary by.
    """

    standings: tuple[Standing, ...]
    pairs: tuple[Pair, ...]
    tiers: tuple[tuple[str, ...], ...]
    trained_once: bool
    failing: tuple[FailingSeed, ...]
    erratic: tuple[str, ...]
    seed_reach: Mapping[str, float]

    def pair(self, one: str, other: str) -> Pair:
        """Return the pair of two models, in whichever order they are named."""
        return next(pair for pair in self.pairs if {pair.better, pair.worse} == {one, other})


def judge(
    values: Mapping[str, Array],
    scores: Mapping[str, Array],
    *,
    seedless: Collection[str] = (),
    seed: int = 0,
) -> Judgement:
    """Compare models on independent rows.

    Args:
        values: Per model the value of each row (or influence, or pseudo-value), higher is
            better, rows in the same order for all.
        scores: Per model the exact metric of each seed, higher is better.
        seedless: Models without luck in training, given with one seed. Others are found by
            themselves: their rows are the same for every seed.
        seed: Of the 4,000 draws.

    Shape:
        values (S, n) each, scores (S,) each; S may differ between models.

    Raises:
        RequestError: No models, fewer than two rows, or shapes that do not fit.

    Example:
        >>> rows = np.tile([1.0, 0.0], 100)
        >>> both = {"a": rows[None], "b": 1 - rows[None]}
        >>> judge(both, {name: x.mean(1) for name, x in both.items()}).tiers
        (('a', 'b'),)
    """
    return judge_table(measure(values, scores, seedless), scores, seed=seed)


def judge_table(table: Table, scores: Mapping[str, Array], *, seed: int = 0) -> Judgement:
    """Compare models, given what the rows say; neither their order nor the machine plays a part.

    Args:
        table: Of all models, higher scores are better.
        scores: Per model the exact metric of each seed: (S,).
        seed: Of the 4,000 draws.
    """
    generator = np.random.default_rng(seed)
    pointwise = draw_errors(table, OUTLIERS_POINTWISE, generator)
    joint = draw_errors(cautious(table), OUTLIERS_JOINT, generator)
    pairs = compare_pairs(table, pointwise.both, joint)
    tiers = place(pairs, [table.names[i] for i in table.order])
    noise = dict(zip(table.names, np.sqrt(table.residual), strict=True))
    failing = find_failing({name: np.asarray(scores[name]) for name in table.names}, noise)
    erratic = find_erratic(table.names, joint.spreads)
    reach = np.quantile(np.abs(pointwise.seeds), LEVEL, axis=0)  # (k,)
    return Judgement(
        standings=stand(table, pointwise.both, tiers),
        pairs=pairs,
        tiers=tiers,
        trained_once=not (table.freedom > 0).any() and not table.seedless.all(),
        failing=failing,
        erratic=tuple(name for name in erratic if name not in {f.model for f in failing}),
        seed_reach=dict(zip(table.names, reach.tolist(), strict=True)),
    )


def stand(
    table: Table, pointwise: Array, tiers: tuple[tuple[str, ...], ...]
) -> tuple[Standing, ...]:
    """List the models by tier, then by score, given draws of the errors (D, k)."""
    half = np.quantile(np.abs(pointwise), LEVEL, axis=0)  # (k,)
    tier_of = {name: number for number, tier in enumerate(tiers, 1) for name in tier}
    return tuple(
        Standing(
            model=table.names[i],
            tier=tier_of[table.names[i]],
            score=float(table.score[i]),
            low=float(table.score[i] - half[i]),
            high=float(table.score[i] + half[i]),
            seeds=int(table.seeds[i]),
            seedless=bool(table.seedless[i]),
            borrowed=bool(table.borrows[i]),
        )
        for i in sorted(table.order, key=lambda i: tier_of[table.names[i]])
    )


def compare_pairs(table: Table, pointwise: Array, joint: Errors) -> tuple[Pair, ...]:
    """Judge every pair of models, given draws of the errors, pointwise (D, k)."""
    k, tiny = len(table.names), table.rounding
    order = np.array(table.order)
    first, second = (order[side] for side in np.triu_indices(k, 1))  # (P,) the better and the worse
    difference = table.score[first] - table.score[second]
    near = np.abs(pointwise[:, first] - pointwise[:, second]).T.copy()  # (P, D)
    far = np.abs(joint.both[:, first] - joint.both[:, second]).T.copy()
    own = np.quantile(near, LEVEL, axis=1)  # (P,)
    width = np.quantile(far, LEVEL, axis=1)
    scale = np.where(width > tiny, width, np.inf)[:, None]  # equal predictions never decide
    largest = np.max(far / scale, axis=0, initial=0.0)  # (D,)
    threshold = np.quantile(largest, LEVEL) * width
    with np.errstate(divide="ignore", invalid="ignore"):
        observed = np.where(difference > tiny, difference / width, 0.0)
    p = share_above(np.sort(largest), observed)
    beats = difference > np.maximum(threshold, tiny)
    reach = np.maximum(threshold, tiny)  # of the joint interval: what a difference must exceed
    leads = first == order[0]
    if k >= 3 and (difference[leads] > np.maximum(own[leads], tiny)).all():
        beats |= leads
        reach = np.where(leads, np.maximum(own, tiny), reach)
        alone = (1 + (near[leads] >= difference[leads, None]).sum(1).max()) / (NUM_DRAWS + 1)
        p = np.where(leads, np.minimum(p, alone), p)
    c, luck = table.covariance, seed_variances(table, joint.spreads).mean(0)
    rows = c[first, first] + c[second, second] - 2 * c[first, second]
    return tuple(
        Pair(
            better=table.names[first[i]],
            worse=table.names[second[i]],
            difference=float(difference[i]),
            low=float(difference[i] - own[i]),
            high=float(difference[i] + own[i]),
            joint_low=float(difference[i] - reach[i]),
            joint_high=float(difference[i] + reach[i]),
            adjusted_p=float(p[i]),
            beats=bool(beats[i]),
            visible=float(threshold[i]) if width[i] > tiny else 0.0,
            rows_variance=float(max(rows[i], 0.0)),
            seeds_variance=float(luck[first[i]] + luck[second[i]]),
        )
        for i in range(len(first))
    )


def share_above(ascending: Array, observed: Array) -> Array:
    """Share of sorted draws (D,) at or above each observed value (P,), never quite 0."""
    above = len(ascending) - np.searchsorted(ascending, observed, side="left")
    return np.asarray((1 + above) / (len(ascending) + 1))


def place(pairs: tuple[Pair, ...], names: list[str]) -> tuple[tuple[str, ...], ...]:
    """Cut models, best first, into tiers: the best one left and all that it does not beat."""
    beaten_by: dict[str, set[str]] = {name: set() for name in names}
    for pair in pairs:
        if pair.beats:
            beaten_by[pair.worse].add(pair.better)
    tiers = []
    left = list(names)
    while left:
        tier = tuple(name for name in left if left[0] not in beaten_by[name])
        tiers.append(tier)
        left = [name for name in left if name not in tier]
    return tuple(tiers)
