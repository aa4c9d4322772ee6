"""Promises of the transform of categories."""

import numpy as np

from bakeoff.data.preparing.categories import Categories


def test_missing_unseen_and_rare_categories_have_codes_of_their_own():
    values = np.array(["u"] * 5 + ["v"] * 5 + ["rare"], dtype=object)
    transform = Categories.fit(values)
    codes = transform.apply(np.array([None, "new", "rare", "u", "v"], dtype=object))
    assert codes.tolist() == [0, 1, 1, 2, 3]
    assert transform.size == 4
