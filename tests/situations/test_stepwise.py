"""A target of each step, a series and a text as the answer: read, learned, judged, predicted."""

import numpy as np
import polars as pl
import pytest

import bakeoff
from bakeoff.data.read import read
from bakeoff.errors import DataError, RequestError
from bakeoff.runs.folder import RunFolder

QUICK = {"seeds": 1, "jobs": 1, "show": "none"}
GERMAN = {"one": "eins", "two": "zwei", "red": "rot", "cat": "katze", "and": "und"}


def steps_table(n: int = 60) -> pl.DataFrame:
    """Make sequences of 3 to 9 steps whose state says where the sum of x stands."""
    random = np.random.default_rng(0)
    rows = []
    for number in range(n):
        x = random.normal(size=random.integers(3, 10)).round(3)
        level = x.cumsum()
        state = np.where(level > 0, "up", "down")
        rows += [(f"s{number}", t, *own) for t, own in enumerate(zip(x, state, level, strict=True))]
    return pl.DataFrame(rows, schema=["id", "t", "x", "state", "level"], orient="row")


def pairs(n: int = 240) -> pl.DataFrame:
    """Make English and German texts of up to three words; the German ones are turned round."""
    random = np.random.default_rng(0)
    english = [random.choice([*GERMAN], random.integers(1, 4)).tolist() for _ in range(n)]
    german = [" ".join(GERMAN[word] for word in words[::-1]) for words in english]
    return pl.DataFrame({"english": [" ".join(words) for words in english], "german": german})


TEXTS = {"english": "text", "german": "text"}


def test_a_label_that_changes_within_sequences_is_one_of_each_step(tmp_path):
    table = steps_table().drop("level")
    own = {"sequence": "id", "time": "t", "target": "state"}
    assert repr(read(table, **own)).endswith("target state (a class of each step)>")
    models = ["constant", "linear", "gru"]
    run = bakeoff.run(table, models=models, epochs=30, lr=0.02, out=tmp_path, **own, **QUICK)
    board = run.leaderboard
    assert board.row(0, named=True)["model"] == "gru"
    assert board["score"].max() > 0.9
    frame = run.model("gru").predict(table)
    assert frame.columns == ["row", "id", "step", "prediction", "p:down", "p:up"]
    assert len(frame) == len(table)
    ordered = table.with_columns(pl.col("id").str.slice(1).cast(int).alias("n")).sort("n", "t")
    joined = ordered.with_columns(step=pl.col("t") + 1).join(frame, on=["id", "step"])
    assert (joined["state"] == joined["prediction"]).mean() > 0.9
    assert run.model("gru").score(table) > 0.9
    test = RunFolder(tmp_path).fit("gru", "torch", 0).predictions()
    assert len(np.unique(test.groups)) == 9  # a sequence is a group: its steps share its luck
    assert "test steps" in (tmp_path / "report.html").read_text("utf-8")


def test_numbers_of_each_step_are_learned_and_empty_ones_count_for_nothing(tmp_path):
    table = steps_table().drop("state")
    table = table.with_columns(
        pl.when(pl.col("t") == 1).then(None).otherwise("level").alias("level")
    )
    run = bakeoff.run(
        table, sequence="id", time="t", target="level", kinds={"level": "steps"},
        models=["linear", "rnn"], epochs=20, lr=0.02, out=tmp_path, **QUICK,
    )  # fmt: skip
    test = run.predictions.filter(pl.col("model") == "rnn")
    assert not (test["step"] == 2).any()
    assert run.leaderboard["score"].max() > 0.8


def test_a_label_that_changes_within_few_sequences_is_refused_with_the_way_on():
    table = steps_table().with_columns(pl.col("id").alias("label"))
    table = table.with_columns(
        pl.when((pl.col("id") == "s3") & (pl.col("t") == 1)).then(pl.lit("s4"))
        .otherwise("label").alias("label")
    )  # fmt: skip
    with pytest.raises(DataError, match=r"changes within 1 sequence: .* kinds={'label': 'steps'}"):
        read(table.drop("state", "level"), sequence="id", time="t", target="label")


@pytest.mark.parametrize(
    "framework", ["torch", pytest.param("tensorflow", marks=pytest.mark.nightly)]
)
def test_a_series_is_unfolded_from_a_vector(framework, tmp_path):
    random = np.random.default_rng(0)
    v, t = random.normal(size=(200, 2)).astype(np.float32), np.linspace(0, 1, 6)
    y = v[:, :1] * np.sin(3 * t) + v[:, 1:] * t
    run = bakeoff.run(
        {"x": v, "y": y[..., None]}, framework=framework, out=tmp_path,
        models=["constant", "linear", "mlp", "vector_to_sequence"][framework != "torch" :: 3],
        epochs=10 if framework == "torch" else 2, lr=0.01, **QUICK,
    )  # fmt: skip
    frame = run.best.predict(v[:3])
    assert frame.columns == ["row", "step", "prediction"]
    assert frame["row"].to_list() == [1] * 6 + [2] * 6 + [3] * 6
    if framework == "torch":
        assert run.leaderboard["score"].max() > 0.8


def test_steps_of_arrays_go_with_the_steps_of_the_input():
    x, lengths = np.zeros((50, 7, 2), np.float32), np.full(50, 5)
    x[:] = np.random.default_rng(0).normal(size=x.shape)
    y = np.where(x[..., 0] > 0, "a", "b")
    dataset = read({"x": x, "y": y, "x_lengths": lengths}, target="y", kinds={"y": "sequence"})
    assert dataset.schema.tasks == {"y": "step_classes"}
    assert dataset.arrays["y"].lengths.tolist() == [5] * 50
    written = read({"x": x, "y": y[:, :6]}, target="y", kinds={"y": "sequence"})
    assert written.schema.tasks == {"y": "text"}
    assert "no input has as many steps, so they are written as a text" in " ".join(written.notes)
    with pytest.raises(DataError, match=r"kinds={'y': 'sequence'} if they are the steps"):
        read({"x": x, "y": x[..., 0]}, target="y")


def test_a_text_is_written_and_judged_by_its_tokens(tmp_path):
    table = pairs()
    run = bakeoff.run(
        table, inputs=["english"], target="german", kinds=TEXTS, out=tmp_path,
        models=["constant", "rnn_seq2seq"], epochs=40, lr=0.02, patience=0, **QUICK,
    )  # fmt: skip
    board = run.leaderboard
    assert board["model"].to_list() == ["rnn_seq2seq", "constant"]
    assert board["metric"][0] == "token_log_loss"
    assert board["score"][0] < 0.3 < 1 < board["score"][1]
    fit = run.best
    said = fit.predict(table)["prediction"]
    assert (said == table["german"]).mean() > 0.8
    assert (fit.predict(table, beam=3)["prediction"] == table["german"]).mean() > 0.8
    assert fit.score(table) < 0.3
    report = (tmp_path / "report.html").read_text("utf-8")
    assert "Texts that were written" in report
    assert "perplexity" in report
    with pytest.raises(RequestError, match="only counts tokens"):
        run.model("constant").predict(table)


@pytest.mark.nightly
def test_a_text_is_written_in_tensorflow_and_carried_over(tmp_path):
    run = bakeoff.run(
        pairs(120), inputs=["english"], target="german", kinds=TEXTS, framework="tensorflow",
        models=["constant", "rnn_seq2seq"], epochs=2, out=tmp_path, **QUICK,
    )  # fmt: skip
    assert len(run.model("rnn_seq2seq").predict(pairs(5))) == 5


def test_a_text_stands_alone():
    table = pairs(60).with_columns(n=pl.int_range(60) % 4)
    with pytest.raises(RequestError, match="german is a text, which is predicted alone"):
        bakeoff.run(table, target=["german", "n"], kinds=TEXTS, **QUICK)
    with pytest.raises(RequestError, match="predicted from one input"):
        bakeoff.run(table, target="german", kinds=TEXTS, **QUICK)
    with pytest.raises(RequestError, match="No network writes a text of these data"):
        bakeoff.run(table, inputs=["n"], target="german", kinds=TEXTS, **QUICK)


def test_a_series_that_follows_from_sequences_is_judged_and_shown(tmp_path):
    x = np.random.default_rng(0).normal(size=(80, 6, 2))
    run = bakeoff.run(
        x, x[:, :1, 0] * np.ones((80, 4)), kinds={"y": "sequence"}, out=tmp_path / "r",
        models=["vector_to_sequence", "constant"], epochs=1, **QUICK,
    )  # fmt: skip
    assert run.verdict.target == "y"
    assert (tmp_path / "r" / "report.html").is_file()
