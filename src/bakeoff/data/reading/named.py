"""Named: sets that are known by name: mnist, fashion_mnist, cifar10 and imdb.

    mnist/  fashion_mnist/     train-images-idx3-ubyte.gz, train-labels-idx1-ubyte.gz,
                               t10k-images-idx3-ubyte.gz, t10k-labels-idx1-ubyte.gz
    cifar10/                   train_1.zip … train_5.zip, test.zip: <class>/<number>.webp
                               or cifar-10-binary.tar.gz
    imdb/                      train.csv.gz, test.csv.gz: text and label, or aclImdb_v1.tar.gz

They are looked for below BAKEOFF_DATA, then in the cache, and else downloaded into it, unless
BAKEOFF_OFFLINE is set. What was downloaded is used only where its sha256 is the published one: that
of the files in TensorFlow Datasets (url_checksums), which are those whose MD5 torchvision, Zalando
Research and the page of CIFAR-10 give.

Source of the idx format: LeCun, Cortes & Burges, "The MNIST database of handwritten digits", 1998;
of the binary one: Krizhevsky, "Learning Multiple Layers of Features from Tiny Images", 2009.
"""

from __future__ import annotations

import gzip
import io
import math
import os
import tarfile
from collections.abc import Iterator, Mapping
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Literal, NamedTuple

import numpy as np

from bakeoff.data.array import Array
from bakeoff.data.reading import reviews
from bakeoff.data.reading.bundled import STORED
from bakeoff.data.reading.download import RefusedError, download
from bakeoff.data.reading.picture_cache import cache_folder, megabytes, sha256_of
from bakeoff.data.reading.picture_files import Found, find_pictures
from bakeoff.data.reading.pictures import Pictures, pictures_of
from bakeoff.data.reading.unpack import BROKEN, unpack, unreadable
from bakeoff.errors import DataError, RunError

if TYPE_CHECKING:
    import polars as pl

VARIABLE = "BAKEOFF_DATA"
OFFLINE = "BAKEOFF_OFFLINE"
Layout = Literal["idx", "zips", "binary", "table", "tables", "texts"]
IDX = {
    "x_train": "train-images-idx3-ubyte.gz",
    "y_train": "train-labels-idx1-ubyte.gz",
    "x_test": "t10k-images-idx3-ubyte.gz",
    "y_test": "t10k-labels-idx1-ubyte.gz",
}
ZIPS = {
    "train": ("train_1.zip", "train_2.zip", "train_3.zip", "train_4.zip", "train_5.zip"),
    "test": ("test.zip",),
}
BINARY = "cifar-10-binary.tar.gz"
BATCHES = {
    "train": tuple(f"cifar-10-batches-bin/data_batch_{i}.bin" for i in range(1, 6)),
    "test": ("cifar-10-batches-bin/test_batch.bin",),
}
CIFAR10 = ("airplane", "automobile", "bird", "cat", "deer", "dog", "frog", "horse", "ship", "truck")
PIXELS = 32 * 32 * 3  # bytes of a picture, behind one of its class
MOST_UNPACKED = 2 * 10**8  # bytes of the binary file
FILES: Mapping[Layout, tuple[str, ...]] = {
    "idx": tuple(IDX.values()),
    "zips": tuple(file for files in ZIPS.values() for file in files),
    "binary": (BINARY,),
    "tables": tuple(reviews.TABLES.values()),
    "texts": (reviews.ARCHIVE,),
}
LAYOUTS: Mapping[str, tuple[Layout, ...]] = {
    "mnist": ("idx",),
    "fashion_mnist": ("idx",),
    "cifar10": ("zips", "binary"),
    "imdb": ("tables", "texts"),
}


class NamedSet(NamedTuple):
    """Where a named set stands, how it is laid out, and what to say of it."""

    folder: Path
    layout: Layout
    notes: tuple[str, ...] = ()


class Web(NamedTuple):
    """Where the files of a set are on the web, and the sha256 of each."""

    layout: Layout
    mirrors: tuple[str, ...]
    files: Mapping[str, str]


WEB: Mapping[str, Web] = {
    "mnist": Web(
        "idx",
        (
            "https://ossci-datasets.s3.amazonaws.com/mnist/",
            "https://storage.googleapis.com/cvdf-datasets/mnist/",
        ),
        {
            "train-images-idx3-ubyte.gz": (
                "440fcabf73cc546fa21475e81ea370265605f56be210a4024d2ca8f203523609"
            ),
            "train-labels-idx1-ubyte.gz": (
                "3552534a0a558bbed6aed32b30c495cca23d567ec52cac8be1a0730e8010255c"
            ),
            "t10k-images-idx3-ubyte.gz": (
                "8d422c7b0a1c1c79245a5bcf07fe86e33eeafee792b84584aec276f5a2dbc4e6"
            ),
            "t10k-labels-idx1-ubyte.gz": (
                "f7ae60f92e00ec6debd23a6088c31dbd2371eca3ffa0defaefb259924204aec6"
            ),
        },
    ),
    "fashion_mnist": Web(
        "idx",
        (
            "http://fashion-mnist.s3-website.eu-central-1.amazonaws.com/",
            "https://raw.githubusercontent.com/zalandoresearch/fashion-mnist/master/data/fashion/",
        ),
        {
            "train-images-idx3-ubyte.gz": (
                "3aede38d61863908ad78613f6a32ed271626dd12800ba2636569512369268a84"
            ),
            "train-labels-idx1-ubyte.gz": (
                "a04f17134ac03560a47e3764e11b92fc97de4d1bfaf8ba1a3aa29af54cc90845"
            ),
            "t10k-images-idx3-ubyte.gz": (
                "346e55b948d973a97e58d2351dde16a484bd415d4595297633bb08f03db6a073"
            ),
            "t10k-labels-idx1-ubyte.gz": (
                "67da17c76eaffca5446c3361aaab5c3cd6d1c2608764d35dfb1850b086bf8dd5"
            ),
        },
    ),
    "cifar10": Web(
        "binary",
        ("https://www.cs.toronto.edu/~kriz/",),
        {BINARY: "c4a38c50a1bc5f3a1c5537f2155ab9d68f9f25eb1ed8d9ddda3db29a59bca1dd"},
    ),
    "imdb": Web(
        "texts",
        ("https://ai.stanford.edu/~amaas/data/sentiment/",),
        {reviews.ARCHIVE: "c40f74a18d3b61f90feba1e17730e0d38e8b97c05fde7008942e91923d1658fe"},
    ),
}


def is_named(data: object) -> bool:
    """Tell whether this is the name of such a set, and not of a file; a folder is ./cifar10."""
    return isinstance(data, str) and data in STORED and not Path(data).is_file()


def data_folder() -> Path | None:
    """Return the folder that BAKEOFF_DATA names: the one place where it is read."""
    return Path(os.environ[VARIABLE]) if os.environ.get(VARIABLE) else None


def find_set(name: str) -> NamedSet:
    """Find a named set: below BAKEOFF_DATA, in the cache, or on the web.

    Raises:
        DataError: It is not there; the message says which file to put where.
    """
    home, web, cache = data_folder(), WEB[name], cache_folder()
    if home is not None:
        for layout in LAYOUTS[name]:
            if all((home / name / file).is_file() for file in FILES[layout]):
                return NamedSet(home / name, layout)
    refused = ""
    if cache is not None and not (home is not None and (home / name).is_dir()):
        if is_whole(cache / name, web):
            said = f"{name} is taken from {cache / name}, where it was downloaded before."
            return NamedSet(cache / name, web.layout, (said,))
        if not os.environ.get(OFFLINE):
            try:
                return NamedSet(cache / name, web.layout, (fetched(name, web, cache / name),))
            except (RefusedError, RunError) as error:
                refused = f" {name} could not be downloaded: {error}."
    raise missing(name, home, refused)


def is_whole(folder: Path, web: Web) -> bool:
    """Tell whether all files of a set were downloaded, and are still what they were."""
    return all(
        (folder / file).is_file() and sha256_of(folder / file).hex() == sha256
        for file, sha256 in web.files.items()
    )


def fetched(name: str, web: Web, folder: Path) -> str:
    """Download the files of a set that are not there, from the first mirror that has them.

    Returns:
        A sentence on where they came from.

    Raises:
        RefusedError: None of them has.
        RunError: They cannot be written.
    """
    came = ""
    for file, sha256 in web.files.items():
        if (folder / file).is_file() and sha256_of(folder / file).hex() == sha256:
            continue
        refused = []
        for mirror in web.mirrors:
            try:
                download(mirror + file, folder / file, sha256)
            except RefusedError as error:
                refused.append(str(error))
                continue
            came = mirror
            break
        else:
            raise RefusedError(f"{file}: {'; '.join(refused)}")
    size = sum((folder / file).stat().st_size for file in web.files)
    return f"{name} was downloaded from {came} into {folder}, {megabytes(size)}."


def missing(name: str, home: Path | None, refused: str) -> DataError:
    """The error for a set that is not there: which files to put where."""
    if home is None:
        files = " or ".join(", ".join(FILES[layout]) for layout in LAYOUTS[name])
        return DataError(
            f"The files of {name} are not here.{refused} Put {files} into a folder {name} of some "
            f"folder, and name that one in {VARIABLE}: export {VARIABLE}=/path/to/data."
        )
    folder = home / name
    begun = [
        layout
        for layout in LAYOUTS[name]
        if any((folder / file).is_file() for file in FILES[layout])
    ]
    layout = (begun or LAYOUTS[name])[0]
    lacks = [file for file in FILES[layout] if not (folder / file).is_file()]
    return DataError(
        f"{name} needs {', '.join(lacks)} in {folder} ({VARIABLE} is {home}).{refused} Put the "
        f"file{'s' if len(lacks) > 1 else ''} there."
    )


def load_arrays(place: NamedSet) -> dict[str, Array]:
    """Return a set that is laid out as arrays: x_train, y_train, x_test and y_test."""
    if place.layout == "binary":
        return read_binary(place.folder / BINARY)
    return {key: read_idx(place.folder / file) for key, file in IDX.items()}


def load_pictures(name: str, place: NamedSet, size: str = "") -> Pictures:
    """Return a set that is laid out as picture files in class folders."""
    return pictures_of(find_parts(name, place.folder), size)


def find_parts(name: str, folder: Path) -> dict[str, Found]:
    """List the archives of each part as if they were one."""
    return {
        part: together(name, [find_pictures(folder / file) for file in files])
        for part, files in ZIPS.items()
    }


def find_new(name: str) -> Found | dict[str, Array] | pl.DataFrame:
    """Return a named set as new data; both parts may have a picture called airplane/00003.webp."""
    place = find_set(name)
    if place.layout in ("tables", "texts"):
        return reviews.all_reviews(place.folder, archive=place.layout == "texts")
    if place.layout != "zips":
        return load_arrays(place)
    named = [
        Found(
            source=name,
            files=[replace(file, name=f"{part}/{file.name}") for file in found.files],
        )
        for part, found in find_parts(name, place.folder).items()
    ]
    return together(name, named)


def together(source: str, every: list[Found]) -> Found:
    """Put what stands in several archives into one, in the order of the names."""
    files = sorted((file for found in every for file in found.files), key=lambda file: file.name)
    folders = {folder for found in every for folder in found.folders}
    return Found(source=source, files=files, folders=folders)


def read_binary(path: Path) -> dict[str, Array]:
    """Read CIFAR-10 in its binary form, in the order of its picture files: by class and number.

    Raises:
        DataError: It is damaged, or something else.
    """
    try:
        with gzip.open(path) as packed:
            raw = packed.read(MOST_UNPACKED + 1)
        if len(raw) > MOST_UNPACKED:
            raise ValueError(f"it unpacks to more than {MOST_UNPACKED:,} bytes")
        with tarfile.open(fileobj=io.BytesIO(raw), mode="r:") as archive:
            batches = {part: b"".join(members(archive, BATCHES[part])) for part in BATCHES}
    except (*BROKEN, tarfile.TarError, KeyError) as error:
        raise unreadable(path.name, error) from error
    arrays = {}
    for part, batch in batches.items():
        if not batch or len(batch) % (1 + PIXELS):
            raise DataError(f"{path} holds {len(batch):,} bytes for {part}. Is it complete?")
        rows = np.frombuffer(batch, np.uint8).reshape(-1, 1 + PIXELS)
        if rows[:, 0].max() >= len(CIFAR10):
            raise DataError(f"{path} names a class {rows[:, 0].max()} of 10. Is it complete?")
        order = np.argsort(rows[:, 0], kind="stable")  # names of classes are sorted as their codes
        pixels = rows[order, 1:].reshape(-1, 3, 32, 32).transpose(0, 2, 3, 1)
        arrays[f"x_{part}"] = np.ascontiguousarray(pixels)
        arrays[f"y_{part}"] = np.array(CIFAR10)[rows[order, 0]]
    return arrays


def members(archive: tarfile.TarFile, names: tuple[str, ...]) -> Iterator[bytes]:
    """Yield the bytes of regular files in an archive; nothing is unpacked to the disk."""
    for name in names:
        file = archive.extractfile(archive.getmember(name))
        if file is None:
            raise ValueError(f"{name} is no regular file")
        yield file.read()


def read_idx(path: Path) -> Array:
    """Read an array of bytes in the idx format, packed or not.

    Raises:
        DataError: It is no idx file of bytes, or breaks off.
    """
    raw = unpack(path)[0]
    if len(raw) < 4 or raw[:3] != b"\0\0\x08" or raw[3] not in (1, 3):
        raise DataError(f"{path} is no idx file of bytes. Put the original file there.")
    start = 4 + 4 * raw[3]
    shape = tuple(int.from_bytes(raw[at : at + 4], "big") for at in range(4, start, 4))
    if len(raw) != start + math.prod(shape):
        sizes = " × ".join(f"{size:,}" for size in shape)
        raise DataError(
            f"{path} has {len(raw) - start:,} bytes for {sizes} values. Is it complete?"
        )
    return np.frombuffer(raw, np.uint8, offset=start).reshape(shape)
