"""Keras' own loop: its callbacks, and the training that ours would be."""

import numpy as np
import pytest

keras = pytest.importorskip("keras", reason="needs pip install 'bakeoff[tensorflow]'")

import bakeoff  # noqa: E402
from bakeoff.errors import RequestError  # noqa: E402
from bakeoff.keras_models.gru import GRU  # noqa: E402
from bakeoff.keras_models.mlp import MLP  # noqa: E402

pytestmark = pytest.mark.xdist_group("tensorflow")  # one process imports it, once

RNG = np.random.default_rng(0)
X = RNG.normal(size=(300, 6)).astype("float32")
Y = (X[:, 0] + X[:, 1] > 0).astype(int)


class Heard(keras.callbacks.Callback):
    def __init__(self) -> None:
        super().__init__()
        self.models: list[str] = []

    def on_epoch_end(self, epoch, logs=None):
        self.models.append(type(self.model).__name__)


def mlp() -> MLP:
    keras.utils.set_random_seed(0)
    return MLP(6, 2)


@pytest.mark.parametrize(
    "more", [{}, {"schedule": "cosine"}, {"optimizer": "momentum", "weight_decay": 0.5}]
)
def test_it_takes_the_path_of_our_loop(more):
    recipe = {"epochs": 4, "batch_size": 32, **more}
    ours = bakeoff.fit(mlp(), X, Y, recipe=recipe).history
    theirs = bakeoff.fit(mlp(), X, Y, recipe={**recipe, "keras_fit": True}).history
    for name in ("train_loss", "train_metric", "validation_loss", "validation_metric", "lr"):
        assert theirs[name].to_list() == pytest.approx(ours[name].to_list(), rel=2e-3), name


def test_callbacks_see_the_model_itself_and_can_stop_it():
    heard = Heard()
    stop = keras.callbacks.EarlyStopping(monitor="loss", patience=1, min_delta=100.0)
    found = bakeoff.fit(mlp(), X, Y, recipe={"epochs": 9}, callbacks=[heard, stop])
    assert heard.models == ["MLP", "MLP"]
    assert len(found.history) == 2


def test_several_arguments_are_handed_on():
    heard = Heard()
    x, lengths = RNG.normal(size=(80, 5, 3)).astype("float32"), RNG.integers(1, 6, 80)
    data = {"x": x, "lengths": lengths}
    found = bakeoff.fit(GRU(3, 2), data, Y[:80], recipe={"epochs": 2}, callbacks=[heard])
    assert heard.models == ["Around", "Around"]
    assert found.history["validation_loss"].is_finite().all()


@pytest.mark.parametrize("setting", [{"mixup": 0.2}, {"l2": 0.1}, {"average": 0.9}])
def test_what_keras_loop_has_not_is_refused(setting):
    with pytest.raises(ValueError, match=f"has no {next(iter(setting))}"):
        bakeoff.fit(mlp(), X, Y, recipe={"keras_fit": True, **setting})


def test_torch_has_no_such_loop(tmp_path):
    torch = pytest.importorskip("torch")
    with pytest.raises(RequestError, match="is of torch"):
        bakeoff.fit(torch.nn.Linear(6, 2), X, Y, callbacks=[Heard()])
    with pytest.raises(RequestError, match="torch has none"):
        bakeoff.run("iris", keras_fit=True, models="mlp", show="none", out=tmp_path / "run")
