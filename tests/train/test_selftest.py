"""A self-test finds what it is for: each is shown a network that is wrong in its way."""

from dataclasses import replace

import numpy as np
import pytest
import torch
from torch import nn

from bakeoff.torch_models.fit import fit, predict
from bakeoff.torch_models.mlp import MLP
from bakeoff.train.selftest import Part, Room, chance, selftest
from bakeoff.train.weights import get_weights
from tests.train.test_worker import JOB

X = np.random.default_rng(0).normal(size=(60, 3)).astype("float32")
Y = (X[:, 0] > 0).astype("int64")
PLAIN = replace(JOB, task="multiclass", recipe={**JOB.recipe, "loss": "cross_entropy"})
HEART, ALONE, REPEATS, CHANCE = (
    "a few rows are learned by heart",
    "rows do not depend on each other",
    "answers repeat and change no weight",
    "shuffled targets end at chance",
)


class Plain(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.page = MLP(3, 2)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return self.page(x)


class Still(Plain):
    """Its loss says nothing to its weights."""

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return self.page(x).detach() + 0 * self.page(x)


class Mixed(Plain):
    """Takes the mean over the batch away."""

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return self.page(x - x.mean(0))


class Noisy(Plain):
    """Leaves things out while it answers, too."""

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return self.page(nn.functional.dropout(x, 0.5, training=True))


class Moving(Plain):
    """Takes notes while it answers."""

    def __init__(self) -> None:
        super().__init__()
        self.register_buffer("seen", torch.zeros(()))

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        self.seen.add_(1)
        return self.page(x)


def told(kind, fit=fit) -> dict[str, str]:
    def build():
        torch.manual_seed(0)
        return kind()

    part = Part(60, lambda rows: {"x": X[rows]}, lambda rows: Y[rows])
    return selftest(PLAIN, Room(build, fit, predict, get_weights), part, part)


def test_a_network_without_fault_passes():
    assert told(Plain) == {HEART: "", ALONE: "", REPEATS: "", CHANCE: ""}


@pytest.mark.parametrize(
    ("kind", "check", "words"),
    [
        (Still, HEART, "16 training rows are not learned by heart: after 600 steps"),
        (Mixed, ALONE, "answered otherwise alone than beside others"),
        (Noisy, REPEATS, "answered otherwise a second time"),
        (Moving, REPEATS, "answering changes seen"),
    ],
)
def test_a_fault_is_found_and_named(kind, check, words):
    assert words in told(kind)[check]


def test_a_way_round_shuffled_targets_is_found():
    def cheat(*args, **settings):
        rows = fit(*args, **settings)
        return [{**row, "validation_metric": 1.0} for row in rows]

    assert "targets must come in by another way" in told(Plain, cheat)[CHANCE]


def test_chance_is_the_share_of_the_largest_class_and_its_error():
    assert chance(PLAIN, np.array([0] * 75 + [1] * 25)) == pytest.approx(
        0.75 + 4 * 0.0433, abs=1e-3
    )
