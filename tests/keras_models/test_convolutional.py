"""Promises of the dense and convolutional Keras pages beyond those of every page."""

import numpy as np
import pytest

keras = pytest.importorskip("keras", reason="needs pip install 'bakeoff[tensorflow]'")

from bakeoff.keras_models.cnn import CNN  # noqa: E402
from bakeoff.keras_models.cnn1d import CNN1D  # noqa: E402
from bakeoff.keras_models.dlinear import DLinear  # noqa: E402
from bakeoff.keras_models.mlp import MLP  # noqa: E402
from bakeoff.keras_models.network import Network  # noqa: E402
from bakeoff.keras_models.tcn import TCN  # noqa: E402
from bakeoff.keras_models.vector_to_sequence import VectorToSequence  # noqa: E402

pytestmark = pytest.mark.xdist_group("tensorflow")  # one process imports it, once

LENGTHS = np.array([9, 1, 4, 6])
REAL = np.arange(9) < LENGTHS[:, None]
PAGES = {
    "cnn1d, mean": lambda: CNN1D(3, 2),
    "cnn1d, max": lambda: CNN1D(3, 2, norm="batch", pooling="average", final_pooling="max"),
    "tcn, last": lambda: TCN(3, 2, norm="batch"),
    "tcn, mean": lambda: TCN(3, 2, pooling="mean"),
}


@pytest.mark.parametrize("fill", [1e30, float("nan"), float("inf")])
@pytest.mark.parametrize("name", PAGES)
def test_padding_cannot_speak(name: str, fill: float):
    import tensorflow as tf

    keras.utils.set_random_seed(0)
    page = PAGES[name]()
    x = np.random.default_rng(0).normal(size=(4, 9, 3)).astype("float32")
    results = []
    for value in (0.0, fill):
        padded = np.where(REAL[..., None], x, np.float32(value))
        with tf.GradientTape() as tape:
            scores = page(padded, lengths=LENGTHS, training=True)
            loss = tf.reduce_sum(scores**2)
        gradients = tape.gradient(loss, [v.value for v in page.trainable_variables])
        results.append([np.array(scores), *(g.numpy() for g in gradients)])
    for expected, found in zip(*results, strict=True):
        np.testing.assert_array_equal(found, expected)


@pytest.mark.parametrize("page", [CNN1D, TCN])
def test_lengths_that_do_not_fit_are_refused(page):
    model, x = page(3, 1), np.zeros((2, 4, 3), "float32")
    with pytest.raises(ValueError, match=r"lengths are \(1,\), but x holds 2 sequences"):
        model(x, lengths=np.array([4]))
    for lengths in ([0, 4], [1, 5]):
        with pytest.raises(ValueError, match=r"lengths are . to ., not 1 to 4"):
            model(x, lengths=np.array(lengths))


def test_targets_of_several_sequences_read_the_steps_that_are_real_in_all():
    encoders = {name: TCN(2, 0, channels=(4,), per_step=True) for name in "ab"}
    page = Network(encoders, {"y": 1})
    draw = np.random.default_rng(0)
    x = {name: draw.normal(size=(1, 7, 2)).astype("float32") for name in "ab"}
    both = page({**x, "a.lengths": np.array([5]), "b.lengths": np.array([4])})
    short = page({name: array[:, :4] for name, array in x.items()})
    np.testing.assert_allclose(both["y"], short["y"], rtol=1e-5)
    with pytest.raises(ValueError, match="Inputs of 6 and 7 steps cannot be joined"):
        page({"a": x["a"], "b": x["b"][:, :6]})


def test_initial_widths_fans_and_slopes_are_those_that_were_asked_for():
    keras.utils.set_random_seed(0)
    wide = MLP(200, 100, hidden_sizes=(100,), initialization="normal", initial_width=0.3)
    assert np.std(wide.hidden[0].kernel) == pytest.approx(0.3, rel=0.05)
    own = {"initialization": "kaiming_normal", "fan": "out", "dense_fan": "in"}
    page = CNN(8, 8, 100, blocks=(200,), final_pooling="average", **own)
    assert np.var(page.blocks[0].convolution.kernel) == pytest.approx(2 / (200 * 9), rel=0.1)
    assert np.var(page.head.kernel) == pytest.approx(1 / 200, rel=0.1)  # no relu behind a head
    leaky = MLP(4, 0, hidden_sizes=(5,), activation="leaky_relu", leaky_slope=0.3)
    x = np.random.default_rng(0).normal(size=(3, 4)).astype("float32")
    h = np.array(leaky.hidden[0](x))
    np.testing.assert_allclose(leaky(x), np.where(h > 0, h, 0.3 * h), rtol=1e-6)


def test_features_can_be_left_whole_while_dense_layers_drop():
    keras.utils.set_random_seed(0)
    page = CNN(1, 8, 2, blocks=(3,), head_sizes=(50,), dropout=0.9, feature_dropout=0.0)
    x = np.random.default_rng(0).normal(size=(4, 8, 8, 1)).astype("float32")
    first = CNN(1, 8, 0, blocks=(3,), feature_dropout=0.0)
    first.blocks[0].convolution.set_weights(page.blocks[0].convolution.get_weights())
    np.testing.assert_array_equal(first(x, training=True), first(x))  # no feature is dropped
    assert not np.allclose(page(x, training=True), page(x))


@pytest.mark.parametrize(
    "build",
    [
        lambda: VectorToSequence(3, 1, out_steps=0),
        lambda: DLinear(3, 1, in_steps=8, out_steps=0),
        lambda: TCN(3, 1, kernel_size=0),
        lambda: MLP(3, 1, hidden_sizes=(0,)),
        lambda: CNN(1, 8, 1, head_sizes=(0,)),
        lambda: Network({"rows": MLP(3, 0)}, {"y": 0}),
    ],
)
def test_sizes_that_cannot_be_are_refused(build):
    with pytest.raises(ValueError, match="sizes are 1 or more"):
        build()
