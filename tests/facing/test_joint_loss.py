"""The loss of several targets: the same in both rooms, and deaf to what nobody knows."""

import numpy as np
import pytest
import torch

from bakeoff.torch_models.joint_loss import JointLoss

GOALS = {
    "kind": {"loss": "cross_entropy", "outputs": 3, "columns": 1, "weight": 1.0},
    "amount": {"loss": "mse", "outputs": 1, "columns": 1, "weight": 2.0},
    "size": {"loss": "huber", "outputs": 1, "columns": 1, "weight": 0.5},
    "labels": {"loss": "binary_cross_entropy", "outputs": 2, "columns": 2, "weight": 1.0},
}


def made(n: int = 12) -> tuple[np.ndarray, np.ndarray]:
    """Make scores (n, 7) and targets (n, 5), a third of them unknown."""
    rng = np.random.default_rng(0)
    scores = 2 * rng.normal(size=(n, 7)).astype(np.float32)
    targets = np.column_stack(
        [rng.integers(0, 3, n), 3 * rng.normal(size=(n, 2)), rng.integers(0, 2, (n, 2))]
    ).astype(np.float32)
    targets[rng.random(targets.shape) < 0.3] = np.nan
    return scores, targets


def learned(goals):
    return {name: {**goal, "weight": "learned"} for name, goal in goals.items()}


def test_both_rooms_agree():
    keras = pytest.importorskip("keras", reason="needs pip install 'bakeoff[tensorflow]'")
    from bakeoff.keras_models.joint_loss import JointLoss as Facing

    scores, targets = made()
    ours, facing = JointLoss(GOALS), Facing(GOALS)
    expected = ours(torch.tensor(scores), torch.tensor(targets)).item()
    assert float(facing(scores, targets)) == pytest.approx(expected, rel=1e-5)
    metric = ours.metric(torch.tensor(scores), torch.tensor(targets))
    assert facing.metric(scores, targets) == metric
    variances = np.array([0.1, -0.4, 0.7, 0.2], np.float32)
    ours, facing = JointLoss(learned(GOALS)), Facing(learned(GOALS))
    ours.log_variances.data = torch.tensor(variances)
    facing.log_variances = keras.ops.convert_to_tensor(variances)
    expected = ours(torch.tensor(scores), torch.tensor(targets)).item()
    assert float(facing(scores, targets)) == pytest.approx(expected, rel=1e-5)


def test_of_members_it_is_the_mean_of_their_losses_in_both_rooms():
    scores, targets = made()
    several = np.stack([scores, 0.5 * scores, -scores], 1)  # (n, 3, 7)
    each = [JointLoss(GOALS)(torch.tensor(own), torch.tensor(targets)).item()
            for own in several.swapaxes(0, 1)]  # fmt: skip
    ours = JointLoss(GOALS)(torch.tensor(several), torch.tensor(targets), members=True)
    assert ours.item() == pytest.approx(np.mean(each), rel=1e-5)
    pytest.importorskip("keras", reason="needs pip install 'bakeoff[tensorflow]'")
    from bakeoff.keras_models.joint_loss import JointLoss as Facing

    assert float(Facing(GOALS)(several, targets, members=True)) == pytest.approx(ours.item(), 1e-5)


def test_it_is_the_weighted_sum_of_the_losses_of_what_is_known():
    scores, targets = (torch.tensor(values) for values in made())
    known = ~targets.isnan()
    F = torch.nn.functional  # noqa: N806
    expected = F.cross_entropy(scores[known[:, 0], :3], targets[known[:, 0], 0].long())
    expected = expected + 2 * F.mse_loss(scores[known[:, 1], 3], targets[known[:, 1], 1])
    expected = expected + 0.5 * F.huber_loss(scores[known[:, 2], 4], targets[known[:, 2], 2])
    cells = known[:, 3:]
    expected = expected + F.binary_cross_entropy_with_logits(
        scores[:, 5:][cells], targets[:, 3:][cells]
    )
    assert JointLoss(GOALS)(scores, targets).item() == pytest.approx(expected.item(), rel=1e-5)


def test_a_batch_without_a_value_of_a_target_moves_nothing_for_it():
    """E 67: no NaN, and no gradient."""
    scores, targets = (torch.tensor(values) for values in made())
    targets[:, 1] = torch.nan
    scores.requires_grad_()
    loss = JointLoss(GOALS)(scores, targets)
    loss.backward()
    assert torch.isfinite(loss)
    assert torch.equal(scores.grad[:, 3], torch.zeros(len(scores)))
    assert torch.isfinite(scores.grad).all()


def test_learned_weights_find_the_variance_of_each_target():
    """At the least loss exp(s) is the mean squared error: it counts less where it is large."""
    goals = {
        name: {"loss": "mse", "outputs": 1, "columns": 1, "weight": "learned"} for name in "ab"
    }
    loss = JointLoss(goals)
    errors = torch.randn(500, 2) * torch.tensor([3.0, 0.5])
    move = torch.optim.Adam(loss.parameters(), lr=0.05)
    for _ in range(400):
        move.zero_grad()
        loss(torch.zeros(500, 2), errors).backward()
        move.step()
    found = loss.log_variances.exp().tolist()
    assert found == pytest.approx(errors.square().mean(0).tolist(), rel=0.02)


def test_class_weights_and_shares_act_on_their_own_target_in_both_rooms():
    """As `loss_of` has them where the target is the only one."""
    from bakeoff.torch_models.losses import loss_of

    scores, targets = made()
    settings = {
        "kind": {"class_weights": (1.0, 3.0, 0.5), "label_smoothing": 0.1},
        "amount": {"loss": "quantile", "quantile": 0.9},
    }
    goals = {name: {**GOALS[name], **own} for name, own in settings.items()}
    ours = JointLoss(goals)
    own_scores, own_targets = torch.tensor(scores[:, :4]), torch.tensor(targets[:, :2])
    found = ours(own_scores, own_targets).item()
    known = ~own_targets.isnan()
    kind = loss_of(
        "cross_entropy", own_scores[known[:, 0], :3], own_targets[known[:, 0], 0].long(),
        **settings["kind"],
    )  # fmt: skip
    amount = loss_of(
        "quantile", own_scores[known[:, 1], 3:], own_targets[known[:, 1], 1], quantile=0.9
    )
    assert found == pytest.approx((kind + 2 * amount).item(), rel=1e-6)
    pytest.importorskip("keras", reason="needs pip install 'bakeoff[tensorflow]'")
    from bakeoff.keras_models.joint_loss import JointLoss as Facing

    assert float(Facing(goals)(scores[:, :4], targets[:, :2])) == pytest.approx(found, rel=1e-5)


def test_rows_of_a_binary_target_weigh_by_their_class_in_both_rooms():
    goals = {"sick": {"loss": "binary_cross_entropy", "outputs": 1, "columns": 1, "weight": 1.0,
                      "class_weights": (1.0, 5.0), "label_smoothing": 0.2}}  # fmt: skip
    scores = np.array([[0.3], [-1.0], [2.0]], np.float32)
    targets = np.array([[1.0], [0.0], [np.nan]], np.float32)
    from bakeoff.torch_models.losses import loss_of

    own = {"class_weights": (1.0, 5.0), "label_smoothing": 0.2}
    expected = loss_of(
        "binary_cross_entropy", torch.tensor(scores[:2]), torch.tensor([1.0, 0.0]), **own
    )
    found = JointLoss(goals)(torch.tensor(scores), torch.tensor(targets)).item()
    assert found == pytest.approx(expected.item(), rel=1e-6)
    pytest.importorskip("keras", reason="needs pip install 'bakeoff[tensorflow]'")
    from bakeoff.keras_models.joint_loss import JointLoss as Facing

    assert float(Facing(goals)(scores, targets)) == pytest.approx(found, rel=1e-5)


def test_an_auxiliary_target_is_learned_and_not_followed_in_both_rooms():
    scores, targets = made()
    goals = {**GOALS, "amount": {**GOALS["amount"], "auxiliary": True}}
    others = {name: goal for name, goal in GOALS.items() if name != "amount"}
    kept = [0, 1, 2, 4, 5, 6], [0, 2, 3, 4]
    ours = JointLoss(goals)
    whole = JointLoss(GOALS)(torch.tensor(scores), torch.tensor(targets)).item()
    assert ours(torch.tensor(scores), torch.tensor(targets)).item() == pytest.approx(whole)
    expected = JointLoss(others)(
        torch.tensor(scores[:, kept[0]]), torch.tensor(targets[:, kept[1]])
    ).item()
    found = ours.selected(torch.tensor(scores), torch.tensor(targets)).item()
    assert found == pytest.approx(expected, rel=1e-6)
    pytest.importorskip("keras", reason="needs pip install 'bakeoff[tensorflow]'")
    from bakeoff.keras_models.joint_loss import JointLoss as Facing

    assert float(Facing(goals).selected(scores, targets)) == pytest.approx(expected, rel=1e-5)
