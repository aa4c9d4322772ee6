"""A layer table counts what is there: every weight once, every product that a formula gives."""

import numpy as np
import pytest
import torch

from bakeoff.catalog import ROWS, find
from bakeoff.errors import MissingPackageError, RequestError
from bakeoff.show.example import make_example
from bakeoff.show.layer import Layer, totals, with_batch
from bakeoff.show.torch_layers import torch_layers
from bakeoff.train.build_network import count_parameters
from bakeoff.train.keras_backend import need_keras

PAGES = [row for row in ROWS if row.role != "baseline"]


def layers_of(name: str, shape: tuple[int, ...] = (), **settings: object) -> dict[str, Layer]:
    example = make_example(find(name), shape, settings)
    page = example.build("torch")
    measured = torch_layers(page, lambda batch: example.inputs(batch, "torch"))
    return {layer.name: layer for layer in measured}


@pytest.mark.parametrize("row", PAGES, ids=lambda row: row.name)
def test_the_table_holds_every_weight_of_a_page_once(row):
    example = make_example(row)
    page = example.build("torch")
    layers = torch_layers(page, lambda batch: example.inputs(batch, "torch"))
    assert totals(layers)["parameters"] == count_parameters(page)
    assert sum(len(layer.frozen) for layer in layers) == sum(
        not weight.requires_grad for weight in page.parameters()
    )
    assert layers[-1].name == ""


@pytest.mark.parametrize("row", PAGES, ids=lambda row: row.name)
def test_the_last_line_is_what_the_page_returns(row):
    example = make_example(row)
    page = example.build("torch").eval()
    scores = page(**example.inputs(3, "torch"))
    scores = scores[0] if isinstance(scores, tuple) else scores
    scores = scores if isinstance(scores, dict) else {"output": scores}
    page_line = torch_layers(page, lambda batch: example.inputs(batch, "torch"))[-1]
    shapes = {name: tuple(3 if n == "B" else n for n in s) for name, s in page_line.outputs.items()}
    assert shapes == {name: tuple(value.shape) for name, value in scores.items()}


def test_dense_layers_multiply_inputs_by_outputs():
    layers = layers_of("mlp", (10,), hidden_sizes=(64, 32), out_features=3)
    assert [layers[name].multiply_adds for name in ("hidden.0", "hidden.1", "head")] == [
        10 * 64, 64 * 32, 32 * 3,
    ]  # fmt: skip


def test_a_convolution_multiplies_a_window_for_every_output():
    layers = layers_of("cnn", (3, 28, 28), blocks=(8, 16), out_features=10)
    assert layers["blocks.0.convolution"].multiply_adds == 28 * 28 * 8 * 3 * 9
    assert layers["blocks.1.convolution"].multiply_adds == 14 * 14 * 16 * 8 * 9
    assert layers["blocks.0"].outputs == {"output": ("B", 8, 14, 14)}  # pooled


def test_a_depthwise_convolution_reads_its_own_channel_only():
    layers = layers_of("cnn", (4, 8, 8), blocks=({"convolution": "depthwise", "channels": 4},))
    assert layers["blocks.0.convolution"].multiply_adds == 8 * 8 * 4 * 9


@pytest.mark.parametrize(("name", "gates"), [("rnn", 1), ("gru", 3), ("lstm", 4)])
def test_a_recurrent_layer_multiplies_input_and_state_at_every_step(name, gates):
    layers = layers_of(name, (20, 8), hidden_sizes=(64,))
    assert layers["forwards.0"].multiply_adds == 20 * gates * 64 * (8 + 64)


def test_a_recurrent_layer_shows_its_outputs_and_states():
    layers = layers_of("lstm", (20, 8), hidden_sizes=(64, 32), bidirectional=True)
    assert layers["backwards.1"].outputs == {
        "output": ("B", 20, 32), "h": ("B", 32), "c": ("B", 32),
    }  # fmt: skip
    assert layers["forwards.0"].frozen == ("forwards.0.bias_hh_l0",)


def test_attention_multiplies_queries_by_keys_and_weights_by_values():
    layers = layers_of("transformer", (20, 8), model_size=64, num_heads=4, num_layers=1)
    assert layers["blocks.0"].multiply_adds == 2 * 21 * 21 * 64  # 20 steps and the class token
    assert layers_of("attention", (20, 64))[""].multiply_adds == 2 * 20 * 20 * 64


def test_a_weight_of_the_page_itself_has_its_own_shape():
    positions = layers_of("vit", (1, 28, 28))["positions"]
    assert (positions.kind, positions.outputs) == ("parameter", {"output": (49, 64)})


def test_layers_that_run_at_every_step_written_are_counted_each_time():
    layers = layers_of("rnn_seq2seq", (30, 3), out_steps=7, hidden_sizes=(16,))
    assert layers["head"].calls == 7
    assert layers["head"].multiply_adds == 7 * 16


def test_a_dimension_that_grows_with_the_batch_is_named():
    assert with_batch({"output": (3, 5)}, {"output": (6, 5)}) == {"output": ("3B", 5)}


def test_tokens_and_categories_take_their_shapes_from_the_settings():
    tokens = layers_of("lstm", (30,), vocabulary_size=100, in_features=4)
    assert tokens["embedding"].outputs == {"output": ("B", 30, 4)}
    rows = layers_of("mlp", (5,), category_sizes=(4, 7))
    assert rows["embeddings.1"].parameters == 7 * rows["embeddings.1"].outputs["output"][1]


@pytest.mark.parametrize(
    ("name", "shape", "settings", "message"),
    [
        ("lstm", (20,), {}, r"does not fit lstm, which reads \(T time steps, F features\)"),
        ("lstm", (0, 8), {}, "each 1 or more"),
        ("cnn", (28, 28), {}, "write 1,28,28, say"),
        ("cnn", (1, 3, 3), {}, "too few"),
        ("mlp", (10**9,), {}, "up to 10,000,000"),
        ("transformer", (), {"num_heads": 3}, "not a multiple of num_heads=3"),
        ("lstm", (), {"hiden_sizes": (3,)}, "Did you mean 'hidden_sizes'"),
        ("lstm", (), {"hidden_sizes": "wide"}, "must be a list of integers from 1"),
        ("network", (20, 8), {}, "takes no input_shape="),
    ],
)
def test_what_does_not_fit_is_refused_in_one_sentence(name, shape, settings, message):
    with pytest.raises(RequestError, match=message) as refusal:
        make_example(find(name), shape, settings).build("torch")
    assert "\n" not in str(refusal.value)


def test_measuring_leaves_a_page_as_it_was():
    example = make_example(find("cnn"))
    page = example.build("torch")
    before = {name: weight.clone() for name, weight in page.state_dict().items()}
    torch_layers(page, lambda batch: example.inputs(batch, "torch"))
    assert all(torch.equal(before[name], weight) for name, weight in page.state_dict().items())
    assert not any(part._forward_hooks for part in page.modules())


def test_without_keras_the_way_to_install_it_is_named(monkeypatch):
    monkeypatch.setattr("bakeoff.train.keras_backend.find_spec", lambda name: None)
    with pytest.raises(MissingPackageError, match=r"pip install 'bakeoff\[tensorflow\]'"):
        need_keras("tensorflow", "jax")


@pytest.mark.xdist_group("tensorflow")  # one process imports it, once
@pytest.mark.parametrize("name", ["lstm", "resnet", "ft_transformer"])
def test_a_keras_page_has_the_same_lines_and_its_own_counts(name):
    pytest.importorskip("keras", reason="needs pip install 'bakeoff[tensorflow]'")
    from bakeoff.show.keras_layers import keras_layers

    example = make_example(find(name))
    facing = torch_layers(example.build("torch"), lambda batch: example.inputs(batch, "torch"))
    page = example.build("tensorflow")
    layers = keras_layers(page, lambda batch: example.inputs(batch, "tensorflow"), facing)
    assert [layer.name for layer in layers] == [layer.name for layer in facing]
    assert layers[-1].outputs == facing[-1].outputs
    assert totals(layers)["parameters"] == count_parameters(page)
    first = np.asarray(page(**example.inputs(2, "tensorflow")))  # it still runs
    assert len(first) == 2
