"""A whole model can be saved, loaded, cloned and copied, and predicts as before."""

import copy
import os
import pickle
import shutil
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
import torch

from bakeoff.catalog import Row, load
from bakeoff.torch_models.cnn import POOLINGS
from tests.facing.case import Branch, Case, build, channels_last, draw, leaves, tensors
from tests.facing.cases import CASES, PAGES

FIRST = dict(reversed(CASES))  # the first case of each page
every_page = pytest.mark.parametrize(("name", "case"), FIRST.items(), ids=FIRST)
tensorflow = pytest.mark.xdist_group("tensorflow")  # one process imports it, once
DENSE = Branch("mlp", {"in_features": 5, "out_features": 0, "hidden_sizes": (4,)})
PICTURE = Branch("cnn", {"in_channels": 1, "image_size": 8, "out_features": 0, "blocks": (3,)})
JOINED = Case(
    {
        "encoders": {"rows": DENSE, "picture": PICTURE},
        "heads": {"kind": 3, "price": 1},
        "shared": {"more": "rows"},
        "fusion": "gated",
    },
    {
        "x": {
            "rows": ("numbers", 4, 5),
            "picture": ("image", 4, 1, 8, 8),
            "more": ("numbers", 4, 5),
        }
    },
)


def reloaded(page, folder: Path):
    """Save a torch page as a file and read it."""
    torch.save(page, folder / "page.pt")
    return torch.load(folder / "page.pt", weights_only=False)


TORCH_WAYS = {
    "a file": reloaded,
    "a pickle": lambda page, folder: pickle.loads(pickle.dumps(page)),
    "a copy": lambda page, folder: copy.deepcopy(page),
}


def torch_scores(page, case: Case) -> list[torch.Tensor]:
    with torch.no_grad():
        return leaves(page.eval()(**tensors(draw(case))))


@pytest.mark.parametrize("way", TORCH_WAYS)
@every_page
def test_a_torch_page_comes_back_whole(name: str, case: Case, way: str, tmp_path: Path):
    page = build(name, case, "torch")
    back = TORCH_WAYS[way](page, tmp_path)
    torch.testing.assert_close(torch_scores(back, case), torch_scores(page, case), rtol=0, atol=0)


@pytest.mark.parametrize("name", ["cnn", "cnn3d"])
@pytest.mark.parametrize("pooling", POOLINGS)
def test_a_torch_page_with_any_pooling_can_be_pickled(name: str, pooling: str):
    page = build(name, FIRST[name].but(pooling=pooling), "torch")
    assert torch.equal(
        *(torch_scores(p, FIRST[name])[0] for p in (page, pickle.loads(pickle.dumps(page))))
    )


def keras_scores(page, case: Case) -> list[np.ndarray]:
    return [np.array(scores) for scores in leaves(page(**channels_last(case, draw(case))))]


def loaded(page, folder: Path):
    """Save a Keras page as a file and read it."""
    import keras

    page.save(folder / "page.keras")
    return keras.saving.load_model(folder / "page.keras")


def cloned(page, folder: Path):
    """Clone a Keras page, and give the clone its weights."""
    import keras

    clone = keras.models.clone_model(page)
    clone.set_weights(page.get_weights())
    return clone


def made_again(page, folder: Path):
    """Make a Keras page from its config, and give it the weights."""
    again = type(page).from_config(page.get_config())
    again.set_weights(page.get_weights())
    return again


def by_night(names, *, every_day):
    """Return names to try, all but some of them in the nightly suite alone."""
    nightly = [pytest.mark.nightly]
    return [pytest.param(name, marks=[] if name in every_day else nightly) for name in names]


KERAS_WAYS = {
    "a file": loaded,
    "a clone": cloned,
    "a config": made_again,
    "a copy": lambda page, folder: copy.deepcopy(page),
}


@pytest.fixture(
    scope="module", params=[*FIRST.items(), ("network", JOINED)], ids=lambda pair: pair[0]
)
def page_and_case(request):
    pytest.importorskip("keras", reason="needs pip install 'bakeoff[tensorflow]'")
    name, case = request.param
    return build(name, case, "tensorflow"), case


@tensorflow
@pytest.mark.parametrize("way", by_night(KERAS_WAYS, every_day=("a file", "a clone")))
def test_a_keras_page_comes_back_whole(page_and_case, way: str, tmp_path: Path):
    page, case = page_and_case
    back = KERAS_WAYS[way](page, tmp_path)
    for scores, expected in zip(keras_scores(back, case), keras_scores(page, case), strict=True):
        np.testing.assert_array_equal(scores, expected)


@tensorflow
def test_every_layer_of_a_keras_page_can_be_made_from_its_config(page_and_case):
    page, _ = page_and_case
    ours = [part for part in page._flatten_layers() if type(part).__module__[:8] == "bakeoff."]
    for layer in ours:
        again = type(layer).from_config(layer.get_config())
        assert again.get_config() == layer.get_config()


@tensorflow
@pytest.mark.parametrize("row", PAGES, ids=lambda row: row.name)
def test_load_model_finds_a_page_that_was_imported(row: Row):
    keras = pytest.importorskip("keras", reason="needs pip install 'bakeoff[tensorflow]'")
    page = load(row, "tensorflow")
    name = keras.saving.get_registered_name(page)
    assert name.endswith(f">{page.__name__}")
    assert keras.saving.get_registered_object(name) is page


@tensorflow
def test_a_page_taken_away_is_saved_and_loaded_without_bakeoff(tmp_path: Path):
    source = Path(sys.modules["bakeoff"].__file__).parent / "keras_models" / "cnn.py"
    shutil.copy(source, tmp_path)
    script = (
        "import sys, keras, numpy, cnn\n"
        "page = cnn.CNN(1, 8, 3, blocks=(4, {'channels': 2, 'norm': 'batch'}))\n"
        "page.save('page.keras')\n"
        "back = keras.saving.load_model('page.keras')\n"
        "x = keras.random.normal((2, 8, 8, 1))\n"
        "assert isinstance(back, cnn.CNN) and 'bakeoff' not in sys.modules\n"
        "numpy.testing.assert_array_equal(numpy.array(back(x)), numpy.array(page(x)))\n"
    )
    (tmp_path / "use.py").write_text(script)
    environment = {**os.environ, "KERAS_BACKEND": "tensorflow", "PYTHONPATH": ""}
    command = [sys.executable, "use.py"]
    done = subprocess.run(command, cwd=tmp_path, env=environment, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
