"""Any network can be trained, saved and loaded without a run."""

import numpy as np
import polars as pl
import pytest
import torch
from torch import nn
from torch.utils.data import DataLoader, TensorDataset

import bakeoff
from bakeoff.errors import DataError, RequestError


class Named(nn.Module):
    """A network of a stranger, whose argument has a name of its own."""

    def __init__(self, outputs: int = 2) -> None:
        super().__init__()
        self.first, self.last = nn.Linear(3, 8), nn.Linear(8, outputs)

    def forward(self, features):
        return self.last(self.first(features).relu())


def rows(n: int = 200) -> tuple[np.ndarray, np.ndarray]:
    x = np.random.default_rng(0).normal(size=(n, 3)).astype("float32")
    return x, (x[:, 0] + x[:, 1] > 0).astype("int64")


def given(how: str):
    x, y = rows()
    pairs = TensorDataset(torch.from_numpy(x), torch.from_numpy(y))
    return {
        "arrays": (x, y),
        "tensors": (torch.from_numpy(x), torch.from_numpy(y)),
        "named": ({"features": x}, y),
        "dataset": (pairs, None),
        "loader": (DataLoader(pairs, batch_size=32), None),
    }[how]


@pytest.mark.parametrize("how", ["arrays", "tensors", "named", "dataset", "loader"])
def test_a_network_learns_from_whatever_holds_the_rows(how):
    torch.manual_seed(0)
    model = Named()
    told = []
    on = {name: lambda record, name=name: told.append((name, record)) for name in ("start", "end")}
    found = bakeoff.fit(model, *given(how), recipe={"epochs": 20, "lr": 0.02}, on=on)
    assert isinstance(found.history, pl.DataFrame)
    assert found.history["train_metric"][-1] > 0.9
    assert found.model is model
    assert [name for name, _ in told] == ["start", "end"]
    assert told[1][1]["best_epoch"] == found.best_epoch
    assert 1 <= found.best_epoch <= len(found.history)


def test_a_dataset_is_split_and_prepared_as_in_a_run():
    from bakeoff.torch_models.mlp import MLP

    found = bakeoff.fit(MLP(4, 3), bakeoff.read("iris"), recipe=bakeoff.Recipe(epochs=30, lr=0.01))
    assert found.history["validation_metric"].max() > 0.8
    assert found.preparation.classes == ("setosa", "versicolor", "virginica")


@pytest.mark.xdist_group("tensorflow")
@pytest.mark.parametrize("how", ["functional", "sequential", "tf.data"])
def test_models_of_keras_learn_alike(how):
    keras = pytest.importorskip("keras", reason="needs pip install 'bakeoff[tensorflow]'")
    keras.utils.set_random_seed(0)
    x, y = rows()
    data = (x, y)
    layers = [keras.layers.Dense(8, activation="relu"), keras.layers.Dense(2)]
    if how == "functional":
        given = keras.Input((3,))
        model = keras.Model(given, layers[1](layers[0](given)))
    else:
        model = keras.Sequential([keras.Input((3,)), *layers])
    if how == "tf.data":
        import tensorflow as tf

        data = (tf.data.Dataset.from_tensor_slices((x, y)).batch(16), None)
    found = bakeoff.fit(model, *data, recipe={"epochs": 20, "lr": 0.02})
    assert found.history["train_metric"][-1] > 0.9


@pytest.mark.parametrize(
    ("outputs", "targets", "loss"),
    [
        (1, lambda x: (x[:, 0] > 0).astype("int64"), "binary_cross_entropy"),
        (1, lambda x: x[:, 0], "mse"),
        (3, lambda x: (x > 0).astype("int64"), "binary_cross_entropy"),
    ],
)
def test_the_loss_follows_from_targets_and_scores(outputs, targets, loss):
    x, _ = rows()
    found = bakeoff.fit(Named(outputs), x, targets(x), recipe={"epochs": 2})
    assert found.recipe["loss"] == loss


@pytest.mark.parametrize("optimizer", ["adamw", "sgd"])
def test_a_rate_is_found_and_the_weights_stay_as_they_were(optimizer):
    torch.manual_seed(0)
    model = Named()
    before = [weight.clone() for weight in model.parameters()]
    found = bakeoff.find_lr(model, *rows(), recipe={"optimizer": optimizer})
    assert all(torch.equal(a, b) for a, b in zip(model.parameters(), before, strict=True))
    rates, losses = found.history["lr"].to_list(), found.history["loss"].to_list()
    assert rates[0] == pytest.approx(1e-6)
    assert rates == sorted(rates)
    led = rates[losses.index(min(losses)) - 1]  # whose step led to the lowest loss
    assert found.lr == pytest.approx(led / 10)
    history = bakeoff.fit(
        model, *rows(), recipe={"optimizer": optimizer, "lr": found.lr, "epochs": 20}
    ).history
    assert history["train_metric"][-1] > 0.9


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"recipe": {"learning_rate": 0.1}}, "No setting called 'learning_rate'"),
        ({"on": {"batch": print}}, "No event called 'batch'"),
        ({"recipe": {"lr": -1}}, "lr=-1 is out of range"),
        ({"targets": np.arange(200) % 5}, "classes 0 to 4, and the model returns 2 scores a row"),
        ({"targets": np.array(["a", "b"] * 100)}, "must be class numbers from 0, or floats"),
        ({"targets": np.arange(9)}, "features has 200 rows, and there are 9 targets"),
        ({"model": object()}, "object is no torch.nn.Module and no keras.Model"),
        ({"data": 3, "targets": None}, "A int without targets must yield pairs"),
    ],
)
def test_what_cannot_be_trained_is_refused_in_a_sentence(change, message):
    x, y = rows()
    asked = {"model": Named(), "data": x, "targets": y, **change}
    with pytest.raises(RequestError, match=message):
        bakeoff.fit(asked.pop("model"), asked.pop("data"), asked.pop("targets"), **asked)


def test_a_model_and_its_optimizer_go_on_where_they_were_saved(tmp_path):
    x, y = (torch.from_numpy(values) for values in rows())

    def steps(model, optimizer, count):
        for _ in range(count):
            optimizer.zero_grad()
            nn.functional.cross_entropy(model(x), y).backward()
            optimizer.step()

    torch.manual_seed(0)
    model = Named()
    optimizer = torch.optim.AdamW(model.parameters(), lr=0.01)
    steps(model, optimizer, 3)
    bakeoff.save(tmp_path / "s", model=model, optimizer=optimizer, epoch=3)
    assert not [*tmp_path.rglob("*.p*")], "nothing is pickled"
    other = Named()
    again = torch.optim.AdamW(other.parameters(), lr=0.5)
    assert bakeoff.load(tmp_path / "s", model=other, optimizer=again) == 3
    steps(model, optimizer, 2)
    steps(other, again, 2)
    for mine, theirs in zip(model.parameters(), other.parameters(), strict=True):
        assert torch.equal(mine, theirs)


def test_an_optimizer_that_does_not_fit_leaves_the_model_as_it_was(tmp_path):
    saved, other = Named(), Named()
    bakeoff.save(tmp_path, model=saved, optimizer=torch.optim.AdamW(saved.parameters()))
    before = [weight.clone() for weight in other.parameters()]
    halves = [{"params": [weight]} for weight in other.parameters()]
    with pytest.raises(DataError, match="is of another optimizer"):
        bakeoff.load(tmp_path, model=other, optimizer=torch.optim.AdamW(halves))
    assert all(torch.equal(a, b) for a, b in zip(other.parameters(), before, strict=True))


@pytest.mark.parametrize("dtype", ["int32", "uint8", "bool"])
def test_classes_may_be_any_whole_numbers_and_stand_in_a_column(dtype):
    x, y = rows()
    found = bakeoff.fit(Named(), x, y.astype(dtype)[:, None], recipe={"epochs": 2})
    assert found.recipe["loss"] == "cross_entropy"


def test_balanced_weights_find_a_rare_class():
    x, _ = rows(400)
    y = (x[:, 0] > 1.2).astype("int64")
    asked = {"epochs": 1, "class_weights": "balanced", "batch_size": 400}
    torch.manual_seed(0)
    weighted = bakeoff.fit(Named(), x, y, recipe=asked)
    torch.manual_seed(0)
    plain = bakeoff.fit(Named(), x, y, recipe={**asked, "class_weights": ""})
    assert weighted.history["train_loss"][0] != plain.history["train_loss"][0]


@pytest.mark.xdist_group("tensorflow")
def test_batches_of_tensorflow_are_told_from_rows():
    tf = pytest.importorskip("tensorflow", reason="needs pip install 'bakeoff[tensorflow]'")
    from bakeoff.alone.rows import pairs_of

    x, y = rows(32)
    whole = tf.data.Dataset.from_tensor_slices((x, y))
    for given in (whole, whole.batch(5), whole.batch(8, drop_remainder=True)):
        found = pairs_of(given)
        assert np.array_equal(found[0], x)
        assert np.array_equal(found[1], y)


@pytest.mark.xdist_group("tensorflow")
def test_a_keras_model_and_its_optimizer_are_filled_alike(tmp_path):
    keras = pytest.importorskip("keras", reason="needs pip install 'bakeoff[tensorflow]'")
    x, y = rows()

    def build():
        model = keras.Sequential([keras.Input((3,)), keras.layers.Dense(4), keras.layers.Dense(2)])
        model.compile("adam", keras.losses.SparseCategoricalCrossentropy(from_logits=True))
        model.optimizer.build(model.trainable_variables)
        return model

    model, other = build(), build()
    model.fit(x, y, epochs=1, verbose=0, shuffle=False)
    bakeoff.save(tmp_path, model=model, optimizer=model.optimizer, epoch=1)
    assert bakeoff.load(tmp_path, model=other, optimizer=other.optimizer) == 1
    for own in (model, other):
        own.fit(x, y, epochs=1, verbose=0, shuffle=False)
    for mine, theirs in zip(model.get_weights(), other.get_weights(), strict=True):
        np.testing.assert_array_equal(mine, theirs)


def test_what_is_of_another_model_or_damaged_changes_nothing(tmp_path):
    bakeoff.save(tmp_path, model=Named(), epoch=1)
    other = Named(3)
    before = [weight.clone() for weight in other.parameters()]
    with pytest.raises(DataError, match=r"last\.bias has the shape \(2,\) instead of \(3,\)"):
        bakeoff.load(tmp_path, model=other)
    with pytest.raises(RequestError, match="holds no optimizer"):
        bakeoff.load(tmp_path, model=Named(), optimizer=torch.optim.SGD(other.parameters()))
    (tmp_path / "model.safetensors").write_bytes(b"rubbish")
    with pytest.raises(DataError, match=r"model\.safetensors"):
        bakeoff.load(tmp_path, model=other)
    for weight, old in zip(other.parameters(), before, strict=True):
        assert torch.equal(weight, old)
