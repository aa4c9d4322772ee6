"""What a user types on data of every kind ends with a verdict, in both frameworks.

The nightly suite types the same on the real sets, with every model that fits. These have their
layout and fewer rows, and few models run; by day three of them run in both frameworks.
"""

import json
from pathlib import Path

import pytest

from tests.data_folder import COMMANDS, make_data_folder

MODELS = {
    "water": "linear,mlp",
    "clouds": "colour_histograms,cnn",
    "electricity": "last_value,ridge_windows,dlinear",
    "ETTh1": "last_value,seasonal_naive,vector_to_sequence",
    "vowels": "random_kernels,gru",
    "imdb": "tfidf,embedding_bag",
    "fashion": "columns_mlp,all",
    "two_answers": "mlp,constant",
    "picture_and_alphabet": "alphabet_mlp,all",
    "labels": "linear,mlp",
    "two": "series_gru,all",
    "pairs": "constant,rnn_seq2seq",
    "cifar10": "linear,cnn",
    "mnist": "boosting,mlp",
    "sum_sign": "linear,rnn",
}
BOTH = ("water", "vowels", "fashion")  # a table, sequences, a mix
LINES = [
    *((name, "torch") for name in COMMANDS if name not in BOTH),
    *((name, "torch,tensorflow") for name in BOTH),
    *(
        pytest.param(name, "tensorflow", marks=pytest.mark.nightly)
        for name in COMMANDS
        if name not in BOTH
    ),
]


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return make_data_folder(tmp_path_factory.mktemp("data"))


@pytest.mark.parametrize(("name", "framework"), LINES)
def test_a_line_ends_with_a_verdict(name, framework, home, command, tmp_path, monkeypatch):
    monkeypatch.setenv("BAKEOFF_DATA", str(home))
    monkeypatch.chdir(tmp_path)
    words = [f"{home}/{word}" if "/" in word and ":" not in word else word
             for word in COMMANDS[name].split()]  # fmt: skip
    words += ["--framework", framework, "--epochs", "1", "--seeds", "2", "--jobs", "1"]
    words += ["--models", MODELS[name]]
    said = command("run", *words, "--out", "r", "--quiet")
    assert said.code == 0, said.err
    verdict = json.loads(Path("r/verdict.json").read_text("utf-8"))
    assert verdict["sentence"] in " ".join(said.out.split())
