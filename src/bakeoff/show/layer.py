"""Layer: one line of a layer table, whatever the framework; and the sums of all lines."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

Shape = tuple[int | str, ...]  # of numbers, and "B" or "3B" where it grows with the batch
Inputs = Callable[[int], Mapping[str, Any]]  # batch size -> arguments of forward or call


@dataclass(frozen=True, kw_only=True, slots=True)
class Layer:
    """One line of a layer table.

    Args:
        name: Its attribute path in the model; "" is the model itself.
        kind: Its class.
        outputs: "output" and, of recurrent layers, the states "h" and "c" -> shape.
        calls: How often the model runs it for one batch.
        parameters: Its own that training changes, those of its parts not counted.
        frozen: Names of its weights that training leaves alone.
        multiply_adds: For one example, all calls together.
    """

    name: str
    kind: str
    outputs: Mapping[str, Shape] = field(default_factory=dict)
    calls: int = 0
    parameters: int = 0
    frozen: tuple[str, ...] = ()
    multiply_adds: int = 0


def with_batch(
    one: Mapping[str, Sequence[int]], two: Mapping[str, Sequence[int]]
) -> dict[str, Shape]:
    """Write shapes of one example with B where those of two examples are greater.

    Example:
        >>> with_batch({"output": (1, 20, 64)}, {"output": (2, 20, 64)})
        {'output': ('B', 20, 64)}
    """

    def size(a: int, b: int) -> int | str:
        return a if a == b else "B" if a == 1 else f"{a}B"

    return {
        name: tuple(size(a, b) for a, b in zip(shape, two[name], strict=True))
        for name, shape in one.items()
    }


def totals(layers: Sequence[Layer]) -> dict[str, int]:
    """Add up a layer table."""
    parameters = sum(layer.parameters for layer in layers)
    return {
        "parameters": parameters,
        "bytes": 4 * parameters,
        "multiply_adds": sum(layer.multiply_adds for layer in layers),
    }
