"""Precision of a plan: what was measured is written out, so that a plan is never measured again."""

from collections.abc import Mapping
from dataclasses import replace

from bakeoff.listed import listed
from bakeoff.plan.plan import Plan
from bakeoff.train.faster_precision import AUTO, BFLOAT16, FLOAT32
from bakeoff.train.job import Job

Chosen = Mapping[str, str]  # model -> precision


def with_precision(plan: Plan) -> Plan:
    """Return a plan whose jobs have the precision that was measured, where that was asked for.

    A model that trains in several frameworks has one arithmetic, which all of them have: float32.
    """
    asked = {job.model for job in plan.jobs if job.recipe.get("precision") == AUTO}
    if not asked:
        return plan
    torch_alone = set(plan.experiment.framework) == {"torch"}
    chosen = {
        model: (plan.probed[model, "torch"].precision or FLOAT32) if torch_alone else FLOAT32
        for model in sorted(asked)
    }
    models = {
        name: {**own, "precision": chosen[name]} if name in chosen else own
        for name, own in plan.experiment.models.items()
    }
    recipe = plan.experiment.recipe
    shared = replace(recipe, precision=FLOAT32) if recipe.precision == AUTO else recipe
    return replace(
        plan,
        experiment=replace(plan.experiment, models=models, recipe=shared),
        jobs=[with_own(job, chosen) for job in plan.jobs],
        changes=(*plan.changes, say(chosen)),
    )


def with_own(job: Job, chosen: Chosen) -> Job:
    """Return a job in the precision that was chosen for its model."""
    if job.model not in chosen:
        return job
    return replace(job, recipe={**job.recipe, "precision": chosen[job.model]})


def say(chosen: Chosen) -> str:
    """Say which models train in what.

    Example:
        >>> say({"cnn": "bfloat16", "mlp": "float32"})
        'Measured: cnn trains in bfloat16, mlp in float32.'
    """
    fast, exact = (
        listed([name for name, own in chosen.items() if own == precision])
        for precision in (BFLOAT16, FLOAT32)
    )
    if not fast:
        return "Measured: no network is faster in bfloat16 here; all train in float32."
    verb = "train" if list(chosen.values()).count(BFLOAT16) > 1 else "trains"
    return f"Measured: {fast} {verb} in bfloat16{f', {exact} in float32' if exact else ''}."
