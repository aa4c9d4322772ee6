"""The loss of pairs: two changed versions of one picture, which no label is needed for."""

from collections.abc import Mapping
from typing import Any

import numpy as np
import torch
import torch.nn.functional as F
from torch import Tensor

TEMPERATURE = 0.5
NEVER = -1e9  # the likeness of a row to itself, which is not its partner


def nt_xent(scores: Tensor, pairs: int = 0) -> Tensor:
    """Draw the two versions of a picture together, and push those of all others apart.

    Cross entropy of finding the partner of a row among all other rows, by cosine similarity over
    the temperature. Source: Chen et al., "A Simple Framework for Contrastive Learning of Visual
    Representations", 2020.

    Args:
        scores: (2B, D) features, rows 2i and 2i + 1 of one picture.
        pairs: How many are told from each other; 0: all of them.

    Shape:
        scores (2B, D) -> () float.
    """
    losses = [
        F.cross_entropy(likeness(own) / TEMPERATURE, partners(own)) * len(own)
        for own in blocks_of(scores, pairs)
    ]
    return torch.stack(losses).sum() / len(scores)


def partners_found(scores: Tensor, pairs: int = 0) -> float:
    """Return the share of rows whose partner is the most alike of all; see `nt_xent`."""
    found = [(likeness(b).argmax(1) == partners(b)).sum() for b in blocks_of(scores, pairs)]
    return sum(found).item() / len(scores)


def likeness(scores: Tensor) -> Tensor:
    """Return the cosine similarity of all rows but with themselves: (2B, D) -> (2B, 2B)."""
    unit = F.normalize(scores, dim=1)
    itself = torch.eye(len(unit), dtype=torch.bool, device=unit.device)
    return (unit @ unit.T).masked_fill(itself, NEVER)


def partners(scores: Tensor) -> Tensor:
    """Return for each row the one that belongs to it: 1, 0, 3, 2, ..."""
    return torch.arange(len(scores), device=scores.device) ^ 1


def blocks_of(scores: Tensor, pairs: int) -> list[Tensor]:
    """Cut rows into blocks of about so many pairs; 0: one block."""
    count = max(1, len(scores) // (2 * pairs)) if pairs else 1
    stops = [2 * (k * (len(scores) // 2) // count) for k in range(1, count)]
    return [*torch.tensor_split(scores, stops)]


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
