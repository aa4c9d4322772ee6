"""Array files: what keeps arrays by name besides .npz, read as a dict of them.

.h5, .hdf5                                  HDF5: each array of the file, group_name of those within
.mat                                        MATLAB, before 7.3 and since; rows may be the last axis
train-images-idx3-ubyte.gz and three more   a folder of files of IDX, as MNIST has them
X_train.npy, y_train.npy, ...               a folder of .npy files, or of .npz of one array each

Nothing in them is run: no Python object, no link to another file.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import numpy as np

from bakeoff.data.array import Array
from bakeoff.data.reading.array_names import ANSWERS, called, columns_among, holds_blocks
from bakeoff.data.reading.arrays import loaded
from bakeoff.data.reading.picture_files import is_hidden
from bakeoff.data.reading.unpack import check_file, check_unpacked, unpack, unreadable
from bakeoff.errors import DataError

HDF5, MATLAB, MATLAB_HDF5 = b"\x89HDF\r\n\x1a\n", b"MATLAB 5.0 MAT", b"MATLAB 7.3 MAT"
IDX_TYPES = {8: "u1", 9: "i1", 11: ">i2", 12: ">i4", 13: ">f4", 14: ">f8"}
IDX_NAME = r"(?i).*[.-](idx\d-)?ubyte(\.gz)?|.*\.idx(\.gz)?"
GROUPS = ("model_weights", "optimizer_weights")  # of a network that Keras saved
MOST_FILES = 50  # of a folder of arrays
READ_BY_MATLAB = 8  # bytes of a number, at most


class ArrayFile(dict[str, Any]):
    """Arrays by name, and what to call them together in messages."""

    source: str


def opened(data: object) -> object:
    """Return the arrays of such a file or folder, by what they are called here; all else as it is.

    A dict of arrays has its names changed where they tell parts in another way; see `called`.

    Raises:
        DataError: The file is damaged, too large, or holds no arrays.
    """
    if isinstance(data, Mapping) and all(isinstance(name, str) for name in data):
        names = called(list(data)) if holds_blocks(data) else {}
        return data if all(n == own for n, own in names.items()) else renamed(data, names)
    if not isinstance(data, (str, Path)):
        return data
    path = Path(data)
    try:
        read = of_folder if path.is_dir() else of_file if path.is_file() else None
    except (OSError, ValueError):  # a name that is too long, or holds a zero byte
        return data
    found = read(path) if read else None
    if found is None:
        return data
    if not found:
        raise DataError(f"{path.name} holds no array of numbers or texts. Give one that does.")
    arrays = ArrayFile(renamed(found, called(list(found))))
    arrays.source = path.name
    return arrays


def renamed(data: Mapping[str, Any], names: Mapping[str, str]) -> dict[str, Any]:
    """Return the same arrays by other names."""
    return {names[name]: value for name, value in data.items()}


def of_file(path: Path) -> dict[str, Any] | None:
    """Return the arrays of a file; None where it is of another kind, or cannot be opened."""
    try:
        with path.open("rb") as file:
            head = file.read(16)
    except OSError:  # whoever reads it says so
        return None
    readers = {HDF5: of_hdf5, MATLAB_HDF5: of_hdf5, MATLAB: of_matlab}
    read = next((own for begins, own in readers.items() if head.startswith(begins)), None)
    if read is None:
        return {"x": of_idx(path)} if re.fullmatch(IDX_NAME, path.name) else None
    check_file(path)
    try:
        return read(path)
    except DataError:
        raise
    except Exception as error:  # anything at all may stand in a broken file
        raise unreadable(path.name, error) from error


def of_folder(folder: Path) -> dict[str, Any] | None:
    """Return the arrays of a folder with a file for each, one of which is the answer.

    Words that all files have in their names are no part of the names of arrays.
    """
    try:
        paths = [path for path in sorted(folder.iterdir()) if not is_hidden(path.name)]
    except OSError:  # whoever reads it says so
        return None
    files = [path for path in paths if is_of_array(path)]
    if not 2 <= len(files) <= MOST_FILES or any(path.is_dir() for path in paths):
        return None
    words = {path: words_of(path.name) for path in files}
    told = set(words[files[0]]).intersection(*words.values())
    names = {path: "_".join(w for w in own if w not in told) for path, own in words.items()}
    if len(set(names.values())) < len(files) or not all(names.values()):
        return None
    columns = {name.lower() for name in columns_among(list(called([*names.values()]).values()))}
    if len(columns) < 2 or not columns & set(ANSWERS):
        return None
    return {name: array_in(path) for path, name in names.items()}


def words_of(name: str) -> list[str]:
    """Return the words of a file's name, without its ending, and what IDX adds to it."""
    words = re.findall(r"[^\W_]+", re.sub(r"\.(gz|np[yz])$", "", name))
    return [word for word in words if not re.fullmatch(r"(?i)idx\d?|ubyte", word)]


def is_of_array(path: Path) -> bool:
    """Tell whether a file may hold one array, by its name."""
    named = path.suffix.lower() in (".npy", ".npz") or re.fullmatch(IDX_NAME, path.name)
    return bool(named) and path.is_file()


def array_in(path: Path) -> Array:
    """Return the only array of a file.

    Raises:
        DataError: It is damaged, or there are several.
    """
    if path.suffix.lower() not in (".npy", ".npz"):
        return of_idx(path)
    try:
        if path.suffix.lower() == ".npy":
            return next(iter(loaded(path)[0].values()))
        with np.load(path, allow_pickle=False) as file:
            names = list(file)
        if len(names) != 1:
            raise DataError(f"{path.name} holds {len(names):,} arrays, and its folder one a file.")
        return loaded(path, {names[0]: "x"})[0]["x"]
    except DataError:
        raise
    except Exception as error:  # a header is read as Python: anything at all may come of it
        raise unreadable(path.name, error) from error


def of_idx(path: Path) -> Array:
    """Read a file of IDX, the format of MNIST: two zeros, a type, the axes, big-endian numbers.

    Raises:
        DataError: It is none, or breaks off.

    Source: LeCun et al., "The MNIST database of handwritten digits", the file formats.
    """
    raw, _ = unpack(path)
    dtype = IDX_TYPES.get(raw[2]) if len(raw) > 4 and raw[:2] == b"\0\0" else None
    first = 4 + 4 * raw[3] if dtype else 0
    if dtype is None or not raw[3] or len(raw) < first:
        raise DataError(f"{path.name} is no file of IDX, as its name says: it begins otherwise.")
    shape = tuple(int(size) for size in np.frombuffer(raw, ">u4", raw[3], 4))
    wanted = int(np.prod(shape, dtype=object)) * np.dtype(dtype).itemsize
    if len(raw) - first != wanted:
        raise DataError(
            f"{path.name} has {len(raw) - first:,} bytes of numbers, where its head says "
            f"{wanted:,}. Is it complete?"
        )
    values = np.frombuffer(raw, dtype, offset=first).reshape(shape)
    return values.astype(values.dtype.newbyteorder("="), copy=False)


def of_hdf5(path: Path) -> dict[str, Any]:
    """Read all arrays of an HDF5 file.

    Raises:
        DataError: h5py is not there, or the file is no set of arrays.
    """
    try:
        import h5py
    except ImportError as error:
        raise DataError(
            f"{path.name} is a file of HDF5, and what reads it is not installed: pip install "
            "'bakeoff[hdf5]', or give its arrays."
        ) from error
    with h5py.File(path, "r") as file:
        items: dict[str, Any] = {}
        file.visititems(lambda name, item: items.update({name: item}))  # follows no link
        refuse_others(items, path.name)
        held = {n: item for n, item in items.items() if isinstance(item, h5py.Dataset)}
        held = {name: item for name, item in held.items() if not name.startswith("#")}
        for name, item in held.items():
            if item.is_virtual or item.external:
                raise DataError(f"{path.name}: {name} stands in another file. Give one file.")
        total = sum(item.size * max(1, item.dtype.itemsize) for item in held.values())
        check_unpacked(total, path.stat().st_size, path.name)
        found = dict(pair for name, item in held.items() for pair in values_in(name, item))
        matlab = any("MATLAB_class" in item.attrs for item in held.values())
    return rows_first(found) if matlab else found


def refuse_others(items: Mapping[str, Any], source: str) -> None:
    """Refuse what is kept in HDF5 besides arrays.

    Raises:
        DataError: A table of pandas, or the weights of a network.
    """
    if any("pandas_type" in item.attrs for item in items.values()):
        raise DataError(f"{source} is a table of pandas. In Python, give pandas.read_hdf(...).")
    if any(name in items for name in GROUPS):
        raise DataError(f"{source} holds the weights of a network, not data.")


def values_in(name: str, item: Any) -> Iterator[tuple[str, Array]]:
    """Yield an array of an HDF5 file, or each field of a table; what is no value is passed over."""
    import h5py

    called_here = name.replace("/", "_")
    if item.shape is None or h5py.check_ref_dtype(item.dtype):
        return
    if item.dtype.names:
        table = item[()]
        for field in item.dtype.names:
            if table[field].dtype.kind in "biufS":
                yield field, table[field]
        return
    if h5py.check_string_dtype(item.dtype) is not None:
        item = item.asstr()
    elif item.dtype.kind not in "biuf":
        return
    values = item[()]
    yield called_here, values.T if "MATLAB_class" in getattr(item, "attrs", {}) else values


def of_matlab(path: Path) -> dict[str, Any]:
    """Read the matrices of a file of MATLAB, and its cells of texts; structures are passed over."""
    from scipy.io import loadmat, whosmat

    total = sum(int(np.prod(shape, dtype=object)) for _, shape, _ in whosmat(path))
    check_unpacked(total * READ_BY_MATLAB, path.stat().st_size * READ_BY_MATLAB, path.name)
    found = {}
    for name, value in loadmat(path, chars_as_strings=True).items():
        kind = getattr(value, "dtype", np.dtype("V")).kind
        values = texts_of(value) if kind == "O" else value
        if not name.startswith("__") and getattr(values, "dtype", np.dtype("V")).kind in "biufU":
            found[name] = np.asarray(values)
    return rows_first(found)


def texts_of(cells: Array) -> Array | None:
    """Return the texts of cells of MATLAB; None where they hold something else."""
    held = [np.asarray(cell) for cell in cells.ravel()]
    if not all(cell.size <= 1 and cell.dtype.kind == "U" for cell in held):
        return None
    return np.array([str(cell.item()) if cell.size else "" for cell in held])


def rows_first(found: Mapping[str, Array]) -> dict[str, Array]:
    """Turn matrices as MATLAB has them: a vector has one axis, and rows are the first of others.

    Rows are as many as the longest vector has, where an array has so many on its last axis; of
    pictures without a vector (Y, X, C, N), the last axis.

    Example:
        >>> arrays = {"X": np.zeros((32, 32, 3, 90)), "y": np.zeros((90, 1))}
        >>> {name: values.shape for name, values in rows_first(arrays).items()}
        {'X': (90, 32, 32, 3), 'y': (90,)}
    """
    flat: dict[str, Array] = {
        n: v.ravel() if v.ndim == 2 and 1 in v.shape else v for n, v in found.items()
    }
    rows = max((len(v) for v in flat.values() if v.ndim == 1), default=0)
    last = {n for n, v in flat.items() if v.ndim > 1 and len(v) != rows == v.shape[-1]}
    if not rows:
        last = {n for n, v in flat.items() if v.ndim == 4 and v.shape[-2] in (1, 3, 4)}
    return {n: np.moveaxis(v, -1, 0) if n in last else v for n, v in flat.items()}
