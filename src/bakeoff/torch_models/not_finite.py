"""Not finite: which layer it was where a loss is no number any more.

Nothing is watched while a training goes well. Where its first epoch has no finite loss, that epoch
is taken once more, from the same weights and in the same order, and each layer is looked at.
"""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import partial
from typing import Any

import torch
from torch import Tensor, nn

from bakeoff.torch_models.ranks import ranks


class NotFiniteError(Exception):
    """What was found, in words; it ends the search."""


@contextmanager
def explained(model: nn.Module, again: Callable[[], None]) -> Iterator[None]:
    """Say which layer was first not finite where a training ends for that.

    Args:
        model: What is trained.
        again: Takes the first epoch once more.

    Raises:
        FloatingPointError: As within, and the layer.
    """
    try:
        yield
    except FloatingPointError as error:
        if ranks().size > 1:
            raise  # one process would look for it while the others wait
        raise FloatingPointError(f"{error} First not finite: {first(model, again)}.") from None


def first(model: nn.Module, again: Callable[[], None]) -> str:
    """Return what is first not finite, in words."""
    step = [0]
    layers = {name: part for name, part in model.named_modules() if not [*part.children()]}
    hooks = [model.register_forward_pre_hook(partial(see_input, step), with_kwargs=True)]
    hooks += [part.register_forward_hook(partial(see, name, step)) for name, part in layers.items()]
    try:
        again()
    except NotFiniteError as found:
        return str(found)
    finally:
        for hook in hooks:
            hook.remove()
    name = next((own for own, weight in model.named_parameters() if not finite(weight)), "")
    return f"{name} after the last step" if name else "the loss, while all layers are"


def see_input(step: list[int], model: nn.Module, args: Any, given: dict[str, Any]) -> None:
    """Count the steps, and look at what a model is given."""
    step[0] += model.training
    for name, values in {**dict(enumerate(args)), **given}.items():
        if isinstance(values, Tensor) and not finite(values):
            raise NotFiniteError(f"the input {name} in step {step[0]}")


def see(name: str, step: list[int], layer: nn.Module, args: Any, output: Any) -> None:
    """Look at what a layer returns."""
    parts = output if isinstance(output, tuple) else (output,)
    if all(finite(part) for part in parts if isinstance(part, Tensor)):
        return
    own = all(finite(weight) for weight in layer.parameters())
    what = "the output" if own else "the weights"
    raise NotFiniteError(f"{what} of {name or 'the model'} in step {step[0]}")


def finite(values: Tensor) -> bool:
    """Tell whether all values are numbers."""
    return not values.is_floating_point() or bool(torch.isfinite(values).all())
