"""The loss of pairs: as its authors write it, and the same training in both model rooms."""

import numpy as np
import pytest
import torch

from bakeoff.torch_models.cnn import CNN
from bakeoff.torch_models.fit import fit as torch_fit
from bakeoff.torch_models.nt_xent import nt_xent, partners_found
from bakeoff.train.weights import convert, get_weights, set_keras_weights

keras = pytest.importorskip("keras", reason="needs pip install 'bakeoff[tensorflow]'")

from bakeoff.keras_models.cnn import CNN as KerasCNN  # noqa: E402, N811
from bakeoff.keras_models.fit import fit as keras_fit  # noqa: E402
from bakeoff.keras_models.nt_xent import nt_xent as keras_nt_xent  # noqa: E402
from bakeoff.keras_models.nt_xent import partners_found as keras_partners_found  # noqa: E402

pytestmark = pytest.mark.xdist_group("tensorflow")  # one process imports it, once

SIZES = {"in_channels": 3, "out_features": 8, "image_size": (16, 16)}
RECIPE = {
    "loss": "nt_xent",
    "batch_size": 8,
    "epochs": 3,
    "patience": 0,
    "seed": 3,
    "augment": {"flip": (1.0, 0.5), "translation": (0.2, 1.0), "color": (0.3, 1.0)},
}


def by_hand(z: np.ndarray) -> float:
    """Return NT-Xent as the paper writes it, pair by pair."""
    unit = z / np.linalg.norm(z, axis=1, keepdims=True)
    alike = np.exp(unit @ unit.T / 0.5)
    rows = range(len(z))
    return float(np.mean([
        -np.log(alike[i, i ^ 1] / sum(alike[i, k] for k in rows if k != i)) for i in rows
    ]))  # fmt: skip


def test_the_loss_is_that_of_its_authors():
    z = np.random.default_rng(0).normal(size=(12, 5)).astype("float32")
    assert nt_xent(torch.from_numpy(z)).item() == pytest.approx(by_hand(z), rel=1e-5)
    assert float(keras_nt_xent(z)) == pytest.approx(by_hand(z), rel=1e-5)


def test_many_pairs_are_judged_in_blocks_of_a_batch():
    z = np.random.default_rng(0).normal(size=(14, 5)).astype("float32")
    parts = [z[:6], z[6:]]
    wanted = sum(by_hand(part) * len(part) for part in parts) / 14
    assert nt_xent(torch.from_numpy(z), 3).item() == pytest.approx(wanted, rel=1e-5)
    assert float(keras_nt_xent(z, 3)) == pytest.approx(wanted, rel=1e-5)
    assert partners_found(torch.from_numpy(z), 3) == keras_partners_found(z, 3)


def test_a_partner_is_found_where_it_is_the_most_alike():
    z = np.repeat(np.eye(4, dtype="float32"), 2, axis=0)
    assert partners_found(torch.from_numpy(z)) == keras_partners_found(z) == 1.0
    assert partners_found(torch.from_numpy(z[[0, 2, 1, 3, 4, 5]])) == pytest.approx(1 / 3)


def test_both_rooms_see_the_same_pairs_and_take_the_same_path():
    pixels = np.random.default_rng(1).integers(0, 255, (21, 16, 16, 3), np.uint8)
    facts = {"shift": np.full(3, 127.0), "scale": np.full(3, 1 / 64), "axes": "picture",
             "lows": np.zeros(3), "highs": np.full(3, 255.0), "white": 255.0}  # fmt: skip

    def part(rows: np.ndarray) -> dict:
        return {"x": {"kind": "pixels", "base": pixels, "rows": rows, **facts}}

    given = {"validation_inputs": part(np.arange(15, 21)), "validation_targets": np.zeros(6)}
    page = CNN(**SIZES)
    other = KerasCNN(**SIZES)
    set_keras_weights(other, convert(get_weights(page), page, to="tensorflow"))
    train = part(np.arange(15)), np.zeros(15)
    one = torch_fit(page, *train, **given, **RECIPE)
    two = keras_fit(other, *train, **given, **RECIPE)
    for name in ("train_loss", "validation_loss"):
        assert [row[name] for row in one] == pytest.approx([row[name] for row in two], rel=2e-3)
    assert one[0]["validation_loss"] == pytest.approx(two[0]["validation_loss"], rel=1e-4)
