"""What the FT-Transformer page promises beside the contract of every page."""

import pytest
import torch

from bakeoff.torch_models.ft_transformer import FTTransformer


def test_every_column_becomes_one_token_behind_the_class_token():
    model = FTTransformer(3, 2, category_sizes=(4, 5), num_layers=1)
    weights = model.attend(torch.randn(6, 3), torch.ones(6, 2, dtype=torch.long))
    assert [w.shape for w in weights] == [(6, 4, 6, 6)]
    torch.testing.assert_close(weights[0].sum(-1), torch.ones(6, 4, 6))


def test_the_order_of_the_columns_does_not_matter():
    torch.manual_seed(0)
    model, x = FTTransformer(3, 2), torch.randn(6, 3)
    expected = model(x)
    order = [2, 0, 1]
    with torch.no_grad():
        model.scales.copy_(model.scales[order])
        model.shifts.copy_(model.shifts[order])
    torch.testing.assert_close(model(x[:, order]), expected, rtol=1e-5, atol=1e-5)


def test_a_category_beyond_its_size_is_refused():
    model = FTTransformer(1, 1, category_sizes=(4,))
    with pytest.raises(ValueError, match="Category column 0 holds 4, not 0 to 3"):
        model(torch.zeros(1, 1), torch.tensor([[4]]))


def test_a_row_of_nothing_is_refused():
    with pytest.raises(ValueError, match="a row needs one of the two"):
        FTTransformer(0, 1)
