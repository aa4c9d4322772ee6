"""--pairs: features of pictures without classes, a run that is not judged, what begins with it."""

import json
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

import bakeoff
from bakeoff import DataError, RequestError
from bakeoff.data.read import read
from bakeoff.runs.unfinished import open_unfinished
from bakeoff.train.weights import read_weights
from tests.pictures import folder, packed

TORCH_AND_KERAS = ["torch", pytest.param("tensorflow", marks=pytest.mark.xdist_group("tensorflow"))]
QUICK = {"models": "cnn", "seeds": 1, "epochs": 2, "show": "none"}


def files(places: list[str], seed: int = 0) -> dict[str, bytes]:
    """Return pictures of 16 x 16, each of noise of its own."""
    rng = np.random.default_rng(seed)
    return {
        f"{place}{i}.png": packed(Image.fromarray(rng.integers(0, 255, (16, 16, 3), np.uint8)))
        for i, place in enumerate(places)
    }


@pytest.fixture(scope="module")
def labelled(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return folder(tmp_path_factory.mktemp("labelled"), files(["cat/", "dog/"] * 30))


@pytest.fixture(scope="module")
def learned(labelled: Path, tmp_path_factory: pytest.TempPathFactory) -> bakeoff.Run:
    out = tmp_path_factory.mktemp("pairs") / "run"
    return bakeoff.run(labelled, pairs=True, out=out, **QUICK)


@pytest.mark.parametrize("framework", TORCH_AND_KERAS)
def test_a_run_begins_with_the_features_that_pairs_have_taught(
    framework, labelled, learned, tmp_path
):
    run = bakeoff.run(
        labelled,
        start_from=learned.folder,
        frozen_epochs=2,
        framework=framework,
        out=tmp_path / "run",
        **QUICK,
    )
    before = read_weights(learned.folder / "fits/cnn/torch-0-0/weights.safetensors")
    place = run.folder / f"fits/cnn_started/{framework}-0-0/weights.safetensors"
    taken = [sorted(array.ravel()) for name, array in read_weights(place).items()
             if "head" not in name and "moving" not in name and "running" not in name]  # fmt: skip
    given = [sorted(array.ravel()) for array in before.values()]
    assert taken
    assert all(any(own == other for other in given) for own in taken)


@pytest.mark.parametrize("framework", TORCH_AND_KERAS)
def test_pictures_without_classes_are_all_learned_from(framework, tmp_path):
    place = folder(tmp_path / "flat", files(["", "", "sub/"] * 10))
    run = bakeoff.run(place, pairs=True, framework=framework, out=tmp_path / "run", **QUICK)
    assert json.loads((run.folder / "status.json").read_text())["status"] == "unjudged"
    assert not list(run.folder.glob("verdict*")) + list(run.folder.glob("leaderboard*"))
    assert read(str(place), unlabelled=True).rows.tolist() == list(range(1, 31))
    assert run.fits["error"].to_list() == [""]


def test_a_folder_whose_pictures_are_all_broken_is_refused_in_a_sentence(tmp_path):
    place = folder(tmp_path / "broken", {"a.png": b"nonsense", "sub/b.png": b""})
    with pytest.raises(DataError, match=r"Of 2 pictures none can be read: .*\.png"):
        bakeoff.run(place, pairs=True, out=tmp_path / "run", **QUICK)


def test_classes_decide_the_split_alone_so_that_no_row_is_learned_that_is_tested(
    labelled, learned, tmp_path
):
    with pytest.raises(RequestError, match=r"has learned from .* of the test rows"):
        bakeoff.run(labelled, start_from=learned.folder, seed=1, out=tmp_path / "run", **QUICK)


def test_a_run_that_is_not_judged_says_so_at_every_door(learned):
    assert "Not judged" in str(learned)
    assert learned._repr_html_() is None
    for door in (lambda: learned.leaderboard, lambda: learned.best,
                 lambda: bakeoff.open_run(learned.folder)):  # fmt: skip
        with pytest.raises(DataError, match=r"not judged.*start_from="):
            door()
    with pytest.raises(RequestError, match="nothing to resume"):
        open_unfinished(learned.folder)


def test_a_run_of_pairs_that_was_stopped_goes_on_to_the_same_end(labelled, learned, tmp_path):
    out = tmp_path / "run"
    bakeoff.run(labelled, pairs=True, out=out, **QUICK)
    first = (out / "fits/cnn/torch-0-0/weights.safetensors").read_bytes()
    (out / "fits/cnn/torch-0-0/fit.json").unlink()
    status = json.loads((out / "status.json").read_text())
    (out / "status.json").write_text(json.dumps({**status, "status": "unfinished"}))
    bakeoff.resume(out, show="none")
    assert (out / "fits/cnn/torch-0-0/weights.safetensors").read_bytes() == first


@pytest.mark.parametrize(
    ("asked", "words"),
    [
        ({"data": "iris", "models": "mlp"}, "learns from pictures alone"),
        ({"augment": "none"}, "two versions of each picture"),
        ({"mixup": 0.2}, "goes with a target"),
        ({"models": "constant,cnn"}, "learns no features"),
        ({"selftest": True}, "has none"),
        ({"label_smoothing": 0.1}, "pairs of pictures have none"),
    ],
)
def test_what_pairs_cannot_do_is_refused(asked, words, tmp_path):
    wanted = {"data": "digits", **QUICK, **asked}
    with pytest.raises(RequestError, match=words):
        bakeoff.run(**wanted, pairs=True, out=tmp_path / "run")
