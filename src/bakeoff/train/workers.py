"""A pool of warm worker processes: started once, one thread each, fed one job after another.

Two trainings on two cores take half the time; two threads on one small network take longer than
one. So every worker has one thread, and what a fit learns does not depend on how many there are.
"""

import json
import os
import signal
import subprocess
import sys
from collections import deque
from collections.abc import Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import fields
from pathlib import Path
from queue import Empty, SimpleQueue
from threading import Thread
from typing import Any, Literal, Self

from bakeoff.errors import RequestError, RunError, option
from bakeoff.train.events import Epoch, Event, Failed, Lost, Of, Ready, Started, from_line
from bakeoff.train.followers import num_ranks
from bakeoff.train.idle_workers import IdleWorkers, kind_of
from bakeoff.train.job import Job
from bakeoff.train.keras_backend import ENVIRONMENT, INSTALL, not_installed
from bakeoff.train.machine import gpus, memory_kills, this_machine
from bakeoff.train.task import Task, tasks_of

LOST_STARTS = 3  # so many in a row end the run: the next one would be lost as well
KILL = 9  # SIGKILL, which Windows does not have
TRIES = 2  # a job whose process ends is made again once: it may not have been its own fault


class Workers:
    """A few worker processes; use as a context: those that are free then wait for the next run.

    Args:
        count: How many processes.
        framework: What the first ones import while the data are being read.
        device: "auto", "cpu", "cuda" or "mps".

    Attributes:
        versions: Package -> version, of every framework that a worker has imported.
    """

    def __init__(self, count: int, *, framework: str = "torch", device: str = "auto") -> None:
        self.device = device
        self.shared_data: Path | None = None
        self.messages: SimpleQueue[tuple[Worker, Of | Ready | None]] = SimpleQueue()
        self.versions: dict[str, str] = {}
        self.kills_before = memory_kills()
        self.starved: set[int] = set()  # jobs whose process was killed for want of memory
        self.threads: Mapping[str, int] = {}  # model -> threads, where there is more than one
        self.spare_starts = 0  # none before a first worker was ready
        places = [environment(framework, gpu) for gpu in ("", *gpus())]
        IDLE.stop_but(*(kind_of(framework, device, place) for place in places))
        self.workers: list[Worker] = []
        for _ in range(count):
            self.workers.append(self.start_worker(framework))

    def __len__(self) -> int:
        return len(self.workers)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        for worker in self.workers:
            if worker.is_free:
                worker.send({"do": "forget"})
                IDLE.keep(worker.kind, worker)
            else:
                worker.stop()

    def grow(self, count: int) -> None:
        """Start more workers, up to a number."""
        for _ in range(count - len(self.workers)):
            self.workers.append(self.start_worker(self.workers[0].framework))

    def start_worker(self, framework: str) -> "Worker":
        """Start a process that gets to see the shared data of the run, on the GPU with fewest."""
        gpu = least_used([worker.gpu for worker in self.workers])
        kind = kind_of(framework, self.device, environment(framework, gpu))
        worker = IDLE.take(kind, lambda: Worker(framework, self.device, self.messages, gpu))
        worker.messages = self.messages
        if worker.ready is not None:
            self.versions |= worker.ready.versions or {}
            self.spare_starts = LOST_STARTS
        if self.shared_data is not None:
            worker.share(self.shared_data)
        return worker

    def replace(self, worker: "Worker", framework: str) -> "Worker":
        """Stop a worker and start another in its place."""
        worker.stop()
        self.workers.remove(worker)
        self.workers.append(self.start_worker(framework))
        return self.workers[-1]

    def share(self, folder: Path) -> None:
        """Let all workers, present and future, see what `write_shared_data` wrote."""
        self.shared_data = folder
        for worker in self.workers:
            worker.share(folder)

    def place(self) -> dict[str, Any]:
        """Wait for the first worker and return what it trains on: device, name and memory.

        Raises:
            RequestError: The device asked for is not there.
            MissingPackageError: The framework is not installed.
            RunError: A process could not start.
        """
        while all(worker.ready is None for worker in self.workers):
            self.note_start(*self.next_message())
        ready = next(worker.ready for worker in self.workers if worker.ready is not None)
        return ready._asdict()

    def next_message(self) -> "tuple[Worker, Of | Ready | None]":
        """Wait for a message, in short turns: on Windows, Ctrl-C does not end an unlimited wait."""
        while True:
            with suppress(Empty):
                return self.messages.get(timeout=0.5)

    def note_start(self, worker: "Worker", message: Of | Ready | None) -> None:
        """Note that a worker is ready, or explain why it is not; a few may end once one was."""
        if isinstance(message, Ready):
            worker.ready = message
            self.versions |= message.versions or {}
            self.spare_starts = LOST_STARTS
        elif isinstance(message, Of) and isinstance(message.event, Failed):
            raise self.start_error(worker, message.event)
        elif message is None:
            self.spare_starts -= 1
            if self.spare_starts <= 0:
                raise RunError(f"A worker process ended at its start: {self.how_it_ended(worker)}")

    def start_error(self, worker: "Worker", failed: Failed) -> Exception:
        """Return the error that explains why a worker could not start."""
        if failed.missing_module and worker.framework in INSTALL:
            return not_installed(worker.framework)
        if failed.mistake:
            asked, instead = option("device", self.device), option("device", "cpu")
            return RequestError(f"{asked}, but {failed.message}. Say {instead}.")
        return RunError(f"A worker process could not start: {failed.message}")

    def work(
        self,
        do: Literal["probe", "selftest", "fit"],
        jobs: Sequence[Job],
        folders: Sequence[Path],
        checkpoints: Sequence[Path] = (),
        *,
        threads: Mapping[str, int] | None = None,
        stacks: Sequence[Sequence[Job]] = (),
    ) -> Iterator[tuple[int, Event]]:
        """Do all jobs, in order, each by the next free worker of its framework.

        Args:
            do: "probe" builds a model and times a few steps, "selftest" tests it, "fit" trains it.
            jobs: What to do.
            folders: Of each job: where the worker leaves weights and scores.
            checkpoints: Of each job: the file by which it can go on; in its folder, if not given.
            threads: Model -> threads of its fits; one where it is not named.
            stacks: Of each job: those that are done with it, itself and others, which need not be
                asked for.

        Yields:
            (number of the job, event), as they come; of each job first Started, last Probed, Done
            or Failed. After Lost it is Started again, when the jobs that wait have been.

        Raises:
            RunError: Several workers in a row ended at their start.
        """
        checkpoints = checkpoints or [folder / "checkpoint.safetensors" for folder in folders]
        places = list(zip(folders, checkpoints, strict=True))
        self.starved, self.threads = set(), threads or {}
        waiting = deque(tasks_of(jobs, stacks or [(job,) for job in jobs]))
        tries = dict.fromkeys(range(len(jobs)), 0)
        unfinished = len(jobs)
        for worker in list(self.workers):
            yield from self.assign(do, worker, waiting, places)
        while unfinished:
            worker, message = self.next_message()
            if worker not in self.workers:
                continue  # stopped to make room for another framework
            if worker.ready is None:
                self.note_start(worker, message)
            task = worker.task
            if isinstance(message, Ready):
                continue
            if message is None:
                ended = self.end_of(worker, tries)
                worker = self.replace(worker, worker.framework)
                for number in task.numbers.values() if task else ():
                    yield number, ended
                if task is not None and isinstance(ended, Lost):
                    waiting.append(task)  # last: when fewer train at once, there is more memory
                elif task is not None:
                    unfinished -= len(task.numbers)
            elif task is not None:
                if message.place not in task.numbers:
                    continue  # it was not asked for
                yield task.numbers[message.place], message.event
                if isinstance(message.event, Epoch):
                    continue
                unfinished -= 1
                del task.numbers[message.place]
                if task.numbers:
                    continue
            worker.task = None
            yield from self.assign(do, worker, waiting, places)

    def end_of(self, worker: "Worker", tries: dict[int, int]) -> Lost | Failed:
        """Say how a process ended, and whether its job is made again: not after its second try.

        A process that ends at its start has not tried the job.
        """
        how = self.how_it_ended(worker)
        if worker.task is None or worker.ready is None:
            return Lost(how)
        number = worker.task.first
        tries[number] += 1
        if worker.wait() == -KILL and memory_kills() > self.kills_before:
            self.starved.add(number)
        if tries[number] < TRIES:
            return Lost(how)
        return Failed(f"Its process ended {TRIES} times: {how}")

    def how_it_ended(self, worker: "Worker") -> str:
        """Say how a process ended, as far as it can be known."""
        code = worker.wait()
        last = worker.stderr_tail[-1] if worker.stderr_tail else ""
        if code >= 0:
            return f"{last} (exit code {code})" if last else f"exit code {code}"
        words = f"{signal_name(-code)} (signal {-code})"
        if -code == KILL:
            return f"{words}; {self.say_memory(worker)}"
        return f"{words}: {last}" if last else words

    def say_memory(self, worker: "Worker") -> str:
        """Say what is known of memory where a process was killed, which may be for want of it."""
        used = f"it last reported {worker.memory / 2**20:,.0f} MB" if worker.memory else ""
        there = f"the machine has {this_machine().memory / 2**20:,.0f} MB of memory"
        words = f"{used}, {there}" if used else there
        if memory_kills() > self.kills_before:
            return (
                f"{words} and has killed a process for want of it since the run began. Try a "
                "smaller batch_size, or fewer jobs at once."
            )
        return f"{words}. Whether want of memory, a limit or somebody killed it is not known."

    def assign(
        self,
        do: str,
        worker: "Worker",
        waiting: deque[Task],
        places: Sequence[tuple[Path, Path]],
    ) -> Iterator[tuple[int, Event]]:
        """Give a free worker its next job; a job of another framework gets a fresh process."""
        if not waiting:
            return
        same = (task for task in waiting if runs_on(task.jobs[0]) in ("any", worker.framework))
        task = next(same, waiting[0])
        if runs_on(task.jobs[0]) not in ("any", worker.framework):
            worker = self.replace(worker, runs_on(task.jobs[0]))
        waiting.remove(task)
        worker.start(
            do,
            task,
            {place: places[number][0] for place, number in task.numbers.items()},
            places[task.first][1],
            smaller=task.first in self.starved,
            threads=self.threads.get(task.jobs[0].model, 1),
        )
        for number in task.numbers.values():
            yield number, Started()


class Worker:
    """One process and two threads: its messages go to a common queue, its stderr is kept.

    Args:
        framework: What it imports.
        device: What it is to train on.
        messages: Where those go that come; None stands for the end of the process.
        gpu: The only one that it sees; "": all that there are.

    Attributes:
        kind: What it can be used for in another run.
    """

    def __init__(
        self,
        framework: str,
        device: str,
        messages: "SimpleQueue[tuple[Worker, Of | Ready | None]]",
        gpu: str = "",
    ) -> None:
        self.framework, self.messages, self.gpu = framework, messages, gpu
        self.kind = kind_of(framework, device, environment(framework, gpu))
        self.ready: Ready | None = None
        self.task: Task | None = None
        self.memory = 0
        self.process = subprocess.Popen(
            [sys.executable, "-P", "-m", "bakeoff.train.worker"],  # -P: a user's json.py stays out
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            env=environment(framework, gpu),
            text=True,
            encoding="utf-8",
            errors="replace",  # a message of the system may come in its own encoding
            bufsize=1,
        )
        self.stderr_tail: deque[str] = deque(maxlen=20)
        self.threads = [
            Thread(target=self.read_messages, daemon=True),
            Thread(target=self.read_stderr, daemon=True),
        ]
        for thread in self.threads:
            thread.start()
        self.send({"do": "hello", "framework": framework, "device": device})

    @property
    def is_free(self) -> bool:
        """Whether it could take a job now."""
        return self.ready is not None and self.task is None and self.is_alive()

    def is_alive(self) -> bool:
        """Tell whether its process runs."""
        return self.process.poll() is None

    def read_messages(self) -> None:
        """Pass on each message; None when the process has ended, be it in the middle of a line."""
        try:
            if self.process.stdout is not None:
                with self.process.stdout as lines:
                    for line in lines:
                        message = from_line(line, self.task.jobs if self.task else ())
                        if isinstance(message, Of) and isinstance(message.event, Epoch):
                            self.memory = message.event.memory
                        self.messages.put((self, message))
        except ValueError:
            self.process.terminate()  # what comes after half a line cannot be understood
        finally:
            self.messages.put((self, None))

    def read_stderr(self) -> None:
        """Keep the last lines of standard error, to explain a crash."""
        if self.process.stderr is not None:
            with self.process.stderr as lines:
                self.stderr_tail.extend(line.rstrip() for line in lines)

    def share(self, folder: Path) -> None:
        """Let the process see the shared data of the run."""
        self.send({"do": "share", "folder": str(folder)})

    def start(
        self,
        do: str,
        task: Task,
        folders: Mapping[int, Path],
        checkpoint: Path,
        *,
        smaller: bool,
        threads: int,
    ) -> None:
        """Ask for a task; its events come by the queue.

        Args:
            do: As of `Workers.work`.
            task: What is asked for.
            folders: Place of a job -> where its weights and scores are left; of those asked for.
            checkpoint: By which it can go on.
            smaller: A process was killed for want of memory while it did this.
            threads: Of the task.
        """
        self.task = task
        places = {place: str(folder) for place, folder in folders.items()}
        jobs = [
            {"job": as_json(job), "folder": places.get(place)}
            for place, job in enumerate(task.jobs)
        ]
        how = {"smaller": smaller, "threads": threads}
        self.send({"do": do, "jobs": jobs, "checkpoint": str(checkpoint), **how})

    def send(self, request: Mapping[str, Any]) -> None:
        """Send one request; a dead process is noticed by `read_messages`."""
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
        """Wait until the process has ended and all its output is read; return its exit code."""
        code = self.process.wait()
        for thread in self.threads:
            thread.join(timeout=1)
        return code


IDLE: IdleWorkers[Worker] = IdleWorkers()


def signal_name(number: int) -> str:
    """Return the name of a signal.

    Example:
        >>> signal_name(15), signal_name(99)
        ('SIGTERM', 'an unknown signal')
    """
    try:
        return signal.Signals(number).name
    except ValueError:
        return "an unknown signal"


def least_used(taken: Sequence[str]) -> str:
    """Return the GPU that the fewest workers are on; "" where there are no two to choose from.

    Args:
        taken: GPUs of the workers that run.
    """
    there = gpus()
    if len(there) < 2 or num_ranks() > 1:  # torchrun gives each process its own
        return ""
    return min(there, key=taken.count)


def environment(framework: str, gpu: str = "") -> dict[str, str]:
    """Return the environment of a worker: one thread, quiet frameworks, this very package.

    Args:
        framework: That it imports.
        gpu: The only one that it sees; "": all.
    """
    here = str(Path(__file__).parents[2])
    paths = [here, *filter(None, [os.environ.get("PYTHONPATH")])]
    return {
        **os.environ,
        **ENVIRONMENT,
        "OMP_NUM_THREADS": "1",
        "MKL_NUM_THREADS": "1",
        "OPENBLAS_NUM_THREADS": "1",
        "TF_NUM_INTRAOP_THREADS": "1",
        "TF_NUM_INTEROP_THREADS": "1",
        "XLA_FLAGS": os.environ.get("XLA_FLAGS", "") + " --xla_cpu_multi_thread_eigen=false",
        "KERAS_BACKEND": framework if framework in INSTALL else "tensorflow",
        "PYTHONPATH": os.pathsep.join(paths),
        "PYTHONIOENCODING": "utf-8",
        **({"CUDA_VISIBLE_DEVICES": gpu} if gpu else {}),
    }


def runs_on(job: Job) -> str:
    """Return the framework that a job needs; a baseline runs anywhere."""
    return "any" if job.framework == "sklearn" else job.framework


def as_json(job: Job) -> dict[str, Any]:
    """Return the job's fields."""
    return {field.name: getattr(job, field.name) for field in fields(job)}


def num_cores() -> int:
    """Count the cores that this process may use."""
    if hasattr(os, "sched_getaffinity"):
        return max(1, len(os.sched_getaffinity(0)))
    return os.cpu_count() or 1
