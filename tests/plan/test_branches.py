"""Promises of several inputs: each is read alone, and all together, by what can read it."""

import numpy as np
import pytest

from bakeoff import RequestError
from bakeoff.data.taking.sources import Rows
from bakeoff.data.taking.views import View
from bakeoff.plan.models import check_models, choose_models, select_models

X = View(inputs={"x": Rows(base=np.zeros((4, 2), np.float32), rows=np.arange(4))}, sizes={})
NAMES = ("the wave/sequence", "the wave/plain", "picture/image", "picture/sequence",
         "picture/vector", "picture/plain", "mixed", "mixed_plain")  # fmt: skip
VIEWS = dict.fromkeys(NAMES, X)


def chosen(models, **more):
    return {
        m.name: m for m in choose_models(models, views=VIEWS, all_that_fit=not models, **more)[0]
    }


def test_by_default_each_input_is_read_alone_and_all_together():
    models = chosen({})
    assert {name: model.view for name, model in models.items()} == {
        "constant": "mixed_plain",
        "all_boosting": "mixed_plain",
        "the_wave_gru": "the wave/sequence",
        "picture_cnn": "picture/image",
        "all": "mixed",
    }
    branches = models["all"].branches
    assert {name: own["architecture"] for name, own in branches.items()} == {
        "the wave": "gru",
        "picture": "cnn",
    }


def test_a_name_tells_the_input_and_its_architecture():
    names, everything = select_models({}, ["picture_cnn1d", "all", "the_wave_lstm"], {})
    models = chosen(names)
    assert not everything
    assert {name: (model.row.name, model.view) for name, model in models.items()} == {
        "picture_cnn1d": ("cnn1d", "picture/sequence"),
        "all": ("network", "mixed"),
        "the_wave_lstm": ("lstm", "the wave/sequence"),
    }


def test_what_only_one_input_can_be_needs_no_name():
    assert chosen({"cnn": {}})["cnn"].view == "picture/image"


def test_branches_and_their_settings_can_be_chosen():
    own = {"branches": {"picture": {"architecture": "mlp", "dropout": 0.5}, "the wave": "lstm"}}
    branches = chosen({"both": {"architecture": "network", **own}})["both"].branches
    assert branches["picture"]["view"] == "picture/vector"
    assert branches["picture"]["arguments"]["dropout"] == 0.5
    assert branches["the wave"]["architecture"] == "lstm"


def test_two_inputs_of_one_kind_can_share_a_branch():
    views = dict.fromkeys(("left/image", "right/image", "other/sequence", "mixed"), X)
    settings = {"all": {"architecture": "network", "share": ["left", "right"]}}
    (model,), _ = choose_models(settings, views=views, all_that_fit=False)
    assert model.branches["right"] == {"view": "right/image", "shared": "left"}
    settings["all"]["share"] = ["left", "other"]
    with pytest.raises(RequestError, match="left and other cannot share a branch"):
        choose_models(settings, views=views, all_that_fit=False)


@pytest.mark.parametrize(
    ("models", "message"),
    [
        ({"lstm": {}}, r"lstm reads one input, and 2 are possible: say models=\['the_wave_lstm'"),
        (
            {"x": {"architecture": "cnn", "input": "pictur"}},
            "called 'pictur'.*mean 'picture'",
        ),
        ({"x": {"architecture": "cnn", "input": "the wave"}}, "the wave can be read as sequence"),
        ({"all": {"branches": {"image": "cnn"}}}, "No input called 'image'"),
        ({"all": {"branches": {"picture": "embedding_bag"}}}, "embedding_bag cannot read picture"),
        ({"all": {"branches": {"picture": "boosting"}}}, "boosting cannot read picture"),
    ],
)
def test_what_cannot_be_read_is_refused_with_what_can(models, message):
    with pytest.raises(RequestError, match=message):
        chosen(models)


def test_where_there_is_one_input_nothing_is_joined():
    one = {"image": X, "plain": X}
    with pytest.raises(RequestError, match="all is of several inputs, and these data have one"):
        choose_models({"all": {}}, views=one, all_that_fit=False)
    with pytest.raises(RequestError, match="goes with a single input alone"):
        check_models({"all": {"input": "picture"}})
    with pytest.raises(RequestError, match="goes with a network of several inputs"):
        check_models({"cnn": {"share": ["left", "right"]}})
