"""The losses say what they compute."""

import pytest
import torch
from torch import nn

from bakeoff.torch_models.losses import loss_of


def test_bce_probabilities_is_the_loss_of_courses_that_end_in_a_sigmoid():
    torch.manual_seed(0)
    scores, targets = torch.randn(9, 1), torch.tensor([0, 1, 0, 1, 1, 0, 0, 1, 1])
    expected = nn.BCELoss()(torch.sigmoid(scores), targets[:, None].float())
    assert loss_of("bce_probabilities", scores, targets) == expected
    exact = loss_of("binary_cross_entropy", scores, targets)
    assert exact.item() == pytest.approx(expected.item(), rel=1e-6)


def test_a_probability_of_0_or_1_costs_100_and_has_no_gradient():
    scores = torch.tensor([[200.0], [-200.0]], requires_grad=True)
    loss = loss_of("bce_probabilities", scores, torch.tensor([0, 1]))
    loss.backward()
    assert loss.item() == 100
    assert scores.grad.tolist() == [[0.0], [0.0]]
