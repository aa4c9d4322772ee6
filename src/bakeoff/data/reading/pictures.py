"""Pictures: class folders of picture files, in a folder or a .zip, as one array.

    root/<class>/*.jpg                             split by bakeoff
    root/train/<class>/…, root/test/<class>/…      parts: train, val, valid, validation, test, or
                                                   what ends in _ or - and one of these
    root/*.jpg, or one file                        new data alone: no class is known

Files are taken in the order of their names, so that no row depends on the file system, and nothing
is taken from the first of them: size and channels follow from all.
"""

from __future__ import annotations

import re
import warnings
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import NamedTuple

import numpy as np

from bakeoff.cut import cut
from bakeoff.data.array import Array
from bakeoff.data.origin import Origin, origin_of
from bakeoff.data.reading.decode import SIDE, Decoded, Size, as_grey, brought_to, decode, has_colour
from bakeoff.data.reading.picture_files import (
    Found,
    Opened,
    PictureFile,
    find_pictures,
    holds_pictures,
    is_hidden,
    why,
)
from bakeoff.errors import DataError, RequestError, option

PARTS = {"train": "train", "val": "validation", "valid": "validation", "validation": "validation",
         "test": "test"}  # fmt: skip
LARGEST_SIDE = 4096  # pixels
MOST_BYTES = 4 * 10**9  # of all pixels: models see them as floats, four times as large
FEW_LEVELS = 64  # of 256: pictures that use fewer are all but black
PASSED = {  # reason -> one of them, several
    "hidden": ("hidden file or folder", "hidden files and folders"),
    "link": ("link that leads to a folder or outside", "links that lead to folders or outside"),
    "outside": ("member that climbs out of the archive", "members that climb out of the archive"),
    "twice": ("name that stands twice", "names that stand twice"),
    "special": ("pipe or device", "pipes and devices"),
    "unreadable": ("entry that may not be read", "entries that may not be read"),
    "no class": ("picture in no class folder", "pictures in no class folder"),
    "no part": ("picture beside the parts", "pictures beside the parts"),
}


@dataclass(frozen=True, kw_only=True, slots=True, eq=False)
class Pictures:
    """Pictures as they were given, all parts behind each other.

    Args:
        x: (N, Y, X, C) uint8, C 1 or 3.
        labels: (N,) the folder of the class of each, or None where there is none.
        origin: The part, number and file of each.
        source: What to call them in messages.
        notes: What was decided, counted and left out, in sentences.
    """

    x: Array
    labels: Array
    origin: Origin
    source: str
    notes: tuple[str, ...]

    @property
    def files(self) -> Array:
        """(N,) where each picture stands, from what was given: "red/1.png"."""
        return np.asarray(self.origin.pictures)


class Placed(NamedTuple):
    """A picture file, its number in its part from 1, its part and its class, if it has one."""

    file: PictureFile
    row: int
    part: str
    label: str | None


def are_pictures(data: object) -> bool:
    """Tell whether `data` is read here: a folder, or a .zip that holds pictures."""
    if not isinstance(data, (str, Path)):
        return False
    try:
        return holds_pictures(Path(data))
    except (OSError, ValueError):  # a name that is too long, or holds a zero byte
        return False


def read_pictures(given: Mapping[str, object], size: str = "") -> Pictures:
    """Read pictures for training.

    Args:
        given: "train", "validation", "test" -> folder or .zip; the first alone may bring all parts.
        size: "64" or "64x48", height × width; "" keeps their own size where all have one of up to
            64 × 64, and else squashes them to 64 × 64.

    Raises:
        DataError: There are no pictures in class folders, or a class has none that can be read.
        RequestError: The size is none.
    """
    found = {part: find_pictures(existing(value, part)) for part, value in given.items()}
    return pictures_of(found, size)


def existing(value: object, part: str) -> Path:
    """Return the path of a part; what holds no pictures is refused."""
    if are_pictures(value):
        return Path(str(value))
    raise DataError(
        f"{option(part, str(value)[:200])} is no folder and no .zip of pictures, but the training "
        "data are. Give pictures of the same classes."
    )


def pictures_of(found: Mapping[str, Found], size: str) -> Pictures:
    """Place the files that were found, decode them, and say what was decided."""
    wanted = size_of(size)
    first = found["train"]
    notes = [note for one in found.values() for note in passed_over(one)]
    if len(found) == 1:
        placed, more, files = place(first)
        notes += more
    else:
        placed, files = [], {}
        for part, one in found.items():
            own, more, parts = place(one)
            notes += more
            if parts:
                raise DataError(
                    f"{one.source} brings its own parts ({', '.join(parts.values())}); give "
                    "either those or separate folders."
                )
            files[part] = one.source
            placed += [item._replace(part=part) for item in own]
    check_classes(placed, first.source)
    kept, decoded, broken = decode_all([item for item in placed if item.label is not None], wanted)
    check_left(placed, kept, broken)
    x, more = stacked([one.pixels for one in decoded], 0)
    told = [*say_broken(broken, len(placed)), *say_sizes(decoded, x, wanted), *say_decoded(decoded)]
    return Pictures(
        x=x,
        labels=np.array([item.label for item in kept], dtype=object),
        origin=origin_for(kept, files),
        source=first.source,
        notes=(*notes, *told, *more, *say_classes(kept, first)),
    )


def read_new_pictures(data: object, shape: tuple[int, int, int]) -> Pictures:
    """Read pictures to be predicted, in class folders or flat, all in the order of their names.

    Args:
        data: A folder or a .zip, or what was found in some.
        shape: Height, width and channels that the run was trained on: 1 or 3 channels.

    Raises:
        DataError: None can be read.
    """
    found = data if isinstance(data, Found) else find_pictures(Path(str(data)))
    placed = place(found, new=True)[0]
    kept, decoded, broken = decode_all(placed, shape[:2])
    if not kept:
        raise DataError(f"Of {pictures(len(placed))} none can be read: {first_of(broken)}.")
    x, notes = stacked([one.pixels for one in decoded], shape[2])
    return Pictures(
        x=x,
        labels=np.array([item.label for item in kept], dtype=object),
        origin=origin_for(kept, {}),
        source=found.source,
        notes=(
            *passed_over(found),
            *say_broken(broken, len(placed)),
            *say_decoded(decoded),
            *notes,
        ),
    )


def size_of(text: str) -> Size | None:
    """Read "64" or "64x48" as height and width.

    Example:
        >>> size_of("64"), size_of("64x48"), size_of("")
        ((64, 64), (64, 48), None)
    """
    if not text:
        return None
    match = re.fullmatch(r"\s*(\d{1,6})(?:\s*[x×X]\s*(\d{1,6}))?\s*", text)
    sides = [int(side) for side in match.groups() if side] if match else [0]
    if not all(1 <= side <= LARGEST_SIDE for side in sides):
        raise RequestError(
            f"{option('image_size', text)} must be a side or height x width in pixels, up to "
            f"{LARGEST_SIDE:,}, such as {option('image_size', '64')} or 64x48."
        )
    return sides[0], sides[-1]


def passed_over(found: Found) -> Iterator[str]:
    """Count in one sentence what was not looked at, with examples."""
    said = []
    for reason, names in found.passed.items():
        one, several = PASSED[reason]
        said.append(f"{len(names):,} {one if len(names) == 1 else several} ({examples(names)})")
    strange = found.tables + found.others
    if strange and found.files:
        kinds = "1 file that is no picture" if len(strange) == 1 else f"{len(strange):,} files that"
        kinds += "" if len(strange) == 1 else " are no pictures"
        said.append(f"{kinds} ({counted(strange)})")
    if said:
        yield f"{found.source}: {'; '.join(said)} left out."


def examples(names: Sequence[str]) -> str:
    """Name the first two."""
    shown = ", ".join(cut(name) for name in sorted(names)[:2])
    return shown + (", …" if len(names) > 2 else "")


def counted(names: Sequence[str]) -> str:
    """Count files by their endings: 3 .csv, 1 .txt."""
    endings = Counter(Path(name).suffix.lower() or "without an ending" for name in names)
    return ", ".join(f"{n:,} {cut(ending)}" for ending, n in endings.most_common(5))


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


def place(found: Found, *, new: bool = False) -> tuple[list[Placed], list[str], dict[str, str]]:
    """Decide which part and which class each picture belongs to, from the folders it stands in.

    Args:
        found: What stands there.
        new: Whether these are new data: every picture is taken, and parts are not told apart.

    Returns:
        The pictures, part by part; notes; and part -> its folder, nothing where there are no parts.
    """
    if not found.files:
        raise no_pictures(found)
    skipped = common_folders(found)
    notes = []
    if skipped and not new:
        above = "/".join(found.files[0].name.split("/")[:skipped])
        notes.append(f"All pictures stand in {cut(above)}; the folders in it are the classes.")
    split = {file.name: file.name.split("/")[skipped:] for file in found.files}
    parts = part_folders(split.values())
    placed: list[Placed] = []
    numbers: Counter[str] = Counter()
    for file in found.files:
        folders = split[file.name][:-1]
        part = parts.get(folders[0], "") if parts and folders else "train"
        if parts and not new and not part:
            found.pass_over("no part", file.name)
            continue
        own = folders[1:] if parts and folders and folders[0] in parts else folders
        if not own and not new:
            found.pass_over("no class", file.name)
        part = "train" if new else part
        numbers[part] += 1
        placed.append(Placed(file, numbers[part], part, own[0] if own else None))
    if not parts and not new:
        notes += say_inner_parts(split.values())
    left = {why: names for why, names in found.passed.items() if why in ("no class", "no part")}
    notes += passed_over(Found(source=found.source, passed=left))
    placed.sort(key=lambda item: (list(PARTS.values()).index(item.part), item.row))
    return placed, notes, {} if new else {part: folder for folder, part in parts.items()}


def common_folders(found: Found) -> int:
    """Count the folders around all others, such as the one that an archive was made of."""
    names = [file.name.split("/") for file in found.files]
    folders = [folder.split("/") for folder in found.folders]
    skipped = 0
    while all(len(name) >= skipped + 3 for name in names):
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


def say_inner_parts(names: Iterable[list[str]]) -> Iterator[str]:
    """Say that folders inside of the classes are not taken as parts, though they are called so."""
    inner = {name[1] for name in names if len(name) > 2}
    if len({part_of(folder) for folder in inner} - {""}) > 1:
        yield (
            f"Folders called {' and '.join(sorted(map(cut, inner))[:4])} stand inside of the "
            "classes; they make no parts. Put the classes into train and test for that."
        )


def part_of(folder: str) -> str:
    """Return the part that a folder is called like, or nothing.

    Example:
        >>> part_of("clouds_train"), part_of("VAL"), part_of("rest")
        ('train', 'validation', '')
    """
    return PARTS.get(re.split(r"[_-]", folder.casefold())[-1], "")


def check_classes(placed: Sequence[Placed], source: str) -> None:
    """Refuse pictures that are in no class folders, of one class, or without test pictures."""
    labels = {item.label for item in placed if item.part == "train"} - {None}
    parts = {item.part for item in placed}
    if not labels:
        raise DataError(
            f"{source} holds {pictures(len(placed))} in no class folder, so nothing says what "
            f"they show. Put the pictures of each class into a folder: {source}/cat/1.jpg."
        )
    if len(labels) == 1:
        raise DataError(
            f"{source} holds one class only, {cut(str(*labels))!r}, so there is nothing to learn. "
            "Give a folder of pictures for each class."
        )
    if len(parts) > 1 and "test" not in parts:
        raise DataError(
            f"{source} holds training and validation pictures, but none to test with. Call the "
            "folder of the validation pictures test: a part of the others then validates."
        )


def decode_all(
    placed: Sequence[Placed], size: Size | None
) -> tuple[list[Placed], list[Decoded], dict[str, str]]:
    """Decode one picture after the other; threads would gain nothing, as was measured.

    Returns:
        The pictures that can be read, their pixels, and for the others name -> cause.
    """
    kept, decoded, broken, held = [], [], {}, 0
    with warnings.catch_warnings(), Opened() as opened:
        warnings.simplefilter("ignore")  # Pillow's own; what it cannot read is counted here
        for item in placed:
            try:
                one = decode(opened.read(item.file), size)
            except Exception as error:  # a decoder may raise anything
                broken[item.file.name] = why(error)
                continue
            kept.append(item)
            decoded.append(one)
            held += one.pixels.nbytes
            check_memory(held, len(kept), len(placed))
    return kept, decoded, broken


def check_memory(held: int, read: int, number: int) -> None:
    """Refuse more pixels than memory should hold, as soon as it shows."""
    if held > MOST_BYTES:
        raise DataError(
            f"The first {read:,} of {pictures(number)} take {held:,} bytes; {MOST_BYTES:,} can "
            f"be held. Give a smaller {option('image_size')}, or fewer pictures."
        )


def check_left(placed: Sequence[Placed], kept: Sequence[Placed], broken: Mapping[str, str]) -> None:
    """Refuse a class of which no training picture can be read."""
    before = {str(item.label) for item in placed if item.part == "train" and item.label}
    for label in sorted(before - {str(item.label) for item in kept if item.part == "train"}):
        own = {
            item.file.name: broken[item.file.name]
            for item in placed
            if item.label == label and item.file.name in broken and item.part == "train"
        }
        raise DataError(
            f"Of the class {cut(label)!r} none of {pictures(len(own))} to train on can be read: "
            f"{first_of(own)}. Correct them, or take the folder away."
        )


def pictures(number: int) -> str:
    """Count pictures.

    Example:
        >>> pictures(1), pictures(1_000)
        ('1 picture', '1,000 pictures')
    """
    return f"{number:,} picture{'' if number == 1 else 's'}"


def first_of(broken: Mapping[str, str]) -> str:
    """Name the first file that cannot be read, and why."""
    name, cause = next(iter(broken.items()))
    return f"{cut(name)}: {cause}"


def stacked(pixels: list[Array], channels: int) -> tuple[Array, list[str]]:
    """Put pictures of one size, or squashed to one, into an array.

    Args:
        pixels: Of each picture, (Y, X, 3).
        channels: 1 or 3; 0: 3 where any picture has colour.

    Returns:
        (N, Y, X, C) uint8, and what was decided about colours.
    """
    if len({picture.shape for picture in pixels}) > 1:
        pixels = [brought_to(picture, (SIDE, SIDE)) for picture in pixels]
    notes = []
    if channels == 1:
        coloured = [has_colour(picture[None]) for picture in pixels]
        pixels = [
            as_grey(picture) if colour else picture[..., :1]
            for picture, colour in zip(pixels, coloured, strict=True)
        ]
        if any(coloured):
            which = f"{sum(coloured):,} of {pictures(len(pixels))}"
            notes.append(f"{which} in colours; the run was trained on grey ones: made grey.")
    x = np.stack(pixels)
    if not channels and not has_colour(x):
        x = np.ascontiguousarray(x[..., :1])
    return x, notes


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


def say_broken(broken: Mapping[str, str], number: int) -> Iterator[str]:
    """Count the pictures that cannot be read, with an example and its cause."""
    if broken:
        are = "is" if len(broken) == 1 else "are"
        yield (
            f"{len(broken):,} of {pictures(number)} cannot be read and {are} left out (first: "
            f"{first_of(broken)})."
        )


def say_sizes(decoded: Sequence[Decoded], x: Array, wanted: Size | None) -> Iterator[str]:
    """Say which sizes became which; nothing where all keep their own."""
    sizes = sorted({one.own for one in decoded})
    now = x.shape[1:3]
    if sizes == [now]:
        return
    if len(sizes) == 1:
        which = f"Pictures of {by(sizes[0])} become"
    else:
        least = tuple(min(size[axis] for size in sizes) for axis in (0, 1))
        most = tuple(max(size[axis] for size in sizes) for axis in (0, 1))
        which = f"Pictures of {len(sizes):,} sizes, between {by(least)} and {by(most)}, become"
    way = "" if wanted else "; the option image_size chooses another size"
    yield f"{which} {by(now)} (height × width), their sides squashed{way}."


def by(size: Sequence[int]) -> str:
    """Write a size: 64 × 48."""
    return f"{size[0]:,} × {size[1]:,}"


def say_decoded(decoded: Sequence[Decoded]) -> Iterator[str]:
    """Say what of the files is lost in bytes: levels of 16 bits, further pictures."""
    deep = [one.highest for one in decoded if one.highest]
    if deep and max(deep) // 257 < FEW_LEVELS:
        levels = max(deep) // 257 + 1
        yield (
            f"{pictures(len(deep))} of 16 bits, but with no value above {max(deep):,}: of 256 "
            f"levels only about {levels} are used. Spread their values up to 65,535 for more."
        )
    several = sum(one.several for one in decoded)
    if several:
        has = "file holds" if several == 1 else "files hold"
        yield f"{several:,} {has} several pictures each; the first is read."


def say_classes(kept: Sequence[Placed], found: Found) -> Iterator[str]:
    """Say which classes have too few pictures, or none in a part."""
    counts = {part: Counter[str]() for part in {item.part for item in kept}}
    for item in kept:
        counts[item.part][str(item.label)] += 1
    train = counts["train"]
    if "test" in counts:
        yield from say_lacking([name for name in train if name not in counts["test"]], "test")
        unknown = {name for part in counts.values() for name in part} - set(train)
        if unknown:
            rows = sum(part[name] for part in counts.values() for name in unknown)
            yield from say_lacking(sorted(unknown), "training", f", but {rows:,} to judge by")
        single = sorted(name for name in train if train[name] == 1)
        if single:
            yield f"{named_classes(single)} one training picture only."
    empty = sorted(empty_folders(found, {item.file.name for item in kept}))
    if empty and "test" not in counts:
        are = "folder holds" if len(empty) == 1 else "folders hold"
        yield f"{len(empty):,} {are} no picture: {examples(empty)}."


def say_lacking(names: Sequence[str], part: str, more: str = "") -> Iterator[str]:
    """Say which classes a part lacks."""
    if names:
        yield f"{named_classes(sorted(names))} no {part} pictures{more}."


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
