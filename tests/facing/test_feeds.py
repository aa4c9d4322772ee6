"""The feeds of both rooms and `sources.take` hand out the same batches."""

from dataclasses import replace
from importlib import import_module

import numpy as np
import pytest
import torch

from bakeoff.data.taking.sources import Pixels, Ragged, Rows, Windows, plain, source_of, take
from bakeoff.keras_models.feed import Block
from bakeoff.keras_models.feed import Feed as KerasFeed
from bakeoff.torch_models.feed import Feed as TorchFeed

RANDOM = np.random.default_rng(0)
N = 40
ORDER = RANDOM.permutation(N)
STARTS = np.sort(RANDOM.integers(0, 80, N))
SCALES = {
    "shift": np.array([100.0, 20.0, 3.0]),
    "scale": np.array([0.02, 0.5, 0.1]),
    "lows": np.array([0.0, 5.0, 0.0]),
    "highs": np.array([255.0, 200.0, 255.0]),
}
PICTURES = RANDOM.integers(0, 256, (N, 5, 4, 3), dtype=np.uint8)
STEPS = RANDOM.normal(size=(120, 3)).astype(np.float32)
SOURCES = {
    "rows": Rows(base=STEPS, rows=ORDER),
    "codes": Rows(base=RANDOM.integers(0, 9, (N, 2)), rows=ORDER),
    **{
        f"{axes} of bytes": Pixels(base=PICTURES, rows=ORDER, **SCALES, axes=axes)
        for axes in ("picture", "steps", "vector")
    },
    "seconds": Pixels(
        base=PICTURES.astype(np.float32) + np.float32(2**24),
        rows=ORDER,
        **{**SCALES, "shift": np.full(3, 2.0**24), "highs": np.full(3, 2.0**25)},
    ),
    "some without a picture": Pixels(base=PICTURES, rows=np.where(ORDER % 3, ORDER, -1), **SCALES),
    "volume": Pixels(base=PICTURES.reshape(N, 5, 2, 2, 3), rows=ORDER, **SCALES),
    "windows": Windows(base=STEPS, starts=STARTS, length=7),
    "windows as vectors": Windows(base=STEPS, starts=STARTS, length=7, vector=True),
    "ragged": Ragged(base=STEPS, starts=STARTS, lengths=RANDOM.integers(1, 41, N)),
    "tokens": Ragged(
        base=RANDOM.integers(2, 90, 120), starts=STARTS, lengths=RANDOM.integers(1, 41, N)
    ),
}
DEVICE = torch.device("cpu")
POSITIONS = np.array([3, 3, 0, 39, 17])


def channels_last(array: np.ndarray, source: object) -> np.ndarray:
    """Turn what torch takes as pictures or volumes."""
    turned = isinstance(source, Pixels) and source.axes == "picture"
    return np.moveaxis(array, 1, -1) if turned else array


def batches_of(block: Block) -> list[np.ndarray]:
    """Cut a block of targets, which are the rows' own numbers, into its batches."""
    return np.split(block.targets, np.cumsum(block.sizes)[:-1])


@pytest.mark.parametrize("name", SOURCES)
def test_the_three_ways_to_take_a_batch_are_equal(name: str) -> None:
    source = SOURCES[name]
    wanted = take({"x": source}, POSITIONS)
    ours = TorchFeed({"x": plain(source)}, DEVICE, {4: torch.channels_last}).take(
        torch.from_numpy(POSITIONS)
    )
    theirs = KerasFeed({"x": plain(source)}).take(POSITIONS)
    assert wanted.keys() == ours.keys() == theirs.keys()
    for key, array in wanted.items():
        scale = max(1.0, float(np.abs(array).max()))
        found = channels_last(ours[key].numpy(), source) if key == "x" else ours[key].numpy()
        assert np.abs(found - array).max() <= 1e-6 * scale
        assert np.abs(theirs[key] - array).max() <= 1e-6 * scale
        assert found.shape == theirs[key].shape == array.shape


@pytest.mark.parametrize("name", SOURCES)
def test_plain_values_make_the_same_source_again(name: str) -> None:
    source = SOURCES[name]
    again = source_of(plain(source))
    assert type(again) is type(source)
    np.testing.assert_array_equal(again.take(), source.take())
    some = source[np.arange(5)]
    np.testing.assert_array_equal(some.take(slice(2, 4)), source.take(np.array([2, 3])))
    assert source.take().shape == source.shape


@pytest.mark.parametrize("name", ["ragged", "rows"])
@pytest.mark.parametrize("batch_size", [3, 13])
def test_both_rooms_draw_the_same_batches(name: str, batch_size: int) -> None:
    inputs = {"x": plain(SOURCES[name])}
    drawn = [np.random.default_rng(3) for _ in range(2)]
    ours = TorchFeed(inputs, DEVICE, {}, random=drawn[0]).shuffled(
        torch.arange(N).__getitem__, batch_size
    )
    theirs = KerasFeed(inputs, random=drawn[1]).shuffled(np.arange(N), batch_size)
    rows = [targets.tolist() for _, targets in ours]
    assert rows == [batch.tolist() for block in theirs for batch in batches_of(block)]
    assert sorted(row for batch in rows for row in batch) == list(range(N))


def test_batches_hold_rows_of_like_length_and_change_every_epoch() -> None:
    lengths = RANDOM.integers(1, 300, 5_000)
    source = Ragged(base=STEPS, starts=np.zeros(5_000, np.int64), lengths=lengths)
    feed = KerasFeed({"x": plain(source)}, random=np.random.default_rng(0))
    drawn = (feed.shuffled(np.arange(5_000), 64) for _ in range(2))
    first, second = ([rows for block in blocks for rows in batches_of(block)] for blocks in drawn)
    steps = sum(len(rows) * lengths[rows].max() for rows in first)
    assert steps <= 1.1 * lengths.sum()
    assert {tuple(sorted(rows)) for rows in first}.isdisjoint(tuple(sorted(r)) for r in second)


def test_where_shapes_are_compiled_there_are_few() -> None:
    feed = KerasFeed({"x": plain(SOURCES["ragged"])}, compiled=True)
    taken = [feed.take(np.array([row])) for row in range(N)]
    assert len({batch["x"].shape for batch in taken}) <= 4
    assert all((batch["x"][0, batch["lengths"][0] :] == 0).all() for batch in taken)


def test_what_is_kept_is_read_from_its_file_and_not_copied(tmp_path) -> None:  # type: ignore[no-untyped-def]
    np.save(tmp_path / "base.npy", PICTURES)
    base = np.load(tmp_path / "base.npy", mmap_mode="r")
    feed = TorchFeed({"x": plain(replace(SOURCES["picture of bytes"], base=base))}, DEVICE, {})
    taker = feed.takers["x"]
    assert taker.base.data_ptr() == base.__array_interface__["data"][0]  # type: ignore[attr-defined]


@pytest.mark.parametrize("axes", ["picture", "vector"])
def test_shuffled_pictures_are_changed_alike_and_pictures_in_turn_never(axes: str) -> None:
    inputs = {"x": plain(replace(SOURCES[f"{axes} of bytes"], highs=np.full(3, 255.0)))}
    augment = {"flip": (1.0, 1.0), "translation": (0.2, 1.0)}
    drawn = [np.random.default_rng(3) for _ in range(2)]
    ours = TorchFeed(inputs, DEVICE, {}, augment=augment, random=drawn[0])
    theirs = KerasFeed(inputs, augment=augment, random=drawn[1])
    changed = [batch["x"].numpy() for batch, _ in ours.shuffled(torch.arange(N).__getitem__, N)]
    [block] = theirs.shuffled(np.arange(N), N)
    rows, other = block.targets, block.batch["x"]
    found = channels_last(changed[0], SOURCES[f"{axes} of bytes"])
    np.testing.assert_allclose(found, other, atol=0.2)  # 0.4 levels of 255, times the scale
    same = take({"x": replace(SOURCES[f"{axes} of bytes"], highs=np.full(3, 255.0))}, rows)["x"]
    assert np.abs(other - same).mean() > 1
    for feed in (ours, theirs):
        [(some, batch)] = feed.in_turn(N)
        still = np.asarray(batch["x"])
        if feed is ours:
            still = channels_last(still, SOURCES[f"{axes} of bytes"])
        np.testing.assert_allclose(
            still,
            take(
                {"x": replace(SOURCES[f"{axes} of bytes"], highs=np.full(3, 255.0))},
                np.asarray(some),
            )["x"],
            atol=1e-4,
        )


@pytest.mark.parametrize("feed", [lambda own: TorchFeed(own, DEVICE, {}), KerasFeed])
def test_pictures_beside_texts_are_scored_as_few_at_a_time_as_pictures_alone(feed) -> None:
    large = np.zeros((N, 64, 64, 3), np.uint8)
    pictures = plain(Pixels(base=large, rows=ORDER, **SCALES))
    texts = plain(SOURCES["tokens"])
    alone = feed({"x": pictures}).rows_at_once()
    assert alone < 100
    assert feed({"x.text": texts, "x.picture": pictures}).rows_at_once() == alone
    assert feed({"x": texts}).rows_at_once() == 256


@pytest.mark.parametrize("room", ["torch_models", "keras_models"])
def test_a_tally_that_the_last_batch_has_filled_still_has_a_metric(room, monkeypatch):
    tally_module = import_module(f"bakeoff.{room}.tally")
    monkeypatch.setattr(tally_module, "MOST", 3)
    kind = torch.from_numpy if room == "torch_models" else np.asarray
    tally = tally_module.Tally(lambda s, t: float((s.argmax(1) == t).sum() / len(t)), mean=True)
    for _ in range(2):
        tally.see(kind(np.eye(2, dtype="float32")), kind(np.array([0, 0])))
    assert tally.metric() == 0.5
