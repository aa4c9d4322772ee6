"""Promises of the transform of two values."""

import numpy as np

from bakeoff.data.preparing.binary import Binary


def test_an_unseen_value_of_two_lies_between_them():
    transform = Binary.fit(np.array(["no", "yes", "yes"] * 4, dtype=object))
    low, high, unseen, missing = transform.apply(
        np.array(["no", "yes", "maybe", None], dtype=object)
    )[:, 0]
    assert low < unseen == missing == 0 < high
