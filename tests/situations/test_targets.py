"""Situations of group E that people met with other tools: what is predicted, through a run."""

import numpy as np
import polars as pl
import pytest

import bakeoff
from bakeoff.data.read import read
from bakeoff.errors import RequestError

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
        models=["mlp"] if framework == "tensorflow" else ["mlp", "linear", "boosting"],
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


def two_targets(n: int = 400) -> dict[str, object]:
    """Make two targets of three classes, each told by a number of its own."""
    x = np.random.default_rng(0).normal(size=(n, 2))
    cut = np.digitize(x, [-0.4, 0.4])
    return {
        "a": x[:, 0],
        "b": x[:, 1],
        "zeta": np.array(["p", "q", "r"])[cut[:, 0]],
        "alpha": np.array(["u", "v", "w"])[cut[:, 1]],
    }


@pytest.mark.parametrize(
    ("framework", "target"),
    [
        ("torch", ("zeta", "alpha")),
        ("torch", ("alpha", "zeta")),
        ("tensorflow", ("zeta", "alpha")),
    ],
)
def test_each_target_is_judged_against_its_own_column(framework, target, tmp_path):
    """E 65: whatever the order of their names."""
    run = bakeoff.run(
        two_targets(),
        target,
        models=["mlp"],
        framework=framework,
        epochs=25,
        lr=0.03,
        patience=0,
        out=tmp_path / "run",
        **QUICK,
    )
    scores = dict(run.leaderboard.select("target", "score").iter_rows())
    assert list(scores) == list(target)
    assert min(scores.values()) > 0.93
    assert (run.verdict.target, run.verdict.further) == (target[0], target[1:])
    said = run.best.predict({name: two_targets()[name] for name in "ab"})
    for name in target:
        right = said[f"prediction:{name}"].to_numpy() == two_targets()[name]
        assert right.mean() > 0.93
    page = (tmp_path / "run" / "report.html").read_text("utf-8")
    assert all(f"Results for <q>{name}</q>" in page for name in target)


def with_gaps(n: int = 300) -> dict[str, object]:
    """Make three targets, each empty in 60 % of the rows, and all of them in 5 %."""
    random = np.random.default_rng(0)
    x = random.normal(size=(n, 3))
    made = {f"x{k}": x[:, k] for k in range(3)}
    for k in range(3):
        empty = random.random(n) < 0.6
        empty[k::3][:10] = False
        empty[::20] = True
        made[f"y{k}"] = [None if e else v for e, v in zip(empty, x[:, k].tolist(), strict=True)]
    return made


def test_a_row_that_lacks_a_target_counts_for_the_others(tmp_path):
    """E 67: and is left out where it lacks all."""
    made = with_gaps()
    known = np.array([[value is not None for value in made[f"y{k}"]] for k in range(3)])
    dataset = read(made, target=["y0", "y1", "y2"])
    assert len(dataset) == known.any(axis=0).sum()
    counts = ", ".join(f"y{k} {known[k].sum()}" for k in range(3))
    assert f"Rows with a value: {counts}." in " ".join(dataset.notes)
    run = bakeoff.run(
        made,
        ["y0", "y1", "y2"],
        models=["mlp", "linear"],
        batch_size=2,  # many batches without a value of the third
        epochs=3,
        out=tmp_path,
        **QUICK,
    )
    scores = run.leaderboard["score"].to_numpy()
    assert np.isfinite(scores.astype(float)).all()
    rows = {
        name: set(run.leaderboard.filter(pl.col("target") == name)["test_rows"])
        for name in made
        if name[0] == "y"
    }
    test = [np.isin(np.arange(1, 301), rows_tested(run)) & own for own in known]
    assert rows == {f"y{k}": {int(test[k].sum())} for k in range(3)}


def rows_tested(run: bakeoff.Run) -> np.ndarray:
    """Return the rows of the test part."""
    table = pl.read_parquet(run.folder / "data" / "split.parquet")
    return table.filter(pl.col("part") == "test")["row"].to_numpy()


def test_the_unit_of_one_target_does_not_change_the_other(tmp_path):
    """E 71: a target in millions, beside classes."""
    made = two_targets(600)
    made["amount"] = 1e6 * (2 + made["a"] - made["b"])
    answers, factor = [], 1000.0
    for times in (1.0, factor):
        own = {**made, "amount": made["amount"] * times}
        del own["zeta"]
        run = bakeoff.run(
            own, ["amount", "alpha"], models=["mlp"], epochs=60, lr=0.01, patience=0,
            out=tmp_path / str(times), **QUICK,
        )  # fmt: skip
        answers.append(run.best.predict(own))
        scores = dict(run.leaderboard.select("target", "score").iter_rows())
        assert scores["amount"] >= 0.95
        assert scores["alpha"] >= 0.95
    shares = [frame.select(pl.col("^p:.*$")).to_numpy() for frame in answers]
    assert np.allclose(*shares, atol=1e-5)
    amounts = [frame["prediction:amount"].to_numpy() for frame in answers]
    assert np.allclose(amounts[0] * factor, amounts[1], rtol=1e-5)


def test_a_column_of_numbers_is_compared_row_by_row(tmp_path):
    """E 81: y (N, 1) is y (N,), never N × N comparisons; by night in TensorFlow as well."""
    check_rows_are_compared("torch", tmp_path)


def check_rows_are_compared(framework, tmp_path):
    """Train on y (N,) and on y (N, 1): the answers are the same, and right."""
    x = np.random.default_rng(0).uniform(size=(256, 1)).astype(np.float32)
    scores, answers = [], []
    for y in (x[:, 0], x):
        run = bakeoff.run(
            x, y, models=["mlp"], framework=framework, batch_size=64, epochs=30, lr=0.03,
            patience=0, out=tmp_path / f"axes{y.ndim}", **QUICK,
        )  # fmt: skip
        scores.append(run.leaderboard["score"][0])
        answers.append(run.best.predict(x)["prediction"].to_numpy())
    assert scores[0] >= 0.99
    assert scores[0] == scores[1]
    assert np.array_equal(*answers)


def test_a_quantile_has_its_share_of_the_numbers_below_it(tmp_path):
    random = np.random.default_rng(0)
    x = random.normal(size=600)
    table = {"x": x, "y": 2 * x + random.normal(size=600)}
    run = bakeoff.run(
        table, target="y", models=["mlp"], loss="quantile", quantile=0.9, epochs=30, lr=0.01,
        out=tmp_path, **QUICK,
    )  # fmt: skip
    below = table["y"] < run.best.predict(table)["prediction"].to_numpy()
    assert 0.85 < below.mean() < 0.95
    with pytest.raises(RequestError, match=r"quantile=0\.9 goes with loss=.quantile."):
        bakeoff.run(table, target="y", models=["mlp"], quantile=0.9, **QUICK)


def test_class_weights_of_several_targets_are_told_by_target(tmp_path):
    table = two_targets()
    weighed = {"class_weights": "zeta:q=4,alpha:u=2", "label_smoothing": 0.1}
    run = bakeoff.run(
        table, target=("zeta", "alpha"), models=["mlp"], epochs=1, out=tmp_path, **weighed, **QUICK
    )
    heads = run.best.fit.job.heads
    assert list(heads["zeta"]["class_weights"]) == [1.0, 4.0, 1.0]
    assert list(heads["alpha"]["class_weights"]) == [2.0, 1.0, 1.0]
    with pytest.raises(RequestError, match=r"No target called 'zetta'.*Did you mean 'zeta'"):
        bakeoff.run(
            table, target=("zeta", "alpha"), models=["mlp"], class_weights="zetta:q=4", **QUICK
        )


def test_an_auxiliary_target_is_judged_and_never_followed(tmp_path):
    run = bakeoff.run(
        two_targets(), target=("zeta", "alpha"), auxiliary="alpha", models=["mlp"], epochs=2,
        out=tmp_path, **QUICK,
    )  # fmt: skip
    heads = run.best.fit.job.heads
    assert heads["alpha"]["auxiliary"] is True
    assert "auxiliary" not in heads["zeta"]
    assert run.verdict.further == ("alpha",)
    assert 'auxiliary = ["alpha"]' in (tmp_path / "bakeoff.toml").read_text("utf-8")
    for asked, message in (
        ("zeta", "is the target that the winner follows"),
        ("beta", "No target"),
    ):
        with pytest.raises(RequestError, match=message):
            bakeoff.run(
                two_targets(), target=("zeta", "alpha"), auxiliary=asked, models=["mlp"], **QUICK
            )


@pytest.mark.parametrize(
    ("inner", "words"),
    [
        ({"size": "blocks.0"}, "No target called 'size'"),
        ({"b": "hidden.7"}, "Did you mean 'encoders.0.hidden.1'"),
        (3, "must be such as"),
    ],
)
def test_a_part_that_no_head_can_read_is_refused(inner, words, tmp_path):
    table = {"x": [k % 7 / 3 for k in range(40)], "a": ["u", "v"] * 20, "b": ["u", "v"] * 20}
    with pytest.raises(RequestError, match=words):
        bakeoff.run(
            table, ["a", "b"], models={"mlp": {"inner": inner}}, seeds=1, show="none",
            out=tmp_path / "run",
        )  # fmt: skip


def test_an_auxiliary_head_reads_an_inner_part_and_is_predicted_with_it(tmp_path):
    table = {
        "x": [k % 7 / 3 for k in range(60)],
        "a": ["u", "v"] * 30,
        "b": ["u"] * 30 + ["v"] * 30,
    }
    run = bakeoff.run(
        table, ["a", "b"], auxiliary="b", models={"mlp": {"inner": {"b": "hidden.0"}}}, seeds=1,
        epochs=2, show="none", out=tmp_path / "run",
    )  # fmt: skip
    model = run.model("mlp")
    assert model.fit.job.arguments["inner"] == {"b": "encoders.0.hidden.0"}
    assert model.model.heads[1].in_features == model.model.encoders[0].hidden[0].out_features
    predicted = bakeoff.open_run(run.folder).best.predict({"x": [3, 50]})
    assert {"prediction:a", "prediction:b"} <= set(predicted.columns)
