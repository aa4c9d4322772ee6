"""Placed: which part and which class a picture belongs to, from the folders it stands in."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from pathlib import Path, PurePosixPath
from typing import NamedTuple

import numpy as np

from bakeoff.cut import cut
from bakeoff.data.origin import Origin, origin_of
from bakeoff.data.reading.picture_files import Found, PictureFile, is_hidden
from bakeoff.data.reading.picture_notes import counted, examples, first_of, passed_over, pictures
from bakeoff.errors import DataError, option
from bakeoff.listed import listed

PARTS = {"train": "train", "val": "validation", "valid": "validation", "validation": "validation",
         "test": "test", "training": "train", "testing": "test", "dev": "validation",
         "publictest": "validation", "privatetest": "test", "holdout": "test"}  # fmt: skip
FILLING = ("set", "data", "images", "imgs", "folder", "split")  # test_set is called test
NUMBERED = r"(.*[^\W\d_])[ ._-]*\(?\d+\)?\.\w+$"  # cat.1.jpg, great_dane_7.jpg, dog (3).png


ENDINGS_OF = {"picture": ".jpg", "text": ".txt"}  # else tables of steps
ONE_TABLE = "; or, if each file is a table of its own, give one of them"


class Placed(NamedTuple):
    """A picture file, its number in its part from 1, its part and its class, if it has one."""

    file: PictureFile
    row: int
    part: str
    label: str | None


def place_all(
    found: Mapping[str, Found], *, labelled: bool = True
) -> tuple[list[Placed], list[str], dict[str, str]]:
    """Decide which part and which class each picture belongs to, of one folder or of one a part.

    Args:
        found: "train", "validation", "test" -> what stands there; the first alone may bring parts.
        labelled: Whether the folders are classes.

    Returns:
        As `place`.

    Raises:
        DataError: Folders that are given for a part bring parts of their own.
    """
    notes = [note for one in found.values() for note in passed_over(one)]
    if len(found) == 1:
        placed, more, files = place(found["train"], labelled=labelled)
        return placed, [*notes, *more], files
    placed, files = [], {}
    for part, one in found.items():
        own, more, parts = place(one, own_part=part, labelled=labelled)
        notes += more
        if parts:
            raise DataError(
                f"{one.source} brings its own parts ({', '.join(parts.values())}); give "
                "either those or separate folders."
            )
        files[part] = one.source
        placed += own
    return placed, notes, files


def place(
    found: Found, *, new: bool = False, own_part: str = "", labelled: bool = True
) -> tuple[list[Placed], list[str], dict[str, str]]:
    """Decide which part and which class each picture belongs to, from the folders it stands in.

    Args:
        found: What stands there.
        new: Whether these are new data: every picture is taken, and parts are not told apart.
        own_part: The part that all of them belong to, where they bring none; "" for "train".
        labelled: Whether the folders are classes.

    Returns:
        The pictures, part by part; notes; and part -> its folder, nothing where there are no parts.
    """
    if not found.files:
        raise no_pictures(found)
    skipped = common_folders(found)
    notes = []
    if skipped and not new and labelled:
        above = "/".join(found.files[0].name.split("/")[:skipped])
        notes.append(f"All {found.noun}s stand in {cut(above)}; the folders in it are the classes.")
    split = {file.name: file.name.split("/")[skipped:] for file in found.files}
    parts = part_folders(split.values())
    if set(parts.values()) == {"train", "validation"} and not new:
        judged = next(folder for folder, part in parts.items() if part == "validation")
        parts[judged] = "test"
        notes.append(
            f"There are no test {found.noun}s: models are judged on those of {cut(judged)}, and a "
            "part of the others validates."
        )
    inner = {name: within(own, parts) for name, own in split.items()}
    named: dict[str, str] = {}
    if labelled and not new and found.noun == "picture" and not any(inner.values()):
        named, told = classes_in_names([file.name for file in found.files])
        notes += told
    placed: list[Placed] = []
    numbers: Counter[str] = Counter()
    for file in found.files:
        folders = split[file.name][:-1]
        part = parts.get(folders[0], "") if parts and folders else own_part or "train"
        if parts and not new and not part:
            found.pass_over("no part", file.name)
            continue
        own = inner[file.name]
        label = own[0] if own else named.get(file.name)
        if label is None and not new and labelled:
            found.pass_over("no class", file.name)
        part = "train" if new else part
        numbers[part] += 1
        placed.append(Placed(file, numbers[part], part, label))
    if not parts and not new and labelled:
        notes += say_inner_parts(split.values())
    left = {why: names for why, names in found.passed.items() if why in ("no class", "no part")}
    notes += passed_over(Found(source=found.source, noun=found.noun, passed=left))
    placed.sort(key=lambda item: (list(PARTS.values()).index(item.part), item.row))
    return placed, notes, {} if new else {part: folder for folder, part in parts.items()}


def classes_in_names(names: Sequence[str]) -> tuple[dict[str, str], list[str]]:
    """Return the class of each file whose name tells it before a number, and what is said.

    All names must tell one, and two classes or more must come at least twice.

    Example:
        >>> classes_in_names(["cat.0.jpg", "cat.1.jpg", "pug_7.jpg", "pug_8.jpg"])[0]
        {'cat.0.jpg': 'cat', 'cat.1.jpg': 'cat', 'pug_7.jpg': 'pug', 'pug_8.jpg': 'pug'}
    """
    found = {name: re.match(NUMBERED, PurePosixPath(name).name) for name in names}
    classes = {name: match[1] for name, match in found.items() if match}
    counts = Counter(classes.values())
    if len(classes) < len(names) or sum(count > 1 for count in counts.values()) < 2:
        return {}, []
    first = PurePosixPath(names[0]).name
    return classes, [
        "The pictures stand in no folders of classes; the class of each is how its name begins: "
        f"{cut(first)} is of {cut(classes[names[0]])}."
    ]


def common_folders(found: Found) -> int:
    """Count the folders around all others, such as the one that an archive was made of."""
    depth = min(file.name.count("/") for file in found.files)
    if depth < 2:
        return 0
    names = [file.name.split("/") for file in found.files]
    folders = [folder.split("/") for folder in found.folders]
    skipped = 0
    while depth >= skipped + 2:
        here = {name[skipped] for name in names}
        here |= {folder[skipped] for folder in folders if len(folder) > skipped}
        if len(here) > 1:
            break
        skipped += 1
    return skipped


def part_folders(names: Iterable[list[str]]) -> dict[str, str]:
    """Return folder -> part where folders are parts: train and another one, with folders in them.

    Raises:
        DataError: Two folders are called like one part.
    """
    names = list(names)
    firsts = sorted({name[0] for name in names if len(name) > 1})
    parts = {folder: part for folder in firsts if (part := part_of(folder))}
    deep = any(name[0] in parts and len(name) > 2 for name in names)
    if len(set(parts.values())) < 2 or "train" not in parts.values():
        return {}
    if not deep and len(parts) < len(firsts):
        return {}  # classes, one of which is called train
    for part in set(parts.values()):
        own = [folder for folder in parts if parts[folder] == part]
        if len(own) > 1:
            raise DataError(
                f"The folders {cut(own[0])!r} and {cut(own[1])!r} are both the {part} part. Put "
                "them together, or rename one."
            )
    return parts


def within(names: Sequence[str], parts: Mapping[str, str]) -> Sequence[str]:
    """Return the folders of a file below that of its part, which may stand in one of its name.

    Example:
        >>> within(["seg_train", "seg_train", "sea", "1.jpg"], {"seg_train": "train"})
        ['sea']
    """
    if names[0] not in parts:
        return names[:-1]
    again = len(names) > 3 and part_of(names[1]) == parts[names[0]]
    return names[2:-1] if again else names[1:-1]


def part_of(folder: str) -> str:
    """Return the part that a folder is called like, or nothing.

    Example:
        >>> part_of("clouds_train"), part_of("VAL"), part_of("test_set"), part_of("rest")
        ('train', 'validation', 'test', '')
        >>> part_of("Training"), part_of("PublicTest"), part_of("PrivateTest")
        ('train', 'validation', 'test')
    """
    words = [word for word in re.split(r"[ _-]", folder.casefold()) if word not in FILLING]
    return PARTS.get(words[-1].removesuffix("set"), "") if words else ""


def say_inner_parts(names: Iterable[list[str]]) -> Iterator[str]:
    """Say that folders inside of the classes are not taken as parts, though they are called so.

    Or that the folders inside of all classes are the same, as if these were parts.
    """
    within: dict[str, set[str]] = {}
    for name in names:
        within.setdefault(name[0], set()).update(name[1:2] if len(name) > 2 else ())
    inner = set().union(*within.values())
    if len({part_of(folder) for folder in inner} - {""}) > 1:
        yield (
            f"Folders called {' and '.join(sorted(map(cut, inner))[:4])} stand inside of the "
            "classes; they make no parts. Put the classes into train and test for that."
        )
    elif len(inner) > 1 and len(within) > 1 and all(own == inner for own in within.values()):
        yield (
            f"The folders {listed(sorted(within), most=3)} are taken as the classes, and each "
            f"holds the same folders ({listed(sorted(inner), most=3)}). If these are the classes, "
            "call the folders around them train and test."
        )


def check_classes(placed: Sequence[Placed], found: Found) -> None:
    """Refuse pictures that are in no class folders, or of one class."""
    source, noun = found.source, found.noun
    labels = {item.label for item in placed if item.part == "train"} - {None}
    if not labels:
        raise DataError(
            f"{source} holds {pictures(len(placed), noun)} in no class folder, so nothing says "
            f"what they show. Put the {noun}s of each class into a folder: {source}/cat/1"
            f"{ENDINGS_OF.get(noun, '.csv' + ONE_TABLE)}{in_table(found)}."
        )
    if len(labels) == 1:
        raise DataError(
            f"{source} holds one class only, {cut(str(*labels))!r}, so there is nothing to learn. "
            f"Give a folder of {noun}s for each class{'' if noun in ENDINGS_OF else ONE_TABLE}"
            f"{in_table(found)}."
        )


def in_table(found: Found) -> str:
    """Say how a table beside the pictures may tell their classes, where there is one."""
    tables = sorted(
        (name for name in found.tables if "submission" not in name.lower()),
        key=lambda name: (name.lower().endswith("json"), name),
    )
    if not tables:
        return ""
    return f"; or name the column of {cut(tables[0])} that does with {option('target')}"


def check_left(
    placed: Sequence[Placed],
    kept: Sequence[Placed],
    broken: Mapping[str, str],
    noun: str = "picture",
) -> None:
    """Refuse a class of which no training picture can be read.

    Args:
        placed: All pictures.
        kept: Those that were read.
        broken: File -> why it was not.
        noun: What one of the files is.
    """
    before = {str(item.label) for item in placed if item.part == "train"}
    for label in sorted(before - {str(item.label) for item in kept if item.part == "train"}):
        own = {
            item.file.name: broken[item.file.name]
            for item in placed
            if (str(item.label), item.part) == (label, "train") and item.file.name in broken
        }
        raise DataError(
            f"Of the class {cut(label)!r} none of {pictures(len(own), noun)} to train on can be "
            f"read: {first_of(own)}. Correct them, or take the folder away."
        )


def origin_for(kept: Sequence[Placed], files: Mapping[str, str]) -> Origin:
    """Say which part, number and file each picture is."""
    sizes = Counter(item.part for item in kept)
    ordered = {part: sizes[part] for part in dict.fromkeys(PARTS.values()) if part in sizes}
    counted = origin_of(ordered, {part: files[part] for part in ordered} if files else {})
    return replace(
        counted,
        rows=np.array([item.row for item in kept], dtype=np.int64),
        pictures=np.array([item.file.name for item in kept], dtype=object),
    )


def say_classes(kept: Sequence[Placed], found: Found) -> Iterator[str]:
    """Say which classes have too few pictures, or none in a part."""
    counts = {part: Counter[str]() for part in {item.part for item in kept}}
    for item in kept:
        counts[item.part][str(item.label)] += 1
    train = counts["train"]
    if "test" in counts:
        lacking = [name for name in train if name not in counts["test"]]
        yield from say_lacking(lacking, f"test {found.noun}s")
        unknown = {name for part in counts.values() for name in part} - set(train)
        if unknown:
            rows = sum(part[name] for part in counts.values() for name in unknown)
            more = f"training {found.noun}s, but {rows:,} to judge by"
            yield from say_lacking(sorted(unknown), more)
        single = sorted(name for name in train if train[name] == 1)
        if single:
            yield f"{named_classes(single)} one training {found.noun} only."
    empty = sorted(empty_folders(found, {item.file.name for item in kept}))
    if empty and "test" not in counts:
        are = "folder holds" if len(empty) == 1 else "folders hold"
        yield f"{len(empty):,} {are} no {found.noun}: {examples(empty)}."


def say_lacking(names: Sequence[str], what: str) -> Iterator[str]:
    """Say which classes lack something."""
    if names:
        yield f"{named_classes(sorted(names))} no {what}."


def named_classes(names: Sequence[str]) -> str:
    """Begin a sentence on one class, or on several."""
    if len(names) == 1:
        return f"The class {cut(names[0])!r} has"
    shown = ", ".join(repr(cut(name)) for name in names[:5]) + (", …" if len(names) > 5 else "")
    return f"{len(names):,} classes ({shown}) have"


def empty_folders(found: Found, names: set[str]) -> Iterator[str]:
    """Yield the folders in the place of a class that hold no picture."""
    depth = common_folders(found) + 1
    for folder in found.folders:
        parts = folder.split("/")
        hidden = any(map(is_hidden, parts))
        if (
            len(parts) == depth
            and not hidden
            and not any(n.startswith(f"{folder}/") for n in names)
        ):
            yield folder


def no_pictures(found: Found) -> DataError:
    """The error for a folder or an archive without pictures: what it holds, and how to go on."""
    strange = found.tables + found.others
    hidden = sum(map(len, found.passed.values()))
    held = f"{len(strange):,} files ({counted(strange)})" if strange else "no file"
    held += f" and {hidden:,} that are hidden or left out" if hidden else ""
    way = "Give a folder or .zip with a folder of pictures for each class."
    if found.tables:
        table = sorted(found.tables)[0]
        way = f"It holds tables: give one, such as {found.given}/{cut(table)}."
    what = "a folder" if Path(found.given).is_dir() else "an archive"
    return DataError(f"{found.given!r} is {what} without a picture: {held}. {way}")
