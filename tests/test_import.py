"""`import bakeoff` and `bakeoff --help` are quick: nothing heavy is loaded before it is needed."""

import os
import subprocess
import sys

import pytest

import bakeoff

HEAVY = {
    *("torch", "keras", "tensorflow", "jax", "sklearn", "scipy"),
    *("matplotlib", "polars", "pandas"),
}
TELL = f"import atexit, sys; atexit.register(lambda: print(sorted({HEAVY} & sys.modules.keys())))"
HELP = "import sys; sys.argv = ['bakeoff', '--help']; from bakeoff.cli import main; main()"


@pytest.mark.parametrize(
    "code",
    ["import bakeoff; dir(bakeoff)", "import bakeoff; bakeoff.run; bakeoff.CATALOG", HELP],
    ids=["import bakeoff", "bakeoff.run", "bakeoff --help"],
)
def test_nothing_heavy_is_loaded(code):
    words = [sys.executable, "-c", f"{TELL}\n{code}"]
    done = subprocess.run(words, capture_output=True, text=True, check=True)
    assert done.stdout.splitlines()[-1] == "[]"


@pytest.mark.parametrize(("first", "told"), [("bakeoff", True), ("polars", False)])
def test_the_allocator_of_polars_is_told_to_hand_memory_back_before_it_starts(first, told):
    code = f"import os, {first}, bakeoff.data.read, polars; print(os.environ['_RJEM_MALLOC_CONF'])"
    words = [sys.executable, "-c", code]
    bare = {k: v for k, v in os.environ.items() if k != "_RJEM_MALLOC_CONF"}
    done = subprocess.run(words, capture_output=True, text=True, check=True, env=bare)
    assert ("dirty_decay_ms:100," in done.stdout) == told


def test_every_public_name_is_there_and_they_are_few():
    assert set(bakeoff.__all__) == set(bakeoff.PLACES)
    assert len(bakeoff.__all__) <= 22
    assert all(hasattr(bakeoff, name) for name in bakeoff.__all__)


def test_public_names_are_listed():
    assert set(bakeoff.__all__) <= set(dir(bakeoff))


def test_an_unknown_name_is_an_attribute_error():
    with pytest.raises(AttributeError, match="no attribute 'trainers'"):
        bakeoff.trainers  # noqa: B018


@pytest.mark.parametrize(
    ("error", "builtin"),
    [
        (bakeoff.DataError, ValueError),
        (bakeoff.RequestError, ValueError),
        (bakeoff.MissingPackageError, ImportError),
        (bakeoff.RunError, RuntimeError),
    ],
)
def test_every_error_is_also_the_builtin_kind(error, builtin):
    assert issubclass(error, bakeoff.BakeoffError)
    assert issubclass(error, builtin)
