"""Situations of group E that people met with other tools: what is predicted, through a run."""

import numpy as np
import polars as pl
import pytest

import bakeoff

QUICK = {"seeds": 1, "jobs": 1, "show": "none"}


def many_labels(n: int = 200) -> pl.DataFrame:
    """Make 20 labels of which each row has one, and numbers that say nothing of it."""
    random = np.random.default_rng(0)
    labels = {f"L{k}": (np.arange(n) % 20 == k).astype(int) for k in range(20)}
    return pl.DataFrame({"x": random.normal(size=n), "z": random.normal(size=n), **labels})


def test_a_model_that_says_no_label_scores_nothing(tmp_path):
    """E 73: 95 % of its cells are right."""
    run = bakeoff.run(
        many_labels(), target="L*", models=["constant", "mlp"], epochs=1, out=tmp_path, **QUICK
    )
    board = run.leaderboard
    constant = board.filter(pl.col("model") == "constant").row(0, named=True)
    assert (constant["metric"], constant["score"]) == ("micro_f1", 0.0)
    numbers = board.filter(pl.col("model") == "constant").select(pl.col(pl.Float64)).row(0)
    assert not any(value is not None and 0.9 < value < 1.0 for value in numbers)
    assert set(run.model("constant").predict(many_labels())["prediction"]) == {""}


@pytest.mark.parametrize("framework", ["torch", "tensorflow"])
def test_several_labels_are_learned_and_predicted(framework, tmp_path):
    random = np.random.default_rng(0)
    x = random.normal(size=(300, 3))
    made = {f"x{k}": x[:, k] for k in range(3)}
    made |= {f"up{k}": (x[:, k] > 0).astype(float) for k in range(3)}
    made["up0"][::5] = np.nan
    run = bakeoff.run(
        pl.DataFrame(made, nan_to_null=True),
        target="up*",
        models=["mlp", "linear", "boosting"],
        framework=framework,
        epochs=25,
        lr=0.01,
        out=tmp_path,
        **QUICK,
    )
    assert run.leaderboard["score"].min() > 0.9
    fit = run.model("mlp")
    frame = fit.predict({name: values[:5] for name, values in made.items() if name[0] == "x"})
    assert frame.columns == ["row", "prediction", "p:up0", "p:up1", "p:up2"]
    true = [[f"up{k}" for k in range(3) if row[k] > 0] for row in x[:5]]
    said = zip(frame["prediction"], true, strict=True)
    assert sum(own == "|".join(labels) for own, labels in said) >= 3
    assert fit.score(pl.DataFrame(made, nan_to_null=True)) > 0.9
    assert "Each label." in (tmp_path / "report.html").read_text("utf-8")
    assert 'target = ["up*"]' in (tmp_path / "bakeoff.toml").read_text("utf-8")
