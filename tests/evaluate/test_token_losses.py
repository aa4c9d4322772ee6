"""Metrics of texts: ratios over tokens, with the spread that the verdict needs."""

import numpy as np
import pytest

from bakeoff.errors import DataError
from bakeoff.evaluate.metrics import METRICS, metrics_of, row_values, score, task_of, unit_values
from bakeoff.evaluate.predictions import Predictions, read_predictions, write_predictions


def predictions(n: int = 60) -> Predictions:
    random = np.random.default_rng(n)
    tokens = random.integers(1, 30, n)
    lost = random.gamma(2.0, size=n) * tokens
    scores = np.stack([lost, tokens, random.binomial(tokens, 0.4)], axis=1).astype(float)
    texts = np.full(n, None, object)
    texts[:3] = ["ein mann", "", "zwei"]
    truth = np.array(["ein hund"] * n, object)
    rows = np.arange(1, n + 1)
    return Predictions(target="german", rows=rows, truth=truth, scores=scores, texts=texts)


def test_long_texts_count_by_their_tokens():
    own = predictions()
    sums = own.scores.sum(0)
    assert score(METRICS["token_log_loss"], own) == pytest.approx(sums[0] / sums[1])
    assert score(METRICS["token_accuracy"], own) == pytest.approx(sums[2] / sums[1])
    assert task_of(own) == "text"
    assert [m.name for m in metrics_of("text")] == ["token_log_loss", "token_accuracy"]


@pytest.mark.parametrize("name", ["token_log_loss", "token_accuracy"])
def test_values_of_rows_have_the_metric_as_their_mean_and_its_spread(name):
    own = predictions(n=400)
    values = row_values(METRICS[name], own)
    assert values.mean() == pytest.approx(score(METRICS[name], own))
    random = np.random.default_rng(0)
    drawn = [score(METRICS[name], own.take(random.integers(0, 400, 400))) for _ in range(300)]
    assert values.std() / 20 == pytest.approx(np.std(drawn), rel=0.15)


@pytest.mark.parametrize("name", ["token_log_loss", "token_accuracy"])
def test_leaving_a_group_out_is_the_score_of_the_others(name):
    own = predictions(n=90)
    units = np.arange(90) % 3
    whole = score(METRICS[name], own)
    others = [score(METRICS[name], own.take(units != unit)) for unit in range(3)]
    found = unit_values(METRICS[name], own, units)
    assert found == pytest.approx([whole + 2 * (whole - other) for other in others])


def test_texts_are_written_and_read_again(tmp_path):
    own = predictions()
    write_predictions(own, tmp_path / "german.parquet")
    read = read_predictions(tmp_path / "german.parquet")
    assert read.texts.tolist() == own.texts.tolist()
    assert np.array_equal(read.scores, own.scores)
    assert own.frame().columns == ["row", "truth", "prediction", "log_loss", "tokens", "hits"]


def test_steps_are_written_and_read_again(tmp_path):
    own = Predictions(
        target="y", rows=np.array([1, 1, 2]), truth=np.array(["a", "b", "a"], object),
        scores=np.eye(2)[[0, 1, 1]], classes=("a", "b"), groups=np.array([0, 0, 1]),
        group_column="row", steps=np.array([1, 2, 1]),
    )  # fmt: skip
    write_predictions(own, tmp_path / "y.parquet")
    read = read_predictions(tmp_path / "y.parquet")
    assert read.steps.tolist() == [1, 2, 1]
    assert read.groups.tolist() == [0, 0, 1]


def test_scores_of_another_width_are_refused():
    own = predictions()
    with pytest.raises(DataError, match=r"need scores of shape \(60, 3\)"):
        Predictions(
            target="y", rows=own.rows, truth=own.truth, scores=own.scores[:, :2], texts=own.texts
        )
