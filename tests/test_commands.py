"""What a user types on data of every kind ends with a verdict, in both frameworks.

The nightly suite types the same on the real sets, with every model that fits. These have their
layout and fewer rows, and few models run; by day three of them run in both frameworks.
"""

import json
import shutil
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

BY_DAY = ("clouds", "ETTh1", "vowels", "two_answers")
KINDS = [n if n in BY_DAY else pytest.param(n, marks=pytest.mark.nightly) for n in COMMANDS]
QUICK = ("--epochs", "1", "--seeds", "2", "--jobs", "1", "--quiet")


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return make_data_folder(tmp_path_factory.mktemp("data"))


@pytest.mark.parametrize(("name", "framework"), LINES)
def test_a_line_ends_with_a_verdict(name, framework, home, command, tmp_path, monkeypatch):
    words = words_of(name, home, tmp_path, monkeypatch)
    words += ["--framework", framework, *QUICK, "--models", MODELS[name]]
    said = command("run", *words, "--out", "r")
    assert said.code == 0, said.err
    verdict = json.loads(Path("r/verdict.json").read_text("utf-8"))
    assert verdict["sentence"] in " ".join(said.out.split())


@pytest.mark.parametrize("name", KINDS)
def test_the_plan_in_a_run_reads_the_same_data_again(name, home, command, tmp_path, monkeypatch):
    said = command("run", *words_of(name, home, tmp_path, monkeypatch), *QUICK, "--models",
                   MODELS[name], "--out", "r")  # fmt: skip
    assert said.code == 0, said.err
    scores, status = scores_in("r"), Path("r/status.json")
    told = json.loads(status.read_text("utf-8"))
    lost = sorted(Path("r/fits").glob("*/*"))[-1]
    shutil.rmtree(lost)
    status.write_text(json.dumps({**told, "status": "unfinished"}), "utf-8")
    said = command("resume", "r", "--quiet")
    assert said.code == 0, said.err
    assert lost.is_dir()
    assert scores_in("r") == scores


@pytest.mark.parametrize("name", KINDS)
def test_what_init_writes_can_be_run(name, home, command, tmp_path, monkeypatch):
    words = words_of(name, home, tmp_path, monkeypatch)
    said = command("init", *words, "--out", "plan.toml")
    assert said.code == 0, said.err
    said = command("run", "plan.toml", "--dry-run", "--models", MODELS[name])
    assert said.code == 0, said.err


def words_of(name: str, home: Path, folder: Path, monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """Return what is typed behind `bakeoff run`, in a folder of its own."""
    monkeypatch.setenv("BAKEOFF_DATA", str(home))
    monkeypatch.chdir(folder)
    return [f"{home}/{word}" if "/" in word and ":" not in word else word
            for word in COMMANDS[name].split()]  # fmt: skip


def scores_in(folder: str) -> list[str]:
    """Return the scores of a leaderboard; times differ."""
    lines = Path(folder, "leaderboard.csv").read_text("utf-8").splitlines()
    head, *rows = (line.split(",") for line in lines)
    return [row[head.index("score")] for row in rows]
