"""Targets of each step: the same in both rooms, and deaf to padding and to what nobody knows."""

import numpy as np
import pytest
import torch

from bakeoff.torch_models.fit import fit, predict
from bakeoff.torch_models.gru import GRU
from bakeoff.torch_models.losses import loss_of, metric_of
from bakeoff.torch_models.rnn_seq2seq import RNNSeq2Seq
from bakeoff.torch_models.step_scores import token_scores

F = torch.nn.functional


def classes() -> tuple[np.ndarray, np.ndarray]:
    """Make scores (4, 6, 3) and targets (4, 6), some steps unknown or behind the end."""
    rng = np.random.default_rng(0)
    targets = rng.integers(0, 3, (4, 6))
    targets[0, 3:] = targets[2, 1] = -1
    return rng.normal(size=(4, 6, 3)).astype(np.float32), targets


def numbers() -> tuple[np.ndarray, np.ndarray]:
    scores, targets = classes()
    return scores[..., :1], np.where(targets < 0, np.nan, 3.0 * targets).astype(np.float32)


SETTINGS = [
    ("cross_entropy", {}),
    ("cross_entropy", {"class_weights": (1.0, 2.0, 0.5)}),
    ("cross_entropy", {"label_smoothing": 0.2, "class_weights": (1.0, 2.0, 0.5)}),
    ("mse", {}),
    ("mae", {}),
    ("huber", {}),
]


@pytest.mark.parametrize(("name", "settings"), SETTINGS)
def test_padding_and_unknown_steps_count_for_nothing(name, settings):
    scores, targets = map(torch.tensor, classes() if name == "cross_entropy" else numbers())
    known = targets >= 0 if name == "cross_entropy" else ~targets.isnan()
    expected = loss_of(name, scores[known], targets[known], **settings).item()
    found = loss_of(name, scores, targets, per_step=True, **settings).item()
    assert found == pytest.approx(expected, rel=1e-6)
    longer = torch.cat([scores, torch.full((4, 3, scores.shape[2]), 1e30)], 1)
    assert loss_of(name, longer, targets, per_step=True, **settings).item() == found
    assert metric_of(name, scores, targets, per_step=True) == pytest.approx(
        metric_of(name, scores[known], targets[known])
    )


@pytest.mark.parametrize(("name", "settings"), SETTINGS)
def test_both_rooms_agree_on_losses_of_steps(name, settings):
    pytest.importorskip("keras", reason="needs pip install 'bakeoff[tensorflow]'")
    from bakeoff.keras_models.losses import loss_of as facing
    from bakeoff.keras_models.losses import metric_of as facing_metric

    scores, targets = classes() if name == "cross_entropy" else numbers()
    expected = loss_of(name, *map(torch.tensor, (scores, targets)), per_step=True, **settings)
    found = float(facing(name, scores, targets, per_step=True, **settings))
    assert found == pytest.approx(expected.item(), rel=1e-5)
    metric = metric_of(name, *map(torch.tensor, (scores, targets)), per_step=True)
    assert facing_metric(name, scores, targets, per_step=True) == pytest.approx(metric, rel=1e-6)


def test_a_batch_without_a_known_step_has_no_loss_and_no_gradient():
    scores = torch.zeros(2, 3, 4, requires_grad=True)
    loss = loss_of("cross_entropy", scores, torch.full((2, 3), -1), per_step=True)
    loss.backward()
    assert loss.item() == 0
    assert (scores.grad == 0).all()


def test_tokens_are_judged_alike_in_both_rooms():
    pytest.importorskip("keras", reason="needs pip install 'bakeoff[tensorflow]'")
    from bakeoff.keras_models.step_scores import token_scores as facing

    scores, tokens = classes()
    found = token_scores(torch.tensor(scores), torch.tensor(tokens)).numpy()
    assert found == pytest.approx(facing(scores, tokens), rel=1e-5)
    whole = F.cross_entropy(
        torch.tensor(scores).flatten(0, 1), torch.tensor(tokens).flatten(), ignore_index=-1
    )
    assert found[:, 0].sum() / found[:, 1].sum() == pytest.approx(whole.item(), rel=1e-6)


def ragged(base: np.ndarray, lengths: np.ndarray) -> dict[str, object]:
    return {
        "kind": "ragged",
        "base": base,
        "starts": np.cumsum(lengths) - lengths,
        "lengths": lengths,
    }


def test_scores_of_steps_come_row_by_row_without_padding():
    lengths = np.array([3, 1, 5, 2])
    x = np.random.default_rng(0).normal(size=(11, 2)).astype(np.float32)
    model = GRU(2, 3, per_step=True)
    found = predict(model, {"x": ragged(x, lengths)}, per_step=True)
    assert found.shape == (11, 3)
    alone = [predict(model, {"x": own[None]})[0] for own in np.split(x, lengths.cumsum()[:-1])]
    assert found == pytest.approx(np.concatenate(alone), abs=1e-6)


@pytest.mark.parametrize("framework", ["torch", "keras"])
def test_a_text_is_learned_from_the_true_tokens_before_each(framework):
    """The answer is the question backwards: the loss falls, and padding cannot be counted."""
    lengths = np.random.default_rng(0).integers(1, 5, 120)
    x = np.random.default_rng(1).integers(4, 8, int(lengths.sum())).astype(np.int32)
    rows = np.split(x, lengths.cumsum()[:-1])
    y = np.concatenate([[*own[::-1], 3] for own in rows]).astype(np.int32)
    arguments = {"vocabulary_size": 8, "token_targets": True, "out_steps": 5}
    if framework == "torch":
        torch.manual_seed(0)
        model, learn, foretell = RNNSeq2Seq(8, 8, hidden_sizes=(24,), **arguments), fit, predict
    else:
        keras = pytest.importorskip("keras", reason="needs pip install 'bakeoff[tensorflow]'")
        from bakeoff.keras_models.fit import fit as learn
        from bakeoff.keras_models.fit import predict as foretell
        from bakeoff.keras_models.rnn_seq2seq import RNNSeq2Seq as Facing

        keras.utils.set_random_seed(0)
        model = Facing(8, 8, hidden_sizes=(24,), **arguments)
    inputs, targets = {"x": ragged(x, lengths)}, ragged(y, lengths + 1)
    history = learn(
        model, inputs, targets, validation_inputs=inputs, validation_targets=targets,
        per_step=True, teacher_forcing=True, epochs=12, batch_size=16, lr=0.02,
    )  # fmt: skip
    assert history[-1]["validation_loss"] < 0.6 * history[0]["validation_loss"]
    found = foretell(model, inputs, texts=targets)
    assert (found[:, 1] == lengths + 1).all()
    best = min(row["validation_loss"] for row in history)
    assert found[:, 0].sum() / found[:, 1].sum() == pytest.approx(best, rel=1e-4)
