"""Arrays: .npz files, (x, y) and dicts of arrays become columns.

    x (N, F)           a table of numbers        x (N, Y, X) uint8      pictures
    x (N, T, F)        sequences                 x (N, Y, X, C)         pictures
    x (N, Z, Y, X, C)  volumes                   x_lengths (N,)         real steps of each sequence
    x (N, T)           a table of numbers, sequences of one number or tokens where the user says so
    y (N,)             one value a row           y (N, K)               one 1 a row: classes

Either `x` and `y`, or `x_train`, `y_train`, `x_test`, `y_test` and perhaps `x_validation` and
`y_validation` (or `x_val`, `y_val`); or arrays of other names, of which the caller says which are
meant (`array_names.as_keys`). Nothing is ever unpickled.
"""

from __future__ import annotations

import re
import sys
import zipfile
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from numbers import Number
from pathlib import Path
from typing import IO, Any

import numpy as np

from bakeoff.data.array import Array
from bakeoff.data.origin import Origin, origin_of
from bakeoff.data.reading.array_names import (
    ENDINGS,
    KEYS,
    PARTS,
    are_plain,
    array_names,
    called,
    holds_blocks,
)
from bakeoff.data.reading.frames import is_nothing, unmasked
from bakeoff.data.reading.mapped import mapped_file, said_by, stacked, unpacked
from bakeoff.data.reading.unpack import cause, check_file, check_unpacked, unreadable
from bakeoff.errors import DataError, did_you_mean

INPUTS = ("x", *(f"x_{part}" for part in PARTS))  # in the order in which parts are put together
THE_ARRAYS = "the arrays"
LAYOUT = "x and y, or x_train, y_train, x_test and y_test (and x_validation, y_validation)"


@dataclass(frozen=True, kw_only=True, slots=True)
class Arrays:
    """Inputs and targets as they were given, all parts behind each other.

    Args:
        x: (N, ...) numbers.
        y: (N,) numbers or strings, or (N, ...), or None where new data has none.
        lengths: (N,) real steps of each sequence, or None.
        origin: The part and row of each; parts are named when the arrays name them.
        source: What to call them in messages.
        notes: Where large ones are kept, in sentences.
    """

    x: Array
    y: Array | None
    lengths: Array | None
    origin: Origin
    source: str
    notes: tuple[str, ...] = ()


def are_arrays(data: object) -> bool:
    """Tell whether `data` is read here: a .npz file, (x, y), an array or a dict of such arrays."""
    if isinstance(data, (str, Path)):
        return Path(data).suffix.lower() in (".npz", ".npy")
    if isinstance(data, Mapping):
        several = any(axes_of(data[key]) > 1 for key in data if str(key).lower().startswith("x"))
        return (are_plain(array_names(data)) and several) or holds_blocks(data)
    return isinstance(data, (tuple, np.ndarray))


def axes_of(value: Any) -> int:
    """Return how many axes an array or a list has; lists of different lengths are one of lists."""
    try:
        return np.ndim(value)
    except ValueError:
        return 1


def read_arrays(
    data: object, *, needs_y: bool = True, keys: Mapping[str, str] | None = None
) -> Arrays:
    """Collect x, y, lengths and parts.

    Args:
        data: What `are_arrays` knows.
        needs_y: Whether a target must be there.
        keys: Which of the arrays stand for x, y_train and so on: name -> key; None where they are
            called so.

    Raises:
        DataError: A key is missing or unknown, lengths differ, or an array holds Python objects.
    """
    source = source_of(data)
    try:
        return collected(data, source, needs_y=needs_y, keys=keys)
    except DataError as error:
        message = str(error.args[0])  # options in it stay options
        for name, key in (keys or {}).items():
            message = re.sub(rf"\b{key}\b", name.replace("\\", r"\\"), message)
        if source == THE_ARRAYS:
            raise DataError(message) from error
        raise DataError(message if source in message else f"{source}: {message}") from error


def source_of(data: object) -> str:
    """Return what to call arrays in messages."""
    if isinstance(data, (str, Path)):
        return Path(data).name
    return str(getattr(data, "source", THE_ARRAYS))


def collected(
    data: object, source: str, *, needs_y: bool, keys: Mapping[str, str] | None
) -> Arrays:
    """Collect what was given, whatever it is called."""
    found, notes = named_arrays(data, source, keys)
    named = {key.lower(): as_array(value, key) for key, value in found.items()}
    check_keys(list(named), source)
    if "x" in named:
        x, y, lengths = one_part(named, "", source, needs_y=needs_y)
        origin = origin_of({"train": len(x)}, {})
        return Arrays(x=x, y=y, lengths=lengths, origin=origin, source=source, notes=notes)
    endings = {PARTS[key]: key for key in PARTS if f"x_{key}" in named}
    if len(endings) < sum(f"x_{key}" in named for key in PARTS):
        raise DataError(f"{source} holds x_validation and x_val. Give one of them.")
    parts = {
        part: one_part(named, f"_{key}", source, needs_y=needs_y) for part, key in endings.items()
    }
    check_shapes({f"x_{key}": parts[part][0] for part, key in endings.items()})
    return Arrays(
        x=stacked([x for x, _, _ in parts.values()]),
        y=joined([y for _, y, _ in parts.values()]),
        lengths=joined([lengths for _, _, lengths in parts.values()]),
        origin=origin_of(
            {part: len(x) for part, (x, _, _) in parts.items()},
            {part: f"x_{key}" for part, key in endings.items()},
        ),
        source=source,
        notes=notes,
    )


def check_keys(keys: Sequence[str], source: str) -> None:
    """Refuse arrays that are not called as they must be."""
    others = [key for key in keys if key.lower() not in KEYS]
    if others or not {"x", "x_train"} & {key.lower() for key in keys}:
        suggestion = did_you_mean(others[0][:60], KEYS) if others else ""
        held = ", ".join(keys[:20])[:200] or "no array"
        raise DataError(
            f"{source} holds {held}.{suggestion} Name the arrays {LAYOUT}, and give nothing else."
        )


def stack_arrays(found: Mapping[str, Arrays]) -> Arrays:
    """Put separately given parts behind each other; arrays that name parts stand alone."""
    first = found["train"]
    if len(found) == 1:
        return first
    if any(arrays.origin.parts is not None for arrays in found.values()):
        raise DataError(f"{first.source} names its own parts; give either those or separate files.")
    check_shapes({part: arrays.x for part, arrays in found.items()})
    return Arrays(
        x=stacked([arrays.x for arrays in found.values()]),
        y=joined([arrays.y for arrays in found.values()]),
        lengths=joined([arrays.lengths for arrays in found.values()]),
        origin=origin_of(
            {part: len(arrays.x) for part, arrays in found.items()},
            {part: arrays.source for part, arrays in found.items()},
        ),
        source=first.source,
        notes=tuple(note for arrays in found.values() for note in arrays.notes),
    )


def check_shapes(arrays: Mapping[str, Array]) -> None:
    """Refuse parts of which a row has another shape."""
    if len({x.shape[1:] for x in arrays.values()}) > 1:
        shapes = ", ".join(f"{name} {x.shape}" for name, x in arrays.items())
        raise DataError(f"The parts have different shapes: {shapes}. Only the rows may differ.")


def joined(arrays: list[Array | None]) -> Array | None:
    """Put arrays behind each other; None when one is missing."""
    present = [array for array in arrays if array is not None]
    check_shapes({f"y ({i})": array for i, array in enumerate(present, 1)})
    return np.concatenate(present) if len(present) == len(arrays) else None


def named_arrays(
    data: object, source: str, keys: Mapping[str, str] | None = None
) -> tuple[dict[str, Any], tuple[str, ...]]:
    """Return the arrays by name, without unpickling anything, and where large ones are kept."""
    if isinstance(data, tuple):
        if len(data) != 2:
            raise DataError(f"Give arrays as (x, y); this is a tuple of {len(data)}.")
        return {"x": data[0], "y": data[1]}, ()
    if isinstance(data, Mapping):
        wanted = {str(key): str(key) for key in data} if keys is None else keys
        return {wanted[str(n)]: value for n, value in data.items() if str(n) in wanted}, ()
    if isinstance(data, np.ndarray):
        return {"x": data}, ()
    try:
        return loaded(Path(str(data)), keys)
    except DataError:
        raise
    except Exception as error:  # a header is read as Python: anything at all may come of it
        raise unreadable(source, error) from error


def loaded(
    path: Path, keys: Mapping[str, str] | None = None
) -> tuple[dict[str, Array], tuple[str, ...]]:
    """Load a .npy or .npz file, without unpickling anything; large inputs are mapped.

    Args:
        path: Of the file.
        keys: Of the arrays wanted: name -> what it is called here; None: all, and x and y alone.
    """
    check_file(path)
    if not zipfile.is_zipfile(path):
        mapped = mapped_file(path)
        if mapped is not None:
            return {"x": mapped}, ()
        with path.open("rb") as file:
            return {"x": one_array(file, path.name)}, ()
    with zipfile.ZipFile(path) as archive:
        members = members_of(archive)
        if keys is None:
            check_keys(list(members), path.name)
            keys = {name: name for name in members}
        members = {keys[name]: info for name, info in members.items() if name in keys}
        total = sum(info.file_size for info in members.values())
        check_unpacked(total, path.stat().st_size, path.name)
        lower = {key.lower(): key for key in members}
        inputs = [lower[key] for key in INPUTS if key in lower]
        found, note = unpacked(path, {key: members[key] for key in inputs})
        for key, info in members.items():
            if info.flag_bits & 1:
                raise DataError(f"{path.name} is encrypted. Save it without a password.")
            if key not in found:
                with archive.open(info) as file:
                    found[key] = one_array(file, path.name)
        return found, (note,) if note else ()


def members_of(archive: zipfile.ZipFile) -> dict[str, zipfile.ZipInfo]:
    """Return the arrays of an .npz file by what they are called here."""
    held = {info.filename.removesuffix(".npy"): info for info in archive.infolist()}
    names = called(list(held))
    return {names[name]: info for name, info in held.items()}


def shapes_of(data: object, names: Sequence[str]) -> dict[str, tuple[int, ...]]:
    """Return the shape of each column, of those with a head that can be read.

    Args:
        data: A dict of arrays, or an .npz file, of which the heads of the arrays are read.
        names: Of the columns; an array of a part stands for its column.
    """
    if isinstance(data, Mapping):
        held = {str(name): shape_of(value) for name, value in data.items()}
    else:
        with zipfile.ZipFile(Path(str(data))) as archive:
            members = members_of(archive)
            held = {name: shape_of_member(archive, info) for name, info in members.items()}
    found = {}
    for name in names:
        shapes = [held[f"{name}{ending}"] for ending in ENDINGS if held.get(f"{name}{ending}")]
        found.update({name: shapes[0]} if shapes else {})
    return found


def shape_of(value: Any) -> tuple[int, ...]:
    """Return the shape of an array or a list; of lists of different lengths, that of the first."""
    try:
        return np.shape(value)
    except ValueError:
        return (len(value),)


def shape_of_member(archive: zipfile.ZipFile, info: zipfile.ZipInfo) -> tuple[int, ...]:
    """Return the shape of an array of a file; () where its head says nothing."""
    try:
        with archive.open(info) as file:
            said = said_by(file)
        return tuple(said[0]) if said else ()
    except Exception:  # a header is read as Python: anything at all may come of it
        return ()


def load_columns(data: object, names: Sequence[str]) -> dict[str, Array]:
    """Return some arrays of a dict or file, those that are there, of as many rows each.

    Raises:
        DataError: Their rows differ, or one is damaged or holds Python objects.
    """
    source = source_of(data)
    wanted = {name: name for name in array_names(data) if name in names}
    found, _ = named_arrays(data, source, wanted)
    arrays = {name: as_array(values, name) for name, values in found.items()}
    sizes = {name: len(values) for name, values in arrays.items() if values.ndim}
    first = next(iter(sizes), "")
    for name, size in sizes.items():
        if size != sizes[first]:
            raise DataError(
                f"{source}: {first} has {sizes[first]:,} rows but {name} has {size:,}. Give one "
                "per row."
            )
    return arrays


def one_array(file: IO[bytes], source: str) -> Array:
    """Read one array in the format of NumPy, without unpickling anything."""
    try:
        return np.lib.format.read_array(file, allow_pickle=False)
    except ValueError as error:
        if "allow_pickle" in str(error):
            raise objects(source) from error
        raise


def objects(what: str) -> DataError:
    """The error for arrays of Python objects."""
    return DataError(
        f"{what} holds Python objects, which bakeoff never unpickles. Sequences of different "
        "lengths: pad them into one (N, T, F) array and give the real steps as x_lengths. Strings: "
        "save them as np.array(list, dtype=str)."
    )


def as_array(value: Any, key: str) -> Array:
    """Return an array of numbers, truth values or strings, as this machine writes them.

    Raises:
        DataError: It holds something else, or bytes that are no text.
    """
    try:
        array = np.asarray(unmasked(value))
    except ValueError as error:
        raise objects(repr(key)) from error
    if array.dtype.kind == "O":
        types = {type(v) for v in array.ravel() if not is_nothing(v)}
        if not all(issubclass(kind, (str, Number, np.generic)) for kind in types):
            raise objects(repr(key))
        if any(issubclass(kind, str) for kind in types) and array.ndim > 1:
            array = array.astype(str)
        elif array.ndim > 1:
            array = array.astype(np.float64)
        else:
            return array  # labels and missing values; `one_column` reads them one by one
    if array.dtype.itemsize == 0:  # a header may say that there are 10^12 of them
        raise DataError(f"{key} holds {array.size:,} values of no bytes. Give numbers or strings.")
    if array.dtype.kind in "SU":
        return as_strings(array, key)
    if array.dtype.kind not in "biuf":
        raise DataError(f"{key} holds values of type {array.dtype}. Give numbers or strings.")
    if array.dtype.kind == "f" and array.dtype.itemsize not in (4, 8):
        return array.astype(np.float32 if array.dtype.itemsize < 4 else np.float64)
    return array.astype(array.dtype.newbyteorder("="), copy=False)


def as_strings(array: Array, key: str) -> Array:
    """Return an array of strings, each of which can be written as UTF-8."""
    try:
        array = np.char.decode(array, "utf-8") if array.dtype.kind == "S" else array
        array = np.ascontiguousarray(array.astype(array.dtype.newbyteorder("=")))
        letters = array.view(np.uint32)
        if letters.size and letters.max() > sys.maxunicode:  # NumPy itself lets such numbers pass
            raise ValueError(f"{letters.max():,} is no letter")
        "".join(array.ravel().tolist()).encode()
    except ValueError as error:
        raise DataError(
            f"{key} holds text that is not UTF-8 ({cause(error)}). Give np.array(list, dtype=str)."
        ) from error
    return array


def one_part(
    named: Mapping[str, Array], ending: str, source: str, *, needs_y: bool
) -> tuple[Array, Array | None, Array | None]:
    """Return x, y and lengths of one part, of equal length."""
    x, y = named[f"x{ending}"], named.get(f"y{ending}")
    lengths = named.get(f"x{ending}_lengths")
    if x.ndim == 0 or len(x) == 0:
        raise DataError(f"x{ending} has no rows (shape {x.shape}). Give one entry per row.")
    if x.size == 0:
        raise DataError(f"x{ending} has rows without a value (shape {x.shape}). Give some.")
    if y is None and needs_y:
        both = "both" if source == THE_ARRAYS else "both, in one file or as files of a folder"
        raise DataError(f"There is x{ending} but no y{ending}, the values to predict. Give {both}.")
    if y is not None:
        y = y[:, 0] if y.ndim == 2 and y.shape[1] == 1 else y
        if y.ndim == 0 or y.size == 0:
            raise DataError(f"y{ending} has shape {y.shape}; it must be (N,), one value per row.")
    if lengths is not None and (lengths.ndim != 1 or lengths.dtype.kind not in "iuf"):
        raise DataError(
            f"x{ending}_lengths has shape {lengths.shape} and type {lengths.dtype}; it must be "
            "(N,) integers, the real steps of each sequence."
        )
    for name, array in ((f"y{ending}", y), (f"x{ending}_lengths", lengths)):
        if array is not None and len(array) != len(x):
            raise DataError(
                f"x{ending} has {len(x):,} rows but {name} has {len(array):,}. Give one per row."
            )
    return x, y, lengths
