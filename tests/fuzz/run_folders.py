"""A process that damages run folders and uses them, one seed after the other.

    python -m tests.fuzz.run_folders FOLDER FIRST LAST

FOLDER holds `good/`, some healthy runs and `new.csv`, which all of them can predict. What is found
goes to standard output, a line of JSON for each seed: `begin`, then `end` with what is wrong, if
anything is. The limits are the system's: this process dies when it takes too much.
"""

import json
import os
import resource
import shutil
import sys
import time
import warnings
from collections.abc import Callable
from pathlib import Path
from random import Random
from typing import Any

import numpy as np
import polars as pl

import bakeoff
from bakeoff.deliver import convert
from bakeoff.report.report import write_report
from bakeoff.runs.folder import open_folder
from tests.fuzz.mutate import mutate, mutate_document, mutate_text, peak

SECONDS, MEGABYTES = 20, 2_000
VICTIM = "victim"  # beside the run: nobody may write there
WORDS = ("../../victim", "..", "/dev/zero", "victim.csv", "\x1b[2J", "mlp", "linear", "a" * 10**5)


def main(place: Path, first: int, last: int) -> None:
    """Damage and use one run after the other."""
    warnings.simplefilter("ignore")
    convert.need_keras = no_keras  # the parity check is a test of its own
    resource.setrlimit(resource.RLIMIT_CPU, (resource.RLIM_INFINITY, resource.RLIM_INFINITY))
    for seed in range(first, last):
        print(json.dumps({"begin": seed}), flush=True)
        resource.setrlimit(resource.RLIMIT_CPU, (int(time.process_time()) + SECONDS + 1, -1))
        print(json.dumps({"end": seed, "wrong": trial(place, seed)}), flush=True)


def no_keras(*frameworks: str) -> str:
    """Say that there is no Keras."""
    raise bakeoff.MissingPackageError("none here")


def trial(place: Path, seed: int) -> list[str]:
    """Damage one run, do all that one does with a run, and return what went wrong."""
    random = Random(seed)
    run = place / "work" / "run"
    shutil.rmtree(place / "work", ignore_errors=True)
    good = random.choice(sorted((place / "good").iterdir()))
    shutil.copytree(good, run)
    (place / "work" / VICTIM).mkdir()
    (place / "work" / "victim.csv").write_text("a,b\n1,2\n", "utf-8")
    done = damage(run, random)
    before, wrong = listing(place / "work"), []
    for use in USES:
        try:
            use(run, place / "new.csv")
        except bakeoff.BakeoffError as error:
            if "\n" in str(error) or len(str(error)) > 3_000:
                wrong.append(f"{use.__name__}: {len(str(error))} letters: {str(error)[:200]}")
        except BaseException as error:
            wrong.append(f"{use.__name__}: {type(error).__name__}: {str(error)[:200]}")
    if listing(place / "work") != before:
        wrong.append("something outside the folder changed")
    if peak() > MEGABYTES:
        wrong.append(f"{peak():,.0f} MB")
    return [f"{good.name}, {done}: {said}" for said in wrong]


def listing(place: Path) -> list[tuple[str, int, int]]:
    """Return what stands beside the run: paths, sizes and times."""
    return sorted(
        (path.as_posix(), path.lstat().st_size, path.lstat().st_mtime_ns)
        for path in place.rglob("*")
        if "run" not in path.relative_to(place).parts and path.is_file()
    )


def opened(run: Path, new: Path) -> None:
    """Open a run and look at its tables."""
    found = bakeoff.open_run(run)
    assert repr(found)
    for name in ("leaderboard", "fits", "predictions"):
        assert len(getattr(found, name))
    assert str(found)


def predicted(run: Path, new: Path) -> None:
    """Predict with the best model and with each of them."""
    found = bakeoff.open_run(run)
    for name in (None, "linear", "boosting", "constant", "mlp"):
        found.model(name).predict(new)


def each(name: str) -> Callable[[Path, Path], None]:
    """Return a use of one model, so that what another lacks does not hide it."""

    def use(run: Path, new: Path) -> None:
        bakeoff.open_run(run).model(name).predict(new)

    use.__name__ = name
    return use


def reported(run: Path, new: Path) -> None:
    """Write the report anew."""
    write_report(open_folder(run))


def converted(run: Path, new: Path) -> None:
    """Carry the network over to another framework."""
    convert.convert_run(open_folder(run), to="jax", model="mlp")


USES = (opened, each("linear"), each("boosting"), each("mlp"), predicted, reported, converted)


def damage(run: Path, random: Random) -> str:
    """Damage one to three files of a run, each after its kind; return what was done."""
    files = sorted(path for path in run.rglob("*") if path.is_file())
    done = []
    for path in random.sample(files, random.choice((1, 1, 1, 2, 3))):
        kinds = [replaced, raw, *BY_KIND.get(path.suffix, ())]
        kind = random.choice(kinds[1:] * 8 + kinds[:1])
        kind(path, random)
        done.append(f"{kind.__name__} {path.relative_to(run).as_posix()}")
    return ", ".join(done)


def raw(path: Path, random: Random) -> None:
    """Damage the bytes."""
    path.write_bytes(mutate(path.read_bytes(), random))


def replaced(path: Path, random: Random) -> None:
    """Put something else in the place of the file, or beside it."""
    beside = path.with_name(random.choice((path.name, "report.html", "other", "weights-jax.part")))
    beside.unlink(missing_ok=True)
    kind = random.randrange(6)
    if kind == 0:
        beside.symlink_to(path.parents[random.randrange(3)] / VICTIM)
    elif kind == 1:
        beside.symlink_to(random.choice(("/dev/zero", "/etc/passwd", ".", "nowhere")))
    elif kind == 2:
        os.mkfifo(beside)
    elif kind == 3:
        beside.mkdir()
    elif kind == 4:
        beside.write_bytes(b"")
    else:
        with beside.open("wb") as file:
            file.truncate(random.choice((10**6, 10**9, 10**11)))  # sparse: nothing is stored


def document(path: Path, random: Random) -> None:
    """Change values and keys of a JSON document."""
    known = json.loads(path.read_text("utf-8"))
    changed = mutate_document(known, random)
    path.write_text(json.dumps(changed), "utf-8")


def word(path: Path, random: Random) -> None:
    """Put another word in the place of a text, anywhere in a JSON document."""
    known = json.loads(path.read_text("utf-8"))
    places = [(part, key) for part in parts(known) for key in keys(part)]
    part, key = random.choice([(p, k) for p, k in places if isinstance(p[k], str)] or places)
    part[key] = random.choice(WORDS)
    path.write_text(json.dumps(known), "utf-8")


def number(path: Path, random: Random) -> None:
    """Put another number in the place of one, anywhere in a JSON document."""
    known = json.loads(path.read_text("utf-8"))
    places = [(part, key) for part in parts(known) for key in keys(part)]
    part, key = random.choice(
        [(p, k) for p, k in places if isinstance(p[k], int | float)] or places
    )
    part[key] = random.choice((0, -1, 1, 7, 2**31, 2**53, -(2**63), 1e300, -1e300, 1e-300, 0.5))
    path.write_text(json.dumps(known), "utf-8")


def text(path: Path, random: Random) -> None:
    """Change the text of a document."""
    path.write_text(mutate_text(path.read_text("utf-8"), random), "utf-8", errors="replace")


def deep(path: Path, random: Random) -> None:
    """Nest a document ten thousand lists deep."""
    kind = random.choice(("[", '{"a":'))
    path.write_text('{"format": 2, "a": ' + kind * 10_000, "utf-8")


def parts(document: Any) -> list[Any]:
    """Return every list and table in a document that holds something."""
    found, waiting = [], [document]
    while waiting:
        part = waiting.pop()
        if isinstance(part, dict | list) and part:
            found.append(part)
            waiting.extend(part.values() if isinstance(part, dict) else part)
    return found


def keys(part: Any) -> list[Any]:
    """Return the keys of a table, or the positions of a list."""
    return list(part) if isinstance(part, dict) else list(range(len(part)))


def arrays(path: Path, random: Random) -> None:
    """Change numbers, shapes, types and names of stored arrays."""
    from safetensors.numpy import load_file, save_file

    known = load_file(path)
    name = random.choice(sorted(known))
    array = known.pop(name)
    if random.random() < 0.5 and array.size:
        values = (0, 1, -1, 2**31, array.size, *array.ravel()[:3])
        flat = array.copy().ravel()
        for _ in range(random.choice((1, 1, 5))):
            with np.errstate(all="ignore"):
                flat[random.randrange(len(flat))] = np.asarray(random.choice(values)).astype(
                    array.dtype
                )
        array = flat.reshape(array.shape)
    else:
        array = random.choice(
            (
                lambda: array[:-1],
                lambda: np.concatenate([array, array]),
                lambda: array[None],
                lambda: array.astype(random.choice(("float32", "int64", "bool", "float16"))),
                lambda: np.full_like(array, random.choice((0, 1))),
                lambda: np.zeros((0, 3)),
                lambda: np.zeros((1000, 1000)),
            )
        )()
    name = random.choice((name, name, name, name + "x", "../../x"))
    save_file(known | {name: np.ascontiguousarray(array)}, path)


def header(path: Path, random: Random) -> None:
    """Change the header of a safetensors file, and keep its length true."""
    whole = path.read_bytes()
    length = int.from_bytes(whole[:8], "little")
    changed = mutate_document(json.loads(whole[8 : 8 + length]), random)
    start = json.dumps(changed).encode()
    path.write_bytes(len(start).to_bytes(8, "little") + start + whole[8 + length :])


def table(path: Path, random: Random) -> None:
    """Change cells, columns and types of a Parquet file."""
    known, notes = pl.read_parquet(path), pl.read_parquet_metadata(path)
    notes.pop("ARROW:schema", None)
    name = random.choice(known.columns)
    column = known[name]
    new = random.choice(
        (
            lambda: known.drop(name),
            lambda: known.rename({name: random.choice((name + "x", "../../x", "p:p:", "p:"))}),
            lambda: known.head(random.choice((0, 1, 3))),
            lambda: pl.concat([known, known]),
            lambda: pl.concat([known] * 20_000),
            lambda: known.with_columns(pl.lit(None).alias(name)),
            lambda: known.with_columns(pl.lit(None).cast(column.dtype).alias(name)),
            lambda: known.with_columns(column.cast(pl.String).alias(name)),
            lambda: known.with_columns(pl.lit(random.choice(WORDS)).alias(name)),
            lambda: known.with_columns(
                pl.lit(random.choice((-1, 0, 2**62, float("nan"), float("inf"), 1e300))).alias(name)
            ),
            lambda: known.with_columns(pl.lit([[1, 2]]).alias(name)),
            lambda: known.with_columns(pl.lit(b"\xff").alias(name)),
            lambda: known.with_columns(column.reverse().alias(name)),
            lambda: known.with_columns(
                column.shuffle(1).cast(pl.Float32, strict=False).alias(name)
            ),
        )
    )()
    if notes and random.random() < 0.2:
        notes[random.choice(sorted(notes))] = random.choice(WORDS)
    new.write_parquet(path, metadata=notes)


BY_KIND = {
    ".json": (document, document, word, number, text, deep),
    ".toml": (text, text),
    ".safetensors": (arrays, arrays, header),
    ".parquet": (table, table),
}


if __name__ == "__main__":
    main(Path(sys.argv[1]), int(sys.argv[2]), int(sys.argv[3]))
