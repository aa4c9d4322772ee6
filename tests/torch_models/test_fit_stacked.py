"""Seeds that are trained at once are, each, the training that they would be alone."""

import json
from functools import partial
from types import SimpleNamespace

import numpy as np
import pytest
import torch

from bakeoff.torch_models import fit_stacked as room
from bakeoff.torch_models.fit import fit
from bakeoff.torch_models.fit_stacked import fit_stacked
from bakeoff.torch_models.gru import GRU
from bakeoff.torch_models.mlp import MLP
from bakeoff.torch_models.rnn import RNN
from bakeoff.torch_models.stacked import stacked
from bakeoff.torch_models.validation import forward

SEEDS = (1, 2, 3)
PAGES = {
    "mlp": partial(MLP, 6, 3, hidden_sizes=(16, 8), norm="layer"),
    "mlp_of_categories": partial(MLP, 6, 3, category_sizes=(4, 5), num_frequencies=2),
    "rnn": partial(RNN, 2, 3, hidden_sizes=(8, 4), norm="layer", head_sizes=(5,)),
    "birnn": partial(RNN, 2, 3, hidden_sizes=(8,), bidirectional=True, activation="relu"),
    "gru": partial(GRU, 2, 3, hidden_sizes=(8,), pooling="mean"),
}
OTHERS = {
    "sgd": {"optimizer": "momentum", "schedule": {"name": "cosine", "min_lr": 1e-4}},
    "weights": {"class_weights": (1.0, 2.0, 0.5), "label_smoothing": 0.1},
    "balanced": {"sampling": "balanced", "watch": "metric", "optimizer": "rmsprop"},
}


def rows_of(name, count, seed):
    """Return inputs and targets of a page."""
    rng = np.random.default_rng(seed)
    x = rng.normal(size=(count, 6))
    targets = (x[:, 0] + 0.3 * rng.normal(size=count) > 0).astype(np.int64) + (x[:, 1] > 1)
    if "mlp" not in name:
        return {"x": x.reshape(count, 3, 2)}, targets
    categories = {"categories": rng.integers(0, 4, (count, 2))} if "categories" in name else {}
    return {"x": x, **categories}, targets


def trained(name, seeds, *, together, kind=torch.float64, **recipe):
    """Train the models of some seeds: models, and their histories."""
    models = []
    for seed in seeds:
        torch.manual_seed(seed)
        models.append(PAGES[name](dropout=0.2).to(kind))
    (inputs, targets), (validation, truth) = rows_of(name, 150, 0), rows_of(name, 40, 1)
    number = {torch.float64: np.float64, torch.float32: np.float32}[kind]
    for part in (inputs, validation):
        part["x"] = part["x"].astype(number)
    recipe = {"batch_size": 32, "epochs": 30, "lr": 0.01, "patience": 4, **recipe}
    judged = {"validation_inputs": validation, "validation_targets": truth}
    if together:
        return models, fit_stacked(models, inputs, targets, **judged, seeds=seeds, **recipe)
    alone = [
        fit(model, inputs, targets, **judged, seed=seed, **recipe)
        for model, seed in zip(models, seeds, strict=True)
    ]
    return models, alone


@pytest.mark.parametrize(
    ("name", "other"),
    [*((name, {"lr": 0.03}) for name in PAGES), *(("mlp", own) for own in OTHERS.values())],
)
def test_each_seed_is_what_it_is_alone(name, other):
    ours, histories = trained(name, SEEDS, together=True, **other)
    theirs, alone = trained(name, SEEDS, together=False, **other)
    assert [len(own) for own in histories] == [len(own) for own in alone]
    assert len({len(own) for own in alone}) > 1, "they stop when each has had enough"
    told = set(alone[0][0]) - {"seconds", "rows_per_second"}
    for mine, other_ in zip(histories, alone, strict=True):
        for one, two in zip(mine, other_, strict=True):
            assert {n: one[n] for n in told} == pytest.approx({n: two[n] for n in told}, rel=1e-7)
    for one, two in zip(ours, theirs, strict=True):
        for own, weight in one.state_dict().items():
            assert torch.allclose(weight, two.state_dict()[own], rtol=0, atol=1e-9), own


def test_single_precision_stays_together_for_a_hundred_steps():
    recipe = {"kind": torch.float32, "epochs": 20, "patience": 0}
    (ours, histories), (theirs, _) = (
        trained("mlp", SEEDS, together=way, **recipe) for way in (True, False)
    )
    assert len(histories[0]) * 5 == 100
    for one, two in zip(ours, theirs, strict=True):
        for own, weight in one.state_dict().items():
            assert torch.allclose(weight, two.state_dict()[own], atol=1e-5), own


def test_a_stack_goes_on_from_its_state_bit_by_bit():
    """From a state after some have stopped, too: it says who still trains."""
    states = []
    recipe = {"lr": 0.03, "state_seconds": 0.0}

    def copied(saved):
        arrays, facts = saved
        own = {name: array.copy() for name, array in arrays.items()}
        states.append((own, json.loads(json.dumps(facts))))

    whole, histories = trained("mlp", SEEDS, together=True, on_state=copied, **recipe)
    fewer = next(state for state in states if len(state[1]["active"]) == 2)
    for state in (states[2], fewer):
        models, again = trained("mlp", SEEDS, together=True, begin=state, **recipe)
        assert [len(own) for own in again] == [len(own) for own in histories]
        for one, two in zip(models, whole, strict=True):
            for own, weight in one.state_dict().items():
                assert torch.equal(weight, two.state_dict()[own]), own


def test_no_more_is_lost_than_asked_for_where_an_epoch_takes_less(monkeypatch):
    """Epochs of 6 seconds, none to be lost beyond 10: one without a state would lose 12."""
    clock, states = [0.0], []

    def ticking():
        clock[0] += 1e-6
        return clock[0]

    monkeypatch.setattr(room, "time", SimpleNamespace(perf_counter=ticking))

    def judged(*given):
        clock[0] += 6.0
        return forward(*given)

    monkeypatch.setattr(room, "forward", judged)
    told = {"on_state": lambda saved: states.append(saved[1]["epoch"]), "state_seconds": 10.0}
    _, histories = trained("mlp", SEEDS, together=True, epochs=4, patience=0, **told)
    assert states == [1, 2, 3, 4]
    shared = [row["seconds"] for row in histories[0]]
    assert shared == pytest.approx([2.0, 4.0, 6.0, 8.0], abs=1e-3), "a third of each"


def test_a_page_with_a_part_that_cannot_be_stacked_is_refused():
    pages = [MLP(6, 3, norm="batch") for _ in range(2)]
    with pytest.raises(ValueError, match=r"norms\.0, a BatchNorm1d, cannot be stacked"):
        stacked(pages, [torch.Generator() for _ in pages])


def test_every_part_that_is_stacked_is_the_part_of_each_network():
    torch.manual_seed(0)
    pages = [
        GRU(4, 3, hidden_sizes=(5, 6), norm="layer", head_sizes=(7,), vocabulary_size=9).double()
        for _ in range(3)
    ]
    x = torch.randint(0, 9, (3 * 2, 5))
    twin = stacked(pages, [torch.Generator() for _ in pages])
    alone = torch.cat([page(own) for page, own in zip(pages, x.split(2), strict=True)])
    assert torch.allclose(twin(x), alone, atol=1e-12)
