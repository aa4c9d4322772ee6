"""Screen: prints a run as it goes, for people, or as one JSON document for programs."""

import json
import sys
from collections.abc import Mapping, Sequence
from dataclasses import asdict
from types import TracebackType
from typing import IO, Any, Self

from rich.console import Console
from rich.live import Live
from rich.table import Table
from rich.text import Text

from bakeoff.cut import cut, cut_middle
from bakeoff.data.columns.column import Column
from bakeoff.data.dataset import Dataset
from bakeoff.data.splitting.leaks import Finding, sentence
from bakeoff.data.splitting.split import PARTS, Split, counts
from bakeoff.judge.leaderboard import read_leaderboard
from bakeoff.judge.partners import partners_of
from bakeoff.judge.verdict import Verdict, read_verdict
from bakeoff.listed import listed
from bakeoff.plan.plan import Plan
from bakeoff.plan.probe import fit_seconds, run_seconds
from bakeoff.plan.selftest import what_fails
from bakeoff.plan.shorter import shorter
from bakeoff.report import numbers
from bakeoff.report.leaderboard import leaderboard_table
from bakeoff.report.printable import printable
from bakeoff.report.progress import Progress
from bakeoff.report.sentences import (
    about_classes,
    about_data,
    about_models,
    about_place,
    ways_on,
)
from bakeoff.report.sweeps import runs_table, say_sweeps
from bakeoff.runs.folder import RunFolder
from bakeoff.train.events import Done, Event, Failed, Lost, Tested
from bakeoff.train.job import Fit, Job, line_names
from bakeoff.train.workers import Workers

MOST_OF_A_CELL = 200  # letters: a reason takes some 100
LABEL = 9  # width of the words at the left: data, split, checks, plan
MOST_COLUMNS = 20  # kinds and reasons are printed up to here; --dry-run prints them all


NOBODY_READS = 141  # exit code of a program whose reader has gone: 128 and SIGPIPE


class Screen:
    """Prints a run. Use it as a context, so that the live display always ends.

    Args:
        show: "live" prints everything, "quiet" leaderboard and verdict, "json" one document at the
            end, "none" nothing.
        file: Where to; standard output by default.
    """

    def __init__(self, show: str = "live", *, file: IO[str] | None = None) -> None:
        self.talks = show == "live"
        self.judges = show in ("live", "quiet")
        self.json = show == "json"
        self.console = ScreenConsole(
            file=file or sys.stdout, highlight=False, markup=False, emoji=False
        )
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

    def data(self, dataset: Dataset, *, details: bool = False) -> None:
        """Say what was read and what was decided about it; details: of every column."""
        schema = dataset.schema
        self.line("data", about_data(dataset))
        if details or len(schema.columns) <= MOST_COLUMNS:
            self.columns(schema.columns)
        self.notes(dataset.notes)

    def notes(self, notes: Sequence[str]) -> None:
        """Print decisions that were made for the user, one each line."""
        for note in notes:
            self.line("", note, style="yellow")

    def columns(self, columns: Sequence[Column]) -> None:
        """Print each column's name, kind and the reason."""
        rows = []
        for column in columns:
            missing = f", {column.missing:,} missing" if column.missing else ""
            rows.append((column.name, column.kind, column.reason + missing))
        self.table([], rows)

    def split(self, dataset: Dataset, split: Split) -> None:
        """Say how many rows, and of which class, each part has."""
        table = counts(dataset, split)
        sizes = " · ".join(f"{table[part]['rows']:,} {part}" for part in PARTS)
        self.line("split", sizes, split.how)
        task = dataset.schema.tasks[dataset.target]
        word = "label" if task == "multilabel" else "class"
        of = "step" if task == "step_classes" else "row"
        if classes := about_classes(table, word=word, of=of):
            self.line("", classes, style="dim")

    def leaks(self, leaks: Sequence[Finding], *, forecast: bool = False) -> None:
        """Say what the leak checks found."""
        said = sentence(tuple(leaks), forecast=forecast)
        self.line("checks", said, style="yellow" if leaks else "")

    def plan(
        self, plan: Plan, workers: Workers, *, typed: Sequence[str] = (), details: bool = False
    ) -> None:
        """Say what is going to be trained, where, and for how long.

        Args:
            plan: Probed.
            workers: That train it.
            typed: The words after `bakeoff`, for the command that takes less time.
            details: Tell of every model.
        """
        self.notes([*plan.preparation.notes, *plan.changes, *plan.left_out])
        models = numbers.count(len(plan.models), "model")
        seeds = numbers.count(plan.experiment.seeds, "seed")
        frameworks = listed(plan.experiment.framework)
        seconds = run_seconds(plan, len(workers))
        stacked = dict.fromkeys(job.model for group in plan.stacks.values() for job in group)
        self.line(
            "plan",
            f"{models} × {seeds}, {frameworks} on {about_place(workers.place(), len(workers))}",
            f"about {numbers.duration(seconds)}" if seconds else "",
        )
        if stacked:
            self.line("", f"seeds of {listed(list(stacked))} are trained together", "")
        if less := shorter(plan, len(workers)):
            how = less.command(typed) if typed else f"with {less.call()}"
            self.line("shorter", how, f"about {numbers.duration(less.seconds)}")
        if details:
            header = ["model", "framework", "reads as", "parameters", ""]
            self.table(header, list(about_models(plan)))

    def outline(self, outline: Mapping[str, Any]) -> None:
        """Print the outline of a dry run, where one JSON document is wanted."""
        if self.json:
            self.document(outline)

    def tested(self, job: Job, event: Tested | Failed) -> None:
        """Say what the self-test of a network says; what fails stands among the notes as well."""
        name = f"{job.model} ({job.framework})"
        held = [] if isinstance(event, Failed) else [k for k, v in event.checks.items() if not v]
        self.line("selftest", name, " · ".join(held))
        if wrong := what_fails(job, event):
            self.line("", wrong, style="red")

    def start(self, plan: Plan, workers: Workers) -> None:
        """Begin to show progress."""
        if not self.talks:
            return
        self.tracker = Progress(
            self.console, plan.jobs, workers=len(workers), guesses=fit_seconds(plan)
        )
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
        elif isinstance(event, Lost):
            name = f"{self.tracker.names[job.line]}, seed {job.seed}"
            text = f"{name} is made again, for its process ended: {event.message}"
            self.line("note", text, style="yellow")
        if self.tracker.done == self.tracker.total:
            self.end_progress()

    def ended(self, tracker: Progress, fit: Fit) -> None:
        """Print a line of a fit: of each where there is no live display, else where it matters."""
        seed = f"{tracker.names[fit.job.line]}, seed {fit.job.seed}"
        if fit.halved:
            rows = numbers.count(fit.halved, "row")
            text = f"{seed}: memory ended, so batches are of {rows}, and two make a step"
            self.line("note", text, style="yellow")
        if fit.sharded:
            text = f"{seed}: each of {fit.sharded} processes held a share of the weights"
            self.line("note", text)
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

    def interrupted(self, folder: RunFolder, *, fits: int, finished: int) -> None:
        """Say what Ctrl-C left behind."""
        self.end_progress()
        if self.judges:
            text = f"interrupted: {finished:,} of {numbers.count(fits, 'fit')} finished and kept in"
            self.say(f"{text} {folder.shown}. To go on: bakeoff resume {folder.shown}")

    def result(self, folder: RunFolder) -> None:
        """Print the leaderboard and the verdict, or the whole as one JSON document."""
        rows, leading = read_leaderboard(folder).to_dicts(), read_verdict(folder)
        others = [read_verdict(folder, target) for target in leading.further]
        if self.json:
            document = {"run": folder.shown, "leaderboard": rows, "verdict": asdict(leading)}
            further = {"further": [asdict(own) for own in others]} if others else {}
            self.document(document | further)
        if self.judges:
            for verdict in (*others, leading):  # the leading one last: it is what the eye meets
                own = [row for row in rows if row.get("target", verdict.target) == verdict.target]
                self.say("")
                if others:
                    self.say(f"Target {cut(verdict.target)}", style="bold")
                self.console.print(leaderboard_table(own, self.console))
                for said in say_sweeps(own, verdict):
                    self.say("")
                    self.say(f"Sweep: {said}")
                self.verdict(verdict, ways_on(folder) if verdict is leading else ())

    def partners(self, folder: RunFolder) -> None:
        """Say how well the networks of a run of pairs know pictures again, and what is next."""
        fits = partners_of(folder)
        if self.json:
            lines = [
                {"model": own.fit.job.model, "framework": own.fit.job.framework}
                | {"seed": own.fit.job.seed, "partners_found": own.found}
                for own in fits
            ]
            self.document({"run": folder.shown, "judged": False, "fits": lines})
        if not self.judges:
            return
        names = line_names(own.fit.job.line for own in fits)
        self.say("")
        for line, name in names.items():
            shares = [own.found for own in fits if own.fit.job.line == line]
            seeds = f"mean of {len(shares)} seeds" if len(shares) > 1 else "1 seed"
            self.say(
                f"{name} finds the other version of {100 * sum(shares) / len(shares):.1f} % of the "
                f"validation pictures among those of a batch ({seeds})."
            )
        self.say("Not judged: there is no target. Begin a run with these features:", style="bold")
        self.say(f"→ bakeoff run DATA --start-from {folder.shown}")

    def several(self, setting: str, folders: Mapping[Any, RunFolder]) -> None:
        """Print the scores of runs that differ in a setting of the data, side by side."""
        runs = {str(value): read_leaderboard(own).to_dicts() for value, own in folders.items()}
        metric = next(iter(runs.values()))[0]["metric"]
        self.say("")
        self.say(f"{numbers.metric_label(metric)} by {setting}", style="bold")
        self.console.print(runs_table(setting, runs))
        self.say(f"Nothing is ranked across values of {setting}: each run has its own data.")

    def verdict(self, verdict: Verdict, ways: Sequence[str]) -> None:
        """Print who wins, what would change it, what to beware of, and where to go from here."""
        self.say("")
        self.say(f"Verdict: {verdict.sentence}", style="bold")
        if verdict.would_change_it:
            self.say(f"What would change it: {verdict.would_change_it}")
        for warning in verdict.warnings:
            self.say(f"Note: {warning}", style="yellow")
        one_line = "     ".join(ways)
        if not ways:
            return
        for way in [one_line] if len(one_line) < self.console.width - 2 else ways:
            self.say(f"→ {way}")

    def document(self, document: Mapping[str, Any]) -> None:
        """Print one JSON document, and nothing else."""
        try:
            self.console.file.write(json.dumps(document, ensure_ascii=False) + "\n")
            self.console.file.flush()
        except BrokenPipeError:
            self.console.on_broken_pipe()

    def table(self, header: Sequence[str], rows: Sequence[Sequence[str]]) -> None:
        """Print lines of cells below each other, in line with the labels."""
        if not self.talks:
            return
        table = Table(
            box=None,
            padding=(0, 2, 0, 0),
            pad_edge=False,
            header_style="dim",
            show_header=bool(header),
        )
        table.add_column(width=LABEL - 2)
        for name in header:
            table.add_column(name, justify="right" if name == "parameters" else "left")
        for row in rows:
            table.add_row("", *(self.text(cut(cell, MOST_OF_A_CELL)) for cell in row))
        self.console.print(table)

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
        return Text(printable(cut_middle(text), self.console.encoding), style=style)


class ScreenConsole(Console):
    """A console whose reader may go (`bakeoff run ... | head`): that ends the run like Ctrl-C."""

    def on_broken_pipe(self) -> None:
        """End quietly; what is still to be printed goes nowhere."""
        try:
            super().on_broken_pipe()
        except SystemExit as end:
            raise SystemExit(NOBODY_READS) from end
