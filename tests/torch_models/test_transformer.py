"""What the transformer page promises beside the contract of every page."""

import pytest
import torch
from torch import nn

from bakeoff.torch_models.transformer import Transformer, sinusoids


def copy_layer(ours: nn.Module, theirs: nn.TransformerEncoderLayer) -> None:
    """Put the weights of one of our layers into torch's."""
    qkv, attention = ours.query_key_value.state_dict(), theirs.self_attn
    attention.load_state_dict(
        {
            "in_proj_weight": qkv["weight"],
            "in_proj_bias": qkv["bias"],
            "out_proj.weight": ours.out.weight,
            "out_proj.bias": ours.out.bias,
        }
    )
    theirs.norm1.load_state_dict(ours.attention_norm.state_dict())
    theirs.norm2.load_state_dict(ours.feedforward_norm.state_dict())
    theirs.linear1.load_state_dict(ours.expand.state_dict())
    theirs.linear2.load_state_dict(ours.shrink.state_dict())


def test_the_course_transformer_has_its_classic_number_of_weights():
    model = Transformer(1, 2, norm_first=False, head_sizes=(64,))
    assert sum(weight.numel() for weight in model.parameters()) == 104_450


@pytest.mark.parametrize("norm_first", [True, False])
@pytest.mark.parametrize("activation", ["relu", "gelu"])
def test_a_layer_is_that_of_torch(norm_first: bool, activation: str):
    torch.manual_seed(0)
    model = Transformer(3, 2, model_size=8, norm_first=norm_first, activation=activation)
    ours = model.blocks[0]
    theirs = nn.TransformerEncoderLayer(
        8, 4, 256, 0.0, activation, batch_first=True, norm_first=norm_first
    )
    copy_layer(ours, theirs)
    x = torch.randn(2, 5, 8)
    real = torch.arange(5) < torch.tensor([3, 5])[:, None]
    expected = theirs(x, src_key_padding_mask=~real)
    torch.testing.assert_close(ours(x, real), expected, rtol=1e-5, atol=1e-5)


def test_weights_of_attention_sum_to_one_and_skip_the_padding():
    model = Transformer(3, 2, pooling="mean", num_layers=3)
    weights = model.attend(torch.randn(2, 5, 3), torch.tensor([2, 5]))
    assert [w.shape for w in weights] == [(2, 4, 5, 5)] * 3
    torch.testing.assert_close(weights[0].sum(-1), torch.ones(2, 4, 5))
    assert (weights[2][0, ..., 2:] == 0).all()


def test_sinusoidal_positions_have_no_longest_sequence():
    model = Transformer(1, 1, model_size=8, num_layers=1)
    assert model(torch.randn(1, 3000, 1)).isfinite().all()


def test_a_sequence_beyond_the_learned_positions_is_refused():
    model = Transformer(1, 1, positions="learned", max_length=4)
    with pytest.raises(ValueError, match="x has 5 steps, but max_length=4"):
        model(torch.zeros(2, 5, 1))


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"num_heads": 5}, "model_size=64 is not a multiple of num_heads=5, or one is below 1"),
        ({"num_heads": 0}, "model_size=64 is not a multiple of num_heads=0, or one is below 1"),
        ({"model_size": 0}, "model_size=0 is not a multiple of num_heads=4, or one is below 1"),
        ({"positions": "learned"}, "learned positions do not go with max_length=0"),
        ({"max_length": 9}, "sinusoidal positions do not go with max_length=9"),
        ({"pooling": "last"}, "pooling='last' is unknown. Known: token, mean"),
        ({"initialization": "xavier"}, "initialization='xavier' is unknown. Did you mean 'xavier_"),
        ({"fan": "both"}, "fan='both' is unknown. Known: in, out"),
        ({"token_position": True, "per_step": True}, "only pooling='token' has a class token"),
        ({"token_position": True, "pooling": "mean"}, "only pooling='token' has a class token"),
    ],
)
def test_arguments_that_do_not_fit_are_refused(arguments: dict[str, object], message: str):
    with pytest.raises(ValueError, match=message):
        Transformer(1, 1, **arguments)


@pytest.mark.parametrize("positions", ["sinusoidal", "learned"])
def test_a_class_token_with_a_position_has_position_0_and_the_steps_begin_at_1(positions: str):
    torch.manual_seed(0)
    lengths = {"max_length": 5} if positions == "learned" else {}
    model = Transformer(3, 2, positions=positions, token_position=True, **lengths)
    x = torch.randn(2, 5, 3)
    embedded, _ = model.embed(x, None)
    places = model.positions if positions == "learned" else sinusoids(embedded)
    expected = torch.cat([model.token.expand(2, 1, -1), model.project(x)], 1) + places
    torch.testing.assert_close(embedded, expected)
    assert places.shape == (6, 64)


def test_a_class_token_has_no_position_by_default():
    model, x = Transformer(3, 2), torch.randn(2, 5, 3)
    embedded, _ = model.embed(x, None)
    torch.testing.assert_close(embedded[:, 0], model.token.expand(2, -1), rtol=0, atol=0)
    torch.testing.assert_close(embedded[:, 1:], model.project(x) + sinusoids(x @ torch.ones(3, 64)))


def test_weights_begin_as_initialization_says():
    torch.manual_seed(0)
    sizes = {"model_size": 128, "feedforward_size": 512, "num_layers": 1}
    expand = Transformer(3, 2, initialization="kaiming_normal", fan="out", **sizes).blocks[0].expand
    assert expand.weight.std().item() == pytest.approx((2 / 512) ** 0.5, rel=0.02)  # before a relu
    plain = Transformer(3, 2, initialization="kaiming_uniform", **sizes).blocks[0].shrink
    assert plain.weight.std().item() == pytest.approx((1 / 512) ** 0.5, rel=0.02)  # gain 1
    normal = Transformer(3, 2, initialization="normal", **sizes).blocks[0].out
    assert normal.weight.std().item() == pytest.approx(0.05, rel=0.02)
    out = Transformer(3, 2, initialization="orthogonal", **sizes).blocks[0].out
    torch.testing.assert_close(out.weight @ out.weight.T, torch.eye(128), rtol=1e-4, atol=1e-4)


def test_a_mean_of_many_large_steps_is_finite_in_float16():
    model = Transformer(3, 0, pooling="mean")
    x, real = torch.full((1, 2000, 64), 60.0, dtype=torch.float16), torch.ones(1, 2000) > 0
    real[:, 1990:] = False
    torch.testing.assert_close(model.pool(x, real), x[:, 0], rtol=2e-3, atol=0)
