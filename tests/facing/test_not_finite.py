"""Where a loss is no number, the layer that was first not finite is named, in both frameworks."""

import numpy as np
import pytest
import torch

from bakeoff.torch_models.fit import fit as torch_fit
from bakeoff.torch_models.mlp import MLP

FRAMEWORKS = ["torch", pytest.param("keras", marks=pytest.mark.xdist_group("tensorflow"))]


def rows(count: int = 40) -> tuple[dict[str, np.ndarray], np.ndarray]:
    x = np.random.default_rng(0).normal(size=(count, 3)).astype("float32")
    return {"x": x}, (x[:, 0] > 0).astype("int64")


def built(framework: str):
    if framework == "torch":
        torch.manual_seed(0)
        return MLP(3, 2, hidden_sizes=(4, 5)), torch_fit
    keras = pytest.importorskip("keras", reason="needs pip install 'bakeoff[tensorflow]'")
    from bakeoff.keras_models import mlp as facing
    from bakeoff.keras_models.fit import fit

    keras.utils.set_random_seed(0)
    return facing.MLP(3, 2, hidden_sizes=(4, 5)), fit


def told(fit, model, inputs, targets, **settings) -> str:
    how = {"batch_size": 10, "epochs": 3, "validation_inputs": inputs}
    with pytest.raises(FloatingPointError, match="The loss is nan") as caught:
        fit(model, inputs, targets, validation_targets=targets, **how, **settings)
    return str(caught.value)


@pytest.mark.parametrize("framework", FRAMEWORKS)
def test_the_layer_whose_output_overflows_is_named(framework):
    model, fit = built(framework)
    if framework == "torch":
        with torch.no_grad():
            model.hidden[1].weight.fill_(3e38)
    else:
        kernel = model.hidden[1].kernel
        kernel.assign(np.full(kernel.shape, 3e38, "float32"))
    words = told(fit, model, *rows())
    assert words.endswith("First not finite: the output of hidden.1 in step 1.")
    assert "Try lr" in words


@pytest.mark.parametrize("framework", FRAMEWORKS)
def test_weights_that_a_step_has_broken_are_named_with_the_step_after_it(framework):
    model, fit = built(framework)
    words = told(fit, model, *rows(), optimizer="sgd", lr=1e38, weight_decay=0.0)
    assert "of hidden.0 in step 2" in words or "of hidden.1 in step 2" in words


@pytest.mark.parametrize("framework", FRAMEWORKS)
def test_an_input_that_is_no_number_is_named(framework):
    model, fit = built(framework)
    inputs, targets = rows()
    inputs["x"][3, 1] = np.inf
    assert "First not finite: the input x in step" in told(fit, model, inputs, targets)
