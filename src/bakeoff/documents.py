"""Documents of a run: JSON files, written whole or not at all, each with the format it is in."""

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from bakeoff.errors import DataError

FORMAT = 2  # of every file of a run, and of bakeoff.toml; raised when an old reader would err


def write_json(path: Path, document: Mapping[str, Any]) -> None:
    """Write a document, so that a reader sees the old file or the new one, never half of it."""
    path.parent.mkdir(parents=True, exist_ok=True)
    draft = path.with_name(path.name + ".part")
    text = json.dumps({"format": FORMAT, **document}, indent=1, ensure_ascii=False)
    draft.write_text(text + "\n", "utf-8")
    draft.replace(path)


def read_json(path: Path) -> dict[str, Any]:
    """Read a document, without its `format`.

    Raises:
        DataError: It is missing or damaged, or of another format.
    """
    try:
        document = json.loads(path.read_text("utf-8"))
    except FileNotFoundError as error:
        raise DataError(f"{path} is missing: this is not the folder of a finished run.") from error
    except (OSError, ValueError, RecursionError) as error:
        raise DataError(f"{path} is damaged: {error}.") from error
    if not isinstance(document, dict) or "format" not in document:
        raise DataError(f"{path} is damaged: it is not a document of bakeoff.")
    check_format(document.pop("format"), str(path))
    return document


def check_format(found: object, place: str) -> None:
    """Refuse a format that this version does not read.

    Args:
        found: What stands in the file.
        place: The file, for the message.

    Raises:
        DataError: It is another one.
    """
    if found == FORMAT and not isinstance(found, bool):
        return
    advice = "run it again with this version" if found == 1 else "open it with a newer version"
    raise DataError(f"{place} is of format {found}, and this bakeoff reads {FORMAT}: {advice}.")
