"""The experiment: every name is checked before any work, and models are what was asked."""

import pytest

from bakeoff import CATALOG, Experiment, RequestError
from bakeoff.plan.experiment import choose_models, recipe_of, select, view_of
from bakeoff.train.recipe import Recipe

TABLE = ("table", "plain")
IMAGE = ("image", "sequence", "vector", "plain")


def experiment(**settings):
    return Experiment(**{"data": "people.csv", **settings})


@pytest.mark.parametrize(
    ("settings", "words"),
    [
        ({"frameworks": ("pytorch",)}, "framework='pytorch' is not known. Did you mean 'torch'"),
        ({"frameworks": ("torch", "torch")}, "each framework once"),
        ({"frameworks": ()}, "each framework once"),
        ({"device": "gpu"}, "device='gpu' is not known. Did you mean 'cuda'"),
        ({"metric": "accurac"}, "metric='accurac' is not known. Did you mean 'accuracy'"),
        ({"seeds": 0}, "seeds=0 must be a whole number from 1"),
        ({"seeds": 1.5}, "seeds=1.5 must be a whole number"),
        ({"seeds": True}, "seeds=True must be a whole number"),
        ({"seed": -1}, "seed=-1 must be a whole number from 0"),
        ({"jobs": -1}, "jobs=-1 must be a whole number from 0"),
        ({"models": {"lsmt": {}}}, "No architecture called 'lsmt'. Did you mean 'lstm'"),
        ({"models": {"a": {"architecture": "mpl"}}}, "'mpl'. Did you mean 'mlp'"),
        ({"models": {"../a": {"architecture": "mlp"}}}, "its name is a folder"),
        ({"models": {"mlp": {"hiden_sizes": [3]}}}, "Did you mean 'hidden_sizes'"),
        ({"models": {"mlp": {"hidden_sizes": 3}}}, "a list of whole numbers from 1, such as"),
        ({"models": {"mlp": {"dropout": "much"}}}, "mlp.dropout='much' must be a number"),
        ({"models": {"lstm": {"bidirectional": 1}}}, "must be true or false, such as false"),
        ({"models": {"mlp": {"lr": 0}}}, "lr=0 is out of range"),
        ({"models": {"constant": {"lr": 0.1}}}, "constant.lr cannot be set"),
        ({"models": {"mlp": {"category_sizes": [3]}}}, "mlp.category_sizes cannot be set"),
        ({"models": {"mlp": 3}}, "mlp=3 must be a table of settings"),
        (
            {"models": {"wide": {"architecture": "mlp"}, "Wide": {"architecture": "mlp"}}},
            "in capitals only",
        ),
        ({"models": {"attention": {}}}, "attention cannot be trained by a run"),
        ({"models": {"vector_to_sequence": {}}}, "cannot be trained by a run"),
    ],
)
def test_what_is_wrong_is_refused_by_name(settings, words):
    with pytest.raises(RequestError, match=words):
        experiment(**settings)


@pytest.mark.parametrize("name", [name for name, row in CATALOG.items() if row.trainable])
def test_every_model_of_the_catalogue_can_be_asked_for(name):
    assert experiment(models={name: {}, "mine": {"architecture": name}})


def test_all_models_that_can_read_the_data_run_by_default():
    names = [model.name for model in choose_models(experiment(), TABLE)]
    assert {"constant", "linear", "boosting", "mlp", "ft_transformer"} <= set(names)
    assert not {"cnn", "lstm", "attention", "network"} & set(names)


def test_a_model_that_cannot_read_the_data_is_refused_by_name():
    asked = experiment(models={"lstm": {}}, all_that_fit=False)
    with pytest.raises(RequestError, match=r"lstm reads sequence data.*seen as table, plain"):
        choose_models(asked, TABLE)


def test_an_architecture_may_stand_twice_with_arguments_of_its_own():
    named = {"wide": {"architecture": "mlp", "hidden_sizes": [512], "lr": 0.1}, "mlp": {}}
    wide, mlp = choose_models(experiment(models=named, all_that_fit=False), TABLE)
    assert (wide.name, wide.row.name, wide.arguments) == ("wide", "mlp", {"hidden_sizes": [512]})
    assert (mlp.name, mlp.row.name, mlp.arguments) == ("mlp", "mlp", {})


def test_a_model_sees_the_first_view_it_prefers():
    chosen = {c.name: view_of(c, IMAGE) for c in choose_models(experiment(), IMAGE)}
    assert chosen["cnn"] == "image"
    assert chosen["lstm"] == "sequence"
    assert chosen["mlp"] == "vector"
    assert chosen["constant"] == "plain"


def test_a_model_keeps_the_recipe_of_the_run_but_for_what_it_sets():
    recipe = recipe_of(Recipe(lr=0.5, epochs=7), {"lr": 0.1, "hidden_sizes": [3]})
    assert (recipe.lr, recipe.epochs) == (0.1, 7)


def test_nothing_asked_means_everything_that_fits():
    assert select({}, (), {}) == ({}, True)


def test_a_setting_alone_changes_one_model_and_keeps_the_others():
    assert select({}, (), {"mlp": {"dropout": 0.1}}) == ({"mlp": {"dropout": 0.1}}, True)


def test_models_narrow_a_file_and_keep_its_settings():
    file = {"mlp": {"dropout": 0.1}, "linear": {}}
    assert select(file, ("mlp",), {}) == ({"mlp": {"dropout": 0.1}}, False)


def test_a_setting_goes_over_the_file():
    file = {"mlp": {"dropout": 0.1, "lr": 0.01}}
    assert select(file, (), {"mlp": {"dropout": 0.5}})[0] == {"mlp": {"dropout": 0.5, "lr": 0.01}}


def test_a_new_name_with_a_page_is_a_new_model():
    assert select({}, ("mlp",), {"wide": {"architecture": "mlp"}})[0] == {
        "mlp": {},
        "wide": {"architecture": "mlp"},
    }


def test_a_new_name_without_a_page_is_refused_with_the_way_on():
    with pytest.raises(
        RequestError, match=r"'wide' is not in this run.*--set wide.architecture=mlp"
    ):
        select({}, ("mlp",), {"wide": {"dropout": 0.1}})


def test_a_setting_of_a_model_that_does_not_run_is_refused():
    with pytest.raises(RequestError, match="'lstm' is not in this run"):
        select({}, ("mlp",), {"lstm": {"dropout": 0.1}})


def test_an_unknown_model_suggests_the_nearest_name():
    with pytest.raises(RequestError, match=r"No architecture called 'lsmt'\. Did you mean 'lstm'"):
        select({}, ("lsmt",), {})
