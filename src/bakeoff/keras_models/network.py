"""Network: several inputs, an encoder for each, joined and read by one head per target.

    v_i = encoder_i(x_i)                                what each input says
    h   = [v_1, v_2, ...]                               concatenate
    h   = sum_i a(W_i v_i)                              sum
    h   = sum_i z_i * tanh(W_i v_i),                    gated: each value of h is a mean over the
          z = softmax over i of (W_z [v_1, v_2, ...])   inputs, weighted for every example anew
    y_k = W_k a(W_h h + b_h) + b_k                      dense layers, if any, and a head per target
    y_k = W_k mean(part) + b_k                          inner: a target that reads a part within
    y   = 1/2 - |v_1 - v_2|                             distance: of two inputs, no head

Source: Ngiam et al., "Multimodal Deep Learning", 2011 (joined encoders); Arevalo et al., "Gated
Multimodal Units for Information Fusion", 2017 (gated); Hadsell et al., "Dimensionality Reduction by
Learning an Invariant Mapping", 2006 (distance). Where we differ: from the first, encoders learn
with the heads from the start, not alone before them; from the second, softmax over any number of
inputs, in place of one sigmoid that weighs two. Sum, and several targets, are ours.

Dimensions: B examples, T time steps, V values of all encoders, W width of h, C outputs of a target.
"""

import difflib
from collections.abc import Callable, Iterable
from functools import partial, wraps

import keras
from keras import initializers, layers, ops

ACTIVATIONS = {
    "relu": ops.relu,
    "leaky_relu": ops.leaky_relu,
    "elu": ops.elu,
    "gelu": lambda x: ops.gelu(x, approximate=False),
    "silu": ops.silu,
    "tanh": ops.tanh,
    "sigmoid": ops.sigmoid,
    "softplus": ops.softplus,
}
INITIALIZATIONS = (
    "auto",
    "uniform",
    "normal",
    "xavier_uniform",
    "xavier_normal",
    "kaiming_uniform",
    "kaiming_normal",
    "orthogonal",
)
TINY = 1e-12  # below a root: its slope at 0 is infinite
OPTIONAL = ("lengths", "categories")  # arrays that an encoder may take beside its input


@keras.saving.register_keras_serializable(__name__)  # load_model finds it by this
class Network(keras.Model):
    """Join what several encoders say of one example, and predict one or more targets from it.

    Args:
        encoders: Input name -> page built with out_features=0; with per_step=True, too, if it is
            to be read step by step.
        heads: Target name -> C, its outputs.
        shared: Name of a further input -> the input whose encoder reads it as well.
        fusion: concatenate, sum, gated, or distance: how near two inputs are, which the one target
            of one output is told by; their encoder is shared, as a rule.
        width: W, when fusion is sum or gated.
        per_step: Names of the targets that are predicted at every time step: there, an encoder
            of one vector says the same at each step. Other targets read the mean of the real steps:
            of several inputs with lengths, the steps that are real in all of them.
        inner: Target name -> the part that its head reads in place of the last features, by
            attribute path: "encoders.0.blocks.0". Of a part with positions or steps the mean.
        head_sizes: Widths of the dense layers between the fusion and the heads.
        activation: relu, leaky_relu, elu, gelu, silu, tanh, sigmoid or softplus.
        leaky_slope: Slope of leaky_relu below zero; its start is that of relu.
        dropout: Probability of zeroing a value before each dense layer and before the heads.
        initialization: auto (kaiming_uniform, but xavier_uniform for tanh, sigmoid and the head),
            xavier_uniform, xavier_normal, kaiming_uniform, kaiming_normal, orthogonal, or uniform
            or normal with the standard deviation initial_width.
        fan: in (Kaiming keeps the values steady) or out (the gradients).
        initial_width: Standard deviation that the uniform and the normal start draw with.

    Shape:
        x: input name -> array as its encoder takes it, and, where an encoder takes them,
        "<name>.lengths" (B,) int and "<name>.categories" (B, K) int -> target name -> (B, C)
        float scores, (B, T, C) if in per_step. Scores are raw: the loss applies softmax or sigmoid.

    Raises:
        ValueError: No encoder or no head, a word that is not listed above, a per_step target
            without an encoder of steps, a part that there is not, or a distance of other than two
            inputs; when called, an input too few or too many, an encoder that has a head, or inputs
            of several numbers of steps.

    Example:
        >>> class Halve(keras.Model):  # any page built with out_features=0 will do
        ...     num_features = 4
        ...     def call(self, x, training=False):
        ...         return x / 2
        >>> model = Network({"left": Halve()}, {"price": 1, "kind": 3}, shared={"right": "left"})
        >>> scores = model({"left": ops.zeros((2, 4)), "right": ops.zeros((2, 4))})
        >>> tuple(scores["kind"].shape)
        (2, 3)
    """

    def __init__(
        self,
        encoders: dict[str, Callable],
        heads: dict[str, int],
        *,
        shared: dict[str, str] | None = None,
        fusion: str = "concatenate",
        width: int = 64,
        per_step: tuple[str, ...] = (),
        inner: dict[str, str] | None = None,
        head_sizes: tuple[int, ...] = (),
        activation: str = "relu",
        leaky_slope: float = 0.01,
        dropout: float = 0.0,
        initialization: str = "auto",
        fan: str = "in",
        initial_width: float = 0.05,
    ) -> None:
        super().__init__()
        self.arguments = {  # an encoder is saved with its own
            k: v for k, v in locals().items() if k not in ("self", "__class__", "encoders")
        }
        if not encoders or not heads:
            raise ValueError("A network needs an encoder and a head at least.")
        if min(*heads.values(), *head_sizes, width) < 1:
            raise ValueError(f"{heads=}, {head_sizes=}, {width=}: sizes are 1 or more.")
        self.sources = {name: i for i, name in enumerate(encoders)}  # input -> its encoder
        for name, other in (shared or {}).items():
            self.sources[name] = self.sources[choose("shared", other, encoders)]
        self.targets = tuple(heads)
        self.per_step = tuple(choose("per_step", name, heads) for name in per_step)
        if per_step and not any(getattr(page, "per_step", False) for page in encoders.values()):
            raise ValueError(f"{per_step=} needs an encoder that is built with per_step=True.")
        self.fusion = choose("fusion", fusion, ("concatenate", "sum", "gated", "distance"))
        self.activation = activation_of(activation, leaky_slope)
        self.encoders = list(encoders.values())
        widths = [self.encoders[i].num_features for i in self.sources.values()]
        self.project = []
        self.gate = None
        if fusion == "distance":
            check_distance(widths, heads)
        elif fusion == "concatenate":
            width = sum(widths)
        else:
            for _ in widths:
                draw = initializer(
                    initialization, fan, "tanh" if fusion == "gated" else activation, initial_width
                )
                self.project.append(layers.Dense(width, kernel_initializer=draw))
        if fusion == "gated":
            draw = initializer(initialization, fan, "none", initial_width)
            self.gate = layers.Dense(len(widths) * width, kernel_initializer=draw)
        self.dense = []
        for head_size in head_sizes:
            draw = initializer(initialization, fan, activation, initial_width)
            self.dense.append(layers.Dense(head_size, kernel_initializer=draw))
            width = head_size
        self.dropout = layers.Dropout(dropout)
        self.inner = {choose("inner", name, heads): path for name, path in (inner or {}).items()}
        self.seen = Seen()  # target -> what its part has just returned
        self.widths = {}  # target -> W of its part
        self.heads = []
        for name, size in heads.items() if fusion != "distance" else ():
            draw = initializer(initialization, fan, "none", initial_width)
            self.heads.append(layers.Dense(size, kernel_initializer=draw))
            if name in self.inner:
                part = part_at(self, self.inner[name])
                part.call = seen_by(self.seen, name, part.call)
                self.widths[name] = width_of(part)
        within = {name: ops.zeros((1, size)) for name, size in self.widths.items()}
        self.score([ops.zeros((1, features)) for features in widths], [], within)
        self.built = True  # as the encoders are

    def get_config(self):
        """Return the arguments, from which from_config makes the page again."""
        encoders = dict(zip(self.sources, self.encoders, strict=False))  # shared ones come last
        saved = {name: keras.saving.serialize_keras_object(page) for name, page in encoders.items()}
        return {"encoders": saved, **self.arguments}

    @classmethod
    def from_config(cls, config):
        """Make the encoders again, then the page."""
        saved = config["encoders"]
        encoders = {name: keras.saving.deserialize_keras_object(saved[name]) for name in saved}
        return cls(**{**config, "encoders": encoders})

    def call(self, x, training=False):
        """Score each example: input name -> array, to target name -> scores."""
        check_inputs(x, self.sources)
        values = []
        lengths = []  # of each input that has any
        for name, i in self.sources.items():
            encoder = self.encoders[i]
            given = {k: x[f"{name}.{k}"] for k in OPTIONAL if f"{name}.{k}" in x}
            v = encoder(x[name], **given, training=training)  # (B, V_i) or (B, T, V_i)
            if v.shape[-1] != encoder.num_features:
                raise ValueError(f"The encoder of {name!r} has a head: give it out_features=0.")
            if v.ndim == 3 and "lengths" in given:
                lengths.append(given["lengths"])
            values.append(v)
        within = {name: self.read(name, x) for name in self.inner}
        return self.score(values, lengths, within, training=training)

    def read(self, target, x):
        """Return the mean of what the part of a target has returned: (B, ...) -> (B, W)."""
        v, width = self.seen.outputs.pop(target, None), self.widths[target]
        if v is None:
            raise ValueError(f"inner: {self.inner[target]} is not called by itself. Name another.")
        if v.shape[-1] != width:
            raise ValueError(f"inner: {self.inner[target]} returns {tuple(v.shape)}.")
        if v.ndim == 2:
            return v
        v = ops.reshape(v, (ops.shape(v)[0], -1, width))  # (B, positions, W)
        positions = ops.shape(v)[1]
        real = []  # as many of the positions as of the steps
        for name, i in self.sources.items():
            inside = self.inner[target].startswith(f"encoders.{i}.")
            if inside and f"{name}.lengths" in x and not real:
                length = ops.shape(x[name])[1]
                lengths = ops.cast(x[f"{name}.lengths"], "int32")
                real.append(ops.maximum(lengths * positions // length, 1))
        return average(v, real)

    def score(self, values, lengths, within, training=False):
        """Fuse what the encoders say, (B, V_i) or (B, T, V_i) each, and score the targets."""
        h = self.fuse(at_every_step(values))  # (B, W) or (B, T, W)
        if self.fusion == "distance":
            nearness = 0.5 - h  # (B, 1) or (B, T, 1)
            return {self.targets[0]: average(nearness, lengths) if h.ndim == 3 else nearness}
        for linear in self.dense:
            h = self.activation(linear(self.dropout(h, training=training)))
        h = self.dropout(h, training=training)
        pooled = average(h, lengths) if h.ndim == 3 else h  # (B, W)
        scores = {}
        for name, head in zip(self.targets, self.heads, strict=True):
            features = h if name in self.per_step else pooled
            if name in within:
                features = self.dropout(within[name], training=training)
            scores[name] = head(features)
        return scores

    def fuse(self, values):
        """Make one vector of several: (..., V_i) each -> (..., W)."""
        if self.fusion == "concatenate":
            return ops.concatenate(values, -1)
        if self.fusion == "distance":
            squares = ops.sum(ops.square(values[0] - values[1]), -1, keepdims=True)
            return ops.sqrt(squares + TINY)  # (..., 1)
        parts = [linear(v) for linear, v in zip(self.project, values, strict=True)]  # (..., W) each
        if self.gate is None:
            return sum(self.activation(part) for part in parts)
        h = ops.tanh(ops.stack(parts, -2))  # (..., inputs, W)
        z = self.gate(ops.concatenate(values, -1))  # (..., inputs * W)
        z = ops.softmax(ops.reshape(z, ops.shape(h)), -2)  # (..., inputs, W)
        return ops.sum(z * h, -2)


class Seen:
    """What parts have just returned, where Keras does not look for weights: target -> tensor."""

    def __init__(self):
        self.outputs = {}


def seen_by(seen, target, call):
    """Return a part's call, which also keeps what it returns; of several outputs the first."""

    @wraps(call)
    def kept(*args, **given):
        output = call(*args, **given)
        seen.outputs[target] = output[0] if isinstance(output, (tuple, list)) else output
        return output

    return kept


def part_at(page, path):
    """Return the part of a page at an attribute path, such as "encoders.0.blocks.0"."""
    part = page
    for word in path.split("."):
        if isinstance(part, (list, tuple)):
            part = part[int(word)] if word.isdecimal() and int(word) < len(part) else None
        else:
            part = None if word.startswith("_") else getattr(part, word, None)
    if not isinstance(part, layers.Layer):
        raise ValueError(f"inner={path!r} is unknown: it leads to no part of the network.")
    return part


def width_of(part):
    """Return how many values a part returns for an example, or for each position of it."""
    for layer in reversed([part, *part._flatten_layers(include_self=False)]):
        for word in ("units", "filters", "num_features"):
            if isinstance(getattr(layer, word, None), int):
                return getattr(layer, word)
        if isinstance(layer, (layers.LayerNormalization, layers.BatchNormalization)):
            return layer.weights[0].shape[0]
    raise ValueError(f"inner: a head can read a part that has weights, and {part} has none.")


def check_distance(widths, heads):
    """Refuse a distance of other than two inputs of one width, and of other than one output."""
    if len(widths) != 2 or widths[0] != widths[1] or list(heads.values()) != [1]:
        raise ValueError(f"A distance is of two inputs, for one output: not {widths=}, {heads=}.")


def at_every_step(values):
    """Say the same at each step, (B, V) -> (B, T, V), where another encoder has steps."""
    stepwise = [v for v in values if v.ndim == 3]  # (B, T, V_i) each
    if not stepwise:
        return values
    known = [v.shape[1] for v in stepwise if v.shape[1] is not None]  # a graph may leave T open
    if known and min(known) != max(known):
        raise ValueError(f"Inputs of {min(known)} and {max(known)} steps cannot be joined.")
    num_steps = ops.shape(stepwise[0])[1]
    return [v if v.ndim == 3 else ops.repeat(v[:, None], num_steps, 1) for v in values]


def average(x, lengths):
    """Take the mean of the steps that are real in every input: (B, T, W) -> (B, W)."""
    if not lengths:
        return ops.mean(x, 1)
    shortest = ops.min(ops.stack([ops.cast(n, "int32") for n in lengths]), 0)  # (B,)
    real = ops.arange(ops.shape(x)[1], dtype="int32") < shortest[:, None]  # (B, T)
    shares = ops.where(real[..., None], x, 0.0) / ops.cast(shortest, x.dtype)[:, None, None]
    return ops.sum(shares, 1)  # (B, W): no sum of values, which half precision cannot hold


def check_inputs(x: dict, names: Iterable[str]) -> None:
    """Refuse a batch that lacks an input, or holds one that no encoder reads."""
    known = [*names, *(f"{name}.{k}" for name in names for k in OPTIONAL)]
    for name in x:
        choose("input", name, known)
    if missing := [name for name in names if name not in x]:
        raise ValueError(f"The batch lacks {', '.join(missing)}: give every encoder its input.")


def activation_of(name: str, leaky_slope: float) -> Callable:
    """Return the activation of this name."""
    choose("activation", name, ACTIVATIONS)
    if name == "leaky_relu":
        return partial(ops.leaky_relu, negative_slope=leaky_slope)
    return ACTIVATIONS[name]


def initializer(
    initialization: str,
    fan: str,
    activation: str,
    initial_width: float = 0.05,
    groups: int = 1,
):
    """Return what draws the kernel of a layer; groups: channels of a depthwise convolution."""
    choose("initialization", initialization, INITIALIZATIONS)
    choose("fan", fan, ("in", "out"))
    gain = 1 if activation in ("tanh", "sigmoid", "none") else 2  # relu halves the variance
    if initialization == "auto":
        initialization = "xavier_uniform" if gain == 1 else "kaiming_uniform"
    if initialization == "orthogonal":
        return initializers.Orthogonal((gain * groups) ** 0.5)
    if initialization in ("uniform", "normal"):
        bound = initial_width * 3**0.5  # uniform numbers of this standard deviation
        uniform = initializers.RandomUniform(-bound, bound)
        if initialization == "uniform":
            return uniform
        return initializers.RandomNormal(stddev=initial_width)
    mode = "fan_avg" if initialization.startswith("xavier") else f"fan_{fan}"
    if groups > 1:
        mode = "fan_out"  # one channel's window; for Keras the fan in is that of all channels
    variance = 1.0 if initialization.startswith("xavier") or activation == "none" else 2.0
    law = "uniform" if initialization.endswith("uniform") else "untruncated_normal"
    return initializers.VarianceScaling(variance, mode, law)


def choose(name: str, value: str, known: Iterable[str]) -> str:
    """Return value, or say which value was meant."""
    if value in known:
        return value
    near = difflib.get_close_matches(str(value), known, 1)
    hint = f" Did you mean {near[0]!r}?" if near else ""
    raise ValueError(f"{name}={value!r} is unknown.{hint} Known: {', '.join(known)}.")
