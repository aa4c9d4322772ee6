"""What the page of the recurrent encoder-decoder promises beyond the contract."""

import pytest
import torch

from bakeoff.torch_models.rnn_seq2seq import RNNSeq2Seq

LENGTHS = torch.tensor([6, 3])
VARIANTS = [(cell, attention) for cell in ("lstm", "gru") for attention in (True, False)]


@pytest.mark.parametrize(("cell", "attention"), VARIANTS)
def test_decoding_goes_on_from_its_own_scores(cell, attention):
    model = RNNSeq2Seq(5, 3, out_steps=4, cell=cell, attention=attention, hidden_sizes=(8, 6))
    x = torch.randn(2, 6, 5)
    written = model(x, LENGTHS)
    torch.testing.assert_close(model(x, LENGTHS, previous=written), written)


def test_decoding_goes_on_from_the_likeliest_token():
    model = RNNSeq2Seq(5, 9, out_steps=4, vocabulary_size=20, token_targets=True)
    x = torch.randint(1, 20, (2, 6))
    written = model(x, LENGTHS)
    torch.testing.assert_close(model(x, LENGTHS, previous=written.argmax(2)), written)


def test_a_step_sees_no_target_of_its_own_or_later():
    model, x = RNNSeq2Seq(5, 3), torch.randn(2, 6, 5)
    targets = torch.randn(2, 4, 3)
    changed = targets.clone()
    changed[:, 2:] += 1
    scores, others = model(x, previous=targets), model(x, previous=changed)
    torch.testing.assert_close(scores[:, :3], others[:, :3])
    assert (scores[:, 3] != others[:, 3]).any()


@pytest.mark.parametrize(("cell", "attention"), VARIANTS)
def test_padding_changes_no_score(cell, attention):
    model = RNNSeq2Seq(5, 3, out_steps=2, cell=cell, attention=attention)
    x = torch.randn(1, 6, 5)
    four, targets = torch.tensor([4]), torch.randn(1, 3, 3)
    torch.testing.assert_close(model(x, four), model(x[:, :4]))
    torch.testing.assert_close(model(x, four, targets), model(x[:, :4], previous=targets))


def test_no_step_looks_at_padding():
    weights = RNNSeq2Seq(5, 3, out_steps=2).write(torch.randn(2, 6, 5), LENGTHS)[1]
    assert weights.shape == (2, 2, 6)
    assert not weights[1, :, 3:].any()
    torch.testing.assert_close(weights.sum(2), torch.ones(2, 2))


def test_unfit_targets_and_unknown_cells_are_refused():
    with pytest.raises(ValueError, match=r"previous is \(2, 4, 2\), a step \(2, 1, 3\)"):
        RNNSeq2Seq(5, 3)(torch.randn(2, 6, 5), previous=torch.randn(2, 4, 2))
    with pytest.raises(ValueError, match=r"cell='rnn' is unknown. Known: lstm, gru"):
        RNNSeq2Seq(5, 3, cell="rnn")


@pytest.mark.parametrize(
    ("previous", "message"),
    [
        (torch.zeros(2, 4, dtype=torch.long), r"previous is \(2, 4\), a step \(2, 1, 3\)"),
        (torch.zeros(3, 4, 3), r"previous is \(3, 4, 3\), a step \(2, 1, 3\)"),
        (torch.zeros(2, 0, 3), r"previous is \(2, 0, 3\), a step \(2, 1, 3\)"),
    ],
)
def test_targets_of_another_form_are_refused(previous, message):
    with pytest.raises(ValueError, match=message):
        RNNSeq2Seq(5, 3)(torch.randn(2, 6, 5), previous=previous)


def test_a_target_beyond_the_tokens_is_refused():
    model = RNNSeq2Seq(5, 9, token_targets=True)
    with pytest.raises(ValueError, match="previous holds tokens 1 to 9, not 0 to 8"):
        model(torch.randn(1, 6, 5), previous=torch.tensor([[1, 9]]))


def test_a_network_that_cannot_write_is_refused():
    with pytest.raises(ValueError, match="out_steps=0, but one step or more must be written"):
        RNNSeq2Seq(5, 3, out_steps=0)
    with pytest.raises(ValueError, match="out_features=2 tokens lack 2, the start token"):
        RNNSeq2Seq(5, 2, token_targets=True)
    RNNSeq2Seq(5, 3, token_targets=True)
