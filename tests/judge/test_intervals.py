"""Intervals of scores near the ends, and of means over classes."""

import numpy as np
import pytest

from bakeoff.evaluate.predictions import Predictions
from bakeoff.judge.intervals import balanced_interval, class_recalls, exact_reach, jeffreys
from bakeoff.judge.samples import Sample


@pytest.mark.parametrize(
    ("hits", "rows", "ends"),
    [  # quantiles of beta distributions, worked out apart from this code
        (4, 5, (0.3713736, 0.9774872)),
        (0, 3, (0.0, 0.5355832)),
        (3, 3, (0.4644168, 1.0)),
        (2.5, 3.2, (0.26479004, 0.98355584)),
    ],
)
def test_the_interval_of_a_share_is_that_of_jeffreys(hits, rows, ends):
    assert jeffreys(hits, rows) == pytest.approx(ends)


def test_the_interval_of_a_balanced_accuracy_is_put_together_from_its_classes():
    ends = balanced_interval(np.array([0.9, 0.5, 1.0]), np.array([50.0, 8.0, 3.0]), 0.6, 0.02)
    assert ends == pytest.approx((0.64574809, 0.88610138))  # of the recipe that was simulated


def by_seed(*hits):
    truth = np.array(["a"] * 6 + ["b"] * 2, object)
    right = np.where(truth == "a", 0, 1)
    return [
        Predictions(
            target="y",
            rows=np.arange(8),
            truth=truth,
            scores=np.eye(2)[np.where(np.array(hit), right, 1 - right)],
            classes=("a", "b"),
        )
        for hit in hits
    ]


def test_seeds_that_agree_leave_a_row_all_of_its_luck_and_others_less():
    once = [1, 1, 1, 0, 0, 1, 1, 0]
    recalls, sizes, worth = class_recalls(by_seed(once, once))
    assert (recalls.tolist(), sizes.tolist(), worth) == ([4 / 6, 0.5], [6, 2], 1)
    turned = [1 - hit for hit in once]
    assert class_recalls(by_seed(once, turned))[2] == 0.05
    assert class_recalls(by_seed([1] * 8))[2] == 1


def test_groups_that_are_all_right_are_worth_a_row_each():
    rows = Sample(kind="rows", units=np.zeros(100, np.int64))
    groups = Sample(kind="groups", units=np.arange(100) // 10)
    assert exact_reach(rows) == pytest.approx(1 - 0.025**0.01)
    assert exact_reach(groups) == pytest.approx(1 - 0.025**0.1)
