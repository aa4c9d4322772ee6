"""All that a training needs to go on as if it had never stopped, as arrays and plain values.

Weights, the best ones so far, what the optimizer remembers, the moving average, and every random
state: the order of rows, the changes of pictures, the shares of mixtures, dropout.
"""

import time
from collections.abc import Callable, Mapping, Sequence
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn

from bakeoff.torch_models.feed import Feed
from bakeoff.torch_models.progress import Progress
from bakeoff.torch_models.ranks import ranks
from bakeoff.torch_models.sharded import gathered, share_of
from bakeoff.torch_models.tally import Tally
from bakeoff.torch_models.training import Training
from bakeoff.torch_models.within import BEFORE, Within, within_of

BESIDE = ("random.", BEFORE)  # begin the names of what a state may lack
Saved = tuple[dict[str, np.ndarray], dict[str, Any]]


class KeptWeights:
    """The weights of the best epoch so far, beside those that go on."""

    def __init__(self, model: nn.Module) -> None:
        self.model = model
        self.weights = model.state_dict()  # not a copy: each step changes these tensors
        self.kept = {name: weight.clone() for name, weight in self.weights.items()}

    def take(self) -> None:
        """Keep the weights as they are."""
        for name, weight in self.weights.items():
            self.kept[name].copy_(weight)  # in place: never two copies in memory

    def give_back(self) -> None:
        """Give the model those that were kept."""
        self.model.load_state_dict(self.kept)


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
        self.at_epoch = self.first
        self.begun: Within | None = None

    @property
    def random(self) -> dict[str, np.random.Generator]:
        """Return what draws numbers, by name."""
        return {"rows": self.feed.random, "mixing": self.training.mixing.random}

    def tensors(self) -> dict[str, Tensor]:
        """Return all that a training changes, by name: the tensors themselves."""
        optimizer, averaged = self.training.optimizer, self.training.averaged
        groups = {
            "weights": self.kept.weights,
            "kept": self.kept.kept,
            "trained": dict(enumerate(weight for weight, *_ in optimizer.states)),
            "optimizer": {
                f"{i}.{j}": tensor
                for i, state in enumerate(optimizer.states)
                for j, tensor in enumerate(state[1:])
            },
            "average": dict(enumerate(averaged.averages)),
        }
        return {
            f"{group}.{name}": tensor
            for group, tensors in groups.items()
            for name, tensor in tensors.items()
        }

    def begin_epoch(self) -> Within | None:
        """Take note of where the random states stand; return how far the epoch has come already."""
        begun, self.begun = self.begun, None
        self.at_epoch = {name: rng.bit_generator.state for name, rng in self.random.items()}
        return begun

    def offer(self, so_far: Callable[[], Within] | None = None) -> None:
        """Hand the state over, if somebody wants it and the last time was long ago.

        Args:
            so_far: Tells how far an epoch has come; None between two epochs.
        """
        due = self.on_state is not None and time.monotonic() - self.last >= self.every
        if not ranks().agree(due):
            return
        if self.on_state is None:
            for tensor in self.tensors().values():
                gathered(tensor)  # with the process that wants them
            return
        arrays = {n: gathered(t).detach().cpu().numpy() for n, t in self.tensors().items()}
        arrays["random.torch"] = torch.get_rng_state().numpy()
        if self.feed.device.type == "cuda":
            arrays["random.cuda"] = torch.cuda.get_rng_state(self.feed.device).numpy()
        facts = {
            "history": self.progress.history,
            "average_steps": self.training.averaged.num_steps,
            "random": {name: rng.bit_generator.state for name, rng in self.random.items()},
        }
        if so_far is not None:
            within = so_far()
            arrays |= within.arrays()
            facts |= {"random": self.at_epoch, "within": within.facts()}
        self.on_state((arrays, facts))
        self.last = time.monotonic()

    def repeat(
        self,
        targets: Callable[..., Tensor],
        batch_size: int,
        rates: Sequence[float],
        tally: Tally,
        seed: int,
    ) -> None:
        """Take the first epoch once more, from the weights that were kept.

        Args:
            targets: Takes those of rows.
            batch_size: Rows of a batch.
            rates: Of each step.
            tally: Sees the scores.
            seed: That of the training.
        """
        self.kept.give_back()
        self.training.begin()
        torch.manual_seed(seed)
        for name, rng in self.random.items():
            rng.bit_generator.state = self.first[name]
        self.training.epoch(self.feed.shuffled(targets, batch_size), rates, tally)

    @torch.no_grad()
    def begin_with(self, saved: Saved | None) -> None:
        """Go on from a state that was handed over.

        Raises:
            ValueError: It is that of another training.
        """
        if saved is None:
            return
        arrays, facts = saved
        fill(self.tensors(), arrays)
        torch.set_rng_state(torch.from_numpy(np.array(arrays["random.torch"])))
        if "random.cuda" in arrays:
            torch.cuda.set_rng_state(torch.from_numpy(np.array(arrays["random.cuda"])))
        self.training.averaged.num_steps = facts["average_steps"]
        for name, rng in self.random.items():
            rng.bit_generator.state = facts["random"][name]
        self.begun = within_of(facts, arrays)
        self.progress.begin_with(facts["history"])


@torch.no_grad()
def fill(tensors: Mapping[str, Tensor], arrays: Mapping[str, np.ndarray]) -> None:
    """Give tensors the values of a state, in place.

    Raises:
        ValueError: It is that of another training.
    """
    check_same(arrays, {name: tuple(tensor.shape) for name, tensor in tensors.items()})
    for name, tensor in tensors.items():
        tensor.copy_(share_of(torch.from_numpy(np.array(arrays[name])), tensor))


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
