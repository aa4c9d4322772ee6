"""Workers that wait for the next run of this process, so that a second one begins at once.

To start one takes 2 seconds with torch and 8 with TensorFlow. They wait for a minute, and end with
the process at the latest.
"""

import atexit
import sys
from collections.abc import Callable, Hashable
from pathlib import Path
from threading import Lock, Timer
from typing import Generic, Protocol, TypeVar

SECONDS = 60.0  # that a worker waits


W = TypeVar("W", bound="Stoppable")


class IdleWorkers(Generic[W]):
    """Keeps workers between two runs.

    Args:
        seconds: How long one waits.
    """

    def __init__(self, seconds: float = SECONDS) -> None:
        self.seconds = seconds
        self.lock = Lock()
        self.waiting: list[tuple[Hashable, W]] = []
        self.timer: Timer | None = None
        atexit.register(self.stop_but)

    def keep(self, kind: Hashable, worker: W) -> None:
        """Let a worker wait.

        Args:
            kind: What it can be used for: see `kind_of`.
            worker: It has nothing to do, and holds nothing of the run that has ended.
        """
        with self.lock:
            self.waiting.append((kind, worker))
            if self.timer is not None:
                self.timer.cancel()
            self.timer = Timer(self.seconds, self.stop_but)
            self.timer.daemon = True
            self.timer.start()

    def take(self, kind: Hashable, start: Callable[[], W]) -> W:
        """Return one that waits, or else start one.

        Args:
            kind: What it is needed for.
            start: Starts one.
        """
        with self.lock:
            known = [(own, worker) for own, worker in self.waiting if own == kind]
            for entry in known:
                self.waiting.remove(entry)
                if entry[1].is_alive():
                    return entry[1]
                entry[1].stop()
        return start()

    def stop_but(self, *kinds: Hashable) -> None:
        """End all that wait but those of some kinds: they would take memory from the others."""
        with self.lock:
            ended = [worker for own, worker in self.waiting if own not in kinds]
            self.waiting = [(own, worker) for own, worker in self.waiting if worker not in ended]
        for worker in ended:
            worker.stop()


class Stoppable(Protocol):
    """A worker: see `workers.Worker`."""

    def stop(self) -> None:
        """End its process."""

    def is_alive(self) -> bool:
        """Tell whether its process runs."""


def kind_of(framework: str, device: str, environment: dict[str, str]) -> Hashable:
    """Return what decides whether a worker that waits can be used.

    Args:
        framework: That it has imported.
        device: That it was asked for.
        environment: That it was started in.
    """
    return framework, device, sys.executable, str(Path.cwd()), frozenset(environment.items())
