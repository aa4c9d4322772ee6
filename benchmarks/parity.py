"""How closely facing pages agree: all of them are measured into docs/parity.md.

    python -m benchmarks.parity [PAGE ...]

Of the pages that are named, the tables are printed and nothing is written.

Every case of every page is built in torch, its weights are converted to Keras, and both pages read
the same batch: once in evaluation mode, and once for a step of plain SGD. Each Keras backend runs
in a process of its own. Needs the extras tensorflow and jax.
"""

import argparse
import json
import os
import subprocess
import sys
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path

ROOT = Path(__file__).parents[1]
TARGET = ROOT / "docs" / "parity.md"
Row = tuple[str, str, float, float]  # page, case, difference of outputs, of weights after a step

HEAD = """# Facing pages: measured differences

Written by `python -m benchmarks.parity` with torch {torch}, Keras {keras}, TensorFlow {tensorflow}
and JAX {jax}, on one CPU thread. For each page and case: the same weights, converted from torch,
and the same batch. The difference is max|a − b| / max(1, max|b|) in float32: of the outputs in
evaluation mode (without the padding of per-step outputs; at most 1e-5 is promised), and of all
weights after one step of plain SGD at rate 0.1 without dropout (at most 1e-4 is promised). Running
variances are compared after the factor n / (n − 1) by which torch's differ.

## Largest difference of each page

| page | cases | TensorFlow: outputs | TensorFlow: step | JAX: outputs | JAX: step |
|---|---|---|---|---|---|
"""


def main() -> None:
    """Measure on both backends at once; write the tables, or print those of a few pages."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("pages", nargs="*", metavar="PAGE", help="such as mlp; none means all")
    pages = parser.parse_args().pages
    tensorflow, jax = map(finish, [start("tensorflow", pages), start("jax", pages)])
    if not tensorflow:
        parser.error(f"no case of {', '.join(pages)}")
    worst = max(max(row[2] / 1e-5, row[3] / 1e-4) for row in tensorflow + jax)
    if pages:
        print(tables(tensorflow, jax))
    else:
        write(tensorflow, jax)
    if worst > 1:
        sys.exit(f"A promise is broken: {worst:.3g} times the difference that is allowed.")


def write(tensorflow: list[Row], jax: list[Row]) -> None:
    """Write docs/parity.md."""
    names = {package: version(package) for package in ("torch", "keras", "jax")}
    names["tensorflow"] = installed("tensorflow-cpu", "tensorflow")
    TARGET.write_text(HEAD.format(**names) + tables(tensorflow, jax), encoding="utf-8")
    print(f"{len(tensorflow)} cases on TensorFlow and JAX: {TARGET.relative_to(ROOT)}")


def start(backend: str, pages: list[str]) -> subprocess.Popen[str]:
    """Begin to measure the cases of some pages, or of all, on one Keras backend."""
    environment = {
        **os.environ,
        "KERAS_BACKEND": backend,
        "OMP_NUM_THREADS": "1",
        "TF_CPP_MIN_LOG_LEVEL": "2",
        "TF_ENABLE_ONEDNN_OPTS": "0",
    }
    command = [sys.executable, "-m", "tests.facing.measure", *pages]
    return subprocess.Popen(command, env=environment, cwd=ROOT, stdout=subprocess.PIPE, text=True)


def finish(process: subprocess.Popen[str]) -> list[Row]:
    """Wait for a measurement and return its rows."""
    output, _ = process.communicate()
    if process.returncode:
        sys.exit("A measurement failed; its message stands above.")
    return [tuple(row) for row in json.loads(output.splitlines()[-1])]


def tables(tensorflow: list[Row], jax: list[Row]) -> str:
    """Return one row per page, then one row per case."""
    pages: dict[str, list[tuple[float, ...]]] = {}
    cases = []
    for (name, case, *ours), (_, _, *theirs) in zip(tensorflow, jax, strict=True):
        pages.setdefault(name, []).append((*ours, *theirs))
        case = case.replace(",", ", ").replace(", )", ",)")
        cases.append(f"| {name} | {case} | {numbers((*ours, *theirs))} |")
    worst = [
        f"| {name} | {len(rows)} | {numbers(tuple(map(max, zip(*rows, strict=True))))} |"
        for name, rows in pages.items()
    ]
    head = [
        "| page | arguments | TensorFlow: outputs | step | JAX: outputs | step |",
        "|---" * 6 + "|",
    ]
    return "\n".join([*worst, "", "## Every case", "", *head, *cases, ""])


def numbers(values: tuple[float, ...]) -> str:
    """Write differences to two digits."""
    return " | ".join(f"{value:.1e}" if value else "0" for value in values)


def installed(*packages: str) -> str:
    """Return the version of the first of these packages that is installed."""
    for package in packages:
        try:
            return version(package)
        except PackageNotFoundError:
            continue
    sys.exit(f"This needs {' or '.join(packages)}: pip install 'bakeoff[tensorflow,jax]'.")


if __name__ == "__main__":
    main()
