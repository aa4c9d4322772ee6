"""Promises of the mlp page beyond those of every page."""

import math

import pytest
import torch
from torch import nn

from bakeoff.torch_models.mlp import ACTIVATIONS, MLP, PERIODIC_WIDTH, Periodic


@pytest.mark.parametrize(
    ("sizes", "hidden_sizes", "expected"),
    [((20, 1), (64, 32), 3_457), ((784, 10), (512, 256), 535_818)],
)
def test_parameters_are_those_of_the_classic_networks(sizes, hidden_sizes, expected):
    page = MLP(*sizes, hidden_sizes=hidden_sizes)
    assert sum(weight.numel() for weight in page.parameters()) == expected


def test_hidden_layers_are_dense_norm_activation():
    torch.manual_seed(0)
    page = MLP(4, 2, hidden_sizes=(5,), norm="layer", activation="tanh")
    x = torch.randn(3, 4)
    expected = page.head(torch.tanh(page.norms[0](page.hidden[0](x))))
    torch.testing.assert_close(page(x), expected)


def test_periodic_numbers_are_waves_of_the_number():
    torch.manual_seed(0)
    part = Periodic(in_features=2, num_frequencies=3, frequency_scale=1.0)
    x = torch.randn(4, 2)
    angle = 2 * math.pi * part.frequencies[1] * x[0, 1]  # second number of the first row
    wave = torch.cat([angle.cos(), angle.sin()])
    torch.testing.assert_close(part(x)[0, PERIODIC_WIDTH:], torch.relu(part.linear(wave)))


def test_frequency_scale_is_the_deviation_of_the_frequencies():
    torch.manual_seed(0)
    part = Periodic(in_features=100, num_frequencies=100, frequency_scale=0.3)
    assert part.frequencies.std().item() == pytest.approx(0.3, rel=0.05)


@pytest.mark.parametrize("activation", ACTIVATIONS)
def test_initialization_suits_the_activation(activation: str):
    torch.manual_seed(0)
    page = MLP(200, 1, hidden_sizes=(100,), activation=activation)
    steady = activation in ("tanh", "sigmoid", "none")
    variance = 2 / 300 if steady else 2 / 200
    assert page.hidden[0].weight.var().item() == pytest.approx(variance, rel=0.05)


@pytest.mark.parametrize(
    ("initialization", "fan", "deviation"),
    [
        ("uniform", "in", 0.05),
        ("normal", "in", 0.05),
        ("xavier_uniform", "in", math.sqrt(2 / 300)),
        ("xavier_normal", "in", math.sqrt(2 / 300)),
        ("kaiming_uniform", "in", math.sqrt(2 / 200)),
        ("kaiming_normal", "out", math.sqrt(2 / 100)),
        ("orthogonal", "in", math.sqrt(2 / 200)),
    ],
)
def test_every_initialization_has_its_deviation(initialization: str, fan: str, deviation: float):
    torch.manual_seed(0)
    page = MLP(200, 1, hidden_sizes=(100,), initialization=initialization, fan=fan)
    weight = page.hidden[0].weight.detach()
    assert weight.std().item() == pytest.approx(deviation, rel=0.05)
    assert not page.hidden[0].bias.any()
    if initialization == "orthogonal":
        torch.testing.assert_close(weight @ weight.T, 2 * torch.eye(100), rtol=0, atol=1e-4)


def test_a_category_of_many_values_is_embedded_in_few_numbers():
    page = MLP(0, 1, category_sizes=(3, 20, 5_000))
    assert [part.embedding_dim for part in page.embeddings] == [2, 5, 16]


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"activation": "reul"}, "activation='reul' is unknown. Did you mean 'relu'"),
        ({"norm": "bacth", "hidden_sizes": ()}, "Did you mean 'batch'"),
        ({"initialization": "xavier"}, "Did you mean 'xavier_normal'|'xavier_uniform'"),
        ({"fan": "both"}, "fan='both' is unknown"),
    ],
)
def test_an_unknown_choice_suggests_the_nearest(arguments: dict, message: str):
    with pytest.raises(ValueError, match=message):
        MLP(3, 1, **arguments)


def test_a_row_of_nothing_is_refused():
    with pytest.raises(ValueError, match="a row needs one of the two"):
        MLP(0, 1)


def test_wrong_rows_are_refused_with_the_sizes_named():
    page = MLP(3, 1, category_sizes=(4, 5))
    with pytest.raises(ValueError, match="x has 2 numbers per row, not 3"):
        page(torch.zeros(1, 2), categories=torch.zeros(1, 2, dtype=torch.long))
    with pytest.raises(ValueError, match="reads 2 categories per row, but got none"):
        page(torch.zeros(1, 3))
    with pytest.raises(ValueError, match="Category column 1 holds 5, not 0 to 4"):
        page(torch.zeros(1, 3), categories=torch.tensor([[3, 5]]))


def test_dropout_falls_on_hidden_layers_only():
    page = MLP(3, 1, hidden_sizes=(), dropout=0.9).train()
    x = torch.randn(5, 3)
    torch.testing.assert_close(page(x), nn.functional.linear(x, page.head.weight, page.head.bias))


def test_without_activation_the_layers_are_one_linear_map():
    torch.manual_seed(0)
    page = MLP(4, 2, hidden_sizes=(5, 3), activation="none")
    x, y = torch.randn(2, 7, 4)
    torch.testing.assert_close(page(x + y) + page(torch.zeros(1, 4)), page(x) + page(y))


def test_leaky_slope_is_the_slope_below_zero():
    torch.manual_seed(0)
    page = MLP(4, 0, hidden_sizes=(5,), activation="leaky_relu", leaky_slope=0.3)
    x = torch.randn(3, 4)
    h = page.hidden[0](x)
    torch.testing.assert_close(page(x), torch.where(h > 0, h, 0.3 * h))


@pytest.mark.parametrize("initialization", ["uniform", "normal"])
def test_initial_width_is_the_deviation_of_the_start(initialization: str):
    torch.manual_seed(0)
    page = MLP(200, 100, hidden_sizes=(100,), initialization=initialization, initial_width=0.3)
    assert page.hidden[0].weight.std().item() == pytest.approx(0.3, rel=0.05)
    assert page.head.weight.std().item() == pytest.approx(0.3, rel=0.05)


@pytest.mark.parametrize("initialization", ["kaiming_uniform", "kaiming_normal"])
def test_a_head_keeps_the_variance_that_a_relu_would_halve(initialization: str):
    torch.manual_seed(0)
    page = MLP(10, 100, hidden_sizes=(200,), initialization=initialization)
    assert page.head.weight.var().item() == pytest.approx(1 / 200, rel=0.05)
    linear = MLP(200, 1, hidden_sizes=(100,), initialization=initialization, activation="none")
    assert linear.hidden[0].weight.var().item() == pytest.approx(1 / 200, rel=0.05)


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"hidden_sizes": (8, 0)}, r"hidden_sizes=\(8, 0\).*sizes are 1 or more"),
        ({"category_sizes": (3, 0)}, r"category_sizes=\(3, 0\): sizes are 1 or more"),
        ({"num_frequencies": -1}, "num_frequencies=-1: both are 0 or more"),
    ],
)
def test_sizes_that_cannot_be_are_refused(arguments: dict, message: str):
    with pytest.raises(ValueError, match=message):
        MLP(3, 1, **arguments)


def test_categories_pass_through_vmap():
    page = MLP(3, 2, category_sizes=(4,)).eval()
    x, categories = torch.randn(5, 6, 3), torch.ones(5, 6, 1, dtype=torch.long)
    scores = torch.vmap(page)(x, categories)
    torch.testing.assert_close(scores[2], page(x[2], categories[2]))
