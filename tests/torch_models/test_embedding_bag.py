"""Promises of the embedding_bag page beyond those of every page."""

import pytest
import torch

from bakeoff.torch_models.embedding_bag import EmbeddingBag


def test_features_are_the_mean_of_word_and_pair_vectors():
    torch.manual_seed(0)
    page = EmbeddingBag(4, 0, vocabulary_size=50, num_pairs=97).eval()
    words, pairs = page.words.weight, page.pairs.weight
    buckets = [(7 * 31337 + 9) % 97, (9 * 31337 + 3) % 97]
    total = words[[7, 9, 3]].sum(0) + pairs[buckets].sum(0)
    torch.testing.assert_close(page(torch.tensor([[7, 9, 3, 0, 0]]))[0], total / 5)


def test_padding_is_no_word_whether_lengths_are_given_or_not():
    page = EmbeddingBag(4, 2, vocabulary_size=50).eval()
    x = torch.tensor([[7, 9, 3, 0, 0], [8, 0, 0, 0, 0]])
    torch.testing.assert_close(page(x), page(x, lengths=torch.tensor([3, 1])))


def test_the_order_of_words_matters_only_with_pairs():
    torch.manual_seed(0)
    x, turned = torch.tensor([[7, 9, 3]]), torch.tensor([[3, 9, 7]])
    bag = EmbeddingBag(4, 2, vocabulary_size=50, num_pairs=0).eval()
    torch.testing.assert_close(bag(x), bag(turned))
    bag = EmbeddingBag(4, 2, vocabulary_size=50).eval()
    assert not torch.allclose(bag(x), bag(turned))


def test_large_tokens_fall_into_the_same_buckets_in_32_and_64_bits():
    page = EmbeddingBag(4, 2, vocabulary_size=200_000).eval()
    x = torch.tensor([[65_535, 65_535, 199_999, 131_071, 65_536]])
    torch.testing.assert_close(page(x.int()), page(x))


def test_a_text_model_without_a_vocabulary_is_refused():
    with pytest.raises(ValueError, match="vocabulary_size=0, but this model reads tokens"):
        EmbeddingBag(4, 2, vocabulary_size=0)


def test_tokens_in_the_padding_are_never_read():
    torch.manual_seed(0)
    page, lengths = EmbeddingBag(4, 2, vocabulary_size=50).eval(), torch.tensor([3, 1])
    x = torch.tensor([[7, 9, 3, 0, 0], [8, 0, 0, 0, 0]])
    other = torch.tensor([[7, 9, 3, 11, 49], [8, 1, 2, 3, 4]])
    torch.testing.assert_close(page(other, lengths), page(x, lengths), rtol=0, atol=0)


def test_a_mean_of_many_large_vectors_is_finite_in_float16():
    page = EmbeddingBag(4, 0, vocabulary_size=5, dropout=0.0).half().eval()
    with torch.no_grad():
        page.words.weight.fill_(60)
        page.pairs.weight.fill_(60)
    mean = page(torch.ones(1, 3000, dtype=torch.long))
    torch.testing.assert_close(mean, torch.full((1, 4), 60.0).half(), rtol=5e-3, atol=0)


@pytest.mark.parametrize("sizes", [{"in_features": 0}, {"num_pairs": -1}])
def test_sizes_that_hold_no_vectors_are_refused(sizes: dict[str, int]):
    with pytest.raises(ValueError, match="must be 1 or more, num_pairs="):
        EmbeddingBag(**{"in_features": 4, "out_features": 2, "vocabulary_size": 5, **sizes})
