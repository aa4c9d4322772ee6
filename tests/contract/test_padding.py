"""Padding cannot speak: whatever stands behind the last real step changes nothing."""

from collections.abc import Iterator
from typing import Any

import numpy as np
import pytest
import torch

from tests.facing.case import (
    Case,
    Inputs,
    build,
    channels_last,
    draw,
    leaves,
    real_steps,
    tensors,
    without_dropout,
)
from tests.facing.cases import CASES

PADDED = [(name, case) for name, case in CASES if "lengths" in case.inputs]
FILLERS = (1e30, np.nan, np.inf)

every_padded_case = pytest.mark.parametrize(
    ("name", "case"), PADDED, ids=[f"{name}-{case}" for name, case in PADDED]
)
FIRST = dict(reversed(PADDED))
first_padded_cases = pytest.mark.parametrize(  # a graph each: the others by night
    ("name", "case"),
    [
        pytest.param(name, case, marks=[] if FIRST[name] is case else pytest.mark.nightly)
        for name, case in PADDED
    ],
    ids=[f"{name}-{case}" for name, case in PADDED],
)
both_modes = pytest.mark.parametrize("training", [False, True], ids=["evaluation", "training"])


def paddings(case: Case) -> Iterator[tuple[str, Inputs]]:
    """Yield the same inputs with other padding: zeros first, then what should not be read."""
    inputs = draw(case)
    x = inputs["x"]
    padding = np.arange(x.shape[1]) >= inputs["lengths"][:, None]
    kind, *_, last = case.inputs["x"]
    for filler in [0, 1, last - 1] if kind == "tokens" else [0, *FILLERS]:
        filled = x.copy()
        filled[padding] = filler
        yield str(filler), {**inputs, "x": filled}


def weighed(case: Case, inputs: Inputs, scores: list[Any]) -> list[np.ndarray]:
    """Return what each score counts in a loss: random numbers, 0 in the padding."""
    rng = np.random.default_rng(1)
    shapes = [tuple(part.shape) for part in scores]
    return [rng.normal(size=s).astype("float32") * real_steps(case, inputs, s) for s in shapes]


@both_modes
@every_padded_case
def test_padding_changes_no_output_and_no_gradient(name: str, case: Case, training: bool):
    torch.set_num_threads(1)
    torch.manual_seed(0)
    page = build(name, case, "torch").train(training)
    expected = None
    for filler, inputs in paddings(case):
        torch.manual_seed(1)
        page.zero_grad()
        given = tensors(inputs)
        if given["x"].is_floating_point():
            given["x"].requires_grad_()
        scores = leaves(page(**given))
        counts = [torch.from_numpy(part) for part in weighed(case, inputs, scores)]
        kept = [part[count != 0] for part, count in zip(scores, counts, strict=True)]
        sum(
            (part * count[count != 0]).sum() for part, count in zip(kept, counts, strict=True)
        ).backward()
        gradients = {key: weight.grad for key, weight in page.named_parameters()}
        found = [[part.detach() for part in kept], {**gradients, "x": given["x"].grad}]
        expected = expected or found
        torch.testing.assert_close(
            found, expected, msg=lambda text, filler=filler: f"{filler}: {text}"
        )


@pytest.mark.xdist_group("tensorflow")
@both_modes
@first_padded_cases
def test_padding_changes_no_output_and_no_gradient_in_keras(name: str, case: Case, training: bool):
    pytest.importorskip("keras", reason="needs pip install 'bakeoff[tensorflow]'")
    import tensorflow as tf

    case = without_dropout(name, case)
    page = build(name, case, "tensorflow")
    weights = [variable.value for variable in page.trainable_variables]
    expected = None
    for filler, inputs in paddings(case):
        given = {key: tf.constant(array) for key, array in channels_last(case, inputs).items()}
        with tf.GradientTape() as tape:
            if given["x"].dtype.is_floating:
                tape.watch(given["x"])
            scores = leaves(page(**given, training=training))
            counts = weighed(case, inputs, scores)
            kept = [part[count != 0] for part, count in zip(scores, counts, strict=True)]
            loss = sum(
                tf.reduce_sum(part * count[count != 0])
                for part, count in zip(kept, counts, strict=True)
            )
        gradients = tape.gradient(loss, [given["x"], *weights])
        found = [np.array(tf.convert_to_tensor(a)) for a in [*kept, *gradients] if a is not None]
        expected = expected or found
        for ours, theirs in zip(found, expected, strict=True):
            np.testing.assert_allclose(ours, theirs, rtol=1e-5, atol=1e-6, err_msg=filler)
