"""Which fit of a model to take home."""

from collections.abc import Sequence

import numpy as np

from bakeoff.evaluate.metrics import Metric


def best_of(validation: Sequence[float | None], metric: Metric) -> int:
    """Return the place of the best validation score; of equal ones, or of none, the first.

    Args:
        validation: Score of each fit on the validation rows, by seed; None where there is none.
        metric: What the scores are of.

    Example:
        >>> from bakeoff.evaluate.metrics import METRICS
        >>> best_of([None, 0.5, 0.7, 0.7], METRICS["accuracy"]), best_of([2.0, 1.0], METRICS["mae"])
        (2, 1)
    """
    merits = [-np.inf if v is None or np.isnan(v) else metric.sign * v for v in validation]
    return int(np.argmax(merits))
