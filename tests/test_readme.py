"""The README's samples run as they stand, and the tree it draws is the tree there is."""

import doctest
import os
import re
import shlex
import subprocess
import sys
from pathlib import Path

import pytest

HOME = Path(__file__).parents[1]
README = (HOME / "README.md").read_text("utf-8")
BLOCK = re.compile(r"<!-- test: (.+?) -->\n```(?:python|console)?\n(.*?)```", re.DOTALL)
BLOCKS = BLOCK.findall(README)
SOURCE = HOME / "src" / "bakeoff"
TREE = README.partition("```\nsrc/bakeoff/\n")[2].partition("```")[0]


def shape_of(text: str) -> str:
    """Return a text without what differs from machine to machine: digits, times, white space."""
    text = re.sub(r"<?[\d.,]+ (d|h|min|ms|s|µs/row|ms/row)\b", "TIME", text)
    text = re.sub(r"-?\d[\d.,]*\d|-?\d", "#", text)
    return " ".join(re.sub(r"[─━┄╌-]+", "-", text).split())


@pytest.mark.parametrize(
    ("words", "wanted"), [block for block in BLOCKS if block[0] != "python"], ids=lambda x: x[:20]
)
def test_a_command_prints_what_the_readme_shows(words, wanted, tmp_path):
    told = subprocess.run(
        [sys.executable, "-m", *shlex.split(words)],
        cwd=tmp_path,
        env={**os.environ, "PYTHONPATH": str(HOME / "src"), "PYTHONIOENCODING": "utf-8"},
        capture_output=True,
        text=True,
        encoding="utf-8",
        check=True,
    )
    assert shape_of(told.stdout) == shape_of(wanted)


def test_the_python_sample_gives_what_the_readme_shows(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    sample = "\n".join(text for words, text in BLOCKS if words == "python")
    values: dict = {}
    shown = []
    for example in doctest.DocTestParser().get_examples(sample):
        code = compile(example.source, "README.md", "single")
        told: list = []
        monkeypatch.setattr(sys, "displayhook", lambda value, told=told: told.append(value))
        exec(code, values)
        told = [repr(value) for value in told if value is not None]
        shown.append((shape_of("\n".join(told)), shape_of(example.want)))
    assert len(shown) >= 4
    for told, wanted in shown:
        assert told == wanted


def paths_of(tree: str) -> list[str]:
    """Return the paths that the tree names, below the source."""
    found, rooms = [], {0: ""}
    for line in tree.splitlines():
        name = line.strip().split("  ")[0]
        depth = (len(line) - len(line.lstrip())) // 2
        if depth == 0:
            break
        rooms[depth] = rooms[depth - 1] + name
        found.append(rooms[depth])
    return found


def test_the_tree_names_everything_there_is_and_nothing_else():
    files = {path.name for path in SOURCE.glob("*.py")} - {"__init__.py", "__main__.py"}
    rooms = {path.parent.name + "/" for path in SOURCE.glob("*/__init__.py")}
    inner = {f"data/{path.parent.name}/" for path in SOURCE.glob("data/*/__init__.py")}
    assert set(paths_of(TREE)) == files | rooms | inner


def test_every_file_that_the_readme_links_is_there():
    links = re.findall(r"\]\((?!http)([^)#]+)\)", README)
    assert links
    assert not [link for link in links if not (HOME / link).exists()]
