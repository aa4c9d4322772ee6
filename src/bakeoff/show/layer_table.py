"""The layer table of `bakeoff show`: its columns, and the sentences that explain them."""

from collections.abc import Iterable, Mapping, Sequence

from bakeoff.report import numbers
from bakeoff.show.layers import Layer, totals

NUMBERS = ("parameters", "trained", "multiply-adds")  # columns, from the right
NOT_COUNTED = (
    "Multiply-adds are for one example, in matrix products, convolutions, recurrence and "
    "attention; norms, activations and pooling cost far less and are not counted."
)
WHOLE = (
    "A line without parameters is the part that the lines above it make up; what it multiplies "
    "itself is attention."
)


def layer_columns(layers: Sequence[Layer]) -> dict[str, list[str]]:
    """Return header -> cells of the layer table; the page itself, last, holds the sums."""
    sums = totals(layers)
    body, page = layers[:-1], layers[-1]
    own = page.multiply_adds
    return {
        "layer": [*(layer.name for layer in body), "in all"],
        "kind": [*(layer.kind for layer in body), page.kind],
        "output": [outputs(layer) for layer in layers],
        "parameters": [*(number(layer.parameters) for layer in body), f"{sums['parameters']:,}"],
        "trained": [*(number(layer.trained) for layer in body), f"{sums['trained']:,}"],
        "multiply-adds": [
            *(number(layer.multiply_adds) for layer in body),
            f"{sums['multiply_adds']:,}" + (f"\n{own:,} its own" if own else ""),
        ],
    }


def number(value: int) -> str:
    """Write a count, and nothing for none."""
    return f"{value:,}" if value else ""


def outputs(layer: Layer) -> str:
    """Write what a layer returns: its output, below it the states of a recurrent one."""
    lines = []
    states = {name: shape for name, shape in layer.outputs.items() if name in ("h", "c")}
    for name, shape in layer.outputs.items():
        if name not in states:
            times = f"{layer.calls} × " if layer.calls > 1 else ""
            label = "" if name == "output" else f"{name} "
            lines.append(f"{times}{label}({commas(shape)})")
    if states:
        size = commas(next(iter(states.values())))
        lines.append(f"{numbers.plural('state', len(states))} {', '.join(states)} ({size})")
    return "\n".join(lines)


def width_of(columns: Mapping[str, Sequence[str]], gap: int) -> int:
    """Return how many letters a table of these columns is wide; a cell may have several lines."""
    lines = [
        [line for cell in (name, *cells) for line in cell.split("\n")]
        for name, cells in columns.items()
    ]
    return sum(max(map(len, column)) for column in lines) + gap * (len(columns) - 1)


def fitted(columns: dict[str, list[str]], room: int) -> tuple[dict[str, list[str]], int]:
    """Leave out what a table can do without, until it fits, and return it with its gap."""
    columns, gap = dict(columns), 2
    if columns["parameters"] == columns["trained"]:
        columns.pop("trained")
    for name in ("kind", "", "trained"):
        if width_of(columns, gap) > room:
            columns.pop(name, None)
            gap = gap if name == "kind" else 1
    return columns, gap


def explanation(layers: Sequence[Layer]) -> str:
    """Say what a layer table does not: size, what is not trained, what is counted."""
    notes = [weights_sentence(layers)]
    if any(not layer.parameters for layer in layers[:-1]):
        notes.append(WHOLE)
    return " ".join([*notes, NOT_COUNTED])


def weights_sentence(layers: Sequence[Layer]) -> str:
    """Say how many weights there are, which are not trained, and how large they are."""
    sums = totals(layers)
    frozen = [name for layer in layers for name in layer.frozen]
    trained = "all trained"
    if frozen:
        trained = f"{sums['trained']:,} trained (not {numbers.listed(frozen, most=2)})"
    return (
        f"{numbers.count(sums['parameters'], 'parameter')}, {trained}: {bytes_text(sums['bytes'])} "
        "in 32-bit floats."
    )


def bytes_text(size: int) -> str:
    """Write a size on disk.

    Example:
        >>> bytes_text(76_556), bytes_text(18_057_612)
        ('77 kB', '18 MB')
    """
    for factor, unit in ((1e9, "GB"), (1e6, "MB"), (1e3, "kB")):
        if size >= factor:
            return f"{numbers.short(size / factor)} {unit}"
    return f"{size} bytes"


def commas(sizes: Iterable[object]) -> str:
    """Write sizes one after the other."""
    return ", ".join(map(str, sizes))
