"""--selftest: every network of the catalogue that can read the data holds what it must."""

import json

import numpy as np
import pandas as pd
import pytest
from sklearn.datasets import load_digits

import bakeoff


def table() -> tuple[pd.DataFrame, str]:
    rng = np.random.default_rng(0)
    x = rng.normal(size=(120, 3))
    colour = rng.choice(["red", "blue"], 120)
    return pd.DataFrame({"a": x[:, 0], "b": x[:, 1], "colour": colour, "y": x[:, 0] + x[:, 2]}), "y"


def pictures() -> tuple[tuple[np.ndarray, np.ndarray], None]:
    digits = load_digits()
    return (digits.images[:200].astype("float32"), digits.target[:200]), None


def sequences() -> tuple[pd.DataFrame, str]:
    rng = np.random.default_rng(0)
    rows = [rng.normal(size=rng.integers(3, 8)).round(2).tolist() for _ in range(120)]
    return pd.DataFrame({"x": rows, "y": [int(sum(row) > 0) for row in rows]}), "y"


def texts() -> tuple[pd.DataFrame, str]:
    rng = np.random.default_rng(0)
    rows = [" ".join(rng.choice(list("abcdefg"), rng.integers(9, 14))) for _ in range(120)]
    return pd.DataFrame({"x": rows, "y": ["yes" if "a" in row else "no" for row in rows]}), "y"


@pytest.mark.parametrize(
    ("data", "framework"),
    [
        (table, "torch"),
        (sequences, "torch"),
        (pictures, "torch"),
        pytest.param(table, "tensorflow", marks=pytest.mark.nightly),
        pytest.param(sequences, "tensorflow", marks=pytest.mark.nightly),
        pytest.param(pictures, "tensorflow", marks=pytest.mark.nightly),
        pytest.param(texts, "torch", marks=pytest.mark.nightly),
        pytest.param(texts, "tensorflow", marks=pytest.mark.nightly),
    ],
)
def test_every_network_that_can_read_the_data_passes(data, framework, tmp_path, capsys):
    given, target = data()
    run = bakeoff.run(
        given, target, framework=framework, epochs=1, seeds=1, selftest=True, out=tmp_path / "run"
    )
    networks = run.leaderboard.filter(kind="network")["model"].to_list()
    said = [line for line in capsys.readouterr().out.splitlines() if line.startswith("selftest")]
    assert sorted(line.split()[1] for line in said) == sorted(networks)
    notes = json.loads((run.folder / "data" / "findings.json").read_text("utf-8"))["notes"]
    assert [note for note in notes if "self-test" in note or "could not be tested" in note] == []
