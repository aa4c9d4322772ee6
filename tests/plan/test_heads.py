"""Several targets of a run: how they are named, weighed and read again."""

import json
from dataclasses import replace

import numpy as np
import polars as pl
import pytest

import bakeoff
from bakeoff.catalog import Model, find
from bakeoff.data.preparing.preparation import fit_preparation
from bakeoff.data.preparing.preparation_file import load_preparation
from bakeoff.data.read import read
from bakeoff.data.splitting.split import make_split
from bakeoff.errors import BakeoffError, RequestError
from bakeoff.plan.heads import weights_by_target, with_heads
from bakeoff.report.report import write_report

QUICK = {"models": ["linear"], "seeds": 1, "jobs": 1, "show": "none"}


def made(n: int = 120) -> dict[str, object]:
    x = np.random.default_rng(0).normal(size=(n, 2))
    return {
        "x": x[:, 0],
        "z": x[:, 1],
        "kind": np.where(x[:, 0] > 0, "up", "down"),
        "price": 1e3 * x[:, 1],
        "has_a": (x[:, 0] > 0.5).astype(int),
        "has_b": (x[:, 1] > 0.5).astype(int),
    }


def test_targets_are_no_inputs_and_keep_their_order():
    dataset = read(made(), target=["price", "kind", "has_*"])
    assert dataset.schema.targets == ("price", "kind", "has")
    assert dataset.schema.inputs == ("x", "z")
    tasks = {"price": "regression", "kind": "binary", "has": "multilabel"}
    assert dataset.schema.tasks == tasks
    said = "targets price (a number), kind (binary), has (2 labels)"
    assert repr(dataset) == f"<Dataset 120 rows, 2 inputs, {said}>"


def test_names_with_commas_between_them_are_several_unless_a_column_is_called_so():
    assert read(made(), target="price, kind").schema.targets == ("price", "kind")
    odd = {**made(), "price,kind": ["u", "v"] * 60}
    assert read(odd, target="price,kind").schema.targets == ("price,kind",)


@pytest.mark.parametrize(
    ("target", "inputs", "said"),
    [
        (["price", "kin"], None, "No column called 'kin'.*Did you mean 'kind'"),
        (["price", "price"], None, "names 'price' twice"),
        (["has_*", "has_a"], None, "names 'has_a' twice"),
        (["price", "kind"], ["x", "kind"], "'kind' is a target, so it cannot be an input"),
    ],
)
def test_what_cannot_be_is_refused_in_one_sentence(target, inputs, said):
    with pytest.raises(RequestError, match=said):
        read(made(), target=target, inputs=inputs)


@pytest.mark.parametrize("data", ["digits", (np.ones((40, 3)), np.arange(40) % 2)])
def test_data_of_one_target_have_one(data):
    with pytest.raises(BakeoffError, match="names several targets"):
        read(data, target=["a", "b"])


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("prize=2", "No target called 'prize'.*Did you mean 'price'"),
        ("price=x", "must be TARGET=weight"),
        ("price=-1", "must be TARGET=weight"),
        ("price", "must be TARGET=weight"),
        ("price=0,kind=0", "leaves nothing to learn"),
    ],
)
def test_weights_that_cannot_be_are_refused(text, said):
    with pytest.raises(RequestError, match=said):
        weights_by_target(text, ("price", "kind"))


def test_one_target_is_not_weighed():
    with pytest.raises(RequestError, match="'price' is the only one"):
        weights_by_target("price=2", ("price",))


def test_what_was_fitted_is_read_back_with_all_targets(tmp_path):
    dataset = read(made(), target=["price", "kind", "has_*"])
    fitted = fit_preparation(dataset, make_split(dataset, None, seed=0))
    fitted.save(tmp_path)
    assert load_preparation(tmp_path).goals == fitted.goals
    kind = fitted.only("kind")
    assert (kind.task, kind.classes, kind.schema.targets) == ("binary", ("down", "up"), ("kind",))


def test_the_target_of_the_metric_leads_and_the_file_says_so(tmp_path):
    run = bakeoff.run(
        made(), ["price", "kind"], metric="kind:log_loss", out=tmp_path / "one", **QUICK
    )
    assert (run.verdict.target, run.verdict.metric) == ("kind", "log_loss")
    assert run.verdict.further == ("price",)
    text = (tmp_path / "one" / "bakeoff.toml").read_text("utf-8")
    assert 'target = ["kind", "price"]' in text
    assert 'metric = "log_loss"' in text
    board = run.leaderboard
    assert board.columns[:3] == ["rank", "tier", "target"]
    assert board["target"].to_list() == ["kind", "price"]
    assert run.predictions["truth"].dtype == pl.String
    assert run.predictions_of("price")["truth"].dtype == pl.Float64
    with pytest.raises(RequestError, match=r"No target called .prize.\. Did you mean .price."):
        run.predictions_of("prize")
    shares = run.best.predict_proba(made())
    assert (shares == run.best.predict_proba(made(), target="kind")).all()
    assert shares.shape == (len(made()["price"]), 2)
    with pytest.raises(RequestError, match="price has no classes"):
        run.best.predict_proba(made(), target="price")
    with pytest.raises(RequestError, match="No target called 'kin'"):
        run.best.predict_proba(made(), target="kin")
    assert run.best.score(made()) < 0.2


def test_encoders_get_a_head_for_each_target_and_other_pages_predict_all_by_themselves():
    whole = Model(name="s", row=find("transformer_seq2seq"), view="sequence")
    mlp = Model(name="mlp", row=find("mlp"), view="table")
    kept = with_heads([whole, mlp], ("a", "b"))
    assert [model.row.name for model in kept] == ["transformer_seq2seq", "network"]
    asked = replace(whole, arguments={"inner": {"a": "encoder"}})
    with pytest.raises(RequestError, match="transformer_seq2seq has one head for all targets"):
        with_heads([asked], ("a", "b"))


@pytest.mark.parametrize(
    "framework", ["torch", pytest.param("tensorflow", marks=pytest.mark.nightly)]
)
def test_a_page_that_is_no_encoder_scores_all_targets_side_by_side(framework, tmp_path):
    random = np.random.default_rng(0)
    series = random.normal(size=(400, 3, 2)).astype(np.float32)
    amount = series.mean((1, 2)) * 100
    arrays = {"series": series, "kind": np.where(amount > 0, "up", "down"), "amount": amount}
    small = {"model_size": 16, "num_heads": 2, "num_layers": 1, "dropout": 0.0}
    options = QUICK | {"models": {"transformer_seq2seq": small}, "epochs": 15, "lr": 0.01}
    run = bakeoff.run(
        arrays, "kind,amount", framework=framework, out=tmp_path / "r", batch_size=32, **options
    )
    scores = dict(run.leaderboard.select("target", "score").iter_rows())
    assert scores["kind"] > 0.7  # each is judged by its own numbers
    assert scores["amount"] > 0.5


def test_an_ensemble_of_members_predicts_all_targets_by_itself(tmp_path):
    run = bakeoff.run(
        made(), ["price", "kind", "has_*"], out=tmp_path / "r", **{**QUICK, "models": ["tabm"]}
    )
    assert run.leaderboard["target"].to_list() == ["price", "kind", "has"]
    assert run.leaderboard["status"].unique().to_list() == ["finished"]
    model = run.model("tabm")
    assert model.fit.job.out_features == 4  # a price, up or down, two labels
    assert model.predict(made()).height == len(made()["price"])


@pytest.mark.parametrize(
    ("field", "value", "said"),
    [
        ("weight", -1.0, "weight"),
        ("weight", "much", "weight"),
        ("task", "dream", "task"),
        ("num_classes", 7, "is of other targets than"),
        ("code", "rm", "code"),
    ],
)
def test_the_heads_of_a_strangers_fit_are_checked(field, value, said, tmp_path):
    run = bakeoff.run(made(), ["price", "kind"], out=tmp_path / "run", **QUICK)
    file = next((tmp_path / "run" / "fits").rglob("fit.json"))
    facts = json.loads(file.read_text("utf-8"))
    facts["heads"]["kind"][field] = value
    file.write_text(json.dumps(facts), "utf-8")
    with pytest.raises(BakeoffError, match=said):
        run.model("linear").predict(made())


def test_verdicts_of_other_targets_are_not_taken_for_each_other(tmp_path):
    run = bakeoff.run(made(), ["price", "kind", "has_*"], out=tmp_path / "run", **QUICK)
    folder = tmp_path / "run"
    (folder / "verdict.kind.json").write_bytes((folder / "verdict.has.json").read_bytes())
    with pytest.raises(BakeoffError, match="it is of 'has'"):
        write_report(run.files)
