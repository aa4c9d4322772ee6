"""The catalogue: names are found, near ones are suggested, and no row needs more than a row."""

import pytest

from bakeoff import RequestError
from bakeoff.catalog import FRAMEWORKS, ROWS, find


@pytest.mark.parametrize(("typed", "meant"), [("lsmt", "lstm"), ("xgboost", "boosting")])
def test_an_unknown_architecture_suggests_the_nearest(typed, meant):
    with pytest.raises(RequestError, match=f"No architecture called '{typed}'.*'{meant}'"):
        find(typed)


@pytest.mark.parametrize("name", [row.name for row in ROWS if not row.trainable])
def test_a_run_is_not_offered_what_it_cannot_train(name):
    assert find(name).name == name
    with pytest.raises(RequestError, match=f"{name} cannot be trained by a run"):
        find(name, trainable=True)
    with pytest.raises(RequestError) as caught:
        find("no such architecture", trainable=True)
    assert f" {name}," not in str(caught.value)


def test_every_row_says_what_it_is_good_for_and_when_to_avoid_it():
    for row in ROWS:
        for sentence in (row.good_for, row.avoid_when):
            assert sentence.endswith("."), row.name
            assert "page" not in sentence.split(), row.name


def test_frameworks_are_listed_once():
    assert FRAMEWORKS == ("torch", "tensorflow", "jax")
