"""All that a training needs to go on as if it had never stopped, as arrays and plain values.

Weights, the best ones so far, what the optimizer remembers, the moving average, and every random
state: the order of rows, the changes of pictures, the shares of mixtures, dropout.
"""

import time
from collections.abc import Callable, Mapping, Sequence
from typing import Any

import keras
import numpy as np
from keras import ops

from bakeoff.keras_models.feed import Feed
from bakeoff.keras_models.not_finite import Watched
from bakeoff.keras_models.progress import Progress
from bakeoff.keras_models.tally import Tally
from bakeoff.keras_models.training import Training
from bakeoff.keras_models.within import BEFORE, Within, within_of

BESIDE = ("random.", BEFORE)  # begin the names of what a state may lack
Saved = tuple[dict[str, np.ndarray], dict[str, Any]]


class KeptWeights:
    """The weights of the best epoch so far, beside those that go on."""

    def __init__(self, model: keras.Model) -> None:
        self.model = model
        self.kept = model.get_weights()

    def take(self) -> None:
        """Keep the weights as they are."""
        self.kept = self.model.get_weights()

    def give_back(self) -> None:
        """Give the model those that were kept."""
        self.model.set_weights(self.kept)


class State:
    """What a training consists of between two epochs.

    Args:
        training: It.
        feed: Draws the rows.
        kept: The best weights so far.
        progress: The history.
        on_state: Called with the state, at most every `every` seconds.
        every: Seconds.
    """

    def __init__(
        self,
        training: Training,
        feed: Feed,
        kept: KeptWeights,
        progress: Progress,
        *,
        on_state: Callable[[Saved], None] | None,
        every: float,
    ) -> None:
        self.training, self.feed, self.kept, self.progress = training, feed, kept, progress
        self.on_state, self.every = on_state, every
        self.last = time.monotonic()
        self.first = {name: rng.bit_generator.state for name, rng in self.random.items()}
        self.at_epoch: dict[str, Any] = {}
        self.begun: Within | None = None

    @property
    def random(self) -> dict[str, np.random.Generator]:
        """Return what draws numbers, by name."""
        return {"rows": self.feed.random, "mixing": self.training.mixing.random}

    def arrays(self) -> dict[str, np.ndarray]:
        """Return all that a training changes, by name."""
        variables = enumerate(self.training.step.variables)
        now = {f"variable.{i}": ops.convert_to_numpy(variable) for i, variable in variables}
        return now | {f"kept.{i}": array for i, array in enumerate(self.kept.kept)}

    def begin_epoch(self) -> Within | None:
        """Take note of where an epoch begins; return how far it has come already."""
        begun, self.begun = self.begun, None
        self.at_epoch = self.place()
        return begun

    def place(self) -> dict[str, Any]:
        """Return what tells where the random states and the steps of the average stand."""
        return {
            "average_steps": self.training.averaged.num_steps,
            "random": {name: rng.bit_generator.state for name, rng in self.random.items()},
        }

    def offer(self, so_far: Callable[[], Within] | None = None) -> None:
        """Hand the state over, if somebody wants it and the last time was long ago.

        Args:
            so_far: Tells how far an epoch has come; None between two epochs.
        """
        if self.on_state is None or time.monotonic() - self.last < self.every:
            return
        self.training.steps.finish()  # JAX holds what the weights have become
        arrays, facts = self.arrays(), {"history": self.progress.history, **self.place()}
        if so_far is not None:
            within = so_far()
            arrays |= within.arrays()
            facts |= {**self.at_epoch, "within": within.facts()}
        self.on_state((arrays, facts))
        self.last = time.monotonic()

    def repeat(self, targets: Any, batch_size: int, rates: Sequence[float], tally: Tally) -> None:
        """Take the first epoch once more, from the weights that were kept, and look at all layers.

        Args:
            targets: Of all rows.
            batch_size: Rows of a batch.
            rates: Of each step.
            tally: Sees the scores.
        """
        self.kept.give_back()
        self.training.steps.begin()
        for name, rng in self.random.items():
            rng.bit_generator.state = self.first[name]
        whole = self.training.steps
        self.training.use(Watched(whole))
        try:
            blocks = self.feed.shuffled(targets, batch_size, self.training.accumulate)
            self.training.epoch(blocks, rates, tally)
        finally:
            self.training.use(whole)

    def begin_with(self, saved: Saved | None) -> None:
        """Go on from a state that was handed over.

        Raises:
            ValueError: It is that of another training.
        """
        if saved is None:
            return
        arrays, facts = saved
        check_same(arrays, {name: array.shape for name, array in self.arrays().items()})
        for i, variable in enumerate(self.training.step.variables):
            variable.assign(arrays[f"variable.{i}"])
        self.kept.kept = [arrays[f"kept.{i}"] for i in range(len(self.kept.kept))]
        self.training.averaged.num_steps = facts["average_steps"]
        for name, rng in self.random.items():
            rng.bit_generator.state = facts["random"][name]
        self.begun = within_of(facts, arrays)
        self.progress.begin_with(facts["history"])


def check_same(arrays: Mapping[str, np.ndarray], shapes: Mapping[str, tuple[int, ...]]) -> None:
    """Refuse the state of another training.

    Raises:
        ValueError: A part is missing, left over, or of another shape.
    """
    found = {name: array.shape for name, array in arrays.items() if not name.startswith(BESIDE)}
    for name in sorted(found.keys() | shapes.keys()):
        if found.get(name) != shapes.get(name):
            raise ValueError(
                f"The state is that of another training: {name} is {found.get(name)}, and should "
                f"be {shapes.get(name)}."
            )
