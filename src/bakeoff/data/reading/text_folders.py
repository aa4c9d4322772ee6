"""Text folders: a folder or .zip with a folder of .txt files for each class becomes a table.

    reviews/train/pos/0_9.txt, reviews/test/neg/1_2.txt       parts are told as those of pictures

Source of the layout: the data set of Maas et al., "Learning Word Vectors for Sentiment Analysis",
2011, and what Keras reads with text_dataset_from_directory.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

from bakeoff.data.reading.delimited import decode
from bakeoff.data.reading.picture_files import (
    Found,
    Opened,
    begins_with_picture,
    find_pictures,
    is_archive,
    why,
)
from bakeoff.data.reading.placed import Placed, check_classes, place, place_all
from bakeoff.data.reading.unpack import BROKEN
from bakeoff.errors import DataError
from bakeoff.listed import listed

ENDING = ".txt"
TEXT, CLASS, FILE = "text", "class", "file"  # the columns
NO_CLASS = ("unsup", "unlabeled", "unlabelled", "unsupervised")  # folders of texts without a class


def found_texts(data: object) -> Found | None:
    """Return the texts of a folder or an archive of texts; None of all else."""
    if not isinstance(data, (str, Path)):
        return None
    path = Path(data)
    try:
        if not path.is_dir() and not (path.is_file() and is_archive(path)):
            return None
        if begins_with_picture(path):
            return None
        found = find_pictures(path)
    except (DataError, *BROKEN):
        return None  # whoever reads it otherwise says what is wrong
    files = [file for file in found.strange if file.name.lower().endswith(ENDING)]
    if found.files or len(files) < 2 or 2 * len(files) < len(found.strange):
        return None
    files.sort(key=lambda file: file.name)
    others = [file.name for file in found.strange if not file.name.lower().endswith(ENDING)]
    return replace(found, noun=TEXT, files=files, strange=[], tables=[], others=others)


def texts_in_classes(found: Mapping[str, Found]) -> tuple[dict[str, Any], tuple[str, ...]]:
    """Return a table of each part, with the texts and their classes; and what is said.

    Args:
        found: "train", "validation", "test" -> texts; the first alone may bring all parts.

    Raises:
        DataError: They stand in no folders of classes, or one cannot be read.
    """
    first = found["train"]
    placed, notes, _ = place_all(found)
    check_classes(placed, first)
    kept = [one for one in placed if one.label is not None]
    without = [one for one in kept if str(one.label).lower() in NO_CLASS]
    if without:
        kept = [one for one in kept if str(one.label).lower() not in NO_CLASS]
        named = listed(sorted({str(one.label) for one in without}))
        many = f"{len(without):,} texts in {named} are left out: they have no class."
        one = f"1 text in {named} is left out: it has no class."
        notes.append(one if len(without) == 1 else many)
    parts = list(dict.fromkeys(one.part for one in kept))
    return {p: table_of([one for one in kept if one.part == p]) for p in parts}, tuple(notes)


def new_texts(found: Found) -> dict[str, Any]:
    """Return a table of texts that are to be predicted, in the order of their names."""
    return table_of(place(found, new=True)[0])


def table_of(placed: Sequence[Placed]) -> dict[str, Any]:
    """Return columns of texts: file, text, and class where they have one.

    Raises:
        DataError: One cannot be read.
    """
    texts = []
    with Opened() as opened:
        for one in placed:
            try:
                raw = opened.read(one.file)
            except ValueError:  # it is empty: a text that is missing
                texts.append("")
                continue
            except (OSError, *BROKEN) as error:
                raise DataError(f"{one.file.name} cannot be read: {why(error)}.") from error
            texts.append(decode(raw, one.file.name)[0])
    labels = [one.label for one in placed]
    columns = {FILE: [one.file.name for one in placed], TEXT: texts}
    return columns | ({CLASS: labels} if None not in labels else {})
