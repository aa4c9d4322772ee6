"""What a person sees of a run: data, split, checks, plan, progress, leaderboard, verdict.

Every line has a use, every number its unit. Names from the user's data are printed as they are:
never read as markup, never a reason to crash on a console that lacks a letter.
"""

import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from types import TracebackType
from typing import IO, Any, Self

from rich.console import Console
from rich.live import Live
from rich.table import Table
from rich.text import Text

from bakeoff.data.kinds import KINDS
from bakeoff.report import numbers
from bakeoff.report.leaderboard import leaderboard_table
from bakeoff.report.printable import printable
from bakeoff.report.progress import Progress
from bakeoff.train.events import Done, Event
from bakeoff.train.job import Fit, Job, Line

LABEL = 9  # width of the words at the left: data, split, checks, plan


class Screen:
    """Prints a run. Use it as a context, so that the live display always ends.

    Args:
        show: "live" prints everything, "quiet" leaderboard and verdict, "none" and "json" nothing.
        file: Where to; standard output by default.
    """

    def __init__(self, show: str = "live", *, file: IO[str] | None = None) -> None:
        self.talks = show == "live"
        self.judges = show in ("live", "quiet")
        self.console = Console(file=file or sys.stdout, highlight=False, markup=False, emoji=False)
        if not self.console.is_terminal:
            self.console.width = 200  # a file has no width
        self.tracker: Progress | None = None
        self.display: Live | None = None

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.end_progress()

    def data(
        self,
        *,
        rows: int,
        kinds: Mapping[str, int],
        target: str,
        about: str,
        missing: Mapping[str, int],
    ) -> None:
        """Say what was read.

        Args:
            rows: How many.
            kinds: Kind -> number of input columns of this kind.
            target: The column to predict.
            about: What it is, such as "binary, 39 % true".
            missing: Input column -> cells without a value, where there are any.
        """
        inputs = numbers.listed(
            [numbers.count(n, KINDS[kind].counted) for kind, n in kinds.items()]
        )
        text = f"{numbers.count(rows, 'row')}: {inputs}, target {target} ({about})"
        if missing:
            cells = numbers.count(sum(missing.values()), "missing cell")
            text += f" · {cells} in {numbers.listed(list(missing), most=4)}"
        self.line("data", text)

    def notes(self, notes: Sequence[str]) -> None:
        """Print decisions that were made for the user, one each line."""
        for note in notes:
            self.line("", note, style="yellow")

    def columns(self, columns: Sequence[Mapping[str, Any]]) -> None:
        """Print each column's name, kind and the reason (`--dry-run`)."""
        if not self.talks:
            return
        table = Table(box=None, padding=(0, 2, 0, 0), pad_edge=False, show_header=False)
        table.add_column(width=LABEL - 2)
        for column in columns:
            cells = [str(column[key]) for key in ("name", "kind", "reason")]
            cells[2] += f", {column['missing']:,} missing" if column.get("missing") else ""
            table.add_row("", *(self.text(cell) for cell in cells))
        self.console.print(table)

    def split(self, *, parts: Mapping[str, int], how: str) -> None:
        """Say how many rows each part has and how they were drawn."""
        self.line("split", " · ".join(f"{rows:,} {part}" for part, rows in parts.items()), how)

    def checks(self, text: str, *, found: bool = False) -> None:
        """Say what the leak checks found."""
        self.line("checks", text, style="yellow" if found else "")

    def plan(
        self, *, models: int, seeds: int, frameworks: Sequence[str], place: str, seconds: float
    ) -> None:
        """Say what is going to be trained, where, and about how long it takes.

        Args:
            models: How many.
            seeds: Fits of each.
            frameworks: Where networks are trained.
            place: Such as "2 cores" or "NVIDIA H100, 80 GB".
            seconds: The estimate; 0 where there is none.
        """
        amount = f"{numbers.count(models, 'model')} × {numbers.count(seeds, 'seed')}"
        aside = f"about {numbers.duration(seconds)}" if seconds else ""
        self.line("plan", f"{amount}, {numbers.listed(frameworks)} on {place}", aside)

    def models(self, lines: Sequence[tuple[str, str, str, str, str]]) -> None:
        """Print name, framework, view, weights and time of each model (`--dry-run`)."""
        if not self.talks:
            return
        table = Table(box=None, padding=(0, 2, 0, 0), pad_edge=False, header_style="dim")
        table.add_column(width=LABEL - 2)
        for header in ("model", "framework", "sees the data as", "weights", ""):
            table.add_column(header, justify="right" if header == "weights" else "left")
        for line in lines:
            table.add_row("", *(self.text(cell) for cell in line))
        self.console.print(table)

    def start(
        self, jobs: Sequence[Job], *, workers: int, guesses: Mapping[Line, float] | None = None
    ) -> None:
        """Begin to show progress.

        Args:
            jobs: All fits of the run.
            workers: How many are made at once.
            guesses: `Job.line` -> seconds that a fit may take.
        """
        if not self.talks:
            return
        self.tracker = Progress(self.console, jobs, workers=workers, guesses=guesses)
        if self.console.is_terminal and not self.console.is_dumb_terminal:
            self.display = Live(
                self.tracker, console=self.console, refresh_per_second=5, transient=True
            )
            self.display.start()

    def progress(self, job: Job, event: Event) -> None:
        """Take what happened to one fit."""
        if self.tracker is None:
            return
        self.tracker.take(job, event)
        if isinstance(event, Done):
            self.ended(self.tracker, event.fit)
        if self.tracker.done == self.tracker.total:
            self.end_progress()

    def ended(self, tracker: Progress, fit: Fit) -> None:
        """Print a line of a fit: of each where there is no live display, else where it matters."""
        seed = f"{tracker.names[fit.job.line]}, seed {fit.job.seed}"
        if self.display is None:
            self.line("fit", tracker.plain_line(fit))
        elif fit.error:
            self.line("failed", f"{seed}: {fit.error}", style="red")
        elif fit.stopped == "diverged":
            text = f"{seed}: the loss diverged after epoch {fit.best_epoch}, which is kept"
            self.line("note", text, style="yellow")

    def end_progress(self) -> None:
        """Take the live display away."""
        if self.display is not None:
            self.display.stop()
        self.display = self.tracker = None

    def interrupted(self, folder: Path, *, fits: int, finished: int) -> None:
        """Say what Ctrl-C left behind."""
        self.end_progress()
        if self.judges:
            text = f"interrupted: {finished:,} of {numbers.count(fits, 'fit')} finished and kept in"
            self.say(f"{text} {folder}, which is marked as unfinished.")

    def leaderboard(self, rows: Sequence[Mapping[str, Any]]) -> None:
        """Print the leaderboard: rows of leaderboard.csv."""
        if self.judges and rows:
            self.say("")
            table = leaderboard_table(rows, self.console)
            self.console.print(table)

    def verdict(
        self,
        *,
        sentence: str,
        would_change_it: str,
        warnings: Sequence[str],
        ways_on: Sequence[str],
    ) -> None:
        """Print who wins, what would change it, what to beware of, and where to go from here."""
        if not self.judges:
            return
        self.say("")
        self.say(f"Verdict: {sentence}", style="bold")
        if would_change_it:
            self.say(f"What would change it: {would_change_it}")
        for warning in warnings:
            self.say(f"Note: {warning}", style="yellow")
        one_line = "     ".join(ways_on)
        for way in [one_line] if len(one_line) < self.console.width - 2 else ways_on:
            self.say(f"→ {way}")

    def line(self, label: str, text: str, aside: str = "", style: str = "") -> None:
        """Print a labelled line; an aside stands at the right where there is room."""
        if not self.talks:
            return
        if not self.console.is_terminal:
            self.say("  ".join([label.ljust(LABEL - 2), text, aside]).rstrip(), style)
            return
        if self.console.width < LABEL + len(text) + len(aside) + 2:
            text, aside = f"{text} · {aside}" if aside else text, ""
        table = Table.grid(padding=(0, 2, 0, 0))
        table.add_column(width=LABEL - 2, no_wrap=True)
        table.add_row(
            self.text(label, "bold cyan"), self.text(text, style), self.text(aside, "dim")
        )
        self.console.print(table)

    def say(self, text: str, style: str = "") -> None:
        """Print a paragraph; only a terminal needs its lines broken."""
        self.console.print(self.text(text, style), soft_wrap=not self.console.is_terminal)

    def text(self, text: str, style: str = "") -> Text:
        """Return text that this console can show."""
        return Text(printable(text, self.console.encoding), style=style)
