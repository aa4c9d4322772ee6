"""--start-from: features of an earlier winner, a new head, and no row learned that is tested."""

import shutil
from pathlib import Path

import numpy as np
import polars as pl
import pytest

import bakeoff
from bakeoff import DataError, RequestError
from bakeoff.plan.request import request
from bakeoff.train.weights import read_weights, save_arrays

TORCH_AND_KERAS = ["torch", pytest.param("tensorflow", marks=pytest.mark.xdist_group("tensorflow"))]


def blobs(classes: int, seed: int, columns: tuple[str, ...] = ("a", "b", "c")) -> pl.DataFrame:
    rng = np.random.default_rng(seed)
    labels = rng.integers(0, classes, 150)
    centres = rng.normal(size=(classes, 3)) * 3
    values = centres[labels] + rng.normal(size=(150, 3))
    return pl.DataFrame({
        **{name: values[:, i] for i, name in enumerate(columns)}, "y": [f"k{k}" for k in labels]
    })  # fmt: skip


QUICK = {"epochs": 4, "seeds": 1, "show": "none"}


@pytest.fixture(scope="module")
def earlier(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("earlier") / "run"
    bakeoff.run(blobs(2, 1), "y", models=["mlp", "constant"], out=folder, **QUICK)
    return folder


def features(run: bakeoff.Run, model: str, framework: str = "torch") -> dict[str, np.ndarray]:
    weights = read_weights(run.folder / "fits" / model / f"{framework}-0-0" / "weights.safetensors")
    return {name: array for name, array in weights.items() if not name.startswith("head.")}


@pytest.mark.parametrize("framework", TORCH_AND_KERAS)
def test_features_that_are_frozen_stay_and_the_head_learns(framework, earlier, tmp_path):
    run = bakeoff.run(
        blobs(4, 2), "y", models="mlp", start_from=earlier, frozen_epochs=4, framework=framework,
        out=tmp_path / "run", **QUICK,
    )  # fmt: skip
    before = sorted(features(bakeoff.open_run(earlier), "mlp").values(), key=np.size)
    now = sorted(features(run, "mlp_started", framework).values(), key=np.size)
    for old, new in zip(before, now, strict=True):
        assert np.array_equal(old.T, new) or np.array_equal(old, new)
    anew = sorted(features(run, "mlp", framework).values(), key=np.size)
    assert not any(np.array_equal(old, new) for old, new in zip(now, anew, strict=True))
    history = run.fits.filter(pl.col("model") == "mlp_started")
    assert history["epochs"].to_list() == [4]


def test_features_that_are_not_frozen_learn_and_the_plan_says_what_began_as_what(
    earlier, tmp_path, capsys
):
    run = bakeoff.run(
        blobs(4, 2), "y", models="constant", start_from=earlier, out=tmp_path / "run",
        **{**QUICK, "show": "live"},
    )  # fmt: skip
    assert set(run.leaderboard["model"]) == {"constant", "mlp_started"}
    old = features(bakeoff.open_run(earlier), "mlp")
    assert not any(np.array_equal(old[n], new) for n, new in features(run, "mlp_started").items())
    assert "mlp_started begins with the features of mlp (torch, seed 0)" in " ".join(
        capsys.readouterr().out.split()
    )
    assert run.best.predict(blobs(4, 2))["prediction"].len() == 150


def test_texts_keep_the_vectors_of_their_words(tmp_path):
    def texts(words: list[str], seed: int) -> pl.DataFrame:
        rng = np.random.default_rng(seed)
        rows = [" ".join(rng.choice(words, 12)) for _ in range(80)]
        return pl.DataFrame({"text": rows, "y": ["yes", "no"] * 40})

    def vectors(run: bakeoff.Run, model: str) -> dict[str, np.ndarray]:
        fitted = run.model(model).preparation.transforms["text"]
        table = features(run, model)["embedding.weight"]
        return {word: table[fitted.codes[word]] for word in fitted.words[: fitted.known]}

    first = texts(["red", "blue", "green", "grey"], 1)
    old = bakeoff.run(first, "y", models="cnn1d", out=tmp_path / "old", **QUICK)
    second = texts(["pink", "grey", "red"], 2)
    new = bakeoff.run(
        second, "y", models="constant", start_from=old.folder, frozen_epochs=4,
        out=tmp_path / "new", **QUICK,
    )  # fmt: skip
    before, now = vectors(old, "cnn1d"), vectors(new, "cnn1d_started")
    assert np.array_equal(now["red"], before["red"])
    assert np.array_equal(now["grey"], before["grey"])
    assert not any(np.array_equal(now["pink"], vector) for vector in before.values())


def test_a_run_that_began_so_is_made_again_from_its_plan(earlier, tmp_path):
    data = tmp_path / "data.csv"
    blobs(3, 5).write_csv(data)
    how = {"models": "constant", "start_from": earlier, "frozen_epochs": 2}
    run = bakeoff.run(data, "y", out=tmp_path / "run", **how, **QUICK)
    again = bakeoff.run(run.folder / "bakeoff.toml", out=tmp_path / "again", show="none")
    for name, array in features(run, "mlp_started").items():
        assert np.array_equal(array, features(again, "mlp_started")[name])


@pytest.mark.parametrize(
    ("data", "how", "words"),
    [
        (blobs(2, 1), {"seed": 3}, "has learned from .* of the test rows here. Split the rows as"),
        (blobs(2, 3, ("a", "b", "d")), {}, "reads a, b and c, and these data have a, b and d"),
        (blobs(2, 3), {"models": {"mlp_started": {"architecture": "mlp", "hidden_sizes": [3]}}},
         "the network there is of another form: hidden.0.bias is "),
    ],
)  # fmt: skip
def test_what_means_something_else_is_refused_in_a_sentence(data, how, words, earlier, tmp_path):
    given = {"models": "constant", **how}
    with pytest.raises(RequestError, match=words):
        bakeoff.run(data, "y", start_from=earlier, out=tmp_path / "run", **given, **QUICK)


def test_weights_that_are_not_those_of_the_run_are_refused(earlier, tmp_path):
    hostile = tmp_path / "hostile"
    shutil.copytree(earlier, hostile)
    place = hostile / "fits" / "mlp" / "torch-0-0" / "weights.safetensors"
    weights = {name: array[:1] for name, array in read_weights(place).items()}
    save_arrays(weights, place)
    with pytest.raises(DataError, match="has the shape"):
        bakeoff.run(blobs(2, 3), "y", models="constant", start_from=hostile, **QUICK)


def test_it_is_named_and_set_like_any_other_model(earlier):
    given = {"start_from": str(earlier), "models": "mlp_started,constant"}
    asked = request("x.csv", {**given, "settings": {"mlp_started": {"lr": 0.5}}})
    assert asked.models == {"mlp_started": {"architecture": "mlp", "lr": 0.5}, "constant": {}}
    with pytest.raises(RequestError, match=r"the best network there is mlp .* called mlp_started"):
        bakeoff.run(blobs(2, 3), "y", start_from=earlier, models="tabm_started", **QUICK)


def test_nothing_is_frozen_that_was_drawn():
    with pytest.raises(RequestError, match="features that are drawn have nothing to keep"):
        bakeoff.run(blobs(2, 1), "y", models="mlp", frozen_epochs=2, **QUICK)


def test_features_go_from_one_target_to_several_and_back(earlier, tmp_path):
    frozen = {**QUICK, "models": {"mlp_started": {}}, "frozen_epochs": 4}
    data = blobs(3, 2).with_columns(size=pl.col("a") * 2)
    several = bakeoff.run(data, ["y", "size"], start_from=earlier, out=tmp_path / "1", **frozen)
    again = bakeoff.run(blobs(2, 3), "y", start_from=several.folder, out=tmp_path / "2", **frozen)
    first = features(bakeoff.open_run(earlier), "mlp")
    for run, start in ((several, "encoders.0."), (again, "")):
        now = features(run, "mlp_started")
        for name, array in first.items():
            assert np.array_equal(now[start + name], array)
