"""What a recipe can name is what both loops can do, in the same order."""

from functools import partial
from pathlib import Path

import pytest
import torch

from bakeoff.errors import RequestError
from bakeoff.options import options
from bakeoff.torch_models import losses, optimizers, schedules
from bakeoff.train.recipe import OWNERS, Recipe, grouped, resolve, settings_of

CHOICES = {name: known.choices for name, known in options(Recipe).items()}

ALONE = ("auto", "nt_xent")  # which stands for one of them, and which takes no targets
LOSSES = tuple(name for name in CHOICES["loss"] if name not in ALONE)


def test_every_choice_of_a_recipe_is_in_the_tables_of_torch():
    assert tuple(optimizers.OPTIMIZERS) == tuple(CHOICES["optimizer"])
    assert tuple(schedules.SCHEDULES) == tuple(CHOICES["schedule"])
    assert tuple(losses.LOSSES) == LOSSES


@pytest.mark.xdist_group("tensorflow")  # one process imports it, once
def test_every_choice_of_a_recipe_is_in_the_tables_of_keras():
    pytest.importorskip("keras", reason="needs pip install 'bakeoff[tensorflow]'")
    from bakeoff.keras_models import losses, optimizers

    assert {*optimizers.OPTIMIZERS, "schedule_free"} == set(CHOICES["optimizer"])
    with pytest.raises(ValueError, match="schedule_free is there in PyTorch alone"):
        optimizers.Optimizer("schedule_free")
    assert tuple(losses.LOSSES) == LOSSES


@pytest.mark.parametrize("name", ["schedules", "progress", "mixing", "sampling", "within"])
def test_what_needs_no_framework_is_one_text_in_both_rooms(name):
    ours = Path(schedules.__file__).with_stem(name)
    theirs = ours.parents[1] / "keras_models" / ours.name
    assert ours.read_text("utf-8") == theirs.read_text("utf-8")


def test_rates_are_those_of_the_schedulers_of_torch():
    """One step an epoch, twelve epochs."""
    of = torch.optim.lr_scheduler
    cases = {
        "step": (partial(of.StepLR, step_size=3, gamma=0.5), {"step_epochs": 3, "gamma": 0.5}),
        "exponential": (partial(of.ExponentialLR, gamma=0.9), {"gamma": 0.9}),
        "cosine": (partial(of.CosineAnnealingLR, T_max=12, eta_min=0.01), {"min_lr": 0.01}),
        "cosine_restarts": (
            partial(of.CosineAnnealingWarmRestarts, T_0=3, T_mult=2),
            {"first_cycle": 3, "growth": 2.0},
        ),
    }
    for name, (make, settings) in cases.items():
        optimizer = torch.optim.SGD([torch.zeros(1, requires_grad=True)], lr=0.1)
        theirs = make(optimizer)
        ours = schedules.Schedule(name=name, lr=0.1, epochs=12, **settings)
        for epoch in range(1, 13):
            assert ours.rates(epoch, 1)[0] == pytest.approx(optimizer.param_groups[0]["lr"]), name
            optimizer.step()
            theirs.step()


def test_a_plateau_falls_after_so_many_epochs_without_a_lower_loss():
    schedule = schedules.Schedule(name="plateau", lr=1.0, epochs=9, plateau_patience=2, factor=0.5)
    fallen = schedules.Plateau(schedule)
    rates = []
    for epoch, loss in enumerate([5.0, 4.0, 4.0, 4.5, 3.0, 3.0, 3.0], start=1):
        rates += schedule.rates(epoch, 1, fallen.falls)
        fallen.see(loss)
    assert rates == [1.0, 1.0, 1.0, 1.0, 0.5, 0.5, 0.5]
    assert fallen.falls == 2


def test_a_warm_up_climbs_step_by_step_and_the_schedule_has_the_epochs_left():
    schedule = schedules.Schedule(name="cosine", lr=1.0, epochs=6, warmup_epochs=2)
    assert schedule.rates(1, 4) == pytest.approx([0.125, 0.25, 0.375, 0.5])
    assert schedule.rates(2, 4)[-1] == pytest.approx(1.0)
    assert schedule.rates(3, 4)[0] == pytest.approx(1.0)
    assert schedule.rates(5, 4)[0] == pytest.approx(0.5)  # half of the four that are left


def test_one_cycle_peaks_at_its_share_and_a_stable_rate_falls_at_the_end():
    cycle = schedules.Schedule(name="one_cycle", lr=1.0, epochs=10, warm_share=0.4)
    rates = [cycle.rates(epoch, 1)[0] for epoch in range(1, 11)]
    assert rates.index(max(rates)) == 4
    stable = schedules.Schedule(name="stable_decay", lr=1.0, epochs=10, decay_share=0.4)
    found = [stable.rates(epoch, 1)[0] for epoch in range(1, 11)]
    assert found == pytest.approx([1.0] * 7 + [0.75, 0.5, 0.25])


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"momentum": 0.5}, "goes with optimizer='momentum' or nesterov, and the optimizer is"),
        ({"gamma": 0.5}, "goes with schedule='step' or exponential, and the schedule is constant"),
        ({"schedule": "step", "epochs": 8}, r"never acts in 8 epochs: step_epochs=10 is as long"),
        ({"warmup_epochs": 5, "epochs": 5}, "leaves nothing of 5 epochs"),
        ({"optimizer": "schedule_free", "schedule": "cosine"}, "has no schedule"),
        ({"optimizer": "schedule_free", "average": 0.9}, "judges a mean of all steps already"),
        ({"betas": "0.9"}, r"must be two numbers from 0 to below 1"),
    ],
)
def test_what_never_acts_is_refused(settings, message):
    with pytest.raises(RequestError, match=message):
        resolve(Recipe(**settings), rows=100, task="binary")


def test_what_came_later_is_written_only_where_it_acts():
    assert set(settings_of(Recipe())).isdisjoint(OWNERS)
    told = settings_of(Recipe(optimizer="momentum", momentum=0.5, l1=0.1))
    assert (told["momentum"], told["l1"]) == (0.5, 0.1)
    assert grouped(told)["optimizer"] == {"name": "momentum", "momentum": 0.5}
