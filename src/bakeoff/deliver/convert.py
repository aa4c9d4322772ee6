"""Carry a trained network of a run over to another framework, and check that it is the same.

The check: both pages score the same rows, the one with the weights of the run, the other with the
converted ones. The rows are the test rows of the run where its data can still be read, else rows
drawn at random in the shape of the data.
"""

from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np

from bakeoff.catalog import FRAMEWORKS, find, load
from bakeoff.data.dataset import Dataset
from bakeoff.data.preparing.preparation import Preparation
from bakeoff.data.splitting.split_file import load_split
from bakeoff.data.taking.views import View, make_views
from bakeoff.deliver.trained_model import TrainedModel, blank_row, check_size, open_model
from bakeoff.documents import read_json, reading
from bakeoff.errors import BakeoffError, MissingPackageError, RequestError, option, unknown
from bakeoff.plan.experiment_file import read_experiment
from bakeoff.plan.plan import read_data
from bakeoff.runs.folder import RunFolder
from bakeoff.train.job import Fit, page_arguments
from bakeoff.train.keras_backend import need_keras
from bakeoff.train.memory_order import in_memory_order
from bakeoff.train.weights import convert, read_weights, save_arrays, set_weights

MOST_ROWS = 1024  # enough to meet every branch of a page, and seconds at most
DRAWN_ROWS = 64
AGREES = 1e-5  # in float32, of the largest score (docs/parity.md)


@dataclass(frozen=True, kw_only=True, slots=True)
class Converted:
    """What was written, and how well it agrees.

    Args:
        path: The safetensors file.
        fit: Whose weights they are.
        to: For which framework.
        difference: max|a - b| / max(1, max|b|) of the scores of both pages; None: not checked.
        backend: What Keras ran on for the check: "tensorflow" or "jax".
        rows: How many rows were scored.
        source: What they are.
        unchecked: Why there was no check, and how to have one.
    """

    path: Path
    fit: Fit
    to: str
    difference: float | None = None
    backend: str = ""
    rows: int = 0
    source: str = ""
    unchecked: str = ""


def convert_run(run: RunFolder, *, to: str, model: str = "", out: Path | None = None) -> Converted:
    """Write the weights of a run's winner, laid out for another framework.

    Args:
        run: The folder of a finished run.
        to: "torch", "tensorflow" or "jax".
        model: Its best fit instead of the winner.
        out: The file; None takes weights-<to>.safetensors in the folder of the fit.

    Raises:
        RequestError: It is a baseline, or there is no such framework or model, or `out` exists.
        DataError: It is not the folder of a finished run.
    """
    if to not in FRAMEWORKS:
        raise RequestError(unknown("framework", to, FRAMEWORKS, where=option("to")))
    trained = open_model(run, model or None)
    job = trained.fit.job
    if find(job.architecture).role == "baseline":
        raise RequestError(
            f"{job.model} is a baseline, whose weights belong to no framework. Name a network "
            f"with {option('model')}."
        )
    if job.framework == to:
        raise RequestError(
            f"{job.model} was trained in {to}: its weights are {trained.place.weights} already."
        )
    path = free_path(trained, to, out)
    view, source = rows_to_score(trained, trained.preparation)
    arguments = page_arguments(job, view.sizes)
    with reading(trained.place.weights):
        given = read_weights(trained.place.weights)
        check_size(find(job.architecture), arguments, sum(array.size for array in given.values()))
        page = load(find(job.architecture), "torch")(**arguments)
    weights = {name: convert(given, page, to=name) for name in ("torch", "tensorflow")}
    save_arrays(weights["torch" if to == "torch" else "tensorflow"], path)
    converted = Converted(path=path, fit=trained.fit, to=to, source=source)
    keras_framework = job.framework if to == "torch" else to
    try:
        backend = need_keras(keras_framework)
    except MissingPackageError as error:
        return replace(converted, unchecked=f"Parity was not checked: {error}")
    set_weights(page, weights["torch"])
    facing = load(find(job.architecture), backend)(**arguments)
    set_weights(facing, weights["tensorflow"])
    return replace(
        converted,
        rows=len(view.inputs["x"]),
        backend=backend,
        difference=difference(page, facing, view, job.view),
    )


def free_path(model: TrainedModel, to: str, out: Path | None) -> Path:
    """Return the file to write; one that the user names must be new."""
    if out is None:
        return model.place.converted(to)
    if out.suffix != ".safetensors":
        raise RequestError(f"{option('out', str(out))} must end in .safetensors.")
    if not out.parent.is_dir():
        raise RequestError(
            f"{option('out', str(out))}: there is no folder {out.parent}. Make it first."
        )
    if out.exists():
        raise RequestError(
            f"{out} exists already. Choose another {option('out')}, or remove it first."
        )
    return out


def difference(page: Any, facing: Any, view: View, view_name: str) -> float:
    """Return max|a - b| / max(1, max|b|) of the scores of a torch page and of its Keras page."""
    from bakeoff.keras_models.fit import predict as keras_predict
    from bakeoff.torch_models.fit import predict as torch_predict

    ours = torch_predict(page, view.inputs)
    theirs = keras_predict(facing, in_memory_order(view_name, "tensorflow", view.inputs))
    return float(np.abs(ours - theirs).max() / max(1.0, np.abs(theirs).max()))


def rows_to_score(model: TrainedModel, preparation: Preparation) -> tuple[View, str]:
    """Return rows as the page sees them, and what they are."""
    dataset = test_rows(model.run)
    if dataset is not None:
        return make_views(preparation, dataset)[model.fit.job.view], "test rows of the run"
    blank = make_views(preparation, blank_row(preparation.schema))[model.fit.job.view]
    return drawn(blank), "rows drawn in the shape of its data, which cannot be read here"


def test_rows(run: RunFolder) -> Dataset | None:
    """Read the inputs of the test rows again, if the data is at hand and has not changed."""
    try:
        experiment = read_experiment(run.experiment)
        paths = (experiment.data, experiment.test, experiment.validation)
        if any(Path(path).exists() and not Path(path).is_file() for path in paths if path):
            return None  # a folder, a pipe or a device, which a stranger may have named
        dataset = read_data(experiment, {})
    except BakeoffError:  # passed from Python, moved, or changed beyond reading
        return None
    if dataset.fingerprint != read_json(run.fingerprint, {"sha256": str})["sha256"]:
        return None
    return dataset[load_split(run.split, dataset).test[:MOST_ROWS]]


def drawn(view: View) -> View:
    """Return a view of random rows, of the shape of those in another view."""
    random = np.random.default_rng(0)
    shape = (DRAWN_ROWS, *view.inputs["x"].shape[1:])
    inputs: dict[str, np.ndarray] = {"x": random.normal(size=shape).astype(np.float32)}
    if "lengths" in view.inputs:
        inputs["lengths"] = random.integers(1, shape[1] + 1, DRAWN_ROWS)
    if "categories" in view.inputs:
        sizes = view.sizes["category_sizes"]
        inputs["categories"] = np.stack([random.integers(0, n, DRAWN_ROWS) for n in sizes], 1)
    return View(inputs=inputs, sizes=view.sizes)


def sentences(converted: Converted) -> list[str]:
    """Say what was written, and how well it agrees."""
    job, to = converted.fit.job, converted.to
    weights = f"The weights of {job.model}, seed {job.seed}, trained in {job.framework}"
    said = [f"{weights}, are in {converted.path}, for {to}."]
    if converted.difference is None:
        return [*said, converted.unchecked]
    verdict = "the same" if converted.difference <= AGREES else "NOT the same: please report this"
    return [
        *said,
        f"Parity: {verdict}. On {converted.rows:,} {converted.source}, the scores in torch and in "
        f"{converted.backend} differ by {converted.difference:.1e} at most (up to {AGREES:.0e} is "
        "rounding).",
    ]
