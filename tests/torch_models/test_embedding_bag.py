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
