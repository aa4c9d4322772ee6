"""Promises of reading: data of one part are not those of another."""

import gzip

import numpy as np
import pandas as pd
import pytest

from bakeoff.data.read import read
from bakeoff.errors import DataError

RANDOM = np.random.default_rng(0)
FRAME = pd.DataFrame({"a": RANDOM.normal(size=40), "y": [0, 1] * 20})
OTHER = pd.DataFrame({"a": RANDOM.normal(size=20), "y": [0, 1] * 10})
X, Y = RANDOM.normal(size=(40, 3)), np.arange(40) % 2


@pytest.fixture
def files(tmp_path):
    """The same table under two names, packed and not, and another one."""
    text = FRAME.to_csv(index=False)
    (tmp_path / "a.csv").write_text(text)
    (tmp_path / "b.csv.gz").write_bytes(gzip.compress(text.encode()))
    OTHER.to_csv(tmp_path / "other.csv", index=False)
    return tmp_path


@pytest.mark.parametrize(
    ("train", "validation", "test", "message"),
    [
        ("a.csv", "other.csv", "other.csv", r"validation data and the test .* \(other.csv\)"),
        ("a.csv", None, "a.csv", r"train data and the test data hold the same rows \(a.csv\)"),
        ("a.csv", None, "b.csv.gz", r"train data and the test .* \(a.csv and b.csv.gz\)"),
        ("a.csv", "b.csv.gz", "other.csv", r"train data and the validation .* leave validation="),
    ],
)
def test_one_file_for_two_parts_is_refused(train, validation, test, message, files):
    given = {"validation": validation and files / validation, "test": files / test}
    with pytest.raises(DataError, match=message):
        read(files / train, target="y", **given)


@pytest.mark.parametrize(
    ("train", "test"),
    [(FRAME, FRAME), (FRAME, FRAME.copy()), ((X, Y), (X, Y)), ((X, Y), (X.copy(), Y.tolist()))],
    ids=["frame", "copy", "arrays", "copied arrays"],
)
def test_one_object_for_two_parts_is_refused(train, test):
    with pytest.raises(DataError, match="train data and the test data hold the same rows"):
        read(train, target="y", test=test)


def test_parts_that_share_some_rows_are_read():
    assert len(read(FRAME, target="y", test=FRAME[:30])) == 70
    assert len(read((X, Y), test=(X, 1 - Y))) == 80
