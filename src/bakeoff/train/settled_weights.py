"""Weights of classes: how much a row counts in the loss, by its class."""

import re
from collections.abc import Mapping, Sequence

from bakeoff.data.columns.target import is_label
from bakeoff.errors import RequestError, option, unknown

BALANCED = "balanced"
MOST_WEIGHT = 1e6
NUMBER = re.compile(r"=\s*([0-9.eE+-]+)\s*(?:,|$)")


def settled_weights(
    text: str, classes: Sequence[str], counts: Mapping[str, int], target: str
) -> str:
    """Write out the weight of every class, in their order.

    Args:
        text: "balanced": rows / (classes * rows of the class), so that all classes count alike; or
            NAME=weight,... where classes that are not named weigh 1; or "".
        classes: By index.
        counts: Training rows of each.
        target: For the message.

    Raises:
        RequestError: A name is no class.

    Example:
        >>> settled_weights("balanced", ("no", "yes"), {"no": 90, "yes": 10}, "ill")
        'no=0.555556,yes=5'
        >>> settled_weights("yes=3", ("no", "yes"), {}, "ill")
        'no=1,yes=3'
    """
    if not text:
        return ""
    weights = dict.fromkeys(classes, 1.0)
    if text == BALANCED:
        rows = sum(counts.get(name, 0) for name in classes)
        weights = {name: rows / (len(classes) * counts[name]) for name in classes}
    else:
        for label, weight in parsed(text).items():
            near = [name for name in classes if is_label(name, label)]
            if not near:
                raise RequestError(
                    unknown(f"class of {target!r}", label, classes, where=option("class_weights"))
                )
            weights[near[0]] = weight
    return ",".join(f"{name}={weight:.6g}" for name, weight in weights.items())


def parsed(text: str) -> dict[str, float]:
    """Read NAME=weight,...

    Raises:
        RequestError: It is written otherwise, or a weight is none.
    """
    found: dict[str, float] = {}
    for part in text.split(","):
        name, equals, number = (piece.strip() for piece in part.rpartition("="))
        try:
            weight = float(number)
        except ValueError:
            weight = -1.0
        if not (equals and name) or not 0 <= weight <= MOST_WEIGHT:
            example = option("class_weights", "yes=3,no=1")
            raise RequestError(
                f"{option('class_weights', text)} gives no weight from 0 to {MOST_WEIGHT:,g} in "
                f"{part.strip()!r}. Say {option('class_weights', BALANCED)}, or as in {example}."
            )
        found[name] = weight
    return found


def check_weights(text: str) -> None:
    """Refuse what is neither empty, nor "balanced", nor NAME=weight,...

    Raises:
        RequestError: The message says how to write it.
    """
    if text not in ("", BALANCED):
        parsed(text)


def weights_of(text: str, num_classes: int) -> tuple[float, ...]:
    """Return the weights that `settled_weights` wrote, by index; () where there are none.

    Raises:
        ValueError: They are not one for each class.

    Example:
        >>> weights_of("no=0.5,yes=5", 2)
        (0.5, 5.0)
    """
    if not text:
        return ()
    weights = tuple(float(number) for number in NUMBER.findall(text))
    if len(weights) != num_classes:
        raise ValueError(f"class_weights {text!r} are not one for each of {num_classes} classes.")
    return weights
