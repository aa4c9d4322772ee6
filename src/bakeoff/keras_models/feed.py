"""Batches as arrays, taken from where the values are kept when they are needed.

An input is an array of all rows, or plain values that say how to take rows:

    kind      values                                             a batch of rows r
    rows      base (M, ...), rows (N,)                           base[rows[r]]
    pixels    base (M, Y, X, C), rows (N,), shift, scale, lows,  standardised; axes: "picture"
              highs (C,), axes                                   (B, Y, X, C), "steps" (B, Y, X·C),
                                                                 "vector" (B, Y·X·C)
    windows   base (S, F), starts (N,), length, vector           (B, length, F), or one vector
    ragged    base (S, ...), starts (N,), lengths (N,)           padded to the longest of the
                                                                 batch, and `lengths` (B,)

Volumes are pixels with a further axis Z before Y; a row -1 of pixels is zeros.
What is kept may be memory-mapped and larger than
memory: only the rows of a batch are read. Whole numbers come as int32 and all others as float32,
which every backend has.
"""

from collections.abc import Callable, Iterator, Mapping
from typing import Any, NamedTuple

import numpy as np

from bakeoff.keras_models.augment import augment
from bakeoff.keras_models.sampling import drawn

Source = np.ndarray | Mapping[str, Any]
Inputs = Mapping[str, Source]
Batch = dict[str, np.ndarray]
Targets = np.ndarray | Mapping[str, Any]
Augment = Mapping[str, tuple[float, float]]
Change = Callable[[np.ndarray, float], np.ndarray]

BLOCK_VALUES = 2**18  # values gathered at once, as in torch_models/feed.py
MOST_VALUES = 2**20  # scored at once: 85 pictures of 64 × 64 × 3, in float32 4 MiB
BUCKETED = 50  # batches whose rows are sorted by length together
STRETCHES = 4  # where each shape is compiled anew, ragged batches come in so many lengths


class Block(NamedTuple):
    """Several batches, one behind the other.

    Args:
        batch: Argument of the model -> (R, ...) values of all their rows.
        targets: (R, ...) theirs.
        sizes: Rows of each batch.
    """

    batch: Batch
    targets: np.ndarray
    sizes: list[int]


class Feed:
    """Takes rows of named inputs.

    Args:
        inputs: Argument of the model -> array of all rows, or where to take them.
        compiled: Each shape of a batch is compiled anew, so there should be few.
        augment: How pictures are changed in shuffled batches, and only there; see `augment`.
        random: Draws the order of shuffled rows, and the changes.
        chances: How likely each is drawn into a shuffled epoch; None: each comes once.
        versions: Rows that each row becomes, one behind the other, each changed in its own way,
            also where rows are taken in turn: then always in the same way.

    Attributes:
        lengths: (N,) steps of each row of a ragged input, else None.
        ragged: Arguments whose steps differ from batch to batch.
        steps: (N,) steps of each row of x, where it is a sequence.
        row_values: Numbers in one row of all inputs that are not ragged.
    """

    def __init__(
        self,
        inputs: Inputs,
        *,
        compiled: bool = False,
        augment: Augment | None = None,
        random: np.random.Generator | None = None,
        chances: np.ndarray | None = None,
        versions: int = 1,
    ) -> None:
        self.inputs = inputs
        self.augment = augment or {}
        self.random = random or np.random.default_rng()
        self.first = self.random.bit_generator.state
        self.chances, self.versions = chances, versions
        self.compiled = compiled
        self.lengths: np.ndarray | None = None
        self.ragged: list[str] = []
        self.row_values = 1
        for name, source in inputs.items():
            if isinstance(source, Mapping) and source["kind"] == "ragged":
                self.lengths = np.asarray(source["lengths"])
                self.ragged.append(name)
            else:
                self.row_values += row_values(source)
        first = inputs["x"] if "x" in inputs else next(iter(inputs.values()))
        self.num_rows = num_rows(first)
        self.num_axes = max(num_axes(source) for source in inputs.values())
        self.steps = steps_of(first)

    def __len__(self) -> int:
        return self.num_rows * self.versions

    def sizes(self, batch_size: int) -> list[int]:
        """Count the rows of each batch of an epoch.

        Args:
            batch_size: Rows of a batch, before each becomes several.
        """
        return [size * self.versions for size in batch_sizes(self.num_rows, batch_size)]

    def take(self, rows: np.ndarray, *, changed: bool = False) -> Batch:
        """Return a batch: argument -> array, with `lengths` of ragged inputs.

        Args:
            rows: Which, counted from 0.
            changed: Whether pictures are augmented.
        """
        batch: Batch = {}
        for name, source in self.inputs.items():
            if isinstance(source, Mapping) and source["kind"] == "ragged":
                lengths = source["lengths"][rows]
                batch["lengths" if name == "x" else f"{name}.lengths"] = narrow(lengths)
                batch[name] = narrow(take_ragged(source, rows, self.padded_to(source, lengths)))
            else:
                change = self.changed if changed and self.augment else None
                batch[name] = narrow(take(source, rows, change))
        return batch

    def changed(self, pixels: np.ndarray, white: float) -> np.ndarray:
        """Return augmented pictures (B, Y, X, C) float32."""
        return np.asarray(augment(pixels, self.augment, self.random, white=white))

    def padded_to(self, source: Mapping[str, Any], lengths: np.ndarray) -> int:
        """Return to how many steps a batch is padded: its longest, or one of a few lengths."""
        longest, whole = int(lengths.max(initial=1)), int(np.max(source["lengths"]))
        if not self.compiled:
            return longest
        stretch = -(-whole // STRETCHES)
        return min(whole, -(-longest // stretch) * stretch)

    def rows_at_once(self) -> int:
        """Return how many rows are scored at a time: 4,096 vectors, 256 of the rest, or fewer.

        Rows of a ragged input are of many lengths, and so are not counted by their longest.
        """
        most = 4096 if self.num_axes == 2 else 256
        return max(1, min(most, MOST_VALUES // self.row_values))

    def in_turn(self, batch_size: int) -> Iterator[tuple[np.ndarray, Batch]]:
        """Yield all rows once, and which they are; rows of like length together."""
        rows = np.arange(len(self))
        if self.lengths is not None:
            rows = np.argsort(self.lengths, kind="stable")
        several = self.versions > 1
        if several:
            self.random.bit_generator.state = self.first
        for i in range(0, len(rows), batch_size):
            some = rows[i : i + batch_size]
            yield some, self.take(some // self.versions, changed=several)

    def shuffled(self, targets: Targets, batch_size: int, accumulate: int = 1) -> Iterator[Block]:
        """Yield shuffled batches, each row once, in blocks that are gathered one at a time.

        Args:
            targets: Of all rows.
            batch_size: Rows of a batch, before each becomes several.
            accumulate: A block holds a multiple of so many batches, but for the last.

        Example:
            >>> feed = Feed({"x": np.zeros((5, 2), np.float32)})
            >>> [block.sizes for block in feed.shuffled(np.zeros(5), 2)]
            [[2, 3]]
        """
        batches = self.batches(batch_size)
        per_block = accumulate
        if self.lengths is None:
            most = BLOCK_VALUES // (self.row_values * batch_size)
            per_block *= max(1, most // accumulate)
        for first in range(0, len(batches), per_block):
            some = batches[first : first + per_block]
            rows = np.concatenate(some)
            taken = self.take(rows, changed=True), self.take_targets(targets, rows)
            yield Block(*taken, [len(batch) for batch in some])

    def batches(self, batch_size: int) -> list[np.ndarray]:
        """Draw the rows of each batch of an epoch; those of one are of like length."""
        sizes = self.sizes(batch_size)
        order = drawn(self.random, self.num_rows, self.chances).repeat(self.versions)
        if self.lengths is not None:
            return bucketed(order, self.lengths, sizes, self.random)
        return np.split(order, np.cumsum(sizes)[:-1])

    def take_targets(self, targets: Targets, rows: np.ndarray) -> np.ndarray:
        """Return the targets of some rows; those of steps are padded with -1 or NaN."""
        if isinstance(targets, Mapping) and targets["kind"] == "ragged":
            lengths = targets["lengths"][rows]
            taken = take_ragged(targets, rows, self.padded_to(targets, lengths))
            nothing = np.nan if taken.dtype.kind == "f" else -1
            return narrow(np.where(np.arange(taken.shape[1]) < lengths[:, None], taken, nothing))
        return narrow(take(targets, rows))


def batch_sizes(num_rows: int, batch_size: int) -> list[int]:
    """Count the rows of each batch; a single row at the end joins the batch before it.

    Batch norm cannot learn from one row.

    Example:
        >>> batch_sizes(7, 3), batch_sizes(8, 3)
        ([3, 4], [3, 3, 2])
    """
    full, rest = divmod(num_rows, batch_size)
    if rest == 1 and full:
        return [batch_size] * (full - 1) + [batch_size + 1]
    return [batch_size] * full + [rest] * (rest > 0)


def bucketed(
    order: np.ndarray, lengths: np.ndarray, sizes: list[int], random: np.random.Generator
) -> list[np.ndarray]:
    """Put rows of like length into one batch, so that little is padded; the batches are shuffled.

    Args:
        order: (N,) shuffled rows.
        lengths: (N,) steps of each row.
        sizes: Rows of each batch.
        random: Draws the order of the batches.

    Returns:
        The rows of each batch.
    """
    batches = []
    start = 0
    for first in range(0, len(sizes), BUCKETED):
        some = sizes[first : first + BUCKETED]
        rows = order[start : start + sum(some)]
        rows = rows[np.argsort(lengths[rows], kind="stable")]
        batches += np.split(rows, np.cumsum(some)[:-1])
        start += sum(some)
    return [batches[i] for i in random.permutation(len(batches))]


def take(source: Source, rows: np.ndarray, change: Change | None = None) -> np.ndarray:
    """Return rows of an input that is not ragged.

    Args:
        source: Where they are.
        rows: Which.
        change: Of pictures: what is done with them before they are standardised.
    """
    if isinstance(source, np.ndarray):
        return source[rows]
    if source["kind"] == "rows":
        return np.asarray(source["base"][source["rows"][rows]])
    if source["kind"] == "pixels":
        return take_pixels(source, rows, change)
    places = source["starts"][rows][:, None] + np.arange(source["length"])
    taken = source["base"][places]  # (B, length, F)
    if source.get("by_channel", False):
        taken = taken.swapaxes(1, 2)
    return np.asarray(taken.reshape(len(taken), -1) if source["vector"] else taken)


def take_pixels(
    source: Mapping[str, Any], rows: np.ndarray, change: Change | None = None
) -> np.ndarray:
    """Return pictures standardised per channel; bytes in float32, others in float64."""
    pixels = source["base"][source["rows"][rows]]  # (B, Y, X, C)
    kind = np.float32 if pixels.dtype == np.uint8 else np.float64
    x = pixels.astype(kind)
    if change is not None:
        x = change(x.astype(np.float32), source["white"]).astype(kind)
    np.clip(x, source["lows"].astype(kind), source["highs"].astype(kind), out=x)
    x -= source["shift"].astype(kind)
    x *= source["scale"].astype(kind)
    x[source["rows"][rows] < 0] = 0
    if source["axes"] == "picture":
        return x
    return x.reshape(*x.shape[: 2 if source["axes"] == "steps" else 1], -1)


def take_ragged(source: Mapping[str, Any], rows: np.ndarray, steps: int) -> np.ndarray:
    """Return sequences padded with zeros to so many steps: (B, steps, ...)."""
    at = np.arange(steps)
    places = np.minimum(source["starts"][rows][:, None] + at, len(source["base"]) - 1)
    taken = source["base"][places]
    taken[at >= source["lengths"][rows][:, None]] = 0
    return np.asarray(taken)


def narrow(values: np.ndarray) -> np.ndarray:
    """Turn whole numbers to int32 and the others to float32, which every backend has."""
    return np.asarray(values, "int32" if values.dtype.kind in "iub" else "float32")


def num_rows(source: Source) -> int:
    """Count the rows of an input."""
    if isinstance(source, np.ndarray):
        return len(source)
    return len(source["rows" if source["kind"] in ("rows", "pixels") else "starts"])


def steps_of(source: Source) -> np.ndarray:
    """Return (N,) the steps of each row of an input that is a sequence; 1 of all else."""
    if isinstance(source, Mapping) and source["kind"] == "ragged":
        return np.asarray(source["lengths"])
    base = source if isinstance(source, np.ndarray) else source["base"]
    steps = base.shape[1] if base.ndim == 3 else 1
    if isinstance(source, Mapping) and source["kind"] == "windows":
        steps = source["length"]
    return np.broadcast_to(np.int64(steps), num_rows(source))


def num_axes(source: Source) -> int:
    """Count the axes of a batch: 2 of vectors; of tokens 3, since each becomes a vector."""
    if isinstance(source, np.ndarray):
        return source.ndim
    if source["kind"] == "pixels":
        return {"vector": 2, "steps": 3}.get(source["axes"], source["base"].ndim)
    if source["kind"] == "windows" and source["vector"]:
        return 2
    if source["kind"] == "ragged":
        return 3
    return int(source["base"].ndim + (source["kind"] != "rows"))


def row_values(source: np.ndarray | Mapping[str, Any]) -> int:
    """Count the numbers in a row of an input; of a ragged one, in its longest."""
    base = source if isinstance(source, np.ndarray) else source["base"]
    steps = 1
    if isinstance(source, Mapping) and source["kind"] == "windows":
        steps = source["length"]
    if isinstance(source, Mapping) and source["kind"] == "ragged":
        steps = int(np.max(source["lengths"], initial=1))
    return int(np.prod(base.shape[1:])) * steps


def stretches(sizes: list[int], *, alike: bool = True) -> list[tuple[int, int, int, int]]:
    """Cut batches where their size changes: first batch, the one behind the last, first row, size.

    Args:
        sizes: Rows of each.
        alike: All of a stretch have one size; else all batches are one.

    Example:
        >>> stretches([4, 4, 3])
        [(0, 2, 0, 4), (2, 3, 8, 3)]
    """
    if not alike:
        return [(0, len(sizes), 0, sizes[0])]
    cuts = [k for k in range(len(sizes)) if not k or sizes[k] != sizes[k - 1]]
    starts = np.cumsum([0, *sizes]).tolist()
    ends = [*cuts[1:], len(sizes)]
    return [(a, b, starts[a], sizes[a]) for a, b in zip(cuts, ends, strict=True)]
