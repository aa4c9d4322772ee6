"""From what a person asks to an experiment: what is given goes over the file, the rest stays."""

import pytest

from bakeoff import RequestError
from bakeoff.errors import UnknownOption
from bakeoff.plan.request import demo_experiment, listed, name_of, request

FILE = """
[data]
path = "people.csv"
target = ["answer"]
[run]
seeds = 2
seed = 9
metric = "macro_f1"
framework = ["jax"]
[recipe]
lr = 0.5
[kinds]
age = "number"
[models.wide]
architecture = "mlp"
"""


@pytest.fixture
def file(tmp_path):
    path = tmp_path / "bakeoff.toml"
    path.write_text(FILE, "utf-8")
    return str(path)


def test_what_is_left_out_stays_as_in_the_file(file):
    found = request(file, {})
    assert (found.seeds, found.seed, found.metric, found.framework) == (2, 9, "macro_f1", ("jax",))
    assert found.recipe.lr == 0.5
    assert (found.models, found.all_that_fit) == ({"wide": {"architecture": "mlp"}}, False)


def test_what_is_given_goes_over_the_file(file):
    found = request(
        file, {"seeds": 4, "seed": 0, "framework": "torch", "lr": 0.1, "target": "price"}
    )
    assert (found.seeds, found.seed, found.framework) == (4, 0, ("torch",))
    assert (found.recipe.lr, found.target) == (0.1, ("price",))


def test_kinds_given_join_those_of_the_file(file):
    found = request(file, {"kinds": {"day": "time"}})
    assert found.kinds == {"age": "number", "day": "time"}


def test_an_unknown_option_suggests_the_nearest():
    with pytest.raises(UnknownOption, match=r"No option called 'epoch'\. Did you mean 'epochs'"):
        request("people.csv", {"epoch": 3})


@pytest.mark.parametrize(
    ("given", "split"),
    [
        ({"split": 0.2}, "random:60/20/20"),
        ({"split": "0.2"}, "random:60/20/20"),
        ({"test": 0.2}, "random:60/20/20"),
        ({"test": 0.1, "validation": 0.3}, "random:60/30/10"),
        ({"split": (0.8, 0.1, 0.1)}, "80/10/10"),
        ({"split": [80, 10, 10]}, "80/10/10"),
        ({"split": "time:day"}, "time:day"),
    ],
)
def test_a_share_of_the_rows_is_a_random_split(given, split):
    found = request("people.csv", given)
    assert (found.split, found.test, found.validation) == (split, "", "")


@pytest.mark.parametrize(
    ("given", "words"),
    [
        ({"split": 0.5}, "split=0.5 must be the share of the test rows"),
        ({"test": 20}, "test=20.0 must be the share"),
        ({"split": 0.2, "test": 0.2}, "say twice how the rows are split"),
        ({"split": 0.2, "test": "later.csv"}, "say twice how the rows are split"),
        ({"kinds": ["age", "colour"]}, r"inputs=\['age', 'colour'\] chooses columns; kinds={'age'"),
    ],
)
def test_what_cannot_be_meant_is_answered_with_what_can(given, words):
    with pytest.raises(RequestError, match=words):
        request("people.csv", given)


def test_names_are_parted_at_commas():
    assert listed(" mlp, lstm ,") == ("mlp", "lstm")
    assert listed(["a,b"]) == ("a,b",)


@pytest.mark.parametrize(
    ("data", "name"),
    [("water.csv.gz", "water"), ("/x/My data.csv", "My_data"), ("", "run"), ("digits", "digits")],
)
def test_a_run_is_called_after_its_data(data, name):
    assert name_of(request(data, {})) == name


def test_the_demo_needs_no_answers():
    assert demo_experiment().data == "digits"
