"""Between a recipe and the loops of the model rooms: what goes in, and what came out."""

import math
from collections.abc import Mapping, Sequence
from typing import Any

from bakeoff.train.augmentation import parse_augment
from bakeoff.train.recipe import grouped
from bakeoff.train.settled_weights import weights_of


def loop_values(settings: Mapping[str, Any], num_classes: int) -> dict[str, Any]:
    """Return a recipe as the loops take it: changes of pictures and weights as numbers.

    Args:
        settings: As `recipe.settings_of` returns them, class weights written out.
        num_classes: Of the target.
    """
    values = grouped(settings)
    values.pop("keras_fit", None)  # chooses the loop
    if text := values.pop("augment", ""):
        values["augment"] = parse_augment(text)
    if text := values.pop("class_weights", ""):
        values["class_weights"] = weights_of(text, num_classes)
    return values


def best_epoch(history: Sequence[Mapping[str, float]], settings: Mapping[str, Any]) -> int:
    """Return the epoch whose weights are kept: the last that was an improvement.

    Example:
        >>> rows = [{"epoch": 1, "validation_loss": 0.4}, {"epoch": 2, "validation_loss": 0.5}]
        >>> best_epoch(rows, {})
        1
    """
    watch, least = settings.get("watch", "loss"), settings.get("min_delta", 0.0)
    sign = 1 if watch == "loss" else -1
    lowest, epoch = math.inf, 0
    for row in history:
        value = sign * row[f"validation_{watch}"]
        if value < lowest - least:
            lowest, epoch = value, int(row["epoch"])
    return epoch
