"""A network that begins as another ended: its words keep their vectors, wherever they stand."""

import numpy as np

from bakeoff.plan.begun import places_of, rearrange


def test_a_word_keeps_its_vector_and_a_new_one_is_drawn():
    old = np.arange(14, dtype="float32").reshape(7, 2)  # four codes of no word, then a, b, c
    weights = {"embedding.weight": old.copy(), "cells.0.weight": np.ones(3)}
    rearrange(weights, "", places_of(["a", "b", "c"], ["c", "new", "a"]))
    moved = weights["embedding.weight"]
    assert np.array_equal(moved[:4], old[:4])
    assert np.array_equal(moved[4], old[6])
    assert np.isnan(moved[5]).all()
    assert np.array_equal(moved[6], old[4])
    assert np.array_equal(weights["cells.0.weight"], np.ones(3))


def test_pairs_of_words_that_stand_elsewhere_are_drawn():
    weights = {
        "encoders.1.pairs.embeddings": np.ones((8, 2)),
        "encoders.0.pairs.weight": np.ones(2),
    }
    rearrange(weights, "encoders.1.", places_of([], []))
    assert np.isnan(weights["encoders.1.pairs.embeddings"]).all()
    assert np.array_equal(weights["encoders.0.pairs.weight"], np.ones(2))
