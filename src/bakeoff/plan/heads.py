"""Heads: what a run of several targets makes of its models, and how the targets are weighed."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import asdict, replace
from typing import Any

from bakeoff.catalog import Model, find
from bakeoff.data.columns.column import PER_STEP
from bakeoff.data.dataset import Dataset
from bakeoff.data.forms import StepsForm
from bakeoff.data.preparing.goal import Goal
from bakeoff.errors import RequestError, option, unknown
from bakeoff.listed import listed
from bakeoff.plan.branches import INNER
from bakeoff.train.head import LEARNED, MOST_WEIGHT, Head
from bakeoff.train.recipe import LOSSES_OF_TASK, Recipe
from bakeoff.train.settled_weights import BALANCED, settled_weights, weights_of

ONE_CLASS = ("binary", "multiclass")
LATER = {  # written where they act
    "steps": 0,
    "auxiliary": False,
    "class_weights": (),
    "label_smoothing": 0.0,
    "quantile": 0.5,
}
STEPWISE = ("text", "series", *PER_STEP)  # more than one value to predict of a row
INPUT = "x"  # what the branch is called that reads the only input


def heads_for(
    goals: Mapping[str, Goal],
    weights: Mapping[str, float | str],
    counts: Mapping[str, Mapping[str, int]],
    auxiliary: Collection[str],
    steps: int,
    recipe: Recipe | None,
) -> dict[str, dict[str, Any]]:
    """Return the targets of a job, as `Job` has them; none where there is one target.

    Args:
        goals: Target -> what is known of it.
        weights: Target -> its weight; none where there is one target.
        counts: Target -> training rows of each of its classes.
        auxiliary: Targets that stopping does not follow.
        steps: Of a forecast; else 0.
        recipe: Of a network; None of a baseline.
    """
    heads = {}
    for target, weight in weights.items():
        goal = goals[target]
        known = LOSSES_OF_TASK[goal.task]
        asked = recipe.loss if recipe else ""
        head = Head(
            target=target,
            task=goal.task,
            num_classes=len(goal.classes),
            steps=steps,
            loss=(asked if asked in known else known[0]) if recipe else "",
            weight=1.0 if isinstance(weight, str) else weight,
            learned=weight == LEARNED,
            auxiliary=target in auxiliary and recipe is not None,
        )
        if recipe is not None and goal.task in ONE_CLASS:
            own = own_weights(recipe.class_weights, target, weights)
            text = settled_weights(own, goal.classes, counts[target], target)
            told = weights_of(text, len(goal.classes))
            head = replace(head, class_weights=told, label_smoothing=recipe.label_smoothing)
        if recipe is not None and head.loss == "quantile":
            head = replace(head, quantile=recipe.quantile)
        heads[target] = {
            name: value
            for name, value in asdict(head).items()
            if name != "target" and (name not in LATER or value != LATER[name])
        }
    return heads


def own_weights(text: str, target: str, targets: Collection[str]) -> str:
    """Return the class weights of one of several targets, as if it were the only one.

    Args:
        text: "", "balanced", or TARGET:NAME=weight,...
        target: Of the run.
        targets: All of them.

    Raises:
        RequestError: A part names no target.

    Example:
        >>> own_weights("a:yes=3,b:no=2", "a", ("a", "b")), own_weights("balanced", "a", ("a",))
        ('yes=3', 'balanced')
    """
    if text in ("", BALANCED):
        return text
    kept = []
    for part in text.split(","):
        name = next((own for own in targets if part.strip().startswith(f"{own}:")), None)
        if name is None:
            said = part.partition("=")[0].strip().partition(":")[0]
            where = option("class_weights", text)
            raise RequestError(
                f"{unknown('target', said, targets, where=where)} Of several targets say "
                f"{option('class_weights', f'{target}:NAME=2')}."
            )
        if name == target:
            kept.append(part.strip()[len(name) + 1 :])
    return ",".join(kept)


def refuse_inner(models: Sequence[Model]) -> None:
    """Refuse a head that reads an inner part where there is one target alone.

    Raises:
        RequestError: The message names the model.
    """
    for model in models:
        if inner := model.arguments.get(INNER):
            raise RequestError(
                f"{option(f'{model.name}.{INNER}', inner)} goes with several targets, and these "
                "data have one. Leave it out."
            )


def weights_by_target(text: str, targets: Sequence[str]) -> dict[str, float | str]:
    """Return how much each of several targets counts; none where there is one target.

    Args:
        text: "" for all alike, "learned", or TARGET=weight,...: those not named weigh 1.
        targets: Of the run.

    Raises:
        RequestError: A name is no target, a weight is none, or all are 0.

    Example:
        >>> weights_by_target("b=0.5", ("a", "b")), weights_by_target("", ("a",))
        ({'a': 1.0, 'b': 0.5}, {})
    """
    if len(targets) < 2:
        if text:
            raise RequestError(
                f"{option('weight', text)} weighs several targets, and {targets[0]!r} is the only "
                "one. Leave it out."
            )
        return {}
    if text == LEARNED:
        return dict.fromkeys(targets, LEARNED)
    weights: dict[str, float | str] = dict.fromkeys(targets, 1.0)
    for part in text.split(",") if text else ():
        name, equals, number = (piece.strip() for piece in part.rpartition("="))
        if equals and name not in weights:
            raise RequestError(unknown("target", name, targets, where=option("weight")))
        weights[name] = weight_of(text, number if equals else "")
    if not any(weights.values()):
        raise RequestError(f"{option('weight', text)} leaves nothing to learn: all weights are 0.")
    return weights


def check_alone(dataset: Dataset, auxiliary: Sequence[str]) -> None:
    """Refuse a target of several steps beside other targets, or from several inputs.

    And auxiliary targets that are none, or that lead.

    Raises:
        RequestError: The message names it.
    """
    schema = dataset.schema
    check_auxiliary(auxiliary, schema.targets)
    stepwise = [name for name in schema.targets if schema.tasks[name] in STEPWISE]
    if not stepwise:
        return
    name = stepwise[0]
    what = "a text" if schema.tasks[name] == "text" else "a sequence"
    forms = [schema.column(own).form for own in schema.targets]
    lengths = {form.length for form in forms if isinstance(form, StepsForm)}
    series = {schema.tasks[own] for own in schema.targets} == {"series"} and len(lengths) == 1
    if len(schema.targets) > 1 and not series:
        raise RequestError(
            f"{name} is {what}, which is predicted alone, or beside other series of as many steps. "
            f"Say {option('target', name)}, or leave it out."
        )
    if len(schema.groups) > 1:
        first = next(iter(schema.groups))
        raise RequestError(
            f"{name} is {what}, which is predicted from one input, and these data have "
            f"{listed(list(schema.groups))}. Say {option('inputs', [first])}."
        )


def check_auxiliary(auxiliary: Sequence[str], targets: Sequence[str]) -> None:
    """Refuse auxiliary targets that are none, or that the winner follows.

    Args:
        auxiliary: As asked.
        targets: Of the run, the leading one first.

    Raises:
        RequestError: The message names it.
    """
    for name in auxiliary:
        where = option("auxiliary", list(auxiliary))
        if name not in targets:
            raise RequestError(unknown("target", name, targets, where=where))
        if name == targets[0]:
            raise RequestError(
                f"{where}: {name} is the target that the winner follows. Name another, or put "
                "another target first."
            )


def weight_of(text: str, number: str) -> float:
    """Read one weight.

    Raises:
        RequestError: It is none.
    """
    try:
        weight = float(number)
    except ValueError:
        weight = -1.0
    if not 0 <= weight <= MOST_WEIGHT:
        raise RequestError(
            f"{option('weight', text)} must be TARGET=weight,... with weights from 0 to "
            f"{MOST_WEIGHT:,g}, or {option('weight', LEARNED)}."
        )
    return weight


def with_heads(models: Sequence[Model], targets: Collection[str]) -> list[Model]:
    """Return models that predict several targets: networks get a head for each.

    A page that is no encoder does without: its scores are those of all targets, beside each other,
    or, where it writes the steps of a forecast, those of all targets in each step.

    Args:
        models: That can read the data.
        targets: Of the run.

    Raises:
        RequestError: A head is said to read an inner part for no target, or of such a page.
    """
    return [with_heads_of(model, targets) for model in models]


def with_heads_of(model: Model, targets: Collection[str]) -> Model:
    """Return one model that predicts several targets: see `with_heads`."""
    row, inner = model.row, dict(model.arguments.get(INNER) or {})
    where = option(f"{model.name}.{INNER}", inner)
    for target in inner:
        if target not in targets:
            raise RequestError(unknown("target", target, targets, where=where))
    if inner and row.role != "encoder" and row.name != "network":
        raise RequestError(f"{where}: {row.name} has one head for all targets. Leave it out.")
    if row.role != "encoder":
        return model
    own = {"architecture": row.name, "view": model.view}
    arguments = {k: v for k, v in model.arguments.items() if k != INNER}
    branch = {**own, "arguments": {**row.defaults, **arguments}}
    within = {target: f"encoders.0.{path}" for target, path in inner.items()}
    return Model(
        name=model.name,
        row=find("network"),
        view="mixed",
        branches={INPUT: branch},
        arguments={INNER: within} if within else {},
    )
