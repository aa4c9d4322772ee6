"""Recurrent layers without a loop: where that pays, and then the same training."""

import numpy as np
import pytest

keras = pytest.importorskip("keras", reason="needs pip install 'bakeoff[tensorflow]'")

from bakeoff.keras_models import step  # noqa: E402
from bakeoff.keras_models import unrolled as room  # noqa: E402
from bakeoff.keras_models.feed import Feed  # noqa: E402
from bakeoff.keras_models.fit import fit  # noqa: E402
from bakeoff.keras_models.gru import GRU  # noqa: E402
from bakeoff.keras_models.mlp import MLP  # noqa: E402
from bakeoff.keras_models.unrolled import recurrent, unrolled, unrolling_pays  # noqa: E402

X = np.random.default_rng(0).normal(size=(60, 5, 3)).astype(np.float32)
Y = (X[:, :, 0].sum(1) > 0).astype(np.float32)


def feed(x):
    return Feed({"x": x}, compiled=False)


def test_it_pays_for_short_sequences_and_long_trainings():
    model = GRU(3, 1)
    assert unrolling_pays(model, feed(X), 1_000)
    assert not unrolling_pays(model, feed(X), 999)
    long = np.zeros((2, 200, 3), np.float32)
    assert not unrolling_pays(model, feed(long), 3_000)
    assert unrolling_pays(model, feed(long), 3_200)
    assert not unrolling_pays(model, feed(np.zeros((2, 300, 3), np.float32)), 10**6)
    assert not unrolling_pays(MLP(15, 1), feed(X.reshape(60, 15)), 10**6)


def test_it_ends_with_the_context_also_after_an_error():
    model = GRU(3, 1, hidden_sizes=(4, 4))
    with pytest.raises(RuntimeError), unrolled(model, True):
        assert recurrent(model) == []
        raise RuntimeError
    assert len(recurrent(model)) == 2
    with unrolled(model, False):
        assert len(recurrent(model)) == 2


def test_a_training_takes_the_same_path(monkeypatch):
    histories, unrolled_in = [], []

    def seen(model, wanted):
        unrolled_in.append(wanted)
        return unrolled(model, wanted)

    monkeypatch.setattr(step, "unrolled", seen)
    for fewest in (10**9, 1):
        monkeypatch.setattr(room, "FEWEST_STEPS", fewest)
        monkeypatch.setattr(room, "STEPS_A_CELL", 1)
        keras.utils.set_random_seed(0)
        model = GRU(3, 1, dropout=0.2)
        histories.append(
            fit(
                model, {"x": X}, Y, validation_inputs={"x": X}, validation_targets=Y,
                loss="binary_cross_entropy", epochs=6, batch_size=8,
            )
        )  # fmt: skip
    assert set(unrolled_in) == {False, True}
    assert unrolled_in == sorted(unrolled_in), "the first has loops, the second none"
    for one, two in zip(*histories, strict=True):
        assert one["train_loss"] == pytest.approx(two["train_loss"], rel=1e-4)
