"""How a run ends: finished, failed, or stopped by somebody, and how its folder is marked then."""

import signal
import threading
from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager, nullcontext, suppress
from typing import TYPE_CHECKING

from bakeoff.errors import RunError

if TYPE_CHECKING:
    from bakeoff.plan.plan import Plan
    from bakeoff.report.screen import Screen
    from bakeoff.runs.folder import RunFolder

ENDING = ("SIGTERM", "SIGHUP")  # as the system ends programs; Windows has no SIGHUP


@contextmanager
def ended_by_signals() -> Iterator[None]:
    """Let SIGTERM and SIGHUP end a run as Ctrl-C does, with the exit code of the signal.

    Whoever has an answer of their own to a signal keeps it, as do threads, which get no signals.
    """
    numbers = [getattr(signal, name) for name in ENDING if hasattr(signal, name)]
    if threading.current_thread() is not threading.main_thread():
        numbers = []
    numbers = [number for number in numbers if signal.getsignal(number) is signal.SIG_DFL]

    def end(number: int, _: object) -> None:
        for ending in numbers:
            signal.signal(ending, signal.SIG_IGN)  # a second one would cut the clearing up short
        raise SystemExit(128 + number)

    for number in numbers:
        signal.signal(number, end)
    try:
        yield
    finally:
        for number in numbers:
            signal.signal(number, signal.SIG_DFL)


@contextmanager
def marked(folder: "RunFolder", plan: "Plan", screen: "Screen") -> Iterator[None]:
    """Mark the folder as finished, failed or, after Ctrl-C or a signal, as unfinished."""
    fits = len(plan.jobs)
    try:
        yield
    except (KeyboardInterrupt, SystemExit):
        ended = folder.count_ended(plan.jobs)
        with suppress(RunError):
            folder.mark("unfinished", fits=fits, ended=ended)
        with suppress(OSError):  # a terminal that was closed shows nothing any more
            screen.interrupted(folder, fits=fits, finished=ended)
        raise
    except Exception as error:
        ended = folder.count_ended(plan.jobs)
        with suppress(RunError):  # where nothing can be written, the first error is the one to tell
            folder.mark("failed", fits=fits, ended=ended, error=str(error))
        raise
    status = "unjudged" if plan.experiment.pairs else "finished"
    folder.mark(status, fits=fits, ended=folder.count_ended(plan.jobs))


def held_if(folder: "RunFolder", new: bool) -> AbstractContextManager[None]:
    """Hold the folder of a new run; one that goes on is held already."""
    from bakeoff.runs.unfinished import held

    return held(folder) if new else nullcontext()
