"""Batches as tensors, taken from where the values are kept when they are needed.

An input is an array of all rows, or plain values that say how to take rows:

    kind      values                                             a batch of rows r
    rows      base (M, ...), rows (N,)                           base[rows[r]]
    pixels    base (M, Y, X, C), rows (N,), shift, scale, lows,  standardised; axes: "picture"
              highs (C,), axes                                   (B, C, Y, X), "steps" (B, Y, X·C),
                                                                 "vector" (B, Y·X·C)
    windows   base (S, F), starts (N,), length, vector           (B, length, F), or one vector
    ragged    base (S, ...), starts (N,), lengths (N,)           padded to the longest of the
                                                                 batch, and `lengths` (B,)

Volumes are pixels with a further axis Z before Y; a row -1 of pixels is zeros.
What is kept may be memory-mapped and larger than
memory: only the rows of a batch are read. Taking 10,000 pictures of 32 × 32 × 3 from bytes costs
0.08 s on one thread, ready floats 0.035 s, beside seconds of training.
"""

import warnings
from collections.abc import Callable, Iterator, Mapping
from typing import Any

import numpy as np
import torch
from torch import Tensor

from bakeoff.torch_models.augment import augment
from bakeoff.torch_models.sampling import drawn

Inputs = Mapping[str, np.ndarray | Mapping[str, Any]]
Layouts = Mapping[int, torch.memory_format]
Augment = Mapping[str, tuple[float, float]]
Batch = dict[str, Tensor]
Targets = np.ndarray | Mapping[str, Any]

BLOCK_VALUES = 2**18  # values gathered at once: 1 MiB stays in the cache; 64 MiB took 2.4 times
MOST_VALUES = 2**20  # scored at once: 85 pictures of 64 × 64 × 3, in float32 4 MiB
MOST_ON_DEVICE = 2**32  # bytes of one input that a GPU keeps; above that, batches are sent to it
BUCKETED = 50  # batches whose rows are sorted by length together


class Feed:
    """Takes rows of named inputs.

    Args:
        inputs: Argument of the model -> array of all rows, or where to take them.
        device: Where batches are wanted.
        layouts: Number of dimensions -> memory format of pictures and volumes.
        augment: How pictures are changed when they are shuffled, and only then; see `augment`.
        random: Draws the order of shuffled rows, and the changes.
        chances: How likely each is drawn into a shuffled epoch; None: each comes once.
        versions: Rows that each row becomes, one behind the other, each changed in its own way,
            also where rows are taken in turn: then always in the same way.

    Attributes:
        lengths: (N,) steps of each row of a ragged input, else None.
        steps: (N,) steps of each row of x, where it is a sequence.
        row_values: Numbers in one row of all inputs that are not ragged.
    """

    def __init__(
        self,
        inputs: Inputs,
        device: torch.device,
        layouts: Layouts,
        *,
        augment: Augment | None = None,
        random: np.random.Generator | None = None,
        chances: np.ndarray | None = None,
        versions: int = 1,
    ) -> None:
        self.device = device
        self.augment = augment or {}
        self.random = random or np.random.default_rng()
        self.first = self.random.bit_generator.state
        self.chances, self.versions = chances, versions
        self.takers = {name: taker(source, device, layouts) for name, source in inputs.items()}
        self.lengths: np.ndarray | None = None
        self.row_values = 1
        for source in inputs.values():
            if isinstance(source, Mapping) and source["kind"] == "ragged":
                self.lengths = np.asarray(source["lengths"])
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

    def take(self, rows: Tensor, *, changed: bool = False) -> Batch:
        """Return a batch: argument -> tensor, with `lengths` of ragged inputs.

        Args:
            rows: Which, counted from 0.
            changed: Whether pictures are augmented.
        """
        batch: Batch = {}
        for name, take in self.takers.items():
            if changed and self.augment and isinstance(take, PixelsTaker):
                taken: Any = take(rows, self.augment, self.random)
            else:
                taken = take(rows)
            if isinstance(taken, tuple):
                batch[name], batch["lengths" if name == "x" else f"{name}.lengths"] = taken
            else:
                batch[name] = taken
        return batch

    def rows_at_once(self) -> int:
        """Return how many rows are scored at a time: 4,096 vectors, 256 of the rest, or fewer.

        Rows of a ragged input are of many lengths, and so are not counted by their longest.
        """
        most = 4096 if self.num_axes == 2 else 256
        return max(1, min(most, MOST_VALUES // self.row_values))

    def in_turn(self, batch_size: int) -> Iterator[tuple[Tensor, Batch]]:
        """Yield all rows once, and which they are; rows of like length together."""
        order = None if self.lengths is None else np.argsort(self.lengths, kind="stable")
        several = self.versions > 1
        if several:
            self.random.bit_generator.state = self.first
        for start in range(0, len(self), batch_size):
            stop = min(start + batch_size, len(self))
            rows = np.arange(start, stop) if order is None else order[start:stop]
            some = torch.from_numpy(rows).to(self.device)
            yield some, self.take(some // self.versions, changed=several)

    def shuffled(
        self, targets: Callable[[Tensor], Tensor], batch_size: int
    ) -> Iterator[tuple[Batch, Tensor]]:
        """Yield shuffled batches, each row once: views of blocks that are gathered one at a time.

        Args:
            targets: Returns those of some rows; see `target_taker`.
            batch_size: Rows of a batch, before each becomes several.

        Example:
            >>> feed = Feed({"x": np.zeros((5, 2), np.float32)}, torch.device("cpu"), {})
            >>> known = target_taker(np.zeros(5), torch.device("cpu"))
            >>> [len(targets) for _, targets in feed.shuffled(known, 2)]
            [2, 3]
        """
        sizes = self.sizes(batch_size)
        order = drawn(self.random, self.num_rows, self.chances).repeat(self.versions)
        if self.lengths is not None:
            for some in bucketed(order, self.lengths, sizes, self.random):
                rows = torch.from_numpy(some).to(self.device)
                yield self.take(rows, changed=True), targets(rows)
            return
        per_block = max(1, BLOCK_VALUES // (self.row_values * batch_size))  # batches
        start = 0
        for first in range(0, len(sizes), per_block):
            some_sizes = sizes[first : first + per_block]
            stop = start + sum(some_sizes)
            rows = torch.from_numpy(order[start:stop]).to(self.device)
            block = self.take(rows, changed=True)
            parts = [t.split(some_sizes) for t in (*block.values(), targets(rows))]
            for *values, batch_targets in zip(*parts, strict=True):
                yield dict(zip(block, values, strict=True)), batch_targets
            start = stop


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


def target_taker(targets: Targets, device: torch.device) -> Callable[[Tensor], Tensor]:
    """Return the function that takes the targets of rows, from an array or plain values.

    Windows of several steps are a vector each, (B, S).
    """
    if isinstance(targets, Mapping) and targets["kind"] == "windows":
        return WindowsTaker(targets, device)
    if isinstance(targets, Mapping) and targets["kind"] == "ragged":
        return StepTargets(targets, device)
    base, rows = (
        (targets["base"], targets["rows"]) if isinstance(targets, Mapping) else (targets, None)
    )
    return RowsTaker(base, rows, device, {})


def taker(
    source: np.ndarray | Mapping[str, Any], device: torch.device, layouts: Layouts
) -> Callable[[Tensor], Tensor | tuple[Tensor, Tensor]]:
    """Return the function that takes rows of one input."""
    if isinstance(source, np.ndarray):
        return RowsTaker(source, None, device, layouts)
    kind = source["kind"]
    if kind == "rows":
        return RowsTaker(source["base"], source["rows"], device, layouts)
    if kind == "pixels":
        return PixelsTaker(source, device, layouts)
    if kind == "windows":
        return WindowsTaker(source, device)
    return RaggedTaker(source, device)


class StepTargets:
    """Targets of rows with steps of different number, padded to the longest with -1 or NaN."""

    def __init__(self, source: Mapping[str, Any], device: torch.device) -> None:
        self.base = kept(source["base"], device)
        self.starts = tensor_of(source["starts"]).to(self.base.device)
        self.lengths = tensor_of(source["lengths"]).to(self.base.device)
        self.device = device
        self.nothing = float("nan") if self.base.is_floating_point() else -1

    def __call__(self, rows: Tensor) -> Tensor:
        """Return (B, T) float or int64."""
        rows = rows.to(self.base.device)
        starts, lengths = self.starts[rows], self.lengths[rows]
        at = torch.arange(int(lengths.max()), device=self.base.device)
        taken = self.base[(starts[:, None] + at).clamp_(max=len(self.base) - 1)]
        taken[at >= lengths[:, None]] = self.nothing
        return (taken if taken.is_floating_point() else taken.long()).to(self.device)


class RowsTaker:
    """Rows of an array; pictures and volumes in the layout that convolutions like."""

    def __init__(
        self, base: np.ndarray, rows: np.ndarray | None, device: torch.device, layouts: Layouts
    ) -> None:
        self.base = kept(base, device)
        self.rows = None if rows is None else tensor_of(rows).to(self.base.device)
        self.device = device
        self.layout = layouts.get(self.base.ndim)
        if self.layout is not None:
            self.base = self.base.contiguous(memory_format=self.layout)

    def __call__(self, rows: Tensor) -> Tensor:
        """Return base[rows]."""
        rows = rows.to(self.base.device)
        taken = self.base[rows if self.rows is None else self.rows[rows]].to(self.device)
        return taken if self.layout is None else taken.contiguous(memory_format=self.layout)


class PixelsTaker:
    """Pictures or volumes, standardised per channel; bytes in float32, others in float64."""

    def __init__(self, source: Mapping[str, Any], device: torch.device, layouts: Layouts) -> None:
        self.base = kept(source["base"], device)
        self.rows = tensor_of(source["rows"]).to(self.base.device)
        self.device, self.axes, self.white = device, source["axes"], source["white"]
        self.complete = bool(np.min(source["rows"], initial=0) >= 0)  # no row lacks its picture
        self.type = torch.float32 if self.base.dtype == torch.uint8 else torch.float64
        if device.type == "mps":
            self.type = torch.float32  # it has no other
        self.shift, self.scale, self.lows, self.highs = (
            torch.as_tensor(np.asarray(source[name]), dtype=self.type, device=device)
            for name in ("shift", "scale", "lows", "highs")
        )
        within = bool((self.lows <= 0).all() and (self.highs >= 255).all())
        self.bounded = not (within and self.base.dtype == torch.uint8)
        self.layout = layouts.get(self.base.ndim, torch.contiguous_format)

    def __call__(
        self,
        rows: Tensor,
        augment_by: Augment | None = None,
        random: np.random.Generator | None = None,
    ) -> Tensor:
        """Return standardised pictures, changed if asked, in the order of axes asked for."""
        places = self.rows[rows.to(self.base.device)]
        pixels = self.base[places].to(self.device)
        x = pixels.to(self.type)  # (B, Y, X, C)
        if augment_by and random is not None:
            x = augment(x.float(), augment_by, random, white=self.white).to(self.type)
        if self.bounded:
            x = torch.maximum(torch.minimum(x, self.highs), self.lows)
        x = x.sub_(self.shift).mul_(self.scale).float()
        if not self.complete:
            x[places.to(self.device) < 0] = 0
        if self.axes == "picture":
            return x.movedim(-1, 1).contiguous(memory_format=self.layout)
        return x.flatten(2) if self.axes == "steps" else x.flatten(1)


class WindowsTaker:
    """Stretches of equal length of one table of steps: rows of a strided view."""

    def __init__(self, source: Mapping[str, Any], device: torch.device) -> None:
        base, length = kept(source["base"], device).contiguous(), source["length"]
        steps, width = base.shape
        shape = (max(0, steps - length + 1), length, width)
        self.base = base.as_strided(shape, (width, width, 1))
        self.starts = tensor_of(source["starts"]).to(base.device)
        self.device, self.vector = device, source["vector"]
        self.by_channel = source.get("by_channel", False)

    def __call__(self, rows: Tensor) -> Tensor:
        """Return windows (B, length, F), or as vectors."""
        taken = self.base[self.starts[rows.to(self.base.device)]].to(self.device)
        if self.by_channel:
            taken = taken.transpose(1, 2)
        return taken.flatten(1) if self.vector else taken


class RaggedTaker:
    """Sequences of different lengths, padded with zeros to the longest of a batch."""

    def __init__(self, source: Mapping[str, Any], device: torch.device) -> None:
        self.base = kept(source["base"], device)
        self.starts = tensor_of(source["starts"]).to(self.base.device)
        self.lengths = tensor_of(source["lengths"]).to(self.base.device)
        self.device = device

    def __call__(self, rows: Tensor) -> tuple[Tensor, Tensor]:
        """Return (B, T, ...) and the lengths (B,)."""
        rows = rows.to(self.base.device)
        starts, lengths = self.starts[rows], self.lengths[rows]
        at = torch.arange(int(lengths.max()), device=self.base.device)
        places = (starts[:, None] + at).clamp_(max=len(self.base) - 1)
        taken = self.base[places]
        padding = at >= lengths[:, None]  # (B, T)
        taken[padding] = 0
        return taken.to(self.device), lengths.to(self.device)


def kept(base: np.ndarray, device: torch.device) -> Tensor:
    """Return a tensor over the same memory; on a GPU a copy, if it is not too large for one."""
    tensor = tensor_of(base)
    return tensor if base.nbytes > MOST_ON_DEVICE else tensor.to(device)


def tensor_of(array: np.ndarray) -> Tensor:
    """Return a tensor over the memory of an array, which may be read-only: nothing writes there."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", UserWarning)
        return torch.from_numpy(np.ascontiguousarray(array))


def num_rows(source: np.ndarray | Mapping[str, Any]) -> int:
    """Count the rows of an input."""
    if isinstance(source, np.ndarray):
        return len(source)
    return len(source["rows" if source["kind"] in ("rows", "pixels") else "starts"])


def steps_of(source: np.ndarray | Mapping[str, Any]) -> np.ndarray:
    """Return (N,) the steps of each row of an input that is a sequence; 1 of all else."""
    if isinstance(source, Mapping) and source["kind"] == "ragged":
        return np.asarray(source["lengths"])
    base = source if isinstance(source, np.ndarray) else source["base"]
    steps = base.shape[1] if base.ndim == 3 else 1
    if isinstance(source, Mapping) and source["kind"] == "windows":
        steps = source["length"]
    return np.broadcast_to(np.int64(steps), num_rows(source))


def num_axes(source: np.ndarray | Mapping[str, Any]) -> int:
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
