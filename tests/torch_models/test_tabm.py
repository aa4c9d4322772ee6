"""What the TabM page promises beside the contract of every page."""

import pickle
from statistics import NormalDist

import numpy as np
import pytest
import torch

from bakeoff.torch_models.fit import fit
from bakeoff.torch_models.losses import loss_of
from bakeoff.torch_models.tabm import PiecewiseLinear, TabM


def test_evaluation_gives_the_mean_of_the_members():
    torch.manual_seed(0)
    model, x = TabM(3, 2, num_members=5, dropout=0.0), torch.randn(4, 3)
    members = model.train()(x)
    assert members.shape == (4, 5, 2)
    torch.testing.assert_close(model.eval()(x), members.mean(1))


def test_members_begin_as_different_networks():
    torch.manual_seed(0)
    scores = TabM(3, 1, num_members=5, dropout=0.0)(torch.randn(4, 3))
    assert (scores.std(1) > 0.01).all()


def test_a_member_is_untouched_by_the_loss_of_another_but_for_what_they_share():
    torch.manual_seed(0)
    model = TabM(3, 1, num_members=4)
    model(torch.randn(8, 3))[:, 2].sum().backward()
    for own in (model.scales, model.head.kernels, model.head.biases):
        touched = own.grad.flatten(1).any(1)
        assert touched.tolist() == [False, False, True, False]


def test_a_number_bends_at_the_quantiles_of_a_bell_curve():
    part = PiecewiseLinear(1, num_bins=3, embedding_size=1)
    with torch.no_grad():
        part.slopes.zero_()
        part.shifts.zero_()
        part.bends[0, :, 0] = torch.tensor([1.0, 10.0, 100.0])
    edges = [NormalDist().inv_cdf(share) for share in (0.125, 0.375, 0.625, 0.875)]
    x = torch.tensor([[-9.0], *([edge] for edge in edges), [9.0]])
    expected = torch.tensor([[0.0], [0.0], [1.0], [11.0], [111.0], [111.0]])
    torch.testing.assert_close(part(x), expected, rtol=1e-4, atol=1e-4)


@pytest.mark.parametrize(
    ("loss", "targets"),
    [
        ("cross_entropy", torch.tensor([0, 2, 1, 1])),
        ("mse", torch.randn(4, 3)),
        ("binary_cross_entropy", torch.tensor([[0.0, 1.0, 1.0]] * 4)),
    ],
)
def test_the_loss_of_members_is_the_mean_of_their_losses(loss, targets):
    scores = torch.randn(4, 5, 3)
    alone = [loss_of(loss, scores[:, member], targets) for member in range(5)]
    together = loss_of(loss, scores, targets, members=True)
    torch.testing.assert_close(together, torch.stack(alone).mean())


def test_the_loss_of_members_is_refused_where_there_are_none():
    with pytest.raises(ValueError, match=r"scores are \(4, 1\), but of members they are"):
        loss_of("mse", torch.zeros(4, 1), torch.zeros(4), members=True)


def test_the_loop_trains_members_and_watches_their_mean():
    torch.manual_seed(0)
    x = np.random.default_rng(0).normal(size=(300, 2)).astype("float32")
    targets = np.abs(x[:, 0])
    history = fit(
        TabM(2, 1, hidden_sizes=(16,), num_members=4),
        {"x": x},
        targets,
        validation_inputs={"x": x},
        validation_targets=targets,
        loss="mse",
        members=True,
        lr=0.01,
        epochs=20,
    )
    assert history[-1]["validation_metric"] > 0.9


def test_a_copy_through_pickle_scores_the_same():
    model, x = TabM(3, 2, num_members=3).eval(), torch.randn(4, 3)
    assert torch.equal(pickle.loads(pickle.dumps(model))(x), model(x))


def test_a_row_of_nothing_is_refused():
    with pytest.raises(ValueError, match="a row needs one of the two"):
        TabM(0, 1)


@pytest.mark.parametrize("sizes", [{"num_members": 0}, {"num_bins": 0}])
def test_a_size_of_nothing_is_refused(sizes):
    with pytest.raises(ValueError, match="both 1 or more"):
        TabM(3, 1, **sizes)


def test_another_width_is_refused():
    with pytest.raises(ValueError, match=r"x is \(2, 4\), but must be \(B, 3\)"):
        TabM(3, 1)(torch.zeros(2, 4))
