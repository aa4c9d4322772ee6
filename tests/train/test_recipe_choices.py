"""What a recipe can name is what both loops can do, in the same order."""

import pytest

from bakeoff.options import options
from bakeoff.torch_models import losses, optimizers
from bakeoff.train.recipe import Recipe

CHOICES = {name: known.choices for name, known in options(Recipe).items()}

LOSSES = tuple(name for name in CHOICES["loss"] if name != "auto")  # which stands for one of them


def test_every_choice_of_a_recipe_is_in_the_tables_of_torch():
    assert tuple(optimizers.OPTIMIZERS) == tuple(CHOICES["optimizer"])
    assert tuple(optimizers.SCHEDULES) == tuple(CHOICES["schedule"])
    assert tuple(losses.LOSSES) == LOSSES


@pytest.mark.xdist_group("tensorflow")  # one process imports it, once
def test_every_choice_of_a_recipe_is_in_the_tables_of_keras():
    pytest.importorskip("keras", reason="needs pip install 'bakeoff[tensorflow]'")
    from bakeoff.keras_models import losses, optimizers

    assert tuple(optimizers.OPTIMIZERS) == tuple(CHOICES["optimizer"])
    assert tuple(optimizers.SCHEDULES) == tuple(CHOICES["schedule"])
    assert tuple(losses.LOSSES) == LOSSES


@pytest.mark.parametrize("name", CHOICES["schedule"])
@pytest.mark.xdist_group("tensorflow")
def test_schedules_are_the_same_in_both_frameworks(name):
    pytest.importorskip("keras", reason="needs pip install 'bakeoff[tensorflow]'")
    from bakeoff.keras_models.optimizers import schedule_factor

    for progress in (0.0, 0.1, 0.3, 0.5, 1.0):
        theirs = float(schedule_factor(name, progress))
        assert theirs == pytest.approx(optimizers.schedule_factor(name, progress), abs=1e-6)
