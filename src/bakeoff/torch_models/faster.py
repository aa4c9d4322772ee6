"""Parts of a model that do the same in less time while it is trained."""

from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial

from torch import nn

from bakeoff.torch_models.dropout import can_be_drawn, drop
from bakeoff.torch_models.recurrent import is_plain, read

WAYS = {nn.Dropout: (can_be_drawn, drop), nn.RNN: (is_plain, read), nn.GRU: (is_plain, read)}


@contextmanager
def faster(model: nn.Module) -> Iterator[None]:
    """Let dropout draw 16 bits a value, and recurrent layers be one operation each."""
    changed = []
    for part in model.modules():
        fits, way = WAYS.get(type(part), (None, None))
        if fits is not None and fits(part):
            part.forward = partial(way, part)
            changed.append(part)
    try:
        yield
    finally:
        for part in changed:
            del part.forward
