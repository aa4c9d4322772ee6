"""What each input adds, as a figure: the network of all inputs against each of them alone."""

from collections.abc import Iterator
from typing import TYPE_CHECKING, NamedTuple

from bakeoff.cut import cut
from bakeoff.evaluate.metrics import METRICS
from bakeoff.insight.gains import Gain, gains
from bakeoff.report.contents import Contents

if TYPE_CHECKING:
    from matplotlib.figure import Figure

    from bakeoff.train.job import Job


class InputPicture(NamedTuple):
    """The figure, and what it shows in words."""

    figure: "Figure"
    alt: str


def drawn_inputs(run: Contents) -> InputPicture | None:
    """Draw how far the networks of all inputs are ahead of each alone; None where none ran."""
    metric, lines = METRICS[run.verdict.metric], list(gains_of(run))
    if not lines:
        return None
    told = []
    for line in lines:
        what = metric.say_difference(abs(line.low), abs(line.high))
        told.append(f"{line.name}: {what if line.clear else 'nothing that can be detected'}")
    in_points = metric.unit == "points"
    label = f"{metric.label} gained{', in points' if in_points else ''}"
    figure = gains(lines, metric=label, times=100 if in_points else 1)
    return InputPicture(figure, f"What is added to each input by the others. {'; '.join(told)}.")


def gains_of(run: Contents) -> Iterator[Gain]:
    """Yield how far the network of all inputs is ahead of each network of one, in its framework."""
    metric = METRICS[run.verdict.metric]
    jobs = {label: own[0] for label, own in run.jobs.items()}
    inputs = set(run.schema.groups)
    for all_label, whole in jobs.items():
        if set(whole.branches) != inputs:
            continue
        for label, job in jobs.items():
            only = [branch["view"] for branch in job.branches.values()] or [job.view]
            name = only[0].rpartition("/")[0] if len(only) == 1 else ""
            if not name or not job.recipe or job.framework != whole.framework:
                continue
            found = difference(run, all_label, label)
            if found is not None:
                value, low, high = found
                text = metric.say_ends(low, high) if low > 0 else "–"
                yield Gain(name=f"{cut(label)} + {others(inputs, name, whole)}",
                           difference=value, low=low, high=high, text=text)  # fmt: skip


def others(inputs: set[str], name: str, whole: "Job") -> str:
    """Name the inputs beside one, in the order of a network's branches."""
    beside = [cut(one, 24) for one in whole.branches if one in inputs and one != name]
    return beside[0] if len(beside) == 1 else f"{len(beside)} others"


def difference(run: Contents, one: str, other: str) -> tuple[float, float, float] | None:
    """Return how far a model is ahead of another, and the joint interval; None without a pair."""
    for pair in run.verdict.pairs:
        if (pair.better, pair.worse) == (one, other):
            return pair.difference, pair.joint_low, pair.joint_high
        if (pair.better, pair.worse) == (other, one):
            return -pair.difference, -pair.joint_high, -pair.joint_low
    return None
