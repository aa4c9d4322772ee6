"""Named sets: those that scikit-learn ships, and those of the user's own or of the web."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

from bakeoff.data.assembling.arrays import from_arrays
from bakeoff.data.assembling.choices import Choices
from bakeoff.data.assembling.named_arrays import are_named_arrays, from_named_arrays
from bakeoff.data.assembling.pictures import from_pictures
from bakeoff.data.assembling.tables import from_tables
from bakeoff.data.dataset import Dataset
from bakeoff.data.reading import bundled, named, reviews
from bakeoff.data.reading.array_names import holds_blocks
from bakeoff.data.reading.located import Forecast, is_series
from bakeoff.errors import RequestError, option


def from_named(
    name: str, given: Mapping[str, object], choices: Choices, image_size: str
) -> Dataset:
    """Read a set that is known by name; it brings its own parts."""
    if len(given) > 1:
        raise RequestError(f"{name} brings its own test rows: leave {option('test')} out.")
    place = named.find_set(name)
    if place.layout == "zips":
        pictures = named.load_pictures(name, place, image_size)
        return replace(from_pictures(pictures, choices), source=name)
    if place.layout in ("tables", "texts"):
        parts = reviews.reviews(place.folder, archive=place.layout == "texts")
        kinds = {reviews.TEXT: "text", **choices.kinds}
        choices = choices._replace(target=choices.target or reviews.TARGET, kinds=kinds)
        read = from_tables(parts, choices, image_size=image_size)
        return replace(read, source=name, notes=(*place.notes, *read.notes))
    arrays = named.load_arrays(place)
    if image_size:
        height, width = arrays["x_train"].shape[1:3]
        raise RequestError(
            f"{option('image_size', image_size)} goes with picture files; {name} is arrays of "
            f"{height} × {width}. Leave it out."
        )
    dataset = from_arrays({"train": arrays}, choices, "image", "class")
    return replace(dataset, source=name, notes=(*place.notes, *dataset.notes))


def as_known(data: object, choices: Choices) -> Choices:
    """Fill in what is forecast from a series that is known by name, where the user does not say."""
    if not is_series(data):
        return choices
    usual = Forecast()
    choices = choices._replace(
        target=choices.target or usual.target, time=choices.time or usual.time
    )
    if choices.horizon:
        return choices
    return choices._replace(lookback=choices.lookback or usual.lookback, horizon=usual.horizon)


def from_bundled(name: str, given: dict[str, object], choices: Choices) -> Dataset:
    """Read a set that scikit-learn ships or makes."""
    values, x_name, y_name = bundled.load(name)
    choices = choices._replace(target=choices.target or y_name)
    given = {**given, "train": values}
    if are_named_arrays(values) and holds_blocks(values):
        return replace(from_named_arrays(given, choices, source=name), source=name)
    if not x_name:
        return replace(from_tables(given, choices), source=name)
    return replace(from_arrays(given, choices, x_name, y_name), source=name)
