"""The layers of a built page: what each returns, how many weights it holds, what it costs.

A torch page is watched while it reads one example and then two: what doubles is the batch.
Multiply-adds are counted by formula where the work is done, in calls of torch itself, so that
attention and layers that a page runs by hand are seen, too:

    linear, matmul     outputs * values that each is summed over
    convolution        outputs * weights of one output channel
    rnn, lstm, gru     steps * weights of input and state
    attention          (queries * keys) * (width of a query + width of a value)

Norms, activations, pooling and products value by value are not counted: they cost far less.
"""

import math
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from torch import Tensor, nn, no_grad
from torch.overrides import TorchFunctionMode

Shape = tuple[int | str, ...]  # of numbers, and "B" or "3B" where it grows with the batch
Inputs = Callable[[int], Mapping[str, Any]]  # batch size -> the arguments of the page

RECURRENT = {"rnn_tanh": ("h",), "rnn_relu": ("h",), "gru": ("h",), "lstm": ("h", "c")}


@dataclass(frozen=True, kw_only=True, slots=True)
class Layer:
    """One line of a layer table.

    Args:
        name: Its attribute path on the page; "" is the page itself.
        kind: Its class.
        outputs: "output" and, of recurrent layers, the states "h" and "c" -> shape.
        calls: How often the page runs it for one batch.
        parameters: Weights of its own, those of its parts not counted.
        trained: Those that training changes.
        frozen: Names of the others.
        multiply_adds: For one example, all calls together.
    """

    name: str
    kind: str
    outputs: Mapping[str, Shape] = field(default_factory=dict)
    calls: int = 0
    parameters: int = 0
    trained: int = 0
    frozen: tuple[str, ...] = ()
    multiply_adds: int = 0


def torch_layers(page: nn.Module, inputs: Inputs) -> list[Layer]:
    """Measure a torch page: its layers in the order in which they finish, the page itself last.

    Args:
        inputs: Makes the arguments of the page's forward for a number of examples.
    """
    one, two = (watch(page, inputs(batch)) for batch in (1, 2))
    modules = dict(page.named_modules())
    held: dict[str, dict[str, Tensor]] = {}
    for name, weight in page.named_parameters():
        held.setdefault(holder(modules, name), {})[name] = weight
    layers = []
    for name in rows(modules, held, one):
        own = held.get(name, {})
        layers.append(
            Layer(
                name=name,
                kind=type(modules[name]).__name__ if name in modules else "weight",
                outputs=grown(one.outputs.get(name, {}), two.outputs.get(name, {})),
                calls=one.calls.get(name, 0),
                parameters=sum(weight.numel() for weight in own.values()),
                trained=sum(w.numel() for w in own.values() if w.requires_grad),
                frozen=tuple(key for key, w in own.items() if not w.requires_grad),
                multiply_adds=one.multiply_adds.get(name, 0),
            )
        )
    return layers


def holder(modules: Mapping[str, nn.Module], weight: str) -> str:
    """Return whose line a weight stands on: that of torch's own layer, or one of its own."""
    path = weight.rpartition(".")[0]
    return path if type(modules[path]).__module__.startswith("torch.") else weight


def rows(modules: Mapping[str, nn.Module], held: Mapping[str, Any], seen: "Watch") -> list[str]:
    """List what a table shows: what holds weights or multiplies, and the parts around it."""
    shown = [
        name
        for name in seen.outputs
        if name in held
        or name in seen.multiply_adds
        or any(other.startswith(f"{name}.") for other in held)
    ]
    unused = [name for name in held if name not in seen.outputs]
    return [*(name for name in shown if name), *unused, ""]


class Watch(TorchFunctionMode):
    """Sees every call of torch while a page runs, and knows which layer made it.

    Args:
        page: Whose weights tell which layer a call belongs to.
    """

    def __init__(self, page: nn.Module) -> None:
        super().__init__()
        modules = dict(page.named_modules())
        self.owners = {id(w): holder(modules, name) for name, w in page.named_parameters()}
        self.running = [""]
        self.outputs: dict[str, dict[str, tuple[int, ...]]] = {}
        self.calls: dict[str, int] = {}
        self.multiply_adds: dict[str, int] = {}

    def __torch_function__(
        self, func: Any, types: Any, args: Any = (), kwargs: Mapping[str, Any] | None = None
    ) -> Any:
        result = func(*args, **(kwargs or {}))
        word = getattr(func, "__name__", "")
        given = list(tensors([args, kwargs or {}]))
        owner = next((self.owners[id(w)] for w in given if id(w) in self.owners), None)
        made = list(tensors(result))
        if owner is not None and made:
            self.outputs.setdefault(owner, {"output": tuple(made[0].shape)})
            for state, part in zip(RECURRENT.get(word, ()), made[1:], strict=False):
                self.outputs[owner].setdefault(state, tuple(part.shape[1:]))  # not the layer: 1
        cost = multiply_adds(word, given, made)
        if cost:
            place = self.running[-1] if owner is None else owner
            self.multiply_adds[place] = self.multiply_adds.get(place, 0) + cost
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


def watch(page: nn.Module, inputs: Mapping[str, Any]) -> Watch:
    """Run a page once, in evaluation mode, and return what was seen."""
    watch, handles = Watch(page), []
    for name, part in page.named_modules():
        handles += [
            part.register_forward_pre_hook(lambda *_, name=name: watch.running.append(name)),
            part.register_forward_hook(lambda *a, name=name: watch.finish(name, a[2])),
        ]
    page.eval()
    try:
        with no_grad(), watch:
            page(**inputs)
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


def multiply_adds(word: str, given: Sequence[Tensor], made: Sequence[Tensor]) -> int:
    """Count the multiply-adds of one call of torch; 0 for what is not counted.

    Args:
        word: The name of the function.
        given: The tensors among its arguments.
        made: The tensors that it returned.
    """
    if word in ("linear", "matmul", "bmm"):
        return made[0].numel() * given[0].shape[-1]
    if word in ("conv1d", "conv2d", "conv3d"):
        return made[0].numel() * given[1][0].numel()
    if word in RECURRENT:
        weights = sum(part.numel() for part in given if part.ndim == 2)
        return math.prod(given[0].shape[:-1]) * weights
    if word == "scaled_dot_product_attention":
        query, key, value = given[:3]
        return math.prod(query.shape[:-1]) * key.shape[-2] * (query.shape[-1] + value.shape[-1])
    return 0


def grown(one: Mapping[str, Sequence[int]], two: Mapping[str, Sequence[int]]) -> dict[str, Shape]:
    """Write shapes of one example with B where those of two examples are greater.

    Example:
        >>> grown({"output": (1, 20, 64)}, {"output": (2, 20, 64)})
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
        "trained": sum(layer.trained for layer in layers),
        "bytes": 4 * parameters,
        "multiply_adds": sum(layer.multiply_adds for layer in layers),
    }


def keras_layers(page: Any, inputs: Inputs, facing: Sequence[Layer]) -> list[Layer]:
    """Measure a Keras page: its own weights and output shapes.

    Args:
        inputs: Makes the arguments of the page's call for a number of examples.
        facing: The layers of the torch page. Attributes are named alike, so these give the order,
            and, since both pages compute the same, the states and multiply-adds.
    """
    from bakeoff.train.weights import keras_variables

    parts = dict(keras_parts(page))
    held: dict[str, list[tuple[str, Any]]] = {}
    for name, variable in keras_variables(page):
        path = name.rpartition(".")[0]
        own_layer = type(parts[path]).__module__.startswith("keras.")
        held.setdefault(path if own_layer else name, []).append((name, variable))
    one, two = (listen(page, parts, inputs(batch)) for batch in (1, 2))
    layers = []
    for row in facing:
        own = held.get(row.name, [])
        outputs = grown(one.get(row.name, {}), two.get(row.name, {}))
        layers.append(
            replace(
                row,
                kind=type(parts[row.name]).__name__ if row.name in parts else row.kind,
                outputs={**row.outputs, **outputs},
                parameters=sum(math.prod(v.shape) for _, v in own),
                trained=sum(math.prod(v.shape) for _, v in own if v.trainable),
                frozen=tuple(name for name, v in own if not v.trainable),
            )
        )
    return layers


def keras_parts(part: Any, path: str = "") -> Iterator[tuple[str, Any]]:
    """Walk the attributes of a Keras page: attribute path, layer."""
    import keras

    stem = f"{path}." if path else ""
    if isinstance(part, list | tuple | dict):
        children = list(part.items() if isinstance(part, dict) else enumerate(part))
    elif isinstance(part, keras.layers.Layer):
        yield path, part
        ours = not type(part).__module__.startswith("keras.")
        children = [(k, v) for k, v in vars(part).items() if ours and not k.startswith("_")]
    else:
        return
    for name, child in children:
        yield from keras_parts(child, f"{stem}{name}")


def listen(
    page: Any, parts: Mapping[str, Any], inputs: Mapping[str, Any]
) -> dict[str, dict[str, tuple[int, ...]]]:
    """Run a Keras page once and return what each layer gave first: path -> output -> shape."""
    heard: dict[str, dict[str, tuple[int, ...]]] = {}

    def hear(name: str, call: Callable[..., Any]) -> Callable[..., Any]:
        def heard_call(*args: Any, **options: Any) -> Any:
            result = call(*args, **options)
            named = result if isinstance(result, dict) else {"output": result}
            heard.setdefault(
                name,
                {
                    key: tuple(v[0].shape if isinstance(v, list | tuple) else v.shape)
                    for key, v in named.items()
                },
            )
            return result

        return heard_call

    for name, part in parts.items():
        object.__setattr__(part, "call", hear(name, part.call))
    try:
        page(**inputs)
    finally:
        for part in parts.values():
            object.__delattr__(part, "call")
    return heard
