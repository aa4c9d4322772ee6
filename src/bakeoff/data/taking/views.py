"""Views: the ways in which a model can read the data, made of arrays and fitted transforms.

    table, 2-D array      table (N, F), categories (N, K)                      plain
    image (N, Y, X, C)    image, sequence (N, Y, X·C), vector                  plain, histograms
    sequence (N, T, F)    sequence with lengths, vector                        plain
    tokens (N, T)         text with lengths                                    plain
    text                  text with lengths, cut                               words, whole
    windows to forecast   window, sequence, vector
    volume                volume, vector                                       plain

`plain` of tokens counts the most frequent ones.
`histograms` of colour pictures, and `plain` of pictures at 16 x 16, are what baselines read.
`plain` is for trees: unscaled, NaN where missing; float64 where float32 does not hold every value.
A view names sources (sources.py): nothing is laid out before a model asks for it.

Several inputs have the views of each as INPUT/VIEW; the columns of a table are one of them.
`mixed` joins what the branches of a network read, `mixed_plain` is what a baseline reads of all.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cache, partial
from typing import Any

import numpy as np

from bakeoff.data.array import Array, compact, counting
from bakeoff.data.blocks import Pictures, Sequences
from bakeoff.data.columns.column import PER_STEP
from bakeoff.data.dataset import Dataset
from bakeoff.data.forms import ShapeForm
from bakeoff.data.preparing.pixels import Pixels as PixelScales
from bakeoff.data.preparing.preparation import Preparation, forecasts
from bakeoff.data.preparing.series_steps import SeriesSteps
from bakeoff.data.preparing.steps import summarise
from bakeoff.data.preparing.text import Text
from bakeoff.data.preparing.tokens import Tokens
from bakeoff.data.preparing.transform import gives_codes, gives_numbers
from bakeoff.data.taking.sources import (
    Axes,
    Pixels,
    Ragged,
    Reduced,
    Rows,
    Source,
    Windows,
    lengths_name,
    take,
)
from bakeoff.data.taking.step_views import step_views
from bakeoff.data.taking.text_views import text_views
from bakeoff.numeric import within_reach

COLOURS = 3  # channels of a colour picture
TOKEN_WIDTH = 64  # of the vector that a network learns of each token
Maker = Callable[[], "View"]


@dataclass(frozen=True, kw_only=True, eq=False)
class View:
    """One way to read the data.

    Args:
        inputs: Argument of the page (`x`, `categories`) -> where its values are.
        sizes: Constructor arguments that follow (`in_features`, `category_sizes`, `in_channels`,
            `image_size`).
        start: Of texts: (V, E) what the vectors of words begin as, NaN where they are drawn.
    """

    inputs: Mapping[str, Source]
    sizes: Mapping[str, Any]
    start: Array | None = None

    @property
    def arguments(self) -> set[str]:
        """What a page is handed: the inputs, and the lengths of those that differ in them."""
        ragged = {lengths_name(n) for n, source in self.inputs.items() if source.kind == "ragged"}
        return {*self.inputs, *ragged}

    def take(self, positions: Any = slice(None)) -> dict[str, Array]:
        """Return some rows as arrays, by argument; pictures with their channels last."""
        return take(self.inputs, positions)


class Views(Mapping[str, View]):
    """Views by name, each made when it is first asked for."""

    def __init__(self, makers: Mapping[str, Maker]) -> None:
        self.makers = makers
        self.made: dict[str, View] = {}

    def __getitem__(self, name: str) -> View:
        if name not in self.made:
            self.made[name] = self.makers[name]()
        return self.made[name]

    def __iter__(self) -> Iterator[str]:
        return iter(self.makers)

    def __len__(self) -> int:
        return len(self.makers)


def make_views(preparation: Preparation, dataset: Dataset) -> Views:
    """Return every view of a dataset, by name.

    Args:
        preparation: What was fitted on the training rows.
        dataset: With the columns that go in; the target is not looked at.
    """
    groups = preparation.schema.groups
    if len(groups) == 1:
        (names,) = groups.values()
        own = views_of(preparation, dataset, names)
        per_step = preparation.task in PER_STEP
        return step_views(own, dataset.arrays[names[0]]) if per_step else own
    views = {name: views_of(preparation, dataset, own) for name, own in groups.items()}
    makers = {
        f"{name}/{view}": maker for name, own in views.items() for view, maker in own.makers.items()
    }
    makers["mixed"] = lambda: joined({name: own[next(iter(own))] for name, own in views.items()})
    makers["mixed_plain"] = lambda: beside(
        [own["histograms" if "histograms" in own else "plain"] for own in views.values()]
    )
    return Views(makers)


def views_of(preparation: Preparation, dataset: Dataset, names: tuple[str, ...]) -> Views:
    """Return every view of one input: of a block, or of all columns of a table together."""
    name = names[0]
    values, fitted = dataset.arrays[name], preparation.transforms[name]
    if isinstance(values, Pictures):
        return picture_views(preparation, name, values)
    if isinstance(values, Sequences) and isinstance(fitted, Tokens):
        return token_views(fitted, values)
    if isinstance(values, Sequences):
        return sequence_views(preparation, name, values)
    if isinstance(fitted, Text):
        return text_views(fitted, values, preparation.components.get(name))
    return Views(
        {
            view: partial(table_view, preparation, dataset, names, view)
            for view in ("table", "plain")
        }
    )


def joined(views: Mapping[str, View]) -> View:
    """Return the view of a network of several inputs: each as x.NAME, and what goes with it.

    Args:
        views: Input -> the view of it that its branch reads.
    """
    inputs = {
        f"x.{name}" if key == "x" else f"x.{name}.{key}": source
        for name, view in views.items()
        for key, source in view.inputs.items()
    }
    return View(inputs=inputs, sizes={name: view.sizes for name, view in views.items()})


def beside(views: Sequence[View]) -> View:
    """Return what a baseline reads of several inputs: all their numbers beside each other."""
    x = np.concatenate([np.asarray(view.inputs["x"].take()) for view in views], axis=1)
    codes = [view.inputs["categories"].take() for view in views if "categories" in view.inputs]
    sizes = tuple(size for view in views for size in view.sizes.get("category_sizes", ()))
    inputs = {"x": rows_of(x)}
    if codes:
        inputs["categories"] = rows_of(np.concatenate(codes, axis=1))
    return View(inputs=inputs, sizes={"in_features": x.shape[1], "category_sizes": sizes})


def table_view(preparation: Preparation, dataset: Dataset, names: Sequence[str], view: str) -> View:
    """Return a view of the columns of a table: numbers and categories side by side."""
    numbers = [np.empty((len(dataset), 0), np.float32)]  # takes the type of what is beside it
    codes, sizes = [], []
    for column in names:
        values, transform = dataset.arrays[column], preparation.transforms[column]
        if gives_codes(transform):
            codes.append(transform.apply(values))
            sizes.append(transform.size)
        elif gives_numbers(transform):
            numbers.append(transform.apply(values) if view == "table" else transform.plain(values))
    x = np.concatenate(numbers, axis=1)
    inputs = {"x": rows_of(x if view == "table" else compact(x))}
    if sizes:
        inputs["categories"] = rows_of(np.stack(codes, axis=1))
    return View(inputs=inputs, sizes={"in_features": x.shape[1], "category_sizes": tuple(sizes)})


def picture_views(preparation: Preparation, name: str, pictures: Pictures) -> Views:
    """Return pictures as such, as sequences of their rows, as vectors; volumes as two of these."""
    sizes = {"in_channels": pictures.shape[-1], "image_size": tuple(pictures.shape[1:-1])}

    def source(axes: Axes) -> Pixels:
        return pixels(preparation, name, pictures, axes)

    makers: dict[str, Maker] = {
        "image": lambda: View(inputs={"x": source("picture")}, sizes=sizes),
        "sequence": lambda: flat(source("steps")),
        "vector": lambda: flat(source("vector")),
        "plain": lambda: flat(small(pictures)),
    }
    if pictures.ndim == 4 and pictures.shape[-1] == COLOURS:
        makers["histograms"] = lambda: flat(histograms(preparation, name, pictures))
    if pictures.ndim == 5:
        makers = {"volume": makers.pop("image"), **makers}
        del makers["sequence"]
    return Views(makers)


def small(pictures: Pictures) -> Rows | Reduced:
    """Return pictures or volumes as small as plain models need them; small ones as they are."""
    reduced = Reduced(base=pictures.base, rows=pictures.rows, way="small")
    as_they_are = reduced.shape[1] == int(np.prod(pictures.shape[1:]))
    if as_they_are and pictures.dtype != np.uint8 and (pictures.rows >= 0).all():
        return rows_of(unscaled(np.asarray(pictures)))
    return reduced


def histograms(preparation: Preparation, name: str, pictures: Pictures) -> Reduced:
    """Return the histograms of the colours of pictures."""
    form = preparation.schema.column(name).form
    unit = isinstance(form, ShapeForm) and form.brightness == "unit"
    times = 255.0 if unit and pictures.dtype != np.uint8 else 1.0
    return Reduced(base=pictures.base, rows=pictures.rows, way="histograms", times=times)


def pixels(preparation: Preparation, name: str, pictures: Pictures, axes: Axes) -> Pixels:
    """Return pictures as a source that standardises them."""
    fitted = pixel_scales(preparation, name)
    return Pixels(
        base=pictures.base,
        rows=pictures.rows,
        shift=fitted.means,
        scale=1 / fitted.stds,
        lows=fitted.lows,
        highs=fitted.highs,
        white=white(preparation, name, pictures),
        axes=axes,
    )


def white(preparation: Preparation, name: str, pictures: Pictures) -> float:
    """Return the brightest there is: 255 of bytes, 1 of shares, else the greatest that counts."""
    form = preparation.schema.column(name).form
    if pictures.dtype == np.uint8:
        return 255.0
    if isinstance(form, ShapeForm) and form.brightness:
        return 255.0 if form.brightness == "bytes" else 1.0
    return float(pixel_scales(preparation, name).highs.max())


def pixel_scales(preparation: Preparation, name: str) -> PixelScales:
    """Return how pictures are standardised.

    Raises:
        ValueError: The transform is another one, as a damaged file may name.
    """
    fitted = preparation.transforms[name]
    if not isinstance(fitted, PixelScales):
        raise ValueError(f"{name} has no transform of pictures.")
    return fitted


def sequence_views(preparation: Preparation, name: str, sequences: Sequences) -> Views:
    """Return sequences as such and as vectors: of all steps, or of summaries."""
    fitted, form = preparation.transforms[name], preparation.schema.column(name).form
    starts, lengths, longest = sequences.starts, sequences.lengths, sequences.longest

    @cache
    def base() -> Array:  # (S, F) float32, for all sequences that share a step
        if isinstance(fitted, SeriesSteps):
            return fitted.apply(sequences)
        return np.asarray(fitted.apply(sequences.steps))

    @cache
    def plain() -> View:
        return flat(rows_of(unscaled(summarise(sequences))))

    if isinstance(form, ShapeForm) and form.sizes[0] is None:
        return Views(
            {
                "sequence": lambda: flat(Ragged(base=base(), starts=starts, lengths=lengths)),
                "vector": lambda: bent(preparation, name, plain()),
                "plain": plain,
            }
        )

    def windows(steps: Array, *, vector: bool) -> View:
        return flat(Windows(base=steps, starts=starts, length=longest, vector=vector))

    if forecasts(preparation.schema):
        return window_views(preparation, windows, base)
    return Views(
        {
            "sequence": lambda: windows(base(), vector=False),
            "vector": lambda: windows(base(), vector=True),
            "plain": lambda: windows(unscaled(sequences.steps), vector=True),
        }
    )


def token_views(fitted: Tokens, tokens: Sequences) -> Views:
    """Return tokens as such, for networks, and as counts of the most frequent, for baselines."""
    sizes = {"vocabulary_size": fitted.vocabulary_size, "in_features": TOKEN_WIDTH}

    def text() -> View:
        codes = fitted.apply(tokens.steps)
        source = Ragged(base=codes, starts=tokens.starts, lengths=tokens.lengths)
        return View(inputs={"x": source}, sizes=sizes)

    return Views({"text": text, "plain": lambda: flat(rows_of(fitted.counts(tokens)))})


def window_views(
    preparation: Preparation, windows: Callable[..., View], base: Callable[[], Array]
) -> Views:
    """Return windows of time series as such, as sequences, and as vectors.

    Args:
        preparation: Says how far back a window looks, and how far ahead it is to forecast.
        windows: Makes a view of steps.
        base: Returns the steps, standardised.
    """
    form = preparation.schema.series
    steps = (1, 1) if form is None else (form.lookback, form.horizon)
    sizes = dict(zip(("in_steps", "out_steps"), steps, strict=True))

    def window() -> View:
        view = windows(base(), vector=False)
        return replace(view, sizes={**view.sizes, **sizes})

    return Views(
        {
            "window": window,
            "sequence": lambda: windows(base(), vector=False),
            "vector": lambda: windows(base(), vector=True),
        }
    )


def bent(preparation: Preparation, name: str, plain: View) -> View:
    """Return summaries as networks read them.

    Raises:
        ValueError: There is no transform of them, as a damaged file may have it.
    """
    if name not in preparation.summaries:
        raise ValueError("Sequences of different lengths have no transform of their summaries.")
    table = plain.take()["x"].astype(np.float64)
    return flat(rows_of(preparation.summaries[name].apply(table)))


def unscaled(values: Array) -> Array:
    """Return values as they are, a vector each, within reach; as float32 where that holds them."""
    rows = values.reshape(len(values), -1)
    return compact(within_reach(rows) if rows.dtype == np.float64 else rows)


def rows_of(values: Array) -> Rows:
    """Return an array of all rows as a source."""
    return Rows(base=np.ascontiguousarray(values), rows=counting(0, len(values)))


def flat(source: Source) -> View:
    """Return the view of a single input whose last axis holds the features."""
    return View(inputs={"x": source}, sizes={"in_features": source.shape[-1]})
