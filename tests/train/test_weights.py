import numpy as np
import pytest
import torch
from torch import nn

from bakeoff.errors import DataError, RequestError
from bakeoff.torch_models.lstm import LSTM
from bakeoff.train.weights import convert, get_weights, load_weights, save_weights, to_keras

ARGUMENTS = {"in_features": 3, "out_features": 2, "hidden_sizes": (4,)}


@pytest.fixture
def page() -> LSTM:
    torch.manual_seed(0)
    return LSTM(**ARGUMENTS)


def test_weights_are_named_by_attribute_and_by_keras_own_word(page):
    assert set(to_keras(get_weights(page), page)) == {
        "forwards.0.kernel",
        "forwards.0.recurrent_kernel",
        "forwards.0.bias",
        "head.kernel",
        "head.bias",
    }


def test_convert_reads_a_file_and_knows_a_page_by_name(page, tmp_path):
    save_weights(page, tmp_path / "weights.safetensors")
    there = convert(tmp_path / "weights.safetensors", ("lstm", ARGUMENTS), to="tensorflow")
    back = convert(there, ("lstm", ARGUMENTS), to="torch")
    assert there["forwards.0.kernel"].shape == (3, 16)
    for name, weight in page.state_dict().items():
        np.testing.assert_array_equal(back[name], weight)


def test_convert_leaves_weights_alone_that_are_laid_out_for_the_target(page):
    there = convert(page.state_dict(), page, to="tensorflow")
    again = convert(there, page, to="jax")
    assert all(np.array_equal(again[name], weight) for name, weight in there.items())
    ours = convert(page.state_dict(), page, to="torch")
    assert all(np.array_equal(ours[name], weight) for name, weight in page.state_dict().items())


def test_a_copy_of_weights_does_not_change_with_the_page(page):
    before = get_weights(page)
    with torch.no_grad():
        page.head.bias.add_(1.0)
    assert not np.array_equal(before["head.bias"], page.head.bias.detach())


def test_a_missing_weight_is_named(page):
    weights = get_weights(page)
    del weights["head.bias"]
    with pytest.raises(DataError, match=r"head\.bias is missing"):
        to_keras(weights, page)


def test_a_weight_left_over_is_named(page):
    weights = {**convert(page.state_dict(), page, to="jax"), "tail.kernel": np.zeros(2)}
    with pytest.raises(DataError, match=r"tail\.kernel belongs to no layer"):
        convert(weights, page, to="torch")


def test_a_weight_of_another_shape_is_named(page, tmp_path):
    save_weights(LSTM(**{**ARGUMENTS, "in_features": 5}), tmp_path / "w.safetensors")
    with pytest.raises(
        DataError, match=r"weight_ih_l0 has the shape \(16, 5\) instead of \(16, 3\)"
    ):
        load_weights(page, tmp_path / "w.safetensors")


def test_a_file_that_is_no_safetensors_is_refused(page, tmp_path):
    (tmp_path / "weights.safetensors").write_text("not weights")
    with pytest.raises(DataError, match="no whole safetensors file"):
        load_weights(page, tmp_path / "weights.safetensors")


def test_a_layer_without_a_facing_layer_is_named():
    page = nn.ModuleDict({"memory": nn.LSTM(3, 4, num_layers=2)})
    with pytest.raises(DataError, match="Layer memory is LSTM"):
        to_keras(get_weights(page), page)


def test_an_unknown_framework_or_page_is_refused(page):
    with pytest.raises(RequestError, match="'tensorflow'"):
        convert(page.state_dict(), page, to="keras")
    with pytest.raises(RequestError, match="Did you mean 'lstm'"):
        convert(page.state_dict(), ("lsmt", ARGUMENTS), to="torch")
    with pytest.raises(RequestError, match="'boosting' is a baseline"):
        convert(page.state_dict(), ("boosting", {}), to="torch")
