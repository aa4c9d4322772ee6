"""Promises of the transform of texts."""

import json

import numpy as np
import pytest

from bakeoff import DataError
from bakeoff.data.preparing.byte_pairs import BytePairs
from bakeoff.data.preparing.preparation import fit_preparation
from bakeoff.data.preparing.preparation_file import load_preparation
from bakeoff.data.preparing.text import MOST_KNOWN, Text, TextChoices
from bakeoff.data.preparing.text_notes import say_new_texts
from bakeoff.data.read import read
from bakeoff.data.splitting.split import make_split


def texts(*values):
    return np.array(values, dtype=object)


def codes(fitted, *values):
    read = fitted.apply(texts(*values))
    return [read[i].tolist() for i in range(len(values))]


def test_frequent_words_come_first_and_equals_by_name():
    fitted = Text.fit(texts("b a b", "c b", "A, b!", "d"))
    assert fitted.words == ("b", "a", "c", "d")
    assert fitted.known == 2  # what comes once teaches what an unknown word is worth
    assert codes(fitted, "B? a d z") == [[4, 5, 7, 1]]


def test_a_text_without_a_word_is_one_unknown_word():
    fitted = Text.fit(texts("a b", "a b"))
    assert codes(fitted, None, "", " .,; ", "b") == [[1], [1], [1], [5]]
    assert fitted.lengths(texts(None, "b a")).tolist() == [0, 2]


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("Don't", ["don", "t"]),
        ("हिन्दी भाषा", ["हिन्दी", "भाषा"]),
        ("E\u0301TE\u0301", ["été"]),
        ("so good 😀😀", ["so", "good", "😀", "😀"]),
        ("x" * 250, ["x" * 100, "x" * 100, "x" * 50]),
    ],
)
def test_words_of_every_script_stay_whole(text, words):
    assert sorted(Text.fit(texts(text, text)).words) == sorted(set(words))


def test_networks_read_all_of_nearly_all_texts_but_no_more_than_512_words():
    assert Text.fit(texts(*["a b c"] * 19, "a " * 99)).length == 3
    assert Text.fit(texts(*["a " * 700] * 9)).length == 512
    assert Text.fit(texts(*["a " * 700] * 9), TextChoices("words", 600)).length == 600
    assert Text.fit(texts(None, "?")).length == 1


def test_no_more_words_are_known_than_networks_learn():
    many = " ".join(f"w{i} w{i}" for i in range(MOST_KNOWN + 50))
    fitted = Text.fit(texts(many))
    assert fitted.vocabulary_size == MOST_KNOWN + 4
    assert fitted.num_codes == MOST_KNOWN + 54


def test_pieces_of_bytes_say_every_text():
    fitted = Text.fit(texts("low lower lowest", "new newer newest"), TextChoices("bytes"))
    (found,) = codes(fitted, "lowest Übung 很好")
    pieces = {number + 4: piece for piece, number in fitted.pairs.pieces.items()}
    assert "".join(pieces[code] for code in found).startswith("lowest")
    assert min(found) >= 4
    assert max(found) < fitted.vocabulary_size


def test_pieces_learned_twice_are_the_same():
    said = ["low lower lowest new newer", "newest wide wider"] * 30
    assert BytePairs.learn(said) == BytePairs.learn(said)


@pytest.mark.parametrize("tokens", ["words", "bytes"])
def test_what_was_fitted_is_read_back(tokens, tmp_path):
    preparation = prepared(tokens)
    preparation.save(tmp_path)
    fitted, again = (p.transforms["x"] for p in (preparation, load_preparation(tmp_path)))
    new = texts("film und wort", None, "Noch ein FILM", "😀")
    assert np.array_equal(fitted.apply(new).steps, again.apply(new).steps)
    assert (again.known, again.length, again.tokens) == (fitted.known, fitted.length, tokens)


def prepared(tokens="words"):
    said = ["ein guter film", "ein schlechter film", "noch ein wort dazu"] * 20
    dataset = read({"x": said, "y": ["u", "v"] * 30}, target="y", kinds={"x": "text"})
    return fit_preparation(dataset, make_split(dataset), TextChoices(tokens))


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"known": 10**6}, "different words"),
        ({"known": -1}, "known is -1"),
        ({"length": 0}, "length"),
        ({"length": "long"}, "length"),
        ({"tokens": "signs"}, "tokens"),
        ({"class": "Tokens"}, "transforms.json"),
        ({"code": "import os"}, "code"),
    ],
)
def test_a_damaged_transform_is_refused(change, message, tmp_path):
    prepared().save(tmp_path)
    path = tmp_path / "transforms.json"
    document = json.loads(path.read_text("utf-8"))
    document["transforms"]["column.x"].update(change)
    path.write_text(json.dumps(document), "utf-8")
    with pytest.raises(DataError, match=message):
        load_preparation(tmp_path)


@pytest.mark.parametrize(
    ("tokens", "letters"),
    [("words", b"a\na"), ("words", b"\xff\xfe"), ("bytes", b"a b\nnever seen"), ("bytes", b"ab")],
)
def test_damaged_words_are_refused(tokens, letters):
    with pytest.raises(ValueError, match=r"words|decode|pieces"):
        Text(np.frombuffer(letters, np.uint8), 0, 5, tokens)


def test_new_texts_are_told_where_they_are_cut_or_strange():
    fitted = Text.fit(texts(*["a b c"] * 9))
    new = texts("a b c a b", None, *["x y z"] * 9)
    said = say_new_texts("x", fitted, new)
    assert "1 of 11 rows (9.1 %) are longer and lose 2 words on average" in said[0]
    assert "84 % of the words of these texts come in no training row" in said[1]
    assert "1 row has no word" in said[2]
    assert not say_new_texts("x", fitted, texts("a b", "z"))


def test_there_are_about_as_many_buckets_as_pairs():
    few = Text.fit(texts(*["a b c a"] * 9))
    many = Text.fit(texts(*[" ".join(f"w{i} w{i * j % 997}" for i in range(997)) for j in (2, 3)]))
    assert few.buckets == 2**10
    assert many.buckets == 2**12


def test_a_longer_text_is_cut_at_its_end_or_in_its_middle():
    rows = texts("a b c d e", "a b", "a b c d e")
    whole = Text.fit(rows, TextChoices(length=9)).apply(rows)
    for cut, kept in (("end", "abc"), ("middle", "abe")):
        fitted = Text.fit(rows, TextChoices(length=3, cut=cut))
        short = fitted.shortened(fitted.apply(rows))
        code = dict(zip("abcde", whole[0].tolist(), strict=True))
        assert [short[i].tolist() for i in (0, 1)] == [[code[c] for c in kept], whole[1].tolist()]
