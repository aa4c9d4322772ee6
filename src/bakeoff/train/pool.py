"""Warm worker processes: started once, one thread each, fed one fit after another.

Two trainings on two cores take half the time; two threads on one small network take longer than
one. So every worker has one thread, and what a fit learns does not depend on how many there are.
"""

import json
import os
import subprocess
import sys
from collections import deque
from collections.abc import Iterator, Mapping, Sequence
from contextlib import suppress
from pathlib import Path
from queue import Empty, SimpleQueue
from threading import Thread
from typing import Any, Self

from bakeoff.errors import MissingPackageError, RequestError, RunError
from bakeoff.train.job import Job

INSTALL = {
    "tensorflow": "pip install 'bakeoff[tensorflow]'",
    "jax": "pip install 'bakeoff[jax]'",
}
LOST_STARTS = 3  # so many in a row end the run: the next one would be lost as well


def num_cores() -> int:
    """Count the cores that this process may use."""
    if hasattr(os, "sched_getaffinity"):
        return max(1, len(os.sched_getaffinity(0)))
    return os.cpu_count() or 1


class Worker:
    """One process and two threads: its answers go to a common queue, its complaints are kept."""

    def __init__(
        self, framework: str, device: str, answers: "SimpleQueue[tuple[Worker, Any]]"
    ) -> None:
        self.framework = framework
        self.ready: dict[str, Any] | None = None
        self.task: tuple[int, Job] | None = None
        self.process = subprocess.Popen(
            [sys.executable, "-P", "-m", "bakeoff.train.worker"],  # -P: a user's json.py stays out
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            env=environment(framework),
            text=True,
            encoding="utf-8",
            errors="replace",  # a message of the system may come in its own encoding
            bufsize=1,
        )
        self.complaints: deque[str] = deque(maxlen=20)
        self.threads = [
            Thread(target=self.listen, args=(answers,), daemon=True),
            Thread(target=self.overhear, daemon=True),
        ]
        for thread in self.threads:
            thread.start()
        self.tell({"do": "hello", "framework": framework, "device": device})

    def listen(self, answers: "SimpleQueue[tuple[Worker, Any]]") -> None:
        """Pass on each answer; None when the process has ended, be it in the middle of a line."""
        try:
            if self.process.stdout is not None:
                with self.process.stdout as lines:
                    for line in lines:
                        answers.put((self, json.loads(line)))
        except json.JSONDecodeError:
            self.process.terminate()  # what comes after half a line cannot be understood
        finally:
            answers.put((self, None))

    def overhear(self) -> None:
        """Keep the last lines of standard error, to explain a crash."""
        if self.process.stderr is not None:
            with self.process.stderr as lines:
                self.complaints.extend(line.rstrip() for line in lines)

    def tell(self, request: Mapping[str, Any]) -> None:
        """Send one request; a dead process is noticed by `listen`."""
        if self.process.stdin is not None:
            with suppress(OSError):
                self.process.stdin.write(json.dumps(request) + "\n")

    def stop(self) -> None:
        """End the process at once, and its threads: none may still read when Python exits."""
        self.process.kill()
        self.wait()
        if self.process.stdin is not None:
            with suppress(OSError):
                self.process.stdin.close()

    def wait(self) -> int:
        """Wait until the process has ended and all it said is read; return its exit code."""
        code = self.process.wait()
        for thread in self.threads:
            thread.join(timeout=1)
        return code


def environment(framework: str) -> dict[str, str]:
    """Return the environment of a worker: one thread, quiet frameworks, this very package."""
    here = str(Path(__file__).parents[2])
    paths = [here, *filter(None, [os.environ.get("PYTHONPATH")])]
    return {
        **os.environ,
        "OMP_NUM_THREADS": "1",
        "MKL_NUM_THREADS": "1",
        "OPENBLAS_NUM_THREADS": "1",
        "TF_NUM_INTRAOP_THREADS": "1",
        "TF_NUM_INTEROP_THREADS": "1",
        "XLA_FLAGS": os.environ.get("XLA_FLAGS", "") + " --xla_cpu_multi_thread_eigen=false",
        "TF_CPP_MIN_LOG_LEVEL": "2",
        "TF_ENABLE_ONEDNN_OPTS": "0",
        "KERAS_BACKEND": framework if framework in INSTALL else "tensorflow",
        "PYTHONPATH": os.pathsep.join(paths),
        "PYTHONIOENCODING": "utf-8",
    }


class Workers:
    """A few workers; use as a context, so that none outlives the run.

    Args:
        count: How many processes.
        framework: What the first ones import while the data are being read.
        device: "auto", "cpu", "cuda" or "mps".
    """

    def __init__(self, count: int, *, framework: str = "torch", device: str = "auto") -> None:
        self.device = device
        self.material: Path | None = None
        self.answers: SimpleQueue[tuple[Worker, Any]] = SimpleQueue()
        self.spare_starts = 0  # none before a first worker was ready
        self.crew = [self.hire(framework) for _ in range(count)]

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        for worker in self.crew:
            worker.stop()

    def grow(self, count: int) -> None:
        """Start more workers, up to a number."""
        self.crew += [self.hire(self.crew[0].framework) for _ in range(count - len(self.crew))]

    def hire(self, framework: str) -> Worker:
        """Start a worker that gets to see the material of the run."""
        worker = Worker(framework, self.device, self.answers)
        if self.material is not None:
            worker.tell({"do": "material", "folder": str(self.material)})
        return worker

    def replace(self, worker: Worker, framework: str) -> Worker:
        """Stop a worker and hire another in its place."""
        worker.stop()
        self.crew.remove(worker)
        self.crew.append(self.hire(framework))
        return self.crew[-1]

    def show(self, folder: Path) -> None:
        """Give all workers, present and future, the material of the run."""
        self.material = folder
        for worker in self.crew:
            worker.tell({"do": "material", "folder": str(folder)})

    def place(self) -> dict[str, Any]:
        """Wait for the first worker and return its device, name, memory and versions.

        Raises:
            RequestError: The device asked for is not there.
            MissingPackageError: The framework is not installed.
            RunError: A process ended at its start.
        """
        while all(worker.ready is None for worker in self.crew):
            worker, message = self.next_answer()
            self.hear_start(worker, message)
        return next(worker.ready for worker in self.crew if worker.ready is not None)

    def next_answer(self) -> tuple[Worker, Any]:
        """Wait for an answer, in short turns: on Windows, Ctrl-C does not end an unlimited wait."""
        while True:
            with suppress(Empty):
                return self.answers.get(timeout=0.5)

    def hear_start(self, worker: Worker, message: Any) -> None:
        """Note that a worker is ready, or explain why it is not; a few may end once one was."""
        if message is None:
            self.spare_starts -= 1
            if self.spare_starts <= 0:
                raise RunError(f"A worker process ended at its start: {last_words(worker)}")
            return
        if "failed" in message:
            text = message["failed"]
            if "No module named" in text and worker.framework in INSTALL:
                raise MissingPackageError(
                    f"{worker.framework} is not installed. Install it with: "
                    f"{INSTALL[worker.framework]}"
                )
            raise RequestError(text.removeprefix("BakeoffError: "))
        worker.ready = message["ready"]
        self.spare_starts = LOST_STARTS

    def work(
        self, do: str, jobs: Sequence[Job], folders: Sequence[Path]
    ) -> Iterator[tuple[int, dict[str, Any]]]:
        """Do all jobs, in order, each by the next free worker of its framework.

        Yields:
            (number of the job, message), as they come; a message is {"started": True},
            {"epoch": row}, {"probed": ...}, {"done": ...} or {"failed": sentence, "mistake": bool}.
        """
        waiting = deque(enumerate(jobs))
        unfinished = len(jobs)
        for worker in list(self.crew):
            yield from self.assign(do, worker, waiting, folders)
        while unfinished:
            worker, message = self.next_answer()
            if worker not in self.crew:
                continue  # stopped to make room for another framework
            if worker.ready is None:
                self.hear_start(worker, message)
            task = worker.task
            if message is None:
                message = {"failed": f"the process ended: {last_words(worker)}", "mistake": False}
                worker = self.replace(worker, worker.framework)
            elif "ready" in message:
                continue
            if task is not None:
                yield task[0], message
            if "epoch" not in message:
                unfinished -= task is not None
                worker.task = None
                yield from self.assign(do, worker, waiting, folders)

    def assign(
        self,
        do: str,
        worker: Worker,
        waiting: "deque[tuple[int, Job]]",
        folders: Sequence[Path],
    ) -> Iterator[tuple[int, dict[str, Any]]]:
        """Give a free worker its next job; a job of another framework gets a fresh process."""
        if not waiting:
            return
        same = (task for task in waiting if runs_on(task[1]) in ("any", worker.framework))
        task = next(same, waiting[0])
        if runs_on(task[1]) not in ("any", worker.framework):
            worker = self.replace(worker, runs_on(task[1]))
        waiting.remove(task)
        worker.task = task
        request = {"do": do, "job": as_json(task[1]), "folder": str(folders[task[0]])}
        worker.tell(request)
        yield task[0], {"started": True}


def runs_on(job: Job) -> str:
    """Return the framework that a job needs; a baseline runs anywhere."""
    return "any" if job.framework == "sklearn" else job.framework


def as_json(job: Job) -> dict[str, Any]:
    """Return the job's fields."""
    return {name: getattr(job, name) for name in job.__dataclass_fields__}


def last_words(worker: Worker) -> str:
    """Say how a process ended, as far as it can be known."""
    code = worker.wait()
    if code == -9:
        return (
            "it was killed, most likely for want of memory. Try a smaller batch_size, or --jobs 1."
        )
    return worker.complaints[-1] if worker.complaints else f"exit code {code}"
