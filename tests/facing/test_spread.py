"""The full spread: options, sizes and lengths drawn at random, for every page of the catalogue."""

import inspect

import numpy as np
import pytest
from hypothesis import HealthCheck, assume, given, settings
from hypothesis import strategies as st

from bakeoff.catalog import Row, load
from bakeoff.train.weights import get_weights, keras_weights, to_torch
from tests.facing.case import VIEWS, Case, build, default_case
from tests.facing.cases import PAGES

keras = pytest.importorskip("keras", reason="needs pip install 'bakeoff[tensorflow]'")
measure = pytest.importorskip("tests.facing.measure")

pytestmark = [pytest.mark.nightly, pytest.mark.xdist_group("tensorflow")]

WIDTHS = st.lists(st.integers(1, 9), max_size=3).map(tuple)
BLOCK = st.fixed_dictionaries(
    {"channels": st.integers(1, 6)},
    optional={
        "kernel_size": st.integers(1, 4),
        "stride": st.integers(1, 2),
        "dilation": st.integers(1, 2),
        "pool_size": st.integers(1, 3),
    },
)
# What an argument of this name may be, on whichever page it stands. A page knows not all of these
# values; what it refuses, the facing page has to refuse as well.
WORDS = {
    "hidden_sizes": WIDTHS,
    "head_sizes": WIDTHS,
    "activation": st.sampled_from(
        ["relu", "leaky_relu", "elu", "gelu", "silu", "tanh", "sigmoid", "softplus"]
    ),
    "head_activation": st.sampled_from(["relu", "gelu", "silu", "tanh"]),
    "norm": st.sampled_from(["none", "batch", "layer", "instance", "group"]),
    "merge": st.sampled_from(["concatenate", "sum", "mean"]),
    "pooling": st.sampled_from(
        ["last", "mean", "max", "attention", "token", "average", "adaptive_max", "none"]
    ),
    "final_pooling": st.sampled_from(["flatten", "average", "max"]),
    "convolution": st.sampled_from(["standard", "dilated", "depthwise", "separable"]),
    "padding": st.sampled_from(["same", "valid"]),
    "blocks": st.lists(st.one_of(st.integers(1, 6), BLOCK), min_size=1, max_size=3).map(tuple),
    "kernel_size": st.integers(1, 5),
    "stride": st.integers(1, 2),
    "pool_size": st.integers(1, 3),
    "model_size": st.sampled_from([4, 6, 8, 12]),
    "num_heads": st.sampled_from([1, 2, 3]),
    "num_layers": st.integers(1, 3),
    "feedforward_size": st.integers(1, 12),
    "num_frequencies": st.integers(0, 3),
    "num_members": st.integers(1, 4),
    "num_bins": st.integers(1, 6),
    "embedding_size": st.integers(1, 6),
    "vocabulary_size": st.sampled_from([0, 11]),
    "category_sizes": st.lists(st.integers(2, 6), max_size=3).map(tuple),
    "out_steps": st.integers(1, 4),
    "num_pairs": st.integers(0, 40),
    "channels": st.lists(st.integers(1, 6), min_size=1, max_size=3).map(tuple),
    "num_blocks": st.integers(1, 2),
    "patch_size": st.integers(1, 6),
    "cell": st.sampled_from(["lstm", "gru"]),
}


@st.composite
def cases(draw, row: Row) -> Case:
    """Draw arguments by their names, and inputs that fit them."""
    parameters = inspect.signature(load(row, "torch").__init__).parameters
    arguments = {"out_features": draw(st.integers(1, 4))}
    for name, parameter in parameters.items():
        if parameter.annotation is bool or isinstance(parameter.default, bool):
            arguments[name] = draw(st.booleans())
        elif name in WORDS and draw(st.booleans()):
            arguments[name] = draw(WORDS[name])
    view, batch = row.reads[0], draw(st.integers(2, 5))
    sizes = VIEWS[view][0]
    if view in ("image", "volume"):
        pixels = tuple(draw(st.integers(4, 14)) for _ in sizes["image_size"])
        channels = draw(st.integers(1, 3))
        arguments |= {"in_channels": channels, "image_size": pixels}
        return Case(arguments, {"x": ("image", batch, channels, *pixels)})
    if view == "window":  # numbers only, and as many steps as the row says
        first = default_case(row)
        for word in ("vocabulary_size", "token_targets"):
            arguments.pop(word, None)
        x = ("numbers", batch, *first.inputs["x"][2:])
        return Case({**arguments, **first.arguments}, {"x": x})
    arguments["in_features"] = features = draw(st.integers(1, 6))
    if view in ("table", "vector"):
        inputs = {"x": ("numbers", batch, features)}
        if arguments.get("category_sizes"):
            inputs["categories"] = ("categories", batch, *arguments["category_sizes"])
        return Case(arguments, inputs)
    if view == "text":
        arguments["vocabulary_size"] = 11
    length, vocabulary = draw(st.integers(1, 9)), arguments.get("vocabulary_size", 0)
    inputs = {"x": ("numbers", batch, length, features)}
    if vocabulary:
        inputs = {"x": ("tokens", batch, length, vocabulary)}
    if draw(st.booleans()):
        inputs["lengths"] = ("lengths", batch, length)
    return Case(arguments, inputs)


@pytest.mark.parametrize("row", [r for r in PAGES if r.reads[0] in VIEWS], ids=lambda row: row.name)
@settings(max_examples=40, deadline=None, suppress_health_check=list(HealthCheck))
@given(data=st.data())
def test_pages_agree_whatever_the_options(row: Row, data: st.DataObject):
    case = data.draw(cases(row))
    try:
        build(row.name, case, "torch")
    except ValueError:
        with pytest.raises(ValueError):  # what one page refuses, both refuse
            build(row.name, case, "tensorflow")
        assume(False)
    page, facing = measure.pair(row.name, case)
    outputs = measure.output_distance(page, facing, case)
    step = measure.step_distance(page, facing, case)
    if outputs > 1e-5 or step > 1e-4:  # where float32 itself is that unsure, more is allowed
        of_outputs, of_step = measure.rounding(page, case)
        assert outputs <= max(1e-5, 10 * of_outputs)
        assert step <= max(1e-4, 10 * of_step)
    weights, back = get_weights(page), to_torch(keras_weights(facing), page)
    assert all(np.array_equal(back[name], weight) for name, weight in weights.items())
