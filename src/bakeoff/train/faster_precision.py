"""Precision: whether a network trains in bfloat16, by measurement.

It is tried only where the processor has the instructions and where the architecture was seen to
score the same (docs/benchmarks.md). On one that has them it was 2.0 and 2.3 times as fast for two
CNNs, and half as fast for a Transformer; without them it is slower everywhere.
"""

from collections.abc import Callable

import numpy as np

from bakeoff.train.job import Job
from bakeoff.train.machine import has_bfloat16

AUTO, FLOAT32, BFLOAT16 = "auto", "float32", "bfloat16"
SCORE_THE_SAME = (  # by python -m benchmarks.bfloat16
    *("mlp", "cnn", "resnet", "rnn", "lstm", "gru", "cnn1d", "tcn", "transformer"),
    "lstm_attention",
)
ROUNDS = 3  # in which each is timed, one after the other
GAIN = 1.15  # how many times as fast it must be, to be worth a less exact arithmetic


def faster(step_seconds: Callable[[str], float]) -> tuple[str, float]:
    """Return which precision to train in, and the seconds of a step in it.

    Args:
        step_seconds: Precision -> the median step of a few.

    Example:
        >>> faster(lambda precision: 1.0 if precision == "bfloat16" else 2.0)
        ('bfloat16', 1.0)
        >>> faster(lambda precision: 1.9 if precision == "bfloat16" else 2.0)
        ('float32', 2.0)
    """
    found: dict[str, list[float]] = {FLOAT32: [], BFLOAT16: []}
    for _ in range(ROUNDS):
        for precision, seconds in found.items():
            seconds.append(step_seconds(precision))
    usual = {precision: float(np.median(seconds)) for precision, seconds in found.items()}
    chosen = BFLOAT16 if usual[BFLOAT16] * GAIN < usual[FLOAT32] else FLOAT32
    return chosen, usual[chosen]


def can_be_tried(job: Job) -> bool:
    """Tell whether bfloat16 may be tried: the machine has it, and the scores are the same."""
    return (
        job.framework == "torch"
        and job.architecture in SCORE_THE_SAME
        and (job.device == "cuda" or has_bfloat16())
    )
