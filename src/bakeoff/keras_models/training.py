"""The steps of an epoch, a block of batches in one compiled call."""

from collections.abc import Callable, Iterator, Sequence
from functools import partial
from typing import Any
from weakref import WeakKeyDictionary

import keras
import numpy as np

from bakeoff.keras_models.averaged import Averaged
from bakeoff.keras_models.feed import Block
from bakeoff.keras_models.mixing import Mixing
from bakeoff.keras_models.step import Step
from bakeoff.keras_models.step_scores import num_known, previous_of
from bakeoff.keras_models.tally import Tally
from bakeoff.keras_models.within import Within


class Training:
    """Takes the steps of an epoch.

    Args:
        steps: Take those of a block, of TensorFlow or of JAX.
        counted: Targets -> how many the loss of a batch is a mean of.
        mixing: Draws how rows are mixed.
        per_step: There is a target of each step.
        teacher_forcing: The model is given the true steps.
        accumulate: Batches whose gradients are added up before the weights move.
    """

    def __init__(
        self,
        steps: Any,
        *,
        counted: Callable[[np.ndarray], float],
        mixing: Mixing,
        per_step: bool,
        teacher_forcing: bool,
        accumulate: int,
    ) -> None:
        self.steps = steps
        self.counted, self.mixing = counted, mixing
        self.per_step, self.teacher_forcing = per_step, teacher_forcing
        self.accumulate = accumulate

    @property
    def step(self) -> Step:
        """Return what one step does."""
        step: Step = self.steps.step
        return step

    @property
    def averaged(self) -> Averaged:
        """Return the moving average of the weights."""
        return self.step.averaged

    def use(self, steps: Any) -> None:
        """Take other steps from now on, which begin with the weights as they are."""
        self.steps = steps

    def epoch(
        self,
        blocks: Iterator[Block],
        rates: Sequence[float],
        tally: Tally,
        *,
        begun: Within | None = None,
        after: Callable[[Callable[[], Within]], None] = lambda _: None,
    ) -> dict[str, float]:
        """Take one step for each group of batches, with its rate.

        Args:
            blocks: The batches of the epoch; each block holds whole groups.
            rates: Of each step.
            tally: Sees the scores.
            begun: How far this epoch has come already: blocks that it has had.
            after: Called after each block but the last with what tells how far it has come.

        Returns:
            train_loss, the mean of a row, or step; train_metric; gradient_norm of the last step.
        """
        losses, sizes = taken_up(begun, tally)
        done = len(sizes)
        numbers = self.numbers(rates)
        start, length = 0, 0.0
        for block in blocks:
            if start + len(block.sizes) <= done:
                start += len(block.sizes)
                continue
            if self.teacher_forcing:
                block.batch["previous"] = previous_of(block.targets)
            parts = np.split(block.targets, np.cumsum(block.sizes)[:-1])
            stop = start + len(parts)
            own = {name: values[start:stop] for name, values in numbers.items()}
            trained = self.steps.train(block, own | self.groups(parts))
            start, length = stop, trained.gradient_norm
            losses.append(trained.losses)
            sizes += [num_known(part) for part in parts] if self.per_step else block.sizes
            tally.see(trained.kept, block.targets)
            if start < len(numbers["rate"]):  # after the last one an epoch is not taken up again
                after(partial(so_far, start, sizes, losses, tally))
        self.steps.finish()
        mean = float(np.average(np.concatenate(losses), weights=sizes))
        return {"train_loss": mean, "train_metric": tally.metric(), "gradient_norm": length}

    def numbers(self, rates: Sequence[float]) -> dict[str, np.ndarray]:
        """Return what a step must know of each batch of an epoch; see `step.Step`."""
        numbers = {"rate": rates}
        if self.averaged.share:
            numbers["kept"] = self.averaged.kept_shares(len(rates))
        numbers = {name: np.repeat(values, self.accumulate) for name, values in numbers.items()}
        if mixed := self.mixing.shares(len(rates) * self.accumulate):
            numbers["mix"] = np.array(mixed)
        return {name: values.astype("float32") for name, values in numbers.items()}

    def groups(self, targets: Sequence[np.ndarray]) -> dict[str, np.ndarray]:
        """Say of each batch how much of its group it is, and whether it is the last of it."""
        if self.accumulate == 1:
            return {}
        counts = np.array([self.counted(some) for some in targets])
        group = np.arange(len(counts)) // self.accumulate
        shares = counts / np.bincount(group, counts)[group]
        moves = np.append(group[1:] != group[:-1], True)
        return {"share": shares.astype("float32"), "moves": moves}


def taken_up(begun: Within | None, tally: Tally) -> tuple[list[np.ndarray], list[int]]:
    """Return losses and sizes of the batches that an epoch has had already; the tally sees them."""
    if begun is None:
        return [], []
    tally.counted = [*begun.counted]
    if len(begun.scores):
        tally.hold(begun.scores, begun.targets)
    return [begun.losses], [*begun.sizes]


def so_far(batches: int, sizes: list[int], losses: list[np.ndarray], tally: Tally) -> Within:
    """Return how far an epoch has come."""
    held = [np.concatenate(part) for part in zip(*tally.parts, strict=True)]
    scores, targets = held or (np.zeros(0), np.zeros(0))
    return Within(
        batches=batches,
        sizes=[*sizes],
        counted=[*tally.counted],
        losses=np.concatenate(losses),
        scores=scores,
        targets=targets,
    )


HELD: WeakKeyDictionary[keras.Model, dict[str, Any]] = WeakKeyDictionary()


def compiled_steps(
    model: keras.Model,
    make: Callable[..., Step],
    ragged: Sequence[str],
    *,
    key: str,
    fixed: bool,
    frozen: bool,
) -> Any:
    """Return what takes many steps in one call, as at the beginning of a training.

    A graph takes seconds to be built. The same model trained in the same way, be it with other
    weights and other rows, has it already.

    Args:
        model: What is trained.
        make: Returns what one step does, given `frozen`.
        ragged: Arguments whose steps differ from block to block, "targets" among them.
        key: Tells all else that is built into a graph.
        fixed: Whether each number of rows has a graph of its own.
        frozen: The head alone learns.
    """
    held, key = HELD.setdefault(model, {}), f"{key} {fixed} {frozen}"
    if key not in held:
        if keras.backend.backend() == "jax":
            from bakeoff.keras_models.jax_steps import JaxSteps as Steps
        else:
            from bakeoff.keras_models.tensorflow_steps import TensorFlowSteps as Steps
        held[key] = Steps(make(frozen=frozen), ragged, fixed=fixed)
    held[key].begin()
    return held[key]
