"""The plan of a run: one job for each model, framework and seed, in order of their start."""

from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Annotated, Any, Literal

from bakeoff.build import Absent, Count, OneOf, Seconds
from bakeoff.catalog import Model, find, load
from bakeoff.data.columns.column import Task
from bakeoff.train.head import heads_of
from bakeoff.train.recipe import Recipe, settings_of

JobTask = Literal[Task, "pairs"]
Device = Annotated[str, OneOf("auto", "cpu", "cuda", "mps")]
Stopped = Annotated[str, OneOf("", "patience", "epochs", "diverged", "limit")]
Horizon = Annotated[Count, Absent(0)]  # came with forecasts, after format 2 of a run
Count0 = Annotated[Count, Absent(0)]
Start = Annotated[str, Absent("")]  # came with start_from
Heads = Annotated[Mapping[str, Mapping[str, Any]], Absent({})]  # came with several targets
Branches = Annotated[Mapping[str, Mapping[str, Any]], Absent({})]  # came with several inputs
Line = tuple[str, str]  # (model, framework): one line of the leaderboard


@dataclass(frozen=True, kw_only=True, slots=True)
class Job:
    """One fit to be made, in plain values: it travels to a worker as JSON.

    Args:
        model: Its name in this run, and its folder.
        architecture: Its row in the catalogue.
        framework: "torch", "tensorflow", "jax", or "sklearn" for a baseline.
        seed: Decides first weights, order of rows and dropout.
        view: The view of the data that it sees.
        arguments: Of the page, beside those that follow from the data.
        recipe: Resolved: nothing in it is left to be derived. Empty for a baseline.
        task: As `Schema.tasks` has it; "pairs" of pictures that are learned from without a target.
        num_classes: Classes or labels of the target, tokens of a text; 0 for numbers. Of pairs the
            features that two pictures are compared by.
        device: "cpu", "cuda", "mps", or "auto": the worker that makes the fit decides.
        horizon: Steps of a forecast or a series, tokens of a text at most; 0 for other tasks.
        branches: Of a network of several inputs: input -> the `architecture` that reads it, the
            `view` of it, and `arguments`; or the input whose architecture reads it, too: `shared`.
        start: Mark of the weights that it begins with, but for its head; "": all are drawn.
        heads: Of several targets: target -> the fields of its `Head`, the leading one first, which
            task and num_classes are of.
    """

    model: str
    architecture: str
    framework: str
    seed: Count
    view: str
    arguments: Mapping[str, Any]
    recipe: Mapping[str, Any]
    task: JobTask
    num_classes: Count
    device: Device = "cpu"
    horizon: Horizon = 0
    branches: Branches = field(default_factory=dict)
    start: Start = ""
    heads: Heads = field(default_factory=dict)

    @property
    def line(self) -> Line:
        """The line of the leaderboard that it counts for; see `line_names`."""
        return self.model, self.framework

    @property
    def out_features(self) -> int:
        """How many numbers the page returns for a row, or for a step of one."""
        if self.heads and not self.branches:  # a page that predicts all targets by itself
            steps = find(self.architecture).predicts == "steps"
            return sum(1 if steps else head.out_features for head in heads_of(self))
        if self.task in ("forecast", "series") and find(self.architecture).predicts == "row":
            return self.horizon
        scored = ("multiclass", "multilabel", "step_classes", "text", "pairs")
        return self.num_classes if self.task in scored else 1

    @property
    def in_steps(self) -> bool:
        """Whether there is more than one value to judge of a row, step by step."""
        return self.per_step or self.task == "series"

    @property
    def per_step(self) -> bool:
        """Whether there is a target of each step: of the input, or of a text."""
        return self.task in ("step_classes", "step_numbers", "text")


@dataclass(frozen=True, kw_only=True, slots=True)
class Fit:
    """A finished job: what was learned and how long it took. Weights are on disk.

    Args:
        parameters: Weights that training changes, counted alike in every framework.
        trained_parameters: The same; up to version 0.2, `parameters` counted frozen ones, too.
        epochs: Passes over the training rows; iterations of a baseline.
        history: One row per epoch; empty for a baseline, or when read back from disk.
        stopped: Why training ended: "patience", "epochs", or "diverged" (the loss was no longer a
            number; the best weights before that stand). "limit": a baseline ran out of iterations.
        train_seconds: Training and validation, without start-up.
        predict_microseconds: Per test row, all rows in one call.
        threads: Threads it ran on.
        halved: Rows of a batch, where memory ended and batches were halved; 0: as the recipe says.
        stacked: Seeds that were trained at once, itself among them; 0: it was trained alone.
        sharded: Processes that each held a share of the weights; 0: they were not parted.
        error: Why it failed; empty when it did not.
    """

    job: Job
    parameters: Count = 0
    trained_parameters: Count = 0
    epochs: Count = 0
    history: Sequence[Mapping[str, float]] = field(default_factory=tuple)
    best_epoch: Count = 0
    stopped: Stopped = ""
    train_seconds: Seconds = 0.0
    predict_microseconds: Seconds = 0.0
    threads: Count = 1
    halved: Count0 = 0
    stacked: Count0 = 0
    sharded: Count0 = 0
    error: str = ""

    @property
    def status(self) -> str:
        """ "finished" or "failed"."""
        return "failed" if self.error else "finished"


def line_names(lines: Iterable[Line]) -> dict[Line, str]:
    """Name each line of a leaderboard: "lstm", or "lstm (torch)" beside "lstm (tensorflow)".

    Args:
        lines: (model, framework) pairs of a run; repetitions do no harm.

    Example:
        >>> line_names([("lstm", "torch"), ("lstm", "tensorflow"), ("mlp", "torch")]).values()
        dict_values(['lstm (torch)', 'lstm (tensorflow)', 'mlp'])
    """
    unique = list(dict.fromkeys(lines))
    several = Counter(model for model, _ in unique)
    return {
        (model, framework): f"{model} ({framework})" if several[model] > 1 else model
        for model, framework in unique
    }


def tuples(value: Any) -> Any:
    """Turn JSON's lists into tuples, at every depth."""
    if isinstance(value, list | tuple):
        return tuple(tuples(item) for item in value)
    if isinstance(value, Mapping):
        return {key: tuples(item) for key, item in value.items()}
    return value


def plan_jobs(
    models: Iterable[Model],
    *,
    frameworks: Sequence[str],
    seeds: Sequence[int],
    recipes: Mapping[str, Recipe],
    task: str,
    num_classes: int,
    device: str,
    horizon: int = 0,
    heads: Callable[[Recipe | None], Heads] = lambda recipe: {},
) -> list[Job]:
    """List every fit: baselines first (seconds), then all networks with the first seed, and so on.

    A baseline that draws nothing at random is fitted once: more seeds would repeat it exactly.

    Args:
        recipes: Model name -> its resolved recipe; baselines have none.
        horizon: Steps that are forecast; 0 for other tasks.
        heads: Returns the `heads` of jobs with a recipe, or of a baseline; none by default.
    """
    shared: dict[str, Any] = {"task": task, "num_classes": num_classes, "horizon": horizon}
    baselines, networks = [], []
    for model in models:
        common: dict[str, Any] = {
            **shared,
            "model": model.name,
            "architecture": model.row.name,
            "view": model.view,
            "arguments": {**model.row.defaults, **model.arguments},
            "branches": model.branches,
        }
        if model.row.role == "baseline":
            times = seeds[:1] if load(model.row, "torch").seedless else seeds
            baselines += [
                Job(**common, framework="sklearn", seed=seed, recipe={}, heads=heads(None))
                for seed in times
            ]
        else:
            recipe = settings_of(recipes[model.name])
            common["heads"] = heads(recipes[model.name])
            networks += [
                Job(**common, framework=framework, seed=seed, recipe=recipe, device=device)
                for framework in frameworks
                for seed in seeds
            ]
    order = {framework: i for i, framework in enumerate(frameworks)}
    networks.sort(key=lambda job: (order[job.framework], seeds.index(job.seed)))
    return baselines + networks
