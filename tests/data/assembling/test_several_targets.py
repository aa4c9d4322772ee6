"""Several targets of arrays and of sequences: a row that lacks one counts for the others."""

import numpy as np
import pandas as pd
import polars as pl
import pytest

import bakeoff
from bakeoff.data.assembling.join_pair import join_pair
from bakeoff.data.read import read, read_inputs
from bakeoff.errors import BakeoffError

RNG = np.random.default_rng(0)


def arrays(count: int = 60) -> dict[str, np.ndarray]:
    """Return series, and a class and a number that they tell."""
    x = RNG.random((count, 6, 2))
    label, amount = (x.mean((1, 2)) > 0.5).astype(float), x[:, 0].sum(1)
    label[0], amount[[0, 1]] = np.nan, np.nan
    return {"series": x, "label": label, "amount": amount}


def steps() -> dict[str, list[object]]:
    """Return a long table of sequences of two channels, a class and a number of each."""
    rows = [
        {"id": s, "t": t, "x": float(t * (s % 3)), "z": float(t), "kind": "uvw"[s % 3],
         "size": s / 7, "state": ["on", "off"][(s + t) % 2]}
        for s in range(30)
        for t in range(4 + s % 3)
    ]  # fmt: skip
    return {name: [row[name] for row in rows] for name in rows[0]}


def test_arrays_have_several_targets_and_rows_that_lack_one_stay():
    dataset = read(arrays(), target="label,amount")
    assert dataset.schema.targets == ("label", "amount")
    assert dataset.schema.inputs == ("series",)
    assert len(dataset) == 59
    assert "Rows with a value: label 59, amount 58" in " ".join(dataset.notes)


def test_columns_beside_blocks_keep_all_targets():
    given = {**arrays(), "age": RNG.random(60)}
    dataset = read(given, target=["amount", "label"])
    assert dataset.schema.targets == ("amount", "label")
    assert dataset.schema.inputs == ("series", "age")
    assert dataset.schema.columns[-1].name == "label"


def test_arrays_that_name_their_parts_have_several_targets(tmp_path):
    parts = {part: arrays() for part in ("train", "validation", "test")}
    named = {f"{n}_{part}": v for part, own in parts.items() for n, v in own.items()}
    np.savez(tmp_path / "d.npz", **named)
    dataset = read(tmp_path / "d.npz", target="label,amount")
    test = dataset.parts == "test"
    assert np.array_equal(dataset.arrays["amount"][test], parts["test"]["amount"][1:], True)


def test_new_arrays_bring_the_truth_of_all_targets():
    schema = read(arrays(), target="label,amount").schema
    new = arrays(9)
    found = read_inputs(new, schema)
    assert np.array_equal(found.arrays["amount"], new["amount"], True)
    assert "label" in found.arrays
    assert "amount" not in read_inputs({"series": new["series"]}, schema).arrays


def test_sequences_have_several_targets():
    dataset = read(steps(), target="kind,size", sequence="id", time="t")
    assert dataset.schema.targets == ("kind", "size")
    assert len(dataset) == 30
    assert dataset.schema.long.names == ("x", "z", "state")
    new = read_inputs(steps(), dataset.schema)
    assert np.allclose(new.arrays["size"], np.arange(30) / 7)


@pytest.mark.parametrize(
    ("data", "how", "said"),
    [
        (arrays(), {"target": "label,amont"}, "No array called 'amont'.*Did you mean 'amount'"),
        (arrays(), {"target": "label,label"}, "names 'label' twice"),
        (arrays(), {"target": "label,amount", "inputs": ["amount"]}, "'amount' is a target, so"),
        (arrays() | {"amount": np.ones(5)}, {"target": "label,amount"}, "60 rows but amount has 5"),
        (steps(), {"target": "kind,state", "sequence": "id"}, "state has a value of each step"),
        (steps(), {"target": "x,z", "time": "z", "horizon": 2}, "time='z' names a target"),
        ((arrays()["series"], np.ones(60)), {"target": "y,z"}, "an array with a name of its own"),
    ],
)
def test_what_cannot_be_is_refused_in_one_sentence(data, how, said):
    with pytest.raises(BakeoffError, match=said):
        read(data, **how)


@pytest.mark.parametrize(
    ("data", "how"),
    [
        ({"x": RNG.random(40), "kind": ["u", "v"] * 20, "size": RNG.random(40)}, {}),
        ({**arrays(), "kind": ["u", "v"] * 30, "size": RNG.random(60)}, {}),
        ({name: [*v] for name, v in steps().items() if name != "kind"}
         | {"kind": ["uv"[s % 2] for s in steps()["id"]]}, {"sequence": "id", "time": "t"}),
    ],
)  # fmt: skip
def test_the_positive_class_is_one_of_the_leading_target(data, how):
    for positive in "uv":
        dataset = read(data, target="kind,size", positive=positive, **how)
        assert dataset.schema.positive["kind"] == positive
    with pytest.raises(BakeoffError, match="w"):
        read(data, target="kind,size", positive="w", **how)
    with pytest.raises(BakeoffError, match="needs two classes, but 'size' is a number"):
        read(data, target="size,kind", positive="u", **how)


@pytest.fixture
def files(tmp_path):
    """Write a file for each sequence, into the folder of its class."""
    for number in range(24):
        kind = ["up", "down"][number % 2]
        (tmp_path / kind).mkdir(exist_ok=True)
        lines = [f"{t},{number + t * (kind == 'up')},{kind},{number / 7}" for t in range(5)]
        text = "\n".join(["t,x,kind,size", *lines])
        (tmp_path / kind / f"{number}.csv").write_text(text, "utf-8")
    return tmp_path


@pytest.mark.parametrize("target", ["kind,size", ["size", "kind"], "class,size", "size,class"])
def test_a_file_for_each_sequence_has_several_targets_its_folder_among_them(files, target):
    dataset = read(files, target=target, time="t")
    names = target.split(",") if isinstance(target, str) else target
    assert dataset.schema.targets == tuple(names)
    new = read_inputs(files, dataset.schema)
    for name in names:
        assert set(new.arrays[name]) == set(dataset.arrays[name])


@pytest.mark.parametrize("target", ["kin", "kind,siz"])
def test_a_column_that_no_file_has_is_not_taken_for_their_folder(files, target):
    with pytest.raises(BakeoffError, match=r"No column called '(kin|siz)'.*Did you mean"):
        read(files, target=target, time="t")


def test_a_dict_of_targets_is_asked_for_as_one_dict(tmp_path):
    with pytest.raises(BakeoffError, match=r"y is a dict of 2 targets.*target='a,b'"):
        bakeoff.run(
            (np.ones((9, 2)), {"a": np.ones(9), "b": np.ones(9)}), show="none", out=tmp_path / "r"
        )


def test_sequences_of_two_targets_are_trained_judged_and_predicted(tmp_path):
    run = bakeoff.run(
        steps(), target="kind,size", sequence="id", time="t", models="mlp,gru", seeds=1, epochs=1,
        show="none", out=tmp_path / "r",
    )  # fmt: skip
    assert (tmp_path / "r" / "verdict.size.json").is_file()
    predicted = run.best.predict(steps())
    assert predicted.height == 30
    assert {"prediction:kind", "prediction:size"} <= set(predicted.columns)


def test_columns_of_an_array_are_a_target_each(tmp_path):
    x = RNG.normal(size=(60, 3))
    y = np.stack([x[:, 0] * 2, 30 * x[:, 1]], axis=1)
    dataset = read((x, y))
    assert dataset.schema.targets == ("y_0", "y_1")
    assert np.allclose(dataset.arrays["y_1"], y[:, 1])
    assert np.allclose(read_inputs((x, y), dataset.schema).arrays["y_1"], y[:, 1])
    np.savez(tmp_path / "d.npz", x=x, y=y)
    assert read(tmp_path / "d.npz").schema.targets == ("y_0", "y_1")
    with pytest.raises(BakeoffError, match=r"20 numbers for each row. At most 10 are predicted"):
        read((x, RNG.normal(size=(60, 20))))


@pytest.mark.parametrize("library", [pd.DataFrame, pl.DataFrame])
def test_a_frame_of_several_columns_beside_the_inputs_holds_a_target_each(library):
    x = library({"a": RNG.normal(size=40), "b": RNG.normal(size=40)})
    y = library({"amount": RNG.normal(size=40), "kind": ["u", "v"] * 20})
    table, targets = join_pair(x, y)
    assert targets == ["amount", "kind"]
    dataset = read(table, target=targets)
    assert dataset.schema.targets == ("amount", "kind")
    assert dataset.schema.inputs == ("a", "b")
    with pytest.raises(BakeoffError, match="X and y both have a column called 'a'"):
        join_pair(x, x)


@pytest.mark.parametrize("kind", ["pair", "file", "named"])
def test_what_a_run_says_of_arrays_is_read_again(kind, tmp_path):
    x, y = RNG.normal(size=(60, 3)), RNG.normal(size=(60, 2))
    data = {"x": x, "y": y}
    np.savez(tmp_path / "d.npz", **data)
    given = {"pair": (x, y), "file": tmp_path / "d.npz", "named": arrays()}[kind]
    dataset = read(given, target="label,amount" if kind == "named" else None)
    schema = dataset.schema
    kinds = {column.name: column.kind for column in schema.columns if column.kind != "sequence"}
    again = read(given, target=schema.predicted, inputs=schema.inputs, kinds=kinds)
    assert again.fingerprint == dataset.fingerprint


def test_a_forecast_may_name_its_own_past_as_an_input():
    table = {"t": np.arange(60), "v": RNG.random(60), "w": RNG.random(60)}
    how = {"time": "t", "horizon": 2, "lookback": 5}
    assert read(table, target="v", inputs=["v"], **how).schema.series.names == ("v",)
    dataset = read(table, target="v,w", **how)
    again = read(table, target=["v", "w"], inputs=dataset.schema.learned_from, **how)
    assert again.fingerprint == dataset.fingerprint


def test_lists_in_cells_have_several_targets():
    frame = pl.DataFrame(
        {
            "s": [[0.5] * (1 + i % 4) for i in range(40)],
            "kind": ["u", "v"] * 20,
            "amount": [None, *np.arange(39) / 7],
        }
    )
    dataset = read(frame, target="kind,amount")
    assert dataset.schema.targets == ("kind", "amount")
    assert dataset.schema.inputs == ("s",)
    assert len(dataset) == 40  # a row that lacks one counts for the other
    assert np.array_equal(
        read_inputs(frame, dataset.schema).arrays["amount"], dataset.arrays["amount"], True
    )
    assert "amount" not in read_inputs(frame.drop("amount"), dataset.schema).arrays
