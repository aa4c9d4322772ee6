"""Predictions come out as the labels went in, and what new data lacks is said."""

import numpy as np
import polars as pl
import pytest

import bakeoff


@pytest.fixture(scope="module")
def shops():
    rng = np.random.default_rng(0)
    area = rng.choice(["north", "south", "east"], 120)
    return pl.DataFrame({"area": area, "size": rng.normal(size=120), "north": area == "north"})


@pytest.mark.parametrize(
    ("labels", "dtype"),
    [
        ([False, True], pl.Boolean),
        ([0, 1], pl.Int64),
        ([0.0, 1.0], pl.Float64),
        (["no", "yes"], pl.String),
        (["False", "True"], pl.String),
    ],
)
def test_predictions_have_the_type_of_the_labels(labels, dtype, shops, tmp_path):
    y = [labels[int(north)] for north in shops["north"]]
    run = bakeoff.run(
        shops.drop("north").with_columns(y=pl.Series(y)),
        target="y",
        models=["linear"],
        seeds=1,
        jobs=1,
        out=tmp_path / "run",
        show="none",
    )
    predicted = run.best.predict(shops)
    assert predicted["prediction"].dtype == dtype
    assert predicted["prediction"].to_list() == y
    assert list(run.best.classes) == labels
    stored = run.predictions
    assert (stored["prediction"].dtype, stored["truth"].dtype) == (dtype, dtype)
    assert stored["truth"].to_list() == [y[row - 1] for row in stored["row"]]


def test_a_category_that_training_lacks_is_counted_with_an_example(shops, tmp_path):
    run = bakeoff.run(
        shops, target="north", models=["linear"], seeds=1, jobs=1, out=tmp_path / "r", show="none"
    )
    new = shops.with_columns(pl.col("area").str.to_uppercase())
    with pytest.warns(UserWarning, match=r"area: 120 cells hold categories that no .*'NORTH'"):
        run.best.predict(new)
