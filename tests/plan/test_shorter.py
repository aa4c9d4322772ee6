"""A plan of hours comes with one of minutes."""

from dataclasses import replace

import pytest

from bakeoff.plan.plan import Plan
from bakeoff.plan.shorter import GOAL, Shorter, shorter
from bakeoff.train.events import Probed
from tests.plan.test_plan import planned


def timed(plan: Plan, **step_seconds: float) -> Plan:
    """Say how long a step of each model takes."""
    probed = {job.line: Probed(77, step_seconds.get(job.model, 0.0)) for job in plan.jobs}
    return replace(plan, probed=probed)


@pytest.fixture
def networks() -> dict:
    return {"constant": {}, "mlp": {}, "tabm": {}, "ft_transformer": {}}


def test_a_plan_of_minutes_stays_as_it_is(people, networks):
    assert shorter(timed(planned(people, seeds=5, models=networks), mlp=0.1), 1) is None


def test_a_time_that_is_not_known_cannot_be_shortened(people, networks):
    assert shorter(timed(planned(people, models=networks), mlp=float("nan")), 1) is None


def test_first_seeds_are_saved(people, networks):
    less = shorter(timed(planned(people, seeds=5, models=networks), mlp=5.0), 1)
    assert less
    assert less.options == {"seeds": 2}
    assert less.seconds < GOAL


def test_then_epochs_and_then_the_slowest_models(people, networks):
    plan = planned(people, seeds=5, models=networks)
    slow = shorter(timed(plan, mlp=30.0, tabm=30.0), 1)
    assert slow
    assert slow.options["seeds"] == 2
    assert 3 <= slow.options["epochs"] < 40
    assert "models" not in slow.options
    slower = shorter(timed(plan, mlp=30.0, tabm=30.0, ft_transformer=10_000.0), 1)
    assert slower
    assert slower.options["models"] == ["constant", "mlp", "tabm"]
    assert slower.seconds <= GOAL


def test_one_network_is_always_left(people, networks):
    hours = dict.fromkeys(networks, 9_999.0)
    less = shorter(timed(planned(people, seeds=1, models=networks), **hours), 1)
    assert less
    assert less.options["epochs"] == 1
    assert len(less.options["models"]) == 2  # the network, and the baseline


def test_the_command_is_the_one_typed_with_other_options():
    less = Shorter(options={"seeds": 2, "models": ["mlp", "cnn"]}, seconds=60.0)
    typed = ["run", "a b.csv", "--models", "mlp,cnn,vit", "--seeds=5", "--target", "y"]
    told = less.command(typed)
    assert told == "bakeoff run 'a b.csv' --target y --seeds 2 --models mlp,cnn"
    assert less.call() == 'seeds=2, models=["mlp", "cnn"]'


def test_a_long_plan_is_printed_with_the_shorter_command(people, command, monkeypatch):
    monkeypatch.setattr("bakeoff.plan.shorter.LONG", 0)
    asked = ["--target", "answer", "--models", "mlp", "--jobs", "1"]
    said = command("run", people, *asked, "--seeds", "9", "--dry-run")
    line = next(line for line in said.out.splitlines() if line.startswith("shorter"))
    assert "--models mlp --jobs 1 --dry-run --seeds 2" in line
