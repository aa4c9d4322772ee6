"""What the pages made of attention, and embedding_bag, promise together: padding, transforms."""

import copy
import io
import pickle

import pytest
import torch
from torch import Tensor, nn
from torch.func import functional_call, grad, stack_module_state, vmap

from bakeoff.torch_models.embedding_bag import EmbeddingBag
from bakeoff.torch_models.ft_transformer import FTTransformer
from bakeoff.torch_models.patchtst import PatchTST
from bakeoff.torch_models.transformer import Transformer
from bakeoff.torch_models.transformer_seq2seq import TransformerSeq2Seq
from bakeoff.torch_models.vit import ViT

SMALL = {"model_size": 8, "num_heads": 2, "num_layers": 2, "feedforward_size": 12}
DROPS = {"dropout": 0.3, "attention_dropout": 0.3, "feedforward_dropout": 0.3}
LENGTHS = torch.tensor([2, 5, 3])
REAL = torch.arange(5) < LENGTHS[:, None]  # (3, 5)
PADDED = {  # pages that read numbers, step by step
    "token": lambda: Transformer(4, 2, **SMALL, **DROPS),
    "token with a position": lambda: Transformer(4, 2, **SMALL, **DROPS, token_position=True),
    "mean": lambda: Transformer(4, 2, pooling="mean", **SMALL, **DROPS),
    "norm last": lambda: Transformer(4, 2, pooling="mean", norm_first=False, **SMALL, **DROPS),
    "seq2seq scores": lambda: TransformerSeq2Seq(4, 2, **SMALL, **DROPS),
    "seq2seq writes": lambda: TransformerSeq2Seq(4, 2, out_steps=3, **SMALL, **DROPS),
}
TOKENS = {
    "transformer": lambda: Transformer(4, 2, vocabulary_size=9, **SMALL),
    "seq2seq": lambda: TransformerSeq2Seq(4, 2, vocabulary_size=9, **SMALL),
    "embedding_bag": lambda: EmbeddingBag(4, 2, vocabulary_size=9, num_pairs=16),
}
NUMBERS = torch.randn(3, 5, 4, generator=torch.Generator().manual_seed(0))
WORDS = torch.tensor([[1, 2, 0, 0, 0], [3, 4, 5, 6, 7], [8, 1, 2, 0, 0]])
ALL = {  # every page, and what it reads
    **{name: (made, (NUMBERS, LENGTHS)) for name, made in PADDED.items()},
    **{f"{name} of tokens": (made, (WORDS, LENGTHS)) for name, made in TOKENS.items()},
    "ft_transformer": (
        lambda: FTTransformer(4, 2, category_sizes=(3, 4), **SMALL, **DROPS),
        (torch.randn(3, 4), torch.ones(3, 2, dtype=torch.long)),
    ),
    "vit": (lambda: ViT(1, 8, 2, **SMALL, **DROPS), (torch.randn(3, 1, 8, 8),)),
    "patchtst": (
        lambda: PatchTST(4, 2, in_steps=5, out_steps=2, patch_size=2, stride=1, **SMALL, **DROPS),
        (NUMBERS,),
    ),
}
pytestmark = pytest.mark.filterwarnings("ignore:There is a performance drop")  # of vmap
every_page = pytest.mark.parametrize("name", ALL)


def made(name: str) -> nn.Module:
    torch.manual_seed(0)
    return ALL[name][0]()


def outputs_and_gradients(model: nn.Module, x: Tensor, training: bool) -> list[Tensor]:
    x = x.clone().requires_grad_()
    torch.manual_seed(1)
    scores = model.train(training)(x, LENGTHS)
    return [scores, *torch.autograd.grad(scores.square().sum(), [x, *model.parameters()])]


@pytest.mark.parametrize("value", [1e4, 1e30, float("nan"), float("inf"), -float("inf")])
@pytest.mark.parametrize("training", [False, True])
@pytest.mark.parametrize("name", PADDED)
def test_padding_changes_no_output_and_no_gradient(name: str, training: bool, value: float):
    model = made(name)
    spoilt = NUMBERS.masked_fill(~REAL[..., None], value)
    expected = outputs_and_gradients(model, NUMBERS, training)
    for ours, theirs in zip(outputs_and_gradients(model, spoilt, training), expected, strict=True):
        torch.testing.assert_close(ours, theirs, rtol=0, atol=0)
    assert not expected[1][~REAL].any(), "the padding has a gradient"


@pytest.mark.parametrize("name", TOKENS)
def test_tokens_in_the_padding_change_no_output(name: str):
    model = made(f"{name} of tokens").eval()
    spoilt = WORDS.masked_fill(~REAL, 8)
    torch.testing.assert_close(model(spoilt, LENGTHS), model(WORDS, LENGTHS), rtol=0, atol=0)


@pytest.mark.parametrize("name", [*PADDED, "embedding_bag of tokens"])
def test_another_count_of_lengths_is_refused(name: str):
    x = ALL[name][1][0]
    with pytest.raises(ValueError, match=r"lengths are \(2,\), but x holds 3 sequences"):
        made(name)(x, torch.tensor([2, 5]))


@pytest.mark.parametrize("length", [0, 6])
@pytest.mark.parametrize("name", [*PADDED, "embedding_bag of tokens"])
def test_a_length_that_x_does_not_have_is_refused(name: str, length: int):
    with pytest.raises(ValueError, match=r"lengths are .*, not 1 to 5"):
        made(name)(ALL[name][1][0], torch.tensor([2, length, 3]))


@every_page
def test_an_ensemble_runs_under_vmap(name: str):
    models, inputs = [made(name).eval() for _ in range(2)], ALL[name][1]
    weights, buffers = stack_module_state(models)

    def score(weights: dict[str, Tensor], buffers: dict[str, Tensor]) -> Tensor:
        return functional_call(models[0], (weights, buffers), inputs)

    expected = torch.stack([model(*inputs) for model in models])
    torch.testing.assert_close(vmap(score)(weights, buffers), expected, rtol=1e-5, atol=1e-5)


@every_page
def test_vmap_over_examples_reads_no_values(name: str):
    model, inputs = made(name).eval(), ALL[name][1]

    def score(*one: Tensor) -> Tensor:
        return model(*(part[None] for part in one))[0]

    torch.testing.assert_close(vmap(score)(*inputs), model(*inputs), rtol=1e-4, atol=1e-5)


@every_page
def test_gradients_of_a_functional_call_are_those_of_backward(name: str):
    model, inputs = made(name).eval(), ALL[name][1]
    weights = {key: weight.detach() for key, weight in model.named_parameters()}
    gradients = grad(lambda weights: functional_call(model, weights, inputs).sum())(weights)
    model(*inputs).sum().backward()
    for key, weight in model.named_parameters():
        torch.testing.assert_close(gradients[key], weight.grad, rtol=1e-4, atol=1e-5)


@every_page
def test_a_page_can_be_exported(name: str):
    model, inputs = made(name).eval(), ALL[name][1]
    exported = torch.export.export(model, inputs).module()
    torch.testing.assert_close(exported(*inputs), model(*inputs), rtol=1e-5, atol=1e-5)


@every_page
def test_a_whole_model_survives_pickle_copy_and_saving(name: str):
    model, inputs = made(name).eval(), ALL[name][1]
    saved = io.BytesIO()
    torch.save(model, saved)
    saved.seek(0)
    again = [
        pickle.loads(pickle.dumps(model)),
        copy.deepcopy(model),
        torch.load(saved, weights_only=False),
    ]
    for other in again:
        torch.testing.assert_close(other(*inputs), model(*inputs), rtol=0, atol=0)


ATTENTIVE = [name for name in ALL if name != "embedding_bag of tokens" and "tokens" not in name]


@pytest.mark.parametrize("option", ["attention_dropout", "feedforward_dropout"])
@pytest.mark.parametrize("name", ATTENTIVE)
def test_an_inner_dropout_acts_in_training_only(name: str, option: str):
    model, inputs = made(name), ALL[name][1]
    for part in model.modules():
        for word in DROPS:
            if isinstance(getattr(part, word, None), nn.Dropout):
                getattr(part, word).p = 0.5 if word == option else 0.0
    still = model.eval()(*inputs)
    torch.testing.assert_close(model(*inputs), still, rtol=0, atol=0)
    assert not torch.allclose(model.train()(*inputs), still)
