"""Every kind of layer that holds weights: torch and Keras compute the same after conversion."""

import numpy as np
import pytest
import torch
from torch import nn

from bakeoff.train.weights import get_weights, set_keras_weights, to_keras, to_torch

keras = pytest.importorskip("keras", reason="needs pip install 'bakeoff[tensorflow]'")
layers = keras.layers

pytestmark = pytest.mark.xdist_group("tensorflow")  # one process imports it, once

KINDS = {  # torch layer, Keras layer, size of one input as torch takes it
    "linear": (lambda: nn.Linear(3, 4), lambda: layers.Dense(4), (3,)),
    "linear without bias": (
        lambda: nn.Linear(3, 4, bias=False),
        lambda: layers.Dense(4, use_bias=False),
        (3,),
    ),
    "convolution 1d": (lambda: nn.Conv1d(3, 4, 3), lambda: layers.Conv1D(4, 3), (3, 7)),
    "convolution 2d": (
        lambda: nn.Conv2d(3, 4, (3, 2)),
        lambda: layers.Conv2D(4, (3, 2)),
        (3, 7, 8),
    ),
    "convolution 3d": (lambda: nn.Conv3d(3, 4, 3), lambda: layers.Conv3D(4, 3), (3, 5, 6, 7)),
    "grouped": (
        lambda: nn.Conv2d(4, 6, 3, groups=2),
        lambda: layers.Conv2D(6, 3, groups=2),
        (4, 7, 8),
    ),
    "depthwise 1d": (
        lambda: nn.Conv1d(3, 3, 3, groups=3),
        lambda: layers.DepthwiseConv1D(3),
        (3, 7),
    ),
    "depthwise 2d, two kernels a channel": (
        lambda: nn.Conv2d(3, 6, 3, groups=3),
        lambda: layers.DepthwiseConv2D(3, depth_multiplier=2),
        (3, 7, 8),
    ),
    "layer norm": (
        lambda: nn.LayerNorm(3),
        lambda: layers.LayerNormalization(epsilon=1e-5),
        (3,),
    ),
    "batch norm": (
        lambda: nn.BatchNorm2d(3),
        lambda: layers.BatchNormalization(epsilon=1e-5, momentum=0.9),
        (3, 4, 5),
    ),
    "group norm": (
        lambda: nn.GroupNorm(2, 4),
        lambda: layers.GroupNormalization(groups=2, epsilon=1e-5),
        (4, 4, 5),
    ),
    "rnn": (
        lambda: nn.RNN(3, 4, batch_first=True),
        lambda: layers.SimpleRNN(4, return_sequences=True),
        (5, 3),
    ),
    "lstm": (
        lambda: nn.LSTM(3, 4, batch_first=True),
        lambda: layers.LSTM(4, return_sequences=True),
        (5, 3),
    ),
    "gru": (
        lambda: nn.GRU(3, 4, batch_first=True),
        lambda: layers.GRU(4, return_sequences=True),
        (5, 3),
    ),
}


CHANNELS_LAST = {
    "linear",
    "linear without bias",
    "layer norm",
    "rnn",
    "lstm",
    "gru",
}  # in torch, too


class TorchPage(nn.Module):
    def __init__(self, layer: nn.Module) -> None:
        super().__init__()
        self.parts = nn.ModuleList([layer])
        self.token = nn.Parameter(torch.zeros(2))

    def forward(self, x):
        y = self.parts[0](x)
        return y[0] if isinstance(y, tuple) else y


class KerasPage(keras.Model):
    def __init__(self, layer) -> None:
        super().__init__()
        self.parts = [layer]
        self.token = self.add_weight(shape=(2,), name="token")

    def call(self, x):
        return self.parts[0](x)


@pytest.mark.parametrize("kind", KINDS)
def test_a_layer_computes_the_same_with_converted_weights(kind: str):
    torch.manual_seed(0)
    ours, theirs, size = KINDS[kind]
    page, facing = TorchPage(ours()).eval(), KerasPage(theirs())
    with torch.no_grad():
        for weight in page.state_dict().values():
            if weight.is_floating_point():
                weight.uniform_(0.1, 1.1)
    x = torch.randn(2, *size)
    expected = page(x).detach()
    if kind not in CHANNELS_LAST:
        x, expected = x.movedim(1, -1), expected.movedim(1, -1)
    facing(x.numpy())  # builds the layer
    set_keras_weights(facing, to_keras(get_weights(page), page))
    np.testing.assert_allclose(np.array(facing(x.numpy())), expected, rtol=1e-5, atol=1e-5)


@pytest.mark.parametrize("kind", [kind for kind in KINDS if kind not in ("rnn", "lstm")])
def test_a_layer_comes_back_bit_by_bit(kind: str):
    page = TorchPage(KINDS[kind][0]())
    weights = get_weights(page)
    back = to_torch(to_keras(weights, page), page)
    assert back.keys() == weights.keys()
    assert all(np.array_equal(back[name], weight) for name, weight in weights.items())


@pytest.mark.parametrize("kind", ["rnn", "lstm"])
def test_two_recurrent_biases_come_back_as_their_sum_and_zero(kind: str):
    page = TorchPage(KINDS[kind][0]())
    weights = get_weights(page)
    back = to_torch(to_keras(weights, page), page)
    total = weights["parts.0.bias_ih_l0"] + weights["parts.0.bias_hh_l0"]
    np.testing.assert_array_equal(back["parts.0.bias_ih_l0"], total)
    assert not back["parts.0.bias_hh_l0"].any()
