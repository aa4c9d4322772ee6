"""The recipe: every setting is checked where it is given, and filled in by the data."""

import pytest

from bakeoff import Recipe, RequestError
from bakeoff.options import options
from bakeoff.torch_models import progress
from bakeoff.train.recipe import rate_to_try, resolve

OPTIONS = options(Recipe)
CHOICES = [name for name, known in OPTIONS.items() if known.choices]


@pytest.mark.parametrize(
    ("setting", "typed", "meant"),
    [
        ("optimizer", "adm", "adam"),
        ("schedule", "cosin", "cosine"),
        ("loss", "hubber", "huber"),
        ("precision", "bfloat", "bfloat16"),
    ],
)
def test_an_unknown_choice_suggests_the_nearest(setting, typed, meant):
    with pytest.raises(
        RequestError, match=f"called '{typed}' \\({setting}=\\)\\. Did you mean '{meant}'"
    ):
        Recipe(**{setting: typed})


@pytest.mark.parametrize("setting", CHOICES)
def test_every_choice_is_accepted(setting):
    for value in OPTIONS[setting].choices:
        assert getattr(Recipe(**{setting: value}), setting) == value


@pytest.mark.parametrize(
    ("setting", "value"),
    [
        ("lr", 0),
        ("lr", -1.0),
        ("lr", float("nan")),
        ("lr", float("inf")),
        ("epochs", -1),
        ("batch_size", -8),
        ("patience", -1),
        ("weight_decay", -0.1),
        ("clip_norm", -1),
    ],
)
def test_a_value_out_of_range_is_refused_with_the_default(setting, value):
    with pytest.raises(RequestError, match=f"^{setting}=.* out of range: .* The default is "):
        Recipe(**{setting: value})


@pytest.mark.parametrize(
    ("setting", "value"), [("epochs", 1.5), ("epochs", True), ("lr", "fast"), ("batch_size", None)]
)
def test_a_value_of_another_type_is_refused(setting, value):
    with pytest.raises(RequestError, match=f"^{setting}=.* must be a(n integer| number)"):
        Recipe(**{setting: value})


@pytest.mark.parametrize(
    ("rows", "batch_size"),
    [(40, 32), (2_000, 32), (2_001, 64), (10_000, 64), (10_001, 128), (50_001, 256)],
)
def test_the_batch_size_follows_from_the_rows(rows, batch_size):
    assert resolve(Recipe(), rows=rows, task="binary").batch_size == batch_size


@pytest.mark.parametrize(
    ("rows", "epochs"), [(20_000, 100), (20_001, 99), (100_000, 20), (10_000_000, 10)]
)
def test_many_rows_mean_fewer_epochs_but_never_under_ten(rows, epochs):
    assert resolve(Recipe(), rows=rows, task="binary").epochs == epochs


@pytest.mark.parametrize(
    ("task", "loss"),
    [
        ("binary", "binary_cross_entropy"),
        ("multiclass", "cross_entropy"),
        ("regression", "mse"),
    ],
)
def test_the_loss_follows_from_the_task(task, loss):
    assert resolve(Recipe(), rows=100, task=task).loss == loss


def test_a_loss_of_another_task_is_refused():
    with pytest.raises(RequestError, match="'mse' does not go with a binary target"):
        resolve(Recipe(loss="mse"), rows=100, task="binary")


@pytest.mark.parametrize("task", ["multiclass", "regression"])
def test_probabilities_of_two_classes_are_for_binary_targets_only(task):
    recipe = Recipe(loss="bce_probabilities")
    assert resolve(recipe, rows=100, task="binary").loss == "bce_probabilities"
    with pytest.raises(RequestError, match=f"'bce_probabilities' does not go with a {task} target"):
        resolve(recipe, rows=100, task=task)


def test_what_is_set_by_hand_is_kept():
    recipe = Recipe(batch_size=7, epochs=3, loss="huber")
    assert resolve(recipe, rows=100, task="regression") == recipe


def test_a_batch_is_never_larger_than_the_training_rows():
    assert resolve(Recipe(batch_size=500), rows=20, task="binary").batch_size == 20


def test_every_setting_says_what_it_means():
    assert all(known.help for known in OPTIONS.values())


@pytest.mark.parametrize("lr", [1e6, 1.0, 1e-3, 3e-4, 1e-5, 7e-6])
def test_a_rate_to_try_is_far_below_the_default_and_below_the_one_that_diverged(lr):
    assert rate_to_try(lr) <= Recipe().lr / 100
    assert rate_to_try(lr) < lr
    assert rate_to_try(lr) == pytest.approx(progress.rate_to_try(lr), rel=1e-2)
