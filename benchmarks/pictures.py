"""The pictures of the README, all from one run: `make pictures` (needs Chromium on the path).

docs/images/leaderboard.png   the end of `bakeoff demo` in a terminal
docs/images/report.png        the top of its report
"""

import io
import os
import shutil
import subprocess
import tempfile
from pathlib import Path

from rich.console import Console

from bakeoff.api import carry_out
from bakeoff.plan.request import demo_experiment
from bakeoff.report.screen import Screen
from bakeoff.runs.folder import RunFolder

IMAGES = Path(__file__).parents[1] / "docs" / "images"
COLUMNS = 112  # of the terminal
BROWSERS = ("chromium", "chromium-browser", "google-chrome", "chrome")
FLAGS = (
    *("--headless", "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run"),
    *("--disable-background-networking", "--disable-component-update", "--disable-sync"),
    *("--hide-scrollbars", "--force-device-scale-factor=1.5"),
)


def main() -> None:
    """Run the demo once, and draw its end and its report."""
    browser = next(filter(None, map(shutil.which, BROWSERS)), None)
    if browser is None:
        raise SystemExit(f"None of {', '.join(BROWSERS)} is on the path: install Chromium.")
    with tempfile.TemporaryDirectory() as place:
        os.chdir(place)
        carry_out(demo_experiment(), out="runs/digits", show="quiet")
        folder = RunFolder(Path("runs/digits"))
        Path("terminal.svg").write_text(terminal(folder), "utf-8")
        photograph(browser, Path("terminal.svg"), IMAGES / "leaderboard.png", 1000, 400)
        photograph(browser, folder.report, IMAGES / "report.png", 1000, 1150)


def terminal(folder: RunFolder) -> str:
    """Return what the screen prints of a finished run, as SVG."""
    screen = Screen("quiet", file=io.StringIO())
    screen.console = Console(
        file=screen.console.file,
        record=True,
        width=COLUMNS,
        force_terminal=True,
        highlight=False,
        markup=False,
    )
    screen.console.print("$ bakeoff demo", style="dim")
    screen.result(folder)
    return screen.console.export_svg(title="bakeoff demo")


def photograph(browser: str, page: Path, picture: Path, width: int, height: int) -> None:
    """Draw a page in a window of this size, in pixels."""
    with tempfile.TemporaryDirectory() as profile:
        window = [f"--user-data-dir={profile}", f"--window-size={width},{height}"]
        shot = f"--screenshot={picture}"
        subprocess.run(
            [browser, *FLAGS, *window, shot, page.resolve().as_uri()],
            check=True,
            capture_output=True,
        )


if __name__ == "__main__":
    main()
