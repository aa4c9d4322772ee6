"""What the Keras pages made of attention, and embedding_bag, promise: padding, saving whole."""

import copy
import importlib.util
import pickle
import sys
from pathlib import Path

import numpy as np
import pytest

keras = pytest.importorskip("keras", reason="needs pip install 'bakeoff[tensorflow]'")

from bakeoff.keras_models.embedding_bag import EmbeddingBag  # noqa: E402
from bakeoff.keras_models.ft_transformer import FTTransformer  # noqa: E402
from bakeoff.keras_models.patchtst import PatchTST  # noqa: E402
from bakeoff.keras_models.transformer import Transformer  # noqa: E402
from bakeoff.keras_models.transformer_seq2seq import TransformerSeq2Seq  # noqa: E402
from bakeoff.keras_models.vit import ViT  # noqa: E402

pytestmark = pytest.mark.xdist_group("tensorflow")  # one process imports it, once

SMALL = {"model_size": 8, "num_heads": 2, "num_layers": 1, "feedforward_size": 12}
DROPS = {"dropout": 0.3, "attention_dropout": 0.3, "feedforward_dropout": 0.3}
LENGTHS = np.array([2, 5, 3])
REAL = np.arange(5) < LENGTHS[:, None]  # (3, 5)
NUMBERS = np.random.default_rng(0).normal(size=(3, 5, 4)).astype("float32")
WORDS = np.array([[1, 2, 0, 0, 0], [3, 4, 5, 6, 7], [8, 1, 2, 0, 0]])
PADDED = {  # pages that read numbers, step by step
    "token": lambda: Transformer(4, 2, **SMALL, **DROPS),
    "mean": lambda: Transformer(4, 2, pooling="mean", norm_first=False, **SMALL, **DROPS),
    "seq2seq scores": lambda: TransformerSeq2Seq(4, 2, norm_first=False, **SMALL, **DROPS),
    "seq2seq writes": lambda: TransformerSeq2Seq(4, 2, out_steps=2, **SMALL, **DROPS),
}
TOKENS = {
    "transformer": lambda: Transformer(4, 2, vocabulary_size=9, **SMALL),
    "seq2seq": lambda: TransformerSeq2Seq(4, 2, vocabulary_size=9, **SMALL),
    "embedding_bag": lambda: EmbeddingBag(
        4, 2, vocabulary_size=9, num_pairs=16, head_sizes=(5,), initialization="kaiming_normal"
    ),
}
START = {"initialization": "xavier_normal", "fan": "out", "head_sizes": (6,)}
ALL = {  # every page, and what it reads
    **{name: (made, {"x": NUMBERS, "lengths": LENGTHS}) for name, made in PADDED.items()},
    **{f"{n} of tokens": (made, {"x": WORDS, "lengths": LENGTHS}) for n, made in TOKENS.items()},
    "transformer with a start": (
        lambda: Transformer(4, 2, positions="learned", max_length=5, **START, **SMALL),
        {"x": NUMBERS},
    ),
    "ft_transformer": (
        lambda: FTTransformer(4, 2, category_sizes=(3, 4), **SMALL, **DROPS),
        {"x": NUMBERS[:, 0], "categories": np.ones((3, 2), "int32")},
    ),
    "vit": (
        lambda: ViT(1, (5, 4), 2, patch_size=2, **START, **SMALL, **DROPS),
        {"x": NUMBERS[..., None]},
    ),
    "patchtst": (
        lambda: PatchTST(4, 2, in_steps=5, out_steps=2, patch_size=2, stride=1, **SMALL, **DROPS),
        {"x": NUMBERS},
    ),
}
every_page = pytest.mark.parametrize("name", ALL)


def outputs_and_gradients(model, x: np.ndarray, training: bool) -> list[np.ndarray]:
    import tensorflow as tf

    for part in model._flatten_layers():
        if getattr(part, "seed_generator", None) is not None:
            part.seed_generator.state.assign([1, 2])  # the same values are dropped every time
    x = tf.constant(x)
    with tf.GradientTape() as tape:
        tape.watch(x)
        scores = model(x, LENGTHS, training=training)
        loss = tf.reduce_sum(scores**2)
    weights = [variable.value for variable in model.trainable_variables]
    return [np.array(part) for part in (scores, *tape.gradient(loss, [x, *weights]))]


@pytest.mark.nightly  # every day tests/contract/test_padding.py does so, a case for each page
@pytest.mark.parametrize("value", [1e30, np.nan, np.inf])
@pytest.mark.parametrize("training", [False, True])
@pytest.mark.parametrize("name", PADDED)
def test_padding_changes_no_output_and_no_gradient(name: str, training: bool, value: float):
    model = PADDED[name]()
    spoilt = np.where(REAL[..., None], NUMBERS, np.float32(value))
    expected = outputs_and_gradients(model, NUMBERS, training)
    for ours, theirs in zip(outputs_and_gradients(model, spoilt, training), expected, strict=True):
        np.testing.assert_array_equal(ours, theirs)
    assert not expected[1][~REAL].any(), "the padding has a gradient"


@pytest.mark.parametrize("name", TOKENS)
def test_tokens_in_the_padding_change_no_output(name: str):
    model = TOKENS[name]()
    spoilt = np.where(REAL, WORDS, 8)
    np.testing.assert_array_equal(model(spoilt, LENGTHS), model(WORDS, LENGTHS))


@pytest.mark.parametrize(
    ("lengths", "message"),
    [
        ([2, 5], r"lengths are \(2,\), but x holds 3 sequences"),
        ([2, 0, 3], "lengths are 0 to 3, not 1 to 5"),
        ([2, 6, 3], "lengths are 2 to 6, not 1 to 5"),
    ],
)
@pytest.mark.parametrize("name", ["token", "seq2seq scores", "embedding_bag of tokens"])
def test_lengths_that_do_not_fit_are_refused(name: str, lengths: list[int], message: str):
    made, inputs = ALL[name]
    with pytest.raises(ValueError, match=message):
        made()(inputs["x"], np.array(lengths))


@pytest.mark.parametrize("previous", [(2, 2, 2), (3, 0, 2), (3, 2, 3)])
def test_targets_that_do_not_fit_are_refused(previous: tuple[int, ...]):
    with pytest.raises(ValueError, match=r"previous is .*, a step \(3, 1, 2\)"):
        PADDED["seq2seq writes"]()(NUMBERS, previous=np.zeros(previous, "float32"))


def test_targets_for_a_page_that_writes_no_steps_are_refused():
    with pytest.raises(ValueError, match="previous holds targets, but with out_steps=0"):
        PADDED["seq2seq scores"]()(NUMBERS, previous=np.zeros((3, 2, 2), "float32"))


@pytest.mark.nightly  # every day tests/contract/test_saving.py does so, a case for each page
@every_page
def test_a_whole_model_survives_saving_copy_and_clone(name: str, tmp_path: Path):
    made, inputs = ALL[name]
    model = made()
    expected = np.array(model(**inputs))
    model.save(tmp_path / "model.keras")
    clone = keras.models.clone_model(model)
    clone.set_weights(model.get_weights())
    again = type(model).from_config(model.get_config())
    again.set_weights(model.get_weights())
    loaded = keras.saving.load_model(tmp_path / "model.keras")
    copies = [loaded, clone, again, copy.deepcopy(model), pickle.loads(pickle.dumps(model))]
    for other in copies:
        assert type(other) is type(model)
        np.testing.assert_array_equal(other(**inputs), expected)


@every_page
def test_layers_of_a_page_are_made_again_from_their_arguments(name: str):
    model = ALL[name][0]()
    ours = [part for part in model._flatten_layers() if type(part).__module__ == model.__module__]
    for layer in ours:
        again = type(layer).from_config(layer.get_config())
        assert again.get_config() == layer.get_config()


def test_a_whole_model_of_an_ejected_page_is_loaded(tmp_path: Path, monkeypatch):
    source = Path(sys.modules[ViT.__module__].__file__)
    file = tmp_path / "vit.py"
    file.write_text(source.read_text("utf-8"), "utf-8")
    spec = importlib.util.spec_from_file_location("vit", file)
    page = importlib.util.module_from_spec(spec)
    monkeypatch.setitem(sys.modules, "vit", page)
    with keras.saving.CustomObjectScope({}):
        spec.loader.exec_module(page)
    model = page.ViT(1, 8, 2, **SMALL)
    model.save(tmp_path / "model.keras")
    loaded = keras.saving.load_model(tmp_path / "model.keras")
    x = np.ones((2, 8, 8, 1), "float32")
    np.testing.assert_array_equal(loaded(x), model(x))
    keras.saving.register_keras_serializable("bakeoff")(ViT)  # as it was


@pytest.mark.parametrize("option", ["attention_dropout", "feedforward_dropout"])
@pytest.mark.parametrize("name", ["token", "seq2seq writes", "ft_transformer", "vit", "patchtst"])
def test_an_inner_dropout_acts_in_training_only(name: str, option: str):
    made, inputs = ALL[name]
    model = type(made())(**{**made().arguments, **dict.fromkeys(DROPS, 0.0), option: 0.5})
    still = np.array(model(**inputs))
    np.testing.assert_array_equal(model(**inputs), still)
    assert not np.allclose(model(**inputs, training=True), still)


def test_a_mean_of_many_large_steps_is_finite_in_float16():
    model = Transformer(3, 0, pooling="mean", **SMALL)
    x = keras.ops.full((1, 2000, 8), 60.0, dtype="float16")
    real = keras.ops.arange(2000)[None] < 1990
    np.testing.assert_allclose(model.pool(x, real), x[:, 0], rtol=2e-3)


def test_weights_begin_as_initialization_says():
    keras.utils.set_random_seed(0)
    sizes = {"model_size": 128, "num_heads": 2, "feedforward_size": 512, "num_layers": 1}
    start = {"initialization": "kaiming_normal", "fan": "out"}
    block = Transformer(3, 2, **start, **sizes).blocks[0]
    assert np.std(block.expand.kernel) == pytest.approx((2 / 512) ** 0.5, rel=0.02)
    assert np.std(block.shrink.kernel) == pytest.approx((1 / 128) ** 0.5, rel=0.02)  # gain 1
    block = Transformer(3, 2, initialization="uniform", **sizes).blocks[0]
    assert np.std(block.out.kernel) == pytest.approx(0.05, rel=0.02)
    out = np.array(Transformer(3, 2, initialization="orthogonal", **sizes).blocks[0].out.kernel)
    np.testing.assert_allclose(out @ out.T, np.eye(128), atol=1e-5)


def test_no_weight_begins_as_a_copy_of_another():
    table = FTTransformer(4, 2, category_sizes=(4,), **SMALL)
    steps = Transformer(8, 2, vocabulary_size=9, positions="learned", max_length=5, **SMALL)
    written = {"out_steps": 2, "vocabulary_size": 9, "token_targets": True}
    texts = TransformerSeq2Seq(8, 9, **written, **SMALL)
    pairs = [
        (table.scales, table.shifts),
        (table.scales, table.embeddings[0].embeddings),
        (table.scales[0], table.token),
        (steps.positions[0], steps.token),
        (steps.positions, steps.embedding.embeddings[:5]),
        (texts.embedding.embeddings, texts.target.embeddings),
    ]
    image = ViT(1, 8, 2, **SMALL)
    for ours, theirs in [*pairs, (image.positions[0], image.token)]:
        assert not np.allclose(ours, theirs), "drawn twice from one seed"
