"""The models of a run are what was asked, under names of their own."""

import numpy as np
import pytest

from bakeoff import RequestError
from bakeoff.data.taking.sources import Rows
from bakeoff.data.taking.views import View
from bakeoff.plan.models import choose_models, recipe_of, select_models
from bakeoff.train.recipe import Recipe

X = Rows(base=np.zeros((4, 2), np.float32), rows=np.arange(4))
TABLE, IMAGE = (
    {name: View(inputs={"x": X}, sizes={}) for name in names}
    for names in (("table", "plain"), ("image", "sequence", "vector", "plain"))
)


def test_all_models_that_can_read_the_data_run_by_default():
    names = [model.name for model in choose_models({}, all_that_fit=True, views=TABLE)[0]]
    assert {"constant", "linear", "boosting", "mlp", "ft_transformer"} <= set(names)
    assert not {"cnn", "lstm", "attention", "network"} & set(names)


def test_a_model_that_cannot_read_the_data_is_refused_by_name():
    with pytest.raises(RequestError, match=r"lstm reads sequence or text data.*read as table\."):
        choose_models({"lstm": {}}, all_that_fit=False, views=TABLE)


def test_an_architecture_may_stand_twice_with_arguments_of_its_own():
    named = {"wide": {"architecture": "mlp", "hidden_sizes": [512], "lr": 0.1}, "mlp": {}}
    (wide, mlp), _ = choose_models(named, all_that_fit=False, views=TABLE)
    assert (wide.name, wide.row.name, wide.arguments) == ("wide", "mlp", {"hidden_sizes": [512]})
    assert (mlp.name, mlp.row.name, mlp.arguments) == ("mlp", "mlp", {})


def test_a_model_sees_the_first_view_it_prefers():
    models, _ = choose_models({}, all_that_fit=True, views=IMAGE)
    chosen = {model.name: model.view for model in models}
    assert chosen["cnn"] == "image"
    assert chosen["lstm"] == "sequence"
    assert chosen["mlp"] == "vector"
    assert chosen["constant"] == "plain"


def test_a_model_keeps_the_recipe_of_the_run_but_for_what_it_sets():
    recipe = recipe_of(Recipe(lr=0.5, epochs=7), {"lr": 0.1, "hidden_sizes": [3]})
    assert (recipe.lr, recipe.epochs) == (0.1, 7)


def test_nothing_asked_means_everything_that_fits():
    assert select_models({}, (), {}) == ({}, True)


def test_a_setting_alone_changes_one_model_and_keeps_the_others():
    assert select_models({}, (), {"mlp": {"dropout": 0.1}}) == ({"mlp": {"dropout": 0.1}}, True)


def test_models_narrow_a_file_and_keep_its_settings():
    file = {"mlp": {"dropout": 0.1}, "linear": {}}
    assert select_models(file, ("mlp",), {}) == ({"mlp": {"dropout": 0.1}}, False)


def test_a_setting_goes_over_the_file():
    file = {"mlp": {"dropout": 0.1, "lr": 0.01}}
    assert select_models(file, (), {"mlp": {"dropout": 0.5}})[0] == {
        "mlp": {"dropout": 0.5, "lr": 0.01}
    }


def test_a_new_name_with_an_architecture_is_a_new_model():
    assert select_models({}, ("mlp",), {"wide": {"architecture": "mlp"}})[0] == {
        "mlp": {},
        "wide": {"architecture": "mlp"},
    }


def test_a_new_name_without_an_architecture_is_refused_with_the_way_on():
    with pytest.raises(RequestError, match="No model called 'wide'") as caught:
        select_models({}, ("mlp",), {"wide": {"dropout": 0.1}})
    assert "--set wide.architecture=mlp" in caught.value.worded("command line")
    assert "models={'wide': {'architecture': 'mlp'}}" in str(caught.value)


def test_a_setting_of_a_model_that_does_not_run_is_refused():
    with pytest.raises(RequestError, match="No model called 'lstm'"):
        select_models({}, ("mlp",), {"lstm": {"dropout": 0.1}})


def test_an_unknown_model_suggests_the_nearest_name():
    with pytest.raises(RequestError, match=r"No architecture called 'lsmt'\. Did you mean 'lstm'"):
        select_models({}, ("lsmt",), {})
