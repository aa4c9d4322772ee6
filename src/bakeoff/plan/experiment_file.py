"""bakeoff.toml: an experiment as a file. Unknown keys are refused by name; paths start there."""

import os
import re
import tomllib
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

from bakeoff.catalog import arguments, find
from bakeoff.data.reading.bundled import EVERY_NAME
from bakeoff.data.reading.unpack import check_file
from bakeoff.documents import FORMAT, check_format
from bakeoff.errors import DataError, RequestError, did_you_mean
from bakeoff.options import TYPES, Option, matches, options
from bakeoff.plan.experiment import Experiment
from bakeoff.train.recipe import Recipe

PATH = "file, or data-set name; a relative path starts at this file"
MOST_BYTES = 2 * 10**7  # a hundred thousand columns take some 6 million
MOST_DOTS = 1_000  # of one key: with 20,000 parts tomllib takes a minute and a half
FILES = ("data", "test", "validation", "images", "start_from")  # fields that may hold a path


def read_experiment(path: str | Path, *, beside: bool = False) -> Experiment:
    """Read an experiment from TOML.

    Args:
        path: Of the file.
        beside: Whether the data are given beside it, as those that came from Python must be.

    Raises:
        DataError: The file is no regular one, too large, or not TOML; line and column are named.
        RequestError: A key or value is wrong; its place is named.
    """
    path = Path(path)
    check_file(path, MOST_BYTES, "an experiment")
    try:
        document = tomllib.loads(read_text(path))
    except OSError as error:
        raise DataError(f"{path} cannot be read: {error.strerror}.") from error
    except RecursionError as error:
        raise DataError(f"{path} nests brackets or tables too deep to be read.") from error
    except DataError:
        raise
    except ValueError as error:  # of the grammar, the letters, or the numbers
        raise DataError(f"{path} is not valid TOML: {error}.") from error
    try:
        return from_document(document, path, beside=beside)
    except RequestError as error:
        raise RequestError(f"{path}: {error.worded('file')}") from error


def read_text(path: Path) -> str:
    """Read a file of a depth that a plan has.

    Raises:
        DataError: It is deeper.
        OSError, UnicodeDecodeError: It cannot be read.
    """
    text = path.read_text("utf-8")
    if any(part.count(".") > MOST_DOTS for part in re.split(r"[=,{}\n]", text)):
        raise DataError(f"{path} has a key of more than {MOST_DOTS:,} parts; no plan has one.")
    return text


def from_document(document: Mapping[str, Any], path: Path, *, beside: bool = False) -> Experiment:
    """Check a parsed file and make the experiment of it."""
    check_format(document.get("format", FORMAT), str(path))
    known = places()
    check_keys(document, ("format", *known, "kinds", "models"), "the file")
    for table in (*known, "kinds", "models"):
        if not isinstance(document.get(table, {}), dict):
            raise RequestError(f"{table} must be a table: write [{table}].")
    values: dict[str, dict[str, Any]] = {}
    for table, keys in known.items():
        given = document.get(table, {})
        check_keys(given, ("path", *keys) if table == "data" else tuple(keys), f"[{table}]")
        values[table] = {
            option.name: checked(given[key], option, f"[{table}] {key}")
            for key, option in keys.items()
            if key in given
        }
    data = document.get("data", {}).get("path", "")
    if not isinstance(data, str) or not (data or beside):
        raise RequestError("[data] path is empty: the data came from Python. Name a file there.")
    recipe = values.pop("recipe")
    own = {"data": data} | {key: value for table in values.values() for key, value in table.items()}
    own |= {name: from_here(own[name], path.parent) for name in FILES if name in own}
    kinds = document.get("kinds", {})
    for name, kind in kinds.items():
        if not isinstance(kind, str):
            raise RequestError(f"[kinds] {name} must be a string, not {kind!r}.")
    models = document.get("models", {})
    return Experiment(
        **own, kinds=kinds, recipe=Recipe(**recipe), models=models, all_that_fit=not models
    )


def places() -> dict[str, dict[str, Option]]:
    """Return what may stand in the file: table -> key -> option. `kinds`, `models` hold names."""
    found: dict[str, dict[str, Option]] = {}
    for option in (*options(Experiment).values(), *options(Recipe).values()):
        found.setdefault(option.table, {})[option.key] = option
    del found["kinds"]
    return found


def check_keys(table: Mapping[str, Any], known: Iterable[str], where: str) -> None:
    """Refuse unknown keys, all of them in one message."""
    names = list(known)
    unknown_keys = [key for key in table if key not in names]
    wrong = [f"{key[:60]!r}.{did_you_mean(key, names)}" for key in unknown_keys[:10]]
    if wrong:
        raise RequestError(f"{where} has no {' no '.join(wrong)} Known: {', '.join(names)}.")


def checked(value: Any, option: Option, where: str) -> Any:
    """Return a value of the type that an option has; lists become tuples."""
    if option.kind is tuple:
        value = (value,) if isinstance(value, str) else value
        value = tuple(value) if isinstance(value, list) else value
    if not matches(value, option.kind):
        raise RequestError(f"{where} must be {TYPES[option.kind]}, not {value!r}.")
    return value


def from_here(place: str, folder: Path) -> str:
    """Resolve a path against the folder of the file; a data-set name stays as it is."""
    inside = folder / place
    if is_name(place) and not inside.is_file():
        return place
    return str(inside) if place and is_there(inside) else place


def is_name(place: str) -> bool:
    """Tell whether this is the name of a data set, whatever folder is called so."""
    return place in EVERY_NAME


def is_there(path: Path) -> bool:
    """Tell whether a path exists; what is too long to be one does not."""
    try:
        return path.exists()
    except OSError:
        return False


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
    for table, keys in places().items():
        section = tomlkit.table()
        source = experiment.recipe if table == "recipe" else experiment
        if table == "data":
            add(section, "path", relative(experiment.data, folder), PATH)
        for key, option in keys.items():
            value = getattr(source, option.name)
            value = relative(value, folder) if option.name in FILES else value
            add(section, key, value, option.help)
        document.add(table, section)
        if table == "data" and experiment.kinds:
            kinds = tomlkit.table()
            for name, kind in experiment.kinds.items():
                add(kinds, name, kind, (reasons or {}).get(name, ""))
            document.add("kinds", kinds)
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
    named = is_name(place) and not Path(place).is_file()
    if folder is None or not place or named or not is_there(Path(place)):
        return place
    try:
        path = Path(os.path.relpath(place, folder)).as_posix()
        return f"./{path}" if is_name(path) else path
    except ValueError:
        return str(Path(place).resolve())
