"""Carry a trained network of a run over to another framework, and check that it is the same.

The check: both pages score the same rows, the one with the weights of the run, the other with the
converted ones. The rows are those of a file that the user names, else drawn at random in the shape
of the data: what bakeoff.toml names is not opened, as a stranger may have written it.
"""

from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np

from bakeoff.catalog import FRAMEWORKS, find
from bakeoff.data.taking.sources import Pixels, Reduced, Rows, Source, Windows, plain
from bakeoff.data.taking.views import View, make_views
from bakeoff.deliver.trained_model import TrainedModel, check_model, open_model
from bakeoff.documents import reading
from bakeoff.errors import MissingPackageError, RequestError, option, unknown
from bakeoff.runs.folder import RunFolder
from bakeoff.train.build_model import build_model, view_of
from bakeoff.train.job import Fit
from bakeoff.train.keras_backend import need_keras
from bakeoff.train.weights import convert, read_weights, save_arrays, set_weights

LEAST_STEPS = 8  # of drawn sequences whose lengths differ
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


def convert_run(
    run: RunFolder, *, to: str, model: str = "", out: Path | None = None, data: Any = None
) -> Converted:
    """Write the weights of a run's winner, laid out for another framework.

    Args:
        run: The folder of a finished run.
        to: "torch", "tensorflow" or "jax".
        model: Its best fit instead of the winner.
        out: The file; None takes weights-<to>.safetensors in the folder of the fit.
        data: Rows for the check, as `predict` takes them; None draws some.

    Raises:
        RequestError: It is a baseline, or there is no such framework or model, or `out` exists or
            cannot be written.
        DataError: It is not the folder of a finished run, or the data are not of its make.
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
    view, source = rows_to_score(trained, data)
    with reading(trained.place.weights):
        check_model(trained.place, job, trained.blank)
        page = build_model(job, trained.blank.sizes, "torch")
        given = read_weights(trained.place.weights)
        weights = {name: convert(given, page, to=name) for name in ("torch", "tensorflow")}
    save_arrays(weights["torch" if to == "torch" else "tensorflow"], path)
    converted = Converted(path=path, fit=trained.fit, to=to, source=source)
    keras_framework = job.framework if to == "torch" else to
    try:
        backend = need_keras(keras_framework)
    except MissingPackageError as error:
        return replace(converted, unchecked=f"Parity was not checked: {error}")
    set_weights(page, weights["torch"])
    facing = build_model(job, trained.blank.sizes, backend)
    set_weights(facing, weights["tensorflow"])
    return replace(
        converted,
        rows=len(next(iter(view.inputs.values()))),
        backend=backend,
        difference=difference(page, facing, view),
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


def difference(page: Any, facing: Any, view: View) -> float:
    """Return max|a - b| / max(1, max|b|) of the scores of a torch page and of its Keras page."""
    from bakeoff.keras_models.fit import predict as keras_predict
    from bakeoff.torch_models.fit import predict as torch_predict

    inputs = {name: plain(source) for name, source in view.inputs.items()}
    ours, theirs = torch_predict(page, inputs), keras_predict(facing, inputs)
    return float(np.abs(ours - theirs).max() / max(1.0, np.abs(theirs).max()))


def rows_to_score(model: TrainedModel, data: Any = None) -> tuple[View, str]:
    """Return rows as the page sees them, and what they are."""
    if data is None:
        return drawn(model.blank), "rows drawn in the shape of its data"
    dataset = model.read(data)[:MOST_ROWS]
    views = make_views(model.preparation, dataset)
    return view_of(model.fit.job, views), f"rows of {dataset.source}"


def drawn(view: View) -> View:
    """Return a view of random rows, of the shape of those in another view."""
    random = np.random.default_rng(0)
    sources: dict[str, Source] = {}
    for name, source in view.inputs.items():
        stem, _, last = name.rpartition(".")
        sizes = view.sizes
        if stem:  # x.NAME, or x.NAME.categories, of several inputs
            sizes = sizes.get(name[2:]) or sizes.get(stem[2:], {})
        if last == "categories" and "category_sizes" in sizes:
            codes = [random.integers(0, n, DRAWN_ROWS) for n in sizes["category_sizes"]]
            sources[name] = Rows(base=np.stack(codes, axis=1), rows=np.arange(DRAWN_ROWS))
        else:
            sources[name] = drawn_source(source, random, int(sizes.get("vocabulary_size", 2)))
    return View(inputs=sources, sizes=view.sizes)


def drawn_source(source: Source, random: np.random.Generator, words: int) -> Source:
    """Return a source of the same kind over random numbers, or over tokens of so many words."""
    if isinstance(source, Rows | Pixels | Reduced):
        size = (DRAWN_ROWS, *source.base.shape[1:])
        base: Any = random.normal(size=size).astype(np.float32)
        if source.base.dtype == np.uint8:
            base = random.integers(0, 256, size, dtype=np.uint8)
        return replace(source, base=base, rows=np.arange(DRAWN_ROWS))
    if isinstance(source, Windows):
        size = (DRAWN_ROWS - 1 + source.length, *source.base.shape[1:])
        base = random.normal(size=size).astype(np.float32)
        return replace(source, base=base, starts=np.arange(DRAWN_ROWS))
    steps = max(source.shape[1], LEAST_STEPS)
    base = random.normal(size=(DRAWN_ROWS * steps, *source.base.shape[1:])).astype(np.float32)
    if source.base.dtype.kind == "i":
        base = random.integers(1, words, base.shape)  # 0 is the padding
    lengths = random.integers(1, steps + 1, DRAWN_ROWS)
    return replace(source, base=base, starts=np.arange(DRAWN_ROWS) * steps, lengths=lengths)


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
