"""How far two facing pages are from each other: in outputs, and after one step of SGD.

`python -m tests.facing.measure [--default] NAME ...` measures all cases of these pages (with
--default, the first of each; without names, of all pages) on the backend that KERAS_BACKEND names,
and prints one JSON list of [name, case, outputs, step].
"""

import copy
import json
import sys
from typing import Any

import keras
import numpy as np
import torch
from torch import nn

from bakeoff.train.weights import (
    Weights,
    get_weights,
    keras_weights,
    set_keras_weights,
    to_keras,
)
from tests.facing.case import (
    Case,
    Inputs,
    build,
    channels_last,
    draw,
    for_each_member,
    leaves,
    real_steps,
    tensors,
    without_dropout,
)

RATE = 0.1  # of the one step of SGD


def pair(name: str, case: Case, seed: int = 0) -> tuple[nn.Module, Any]:
    """Build both pages of a case, without dropout, with the same weights, none of them special."""
    torch.set_num_threads(1)
    torch.manual_seed(seed)
    case = without_dropout(name, case)
    page = build(name, case, "torch").eval()
    with torch.no_grad():
        for key, weight in page.state_dict(keep_vars=True).items():
            if key.endswith("running_var"):
                weight.uniform_(0.5, 1.5)
            elif weight.requires_grad or key.endswith("running_mean"):
                weight.add_(0.1 * torch.randn_like(weight))
    facing = build(name, case, keras.backend.backend())
    set_keras_weights(facing, to_keras(get_weights(page), page))
    return page, facing


def distance(a: np.ndarray, b: np.ndarray) -> float:
    """Return max|a - b| / max(1, max|b|); infinite where a shape or a finite value differs."""
    if a.shape != b.shape or not np.isfinite(a).all() or not np.isfinite(b).all():
        return float("inf")
    return float(np.abs(a - b).max(initial=0) / max(1, np.abs(b).max(initial=0)))


def output_distance(page: nn.Module, facing: Any, case: Case, seed: int = 0) -> float:
    """Compare what both pages return in evaluation mode, real steps only."""
    inputs = draw(case, seed)
    with torch.no_grad():
        ours = [t.numpy() for t in leaves(page.eval()(**tensors(inputs)))]
    theirs = [np.array(t) for t in leaves(keras_scores(facing, channels_last(case, inputs)))]
    if len(ours) != len(theirs):
        return float("inf")
    kept = [real_steps(case, inputs, scores.shape) for scores in ours]
    return max(distance(b * k, a * k) for a, b, k in zip(ours, theirs, kept, strict=True))


def step_distance(page: nn.Module, facing: Any, case: Case, seed: int = 0) -> float:
    """Compare all weights after one step of plain SGD on the same batch; change neither page."""
    inputs = draw(case, seed)
    with torch.no_grad():
        scores = [t.numpy() for t in leaves(page.eval()(**tensors(inputs)))]
    rng = np.random.default_rng(seed)
    targets = [rng.normal(size=s.shape).astype("float32") for s in scores]
    kept = [real_steps(case, inputs, s.shape) for s in scores]
    ours = to_keras(torch_step(copy.deepcopy(page), inputs, targets, kept), page)
    theirs = keras_step(facing, channels_last(case, inputs), targets, kept)
    return max(distance(theirs[name], ours[name]) for name in ours)


def rounding(page: nn.Module, case: Case, seed: int = 0) -> tuple[float, float]:
    """Tell how far float32 itself is from float64 on the torch page: in outputs, after one step.

    A norm over few and nearly equal values enlarges rounding some hundred times, in both pages.
    """
    inputs, exact = draw(case, seed), copy.deepcopy(page).double()
    wide = {k: v.astype(float) if v.dtype == np.float32 else v for k, v in inputs.items()}
    with torch.no_grad():
        ours = [t.numpy() for t in leaves(page.eval()(**tensors(inputs)))]
        theirs = [t.numpy() for t in leaves(exact.eval()(**tensors(wide)))]
    rng = np.random.default_rng(seed)
    targets = [rng.normal(size=s.shape).astype("float32") for s in ours]
    kept = [real_steps(case, inputs, s.shape) for s in ours]
    stepped = torch_step(copy.deepcopy(page), inputs, targets, kept)
    stepped_exactly = torch_step(exact, wide, targets, kept)
    return (
        max(distance(a * k, b * k) for a, b, k in zip(ours, theirs, kept, strict=True)),
        max(distance(stepped[name], stepped_exactly[name]) for name in stepped),
    )


def torch_step(
    page: nn.Module, inputs: Inputs, targets: list[np.ndarray], kept: list[np.ndarray]
) -> Weights:
    """Return the weights after one step, running variances as Keras would have them."""
    norms: dict[str, int] = {}  # path of a batch norm -> values that each channel averages
    for path, part in page.named_modules():
        if isinstance(part, nn.modules.batchnorm._BatchNorm):
            part.register_forward_pre_hook(
                lambda part, x, path=path: norms.update({path: x[0].numel() // part.num_features})
            )
    before = get_weights(page)
    scores = leaves(page.train()(**tensors(inputs)))
    wanted, mask = map(torch.from_numpy, targets), map(torch.from_numpy, kept)
    loss = sum(
        (for_each_member(m, s) * (s - for_each_member(w, s)) ** 2).mean()
        for s, w, m in zip(scores, wanted, mask, strict=True)
    )
    loss.backward()
    torch.optim.SGD([p for p in page.parameters() if p.requires_grad], lr=RATE).step()
    after = get_weights(page)
    for path, n in norms.items():  # torch: n - 1, Keras: n
        key, old = f"{path}.running_var", 0.9 * before[f"{path}.running_var"]
        after[key] = old + (after[key] - old) * (n - 1) / n
    return after


def keras_step(
    facing: Any, inputs: Inputs, targets: list[np.ndarray], kept: list[np.ndarray]
) -> Weights:
    """Return the weights after one step; put the old ones back."""
    before = keras_weights(facing)
    gradients = {"tensorflow": tensorflow_gradients, "jax": jax_gradients}[keras.backend.backend()]
    for variable, gradient in zip(
        facing.trainable_variables, gradients(facing, inputs, targets, kept), strict=True
    ):
        variable.assign(variable - RATE * gradient)
    after = keras_weights(facing)
    set_keras_weights(facing, before)
    return after


def keras_scores(facing: Any, inputs: Inputs) -> Any:
    """Call a Keras page in evaluation mode; JAX compiles the whole page, not each operation."""
    if keras.backend.backend() != "jax":
        return facing(**inputs)
    import jax

    trained, others = values(facing)
    return jax.jit(facing.stateless_call)(trained, others, **inputs)[0]


def keras_loss(scores: Any, targets: list[np.ndarray], kept: list[np.ndarray]) -> Any:
    """Return the squared error over the real steps."""
    return sum(
        keras.ops.mean(for_each_member(k, s) * (s - for_each_member(t, s)) ** 2)
        for s, t, k in zip(leaves(scores), targets, kept, strict=True)
    )


def tensorflow_gradients(
    facing: Any, inputs: Inputs, targets: list[np.ndarray], kept: list[np.ndarray]
) -> list[Any]:
    """Return the gradient of every trained variable; running moments move."""
    import tensorflow as tf

    with tf.GradientTape() as tape:
        loss = keras_loss(facing(**inputs, training=True), targets, kept)
    variables = [variable.value for variable in facing.trainable_variables]
    return [tf.convert_to_tensor(g) for g in tape.gradient(loss, variables)]


def jax_gradients(
    facing: Any, inputs: Inputs, targets: list[np.ndarray], kept: list[np.ndarray]
) -> list[Any]:
    """Return the gradient of every trained variable; running moments move."""
    import jax

    def loss_of(trained: list[Any], others: list[Any]) -> tuple[Any, list[Any]]:
        scores, moved = facing.stateless_call(trained, others, **inputs, training=True)
        return keras_loss(scores, targets, kept), moved

    gradients, moved = jax.jit(jax.grad(loss_of, has_aux=True))(*values(facing))
    for variable, value in zip(facing.non_trainable_variables, moved, strict=True):
        variable.assign(value)
    return gradients


def values(facing: Any) -> tuple[list[Any], list[Any]]:
    """Return the values of the trained variables of a Keras page, and of the others."""
    trained = [variable.value for variable in facing.trainable_variables]
    return trained, [variable.value for variable in facing.non_trainable_variables]


def main(words: list[str]) -> None:
    """Measure and print."""
    from tests.facing.cases import CASES

    names = [word for word in words if word != "--default"]
    chosen = [(name, case) for name, case in CASES if not names or name in names]
    if "--default" in words:
        chosen = list(dict(reversed(chosen)).items())
    rows = []
    for name, case in chosen:
        page, facing = pair(name, case)
        measured = output_distance(page, facing, case), step_distance(page, facing, case)
        rows.append([name, str(case), *measured])
    print(json.dumps(rows))


if __name__ == "__main__":
    main(sys.argv[1:])
