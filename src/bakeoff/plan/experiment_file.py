"""bakeoff.toml: an experiment as a file. Unknown keys are refused by name; paths start there."""

import os
import tomllib
from collections.abc import Mapping
from dataclasses import asdict
from pathlib import Path
from typing import Any

from bakeoff.catalog import arguments, find
from bakeoff.errors import DataError, RequestError, did_you_mean
from bakeoff.plan.experiment import Experiment
from bakeoff.train.recipe import REASONS, Recipe

FORMAT = 2
PLACES = {  # key in the file -> field of Experiment
    "data": {
        "path": "data",
        "target": "target",
        "inputs": "inputs",
        "test": "test",
        "validation": "validation",
        "positive": "positive",
    },
    "split": {"how": "split"},
    "run": {
        "frameworks": "frameworks",
        "seeds": "seeds",
        "seed": "seed",
        "metric": "metric",
        "device": "device",
        "jobs": "jobs",
    },
}
TABLES = (*PLACES, "columns", "recipe", "models")
WHY = {
    "path": "file, folder or data-set name; a relative path starts at this file",
    "target": "what to predict",
    "inputs": "empty: every column that can be learned from",
    "test": "a separate file of test rows; empty: drawn by the split",
    "validation": "a separate file of validation rows; empty: drawn from the training rows",
    "positive": "the positive class of a binary target; empty: true, yes, 1, pos, else the rarer",
    "how": "random:70/15/15, time[:COLUMN], group:COLUMN or column:COLUMN",
    "frameworks": "torch, tensorflow, jax",
    "seeds": "fits of each model; 3 is a quick look, 10 when the gap is near the spread",
    "seed": "the first seed; it also draws the split",
    "metric": "decides the ranking",
    "device": "auto, cpu, cuda or mps",
    "jobs": "worker processes; 0: one per core. The results do not depend on it",
}


def read_experiment(path: str | Path) -> Experiment:
    """Read an experiment from TOML.

    Raises:
        DataError: The file cannot be read, or is not TOML; line and column are named.
        RequestError: A key or value is wrong; its place is named.
    """
    path = Path(path)
    try:
        document = tomllib.loads(path.read_text("utf-8"))
    except OSError as error:
        raise DataError(f"{path} cannot be read: {error.strerror}.") from error
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise DataError(f"{path} is not valid TOML: {error}.") from error
    return from_document(document, path)


def from_document(document: Mapping[str, Any], path: Path) -> Experiment:
    """Check a parsed file and make the experiment of it."""
    check_keys(document, ("format", *TABLES), f"{path}")
    if document.get("format", FORMAT) != FORMAT:
        raise RequestError(
            f"{path}: format = {document['format']} is not known; this version reads "
            f"format {FORMAT}."
        )
    for table in TABLES:
        if not isinstance(document.get(table, {}), dict):
            raise RequestError(f"{path}: {table} must be a table: write [{table}].")
    check_keys(document.get("recipe", {}), asdict(Recipe()), f"{path} [recipe]")
    values: dict[str, Any] = {}
    for table, names in PLACES.items():
        check_keys(document.get(table, {}), names, f"{path} [{table}]")
        for key, value in document.get(table, {}).items():
            values[names[key]] = checked(value, names[key], f"{path} [{table}] {key}")
    if not values.get("data"):
        raise RequestError(
            f"{path} [data] path is empty: the data came from Python. Name a file there."
        )
    for place in ("data", "test", "validation"):
        values[place] = from_here(str(values.get(place, "")), path.parent)
    columns = document.get("columns", {})
    try:
        return Experiment(
            **values,
            columns={
                name: checked(kind, "kind", f"{path} [columns] {name}")
                for name, kind in columns.items()
            },
            recipe=Recipe(**document.get("recipe", {})),
            models=document.get("models", {}),
            all_that_fit=not document.get("models"),
        )
    except RequestError as error:
        raise RequestError(f"{path}: {error}") from error


def check_keys(table: Mapping[str, Any], known: Any, where: str) -> None:
    """Refuse unknown keys, all of them in one message."""
    unknown = [
        f"{key!r} is not known.{did_you_mean(key, known)}" for key in table if key not in known
    ]
    if unknown:
        raise RequestError(f"{where}: {' '.join(unknown)} Known: {', '.join(known)}.")


def checked(value: Any, field: str, where: str) -> Any:
    """Return a value of the type that a field has; lists become tuples."""
    if field in ("target", "inputs", "frameworks"):
        items = [value] if isinstance(value, str) else value
        if not isinstance(items, list) or not all(isinstance(item, str) for item in items):
            raise RequestError(f"{where} must be a list of texts, not {value!r}.")
        return tuple(items)
    if field not in ("seeds", "seed", "jobs") and not isinstance(value, str):
        raise RequestError(f"{where} must be a text, not {value!r}.")
    return value


def from_here(place: str, folder: Path) -> str:
    """Resolve a path against the folder of the file; a data-set name stays as it is."""
    inside = folder / place
    return str(inside) if place and inside.exists() else place


def to_toml(
    experiment: Experiment,
    *,
    folder: Path | None = None,
    reasons: Mapping[str, str] | None = None,
) -> str:
    """Write an experiment as TOML, every default filled in, the reason of each beside it.

    Args:
        folder: Where the file will stand: paths are written relative to it.
        reasons: Column name -> why it was read as its kind.
    """
    import tomlkit

    document = tomlkit.document()
    document.add("format", tomlkit.item(FORMAT))
    for table, names in PLACES.items():
        section = tomlkit.table()
        for key, name in names.items():
            value = getattr(experiment, name)
            if name in ("data", "test", "validation"):
                value = relative(value, folder)
            add(section, key, value, WHY[key])
        document.add(table, section)
        if table == "data" and experiment.columns:
            columns = tomlkit.table()
            for name, kind in experiment.columns.items():
                add(columns, name, kind, (reasons or {}).get(name, ""))
            document.add("columns", columns)
    recipe = tomlkit.table()
    for name, value in asdict(experiment.recipe).items():
        add(recipe, name, value, REASONS[name])
    document.add("recipe", recipe)
    models = tomlkit.table(is_super_table=True)
    for name, settings in experiment.models.items():
        models.add(name, model_table(name, settings))
    if experiment.models:
        document.add("models", models)
    return tomlkit.dumps(document)


def model_table(name: str, settings: Mapping[str, Any]) -> Any:
    """Write one model: its architecture, every argument, and the recipe settings of its own."""
    import tomlkit

    row = find(str(settings.get("architecture", name)))
    table = tomlkit.table()
    add(table, "architecture", row.name, row.good_for)
    own = {key: argument.default for key, argument in arguments(row).items()}
    for key, value in {**own, **row.defaults, **settings}.items():
        if key != "architecture" and value is not None:
            add(table, key, value, "")
    return table


def add(table: Any, key: str, value: Any, why: str) -> None:
    """Add one line, with its reason as a comment."""
    import tomlkit

    item = tomlkit.item(plain(value))
    if why:
        item.comment(" ".join(why.split()))
    table.add(key, item)


def plain(value: Any) -> Any:
    """Turn tuples into lists, at every depth."""
    if isinstance(value, tuple | list):
        return [plain(item) for item in value]
    if isinstance(value, Mapping):
        import tomlkit

        inline = tomlkit.inline_table()
        inline.update({key: plain(item) for key, item in value.items()})
        return inline
    return value


def relative(place: str, folder: Path | None) -> str:
    """Write a path as seen from a folder; names of data sets and other drives stay as they are."""
    if folder is None or not place or not Path(place).exists():
        return place
    try:
        return Path(os.path.relpath(place, folder)).as_posix()
    except ValueError:
        return str(Path(place).resolve())
