"""The layers of a built torch page: what each returns, how many parameters it has, what it costs.

The model is watched while it reads one example and then two: what doubles is the batch.
Multiply-adds are counted by formula where the work is done, in calls of torch itself, so that
attention and layers that a model runs by hand are counted, too:

    linear, matmul     outputs * values that each is summed over
    convolution        outputs * weights of one output channel
    rnn, lstm, gru     steps * weights of input and state
    attention          (queries * keys) * (width of a query + width of a value)

Norms, activations, pooling and products value by value are not counted: they cost far less.
"""

import math
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from torch import Tensor, nn, no_grad
from torch.overrides import TorchFunctionMode

from bakeoff.show.layer import Inputs, Layer, with_batch

RECURRENT = {"rnn_tanh": ("h",), "rnn_relu": ("h",), "gru": ("h",), "lstm": ("h", "c")}


def torch_layers(model: nn.Module, inputs: Inputs) -> list[Layer]:
    """Measure a torch model: its layers in the order in which they finish, the model itself last.

    Args:
        inputs: Makes the arguments of the model's forward for a number of examples.
    """
    one, two = (watch(model, inputs(batch)) for batch in (1, 2))
    modules = dict(model.named_modules())
    owned: dict[str, dict[str, Tensor]] = {}
    for name, weight in model.named_parameters():
        owned.setdefault(owner_of(modules, name), {})[name] = weight
    layers = []
    for name in layer_names(owned, one):
        own = owned.get(name, {})
        layers.append(
            Layer(
                name=name,
                kind=type(modules[name]).__name__ if name in modules else "parameter",
                outputs=with_batch(one.outputs.get(name, {}), two.outputs.get(name, {}))
                if name in modules
                else {"output": tuple(own[name].shape)},
                calls=one.calls.get(name, 0),
                parameters=sum(w.numel() for w in own.values() if w.requires_grad),
                frozen=tuple(key for key, w in own.items() if not w.requires_grad),
                multiply_adds=one.multiply_adds.get(name, 0),
            )
        )
    return layers


def owner_of(modules: Mapping[str, nn.Module], weight: str) -> str:
    """Return the line that a weight stands on: that of torch's own layer, or one of its own."""
    path = weight.rpartition(".")[0]
    return path if type(modules[path]).__module__.startswith("torch.") else weight


def layer_names(owned: Mapping[str, Any], watched: "Watch") -> list[str]:
    """List what a table shows: what holds weights or multiplies, and the parts around it."""
    shown = [
        name
        for name in watched.outputs
        if name in owned
        or name in watched.multiply_adds
        or any(other.startswith(f"{name}.") for other in owned)
    ]
    unused = [name for name in owned if name not in watched.outputs]
    return [*(name for name in shown if name), *unused, ""]


class Watch(TorchFunctionMode):
    """Sees every call of torch while a model runs, and knows which layer made it.

    Args:
        model: Whose weights tell which layer a call belongs to.
    """

    def __init__(self, model: nn.Module) -> None:
        super().__init__()
        modules = dict(model.named_modules())
        self.owners = {id(w): owner_of(modules, name) for name, w in model.named_parameters()}
        self.running = [""]
        self.outputs: dict[str, dict[str, tuple[int, ...]]] = {}
        self.calls: dict[str, int] = {}
        self.multiply_adds: dict[str, int] = {}

    def __torch_function__(
        self, func: Any, types: Any, args: Any = (), kwargs: Mapping[str, Any] | None = None
    ) -> Any:
        result = func(*args, **(kwargs or {}))
        function = getattr(func, "__name__", "")
        given = list(tensors([args, kwargs or {}]))
        owner = next((self.owners[id(w)] for w in given if id(w) in self.owners), None)
        made = list(tensors(result))
        if owner is not None and made:
            self.outputs.setdefault(owner, {"output": tuple(made[0].shape)})
            for state, part in zip(RECURRENT.get(function, ()), made[1:], strict=False):
                self.outputs[owner].setdefault(state, tuple(part.shape[1:]))  # not the layer: 1
        cost = multiply_adds(function, given, made)
        if cost:
            layer = self.running[-1] if owner is None else owner
            self.multiply_adds[layer] = self.multiply_adds.get(layer, 0) + cost
        return result

    def finish(self, name: str, result: Any) -> None:
        """Take down what a layer returned."""
        self.running.pop()
        self.calls[name] = self.calls.get(name, 0) + 1
        if self.calls[name] == 1:
            names = result if isinstance(result, dict) else ["output"]
            found = self.outputs.pop(name, {})  # put last: layers are listed as they finish
            made = zip(names, tensors(result), strict=False)
            self.outputs[name] = {**found, **{key: tuple(part.shape) for key, part in made}}


def watch(model: nn.Module, inputs: Mapping[str, Any]) -> Watch:
    """Run a model once, in evaluation mode, and return what was seen."""
    watch, handles = Watch(model), []
    for name, part in model.named_modules():
        handles += [
            part.register_forward_pre_hook(lambda *_, name=name: watch.running.append(name)),
            part.register_forward_hook(lambda *a, name=name: watch.finish(name, a[2])),
        ]
    model.eval()
    try:
        with no_grad(), watch:
            model(**inputs)
    finally:
        for handle in handles:
            handle.remove()
    return watch


def tensors(value: Any) -> Iterator[Tensor]:
    """Yield the tensors in nested tuples, lists and dictionaries, in their order."""
    if isinstance(value, Tensor):
        yield value
    elif isinstance(value, list | tuple | dict):
        for part in value.values() if isinstance(value, dict) else value:
            yield from tensors(part)


def multiply_adds(function: str, given: Sequence[Tensor], made: Sequence[Tensor]) -> int:
    """Count the multiply-adds of one call of torch; 0 for what is not counted.

    Args:
        function: Its name.
        given: The tensors among its arguments.
        made: The tensors that it returned.
    """
    if function in ("linear", "matmul", "bmm"):
        return made[0].numel() * given[0].shape[-1]
    if function in ("conv1d", "conv2d", "conv3d"):
        return made[0].numel() * given[1][0].numel()
    if function in RECURRENT:
        weights = sum(part.numel() for part in given if part.ndim == 2)
        return math.prod(given[0].shape[:-1]) * weights
    if function == "scaled_dot_product_attention":
        query, key, value = given[:3]
        return math.prod(query.shape[:-1]) * key.shape[-2] * (query.shape[-1] + value.shape[-1])
    return 0
