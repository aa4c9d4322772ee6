"""Both pages of an architecture are one function: the promise of every row of the catalogue."""

import inspect
import re

import numpy as np
import pytest

from bakeoff.catalog import Row, load
from bakeoff.train.build_network import count_parameters
from bakeoff.train.weights import get_weights, keras_weights, to_torch
from tests.facing.case import Case, build, channels_last, draw, leaves
from tests.facing.cases import CASES, PAGES

keras = pytest.importorskip("keras", reason="needs pip install 'bakeoff[tensorflow]'")
measure = pytest.importorskip("tests.facing.measure")

FIRST = dict(reversed(CASES))  # the first case of each page

pytestmark = pytest.mark.xdist_group("tensorflow")  # one process imports it, once


@pytest.fixture(scope="module", params=CASES, ids=lambda case: f"{case[0]}-{case[1]}")
def pages(request):
    name, case = request.param
    return *measure.pair(name, case), case


def test_same_weights_give_the_same_outputs(pages):
    page, facing, case = pages
    assert measure.output_distance(page, facing, case) <= 1e-5


def test_weights_survive_the_way_there_and_back(pages):
    page, facing, _ = pages
    ours = get_weights(page)
    back = to_torch(keras_weights(facing), page)
    assert ours.keys() == back.keys()
    for name, weight in ours.items():
        np.testing.assert_array_equal(weight, back[name], err_msg=name)


def test_one_step_of_sgd_gives_the_same_weights(pages):
    page, facing, case = pages
    assert measure.step_distance(page, facing, case) <= 1e-4


def test_parameters_are_counted_alike(pages):
    page, facing, _ = pages
    assert count_parameters(page) == count_parameters(facing)


@pytest.mark.parametrize(("name", "case"), FIRST.items(), ids=FIRST)
def test_keras_page_runs_in_a_graph_of_unknown_batch_and_length(name: str, case: Case):
    import tensorflow as tf

    facing = build(name, case, "tensorflow")
    arrays = channels_last(case, draw(case))
    free = 2 if "lengths" in case.inputs else 1  # leading dimensions that the graph leaves open
    signature = tf.nest.map_structure(
        lambda a: tf.TensorSpec([None] * min(free, a.ndim) + list(a.shape[free:]), a.dtype), arrays
    )
    graph = tf.function(lambda inputs: facing(**inputs), input_signature=[signature])
    traced = leaves(graph(tf.nest.map_structure(tf.constant, arrays)))
    for ours, theirs in zip(traced, leaves(facing(**arrays)), strict=True):
        assert measure.distance(np.array(ours), np.array(theirs)) <= 1e-5


@pytest.mark.parametrize("row", PAGES, ids=lambda row: row.name)
def test_pages_have_the_same_arguments_and_defaults(row: Row):
    ours, theirs = load(row, "torch"), load(row, "tensorflow")
    assert inspect.signature(ours.__init__) == inspect.signature(theirs.__init__)
    takes = [*inspect.signature(ours.forward).parameters]
    assert [*inspect.signature(theirs.call).parameters] == [*takes, "training"]
    assert takes[1] == "x"
    assert set(takes[2:]) == set(row.takes)


@pytest.mark.parametrize("row", PAGES, ids=lambda row: row.name)
def test_pages_have_the_same_docstrings_but_for_shape_and_example(row: Row):
    ours, theirs = load(row, "torch"), load(row, "tensorflow")
    assert inspect.getmodule(ours).__doc__ == inspect.getmodule(theirs).__doc__
    assert without_shape_and_example(ours) == without_shape_and_example(theirs)


def without_shape_and_example(page: type) -> str:
    """Return a docstring without its sections Shape and Example."""
    return re.sub(r"(?ms)^(Shape|Example):\n(^ .*\n|^\n)*", "", inspect.getdoc(page) + "\n")
