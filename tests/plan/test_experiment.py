"""The experiment: every name is checked before any work, and models are what was asked."""

import re

import pytest

from bakeoff import CATALOG, Experiment, RequestError


def experiment(**settings):
    return Experiment(**{"data": "people.csv", **settings})


@pytest.mark.parametrize(
    ("settings", "words"),
    [
        (
            {"framework": ("pytorch",)},
            "No framework called 'pytorch' (framework=). Did you mean 'torch'",
        ),
        ({"framework": ("torch", "torch")}, "each framework once"),
        ({"framework": ()}, "each framework once"),
        ({"device": "gpu"}, "No device called 'gpu' (device=). Did you mean 'cuda'"),
        ({"metric": "accurac"}, "No metric called 'accurac' (metric=). Did you mean 'accuracy'"),
        ({"seeds": 0}, "seeds=0 is out of range: from 1 to 1,000. The default is 5."),
        ({"seeds": 1.5}, "seeds=1.5 must be an integer, such as 5."),
        ({"seeds": True}, "seeds=True must be an integer"),
        ({"seed": -1}, "seed=-1 is out of range: from 0"),
        ({"jobs": -1}, "jobs=-1 is out of range: from 0"),
        ({"models": {"lsmt": {}}}, "No architecture called 'lsmt'. Did you mean 'lstm'"),
        ({"models": {"a": {"architecture": "mpl"}}}, "'mpl'. Did you mean 'mlp'"),
        ({"models": {"../a": {"architecture": "mlp"}}}, "its name is a folder"),
        ({"models": {"mlp": {"hiden_sizes": [3]}}}, "Did you mean 'hidden_sizes'"),
        ({"models": {"mlp": {"hidden_sizes": 3}}}, "a list of integers from 1, such as"),
        (
            {"models": {"mlp": {"dropout": "much"}}},
            "models={'mlp': {'dropout': 'much'}} must be a number",
        ),
        ({"models": {"lstm": {"bidirectional": 1}}}, "must be true or false, such as false"),
        (
            {"models": {"mlp": {"lr": 0}}},
            "models={'mlp': {'lr': 0}} is out of range: above 0. The default is 0.001.",
        ),
        ({"models": {"constant": {"lr": 0.1}}}, "No setting of constant called 'lr'."),
        (
            {"models": {"mlp": {"category_sizes": [3]}}},
            "No setting of mlp called 'category_sizes'.",
        ),
        ({"models": {"mlp": 3}}, "models={'mlp': 3} must be a table of settings"),
        (
            {"models": {"wide": {"architecture": "mlp"}, "Wide": {"architecture": "mlp"}}},
            "in capitals only",
        ),
        ({"models": {"attention": {}}}, "attention cannot be trained by a run"),
        ({"models": {"network": {"input": "x"}}}, "goes with a single input alone"),
    ],
)
def test_what_is_wrong_is_refused_by_name(settings, words):
    with pytest.raises(RequestError, match=re.escape(words)):
        experiment(**settings)


@pytest.mark.parametrize("name", [name for name, row in CATALOG.items() if row.trainable])
def test_every_model_of_the_catalogue_can_be_asked_for(name):
    assert experiment(models={name: {}, "mine": {"architecture": name}})
