"""Promises of the target column."""

import numpy as np
import pytest

from bakeoff.data.forms import typed_labels
from bakeoff.data.read import read
from bakeoff.data.splitting.split import make_split
from bakeoff.errors import DataError, RequestError

NUMBERS = np.linspace(0.1, 7.3, 60)


def task_of(y, **options):
    dataset = read({"a": NUMBERS[: len(y)], "y": y}, target="y", **options)
    return dataset.schema.tasks["y"], dataset


@pytest.mark.parametrize(
    ("y", "task"),
    [
        ([0, 1] * 30, "binary"),
        ([1.0, 2.0] * 30, "binary"),
        (["u", "v"] * 30, "binary"),
        ([0, 1, 2] * 20, "multiclass"),
        (["u", "v", "w"] * 20, "multiclass"),
        (list(range(30)) * 2, "regression"),
        ([0.5, 1, 2] * 20, "regression"),
        ([0, 1, 2, 3, 4, 5] * 5, "regression"),
    ],
)
def test_the_task_follows_from_the_values(y, task):
    assert task_of(y)[0] == task


def test_the_reason_says_how_to_choose_otherwise():
    column = task_of([0, 1, 2] * 20)[1].schema.column("y")
    assert (
        column.reason
        == "3 different integers: classes; give it the kind number to predict the amount"
    )


@pytest.mark.parametrize(
    ("y", "kind", "task"),
    [([0, 1, 2] * 20, "number", "regression"), ([0.5, 1.5, 2.5] * 20, "category", "multiclass")],
)
def test_the_task_can_be_overridden(y, kind, task):
    assert task_of(y, kinds={"y": kind})[0] == task


@pytest.mark.parametrize(
    ("y", "positive"),
    [
        (["no", "yes", "yes"] * 20, "yes"),
        ([1, 1, 0] * 20, "1"),
        ([True, False, True] * 20, "true"),
        (["sick", "well", "well"] * 20, "sick"),
    ],
)
def test_the_positive_class_is_the_true_one_or_the_rarer(y, positive):
    assert task_of(y)[1].schema.positive == {"y": positive}


def test_the_positive_class_can_be_chosen():
    assert task_of(["no", "yes"] * 30, positive="no")[1].schema.positive == {"y": "no"}
    with pytest.raises(RequestError, match=r"No class of 'y' called 'noo'\. Did you mean 'no'"):
        task_of(["no", "yes"] * 30, positive="noo")


def test_rows_without_a_target_are_left_out_and_counted():
    dataset = task_of([0, 1, None] * 20)[1]
    assert len(dataset) == 40
    assert dataset.rows[:3].tolist() == [1, 2, 4]
    assert "20 rows are left out: no value of y." in dataset.notes


@pytest.mark.parametrize(
    ("y", "message"),
    [
        ([1] * 60, "always 1, so there is nothing to learn"),
        ([None] * 60, "empty in all 60 rows"),
        ([f"u{i}" for i in range(60)], "looks like an identifier"),
        ([*NUMBERS[:59], np.inf], "'inf' at row 60"),
        ([*map(str, NUMBERS[:59]), "abc"], "'abc' at row 60"),
        (["u"] * 59 + ["w"], r"one row only: 'w' \(row 60\)"),
        ([f"2020-01-{i % 28 + 1:02d}" for i in range(60)], "holds dates"),
    ],
)
def test_a_target_that_cannot_be_predicted_is_refused(y, message):
    with pytest.raises(DataError, match=message):
        task_of(y)


def test_a_text_is_written_unless_the_user_says_that_each_is_a_class():
    y = [f"a long text of words {i}" for i in range(60)]
    assert task_of(y)[0] == "text"
    assert task_of([text[:22] for text in y], kinds={"y": "category"})[0] == "multiclass"


def test_classes_of_too_few_rows_are_learned_from_and_never_tested():
    y = [*["u", "v"] * 28, "v", "w", "x", "x"]
    dataset = task_of(y)[1]
    note = "y: 2 classes have fewer than 3 rows ('w' 1 and 'x' 2); a random split leaves them in"
    assert any(said.startswith(note) for said in dataset.notes)
    split = make_split(dataset, None, seed=0)
    assert set(np.flatnonzero(np.isin(y, ["w", "x"]))) <= set(split.train.tolist())
    assert sum(map(len, split.parts)) == 60


def test_inputs_of_which_none_can_be_used_are_refused_with_their_reasons():
    with pytest.raises(DataError, match=r"No column can be used .* a is constant"):
        read({"a": [1] * 60, "y": [0, 1] * 30}, target="y")


def test_inputs_can_be_named_and_the_others_are_said():
    data = {"a": NUMBERS, "b": NUMBERS**2, "y": [0, 1] * 30}
    dataset = read(data, target="y", inputs=["b"])
    assert dataset.schema.inputs == ("b",)
    assert "Not among the inputs: a." in dataset.notes
    with pytest.raises(RequestError, match="No column called 'bb'"):
        read(data, target="y", inputs=["bb"])


def test_an_unknown_kind_or_column_is_refused():
    with pytest.raises(RequestError, match=r"No kind called 'catgory'.*Did you mean 'category'"):
        task_of([0, 1] * 30, kinds={"a": "catgory"})
    with pytest.raises(RequestError, match="No column called 'aa'"):
        task_of([0, 1] * 30, kinds={"aa": "number"})


@pytest.mark.parametrize(
    ("y", "message"),
    [
        ([0.5, 1.5, "abc"], "'abc' at row 3 of the test data, which is no finite number"),
        ([0.5, np.inf, 2.5], "'inf' at row 2 of the test data, which is no finite number"),
    ],
)
def test_a_bad_target_of_a_test_file_is_named_by_its_row_there(y, message):
    train = {"a": NUMBERS, "y": NUMBERS**2}
    with pytest.raises(DataError, match=message):
        read(train, target="y", test={"a": [0.1, 0.2, 0.3], "y": y})


def test_a_list_of_kinds_is_answered_with_what_chooses_columns():
    with pytest.raises(RequestError) as error:
        task_of([0, 1] * 30, kinds=["a"])
    assert str(error.value) == (
        "inputs=['a', 'b'] chooses columns; kinds={'a': 'category'} says what they hold."
    )
    assert "--column a=category says" in error.value.worded("command line")


@pytest.mark.parametrize(
    "classes", [["None", "Insomnia"], ["NA", "EU"], ["?", "-"], ["-", "+"], ["None", "NA", "?"]]
)
def test_a_text_in_a_target_is_a_class_unless_it_is_empty(classes):
    y = [*(classes * 20), ""]
    dataset = read({"a": list(range(len(y))), "y": y}, target="y", kinds={"a": "number"})
    assert set(dataset.arrays["y"]) == set(classes)
    assert len(dataset) == len(y) - 1
    assert any("only empty cells are missing" in note for note in dataset.notes)


def test_a_word_for_nothing_among_numbers_is_missing_unless_the_kind_says_otherwise(write):
    path = write(
        "a,y\n" + "".join(f"{i * 0.5},{'NA' if i % 4 == 0 else i % 2}\n" for i in range(80))
    )
    assert len(read(path, target="y")) == 60
    assert any("kind category to make it a class" in note for note in read(path, target="y").notes)
    assert len(read(path, target="y", kinds={"y": "category"})) == 80


@pytest.mark.parametrize(
    ("y", "labels"),
    [
        ([0, 1], "integer"),
        ([0.0, 1.0], "float"),
        ([True, False], "boolean"),
        (["0", "1"], "string"),
        (["True", "False"], "string"),
        (["u", "v"], "string"),
    ],
)
def test_labels_keep_their_type(y, labels):
    dataset = read({"a": list(range(40)), "y": y * 20}, target="y", kinds={"a": "number"})
    assert dataset.schema.labels == labels
    assert set(typed_labels(dataset.arrays["y"].tolist(), labels)) == set(y)


@pytest.mark.parametrize(
    ("y", "labels"),
    [
        ("01", "integer"),
        (["True", "False"], "boolean"),
        (["1.0", "2.0"], "float"),
        ("ab", "string"),
    ],
)
def test_digits_in_a_file_are_numbers(y, labels, write):
    path = write("a,y\n" + "".join(f"{i * 0.5},{y[i % 2]}\n" for i in range(40)))
    assert read(path, target="y").schema.labels == labels


def test_a_positive_class_may_be_named_as_the_user_calls_it():
    data = {"a": NUMBERS[:40], "y": [True, False] * 20}
    for name in ("True", "true"):
        assert read(data, target="y", positive=name).schema.positive == {"y": "true"}
