"""A training that goes on from a saved state ends as if it had never stopped, bit by bit."""

import copy

import numpy as np
import pytest
import torch

from bakeoff.torch_models.fit import fit as torch_fit
from bakeoff.torch_models.fit import predict as torch_predict
from bakeoff.torch_models.mlp import MLP

RECIPES = [
    {},
    {"optimizer": "momentum", "schedule": {"name": "plateau", "plateau_patience": 1}},
    {"average": 0.9, "mixup": 0.2, "accumulate": 2},
    {"optimizer": "muon", "clip_norm": 0.5, "sampling": "balanced"},
    {"frozen_epochs": 2},
    {"frozen_epochs": 3, "average": 0.9},  # the state is that before the features learn
    {"frozen_epochs": 5, "patience": 0},
]


def rows() -> tuple[dict[str, np.ndarray], np.ndarray]:
    rng = np.random.default_rng(0)
    x = rng.normal(size=(90, 4)).astype("float32")
    return {"x": x}, (x[:, 0] * x[:, 1] + rng.normal(size=90) > 0).astype("int64")


@pytest.mark.xdist_group("tensorflow")
@pytest.mark.parametrize(
    ("framework", "recipe"),
    [
        *(("torch", recipe) for recipe in [*RECIPES, {"optimizer": "schedule_free"}]),
        *(("keras", recipe) for recipe in RECIPES),
    ],
    ids=str,
)
def test_a_training_that_goes_on_ends_as_if_it_had_never_stopped(framework, recipe, monkeypatch):
    """From a state between two epochs, and from one in the middle of an epoch."""
    inputs, targets = rows()
    sizes = {"hidden_sizes": (64, 64), "dropout": 0.3}
    if framework == "torch":
        fit, predict = torch_fit, torch_predict

        def build():
            torch.manual_seed(1)
            return MLP(4, 2, **sizes)

    else:
        keras = pytest.importorskip("keras", reason="needs pip install 'bakeoff[tensorflow]'")
        from bakeoff.keras_models import feed
        from bakeoff.keras_models import mlp as facing
        from bakeoff.keras_models.fit import fit, predict

        monkeypatch.setattr(feed, "BLOCK_VALUES", 4 * 8 * 2)  # two batches to a block

        def build():
            keras.utils.set_random_seed(1)
            return facing.MLP(4, 2, **sizes)

    settings = {
        "validation_inputs": inputs,
        "validation_targets": targets,
        "batch_size": 8,
        "epochs": 7,
        "patience": 3,
        "lr": 0.02,
        **recipe,
    }
    states: list = []
    whole = build()
    history = fit(
        whole, inputs, targets, **settings, state_seconds=0,
        on_state=lambda saved: states.append(copy.deepcopy(saved)),
    )  # fmt: skip
    told = [{k: v for k, v in row.items() if "second" not in k} for row in history]
    after_three = [state for state in states if len(state[1]["history"]) == 3]
    between = [state for state in after_three if "within" not in state[1]]
    within = [state for state in after_three if state[1].get("within", {}).get("batches") == 6]
    latest = max(state[1]["within"]["batches"] for state in states if "within" in state[1])
    assert latest < 12  # of 12 batches: a whole epoch would be taken up without its last gradient
    for begin in (between[0], within[0]):
        other = build()
        again = fit(other, inputs, targets, **settings, begin=begin)
        assert [{k: v for k, v in row.items() if "second" not in k} for row in again] == told
        assert np.array_equal(predict(whole, inputs), predict(other, inputs))
    with pytest.raises(ValueError, match="The state is that of another training"):
        fit(build(), inputs, targets, **{**settings, "optimizer": "sgd"}, begin=between[0])
