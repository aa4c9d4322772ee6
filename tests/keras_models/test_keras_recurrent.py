"""What all recurrent pages of Keras promise alike, beyond what they share with torch."""

import copy
import importlib.util
import shutil
import sys

import numpy as np
import pytest
import torch
from tests.facing.case import build
from tests.facing.cases import SPREAD

from bakeoff.catalog import find, load
from bakeoff.train.weights import get_weights, keras_weights, to_keras

keras = pytest.importorskip("keras", reason="needs pip install 'bakeoff[tensorflow]'")

pytestmark = pytest.mark.xdist_group("tensorflow")  # one process imports it, once

STACKS = ("rnn", "lstm", "gru")
PAGES = (*STACKS, "lstm_attention", "rnn_seq2seq")
X = np.random.default_rng(0).normal(size=(3, 6, 5)).astype("float32")

every_stack = pytest.mark.parametrize("name", STACKS)
every_page = pytest.mark.parametrize("name", PAGES)


def make(name, **arguments):
    return load(find(name), "tensorflow")(**{"in_features": 5, "out_features": 2, **arguments})


@pytest.mark.nightly  # every day tests/contract/test_saving.py does so, a case for each page
@every_page
def test_a_page_can_be_saved_and_copied_whole(name, tmp_path):
    page = build(name, SPREAD[name][1], "tensorflow")
    page.save(tmp_path / "page.keras")
    again = keras.saving.load_model(tmp_path / "page.keras")
    for made in (again, copy.deepcopy(page)):
        for ours, theirs in zip(made.weights, page.weights, strict=True):
            np.testing.assert_array_equal(ours, theirs)
    for made in (keras.models.clone_model(page), page.from_config(page.get_config())):
        assert made.get_config() == page.get_config()
        assert [w.shape for w in made.weights] == [w.shape for w in page.weights]


def test_a_loaded_page_predicts_and_learns_as_before(tmp_path):
    page = make("rnn", hidden_sizes=(4,))
    page.compile("adam", "mse")
    page.fit(X, np.zeros((3, 2)), verbose=0)
    page.save(tmp_path / "page.keras")
    again = keras.saving.load_model(tmp_path / "page.keras")
    np.testing.assert_array_equal(again(X), page(X))
    again.fit(X, np.zeros((3, 2)), verbose=0)  # its optimizer came along


def test_a_page_in_a_file_of_its_own_can_be_saved_as_well(tmp_path, monkeypatch):
    from bakeoff.keras_models import lstm

    shutil.copy(lstm.__file__, tmp_path / "lstm.py")
    spec = importlib.util.spec_from_file_location("lstm", tmp_path / "lstm.py")
    alone = importlib.util.module_from_spec(spec)
    monkeypatch.setitem(sys.modules, "lstm", alone)
    spec.loader.exec_module(alone)
    for module in (alone, lstm):
        page = module.LSTM(5, 2, hidden_sizes=(4,))
        page.save(tmp_path / "page.keras")
        again = keras.saving.load_model(tmp_path / "page.keras")
        assert type(again) is module.LSTM
        np.testing.assert_array_equal(again(X), page(X))


@every_page
def test_lengths_that_do_not_fit_are_refused(name):
    page = make(name, hidden_sizes=(4,))
    with pytest.raises(ValueError, match=r"lengths are \(2,\), but x holds 3 sequences"):
        page(X, np.array([6, 2]))
    for lengths, message in (([6, 0, 2], "0 to 6"), ([1, 7, 2], "1 to 7")):
        with pytest.raises(ValueError, match=f"lengths are {message}, not 1 to 6"):
            page(X, np.array(lengths))


@every_page
def test_a_graph_refuses_another_number_of_lengths_and_reads_no_value(name):
    import tensorflow as tf

    graph = tf.function(make(name, hidden_sizes=(4,)))
    with pytest.raises(ValueError, match=r"lengths are \(2,\), but x holds 3 sequences"):
        graph(X, tf.constant([6, 2]))
    graph(X, tf.constant([6, 2, 1]))


@every_stack
def test_another_number_of_states_is_refused(name):
    page = make(name, hidden_sizes=(4, 4), bidirectional=True)
    _, state = page.steps(X)
    for given in (state[:2], [], [*state, state[0]]):
        message = f"state holds {len(given)} states, but there are 4 readings"
        with pytest.raises(ValueError, match=message):
            page.steps(X, state=given)


def test_targets_and_sizes_that_do_not_fit_are_refused():
    with pytest.raises(ValueError, match="out_steps=0, but one step or more must be written"):
        make("rnn_seq2seq", out_steps=0)
    with pytest.raises(ValueError, match="out_features=2 tokens lack 2, the start token"):
        make("rnn_seq2seq", token_targets=True)
    page = make("rnn_seq2seq", hidden_sizes=(4,))
    for shape in ((2, 4, 2), (3, 0, 2), (3, 4, 3)):
        with pytest.raises(ValueError, match=r"previous is .*, a step \(3, 1, 2\)"):
            page(X, previous=np.zeros(shape, "float32"))
    page = make("rnn_seq2seq", out_features=9, token_targets=True)
    with pytest.raises(ValueError, match="previous holds tokens 1 to 9, not 0 to 8"):
        page(X[:1], previous=np.array([[1, 9]]))


@pytest.mark.parametrize("name", ["lstm_attention", "rnn_seq2seq"])
def test_weights_of_attention_are_left_out_in_training_only(name):
    page = make(name, hidden_sizes=(4,), attention_dropout=0.5)
    first, second = (np.array(page(X, training=True)) for _ in range(2))
    assert (first != second).any()
    np.testing.assert_array_equal(page(X), page(X))


WORDS = ["uniform", "normal", "orthogonal", "xavier_uniform", "xavier_normal", "kaiming_uniform"]
STARTS = [(name, "kaiming_normal") for name in PAGES] + [("gru", word) for word in WORDS]


@pytest.mark.parametrize(("name", "word"), STARTS)
def test_weights_start_as_on_the_torch_page(name, word):
    keras.utils.set_random_seed(0)
    torch.manual_seed(0)
    case = {"hidden_sizes": (64,), "initialization": word, "recurrent_initialization": word}
    if name in STACKS:
        case["head_sizes"] = (80,)
    facing = make(name, in_features=40, out_features=50, fan="out", **case)
    page = load(find(name), "torch")(40, 50, fan="out", **case)
    ours, theirs = to_keras(get_weights(page), page), keras_weights(facing)
    for path, weight in ours.items():
        if path.endswith("kernel"):
            assert theirs[path].std() == pytest.approx(weight.std(), rel=0.06), path
