"""Read schema.json, and what else is recorded of the data of a run beside split and transforms."""

from collections.abc import Mapping
from typing import Any, TypedDict, cast

from bakeoff.build import Count
from bakeoff.data.columns.column import SCHEMA, Schema, schema_from_dict
from bakeoff.data.splitting.leaks import Finding
from bakeoff.documents import read_json, reading
from bakeoff.runs.folder import RunFolder

ENVIRONMENT = {
    "started": str,
    "command": tuple[str, ...],
    "python": str,
    "system": str,
    "processor": str,
    "memory_bytes": Count,
    "cores": Count | None,
    "workers": Count,
    "threads_per_worker": Count,
    "device": str,
    "device_name": str,
    "device_memory_bytes": Count,
    "seeds": tuple[Count, ...],
    "versions": Mapping[str, str],
}


def read_schema(folder: RunFolder) -> Schema:
    """Read data/schema.json.

    Raises:
        DataError: It is missing or damaged.
    """
    document = read_json(folder.schema, SCHEMA)
    with reading(folder.schema):
        return schema_from_dict(document)


class Findings(TypedDict):
    """findings.json: what was noticed, in sentences, and what the leak checks found."""

    notes: tuple[str, ...]
    leaks: tuple[Finding, ...]


def read_findings(folder: RunFolder) -> Findings:
    """Read data/findings.json.

    Raises:
        DataError: It is missing or damaged.
    """
    hints = {"notes": tuple[str, ...], "leaks": tuple[Finding, ...]}
    return cast(Findings, read_json(folder.findings, hints))


def read_fingerprint(folder: RunFolder) -> str:
    """Read the sha256 of the data.

    Raises:
        DataError: It is missing or damaged.
    """
    return str(read_json(folder.fingerprint, {"sha256": str, "rows": Count})["sha256"])


def read_environment(folder: RunFolder) -> dict[str, Any]:
    """Read environment.json.

    Raises:
        DataError: It is missing or damaged.
    """
    return read_json(folder.environment, ENVIRONMENT)
