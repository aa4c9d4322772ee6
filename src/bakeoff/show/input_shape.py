"""What a page can read, in words and in axes: the shapes that examples have."""

from collections.abc import Iterable, Mapping
from typing import NamedTuple

Shape = tuple[int, ...]


class InputShape(NamedTuple):
    """One kind of input of a page.

    Args:
        words: What a practitioner calls it.
        meaning: What one example is; "" where the words say it.
        axes: A letter and a word each, the batch left out.
        usual: The shape of an example, if none is asked for.
        out_features: What an example predicts.
    """

    words: str
    meaning: str = ""
    axes: tuple[str, ...] = ()
    usual: Shape = ()
    out_features: int = 3


IMAGE = ("C channels", "Y rows", "X columns")
INPUTS: Mapping[str, InputShape] = {  # the words of the catalogue's `reads`
    "table": InputShape("table", "columns of any kind", ("F columns",), (10,)),
    "plain": InputShape("table, unscaled"),
    "vector": InputShape("vector", "numbers alone", ("F values",), (10,)),
    "image": InputShape("image", "pixels", IMAGE, (1, 28, 28), 10),
    "histograms": InputShape("image histograms"),
    "sequence": InputShape("sequence", "time steps", ("T time steps", "F features"), (20, 8)),
    "volume": InputShape("volume", "stacked images", ("C channels", "Z slices", *IMAGE[1:]),
                         (1, 16, 16, 16), 10),
    "window": InputShape("window", "last steps of a series", ("T steps back", "F series"),
                         (96, 3), 1),
    "text": InputShape("text", "tokens", ("T tokens",), (50,)),
    "states": InputShape("states", "", ("T steps", "M model width"), (20, 64), 0),
    "mixed": InputShape("several inputs"),
}  # fmt: skip


def input_words(view: str, *, axes: bool = False) -> str:
    """Say what a page reads, with its axes if they are wanted.

    Example:
        >>> input_words("plain"), input_words("sequence", axes=True)
        ('table, unscaled', 'sequence (T time steps, F features)')
    """
    known = INPUTS.get(view, InputShape(view))
    return f"{known.words} ({', '.join(known.axes)})" if axes and known.axes else known.words


def explain_inputs(views: Iterable[str]) -> str:
    """Say in one line what the inputs among these are."""
    named = set(views)
    told = [
        f"{kind.words}: {kind.meaning}"
        for view, kind in INPUTS.items()
        if view in named and kind.meaning
    ]
    return " · ".join(told)
