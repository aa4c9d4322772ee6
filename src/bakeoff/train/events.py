"""What a worker reports of a job, as small types: a decision reads fields, never a sentence.

A worker sends each as a line of JSON, `to_line`; the pool reads it back once, `from_line`.
"""

import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict, replace
from typing import Any, NamedTuple

from bakeoff.train.job import Fit, Job


class Started(NamedTuple):
    """A worker has begun the job."""


class Epoch(NamedTuple):
    """An epoch has ended.

    Args:
        row: Its line of the history.
        memory: Bytes that the worker holds now; 0 where the system does not tell.
    """

    row: Mapping[str, float]
    memory: int = 0


class Probed(NamedTuple):
    """A model was built and a few of its training steps were timed.

    Args:
        parameters: All weights.
        step_seconds: The median step; 0 for a baseline.
        precision: That was measured to be the faster one, where that was asked for.
    """

    parameters: int = 0
    step_seconds: float = 0.0
    precision: str = ""


class Tested(NamedTuple):
    """A network was tested before it is trained.

    Args:
        checks: What was tested -> what is wrong; "" where it holds.
    """

    checks: Mapping[str, str]


class Lost(NamedTuple):
    """The process of the job has ended before the job did; another makes the job once more.

    Args:
        message: How it ended, in plain words.
    """

    message: str


class Done(NamedTuple):
    """The job has ended well; its weights and scores lie in the folder given to the worker."""

    fit: Fit


class Failed(NamedTuple):
    """The job has failed.

    Args:
        message: One sentence, in plain words: it may be stored.
        mistake: The request was wrong: asking again, without a change, fails again.
        missing_module: The Python module that was not there, or nothing.
    """

    message: str
    mistake: bool = False
    missing_module: str = ""


class Of(NamedTuple):
    """An event of one of several jobs that a worker does at once.

    Args:
        place: Of the job among them.
        event: What it is.
    """

    place: int
    event: "Event"


Event = Started | Epoch | Probed | Tested | Lost | Done | Failed


class Ready(NamedTuple):
    """A worker has imported its framework.

    Args:
        device: What it trains on: "cpu", "cuda" or "mps".
        name: Of the GPU.
        memory: Of the GPU, in bytes.
        versions: Package -> version, of the framework and what it runs on.
    """

    device: str
    name: str = ""
    memory: int = 0
    versions: Mapping[str, str] | None = None


KINDS: Mapping[str, type[Epoch | Probed | Tested | Failed]] = {
    "epoch": Epoch,
    "probed": Probed,
    "tested": Tested,
    "failed": Failed,
}


def to_line(message: Event | Ready | Of) -> str:
    """Write a message as one line of JSON.

    Example:
        >>> to_line(Probed(parameters=3))
        '{"kind": "probed", "parameters": 3, "step_seconds": 0.0, "precision": ""}'
    """
    if isinstance(message, Of):
        return json.dumps({**json.loads(to_line(message.event)), "place": message.place})
    if isinstance(message, Done):
        facts = asdict(message.fit)
        device = facts.pop("job")["device"]  # all else of the job is known to who asked
        return json.dumps({"kind": "done", "device": device, "fit": facts})
    return json.dumps({"kind": type(message).__name__.lower(), **message._asdict()})


def from_line(line: str, jobs: Sequence[Job] = ()) -> Of | Ready:
    """Read what `to_line` wrote.

    Args:
        jobs: What the worker is doing, which a finished fit is one of.

    Raises:
        ValueError: It is no such line.

    Example:
        >>> from_line('{"kind": "failed", "message": "the loss is nan"}').event.mistake
        False
    """
    try:
        facts: dict[str, Any] = json.loads(line)
        kind, place = facts.pop("kind"), facts.pop("place", 0)
        if kind == "ready":
            return Ready(**facts)
        if kind == "done":
            job = replace(jobs[place], device=facts["device"])
            return Of(place, Done(Fit(job=job, **facts["fit"])))
        return Of(place, KINDS[kind](**facts))
    except (KeyError, IndexError, TypeError, AttributeError) as error:
        raise ValueError(f"{line!r} is no message of a worker.") from error
