"""PictureFile: one picture in a folder or in a .zip; and what else was found there.

A folder and an archive come from a stranger. Nothing outside of them is opened: links to folders
are not followed, links to files only where they stay inside, members of an archive that climb out
(`../`) never. What is passed over is kept by its reason, so that it can be counted.
"""

from __future__ import annotations

import os
import stat
import unicodedata
import zipfile
from collections.abc import Iterator
from dataclasses import dataclass, field
from itertools import islice
from pathlib import Path, PurePosixPath

from bakeoff.data.reading.unpack import (
    BROKEN,
    SUFFIXES,
    cause,
    check_file,
    check_unpacked,
    unreadable,
)
from bakeoff.errors import DataError

ENDINGS = (".jpg", ".jpeg", ".jpe", ".jfif", ".png", ".bmp", ".gif", ".tif", ".tiff", ".webp",
           ".ppm", ".pgm", ".pbm", ".pnm", ".jp2", ".avif")  # fmt: skip
TABLES = (*SUFFIXES, ".npz", ".npy")  # what else bakeoff reads
NO_ARCHIVES = (".npz", ".npy", ".xlsx", ".xlsm", ".ods")  # that are zipped and are read otherwise
SYSTEM = ("__macosx", "thumbs.db", "desktop.ini")  # as hidden as what begins with a dot
MOST_ENTRIES = 10**6  # of a folder or an archive: listing them takes some 10 s
MOST_LOOKED_AT = 1_000  # files that tell whether there are pictures
MOST_PICTURE = 10**8  # bytes of one file


@dataclass(frozen=True, kw_only=True, slots=True)
class PictureFile:
    """A file that is a picture by its ending, or another one.

    Args:
        name: Where it stands, from the folder or archive that was given: "red/1.png".
        path: The file, or the archive that holds it.
        member: Its name inside the archive; "" in a folder.
        size: Bytes.
        raw: What it holds, where it comes from a cell of a table and not from a file.
    """

    name: str
    path: Path
    member: str
    size: int
    raw: bytes = field(default=b"", repr=False)


@dataclass(frozen=True, kw_only=True, slots=True)
class Found:
    """What stands in a folder or an archive.

    Args:
        source: What to call it.
        given: Its path, as the user gave it.
        noun: What one of the files is.
        files: The pictures, in the order of their names.
        folders: Names of all folders, as "train/cat".
        tables: Files that are no pictures and could be read as tables.
        others: Other files that are no pictures.
        strange: All files that are no pictures.
        passed: Reason -> what was passed over for it.
    """

    source: str
    given: str = ""
    noun: str = "picture"
    files: list[PictureFile] = field(default_factory=list)
    folders: set[str] = field(default_factory=set)
    tables: list[str] = field(default_factory=list)
    others: list[str] = field(default_factory=list)
    strange: list[PictureFile] = field(default_factory=list)
    passed: dict[str, list[str]] = field(default_factory=dict)

    def pass_over(self, reason: str, name: str) -> None:
        """Note something that is not looked at."""
        self.passed.setdefault(reason, []).append(name)

    def take(self, name: str, path: Path, member: str, size: int) -> None:
        """Note a file by its ending, in any case."""
        ending = name[name.rfind(".") :].lower()  # ten times as fast as Path
        file = PictureFile(name=name, path=path, member=member, size=size)
        if ending in ENDINGS:
            self.files.append(file)
        else:
            self.strange.append(file)
            (self.tables if ending in TABLES else self.others).append(name)


def find_pictures(path: Path) -> Found:
    """List a folder or an archive, or take one picture.

    Raises:
        DataError: It cannot be read, is encrypted, or holds too much.
    """
    if is_picture(path):
        check_file(path, holding="a picture")
        found = Found(source=path.name, given=str(path))
        found.take(written(path.name), path, "", path.stat().st_size)
        return found
    found = list_folder(path) if path.is_dir() else list_archive(path)
    found.files.sort(key=lambda file: file.name)
    return found


def begins_with_picture(path: Path) -> bool:
    """Tell whether a picture is among the first files of a folder or an archive, without a list."""
    if path.is_dir():
        inner = (name for _, _, files in os.walk(path) for name in files)
        names = list(islice(inner, MOST_LOOKED_AT))
    else:
        with zipfile.ZipFile(path) as archive:
            names = archive.namelist()[:MOST_LOOKED_AT]
    return any(name.lower().endswith(ENDINGS) for name in names)


def holds_pictures(path: Path) -> bool:
    """Tell whether this is a folder, a picture, or an archive with more pictures than tables."""
    try:
        if path.is_dir() or is_picture(path):
            return True
        if not path.is_file() or path.suffix.lower() in NO_ARCHIVES or not is_archive(path):
            return False
        found = list_archive(path, checked=False)
    except (DataError, *BROKEN):
        return False  # whoever reads it as a table says what is wrong
    return len(found.files) > len(found.tables) or not found.tables


def is_picture(path: Path) -> bool:
    """Tell whether this is a file that is a picture by its ending."""
    return path.suffix.lower() in ENDINGS and path.is_file()


def is_archive(path: Path) -> bool:
    """Tell whether a file begins as a .zip does, be it an empty one."""
    with path.open("rb") as file:
        return file.read(4) in (b"PK\x03\x04", b"PK\x05\x06")


def list_folder(root: Path) -> Found:
    """List a folder and the folders in it; what may not be read is passed over."""
    found = Found(source=root.name or root.resolve().name or str(root), given=str(root))
    inside = root.resolve()
    waiting, seen = [(root, "")], 0
    while waiting:
        folder, above = waiting.pop()
        for entry in entries_of(folder, above, found):
            seen += 1
            check_number(seen, found.source)
            name = above + written(entry.name)
            if is_hidden(entry.name):
                found.pass_over("hidden", name)
            elif entry.is_dir(follow_symlinks=False):
                found.folders.add(name)
                waiting.append((Path(entry.path), f"{name}/"))
            elif entry.is_symlink() and not stays_inside(Path(entry.path), inside):
                found.pass_over("link", name)
            else:
                take_file(entry, name, found)
    return found


def entries_of(folder: Path, above: str, found: Found) -> Iterator[os.DirEntry[str]]:
    """Yield what stands in a folder; the folder that was given must be readable."""
    try:
        with os.scandir(folder) as entries:
            yield from entries
    except OSError as error:
        if not above:
            raise DataError(f"{folder} cannot be read: {error.strerror}.") from error
        found.pass_over("unreadable", above.rstrip("/"))


def take_file(entry: os.DirEntry[str], name: str, found: Found) -> None:
    """Note a regular file; pipes, devices and sockets are passed over."""
    try:
        about = entry.stat()
    except OSError:
        found.pass_over("unreadable", name)
        return
    if stat.S_ISREG(about.st_mode):
        found.take(name, Path(entry.path), "", about.st_size)
    else:
        found.pass_over("special", name)


def stays_inside(link: Path, root: Path) -> bool:
    """Tell whether a link leads to a file inside a folder; links to folders may loop."""
    try:
        target = link.resolve(strict=True)
        return target.is_relative_to(root) and not target.is_dir()
    except (OSError, RuntimeError):  # a link to itself, or to nothing
        return False


def list_archive(path: Path, *, checked: bool = True) -> Found:
    """List a .zip without unpacking anything.

    Args:
        path: The archive.
        checked: Whether one that is encrypted, or holds too much, is refused.
    """
    check_file(path, holding="pictures")
    found = Found(source=path.name, given=str(path))
    try:
        with zipfile.ZipFile(path) as archive:
            members = archive.infolist()
    except BROKEN as error:
        raise unreadable(path.name, error) from error
    if checked:
        check_number(len(members), path.name)
        check_members(members, path)
    hidden: set[str] = set()
    taken: set[str] = set()
    for info in members:
        name = written(info.filename.replace("\\", "/").rstrip("/"))
        parts = name.split("/")
        if ".." in parts or name.startswith("/") or parts[0].endswith(":"):
            found.pass_over("outside", name)
        elif holds_hidden(name, parts):
            first = next(i for i, part in enumerate(parts) if is_hidden(part))
            hidden.add("/".join(parts[: first + 1]))
        elif info.is_dir():
            found.folders.add(name)
        elif stat.S_ISLNK(info.external_attr >> 16):
            found.pass_over("link", name)
        elif name in taken:
            found.pass_over("twice", name)
        else:
            taken.add(name)
            found.take(name, path, info.filename, info.file_size)
    found.folders.update(folders_above(taken))
    found.passed.update({"hidden": sorted(hidden)} if hidden else {})
    return found


def folders_above(names: set[str]) -> set[str]:
    """Return the folders in which files stand; an archive need not list them."""
    folders = {name.rpartition("/")[0] for name in names} - {""}
    above = {str(parent) for folder in folders for parent in PurePosixPath(folder).parents}
    return (folders | above) - {"."}


def check_members(members: list[zipfile.ZipInfo], path: Path) -> None:
    """Refuse an archive that is encrypted, and one that says that it holds far more than it can."""
    if any(info.flag_bits & 1 for info in members):
        raise DataError(f"{path.name} is encrypted. Unpack it and give the folder.")
    unpacked = sum(info.file_size for info in members)
    check_unpacked(unpacked, path.stat().st_size, path.name)


def check_number(entries: int, source: str) -> None:
    """Refuse what holds too many files to list."""
    if entries > MOST_ENTRIES:
        raise DataError(
            f"{source} holds more than {MOST_ENTRIES:,} files and folders. Give the folder in "
            "which the folders of the classes stand."
        )


def is_hidden(name: str) -> bool:
    """Tell whether a file or folder is there for the system alone."""
    return name.startswith(".") or name.lower() in SYSTEM


def holds_hidden(name: str, parts: list[str]) -> bool:
    """Tell whether a file, or a folder that it stands in, is hidden."""
    folded = name.lower()
    if folded[:1] != "." and "/." not in folded and not any(word in folded for word in SYSTEM):
        return False  # of half a million names, in a fifth of the time
    return any(map(is_hidden, parts))


def written(name: str) -> str:
    """Return a name as text that can be shown and compared, whatever bytes the system has.

    An é of one letter and one of e and an accent are the same class.
    """
    if name.isascii():
        return name
    text = os.fsencode(name).decode("utf-8", "backslashreplace") if has_raw_bytes(name) else name
    return unicodedata.normalize("NFC", text)


def has_raw_bytes(name: str) -> bool:
    """Tell whether a name of the file system is no UTF-8."""
    return any("\ud800" <= letter <= "\udfff" for letter in name)


class Opened:
    """Reads files one after the other; an archive is opened once.

    Example:
        `with Opened() as opened: raw = opened.read(file)`
    """

    def __init__(self) -> None:
        self.archives: dict[Path, zipfile.ZipFile] = {}

    def __enter__(self) -> Opened:
        return self

    def __exit__(self, *_: object) -> None:
        for archive in self.archives.values():
            archive.close()

    def read(self, file: PictureFile) -> bytes:
        """Return the bytes of a picture.

        Raises:
            ValueError: It is empty or too large; the message goes on from "because".
            OSError, zipfile.BadZipFile: It cannot be read.
        """
        if file.size > MOST_PICTURE:
            raise ValueError(f"it has {file.size:,} bytes, more than {MOST_PICTURE:,}")
        raw = file.raw
        if not raw:
            raw = self.read_member(file) if file.member else file.path.read_bytes()
        if not raw:
            raise ValueError("it is empty")
        return raw

    def read_member(self, file: PictureFile) -> bytes:
        """Return the bytes of a file in an archive."""
        if file.path not in self.archives:
            self.archives[file.path] = zipfile.ZipFile(file.path)
        with self.archives[file.path].open(file.member) as packed:
            return packed.read(MOST_PICTURE)


def why(error: BaseException) -> str:
    """Say in a few words why a picture cannot be read."""
    return "it is no picture" if "cannot identify" in str(error) else cause(error)
