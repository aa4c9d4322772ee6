"""Mutate: damage files as chance, bad disks and bad people do, the same way for the same seed.

random = Random(seed)
raw = mutate(whole, random)                # any file: bytes flipped, cut, doubled, moved
text = mutate_text(whole, random)          # texts: marks, numbers and letters of ill repute
document = mutate_document(whole, random)  # plain data of JSON: a value for another, anywhere
with Limits(seconds=20, megabytes=2_000) as limits: ...   # processor time and memory
"""

import json
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from random import Random
from typing import Any

MOST = 200_000  # bytes of a mutated file: what is wrong with a large one is wrong with a small one
NUMBERS = (
    *("0", "-1", "1e400", "-1e400", "1e-400", "nan", "inf", "-inf", "9223372036854775807"),
    *("-9223372036854775809", "18446744073709551616", "4294967296", "2147483648", "0.1e"),
    *("1.2.3", "1,234", "1.234,5", "0x1F", "1_000", "007", "1e5", "-", "+", ".", "−1", "١٢"),
    *("½", "(81.82)", "<0.05", "8.9D-01", "9" * 20, "9" * 5_000),
)
MARKS = ("", " ", "\t", "\r", "\n", "\r\n", ",", ";", "|", '"', "'", "\\", "{", "}", "[", "]", "%s")
STRANGE = "\x00\x01\x85\u0130\u200b\u2028\u202e\ue000\ue001\ufeff\U0001f600éß"
WORDS = ("\\ud800", "\\u0000", "null", "true", "None", "sep=,\n", "2021-02-30", "=1+1", "../x")
LETTERS = (*MARKS, *STRANGE, *WORDS)
VALUES: tuple[Any, ...] = (
    *(None, True, 0, -1, 3, -1.5, 2**31, 2**63, 2**64, 10**30, 1e308, float("inf"), float("nan")),
    *("", "text", "../../out", "\x00", "é" * 300, [], [[1]], [None, "a", 1], {}, {"a": None}),
)


def flip(raw: bytearray, random: Random) -> None:
    """Turn single bits around."""
    for _ in range(random.choice((1, 1, 2, 8, 64))):
        raw[random.randrange(len(raw))] ^= 1 << random.randrange(8)


def overwrite(raw: bytearray, random: Random) -> None:
    """Write bytes of one value, or of any, over a stretch."""
    start, end = stretch(raw, random, 16)
    fill = random.choice((b"\x00", b"\xff", b"\x7f", b"\x80", b"9", None))
    raw[start:end] = random.randbytes(end - start) if fill is None else fill * (end - start)


def cut(raw: bytearray, random: Random) -> None:
    """Take a stretch out."""
    start, end = stretch(raw, random, len(raw))
    del raw[start:end]


def cut_end(raw: bytearray, random: Random) -> None:
    """Leave off the end, as a download that broke off."""
    del raw[random.randrange(len(raw)) :]


def double(raw: bytearray, random: Random) -> None:
    """Write a stretch again behind itself, up to a thousand times."""
    start, end = stretch(raw, random, 200)
    raw[end:end] = raw[start:end] * random.choice((1, 2, 10, 1_000))


def move(raw: bytearray, random: Random) -> None:
    """Copy a stretch over another place."""
    start, end = stretch(raw, random, 64)
    to = random.randrange(len(raw))
    raw[to : to + end - start] = raw[start:end]


def insert(raw: bytearray, random: Random) -> None:
    """Put in a letter or number of ill repute."""
    at = random.randrange(len(raw))
    raw[at:at] = random.choice(NUMBERS + LETTERS).encode()


def count(raw: bytearray, random: Random) -> None:
    """Write a size at its limit, as a little-endian integer of 2, 4 or 8 bytes."""
    width = random.choice((2, 4, 8))
    number = random.choice((0, 1, 2 ** (8 * width) - 1, 2 ** (8 * width - 1) - 1, 2**16 - 1))
    at = random.randrange(len(raw))
    raw[at : at + width] = number.to_bytes(width, "little")


def digits(raw: bytearray, random: Random) -> None:
    """Write another digit over one of those that stand there as text: sizes of headers, cells."""
    places = [i for i, byte in enumerate(raw[:MOST]) if 48 <= byte <= 57]
    if places:
        at = random.choice(places)
        raw[at : at + 1] = random.choice(NUMBERS).encode()


MUTATORS: tuple[Callable[[bytearray, Random], None], ...] = (
    flip, overwrite, cut, cut_end, double, move, insert, count, digits
)  # fmt: skip


def mutate(whole: bytes, random: Random) -> bytes:
    """Damage the bytes of any file, in one to four ways."""
    raw = bytearray(whole)
    for _ in range(random.choice((1, 1, 2, 4))):
        if raw:
            random.choice(MUTATORS)(raw, random)
    return bytes(raw[:MOST])


def mutate_text(whole: str, random: Random) -> str:
    """Damage a text: a cell or a mark for another, lines doubled, lost or turned."""
    lines = whole.splitlines(keepends=True)
    for _ in range(random.choice((1, 1, 2, 4, 16))):
        lines = [line[:MOST] for line in lines]
        at = random.randrange(len(lines))
        line = lines[at]
        place = random.randrange(len(line) + 1)
        kind = random.randrange(6)
        if kind == 0:
            lines[at] = line[:place] + random.choice(NUMBERS) + line[place:]
        elif kind == 1:
            lines[at] = (
                line[:place] + random.choice(LETTERS) * random.choice((1, 1, 2, 500)) + line[place:]
            )
        elif kind == 2:
            cells = line.split(",")
            cells[random.randrange(len(cells))] = random.choice((*NUMBERS, *LETTERS))
            lines[at] = ",".join(cells)
        elif kind == 3:
            lines[at] = line * random.choice((0, 2, 50))
        elif kind == 4:
            lines[at] = line[:place] + line[place + 1 :]
        else:
            lines[at] = line[::-1]
    return "".join(lines)[:MOST]


def mutate_document(whole: Any, random: Random) -> Any:
    """Return plain data with a value changed, a key lost, doubled or renamed, at any depth."""
    document = json.loads(json.dumps(whole))
    for _ in range(random.choice((1, 1, 2, 3))):
        places = list(containers(document))
        if not places:
            return random.choice(VALUES)
        part = random.choice(places)
        keys: list[Any] = list(part) if isinstance(part, dict) else list(range(len(part)))
        key = random.choice(keys)
        kind = random.randrange(4)
        if kind == 0:
            del part[key]
        elif kind == 1 and isinstance(part, dict):
            part[str(key) + random.choice(LETTERS)] = part.pop(key)
        elif kind == 1:
            part.extend(part[key : key + 1] * random.choice((1, 10)))
        elif kind == 2 and isinstance(part, dict):
            part[key] = nested(random.choice((2, 50, 3_000)), random)
        else:
            part[key] = random.choice(VALUES)
    return document


def containers(document: Any) -> Iterator[Any]:
    """Yield every list and table of a document that holds something, outermost first."""
    open_parts = [document]
    while open_parts:
        part = open_parts.pop()
        if isinstance(part, dict | list) and part:
            yield part
            open_parts.extend(part.values() if isinstance(part, dict) else part)


def nested(depth: int, random: Random) -> Any:
    """Return lists, or tables, in each other."""
    value: Any = 1
    for _ in range(min(depth, 300)):  # json.dumps itself gives up at a thousand
        value = [value] if random.random() < 0.5 else {"a": value}
    return value


def stretch(raw: bytearray, random: Random, most: int) -> tuple[int, int]:
    """Return start and end of a stretch of 1 to `most` bytes."""
    start = random.randrange(len(raw))
    return start, min(len(raw), start + random.randint(1, max(1, most)))


class Limits:
    """Measure what a block takes, and fail when it is too much.

    Args:
        seconds: Processor time of this process, its threads included.
        megabytes: Resident memory beyond what there was before.
    """

    def __init__(self, *, seconds: float, megabytes: float) -> None:
        self.most_seconds, self.most_megabytes = seconds, megabytes
        self.seconds, self.megabytes = 0.0, 0.0

    def __enter__(self) -> "Limits":
        """Begin."""
        self.memory = forget_peak()
        self.start = time.process_time()
        return self

    def __exit__(self, kind: Any, error: Any, trace: Any) -> None:
        """Add up, and complain unless the block has failed anyway."""
        self.seconds = time.process_time() - self.start
        self.megabytes = max(0.0, peak() - self.memory)
        if kind is None:
            assert self.seconds <= self.most_seconds, f"{self.seconds:.1f} s"
            assert self.megabytes <= self.most_megabytes, f"{self.megabytes:,.0f} MB"


def forget_peak() -> float:
    """Let the peak of resident memory begin anew, where the system can; return it in MB."""
    clear = Path("/proc/self/clear_refs")
    if clear.exists():
        clear.write_text("5")
    return peak()


def peak() -> float:
    """Return the peak of resident memory in MB; 0 where the system does not tell."""
    status = Path("/proc/self/status")
    lines = status.read_text().splitlines() if status.exists() else []
    return next((int(line.split()[1]) / 1024 for line in lines if line.startswith("VmHWM")), 0.0)
