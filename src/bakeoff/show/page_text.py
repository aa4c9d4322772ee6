"""A page as text: its header, arguments and signatures, read without importing it.

So a Keras page can be shown where Keras is not installed.
"""

import ast
import inspect
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

from bakeoff.catalog import Row

FOLDERS = {"torch": "torch_models", "tensorflow": "keras_models", "baseline": "baselines"}
SECTION = re.compile(r"^(Args|Shape|Example|Returns|Raises):$")


@dataclass(frozen=True, kw_only=True, slots=True)
class PageText:
    """What is written on a page.

    Args:
        file: Below the package: "torch_models/lstm.py".
        source: The whole file.
        header: Its docstring: what it is, the equations, the source, the dimensions.
        arguments: (name, default, meaning) of each argument of the constructor; "" is no default.
        shape: What goes in and what comes out.
        example: The doctest.
        methods: Name -> signature of the public methods, from "__init__" on.
    """

    file: str
    source: str
    header: str
    arguments: tuple[tuple[str, str, str], ...]
    shape: str
    example: str
    methods: Mapping[str, str]

    @property
    def module(self) -> str:
        """What to import it by."""
        return "bakeoff." + self.file.removesuffix(".py").replace("/", ".")

    @property
    def num_lines(self) -> int:
        """How long the file is."""
        return len(self.source.splitlines())


def read_page(row: Row, framework: str) -> PageText:
    """Read the page of a row.

    Args:
        framework: A key of FOLDERS: "baseline" where there is no framework.
    """
    file = f"{FOLDERS[framework]}/{row.page}.py"
    source = (Path(__file__).parents[1] / file).read_text("utf-8")
    body = ast.parse(source)
    page = next(n for n in body.body if isinstance(n, ast.ClassDef) and n.name == row.class_name)
    parts = docstring_sections(ast.get_docstring(page) or "")
    defaults = dict(defaults_of(page))
    return PageText(
        file=file,
        source=source,
        header=ast.get_docstring(body) or "",
        arguments=tuple(
            (name, defaults.get(name, ""), meaning)
            for name, meaning in described(parts.get("Args", ""))
        ),
        shape=parts.get("Shape", ""),
        example=parts.get("Example", ""),
        methods=dict(signatures(page)),
    )


def docstring_sections(docstring: str) -> dict[str, str]:
    """Take a Google docstring apart: section -> text, "" what stands before the first one."""
    found: dict[str, list[str]] = {"": []}
    name = ""
    for line in docstring.splitlines():
        heading = SECTION.match(line)
        if heading:
            name = heading[1]
            found[name] = []
        else:
            found[name].append(line)
    return {name: inspect.cleandoc("\n".join(["", *lines])) for name, lines in found.items()}


def described(section: str) -> Iterator[tuple[str, str]]:
    """Yield name and meaning of the arguments in a section Args."""
    name, meaning = "", ""
    for line in section.splitlines():
        start = re.match(r"(\w+): (.*)", line)
        if start:
            if name:
                yield name, meaning
            name, meaning = start[1], start[2]
        else:
            meaning += f" {line.strip()}"
    if name:
        yield name, meaning


def defaults_of(page: ast.ClassDef) -> Iterator[tuple[str, str]]:
    """Yield the constructor's arguments that have a default, and this as it is written."""
    for node in page.body:
        if isinstance(node, ast.FunctionDef) and node.name == "__init__":
            given = node.args.args[len(node.args.args) - len(node.args.defaults) :]
            pairs = [*zip(given, node.args.defaults, strict=True)]
            for argument, default in [
                *pairs,
                *zip(node.args.kwonlyargs, node.args.kw_defaults, strict=True),
            ]:
                if default is not None:
                    yield argument.arg, ast.unparse(default)


def signatures(page: ast.ClassDef) -> Iterator[tuple[str, str]]:
    """Yield the public methods of a class: "forward", "forward(x, lengths=None)"."""
    for node in page.body:
        private = isinstance(node, ast.FunctionDef) and node.name.startswith("_")
        if isinstance(node, ast.FunctionDef) and (not private or node.name == "__init__"):
            given = [a for a in node.args.args if a.arg != "self"]
            for argument in [*given, *node.args.kwonlyargs]:
                argument.annotation = None
            node.args.args = given
            name = page.name if node.name == "__init__" else node.name
            yield node.name, f"{name}({ast.unparse(node.args)})"
