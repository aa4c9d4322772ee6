"""Whatever stands in a file: it is read, or refused in a sentence, soon and in little memory."""

import bz2
import datetime
import decimal
import gzip
import io
import json
import lzma
import struct
import subprocess
import sys
import zipfile
from collections.abc import Callable
from functools import cache
from pathlib import Path
from random import Random

import numpy as np
import polars as pl
import pytest
from PIL import Image

from bakeoff import BakeoffError, read
from tests.data.reading.workbook import workbook

from .mutate import Limits, mutate, mutate_document, mutate_text

ROWS = 30
SECONDS, MEGABYTES = 20, 2_000
SMALL = 60  # files per batch of the everyday suite
LARGE = 10_000 // 8  # files per batch of the nightly one


@cache
def csv_text() -> str:
    """A small table with a column of every kind that is guessed."""
    lines = ["number,word,when,flag,code,euro,note,y"]
    for i in range(ROWS):
        day = f"2021-{i % 12 + 1:02d}-{i % 28 + 1:02d}"
        cells = [i * 1.5, "uvw"[i % 3], day, i % 2 == 0, f"00{i % 7}", f'"{i},50 €"', f'"n {i}"']
        lines.append(",".join(map(str, [*cells, "pq"[i % 2]])))
    return "\n".join(lines) + "\n"


@cache
def records() -> list[dict]:
    """The same, as objects."""
    return [
        {"a": i * 1.5, "b": "uvw"[i % 3], "c": i, "d": None if i % 5 else True, "y": i % 2}
        for i in range(ROWS)
    ]


@cache
def parquet(compression: str) -> bytes:
    """A table of every type that Parquet knows."""
    times = [datetime.datetime(2021, 1, 1) + datetime.timedelta(hours=i) for i in range(ROWS)]
    frame = pl.DataFrame(
        {
            "number": [i * 1.5 for i in range(ROWS)],
            "small": pl.Series([i % 5 for i in range(ROWS)], dtype=pl.Int8),
            "large": pl.Series([2**63 + i for i in range(ROWS)], dtype=pl.UInt64),
            "word": ["uvw"[i % 3] for i in range(ROWS)],
            "declared": pl.Series(["u", "v"] * (ROWS // 2), dtype=pl.Categorical),
            "bytes": [b"\xff%d" % i for i in range(ROWS)],
            "time": times,
            "zoned": pl.Series(times).dt.replace_time_zone("Asia/Tokyo"),
            "date": [t.date() for t in times],
            "clock": [t.time() for t in times],
            "duration": [datetime.timedelta(seconds=i) for i in range(ROWS)],
            "decimal": [decimal.Decimal(i) / 4 for i in range(ROWS)],
            "list": [[i, None] for i in range(ROWS)],
            "array": pl.Series([[i, 1] for i in range(ROWS)], dtype=pl.Array(pl.Int16, 2)),
            "object": [{"a": i, "b": "x"} for i in range(ROWS)],
            "nothing": pl.Series([None] * ROWS, dtype=pl.Null),
            "flag": [i % 2 == 0 for i in range(ROWS)],
            "y": ["pq"[i % 2] for i in range(ROWS)],
        }
    )
    buffer = io.BytesIO()
    frame.write_parquet(buffer, compression=compression)
    return buffer.getvalue()


@cache
def npz(packed: bool) -> bytes:
    """Sequences with lengths."""
    buffer = io.BytesIO()
    save = np.savez_compressed if packed else np.savez
    x = np.random.default_rng(0).normal(size=(ROWS, 4, 2)).astype(np.float32)
    save(buffer, x=x, y=np.arange(ROWS) % 3, x_lengths=np.full(ROWS, 3))
    return buffer.getvalue()


def npy_header(random: Random) -> bytes:
    """An array of which the header says another type, order or shape."""
    types = ("<f8", ">f4", "<U3", "|S5", "|O", "<c16", "<M8[us]", "<m8[D]", "|V8", "<f2", "<f16",
             "|b1", "<U99999999", "<i8", "[('a','<f8')]", "(((((", "<U0", "|u1")  # fmt: skip
    shapes = ("(30,)", "(30, 2)", "(-1,)", "(0,)", "()", "(30, 0, 3)", "(10**12,)", "(1,)*70",
              "(99999999999,)", "[30]", "(2, 9223372036854775807)", "(3.5,)")  # fmt: skip
    descr = random.choice(types)
    written = descr if descr[0] in "[(" else repr(descr)
    order = random.choice(("False", "True", "None"))
    shape = random.choice(shapes)
    header = f"{{'descr': {written}, 'fortran_order': {order}, 'shape': {shape}, }}".encode()
    header += b" " * (63 - (len(header) + 10) % 64) + b"\n"
    return b"\x93NUMPY\x01\x00" + struct.pack("<H", len(header)) + header + random.randbytes(480)


def headers(random: Random) -> bytes:
    """A .npz file with such arrays."""
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as archive:
        for name in random.choice((("x", "y"), ("x", "y", "x_lengths"), ("x_train", "y_train"))):
            good = io.BytesIO()
            np.save(good, np.arange(30) % 3)
            raw = good.getvalue() if random.random() < 0.5 else npy_header(random)
            archive.writestr(f"{name}.npy", raw)
    return buffer.getvalue()


def zipped(raw: bytes) -> bytes:
    """One table in a .zip."""
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("table.csv", raw)
    return buffer.getvalue()


def zstd(raw: bytes) -> bytes:
    """A file as .zst, written by polars as a table of one column, its lines."""
    buffer = io.BytesIO()
    lines = pl.DataFrame({"line": raw.decode().split("\n")}).lazy()
    lines.sink_csv(buffer, include_header=False, quote_style="never", compression="zstd")
    return buffer.getvalue()


def lines_of(rows: object) -> bytes:
    """Write rows as JSON lines."""
    return "\n".join(json.dumps(row) for row in rows if rows).encode("utf-8", "surrogatepass")


def some_csv(random: Random) -> bytes:
    """A table of texts, damaged and in any encoding."""
    encoding = random.choice(("utf-8", "utf-8", "utf-16", "cp1251"))
    return mutate_text(csv_text(), random).encode(encoding, "replace")


def some_json(random: Random) -> bytes:
    """An array of objects, damaged."""
    return json.dumps(mutate_document(records(), random)).encode()


def some_lines(random: Random) -> bytes:
    """JSON lines, damaged."""
    rows = mutate_document(records(), random)
    return lines_of(rows if isinstance(rows, list) else [rows])


def some_packed(random: Random) -> bytes:
    """A packed table, damaged before or after it was packed."""
    before = random.random() < 0.5
    text = mutate_text(csv_text(), random) if before else csv_text()
    pack = random.choice((gzip.compress, bz2.compress, lzma.compress, zipped, zstd))
    packed = pack(text.encode())
    return packed if before else mutate(packed, random)


@cache
def picture_files() -> dict[str, bytes]:
    """A picture of every format that is read, in two class folders."""
    values = np.random.default_rng(0).integers(0, 255, (24, 30, 3)).astype(np.uint8)
    kinds = ("PNG", "JPEG", "GIF", "TIFF", "WEBP", "BMP", "PPM", "JPEG2000")
    endings = {"JPEG": "jpg", "JPEG2000": "jp2"}
    files = {}
    for label, image in (("cat", Image.fromarray(values)), ("dog", Image.fromarray(values[::-1]))):
        for kind in kinds:
            buffer = io.BytesIO()
            image.save(buffer, kind)
            files[f"{label}/{kind}.{endings.get(kind, kind.lower())}"] = buffer.getvalue()
    return files


def some_pictures(random: Random) -> bytes:
    """An archive of pictures, each damaged, or the archive itself."""
    files, buffer, whole = picture_files(), io.BytesIO(), random.random() < 0.5
    with zipfile.ZipFile(buffer, "w") as archive:
        for name, raw in files.items():
            archive.writestr(name, raw if whole else mutate(raw, random))
    return mutate(buffer.getvalue(), random) if whole else buffer.getvalue()


def some_workbook(random: Random) -> bytes:
    """A workbook of which a part is damaged, or the archive itself."""
    rows = [["a", "number", "y"], *[[i, i / 2, "uv"[i % 2]] for i in range(30)]]
    whole, buffer = workbook({"Data": rows}), io.BytesIO()
    if random.random() < 0.3:
        return mutate(whole, random)
    with zipfile.ZipFile(io.BytesIO(whole)) as old, zipfile.ZipFile(buffer, "w") as new:
        hit = random.choice(old.namelist())
        for name in old.namelist():
            raw = old.read(name)
            new.writestr(name, mutate(raw, random) if name == hit else raw)
    return buffer.getvalue()


MAKERS: dict[str, tuple[str, Callable[[Random], bytes]]] = {  # name -> ending, what makes a file
    "csv": (".csv", some_csv),
    "bytes": (".csv", lambda random: mutate(csv_text().encode(), random)),
    "json": (".json", some_json),
    "json_lines": (".jsonl", some_lines),
    "json_bytes": (".jsonl", lambda random: mutate(lines_of(records()), random)),
    "npz": (".npz", lambda random: mutate(npz(random.random() < 0.5), random)),
    "headers": (".npz", headers),
    "pictures": (".zip", some_pictures),
    "workbook": (".xlsx", some_workbook),
    "packed": (".csv.gz", some_packed),
    "parquet": (
        ".parquet",
        lambda random: mutate(parquet(random.choice(("uncompressed", "snappy", "zstd"))), random),
    ),
}


def read_many(kind: str, first: int, count: int, folder: Path) -> None:
    """Read damaged files of one kind, and say of each that is not answered which it was."""
    ending, make = MAKERS[kind]
    path = folder / f"file{ending}"
    for seed in range(first, first + count):
        random = Random(f"{kind} {seed}")
        path.write_bytes(make(random))
        target = (
            None if ending in (".npz", ".zip") else random.choice(("y", "y", "y", "number", "a"))
        )
        try:
            with Limits(seconds=SECONDS, megabytes=MEGABYTES):
                read(path, target=target)
        except BakeoffError as error:
            said = str(error)
            assert len(said) < 2_000, f"{kind} {seed}: {len(said):,} characters"
            assert len(said.splitlines()) == 1, f"{kind} {seed}: {said}"
        except BaseException as error:
            error.add_note(f"{kind} {seed}")
            raise
        assert list(folder.iterdir()) == [path], f"{kind} {seed} wrote a file"


def run_apart(kind: str, first: int, count: int, folder: Path) -> None:
    """Do so in a process of its own, which may crash or hang without harm."""
    call = "from tests.fuzz.test_files import read_many; from pathlib import Path; "
    call += f"read_many({kind!r}, {first}, {count}, Path({str(folder)!r}))"
    done = subprocess.run(
        [sys.executable, "-c", call],
        cwd=Path(__file__).parents[2],
        capture_output=True,
        timeout=3_000,
    )
    assert done.returncode == 0, done.stderr.decode("utf-8", "replace")[-3_000:]


@pytest.mark.parametrize("kind", MAKERS)
def test_a_damaged_file_is_read_or_refused_in_a_sentence(kind, tmp_path):
    read_many(kind, 0, SMALL, tmp_path)


@pytest.mark.nightly
@pytest.mark.parametrize("kind", MAKERS)
def test_ten_thousand_damaged_files_are_read_or_refused_in_a_sentence(kind, tmp_path):
    run_apart(kind, SMALL, LARGE, tmp_path)
