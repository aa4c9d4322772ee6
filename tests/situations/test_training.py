"""Situations of training that went wrong in other tools."""

import numpy as np
import polars as pl
import pytest
import torch

import bakeoff
from bakeoff.torch_models.fit import fit, predict
from bakeoff.torch_models.losses import loss_of
from bakeoff.torch_models.mlp import MLP


def noise(seed: int) -> tuple[dict[str, np.ndarray], np.ndarray]:
    rng = np.random.default_rng(seed)
    return {"x": rng.normal(size=(60, 4)).astype("float32")}, rng.integers(0, 2, 60)


def test_the_best_weights_are_kept_where_stopping_never_acts():
    """Situation 85: the best epoch is near the end, patience is not used up."""
    torch.manual_seed(0)
    model = MLP(4, 2)
    inputs, targets = noise(0)
    others, truth = noise(1)
    history = fit(
        model, inputs, targets, validation_inputs=others, validation_targets=truth,
        epochs=12, patience=50, lr=0.01,
    )  # fmt: skip
    lowest = min(row["validation_loss"] for row in history)
    assert history[-1]["validation_loss"] > lowest
    kept = loss_of("cross_entropy", torch.tensor(predict(model, others)), torch.tensor(truth))
    assert kept.item() == pytest.approx(lowest, rel=1e-6)


def test_large_numbers_survive_reduced_precision(tmp_path):
    """Situation 91: a column near 1e5, beyond what half precision holds, and batch norm."""
    rng = np.random.default_rng(0)
    frame = pl.DataFrame({"a": 1e5 + rng.normal(0, 10, 240), "b": rng.normal(size=240)})
    frame = frame.with_columns(y=(pl.col("a") > 1e5).cast(pl.String))
    models = {"mlp": {"norm": "batch"}}
    scores = {}
    for precision in ("float32", "bfloat16"):
        run = bakeoff.run(
            frame, "y", models=models, precision=precision, seeds=1, epochs=20, lr=0.01,
            out=tmp_path / precision, show="none",
        )  # fmt: skip
        scores[precision] = run.best.predict_proba(frame)
    assert np.isfinite(scores["bfloat16"]).all()
    same = (scores["float32"] > 0.5) == (scores["bfloat16"] > 0.5)
    assert same.mean() > 0.97


def test_what_is_learned_depends_neither_on_jobs_nor_on_the_order_of_models(tmp_path):
    """Situation 99."""
    asked = {"seeds": 2, "epochs": 4, "show": "none"}
    ways = ({"jobs": 1, "models": "mlp,tabm"}, {"jobs": 2, "models": "tabm,mlp"})
    boards, weights = [], []
    for i, way in enumerate(ways):
        run = bakeoff.run("iris", out=tmp_path / str(i), **asked, **way)
        timed = [name for name in run.leaderboard.columns if "seconds" in name or "micro" in name]
        boards.append(run.leaderboard.drop(timed).sort("model").to_dicts())
        files = sorted((tmp_path / str(i)).glob("fits/*/*/weights.safetensors"))
        weights.append([file.read_bytes() for file in files])
    assert boards[0] == boards[1]
    assert weights[0] == weights[1]
