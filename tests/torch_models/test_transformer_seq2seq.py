"""What the encoder-decoder page promises beside the contract of every page."""

import pytest
import torch
from torch import nn

from bakeoff.torch_models.transformer_seq2seq import TransformerSeq2Seq, sinusoids


def attention_weights(ours: nn.Module) -> dict[str, torch.Tensor]:
    return {
        "in_proj_weight": torch.cat([ours.query.weight, ours.key_value.weight]),
        "in_proj_bias": torch.cat([ours.query.bias, ours.key_value.bias]),
        "out_proj.weight": ours.out.weight,
        "out_proj.bias": ours.out.bias,
    }


def torch_transformer(page: TransformerSeq2Seq, norm_first: bool = True) -> nn.Transformer:
    """Build torch's own encoder-decoder with the weights of a page of width 16."""
    encoder_layer = nn.TransformerEncoderLayer(
        16, 2, 24, 0.0, batch_first=True, norm_first=norm_first
    )
    encoder = nn.TransformerEncoder(encoder_layer, 2, nn.LayerNorm(16), enable_nested_tensor=False)
    model = nn.Transformer(
        16, 2, 2, 2, 24, 0.0, custom_encoder=encoder, batch_first=True, norm_first=norm_first
    )
    pairs = [
        *zip(page.encoder, model.encoder.layers, strict=True),
        *zip(page.decoder, model.decoder.layers, strict=True),
    ]
    for ours, theirs in pairs:
        theirs.self_attn.load_state_dict(attention_weights(ours.self_attention))
        theirs.norm1.load_state_dict(ours.self_norm.state_dict())
        if ours.decodes:
            theirs.multihead_attn.load_state_dict(attention_weights(ours.source_attention))
            theirs.norm2.load_state_dict(ours.source_norm.state_dict())
        last_norm = theirs.norm3 if ours.decodes else theirs.norm2
        last_norm.load_state_dict(ours.feedforward_norm.state_dict())
        theirs.linear1.load_state_dict(ours.expand.state_dict())
        theirs.linear2.load_state_dict(ours.shrink.state_dict())
    if norm_first:
        model.encoder.norm.load_state_dict(page.encoder_norm.state_dict())
        model.decoder.norm.load_state_dict(page.decoder_norm.state_dict())
    else:
        model.encoder.norm = None
        model.decoder.norm = None
    return model


def page(**arguments: object) -> TransformerSeq2Seq:
    torch.manual_seed(0)
    sizes = {"model_size": 16, "num_heads": 2, "feedforward_size": 24}
    outputs = 6 if arguments.get("token_targets") else 2
    return TransformerSeq2Seq(3, outputs, **sizes, **arguments).eval()


def test_the_course_encoder_decoder_has_its_classic_number_of_weights():
    model = TransformerSeq2Seq(20, 1, feedforward_size=2048)
    assert sum(weight.numel() for weight in model.parameters()) == 1_159_809


@pytest.mark.parametrize("norm_first", [True, False])
def test_the_classifier_reads_the_last_step_of_torchs_own_decoder(norm_first: bool):
    model, x = page(norm_first=norm_first), torch.randn(4, 6, 3)
    h = model.project(x)
    h = h + sinusoids(h)
    expected = model.head(torch_transformer(model, norm_first)(h, h)[:, -1])
    torch.testing.assert_close(model(x), expected, rtol=1e-5, atol=1e-5)


def test_teacher_forcing_is_torchs_own_decoder_on_shifted_targets():
    model, x, previous = page(out_steps=5), torch.randn(4, 6, 3), torch.randn(4, 5, 2)
    h = model.project(x)
    shifted = model.target(torch.cat([torch.zeros(4, 1, 2), previous[:, :-1]], 1))
    causal = nn.Transformer.generate_square_subsequent_mask(5)
    h = torch_transformer(model)(h + sinusoids(h), shifted + sinusoids(shifted), tgt_mask=causal)
    torch.testing.assert_close(model(x, previous=previous), model.head(h), rtol=1e-5, atol=1e-5)


def test_no_step_sees_its_own_target_or_a_later_one():
    model, x, previous = page(out_steps=5), torch.randn(1, 6, 3), torch.randn(1, 5, 2)
    changed = previous.clone()
    changed[:, 2:] += 1
    before, after = model(x, previous=previous), model(x, previous=changed)
    torch.testing.assert_close(after[:, :3], before[:, :3])
    assert not torch.allclose(after[:, 3:], before[:, 3:])


@pytest.mark.parametrize("token_targets", [False, True])
def test_free_decoding_is_teacher_forcing_with_its_own_outputs(token_targets: bool):
    model, x = page(out_steps=4, token_targets=token_targets), torch.randn(3, 6, 3)
    scores = model(x, torch.tensor([2, 6, 4]))
    written = scores.argmax(2) if token_targets else scores
    forced = model(x, torch.tensor([2, 6, 4]), previous=written)
    torch.testing.assert_close(forced, scores, rtol=1e-5, atol=1e-5)


def test_targets_of_another_width_are_refused():
    with pytest.raises(ValueError, match=r"previous is \(1, 4, 3\), a step \(1, 1, 2\)"):
        page(out_steps=4)(torch.zeros(1, 6, 3), previous=torch.zeros(1, 4, 3))


@pytest.mark.parametrize(
    ("previous", "message"),
    [
        (torch.zeros(2, 4, 2), r"previous is \(2, 4, 2\), a step \(1, 1, 2\)"),
        (torch.zeros(1, 0, 2), r"previous is \(1, 0, 2\), a step \(1, 1, 2\)"),
        (torch.zeros(1, 4), r"previous is \(1, 4\), a step \(1, 1, 2\)"),
    ],
)
def test_targets_of_another_count_are_refused(previous: torch.Tensor, message: str):
    with pytest.raises(ValueError, match=message):
        page(out_steps=4)(torch.zeros(1, 6, 3), previous=previous)


def test_target_tokens_beyond_the_outputs_are_refused():
    model = page(out_steps=2, token_targets=True)
    with pytest.raises(ValueError, match="previous holds tokens 1 to 6, not 0 to 5"):
        model(torch.zeros(1, 6, 3), previous=torch.tensor([[1, 6]]))


def test_targets_for_a_page_that_writes_no_steps_are_refused():
    with pytest.raises(ValueError, match="previous holds targets, but with out_steps=0"):
        page()(torch.zeros(1, 6, 3), previous=torch.zeros(1, 4, 2))


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (
            {"out_features": 2, "out_steps": 3, "token_targets": True},
            "out_features=2 leaves out tok",
        ),
        ({"out_steps": 0, "token_targets": True}, "out_steps=0, but token_targets=True"),
        ({"out_steps": -1}, "out_steps=-1, but token_targets=False"),
        ({"num_heads": 0}, "model_size=64 is not a multiple of num_heads=0, or one is below 1"),
    ],
)
def test_sizes_that_do_not_go_together_are_refused(arguments: dict[str, object], message: str):
    with pytest.raises(ValueError, match=message):
        TransformerSeq2Seq(3, **{"out_features": 6, **arguments})


def test_dense_layers_stand_before_the_head():
    model = page(head_sizes=(8, 5), out_steps=4)
    assert [linear.out_features for linear in model.dense] == [8, 5]
    assert model.head.in_features == 5
    assert model(torch.zeros(1, 6, 3)).shape == (1, 4, 2)
