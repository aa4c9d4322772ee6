"""Notes on pictures: what was passed over, cannot be read, or became another size, counted."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path

from bakeoff.cut import cut
from bakeoff.data.reading.decode import Size
from bakeoff.data.reading.decode_files import Met
from bakeoff.data.reading.picture_files import Found

FEW_LEVELS = 64  # of 256: pictures that use fewer are all but black
PASSED = {  # reason -> one of them, several
    "hidden": ("hidden file or folder", "hidden files and folders"),
    "link": ("link that leads to a folder or outside", "links that lead to folders or outside"),
    "outside": ("member that climbs out of the archive", "members that climb out of the archive"),
    "twice": ("name that stands twice", "names that stand twice"),
    "special": ("pipe or device", "pipes and devices"),
    "unreadable": ("entry that may not be read", "entries that may not be read"),
    "no class": ("{noun} in no class folder", "{noun}s in no class folder"),
    "no part": ("{noun} beside the parts", "{noun}s beside the parts"),
}


def pictures(number: int, noun: str = "picture") -> str:
    """Count pictures, or what each of the files is.

    Example:
        >>> pictures(1), pictures(1_000), pictures(2, "sequence")
        ('1 picture', '1,000 pictures', '2 sequences')
    """
    return f"{number:,} {noun}{'' if number == 1 else 's'}"


def passed_over(found: Found) -> Iterator[str]:
    """Count in one sentence what was not looked at, with examples."""
    said = []
    for reason, names in found.passed.items():
        one, several = PASSED[reason]
        what = (one if len(names) == 1 else several).format(noun=found.noun)
        said.append(f"{len(names):,} {what} ({examples(names)})")
    strange = found.tables + found.others
    if strange and found.files:
        several = f"{len(strange):,} files that are no {found.noun}s"
        kinds = f"1 file that is no {found.noun}" if len(strange) == 1 else several
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


def first_of(broken: Mapping[str, str]) -> str:
    """Name the first file that cannot be read, and why."""
    name, cause = next(iter(broken.items()))
    return f"{cut(name)}: {cause}"


def say_broken(broken: Mapping[str, str], number: int, noun: str = "picture") -> Iterator[str]:
    """Count the pictures that cannot be read, with an example and its cause."""
    if broken:
        are = "is" if len(broken) == 1 else "are"
        yield (
            f"{len(broken):,} of {pictures(number, noun)} cannot be read and {are} left out "
            f"(first: {first_of(broken)})."
        )


def say_sizes(met: Met, now: Sequence[int], wanted: Size | None) -> Iterator[str]:
    """Say which sizes became which; nothing where all keep their own."""
    if met.least == met.most == tuple(now):
        return
    if met.sizes == 1:
        which = f"Pictures of {by(met.least)} become"
    else:
        ends = f"between {by(met.least)} and {by(met.most)}"
        which = f"Pictures of {met.sizes:,} sizes, {ends}, become"
    way = "" if wanted else "; the option image_size chooses another size"
    yield f"{which} {by(now)} (height × width), their sides squashed{way}."


def by(size: Sequence[int]) -> str:
    """Write a size: 64 × 48."""
    return f"{size[0]:,} × {size[1]:,}"


def say_decoded(met: Met) -> Iterator[str]:
    """Say what of the files is lost in bytes: levels of 16 bits, further pictures."""
    if met.deep and met.highest // 257 < FEW_LEVELS:
        levels = met.highest // 257 + 1
        yield (
            f"{pictures(met.deep)} of 16 bits, but with no value above {met.highest:,}: of 256 "
            f"levels only about {levels} are used. Spread their values up to 65,535 for more."
        )
    if met.several:
        has = "file holds several" if met.several == 1 else "files hold several"
        yield f"{met.several:,} {has} pictures; the first is read."
