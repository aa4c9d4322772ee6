"""Texts that are written: greedily, and by keeping several beginnings."""

import numpy as np

from bakeoff.data.taking.sources import Rows
from bakeoff.train.write_tokens import write_tokens

END = 3
# The likeliest first token, 4, leads to nothing likely; 5 leads to 6 and the end for sure.
AFTER = {
    (): {4: 0.55, 5: 0.45},
    (4,): {4: 0.25, 5: 0.25, 6: 0.25, END: 0.25},
    (5,): {6: 1.0},
    (5, 6): {END: 1.0},
}


def foretell(model, inputs):
    """Score the next token after each beginning, as a page does; without one, greedily."""
    rows = len(inputs["x"]["rows"])
    steps = 4
    beginnings = inputs.get("previous", np.zeros((rows, steps), int))
    greedy = "previous" not in inputs
    scores = np.full((rows, steps, 7), -30.0)
    for row in range(rows):
        said: list[int] = []
        for step in range(steps):
            for token, share in AFTER.get(tuple(said), {END: 1.0}).items():
                scores[row, step, token] = np.log(share)
            likeliest = int(scores[row, step].argmax())
            said.append(likeliest if greedy else int(beginnings[row, step]))
    return scores


def test_a_beam_finds_a_text_that_is_likelier_than_the_greedy_one():
    inputs = {"x": Rows(base=np.zeros((3, 1)), rows=np.arange(3))}
    greedy = write_tokens(foretell, None, inputs, steps=4)
    kept = write_tokens(foretell, None, inputs, steps=4, beam=3)
    assert greedy[0, 0] == 4
    assert kept.tolist() == [[5, 6, END, 0]] * 3


def test_nothing_stands_behind_the_end():
    inputs = {"x": Rows(base=np.zeros((1, 1)), rows=np.arange(1))}

    def ends_at_once(model, inputs):
        return np.tile(np.eye(7)[[END, 4, 5]], (1, 1, 1))

    assert write_tokens(ends_at_once, None, inputs, steps=3).tolist() == [[END, 0, 0]]
