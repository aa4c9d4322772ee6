"""The layer table of `bakeoff show`: its cells, and the sentences that explain them."""

from collections.abc import Iterable, Mapping, Sequence

from bakeoff.listed import listed
from bakeoff.report import numbers
from bakeoff.show.layer import Layer, totals

NUMBERS = ("parameters", "multiply-adds")  # aligned to the right
NOT_COUNTED = (
    "Multiply-adds are for one example, in matrix products, convolutions, recurrence and "
    "attention; norms, activations and pooling cost far less and are not counted."
)
WITHOUT_PARAMETERS = (
    "A line without parameters is the part that the lines above it make up; what it multiplies "
    "itself is attention."
)


def layer_table(layers: Sequence[Layer]) -> dict[str, list[str]]:
    """Return header -> cells; the model itself, last, holds the sums."""
    sums = totals(layers)
    parts, model = layers[:-1], layers[-1]
    own = model.multiply_adds
    return {
        "layer": [*(part.name for part in parts), "total"],
        "kind": [*(part.kind for part in parts), model.kind],
        "output": [output_cell(layer) for layer in layers],
        "parameters": [
            *(count_cell(layer.parameters) for layer in parts),
            f"{sums['parameters']:,}",
        ],
        "multiply-adds": [
            *(count_cell(part.multiply_adds) for part in parts),
            f"{sums['multiply_adds']:,}" + (f"\n{own:,} its own" if own else ""),
        ],
    }


def count_cell(value: int) -> str:
    """Write a count, and nothing for none."""
    return f"{value:,}" if value else ""


def output_cell(layer: Layer) -> str:
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


def fit_width(columns: dict[str, list[str]], width: int) -> tuple[dict[str, list[str]], int]:
    """Leave out what a table can do without, until it fits, and return it with its gap."""
    columns, gap = dict(columns), 2
    for name in ("kind", ""):
        if width_of(columns, gap) > width:
            columns.pop(name, None)
            gap = gap if name == "kind" else 1
    return columns, gap


def explain_table(layers: Sequence[Layer]) -> str:
    """Say what a layer table does not: size, what is not trained, what is counted."""
    notes = [say_parameters(layers)]
    if any(not layer.parameters for layer in layers[:-1]):
        notes.append(WITHOUT_PARAMETERS)
    return " ".join([*notes, NOT_COUNTED])


def say_parameters(layers: Sequence[Layer]) -> str:
    """Say how many parameters there are, how large they are, and what is not trained."""
    sums = totals(layers)
    size = f"{bytes_text(sums['bytes'])} in 32-bit floats"
    frozen = [name for layer in layers for name in layer.frozen]
    rest = f" Not trained, so not counted: {listed(frozen, most=2)}." if frozen else ""
    return f"{numbers.count(sums['parameters'], 'parameter')}: {size}.{rest}"


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
