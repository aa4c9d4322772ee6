"""The verdict in words: who wins, and what to watch out for."""

from collections.abc import Collection, Mapping, Sequence

from bakeoff.evaluate.metrics import Metric
from bakeoff.judge.about_rows import named, say_about_rows
from bakeoff.judge.entry import Entry, finished
from bakeoff.judge.samples import Sample
from bakeoff.judge.statistics import Judgement, Standing


def say_verdict(
    judgement: Judgement,
    metric: Metric,
    *,
    best: Standing,
    baselines: Collection[str],
    constants: Collection[str],
) -> str:
    """Say who wins, or why nobody does.

    Args:
        judgement: All losses negated, so that higher is better.
        metric: For its name and unit.
        best: The first of the standings, in the metric's own direction.
        baselines: Labels of the models that are no networks.
        constants: Labels of the models that look at no input.
    """
    tier = judgement.tiers[0]
    names = [standing.model for standing in judgement.standings]
    networks = [name for name in names if name not in baselines]
    if len(names) == 1:
        said = say_alone(best, metric)
    elif floor := unbeaten(judgement, [name for name in names if name in constants]):
        said = say_unlearned(judgement, metric, floor)
    elif len(tier) > 1:
        said = say_tied(judgement, metric, constants)
    elif tier[0] in baselines and networks:
        margin = say_margin(judgement, metric, tier, networks[0])
        said = (
            f"{tier[0]} comes first alone; no network beats the {tier[0]} baseline, "
            f"and {networks[0]}, the best of them, is behind it {margin}."
        )
    else:
        others = f" and the {len(names) - 2} others" if len(names) > 3 else ""
        others = f" and {names[2]}" if len(names) == 3 else others
        margin = say_margin(judgement, metric, tier, names[1])
        said = f"{tier[0]} comes first alone: it beats {names[1]} {margin}{others}."
    if len(tier) > 1 and networks and not set(tier) & set(networks) and len(names) > 1:
        said += f" No network beats {'either' if len(tier) == 2 else 'any'} of these baselines."
    if judgement.trained_once:
        said += " This is said for these trained models only: each was trained once."
    return said


def say_failures(failures: Mapping[str, str]) -> str:
    """Say which baselines failed: a ranking without one lacks a yardstick. Empty where none did.

    Args:
        failures: Label -> cause, of the baselines of which no fit finished.
    """
    if not failures:
        return ""
    causes = {label: cause.rstrip(".") for label, cause in failures.items()}
    if len(causes) == 1:
        [(label, cause)] = causes.items()
        return f"{label} failed, so the ranking is without its yardstick: {cause}. "
    told = "; ".join(f"{label}: {cause}" for label, cause in causes.items())
    return f"{named(list(causes))} failed, so the ranking is without these yardsticks ({told}). "


def say_alone(only: Standing, metric: Metric) -> str:
    """One model: its score, and that there is no comparison."""
    return (
        f"{only.model} is the only model, so nothing is compared: {metric.label} "
        f"{metric.say(only.score)} ({metric.say(only.low)} to {metric.say(only.high)}, 95 %)."
    )


def say_refused(why: str, metric: Metric, best: Standing) -> str:
    """No verdict: the test rows are too few for one."""
    return (
        f"no verdict: {why} On these test rows {best.model} has the best score ({metric.label} "
        f"{metric.say(best.score)}), which may be luck."
    )


def unbeaten(judgement: Judgement, constants: Sequence[str]) -> str:
    """The constant model that no other one beats, or nothing."""
    for name in constants:
        if not any(
            p.beats and p.worse == name and p.better not in constants for p in judgement.pairs
        ):
            return name
    return ""


def say_unlearned(judgement: Judgement, metric: Metric, floor: str) -> str:
    """Nothing beats the model that looks at no input."""
    scores = {standing.model: standing.score for standing in judgement.standings}
    best = next(name for name in scores if name != floor)
    pair = judgement.pair(best, floor)
    sign = 1 if pair.better == best else -1
    ends = sorted((sign * pair.joint_low, sign * pair.joint_high))
    if not pair.visible or max(map(abs, ends)) < metric.least_shown / 2:
        nearly = "nearly " if pair.visible else ""
        return (
            f"no model here has detectably learned anything: {best}, the best of the others, "
            f"predicts {nearly}what {floor} predicts "
            f"({metric.label} {metric.say(metric.sign * scores[floor])})."
        )
    return (
        f"no model here has detectably learned anything: none beats {floor} "
        f"({metric.label} {metric.say(metric.sign * scores[floor])}); {best}, the best of the "
        f"others, differs from it by {metric.say_difference(*ends)} "
        "(95 %, all pairs at once)."
    )


def say_tied(judgement: Judgement, metric: Metric, constants: Collection[str]) -> str:
    """Several share the first tier: who they are, and whom they all beat."""
    tier = judgement.tiers[0]
    rest = [name for other in judgement.tiers[1:] for name in other]
    if not rest:
        return f"{named(tier)} are tied: no difference between them can be detected."
    said = f"{named(tier)} are tied for first"
    below = next((name for name in rest if all(beats(judgement, t, name) for t in tier)), None)
    if below is not None:
        margin = say_margin(judgement, metric, tier, below)
        return f"{said}; each beats {below} {margin}."
    margin = say_margin(judgement, metric, tier[:1], rest[0])
    said += f"; {tier[0]} beats {rest[0]} {margin}"
    for floor in constants:
        weak = [name for name in tier if name != floor and not beats(judgement, name, floor)]
        if weak:
            are = "is" if len(weak) == 1 else "are"
            said += f"; {named(weak)} {are} not distinguishable from {floor}"
    return said + "."


def beats(judgement: Judgement, one: str, other: str) -> bool:
    """Whether one model beats the other."""
    pair = judgement.pair(one, other)
    return pair.beats and pair.better == one


def say_margin(judgement: Judgement, metric: Metric, better: Sequence[str], worse: str) -> str:
    """By how much: from the lowest to the highest end of the joint intervals."""
    pairs = [judgement.pair(name, worse) for name in better]
    ends = min(pair.joint_low for pair in pairs), max(pair.joint_high for pair in pairs)
    return f"(by {metric.say_difference(*ends)}, 95 %)"


def say_warnings(
    judgement: Judgement,
    metric: Metric,
    lines: Mapping[str, Sequence[Entry]],
    sample: Sample,
    test_readings: int,
) -> tuple[str, ...]:
    """Say what a reader should know before trusting the verdict."""
    said = []
    for label, line in lines.items():
        failed = [entry for entry in line if entry.predictions is None]
        if len(failed) == len(line) and line[0].baseline:
            continue  # the verdict itself begins with it
        reason = f"seed {failed[0].seed}: {failed[0].error.rstrip('.')}" if failed else ""
        if failed and len(failed) == len(line):
            said.append(f"{label} failed and is not ranked ({reason}).")
        elif failed:
            said.append(
                f"{len(failed)} of {len(line)} fits of {label} failed ({reason}); its score is the "
                f"mean of those that finished."
            )
    for bad in judgement.failing:
        seeds = [entry.seed for entry in lines[bad.model] if entry.predictions is not None]
        score, others = (metric.say(metric.sign * value) for value in (bad.score, bad.others))
        said.append(
            f"seed {seeds[bad.position]} of {bad.model} is far below the other seeds "
            f"({metric.label} {score} against {others}); it is counted."
        )
    said += [
        f"{name} varies much more over seeds than the rest; "
        "run more seeds before trusting its place."
        for name in judgement.erratic
    ]
    said += [
        f"{standing.model} was trained once: its spread over seeds is taken from the others."
        for standing in judgement.standings
        if standing.borrowed
    ]
    best = judgement.standings[0]
    if metric.name == "r2" and best.score < 0 and sample.kind != "stretches":
        said.append(
            "every model predicts worse than the mean of the test rows would: they lie outside "
            "what was trained on."
        )
    first = finished(lines[best.model])
    return (*said, *say_about_rows(metric, sample, first, test_readings))
