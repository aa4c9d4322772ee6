"""The loss of pairs: two changed versions of one picture, which no label is needed for."""

from collections.abc import Mapping
from typing import Any

import numpy as np
from keras import ops

TEMPERATURE = 0.5
NEVER = -1e9  # the likeness of a row to itself, which is not its partner


def nt_xent(scores: Any, pairs: int = 0) -> Any:
    """Draw the two versions of a picture together, and push those of all others apart.

    Cross entropy of finding the partner of a row among all other rows, by cosine similarity over
    the temperature. Source: Chen et al., "A Simple Framework for Contrastive Learning of Visual
    Representations", 2020.

    Args:
        scores: (2B, D) features, rows 2i and 2i + 1 of one picture.
        pairs: How many are told from each other, in an array; 0: all of them, as in a batch.

    Shape:
        scores (2B, D) -> () float.
    """
    total = 0.0
    for own in blocks_of(scores, pairs):
        logits = likeness(own) / TEMPERATURE
        losses = ops.sparse_categorical_crossentropy(partners(own), logits, from_logits=True)
        total = total + ops.sum(losses)
    return total / ops.cast(ops.shape(scores)[0], scores.dtype)


def partners_found(scores: np.ndarray, pairs: int = 0) -> float:
    """Return the share of rows whose partner is the most alike of all; see `nt_xent`."""
    found = 0
    for own in blocks_of(scores, pairs):
        nearest = ops.convert_to_numpy(ops.argmax(likeness(own), axis=1))
        found += int((nearest == ops.convert_to_numpy(partners(own))).sum())
    return found / len(scores)


def likeness(scores: Any) -> Any:
    """Return the cosine similarity of all rows but with themselves: (2B, D) -> (2B, 2B)."""
    unit = ops.normalize(scores, axis=1)
    place = ops.arange(ops.shape(scores)[0])
    itself = ops.equal(place[:, None], place[None])
    return ops.where(itself, NEVER, ops.matmul(unit, ops.transpose(unit)))


def partners(scores: Any) -> Any:
    """Return for each row the one that belongs to it: 1, 0, 3, 2, ..."""
    place = ops.arange(ops.shape(scores)[0])
    return place + 1 - 2 * (place % 2)


def blocks_of(scores: Any, pairs: int) -> list[Any]:
    """Cut rows into blocks of about so many pairs; 0: one block."""
    if not pairs:
        return [scores]
    count = max(1, len(scores) // (2 * pairs))
    stops = [2 * (k * (len(scores) // 2) // count) for k in range(1, count)]
    return np.split(scores, stops)


def versions_for(
    loss: Any, augment: Mapping[str, tuple[float, float]] | None, seed: int
) -> dict[str, Any]:
    """Return how a `Feed` makes two versions of each row, where the loss is of pairs.

    Args:
        loss: Of the training.
        augment: How pictures are changed.
        seed: Draws how those are changed that are taken in turn.
    """
    if loss != "nt_xent":
        return {}
    return {"augment": augment, "versions": 2, "random": np.random.default_rng(seed)}
