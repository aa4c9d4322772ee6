"""Preparation: everything that is learned from the training rows."""

from __future__ import annotations

import contextlib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import numpy as np

from bakeoff.data.array import Array, is_missing
from bakeoff.data.blocks import Pictures, Sequences, Values
from bakeoff.data.columns.column import PER_STEP, Schema, Task
from bakeoff.data.columns.step_target import real_steps
from bakeoff.data.dataset import Dataset
from bakeoff.data.forms import ShapeForm, StepsForm
from bakeoff.data.kinds import KINDS
from bakeoff.data.preparing.binary import Binary
from bakeoff.data.preparing.categories import Categories
from bakeoff.data.preparing.goal import Goal
from bakeoff.data.preparing.numbers import Numbers
from bakeoff.data.preparing.pixels import Pixels
from bakeoff.data.preparing.scale import Scale
from bakeoff.data.preparing.series_steps import SeriesSteps
from bakeoff.data.preparing.steps import Steps, summarise
from bakeoff.data.preparing.strays import say_strays
from bakeoff.data.preparing.text import BY_DEFAULT, Text, TextChoices
from bakeoff.data.preparing.text_components import TextComponents
from bakeoff.data.preparing.text_notes import say_new_texts, say_texts
from bakeoff.data.preparing.time import Time
from bakeoff.data.preparing.tokens import Tokens, say_unknown_tokens
from bakeoff.data.preparing.transform import Transform
from bakeoff.data.splitting.split import Split
from bakeoff.errors import DataError
from bakeoff.listed import listed
from bakeoff.numeric import is_constant

CLASSES: tuple[type[Transform], ...] = (
    Numbers, Binary, Categories, Time, Pixels, Steps, Scale, SeriesSteps, Tokens, Text,
    TextComponents,
)  # fmt: skip
TRANSFORMS: Mapping[str, type[Transform]] = {c.__name__: c for c in CLASSES}
MOST_WRITTEN = 10_000  # words that a text is written in: each costs a score at every step
MOST_AMOUNT = 1e150  # the squares of larger numbers overflow, those of its inverse vanish


@dataclass(frozen=True, kw_only=True, eq=False)
class Preparation:
    """Everything that is learned from the training rows to turn data into views and targets.

    Args:
        schema: Of the data; its inputs are those that are really used.
        goals: Target -> what is known of it, the leading one first.
        transforms: Input column -> its fitted transform.
        summaries: Input of sequences of different lengths -> the transform of their per-channel
            summaries.
        components: Text beside other inputs -> what makes a few numbers of it.
        notes: What was left out or noticed, in sentences for the user.
    """

    schema: Schema
    goals: Mapping[str, Goal]
    transforms: Mapping[str, Transform]
    summaries: Mapping[str, Numbers] = field(default_factory=dict)
    components: Mapping[str, TextComponents] = field(default_factory=dict)
    notes: tuple[str, ...] = ()

    def only(self, target: str) -> Preparation:
        """Return what is known of one target."""
        return replace(self, schema=self.schema.only(target), goals={target: self.goals[target]})

    @property
    def goal(self) -> Goal:
        """The leading target, or the only one."""
        return self.goals[self.schema.targets[0]]

    @property
    def task(self) -> Task:
        """That of the leading target."""
        return self.goal.task

    @property
    def classes(self) -> tuple[str, ...]:
        """Those of the leading target, by index; () for numbers."""
        return self.goal.classes

    @property
    def scale(self) -> Scale | None:
        """That of the leading target, where it is a regression."""
        return self.goal.scale

    def targets(self, dataset: Dataset) -> Any:
        """Return (N,) codes of classes int64 (-1: no training row has it) or scaled float32.

        Of labels (N, K) float32: 0, 1, or NaN where nobody knows. Of steps and texts `Sequences`:
        codes, -1 where nobody knows; numbers, NaN where nobody does; or tokens.
        """
        values = dataset.arrays[dataset.target]
        if self.goal.text is not None:
            return self.goal.text.as_target(values)
        if self.task in PER_STEP:
            return self.step_targets(values)
        if self.task == "multilabel":
            return np.asarray(values, np.float32)
        if self.scale is not None:
            return self.scale.apply(values)
        codes = {name: i for i, name in enumerate(self.classes)}
        return np.array([codes.get(value, -1) for value in values], dtype=np.int64)

    def step_targets(self, values: Sequences) -> Sequences:
        """Return the targets of all steps as models learn them."""
        steps = values.steps
        if self.scale is not None:
            return replace(values, steps=self.scale.apply(steps))
        form = self.schema.column(self.schema.targets[0]).form
        names = form.names if isinstance(form, StepsForm) else ()
        known = {name: i for i, name in enumerate(self.classes)}
        codes = np.array([*(known.get(name, -1) for name in names), -1], np.int64)
        return replace(values, steps=codes[steps])  # -1 is the last

    @property
    def series_steps(self) -> SeriesSteps:
        """How the steps of time series are standardised.

        Raises:
            ValueError: The data are no time series to forecast.
        """
        fitted = self.transforms[self.schema.inputs[0]]
        if not isinstance(fitted, SeriesSteps):
            raise ValueError(f"{self.schema.targets[0]} is not forecast.")
        return fitted

    @property
    def channel(self) -> int:
        """Which channel of the windows of time series the (leading) target is, from 0."""
        form = self.schema.series
        return form.names.index(self.schema.targets[0]) if form is not None else 0

    def invert_steps(self, scores: Array, dataset: Dataset) -> Array:
        """Return the forecasts of the windows of a dataset in the user's units: (N, S) float64."""
        windows = dataset.arrays[self.schema.inputs[0]]
        return self.series_steps.invert(scores, windows, self.channel)

    def invert(self, scores: Array) -> Array:
        """Return the scores of a regression in the user's units: (N,) or (N, 1) -> (N,) float64.

        Raises:
            ValueError: The target has classes, which have no scale.
        """
        if self.scale is None:
            raise ValueError(
                f"{self.schema.targets[0]} has classes, not amounts; take the class of the best "
                "score from `classes`."
            )
        return self.scale.invert(np.asarray(scores).reshape(len(scores)))

    def unknown(self, dataset: Dataset) -> list[str]:
        """Say which categories of new data no training row has: column, cells, an example."""
        notes = []
        for name, transform in self.transforms.items():
            if isinstance(transform, Tokens):
                notes += say_unknown_tokens(name, transform, dataset.arrays[name])
            if isinstance(transform, Text):
                notes += say_new_texts(name, transform, dataset.arrays[name])
            if not isinstance(transform, Categories):
                continue
            tally = transform.unknown(dataset.arrays[name])
            if tally:
                cells = sum(tally.values())
                hold = "cell holds a category" if cells == 1 else "cells hold categories"
                examples = listed([repr(value) for value, _ in tally.most_common(3)], rest="others")
                notes.append(
                    f"{name}: {cells:,} {hold} that no training row has ({examples}); the model "
                    "takes all such for the same."
                )
        return notes

    def save(self, folder: Path | str) -> None:
        """Write transforms.json, and the arrays into transforms.safetensors."""
        from bakeoff.data.preparing.preparation_file import save_preparation

        save_preparation(self, Path(folder))


def fit_preparation(dataset: Dataset, split: Split, texts: TextChoices = BY_DEFAULT) -> Preparation:
    """Learn all transforms, classes and scales from the training rows of a split.

    Args:
        dataset: The rows.
        split: Their parts.
        texts: How texts are to be read.

    Raises:
        DataError: The training rows hold one class, one value, or no usable input.
    """
    train = dataset[split.train]
    inputs, notes = usable_inputs(train, split)
    if not inputs:
        raise DataError(f"No input is left: {' '.join(notes)} Split in another way.")
    goals = {}
    for own in dataset.by_target:
        goals[own.target], told = fit_goal(own, split, texts)
        notes += told
    transforms = {name: fit_transform(train, name, texts) for name in inputs}
    notes += [*unseen_parts(train, inputs), *say_strays(transforms, dataset)]
    for name, transform in transforms.items():
        if isinstance(transform, Tokens):
            notes += say_unknown_tokens(name, transform, dataset.arrays[name])
        if isinstance(transform, Text):
            notes += say_texts(name, transform, dataset.arrays[name], split)
    return Preparation(
        schema=replace(dataset.schema, inputs=inputs),
        goals=goals,
        transforms=transforms,
        summaries=fit_summaries(train, inputs),
        components=fit_components(train, transforms),
        notes=tuple(notes),
    )


def fit_goal(
    dataset: Dataset, split: Split, texts: TextChoices = BY_DEFAULT
) -> tuple[Goal, list[str]]:
    """Learn classes and scale of a target from the training rows that have a value of it.

    Args:
        dataset: With one target.
        split: Says which rows train.
        texts: How a text is to be cut into what is written.

    Returns:
        What was learned, and what was noticed, in sentences.

    Raises:
        DataError: These rows hold one class or one value.
    """
    target, task = dataset.target, dataset.schema.tasks[dataset.target]
    notes: list[str] = []
    train = dataset[answered(dataset, split.train)]
    values = train.arrays[target]
    if not len(values):
        raise DataError(f"No training row has a value of {target} ({split.how}). Leave it out.")
    if task == "text":
        return text_goal(dataset, split, texts)
    if task in PER_STEP:
        return step_goal(train, split), notes
    if task == "series":
        check_amounts(values.ravel(), target)
        return Goal(task=task, scale=Scale.fit(values.ravel()), length=values.shape[1]), notes
    if task == "forecast":
        values = values.real()[:, 0]
    if task == "multilabel":
        notes += unlearned_labels(train, split)
    elif task != "forecast" and len(set(values.tolist())) < 2:
        raise DataError(
            f"All {len(train):,} training rows have {target} = {values[0]}, so there is nothing to "
            f"learn ({split.how}). Split in another way."
        )
    if task == "regression":
        check_amounts(values, target)
    classes = () if task in ("regression", "forecast") else class_names(train)
    told = classes and task != "multilabel"
    validation = dataset.arrays[target][split.validation] if told else ()
    unseen = {value for value in validation if value is not None} - set(classes)
    if unseen:  # test targets stay sealed: judging meets their unseen classes
        named = ", ".join(sorted(unseen)[:5])
        notes.append(f"No training row has {target} = {named}; such rows always count as wrong.")
    scale = Scale.fit(values) if task == "regression" else None
    return Goal(task=task, classes=classes, scale=scale), notes


def step_goal(train: Dataset, split: Split) -> Goal:
    """Learn classes or scale of a target of each step.

    Raises:
        DataError: All steps of the training rows have one class or one value.
    """
    target, task = train.target, train.schema.tasks[train.target]
    values = train.arrays[target]
    steps = values.steps[real_steps(values)]
    known = steps[steps >= 0] if task == "step_classes" else steps[~np.isnan(steps)]
    if len(np.unique(known)) < 2:
        raise DataError(
            f"All steps of the training rows have one and the same {target}, so there is nothing "
            f"to learn ({split.how}). Split in another way."
        )
    if task == "step_numbers":
        check_amounts(known, target)
        return Goal(task=task, scale=Scale.fit(known))
    form = train.schema.column(target).form
    names = form.names if isinstance(form, StepsForm) else ()
    return Goal(task=task, classes=tuple(names[code] for code in np.unique(known).tolist()))


def text_goal(dataset: Dataset, split: Split, texts: TextChoices) -> tuple[Goal, list[str]]:
    """Learn the words that a text may be written in, and how long it may be."""
    values = dataset.arrays[dataset.target]
    fitted = Text.fit(values[split.train], texts._replace(vectors=""))
    fitted = replace(fitted, known=min(fitted.known, MOST_WRITTEN))
    notes = say_texts(dataset.target, fitted, values, split)
    notes.append(
        f"{dataset.target}: judged is how well each token is foretold from the true ones before "
        "it (log loss per token, the end of the text among them; unknown words count as one)."
    )
    return Goal(task="text", text=fitted), notes


def answered(dataset: Dataset, positions: Array) -> Array:
    """Return those positions whose rows have a value of the (leading) target."""
    values = dataset.arrays[dataset.target]
    if isinstance(values, Sequences):
        return positions
    return np.asarray(positions[~is_missing(values[positions])])


def unlearned_labels(train: Dataset, split: Split) -> list[str]:
    """Say which labels all training rows have, or none of them.

    Raises:
        DataError: That is so of every label.
    """
    values = train.arrays[train.target]
    same = np.array([len(np.unique(own[~np.isnan(own)])) < 2 for own in values.T])
    if same.all():
        raise DataError(
            f"All {len(train):,} training rows have the same labels of {train.target}, so there is "
            f"nothing to learn ({split.how}). Split in another way."
        )
    names = [name for name, own in zip(class_names(train), same, strict=True) if own]
    few = listed(names, most=5)
    return [f"All training rows are alike in {few}, so it cannot be learned."] if names else []


def usable_inputs(train: Dataset, split: Split) -> tuple[tuple[str, ...], list[str]]:
    """Return the inputs that training rows have values of, and a sentence for each other one."""
    inputs, notes = [], []
    for name in train.schema.inputs:
        if name in split.by:
            notes.append(f"{name} makes the split and so is no input.")
        elif is_empty(train.arrays[name]):
            notes.append(f"{name} is left out: no training row has a value of it.")
        else:
            inputs.append(name)
    return tuple(inputs), notes


def is_empty(values: Values) -> bool:
    """Tell whether every value is missing; bytes and integers have no such value."""
    if isinstance(values, Pictures):
        return bool((values.rows < 0).all())
    if isinstance(values, Sequences):
        return bool(values.unknown_channels().all())
    if values.ndim == 1:
        return bool(is_missing(values).all())
    return values.dtype.kind == "f" and bool(np.isnan(values).all())


def unseen_parts(train: Dataset, inputs: tuple[str, ...]) -> list[str]:
    """Say which features or channels of an array no training row has a value of."""
    notes = []
    for name in inputs:
        values = train.arrays[name]
        if isinstance(values, Pictures) or values.ndim == 1 or values.dtype.kind != "f":
            continue
        unknown = (
            values.unknown_channels()
            if isinstance(values, Sequences)
            else np.isnan(values).all(axis=0)
        )
        empty = np.flatnonzero(unknown).tolist()
        if empty:
            part = "feature" if train.schema.column(name).kind == "number" else "channel"
            numbers = listed([str(i) for i in empty], most=10)
            notes.append(
                f"{name}: no training row has a value of {part}{'s' if len(empty) > 1 else ''} "
                f"{numbers} (counted from 0), which no model learns from."
            )
    return notes


def check_amounts(values: Array, target: str) -> None:
    """Refuse a regression target whose squares cannot be added up, or that only rounding moves.

    Args:
        values: (N,) of the training rows.
        target: Its name, for the message.
    """
    low, high = float(values.min()), float(values.max())
    if is_constant(values.min(), values.max()):
        raise DataError(
            f"The training rows have {target} from {low!r} to {high!r}, which differ by the "
            "rounding of numbers alone, so there is nothing to learn. Choose another target, or "
            "subtract what its values have in common."
        )
    if max(abs(low), abs(high)) > MOST_AMOUNT or high - low < 1 / MOST_AMOUNT:
        raise DataError(
            f"The training rows have {target} from {low:g} to {high:g}, and squares of such "
            "errors cannot be calculated with. Give it in another unit."
        )


def fit_transform(train: Dataset, name: str, texts: TextChoices) -> Transform:
    """Fit the transform of one input on the training rows; of sequences on their real steps."""
    values = train.arrays[name]
    if train.schema.column(name).kind == "text":
        return Text.fit(values, texts)
    if forecasts(train.schema):
        return SeriesSteps.fit(values)
    real = values.real() if isinstance(values, Sequences | Pictures) else values
    return TRANSFORMS[KINDS[train.schema.column(name).kind].transform].fit(real)


def forecasts(schema: Schema) -> bool:
    """Tell whether steps of time series are forecast: their range may be left."""
    return schema.series is not None and schema.series.horizon > 0


def fit_summaries(train: Dataset, inputs: Iterable[str]) -> dict[str, Numbers]:
    """Fit the transform of summaries of each input that has sequences of different lengths."""
    fitted = {}
    for name in inputs:
        column = train.schema.column(name)
        form = column.form
        if isinstance(form, ShapeForm) and form.sizes[0] is None and column.kind != "tokens":
            fitted[name] = Numbers.fit(summarise(train.arrays[name]))
    return fitted


def fit_components(
    train: Dataset, transforms: Mapping[str, Transform]
) -> dict[str, TextComponents]:
    """Fit what makes a few numbers of each text, where there are other inputs beside it."""
    if len(transforms) == 1:
        return {}
    return {
        name: TextComponents.fit(transform.apply(train.arrays[name]))
        for name, transform in transforms.items()
        if isinstance(transform, Text)
    }


def class_names(train: Dataset) -> tuple[str, ...]:
    """Return the classes of the training rows: numbers by size, strings by name, positive last.

    Labels come in the order of their columns.
    """
    if labels := train.schema.label_names:
        return labels
    names = sorted(set(train.arrays[train.target]))
    with contextlib.suppress(ValueError):
        names.sort(key=float)
    positive = train.schema.positive.get(train.target)
    if positive in names:
        names.remove(positive)
        names.append(positive)
    return tuple(names)
