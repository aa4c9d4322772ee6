"""The losses say what they compute."""

import pytest
import torch
from torch import nn

from bakeoff.torch_models.losses import loss_of, metric_of


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


@pytest.mark.parametrize("name", ["binary_cross_entropy", "bce_probabilities"])
def test_labels_that_nobody_knows_count_for_nothing(name):
    scores = torch.randn(5, 3, requires_grad=True)
    targets = torch.tensor([[0.0, 1.0, float("nan")]] * 4 + [[float("nan")] * 3])
    loss = loss_of(name, scores, targets)
    loss.backward()
    expected = loss_of(name, scores[:4, :2], targets[:4, :2])
    assert loss.item() == pytest.approx(expected.item(), rel=1e-6)
    assert torch.equal(scores.grad[:, 2], torch.zeros(5))
    assert torch.equal(scores.grad[4], torch.zeros(3))


def test_a_batch_without_any_label_known_changes_nothing():
    scores = torch.randn(5, 3, requires_grad=True)
    loss = loss_of("binary_cross_entropy", scores, torch.full((5, 3), float("nan")))
    loss.backward()
    assert loss.item() == 0.0
    assert torch.equal(scores.grad, torch.zeros(5, 3))


def test_of_labels_micro_f1_is_watched_and_not_the_share_of_right_cells():
    targets = torch.eye(20)
    assert metric_of("binary_cross_entropy", torch.full((20, 20), -1.0), targets) == 0.0
    assert metric_of("binary_cross_entropy", 2 * targets - 1, targets) == 1.0


def test_weights_and_smoothing_are_those_of_torch():
    torch.manual_seed(0)
    scores, targets = torch.randn(7, 3), torch.tensor([0, 1, 2, 0, 0, 1, 2])
    weights = (1.0, 2.0, 5.0)
    expected = nn.CrossEntropyLoss(torch.tensor(weights), label_smoothing=0.1)(scores, targets)
    own = loss_of("cross_entropy", scores, targets, class_weights=weights, label_smoothing=0.1)
    assert own == expected


@pytest.mark.parametrize("name", ["binary_cross_entropy", "bce_probabilities"])
def test_two_classes_are_weighted_as_two_scores_would_be(name):
    torch.manual_seed(0)
    one, targets = torch.randn(7, 1), torch.tensor([0, 1, 1, 0, 0, 1, 0])
    two = torch.cat([torch.zeros(7, 1), one], 1)
    own = {"class_weights": (1.0, 4.0)}
    expected = loss_of("cross_entropy", two, targets, **own)
    assert loss_of(name, one, targets, **own).item() == pytest.approx(expected.item(), rel=1e-5)
    smooth = {"label_smoothing": 0.2}
    expected = loss_of("cross_entropy", two, targets, **smooth)
    assert loss_of(name, one, targets, **smooth).item() == pytest.approx(expected.item(), rel=1e-5)
