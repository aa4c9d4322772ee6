"""Small tables, written where a test wants them."""

from collections.abc import Callable
from pathlib import Path

import pytest

Write = Callable[..., Path]


@pytest.fixture
def write(tmp_path: Path) -> Write:
    """Write text or bytes to a file of the test's folder and return its path."""

    def to_file(content: str | bytes, name: str = "table.csv") -> Path:
        path = tmp_path / name
        path.write_bytes(content if isinstance(content, bytes) else content.encode())
        return path

    return to_file


def table(rows: int = 40, **columns: Callable[[int], object]) -> str:
    """Return a CSV with a column y of 0 and 1 and the columns given as functions of the row."""
    every = {"a": lambda i: i * 1.5, **columns, "y": columns.get("y", lambda i: i % 2)}
    lines = [",".join(str(make(i)) for make in every.values()) for i in range(rows)]
    return "\n".join([",".join(every), *lines]) + "\n"
