"""Promises of .ts: a series a line, its channels as sequences, its class or number behind it."""

import pytest

from bakeoff.data.read import read
from bakeoff.errors import DataError

HEAD = "# of the archive\n@problemName P\n@timeStamps false\n@classLabel true a b\n@data\n"
LINES = "".join(f"{i},2.5,{i + 1}:0.1,?,{-i}:{'ab'[i % 2]}\n" for i in range(20))


def written(path, text):
    path.write_text(text)
    return path


def test_channels_stand_beside_each_other_and_the_class_is_a_column(tmp_path):
    dataset = read(written(tmp_path / "P_TRAIN.ts", HEAD + LINES), target="class")
    assert (dataset.schema.inputs, dataset.schema.learned_from) == (
        ("steps",), ("channel_1", "channel_2"),
    )  # fmt: skip
    assert dataset.arrays["steps"][3].tolist()[0] == [3, pytest.approx(0.1)]
    assert dataset.schema.tasks == {"class": "binary"}


def test_series_of_different_lengths_have_a_number_to_predict(tmp_path):
    text = "@targetLabel true\n@data\n" + "".join(
        f"{','.join(['1.5'] * (1 + i % 4))}:{i / 3}\n" for i in range(20)
    )
    dataset = read(written(tmp_path / "r.ts", text), target="target")
    assert dataset.schema.tasks == {"target": "regression"}
    assert dataset.arrays["series"].lengths.tolist() == [1, 2, 3, 4] * 5


@pytest.mark.parametrize(("text", "said"), [
    ("1,2:a\n", "no series behind a line @data"),
    ("@timestamps true\n@data\n(0,1):a\n", "time stamp for each value"),
    (HEAD + "1,2:3,4:a\n1,2:b\n", "line 7: 1 channels, and the first series has 2"),
    (HEAD + "1,two:a\n", "line 6: 'two' is no number"),
    (HEAD, "no series behind a line @data"),
])  # fmt: skip
def test_what_cannot_be_read_is_named_with_its_line(tmp_path, text, said):
    with pytest.raises(DataError, match=said):
        read(written(tmp_path / "r.ts", text), target="class")
