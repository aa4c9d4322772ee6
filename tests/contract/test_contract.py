"""What every torch page promises, case by case: a new row is tested by existing."""

from collections.abc import Callable
from contextlib import nullcontext

import numpy as np
import pytest
import torch
from torch import Tensor, nn

from bakeoff.catalog import find
from bakeoff.torch_models.faster import faster
from bakeoff.train.weights import load_weights, save_weights
from tests.facing.case import (
    Case,
    Inputs,
    build,
    draw,
    for_each_member,
    leaves,
    real_steps,
    settings,
    tensors,
    without_dropout,
)
from tests.facing.cases import CASES, PAGES, SPREAD


def cases_with(condition: Callable[[str, Case], bool]) -> pytest.MarkDecorator:
    chosen = [(name, case) for name, case in CASES if condition(name, case)]
    ids = [f"{name}-{case}" for name, case in chosen]
    return pytest.mark.parametrize(("name", "case"), chosen, ids=ids)


every_case = cases_with(lambda name, case: True)
encoders = cases_with(lambda name, case: find(name).role == "encoder")
padded = cases_with(lambda name, case: "lengths" in case.inputs)


@pytest.fixture(autouse=True)
def one_thread_and_seed():
    torch.set_num_threads(1)
    torch.manual_seed(0)


def score(page: nn.Module, inputs: Inputs) -> list[Tensor]:
    """Return the scores of a page, one tensor, or one per target of a network."""
    with torch.no_grad():
        return leaves(page.eval()(**tensors(inputs)))


def promised_shapes(name: str, case: Case) -> list[tuple[int, ...]]:
    """(B, C), per step (B, T, C), for several steps ahead (B, S, C)."""
    chosen, x = settings(name, case), case.inputs["x"]
    if "heads" in chosen:  # a network: one of them per target
        _, batch, steps, *_ = next(iter(x.values()))
        return [
            (batch, steps, width) if target in chosen["per_step"] else (batch, width)
            for target, width in sorted(chosen["heads"].items())
        ]
    _, batch, steps, *_ = (*x, 0)
    steps = steps if chosen.get("per_step") else chosen.get("out_steps", 0)
    return [(batch, steps, chosen["out_features"]) if steps else (batch, chosen["out_features"])]


@every_case
def test_scores_have_the_promised_shape(name: str, case: Case):
    scores = score(build(name, case, "torch"), draw(case))
    assert [tuple(part.shape) for part in scores] == promised_shapes(name, case)
    for part in scores:
        assert part.dtype == torch.float32
        assert part.isfinite().all()


@every_case
def test_only_a_page_of_members_returns_their_scores_in_training(name: str, case: Case):
    page = build(name, case, "torch").train()
    shapes = [tuple(part.shape) for part in leaves(page(**tensors(draw(case))))]
    expected = promised_shapes(name, case)
    if find(name).members:
        num_members = settings(name, case)["num_members"]
        expected = [(batch, num_members, outputs) for batch, outputs in expected]
    assert shapes == expected


@encoders
def test_without_outputs_a_page_returns_its_features(name: str, case: Case):
    page = build(name, case.but(out_features=0), "torch")
    [features] = score(page, draw(case))
    [(*shape, _)] = promised_shapes(name, case)
    assert features.shape == (*shape, page.num_features)
    assert page.num_features == build(name, case, "torch").num_features


@every_case
def test_gradient_reaches_every_trained_weight(name: str, case: Case):
    case = without_dropout(name, case).of_size(16)
    page = build(name, case, "torch").train()
    scores = leaves(page(**tensors(draw(case))))
    sum((part * torch.randn_like(part)).sum() for part in scores).backward()
    for key, weight in page.named_parameters():
        if weight.requires_grad:
            assert weight.grad is not None, key
            assert weight.grad.isfinite().all(), key
            assert weight.grad.any(), key


@every_case
def test_a_page_can_learn_eight_examples_by_heart(name: str, case: Case):
    case = without_dropout(name, case).of_size(8)
    inputs = draw(case)
    taught = score(build(name, case, "torch"), inputs)  # by another draw of weights: learnable
    targets = [(part - part.mean(0)) / part.std(0) for part in taught]  # x alone decides them
    kept = [torch.from_numpy(real_steps(case, inputs, part.shape)) for part in taught]
    page = build(name, case, "torch").train()
    optimizer = torch.optim.Adam(page.parameters(), lr=0.01)
    losses = []
    for _ in range(400):
        optimizer.zero_grad()
        parts = zip(leaves(page(**tensors(inputs))), targets, kept, strict=True)
        loss = sum(
            (for_each_member(real, part) * (part - for_each_member(target, part)) ** 2).mean()
            for part, target, real in parts
        )
        loss.backward()
        nn.utils.clip_grad_norm_(page.parameters(), 1.0)
        optimizer.step()
        losses.append(loss.item())
        if losses[-1] < 0.2 * losses[0]:
            return
    pytest.fail(f"squared error {losses[0]:.3f} fell to {losses[-1]:.3f} only")


@every_case
def test_a_page_acts_the_same_while_it_is_trained_faster(name: str, case: Case):
    case = without_dropout(name, case)
    inputs, found = tensors(draw(case)), []
    for way in (nullcontext, faster):
        torch.manual_seed(3)
        page = build(name, case, "torch").train()
        with way(page):
            sum(part.square().mean() for part in leaves(page(**inputs))).backward()
        found.append([w.grad for w in page.parameters() if w.grad is not None])
    torch.testing.assert_close(found[1], found[0], rtol=1e-4, atol=1e-6)


@every_case
def test_saved_weights_give_the_same_scores_in_a_new_page(name: str, case: Case, tmp_path):
    inputs = draw(case)
    page, fresh = build(name, case, "torch"), build(name, case, "torch")
    page.train()(**tensors(inputs))  # moves the running moments of batch norms
    save_weights(page, tmp_path / "weights.safetensors")
    load_weights(fresh, tmp_path / "weights.safetensors")
    torch.testing.assert_close(score(fresh, inputs), score(page, inputs), rtol=0, atol=0)


@padded
def test_more_padding_changes_no_output(name: str, case: Case):
    page, inputs = build(name, case, "torch"), draw(case)
    x, lengths = inputs["x"], inputs["lengths"]
    tail = np.ones_like(x[:, :3])  # not zeros: padding must not be read at all
    [wider] = score(page, {**inputs, "x": np.concatenate([x, tail], 1)})
    [expected] = score(page, inputs)
    for i, length in enumerate(lengths):
        others = {name: a[i : i + 1] for name, a in inputs.items() if name != "lengths"}
        [[alone]] = score(page, {**others, "x": x[i : i + 1, :length]})
        steps = slice(length if case.arguments.get("per_step") else None)
        torch.testing.assert_close(wider[i][steps], expected[i][steps], rtol=1e-5, atol=1e-5)
        torch.testing.assert_close(alone[steps], expected[i][steps], rtol=1e-5, atol=1e-5)


def test_every_page_has_a_case_and_every_case_a_page():
    names = {row.name for row in PAGES}
    assert {name for name, _ in CASES} == names
    assert SPREAD.keys() <= names
