"""How far a run is: one line per model while it trains, or one plain line per finished fit."""

import time
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field

from rich.console import Console, ConsoleOptions, RenderResult
from rich.table import Table
from rich.text import Text

from bakeoff.evaluate.metrics import watched_metric
from bakeoff.report import numbers
from bakeoff.report.printable import printable
from bakeoff.train.events import Done, Epoch, Event, Lost, Started
from bakeoff.train.job import Fit, Job, Line, line_names


class Progress:
    """Takes the events of a run's fits and shows them.

    Args:
        console: Where to print.
        jobs: All fits of the run.
        workers: How many are made at once.
        guesses: `Job.line` -> seconds that a fit may take; left out: nothing is known.
    """

    def __init__(
        self,
        console: Console,
        jobs: Sequence[Job],
        *,
        workers: int,
        guesses: Mapping[Line, float] | None = None,
    ) -> None:
        self.console = console
        self.workers = workers
        self.metric = watched_metric(jobs[0].task).label if jobs else ""
        self.tracks = {
            line: Track(fits=fits, guess=(guesses or {}).get(line, 0.0))
            for line, fits in Counter(job.line for job in jobs).items()
        }
        self.names = line_names(self.tracks)

    def take(self, job: Job, event: Event) -> None:
        """Take note of what happened to a fit."""
        track = self.tracks[job.line]
        if isinstance(event, Started):
            track.running[job.seed] = time.monotonic()
        elif isinstance(event, Epoch):
            track.last = event.row
        elif isinstance(event, Lost):
            track.running.pop(job.seed, None)
        elif isinstance(event, Done):
            track.running.pop(job.seed, None)
            track.seconds.append(event.fit.train_seconds)
            track.failed += bool(event.fit.error)

    @property
    def done(self) -> int:
        """How many fits have ended."""
        return sum(len(track.seconds) for track in self.tracks.values())

    @property
    def total(self) -> int:
        """How many fits there are."""
        return sum(track.fits for track in self.tracks.values())

    def seconds_left(self) -> float:
        """Guess how many seconds all remaining fits take together."""
        now = time.monotonic()
        work = [track.left(now) for track in self.tracks.values()]
        return max(sum(work) / max(1, self.workers), 0.0)

    def plain_line(self, fit: Fit) -> str:
        """Describe a fit that has just ended, for output that is not a terminal."""
        parts = [f"{self.done:>{len(str(self.total))}}/{self.total}", self.names[fit.job.line]]
        parts.append(f"seed {fit.job.seed}")
        if fit.error:
            return "  ".join([*parts, f"failed: {fit.error}"])
        if fit.history:
            best = fit.history[max(0, fit.best_epoch - 1)]
            parts.append(f"epoch {fit.best_epoch} of {len(fit.history)}")
            parts += ["(then its loss diverged)"] if fit.stopped == "diverged" else []
            parts.append(f"validation loss {best['validation_loss']:.3f}")
            parts.append(f"{self.metric} {best['validation_metric']:.3f}")
        return "  ".join([*parts, numbers.duration(fit.train_seconds)])

    def __rich_console__(self, console: Console, options: ConsoleOptions) -> RenderResult:
        """Draw the live display: only models that have begun, and the whole below them."""
        yield self.table(options.max_width)
        left = self.seconds_left()
        text = f"{self.done} of {numbers.count(self.total, 'fit')}"
        text += f" · about {numbers.duration(left)} left" if left >= 1 else ""
        yield Text(printable(f"         {text}", console.encoding), style="dim")

    def table(self, width: int) -> Table:
        """Lay out one line per model; narrow terminals do without speed and time."""
        wide = width >= 100
        table = Table(box=None, padding=(0, 2, 0, 0), pad_edge=False, header_style="dim")
        table.add_column("", width=7)
        table.add_column("", no_wrap=True, max_width=26 if wide else 16)
        headers = ["seeds", "", "epoch", "validation loss" if wide else "loss", self.metric]
        for header in [*headers, *(["speed", "left"] if wide else [])]:
            table.add_column(header, justify="left" if header == "seeds" else "right", no_wrap=True)
        bar = 20 if wide else 12
        for line, track in self.tracks.items():
            if track.running or track.seconds:
                table.add_row(*self.cells(self.names[line], track, bar, wide))
        return table

    def cells(self, name: str, track: "Track", bar: int, wide: bool) -> Iterator[Text]:
        """Yield the cells of one model."""
        encoding = self.console.encoding
        done, last = len(track.seconds), track.last
        busy = "" if track.running or done == track.fits else "dim"
        yield Text("")
        yield Text(printable(name, encoding), style=busy)
        yield drawn_bar(done / track.fits, bar, encoding, failed=track.failed > 0)
        yield Text(f"{done}/{track.fits}")
        yield Text(f"{last['epoch']:.0f}" if last else "")
        yield Text(f"{last['validation_loss']:.3f}" if last else "")
        yield Text(f"{last['validation_metric']:.3f}" if last else "")
        if wide:
            yield Text(numbers.speed(last["rows_per_second"]) if last and track.running else "")
            left = track.left(time.monotonic())
            yield Text(numbers.duration(left) if left >= 1 else "")


@dataclass(kw_only=True, slots=True, eq=False)
class Track:
    """What is known of one model's fits.

    Args:
        fits: How many there are to make.
        guess: Seconds that one is thought to take, before the first has ended.
        seconds: Of each that has ended.
        failed: How many of these failed.
        running: Seed -> when it started.
        last: The newest row of a history.
    """

    fits: int
    guess: float
    seconds: list[float] = field(default_factory=list)
    failed: int = 0
    running: dict[int, float] = field(default_factory=dict)
    last: Mapping[str, float] = field(default_factory=dict)

    def left(self, now: float) -> float:
        """Guess the seconds of work that remain, on one worker."""
        each = sum(self.seconds) / len(self.seconds) if self.seconds else self.guess
        begun = sum(min(each, now - start) for start in self.running.values())
        return max(0.0, each * (self.fits - len(self.seconds)) - begun)


def drawn_bar(part: float, width: int, encoding: str, *, failed: bool) -> Text:
    """Draw a bar that is `part` (0 to 1) full."""
    full = round(part * width)
    text = Text()
    text.append(printable("━" * full, encoding), style="red" if failed else "green")
    text.append(printable("─" * (width - full), encoding), style="bright_black")
    return text
