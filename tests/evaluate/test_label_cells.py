"""Metrics of several labels: as in scikit-learn, and as the verdict needs them."""

import numpy as np
import pytest
from sklearn.metrics import f1_score

from bakeoff.errors import DataError
from bakeoff.evaluate.label_cells import per_label
from bakeoff.evaluate.metrics import METRICS, metrics_of, row_values, score, unit_values
from bakeoff.evaluate.predictions import Predictions, read_predictions, write_predictions


def predictions(n: int = 60, labels: int = 4, *, unknown: bool = False) -> Predictions:
    """Make predictions that are right more often than not."""
    random = np.random.default_rng(n)
    truth = (random.random((n, labels)) < 0.3).astype(float)
    scores = 0.3 * truth + 0.7 * random.random((n, labels))
    if unknown:
        truth[random.random(truth.shape) < 0.3] = np.nan
    names = tuple(f"l{k}" for k in range(labels))
    return Predictions(
        target="Class", rows=np.arange(1, n + 1), truth=truth, scores=scores, classes=names
    )


def test_scores_are_those_of_scikit_learn():
    own = predictions()
    said = own.scores > 0.5
    found = {name: score(METRICS[name], own) for name in ("micro_f1", "macro_f1_labels")}
    assert found["micro_f1"] == pytest.approx(f1_score(own.truth, said, average="micro"))
    assert found["macro_f1_labels"] == pytest.approx(f1_score(own.truth, said, average="macro"))
    exact = (own.truth == said).all(1).mean()
    assert score(METRICS["exact_match"], own) == pytest.approx(exact)


def test_a_cell_that_nobody_knows_counts_for_nothing():
    own = predictions(unknown=True)
    known = ~np.isnan(own.truth)
    expected = f1_score(own.truth[known], own.scores[known] > 0.5)
    assert score(METRICS["micro_f1"], own) == pytest.approx(expected)


def test_values_of_rows_have_micro_f1_as_their_mean_and_its_spread():
    own = predictions(n=400)
    values = row_values(METRICS["micro_f1"], own)
    assert values.mean() == pytest.approx(score(METRICS["micro_f1"], own))
    random = np.random.default_rng(0)
    drawn = [score(METRICS["micro_f1"], own.take(random.integers(0, 400, 400))) for _ in range(300)]
    assert values.std() / 20 == pytest.approx(np.std(drawn), rel=0.15)


@pytest.mark.parametrize("name", ["micro_f1", "macro_f1_labels", "exact_match"])
def test_leaving_a_group_out_is_the_score_of_the_others(name):
    own = predictions(n=90)
    units = np.arange(90) % 3
    whole = score(METRICS[name], own)
    values = unit_values(METRICS[name], own, units)
    others = [score(METRICS[name], own.take(units != unit)) for unit in range(3)]
    assert values == pytest.approx([whole + 2 * (whole - other) for other in others])


def test_no_share_of_right_cells_is_offered():
    assert [metric.name for metric in metrics_of("multilabel")] == [
        "micro_f1",
        "macro_f1_labels",
        "exact_match",
    ]


def test_a_label_that_no_row_judged_has_is_left_out_of_the_mean_and_shown():
    own = predictions()
    own.truth[:, 2] = 0.0
    lines = per_label(own)
    assert np.isnan(lines[2].f1)
    rest = [line.f1 for line in lines if line.support]
    assert score(METRICS["macro_f1_labels"], own) == pytest.approx(np.mean(rest))


def test_labels_are_written_as_texts_and_read_back(tmp_path):
    own = predictions(unknown=True)
    write_predictions(own, tmp_path / "p.parquet")
    back = read_predictions(tmp_path / "p.parquet")
    assert back.several
    assert np.array_equal(back.truth, own.truth, equal_nan=True)
    assert np.array_equal(back.scores, own.scores)
    frame = own.frame()
    assert frame.columns[:3] == ["row", "truth", "prediction"]
    said = [name for name, p in zip(own.classes, own.scores[0], strict=True) if p > 0.5]
    assert frame["prediction"][0] == "|".join(said)


def test_a_strangers_labels_are_0_or_1(tmp_path):
    import polars as pl

    path = tmp_path / "p.parquet"
    write_predictions(predictions(), path)
    notes = {"bakeoff.target": "Class", "bakeoff.task": "multilabel"}
    pl.read_parquet(path).with_columns(pl.lit(7).alias("t:l1")).write_parquet(path, metadata=notes)
    with pytest.raises(DataError, match="'t:l1' holds what is neither 0 nor 1"):
        read_predictions(path)
