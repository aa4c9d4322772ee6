"""From what a person asks to an experiment: what is given goes over the file, the rest stays."""

import pytest

from bakeoff import RequestError
from bakeoff.plan.request import demo_experiment, listed, name_of, plan

FILE = """
[data]
path = "people.csv"
target = ["answer"]
[run]
seeds = 2
seed = 9
metric = "macro_f1"
frameworks = ["jax"]
[recipe]
lr = 0.5
[columns]
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
    found = plan(file)
    assert (found.seeds, found.seed, found.metric, found.frameworks) == (2, 9, "macro_f1", ("jax",))
    assert found.recipe.lr == 0.5
    assert (found.models, found.all_that_fit) == ({"wide": {"architecture": "mlp"}}, False)


def test_what_is_given_goes_over_the_file(file):
    found = plan(file, seeds=4, seed=0, framework="torch", recipe={"lr": 0.1}, target="price")
    assert (found.seeds, found.seed, found.frameworks) == (4, 0, ("torch",))
    assert (found.recipe.lr, found.target) == (0.1, ("price",))


def test_kinds_given_join_those_of_the_file(file):
    assert plan(file, columns={"day": "time"}).columns == {"age": "number", "day": "time"}


def test_an_unknown_setting_of_the_recipe_suggests_the_nearest():
    with pytest.raises(RequestError, match=r"no setting 'epoch'\. Did you mean 'epochs'"):
        plan("people.csv", recipe={"epoch": 3})


def test_names_are_parted_at_commas():
    assert listed(" mlp, lstm ,") == ("mlp", "lstm")
    assert listed(["a,b"]) == ("a,b",)


@pytest.mark.parametrize(
    ("data", "name"),
    [("water.csv.gz", "water"), ("/x/My data.csv", "My_data"), ("", "run"), ("digits", "digits")],
)
def test_a_run_is_called_after_its_data(data, name):
    assert name_of(plan(data)) == name


def test_the_demo_needs_no_answers():
    assert demo_experiment().data == "digits"
