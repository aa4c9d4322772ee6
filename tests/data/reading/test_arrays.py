"""Promises of reading arrays."""

import zipfile

import numpy as np
import pytest

from bakeoff.data.read import read, read_inputs
from bakeoff.data.reading import unpack
from bakeoff.errors import DataError, RequestError

N = 40
RANDOM = np.random.default_rng(0)
Y = np.arange(N) % 4


@pytest.mark.parametrize(
    ("shape", "dtype", "kind", "stored"),
    [
        ((N,), float, "number", (N, 1)),
        ((N, 5), float, "number", (N, 5)),
        ((N, 8, 6), np.uint8, "image", (N, 8, 6, 1)),
        ((N, 8, 6), float, "sequence", (N, 8, 6)),
        ((N, 8, 6, 3), float, "image", (N, 8, 6, 3)),
        ((N, 4, 8, 6, 1), np.uint8, "volume", (N, 4, 8, 6, 1)),
    ],
)
def test_the_kind_follows_from_shape_and_type(shape, dtype, kind, stored):
    dataset = read((np.ones(shape, dtype), Y))
    assert dataset.schema.column("x").kind == kind
    assert dataset.arrays["x"].shape == stored


def test_a_grey_picture_can_be_read_as_a_sequence():
    dataset = read((np.ones((N, 8, 6), np.uint8), Y), kinds={"x": "sequence"})
    assert dataset.schema.column("x").kind == "sequence"
    with pytest.raises(RequestError, match="only as image or sequence"):
        read((np.ones((N, 8, 6), np.uint8), Y), kinds={"x": "volume"})


def test_npz_tuple_and_dict_agree(tmp_path):
    x = RANDOM.normal(size=(N, 5))
    np.savez(tmp_path / "data.npz", x=x, y=Y)
    given = (tmp_path / "data.npz", (x, Y), {"x": x, "y": Y})
    assert len({read(data).fingerprint for data in given}) == 1


def test_named_parts_are_kept(tmp_path):
    parts = {"train": 20, "val": 10, "test": 10}
    arrays = {f"x_{part}": RANDOM.normal(size=(n, 5)) for part, n in parts.items()}
    arrays |= {f"y_{part}": np.arange(n) % 2 for part, n in parts.items()}
    np.savez(tmp_path / "data.npz", **arrays)
    dataset = read(tmp_path / "data.npz")
    assert dataset.parts.tolist() == ["train"] * 20 + ["validation"] * 10 + ["test"] * 10


def test_objects_are_never_unpickled(tmp_path):
    np.savez(tmp_path / "data.npz", x=np.array([[1], [2, 3]], dtype=object), y=np.arange(2))
    with pytest.raises(DataError, match=r"never unpickles.*x_lengths"):
        read(tmp_path / "data.npz")


@pytest.mark.parametrize(
    ("data", "message"),
    [
        ({"x": np.ones((N, 2))}, "x but no y"),
        ((np.ones((N, 2)), Y[:9]), "40 rows but y has 9"),
        ((np.ones((N, 2)), np.ones((N, 3))), r"3 labels of 'y' is the same in all rows"),
        ((np.ones((N, 3, 32, 32)), Y), r"x\.transpose\(0, 2, 3, 1\)"),
        ((np.full((N, 8, 8, 1), np.nan), Y), r"NaN or infinite.*first: row 1"),
        ((np.ones((N, 2, 2, 2, 2, 2)), Y), "1 to 5 axes"),
        ((np.full((N, 2, 2), "a"), Y), "holds strings"),
        ((np.ones((0, 2)), Y[:0]), "no rows"),
        ((np.ones((N, 2)), Y, Y), "a tuple of 3"),
        ({"x": np.ones((N, 5, 2)), "y": Y, "x_lengths": np.arange(N)}, "from 0 to 5.*row 7 has 6"),
        ({"x": np.ones((N, 5)), "y": Y, "x_lengths": np.ones(N)}, "holds no sequences"),
    ],
)
def test_unusable_arrays_are_refused_in_one_sentence(data, message, tmp_path):
    if isinstance(data, dict):
        np.savez(tmp_path / "data.npz", **data)
        data = tmp_path / "data.npz"
    with pytest.raises(DataError, match=message):
        read(data)


def test_missing_values_of_sequences_are_counted():
    x = RANDOM.normal(size=(N, 5, 2))
    x[3, 2, 1] = np.inf
    dataset = read((x, Y))
    assert dataset.schema.column("x").missing == 1
    assert dataset.notes == ("x: 1 values that are NaN or infinite, in 1 row, read as missing.",)
    assert np.isnan(dataset.arrays["x"][3, 2, 1])


def test_arrays_of_the_user_stay_writable():
    x = RANDOM.normal(size=(N, 5))
    read((x, Y))
    x[0, 0] = 1.0


@pytest.mark.parametrize(
    ("name", "rows", "task"),
    [
        ("digits", 1797, "multiclass"),
        ("iris", 150, "multiclass"),
        ("wine", 178, "multiclass"),
        ("breast_cancer", 569, "binary"),
        ("diabetes", 442, "regression"),
        ("sum_sign", 1000, "binary"),
        ("noise_table", 600, "binary"),
        ("noise_sequences", 600, "binary"),
        ("noise_pictures", 600, "binary"),
    ],
)
def test_bundled_sets_are_read_by_name(name, rows, task):
    dataset = read(name)
    assert (len(dataset), dataset.source) == (rows, name)
    assert dataset.schema.tasks[dataset.target] == task


def test_new_arrays_need_no_target_but_the_same_shape():
    schema = read((RANDOM.normal(size=(N, 7, 2)), Y)).schema
    assert len(read_inputs(np.ones((3, 7, 2)), schema)) == 3
    with pytest.raises(DataError, match="is 6 × 2; the run was trained on 7 × 2"):
        read_inputs(np.ones((3, 6, 2)), schema)


def test_with_lengths_new_sequences_may_be_longer():
    x, lengths = RANDOM.normal(size=(N, 7, 2)), np.full(N, 5)
    schema = read({"x": x, "y": Y, "x_lengths": lengths}).schema
    assert len(read_inputs({"x": np.ones((3, 9, 2)), "x_lengths": [4, 9, 1]}, schema)) == 3


def npz_with(path, **members):
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, raw in members.items():
            archive.writestr(f"{name}.npy", raw)


def npy(header, data=b""):
    text = header.encode() + b"\n"
    return b"\x93NUMPY\x01\x00" + len(text).to_bytes(2, "little") + text + data


TEXTS = "{'descr': '<U0', 'fortran_order': False, 'shape': (99999999999,)}"
FLOATS = "{'descr': '<f8', 'fortran_order': False, 'shape': (%s,)}"


@pytest.mark.parametrize(
    ("x", "message"),
    [
        (npy(FLOATS % "10**12"), "cannot be read"),
        (npy(FLOATS % "1000000000000"), "(cannot be read|does not fit)"),
        (npy(FLOATS % "20", b"\0" * 99), "cannot be read"),
        (npy(FLOATS % "-1", b"\0" * 99), "cannot be read"),
        (npy("{'descr': ((((", b"\0" * 99), "cannot be read"),
        (npy("[" * 5_000, b"\0" * 99), "cannot be read"),
        (b"no array", "cannot be read"),
        (npy(TEXTS), ": . holds 99,999,999,999 values of no bytes"),
    ],
)
def test_a_damaged_array_is_refused_by_file_and_cause(x, message, tmp_path):
    npz_with(tmp_path / "data.npz", x=x, y=x)
    with pytest.raises(DataError, match=rf"data\.npz ?{message}") as caught:
        read(tmp_path / "data.npz")
    assert len(str(caught.value)) < 250


@pytest.mark.parametrize(
    ("arrays", "message"),
    [
        ({"x": np.ones((N, 2)), "y": Y * 1j}, "y holds values of type complex128"),
        (
            {"x": np.ones((N, 2)), "y": np.array([b"\xff", b"a"] * 20)},
            "y holds text that is not UTF",
        ),
        ({"x": np.ones((N, 2)), "y": np.full(N, 2**30, "<u4").view("<U1")}, "is no letter"),
        (
            {"x": np.ones((N, 2)), "y": np.full(N, "NaT", "M8[D]")},
            "y holds values of type datetime",
        ),
        ({"x": np.ones((N, 0, 3)), "y": Y}, r"rows without a value \(shape \(40, 0, 3\)\)"),
        ({"x": np.ones((N, 5, 2)), "y": Y, "x_lengths": Y.astype(str)}, "x_lengths has .* type <U"),
        ({"x": np.ones((N, 5, 2)), "y": Y, "x_lengths": Y[:, None]}, "x_lengths has shape"),
    ],
)
def test_arrays_of_no_use_are_refused_by_file_and_cause(arrays, message, tmp_path):
    np.savez(tmp_path / "data.npz", **arrays)
    with pytest.raises(DataError, match=rf"data\.npz.*{message}"):
        read(tmp_path / "data.npz")


@pytest.mark.parametrize("dtype", [">f8", "<f2", np.longdouble, ">i4", "<u2"])
def test_numbers_of_every_machine_are_read(dtype, tmp_path):
    x = np.arange(N * 2).reshape(N, 2) / 2
    np.savez(tmp_path / "data.npz", x=x.astype(dtype), y=(np.arange(N) * 3).astype(dtype))
    dataset = read(tmp_path / "data.npz", kinds={"y": "number"})
    assert dataset.arrays["x"][3].tolist() == x[3].astype(dtype).tolist()
    assert dataset.arrays["y"][5] == 15


def test_an_array_that_unpacks_to_far_more_is_not_unpacked(tmp_path, monkeypatch):
    monkeypatch.setattr(unpack, "LEAST", 10**5)
    np.savez_compressed(tmp_path / "data.npz", x=np.zeros((10**6, 2)), y=np.zeros(10**6))
    with pytest.raises(DataError, match="unpacks to more than"):
        read(tmp_path / "data.npz")
