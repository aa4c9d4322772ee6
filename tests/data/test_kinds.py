"""Promises of the table of kinds."""

import numpy as np
import pytest

from bakeoff.data.kinds import KINDS
from bakeoff.data.preparing.preparation import TRANSFORMS
from bakeoff.data.read import read
from bakeoff.errors import RequestError

every_kind = pytest.mark.parametrize("kind", KINDS.values(), ids=lambda kind: kind.name)


@every_kind
def test_the_transform_of_a_kind_exists(kind):
    assert not kind.transform or kind.transform in TRANSFORMS
    assert kind.counted


@every_kind
def test_a_kind_can_be_asked_for_of_cells_or_of_arrays(kind):
    cells = {"words": ["u", "v"] * 20, "times": ["2020-01-02", "2021-03-04"] * 20}
    if kind.cells:
        data = {
            "a": cells.get(kind.cells, [1.5, 2.5] * 20),
            "b": np.arange(40) / 7,
            "y": [0, 1] * 20,
        }
        schema = read(data, target="y", kinds={"a": kind.name}).schema
        assert schema.column("a").kind == kind.name
    elif kind.axes:
        x = np.ones((40, *range(2, 1 + max(kind.axes))), np.uint8)
        dataset = read((x, np.arange(40) % 4), kinds={"x": kind.name})
        assert dataset.schema.column("x").kind == kind.name
    elif kind.target:
        schema = read((np.ones((40, 2)), np.eye(40)), kinds={"y": kind.name}).schema
        assert schema.column("y").kind == kind.name
    assert kind.cells or kind.axes or kind.target


@every_kind
def test_only_kinds_with_a_transform_go_in(kind):
    cells = {"words": ["u", "v"] * 20, "times": ["2020-01-02", "2021-03-04"] * 20}
    data = {"a": cells.get(kind.cells, [1.5, 2.5] * 20), "b": np.arange(40) / 7, "y": [0, 1] * 20}
    if kind.name == "text":  # is read alone, as yet
        del data["b"]
    if kind.cells:
        inputs = read(data, target="y", kinds={"a": kind.name}).schema.inputs
        assert ("a" in inputs) == bool(kind.transform)


def test_a_kind_that_an_array_cannot_have_is_refused_with_those_it_can():
    with pytest.raises(RequestError, match=r"No kind of array called 'text'.*Known: number, image"):
        read((np.ones((40, 3)), np.arange(40) % 4), kinds={"x": "text"})
