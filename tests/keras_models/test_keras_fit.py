import inspect

import numpy as np
import pytest

keras = pytest.importorskip("keras", reason="needs pip install 'bakeoff[tensorflow]'")

from bakeoff.keras_models.embedding_bag import EmbeddingBag  # noqa: E402
from bakeoff.keras_models.feed import Feed  # noqa: E402
from bakeoff.keras_models.fit import fit, predict  # noqa: E402
from bakeoff.keras_models.losses import LOSSES, loss_of, metric_of  # noqa: E402
from bakeoff.keras_models.lstm import LSTM  # noqa: E402
from bakeoff.keras_models.mlp import MLP  # noqa: E402

pytestmark = pytest.mark.xdist_group("tensorflow")  # one process imports it, once


def rows(n: int = 65) -> tuple[dict[str, np.ndarray], np.ndarray]:
    rng = np.random.default_rng(0)
    inputs = {
        "x": rng.normal(size=(n, 4)).astype("float32"),
        "categories": rng.integers(0, 3, (n, 1)),
    }
    return inputs, (inputs["x"][:, 0] + inputs["categories"][:, 0] > 1).astype("int64")


def test_arguments_are_those_of_the_torch_loop():
    from bakeoff.torch_models import fit as ours

    for facing in (fit, predict):
        theirs = inspect.signature(facing).parameters
        expected = inspect.signature(getattr(ours, facing.__name__)).parameters
        assert [*theirs] == [*expected]
        assert [p.default for p in theirs.values()] == [p.default for p in expected.values()]


RECIPES = [
    {},
    *({"optimizer": name} for name in ("adam", "sgd", "rmsprop", "muon")),
    {"optimizer": "momentum", "weight_decay": 0.1},
    {"optimizer": {"name": "adagrad", "eps": 1e-6}},
    {"schedule": "cosine", "clip_norm": 0.5, "l1": 1e-4, "l2": 1e-3},
    {"optimizer": "rmsprop", "clip_value": 0.01},
    {"accumulate": 3, "class_weights": (1.0, 3.0)},
    {"mixup": 0.2},
    {"average": 0.9},
    {"sampling": "balanced"},
    {"frozen_epochs": 1, "average": 0.9},
]


@pytest.mark.parametrize("recipe", RECIPES, ids=str)
def test_many_steps_train_as_in_torch_whatever_the_recipe(recipe):
    from tests.facing.case import Case
    from tests.facing.measure import pair

    from bakeoff.torch_models.fit import fit as torch_fit

    inputs, targets = {"x": rows()[0]["x"]}, rows()[1]
    page, facing = pair("mlp", Case({"in_features": 4, "out_features": 2}, {}))
    settings = {
        "validation_inputs": inputs,
        "validation_targets": targets,
        "batch_size": 16,
        "epochs": 3,
        **recipe,
    }
    ours = torch_fit(page, inputs, targets, **settings)
    theirs = fit(facing, inputs, targets, **settings)
    assert [row.keys() for row in ours] == [row.keys() for row in theirs]
    for key in ours[0].keys() - {"seconds", "rows_per_second"}:
        close = 2e-2 if recipe.get("optimizer") == "muon" else 1e-3  # torch's works in bfloat16
        np.testing.assert_allclose([r[key] for r in theirs], [r[key] for r in ours], rtol=close)


def test_the_training_metric_is_that_of_all_rows_as_they_were_learned_from():
    inputs, targets = {"x": rows()[0]["x"]}, rows()[1]
    keras.utils.set_random_seed(1)
    model = MLP(4, 2)
    before = predict(model, inputs)
    history = fit(
        model,
        inputs,
        targets,
        validation_inputs=inputs,
        validation_targets=targets,
        batch_size=65,
        epochs=1,
    )
    assert history[0]["train_metric"] == metric_of("cross_entropy", before, targets)


def test_the_best_weights_come_back_after_early_stopping():
    inputs, targets = rows()
    model = MLP(4, 2, category_sizes=(3,))
    noise = np.random.default_rng(1).integers(0, 2, 65)  # nothing to learn: gets worse
    history = fit(
        model,
        inputs,
        targets,
        validation_inputs=inputs,
        validation_targets=noise,
        lr=0.05,
        patience=2,
        epochs=50,
    )
    losses = [row["validation_loss"] for row in history]
    assert len(history) == int(np.argmin(losses)) + 1 + 2
    kept = float(loss_of("cross_entropy", predict(model, inputs), noise))
    assert kept == pytest.approx(min(losses), rel=1e-5)


def test_the_seed_decides_the_order_and_the_dropout():
    inputs, targets = rows()
    model = MLP(4, 2, category_sizes=(3,), dropout=0.5)
    start, scores = model.get_weights(), []
    for seed in (3, 3, 4):
        model.set_weights(start)
        fit(
            model,
            inputs,
            targets,
            validation_inputs=inputs,
            validation_targets=targets,
            batch_size=65,  # one batch: only the dropout can differ
            epochs=2,
            seed=seed,
        )
        scores.append(predict(model, inputs))
    assert np.array_equal(scores[0], scores[1])
    assert not np.array_equal(scores[0], scores[2])


def test_sequences_train_with_their_lengths_and_predict_in_chunks():
    rng = np.random.default_rng(0)
    inputs = {
        "x": rng.normal(size=(40, 6, 2)).astype("float32"),
        "lengths": rng.integers(1, 7, 40),
    }
    targets = inputs["x"][:, 0, 0]
    model = LSTM(2, 1, hidden_sizes=(8,))
    history = fit(
        model,
        inputs,
        targets,
        validation_inputs=inputs,
        validation_targets=targets,
        loss="mse",
        lr=0.02,
        epochs=15,
        batch_size=13,  # leaves a last batch of one row
    )
    assert history[-1]["train_loss"] < 0.7 * history[0]["train_loss"]
    whole, chunks = predict(model, inputs), predict(model, inputs, batch_size=7)
    np.testing.assert_allclose(whole, chunks, atol=1e-6)
    assert whole.shape == (40, 1)
    assert whole.dtype == np.float32


@pytest.mark.parametrize("short", [1, 5, 20])
def test_few_short_sequences_among_long_ones_are_trained_on(short):
    source = {
        "kind": "ragged",
        "base": np.arange(400, dtype=np.int32) % 9 + 1,
        "starts": np.arange(40) * 10,
        "lengths": np.array([10] * (40 - short) + [4] * short),
    }
    targets = (np.arange(40) % 2).astype("float32")
    history = fit(
        EmbeddingBag(4, 1, vocabulary_size=12, num_pairs=0),
        {"x": source},
        targets,
        validation_inputs={"x": source},
        validation_targets=targets,
        loss="binary_cross_entropy",
        epochs=3,
        batch_size=4,
        seed=2,
    )
    assert len(history) == 3


def test_every_row_comes_once_an_epoch_and_no_batch_has_one_row():
    feed = Feed({"x": np.arange(9.0)})
    first, second = (list(feed.shuffled(np.arange(9), 4)) for _ in range(2))
    assert [block.sizes for block in first] == [[4, 5]]
    drawn = [block.batch["x"].tolist() for block in (*first, *second)]
    assert [sorted(rows) for rows in drawn] == [list(range(9))] * 2
    assert drawn[0] != drawn[1]
    assert first[0].targets.tolist() == drawn[0]


@pytest.mark.parametrize(
    ("wrong", "message"),
    [
        ({"lengths": np.array([0, 3])}, "lengths are 0 to 3, not 1 to the 3 steps"),
        ({"lengths": np.array([1, 4])}, "lengths are 1 to 4, not 1 to the 3 steps"),
        ({"x": np.array([[1, 2, 9], [1, 1, 1]])}, "tokens 1 to 9, not 0 to 8"),
    ],
)
def test_values_that_a_graph_cannot_refuse_are_refused_before_training(wrong, message: str):
    good = {"x": np.ones((2, 3), "int64"), "lengths": np.array([2, 3])}
    model = LSTM(4, 2, vocabulary_size=9)
    with pytest.raises(ValueError, match=message):
        fit(
            model,
            {**good, **wrong},
            np.array([0, 1]),
            validation_inputs=good,
            validation_targets=np.array([0, 1]),
        )


def test_a_category_beyond_its_size_is_refused():
    inputs, _ = rows()
    with pytest.raises(ValueError, match="Category column 0 holds 0 to 2, not 0 to 1"):
        predict(MLP(4, 2, category_sizes=(2,)), inputs)


def test_a_loss_that_is_not_finite_says_what_to_try():
    inputs, targets = rows()
    with pytest.raises(FloatingPointError, match=r"lr 1e\+30\. Try lr 1e-05, or clip_norm 1"):
        fit(
            MLP(4, 2, category_sizes=(3,)),
            inputs,
            targets,
            validation_inputs=inputs,
            validation_targets=targets,
            lr=1e30,
        )


@pytest.mark.parametrize("name", LOSSES)
def test_losses_and_metrics_are_those_of_torch(name: str):
    import torch

    from bakeoff.torch_models import losses as ours

    rng = np.random.default_rng(0)
    scores = rng.normal(size=(7, 3)).astype("float32") * 2
    targets = rng.normal(size=(7, 3)).astype("float32") * 2
    if name == "cross_entropy":
        targets = rng.integers(0, 3, 7)
    if name in ("binary_cross_entropy", "bce_probabilities"):
        targets = rng.integers(0, 2, (7, 3)).astype("float32")
    a, b = torch.from_numpy(scores), torch.from_numpy(targets)
    expected = ours.loss_of(name, a, b).item()
    assert float(loss_of(name, scores, targets)) == pytest.approx(expected, rel=1e-5)
    assert metric_of(name, scores, targets) == pytest.approx(ours.metric_of(name, a, b), rel=1e-5)


@pytest.mark.parametrize("loss", ["cross_entropy", "mse"])
def test_members_train_as_in_torch(loss: str):
    from tests.facing.case import Case
    from tests.facing.measure import pair

    from bakeoff.torch_models.fit import fit as torch_fit

    inputs, targets = rows()
    sizes = {"in_features": 4, "category_sizes": (3,), "out_features": 1 + (loss != "mse")}
    page, facing = pair("tabm", Case({**sizes, "num_members": 3, "hidden_sizes": (8,)}, {}))
    settings = {
        "validation_inputs": inputs,
        "validation_targets": targets,
        "loss": loss,
        "members": True,
        "batch_size": 65,
        "epochs": 3,
    }
    ours = torch_fit(page, inputs, targets, **settings)
    theirs = fit(facing, inputs, targets, **settings)
    for key in ("train_loss", "validation_loss", "validation_metric"):
        np.testing.assert_allclose([r[key] for r in theirs], [r[key] for r in ours], rtol=1e-3)
    assert predict(facing, inputs).shape == (65, sizes["out_features"])


def test_the_loss_of_members_is_the_mean_of_their_losses():
    scores = np.random.default_rng(0).normal(size=(4, 5, 3)).astype("float32")
    targets = np.array([0, 2, 1, 1])
    alone = [float(loss_of("cross_entropy", scores[:, member], targets)) for member in range(5)]
    together = float(loss_of("cross_entropy", scores, targets, members=True))
    assert together == pytest.approx(np.mean(alone), rel=1e-5)
    with pytest.raises(ValueError, match=r"scores are \(4, 3\), but of members they are"):
        loss_of("cross_entropy", scores[:, 0], targets, members=True)


def test_a_probability_of_0_or_1_costs_100_and_has_a_finite_gradient():
    import tensorflow as tf

    scores = tf.Variable([[200.0], [-200.0], [200.0], [0.5]])
    targets = np.array([0.0, 1.0, 1.0, 1.0], "float32")
    with tf.GradientTape() as tape:
        loss = loss_of("bce_probabilities", scores, targets)
    expected = (200 + np.log1p(np.exp(-0.5))) / 4
    assert float(loss) == pytest.approx(expected, rel=1e-6)
    gradient = tape.gradient(loss, scores).numpy().ravel()
    np.testing.assert_allclose(gradient, [0, 0, 0, -0.37754068 / 4], rtol=1e-5, atol=1e-12)


def test_windows_of_targets_train_as_the_same_targets_laid_out():
    x = np.random.default_rng(0).normal(size=(60, 6)).astype("float32")
    steps, starts = x[:, :1].copy(), np.arange(50)[::-1].copy()
    laid_out = steps[starts[:, None] + np.arange(4), 0]
    taken = {"kind": "windows", "base": steps, "starts": starts, "length": 4, "vector": True}
    histories = []
    for targets in (laid_out, taken):
        keras.utils.set_random_seed(0)
        history = fit(
            MLP(6, 4),
            {"x": x[:50]},
            targets,
            validation_inputs={"x": x[:50]},
            validation_targets=targets,
            loss="mse",
            batch_size=16,
            epochs=2,
        )
        histories.append([(r["train_loss"], r["validation_metric"]) for r in history])
    assert histories[0] == histories[1]


def test_steps_written_one_by_one_are_unfolded():
    scores, targets = np.arange(6.0).reshape(2, 3), np.ones((2, 3))
    for loss in ("mse", "mae", "huber"):
        flat, unfolded = (float(loss_of(loss, s, targets)) for s in (scores, scores[..., None]))
        assert flat == unfolded
    assert metric_of("mse", scores, targets) == metric_of("mse", scores[..., None], targets)


@pytest.mark.parametrize("name", ["binary_cross_entropy", "bce_probabilities"])
def test_labels_that_nobody_knows_count_as_in_torch(name):
    import torch

    from bakeoff.torch_models import losses as ours

    rng = np.random.default_rng(0)
    scores = rng.normal(size=(6, 3)).astype("float32")
    targets = (rng.random((6, 3)) < 0.5).astype("float32")
    targets[rng.random((6, 3)) < 0.4] = np.nan
    expected = ours.loss_of(name, torch.tensor(scores), torch.tensor(targets)).item()
    assert float(loss_of(name, scores, targets)) == pytest.approx(expected, rel=1e-5)
    assert float(loss_of(name, scores, np.full((6, 3), np.nan))) == 0.0
    expected = ours.metric_of(name, torch.tensor(scores), torch.tensor(targets))
    assert metric_of(name, scores, targets) == expected


@pytest.mark.parametrize(
    ("name", "outputs"),
    [("cross_entropy", 3), ("binary_cross_entropy", 1), ("bce_probabilities", 1)],
)
def test_weights_and_smoothing_are_those_of_torch(name, outputs):
    import torch

    from bakeoff.torch_models import losses as ours

    rng = np.random.default_rng(0)
    scores = rng.normal(size=(8, outputs)).astype("float32")
    targets = rng.integers(0, max(outputs, 2), 8)
    own = {"class_weights": (1.0, 2.0, 5.0)[: max(outputs, 2)], "label_smoothing": 0.1}
    expected = ours.loss_of(name, torch.tensor(scores), torch.tensor(targets), **own).item()
    assert float(loss_of(name, scores, targets, **own)) == pytest.approx(expected, rel=1e-5)


@pytest.mark.parametrize(
    "recipe", [{}, {"accumulate": 2}, {"mixup": 0.2, "clip_norm": 0.5}], ids=str
)
def test_a_graph_for_each_number_of_rows_changes_nothing_that_is_learned(recipe, monkeypatch):
    from bakeoff.keras_models import fit as room
    from bakeoff.keras_models.gru import GRU

    x = np.random.default_rng(0).normal(size=(65, 6, 3)).astype("float32")
    y = (x[:, -1, 0] > 0).astype("int64")
    found = []
    for least in (0, 10**9):
        monkeypatch.setattr(room, "MANY_STEPS", least)
        keras.utils.set_random_seed(0)
        model = GRU(3, 2, hidden_sizes=(5,))
        assert room.repays(model, 1) == (least == 0)
        history = fit(
            model,
            {"x": x},
            y,
            validation_inputs={"x": x},
            validation_targets=y,
            batch_size=16,
            epochs=3,
            **recipe,
        )
        found.append(
            [row["train_loss"] for row in history] + [row["train_metric"] for row in history]
        )
    np.testing.assert_allclose(*found, rtol=1e-5)


def test_deterministic_asks_tensorflow_for_it(monkeypatch):
    tf = pytest.importorskip("tensorflow")
    asked = []
    monkeypatch.setattr(tf.config.experimental, "enable_op_determinism", lambda: asked.append(1))
    inputs, targets = rows()
    for wanted in (False, True):
        fit(MLP(4, 2, category_sizes=(3,)), inputs, targets, validation_inputs=inputs,
            validation_targets=targets, epochs=1, deterministic=wanted)  # fmt: skip
        assert len(asked) == wanted
