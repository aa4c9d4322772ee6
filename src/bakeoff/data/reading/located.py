"""Located: where a path or the name of a table on the web leads to.

A relative path that does not stand in the working folder is looked for below BAKEOFF_DATA. So are
the tables that are known by name, which are else downloaded as mnist is:

    etth1, ettm1               ett/ETTh1.csv.gz or ett/ETTh1.csv, ett/ETTm1.csv.gz or ett/ETTm1.csv

Source of these: Zhou et al., "Informer: Beyond Efficient Transformer for Long Sequence Time-Series
Forecasting", 2021; the sha256 is that of the files whose MD5 darts gives.
"""

from __future__ import annotations

import os
from collections.abc import Mapping
from pathlib import Path
from typing import NamedTuple

from bakeoff.data.reading.bundled import SERIES, STORED
from bakeoff.data.reading.download import RefusedError
from bakeoff.data.reading.named import OFFLINE, VARIABLE, Web, data_folder, fetched, is_whole
from bakeoff.data.reading.picture_cache import cache_folder
from bakeoff.errors import DataError, RequestError, RunError

ETT = ("https://raw.githubusercontent.com/zhouhaoyi/ETDataset/main/ETT-small/",)
FOLDER = "ett"
FILES: Mapping[str, Web] = {
    "etth1": Web(
        "table",
        ETT,
        {"ETTh1.csv": "f18de3ad269cef59bb07b5438d79bb3042d3be49bdeecf01c1cd6d29695ee066"},
    ),
    "ettm1": Web(
        "table",
        ETT,
        {"ETTm1.csv": "6ce1759b1a18e3328421d5d75fadcb316c449fcd7cec32820c8dafda71986c9e"},
    ),
}


def located(data: object) -> tuple[object, str]:
    """Find a table that is known by name, or a relative path that is not here.

    Returns:
        The path to read, and a sentence where it is another than was given.

    Raises:
        DataError: The file of a name is not there; the message says where to put it.
    """
    if is_series(data):
        return find_series(str(data))
    if isinstance(data, str) and data.startswith(("http://", "https://", "ftp://", "s3://")):
        raise RequestError(f"{data} is an address. Download it, and give the file.")
    home = data_folder()
    if home is None or not isinstance(data, str) or not data or data in STORED:
        return data, ""
    path = Path(data)
    try:
        if path.is_absolute() or ".." in path.parts or path.exists() or not (home / path).exists():
            return data, ""
    except (OSError, ValueError):  # a name that is too long, or holds a zero byte
        return data, ""
    return str(home / path), f"{data} is taken from {home}, which {VARIABLE} names."


class Forecast(NamedTuple):
    """What is forecast from a series that is known by name, where the user does not say."""

    target: str = "OT"
    time: str = "date"
    lookback: int = 96
    horizon: int = 24


def is_series(data: object) -> bool:
    """Tell whether this is the name of a table of series, and not of a file."""
    return isinstance(data, str) and data in SERIES and not Path(data).is_file()


def find_series(name: str) -> tuple[str, str]:
    """Find the file of a series: below BAKEOFF_DATA, in the cache, or on the web.

    Returns:
        Its path, and a sentence on where it came from.
    """
    home, web, cache = data_folder(), FILES[name], cache_folder()
    (file,) = web.files
    for ending in (".gz", ""):
        if home is not None and (home / FOLDER / f"{file}{ending}").is_file():
            path = home / FOLDER / f"{file}{ending}"
            return str(path), f"{name} is taken from {path}."
    refused = ""
    if cache is not None:
        if is_whole(cache / name, web):
            said = f"{name} is taken from {cache / name}, where it was downloaded before."
            return str(cache / name / file), said
        if not os.environ.get(OFFLINE):
            try:
                return str(cache / name / file), fetched(name, web, cache / name)
            except (RefusedError, RunError) as error:
                refused = f" {name} could not be downloaded: {error}."
    if home is not None:
        raise DataError(f"{name} needs {file} in {home / FOLDER}.{refused} Put the file there.")
    raise DataError(
        f"The file of {name} is not here.{refused} Put {file} into a folder {FOLDER} of some "
        f"folder, and name that one in {VARIABLE}: export {VARIABLE}=/path/to/data."
    )
