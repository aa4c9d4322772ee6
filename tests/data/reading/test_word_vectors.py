"""Promises of files of pretrained vectors."""

import gzip

import numpy as np
import pytest

from bakeoff import DataError, RequestError
from bakeoff.data.reading.word_vectors import word_vectors

WORDS = {"film": 0, "good": 1, "bad": 2}


def written(tmp_path, text, name="vectors.txt"):
    path = tmp_path / name
    raw = text.encode() if isinstance(text, str) else text
    path.write_bytes(gzip.compress(raw) if name.endswith(".gz") else raw)
    return path


@pytest.mark.parametrize("name", ["vectors.txt", "vectors.vec", "vectors.txt.gz"])
@pytest.mark.parametrize("head", ["", "3 2\n"])
def test_words_find_their_vectors(name, head, tmp_path):
    path = written(tmp_path, f"{head}film 1 2\nother 5 6\ngood 3 4\n", name)
    table = word_vectors(path, WORDS)
    assert table[:2].tolist() == [[1, 2], [3, 4]]
    assert np.isnan(table[2]).all()


def test_a_capitalised_word_stands_for_one_that_has_no_vector_itself(tmp_path):
    table = word_vectors(written(tmp_path, "Film 9 9\nfilm 1 2\nFILM 8 8\nGood 3 4\n"), WORDS)
    assert table[:2].tolist() == [[1, 2], [3, 4]]


def test_words_with_blanks_in_them_do_no_harm(tmp_path):
    assert word_vectors(written(tmp_path, "a 0 0\n. . . 5 6\nfilm 1 2\n"), WORDS)[0, 1] == 2


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("kino 1 2\n", "0 of 3 words of the training texts have a vector"),
        ("", "0 of 3 words"),
        ("film 1 2\ngood 1 x\n", "line 2: not all behind the word are numbers"),
        ("film 1 2\ngood 1\n", "line 2"),
        ("film 1 nan\n", "line 1: it holds a number that is not finite"),
        ("film\n", "line 1: it has 0 numbers behind a word"),
        (b"\xff\xfe\x00", "line 1: it is no text in UTF-8"),
        (b"a" * 2**20, "line 1: the line is too long"),
    ],
)
def test_what_is_no_file_of_vectors_is_refused_with_its_line(text, message, tmp_path):
    with pytest.raises(DataError, match=message):
        word_vectors(written(tmp_path, text), WORDS)


def test_a_file_that_is_not_there_or_broken_is_refused(tmp_path):
    with pytest.raises(RequestError, match="names no file"):
        word_vectors(tmp_path / "none.txt", WORDS)
    path = written(tmp_path, "film 1 2\n" * 99, "v.gz")
    path.write_bytes(path.read_bytes()[:-9])
    with pytest.raises(DataError, match=r"v\.gz"):
        word_vectors(path, WORDS)
