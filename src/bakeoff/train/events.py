"""What a worker reports of a job, as small types: a decision reads fields, never a sentence."""

from collections.abc import Mapping
from typing import NamedTuple

from bakeoff.train.job import Fit


class Started(NamedTuple):
    """A worker has begun the job."""


class Epoch(NamedTuple):
    """An epoch has ended; `row` is its line of the history."""

    row: Mapping[str, float]


class Probed(NamedTuple):
    """A model was built and a few of its training steps were timed.

    Args:
        parameters: All weights.
        step_seconds: The median step; 0 for a baseline.
    """

    parameters: int = 0
    step_seconds: float = 0.0


class Done(NamedTuple):
    """The job has ended well; its weights and scores lie in the folder given to the worker."""

    fit: Fit


class Failed(NamedTuple):
    """The job has failed.

    Args:
        message: One sentence.
        mistake: The request was wrong: asking again, without a change, fails again.
        missing_module: The Python module that was not there, or nothing.
    """

    message: str
    mistake: bool = False
    missing_module: str = ""


Event = Started | Epoch | Probed | Done | Failed
