"""Every case of every page: the one that follows from its row, then those of cases_*.py."""

from importlib import import_module
from pathlib import Path

from bakeoff.catalog import ROWS
from tests.facing.case import VIEWS, Case, default_case

PAGES = [row for row in ROWS if row.role not in ("baseline", "blocks")]


def spread() -> dict[str, list[Case]]:
    """Gather the cases that the files beside this one hold: page name -> cases."""
    gathered: dict[str, list[Case]] = {}
    for file in sorted(Path(__file__).parent.glob("cases_*.py")):
        for name, cases in import_module(f"tests.facing.{file.stem}").CASES.items():
            gathered.setdefault(name, []).extend(cases)
    return gathered


SPREAD = spread()
NAMES = {row.name for row in PAGES}
CASES: list[tuple[str, Case]] = [
    *((row.name, default_case(row)) for row in PAGES if row.reads[0] in VIEWS),
    *((name, case) for name, cases in SPREAD.items() if name in NAMES for case in cases),
]
