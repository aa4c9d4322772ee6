"""The plan: everything that is decided before training."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import partial
from typing import Any

import numpy as np

from bakeoff.catalog import Model
from bakeoff.data.array import Array
from bakeoff.data.blocks import Pictures
from bakeoff.data.dataset import Dataset
from bakeoff.data.preparing.preparation import Preparation, fit_preparation
from bakeoff.data.preparing.text import Text, TextChoices
from bakeoff.data.read import read
from bakeoff.data.splitting.leaks import Finding, told_apart
from bakeoff.data.splitting.split import Split, counts, default_how
from bakeoff.data.taking.views import View, make_views
from bakeoff.errors import RequestError, option, unknown
from bakeoff.evaluate.metrics import Metric, default_metric, find_metric
from bakeoff.options import options
from bakeoff.plan.begun import Begun
from bakeoff.plan.experiment import Experiment
from bakeoff.plan.heads import (
    check_alone,
    heads_for,
    refuse_inner,
    weights_by_target,
    with_heads,
)
from bakeoff.plan.models import Facts, choose_models, recipe_of
from bakeoff.plan.pairs import (
    FEATURES,
    TASK,
    changes_for,
    networks_of,
    recipe_for_pairs,
    with_versions,
)
from bakeoff.plan.season import season_of, target_spreads
from bakeoff.train.augmentation import say_augment
from bakeoff.train.auto_augment import MOST_SAMPLED, settled_augment
from bakeoff.train.events import Probed
from bakeoff.train.job import Job, plan_jobs
from bakeoff.train.recipe import Recipe, resolve
from bakeoff.train.settled_weights import settled_weights

REPEATS = 0.2  # share of test rows that repeat training rows, above which the verdict says so


@dataclass(frozen=True, kw_only=True, slots=True)
class Plan:
    """Data, split, views and the fits to make.

    Args:
        experiment: With every choice filled in.
        leaks: What the leak checks found.
        metrics: Target -> what decides its ranking, the leading one first.
        views: Those that a model sees.
        models: What is trained.
        jobs: Every fit, in the order of their start; networks with their recipe, resolved.
        changes: What is done to training pictures, and why, in sentences.
        unnamed: Models that run because they can read the data, not because they were named.
        left_out: Models that this data cannot be given to, and why, a sentence each.
        spreads: Of a forecast: target -> series -> standard deviation of its training steps; "" ->
            of all.
        begun: Framework -> the weights that a model begins with, where one begins as another ended.
        probed: (model, framework) -> its size and the seconds of a step, once it was probed.
        stacks: (model, framework, seed) -> the fits that it is trained together with, itself among
            them: see `stacks_of`.
    """

    experiment: Experiment
    dataset: Dataset
    split: Split
    preparation: Preparation
    leaks: Sequence[Finding]
    metrics: Mapping[str, Metric]
    views: Mapping[str, View]
    models: Sequence[Model]
    jobs: Sequence[Job]
    changes: tuple[str, ...] = ()
    unnamed: frozenset[str] = frozenset()
    left_out: tuple[str, ...] = ()
    spreads: Mapping[str, Mapping[str, float]] = field(default_factory=dict)
    probed: Mapping[tuple[str, str], Probed] = field(default_factory=dict)
    begun: Mapping[str, Mapping[str, Array]] = field(default_factory=dict)
    stacks: Mapping[tuple[str, str, int], Sequence[Job]] = field(default_factory=dict)

    @property
    def metric(self) -> Metric:
        """Decides the ranking, of the leading target."""
        return self.metrics[self.dataset.target]

    @property
    def notes(self) -> tuple[str, ...]:
        """All that was decided for the user: while reading, preparing, and choosing models."""
        return (*self.dataset.notes, *self.preparation.notes, *self.changes, *self.left_out)

    @property
    def cautions(self) -> list[str]:
        """What the leak checks found that makes a test score too good to trust."""
        limit = REPEATS * len(self.split.test)
        return [
            f"{finding.message}: a good score may be memory."
            for finding in self.leaks
            if finding.part == "test" and finding.count > limit
        ]


def read_data(experiment: Experiment, memory: Mapping[str, Any]) -> Dataset:
    """Read what the experiment names, or what was passed from Python."""
    return read(
        memory.get("data", experiment.data),
        target=leading_first(experiment) or None,
        unlabelled=experiment.pairs,
        inputs=experiment.inputs or None,
        kinds=experiment.kinds or None,
        test=memory.get("test", experiment.test or None),
        validation=memory.get("validation", experiment.validation or None),
        positive=experiment.positive or None,
        sequence=experiment.sequence or None,
        time=experiment.time or None,
        series=experiment.series or None,
        lookback=experiment.lookback,
        horizon=experiment.horizon,
        stride=experiment.stride,
        future=experiment.future,
        images=experiment.images or None,
        image_size=experiment.image_size,
    )


def leading_first(experiment: Experiment) -> tuple[str, ...]:
    """Return the targets, that first which the metric is asked for: "price:r2".

    Raises:
        RequestError: There is no such target.
    """
    wanted = experiment.target
    if len(wanted) == 1 and "," in wanted[0] and ":" in experiment.metric:
        wanted = tuple(name.strip() for name in wanted[0].split(","))
    named, colon, _ = experiment.metric.rpartition(":")
    if colon and wanted and named not in wanted:
        given = option("metric", experiment.metric)
        raise RequestError(unknown("target", named, wanted, where=given))
    return (named,) * bool(colon) + tuple(own for own in wanted if own != named)


def metrics_by_target(
    experiment: Experiment, preparation: Preparation, dataset: Dataset, split: Split
) -> dict[str, Metric]:
    """Choose the metric of each target: the leading one's as asked, the others' by default."""
    metrics: dict[str, Metric] = {}
    asked = experiment.metric.rpartition(":")[2]
    for own in dataset.by_target:
        task = preparation.goals[own.target].task
        if asked == "auto" or metrics:
            metrics[own.target] = default_metric(task, counts(own, split)["train"]["classes"])
        else:
            metrics[own.target] = find_metric(asked, task)
    return metrics


def make_plan(
    experiment: Experiment,
    dataset: Dataset,
    split: Split,
    leaks: Sequence[Finding],
    begun: Begun | None = None,
) -> Plan:
    """Fit the transforms on the training rows, choose metric and models, list the fits.

    Args:
        experiment: What was asked for.
        dataset: As it was read.
        split: Its parts.
        leaks: What the leak checks found.
        begun: The network that one model begins as.

    Raises:
        RequestError: A model cannot read the data, or a metric or loss does not go with them.
    """
    beside = experiment.auxiliary
    check_alone(dataset, beside)
    preparation = fit_preparation(dataset, split, text_choices(experiment, dataset))
    metrics = metrics_by_target(experiment, preparation, dataset, split)
    offered = make_views(preparation, dataset)
    facts = facts_of(preparation)
    models, left_out = choose_models(
        experiment.models,
        all_that_fit=experiment.all_that_fit,
        views=offered,
        facts=facts,
    )
    if experiment.pairs:
        models, dropped = networks_of(dataset, models, set(experiment.models))
        left_out = (*left_out, *dropped)
    weights = weights_by_target(experiment.weight, dataset.schema.targets)
    counted = counts_by_target(dataset, split)
    read = {m.name: {"architecture": m.row.name, **what_is_read(m)} for m in models}
    if weights:
        models = with_heads(models, weights)
    else:
        refuse_inner(models)
    recipes = recipes_of(
        experiment, models, preparation, len(split.train), begun.model if begun else ""
    )
    experiment, recipes, changes = with_changes(experiment, recipes, preparation, dataset, split)
    if not weights:
        recipes = with_weights(recipes, preparation, counted[dataset.target])
    changes = (*changes, *of_networks_alone(recipes), *([begun.sentence] if begun else ()))
    ahead = facts.horizon or preparation.goal.steps
    jobs = plan_jobs(
        models,
        frameworks=experiment.framework,
        seeds=range(experiment.seed, experiment.seed + experiment.seeds),
        recipes=recipes,
        task=TASK if experiment.pairs else preparation.task,
        num_classes=FEATURES if experiment.pairs else preparation.goal.num_classes,
        device=experiment.device,
        horizon=ahead,
        heads=partial(heads_for, preparation.goals, weights, counted, beside, ahead),
    )
    return Plan(
        unnamed=frozenset(c.name for c in models) - set(experiment.models),
        experiment=filled_in(
            experiment, dataset, split, preparation, read, metrics[dataset.target]
        ),
        dataset=dataset,
        split=split,
        preparation=preparation,
        leaks=leaks,
        metrics=metrics,
        views={name: offered[name] for name in seen_by(models)},
        models=models,
        jobs=begun.marked(jobs) if begun else jobs,
        begun=begun.fitted(preparation) if begun else {},
        changes=changes,
        left_out=left_out,
        spreads=target_spreads(dataset, split),
    )


def facts_of(preparation: Preparation) -> Facts:
    """Return what decides, beside the views, which models fit the data."""
    series = preparation.schema.series
    return Facts(
        task=preparation.task,
        num_classes=max(goal.num_classes for goal in preparation.goals.values()),
        lookback=series.lookback if series else 0,
        horizon=series.horizon if series else 0,
        season=season_of(series) if series else 0,
    )


def of_networks_alone(recipes: Mapping[str, Recipe]) -> Iterator[str]:
    """Say what acts on networks, while baselines stay as they are."""
    if any(own.class_weights for own in recipes.values()):
        yield "Class weights act on networks; baselines take every row alike."
    shares = {own.quantile for own in recipes.values() if own.loss == "quantile"}
    for share in sorted(shares):
        yield (
            f"Networks foretell the number below which {100 * share:g} % lie; baselines foretell "
            "the mean, and the scores judge both by the distance from the true values."
        )


def check_contrastive(models: Sequence[Model], recipes: Mapping[str, Recipe]) -> None:
    """Refuse a contrastive loss of what has no distance.

    Raises:
        RequestError: The message names the model.
    """
    for model in models:
        recipe = recipes.get(model.name)
        distance = model.arguments.get("fusion") == "distance"
        if recipe is not None and (recipe.loss == "contrastive") and not distance:
            raise RequestError(
                f"{model.name}: a contrastive loss is of the distance of two inputs: give it to a "
                f"network of its own, {option('all.loss', 'contrastive')} with "
                f"{option('all.share', ['left', 'right'])}."
            )


def recipes_of(
    experiment: Experiment,
    models: Sequence[Model],
    preparation: Preparation,
    rows: int,
    started: str,
) -> dict[str, Recipe]:
    """Return the recipe of each network, resolved for so many training rows.

    Args:
        started: The model that begins as another ended: it alone has features to be frozen.

    Raises:
        RequestError: Features are to be frozen that nothing has learned.
    """
    frozen = experiment.recipe.frozen_epochs
    if frozen and not started:
        raise RequestError(
            f"{option('frozen_epochs', frozen)} goes with {option('start_from', 'RUN')}: features "
            "that are drawn have nothing to keep. Say both, or leave it out."
        )
    shared = replace(experiment.recipe, frozen_epochs=0)
    asked = {
        model.name: recipe_of(
            experiment.recipe if model.name == started else shared,
            experiment.models.get(model.name, {}),
        )
        for model in models
        if model.row.role != "baseline"
    }
    if "torch" in experiment.framework and any(own.keras_fit for own in asked.values()):
        raise RequestError(
            f"{option('keras_fit', True)} is Keras' own loop, and torch has none. Say "
            f"{option('framework', 'tensorflow')}, or leave it out."
        )
    if experiment.pairs:
        return {name: recipe_for_pairs(own, rows) for name, own in asked.items()}
    tasks = {goal.task for goal in preparation.goals.values()}
    recipes = {
        name: resolve(own, rows=rows, task=preparation.task, tasks=tasks)
        for name, own in asked.items()
    }
    check_contrastive(models, recipes)
    return recipes


def seen_by(models: Sequence[Model]) -> list[str]:
    """Return the views that models see, and those that their branches see."""
    seen = {
        view
        for model in models
        for view in ([branch["view"] for branch in model.branches.values()] or [model.view])
    }
    return sorted(seen)


def text_choices(experiment: Experiment, dataset: Dataset) -> TextChoices:
    """Return how texts are to be read.

    Raises:
        RequestError: Something is asked of texts, and there are none.
    """
    kinds = {dataset.schema.column(name).kind for name in dataset.schema.inputs}
    asked = {name: getattr(experiment, name) for name in TextChoices._fields}
    for name, value in asked.items():
        if "text" not in kinds and value != options(Experiment)[name].default:
            raise RequestError(
                f"{option(name, value)} goes with texts, and models see none of these data. Leave "
                "it out, or name a column of text with inputs."
            )
    return TextChoices(**asked)


def with_changes(
    experiment: Experiment,
    recipes: Mapping[str, Recipe],
    preparation: Preparation,
    dataset: Dataset,
    split: Split,
) -> tuple[Experiment, dict[str, Recipe], tuple[str, ...]]:
    """Settle how training pictures are changed: of the run, of each recipe, and in sentences."""
    images = [n for n in preparation.schema.inputs if dataset.schema.column(n).kind == "image"]
    values = dataset.arrays[images[0]] if images else None
    few = split.train[:: -(-len(split.train) // MOST_SAMPLED)]
    pictures: Pictures | None = None
    labels = np.zeros(0, np.int64)
    if isinstance(values, Pictures) and values.ndim == 4:
        few = few[values.rows[few] >= 0]
        pictures, labels = values[few], told_codes(preparation, dataset[few])
    if experiment.pairs and pictures is not None:
        changed, sentences = with_versions(recipes, pictures)
        if experiment.recipe.augment == "auto":
            own = replace(experiment.recipe, augment=changes_for("auto", pictures))
            experiment = replace(experiment, recipe=own)
        return experiment, changed, sentences
    texts = {experiment.recipe.augment, *(recipe.augment for recipe in recipes.values())}
    found = {
        text: settled_augment(text, preparation.classes, pictures, labels) for text in sorted(texts)
    }
    settled = {text: say_augment(settings) for text, (settings, _) in found.items()}
    said = dict.fromkeys(note for _, notes in found.values() for note in notes)
    own = replace(experiment.recipe, augment=settled[experiment.recipe.augment])
    changed = {n: replace(r, augment=settled[r.augment]) for n, r in recipes.items()}
    return replace(experiment, recipe=own), changed, tuple(said)


def with_weights(
    recipes: Mapping[str, Recipe], preparation: Preparation, counts: Mapping[str, int]
) -> dict[str, Recipe]:
    """Write out the weight of each class in every recipe that sets one."""
    classes, target = preparation.classes, preparation.schema.targets[0]
    return {
        name: replace(
            own, class_weights=settled_weights(own.class_weights, classes, counts, target)
        )
        for name, own in recipes.items()
    }


def counts_by_target(dataset: Dataset, split: Split) -> dict[str, Mapping[str, int]]:
    """Return target -> training rows of each of its classes."""
    return {own.target: counts(own, split)["train"]["classes"] for own in dataset.by_target}


def told_codes(preparation: Preparation, dataset: Dataset) -> Array:
    """Return the class of each row as a number; of several labels the set of them."""
    if preparation.task != "multilabel":
        return np.asarray(preparation.targets(dataset))
    return np.unique(told_apart(dataset).astype(str), return_inverse=True)[1]


def filled_in(
    experiment: Experiment,
    dataset: Dataset,
    split: Split,
    preparation: Preparation,
    read: Mapping[str, Mapping[str, Any]],
    metric: Metric,
) -> Experiment:
    """Write out what was left open: target, kinds, time, picture size, split, metric, models."""
    schema = dataset.schema
    texts = [fitted for fitted in preparation.transforms.values() if isinstance(fitted, Text)]
    named = {name: {**own, **experiment.models.get(name, {})} for name, own in read.items()}
    return replace(
        experiment,
        target=schema.predicted,
        inputs=schema.learned_from,
        kinds=schema.kinds,
        positive=schema.positive.get(schema.targets[0], ""),
        image_size=size_of_pictures(dataset),
        time=",".join(schema.series.time) if schema.series is not None else experiment.time,
        length=max((t.length for t in texts), default=0),
        split=experiment.split or ("" if dataset.parts is not None else default_how(dataset)),
        metric=metric.name,
        models=named,
        all_that_fit=False,
    )


def what_is_read(model: Model) -> dict[str, Any]:
    """Return the settings that say which of several inputs a model reads, and by what."""
    name = model.view.rpartition("/")[0]
    if name:
        return {"input": name}
    if not model.branches:
        return {}
    shared = {own["shared"]: other for other, own in model.branches.items() if "shared" in own}
    branches = {
        one: {"architecture": own["architecture"], **own["arguments"]}
        for one, own in model.branches.items()
        if "shared" not in own
    }
    more = {other: branches[first] for first, other in shared.items()}
    share = {"share": [*shared, *shared.values()]} if shared else {}
    return {"branches": {**branches, **more}, **share}


def size_of_pictures(dataset: Dataset) -> str:
    """Return the height and width that picture files were brought to; "" for other data."""
    images = [name for name in dataset.schema.inputs if dataset.schema.column(name).kind == "image"]
    if dataset.origin.pictures is None or not images:
        return ""
    height, width = dataset.arrays[images[0]].shape[1:3]
    return f"{height}x{width}"
