"""The metric of the training rows over an epoch, as a course plots it beside that of validation.

Scores are those that training made on its way: with dropout, and by weights that changed from step
to step.
"""

from collections.abc import Callable

import numpy as np

MOST = 2**22  # numbers that are held before they are counted


class Tally:
    """Hold scores and targets of an epoch until its end.

    Args:
        watched: Scores, targets -> the metric.
        mean: Whether the metric is a mean over rows, so that parts of an epoch can be counted.
        per_step: There is a target of each step.
        teacher_forcing: What is seen are hits and the number of tokens of each batch.

    Example:
        >>> tally = Tally(lambda scores, targets: float((scores.argmax(1) == targets).mean()))
        >>> tally.see(np.eye(2), np.array([0, 1]))
        >>> tally.see(np.eye(2), np.array([0, 0]))
        >>> tally.metric()
        0.75
    """

    def __init__(
        self,
        watched: Callable[[np.ndarray, np.ndarray], float],
        *,
        mean: bool = False,
        per_step: bool = False,
        teacher_forcing: bool = False,
    ) -> None:
        self.watched, self.mean = watched, mean
        self.per_step, self.texts = per_step, teacher_forcing
        self.parts: list[tuple[np.ndarray, np.ndarray]] = []
        self.counted: list[tuple[float, int]] = []
        self.held = 0

    def see(self, scores: np.ndarray, targets: np.ndarray) -> None:
        """Hold those of some rows."""
        if self.texts:
            targets = scores
        elif self.per_step:
            scores = scores[:, : targets.shape[1]]  # a batch may be padded further
            known = ~np.isnan(targets) if targets.dtype.kind == "f" else targets >= 0
            scores, targets = scores[known], targets[known]
        self.hold(scores, targets)
        if self.mean and self.held > MOST:
            self.count()

    def hold(self, scores: np.ndarray, targets: np.ndarray) -> None:
        """Hold rows as they are judged."""
        self.parts.append((scores, targets))
        self.held += scores.size

    def count(self) -> None:
        """Judge what is held, and hold no more of it."""
        if not self.parts:  # as where the last batch of an epoch has filled it
            return
        scores, targets = (np.concatenate(part) for part in zip(*self.parts, strict=True))
        if len(targets):
            seen = (scores[None], targets[None]) if self.per_step else (scores, targets)
            self.counted.append((self.watched(*seen), len(targets)))
        self.parts, self.held = [], 0

    def metric(self) -> float:
        """Return the metric of all that was seen."""
        if self.texts:
            hits, known = np.concatenate([scores for scores, _ in self.parts]).sum(0)
            return float(hits / known)
        self.count()
        if not self.counted:
            return float("nan")
        values, weights = zip(*self.counted, strict=True)
        return float(np.average(values, weights=weights))
