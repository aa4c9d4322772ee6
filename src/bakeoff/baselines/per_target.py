"""Per target: of several targets each has a baseline of its own, fitted to the rows that know it.

Dimensions: N rows, W numbers that are judged: a probability for each class or label, or an amount.
"""

from collections.abc import Callable, Mapping, Sequence
from typing import Any, ClassVar, NamedTuple, Self

import numpy as np

from bakeoff.baselines.baseline import Baseline


class PerTarget:
    """Fit one baseline for each target.

    Args:
        parts: Of the targets, in the order of their columns.

    Shape:
        Inputs as the baselines take them -> (N, W), target by target.
    """

    seedless: ClassVar[bool] = False  # that of the baselines counts

    def __init__(self, parts: "Sequence[Part]") -> None:
        self.parts = tuple(parts)
        self.models: list[Baseline] = []

    @property
    def num_parameters(self) -> int:
        """Those of all targets."""
        return sum(model.num_parameters for model in self.models)

    @property
    def iterations(self) -> int:
        """Of the target that took most."""
        return max((model.iterations for model in self.models), default=0)

    @property
    def max_iterations(self) -> int:
        """Their limit."""
        return max((model.max_iterations for model in self.models), default=0)

    def prepare(self) -> None:
        """Import what fitting needs."""
        for part in self.parts:
            part.make().prepare()

    def fit(
        self,
        inputs: Mapping[str, Any],
        targets: Any,
        *,
        validation_inputs: Mapping[str, Any],
        validation_targets: Any,
        seed: int,
    ) -> None:
        """Fit each target on the rows that know it.

        Args:
            inputs: Of the training rows.
            targets: (N, columns) beside each other, NaN where one has no value.
            validation_inputs: Of the validation rows.
            validation_targets: As `targets`.
            seed: As the baselines take it.
        """
        self.models, start = [], 0
        for part in self.parts:
            own = slice(start, start + part.columns)
            known, y = told(targets[:, own], part)
            watched, validation_y = told(validation_targets[:, own], part)
            model = part.make()
            model.fit(
                {name: values[known] for name, values in inputs.items()},
                y,
                validation_inputs={n: values[watched] for n, values in validation_inputs.items()},
                validation_targets=validation_y,
                seed=seed,
            )
            self.models.append(model)
            start += part.columns

    def scores(self, inputs: Mapping[str, Any]) -> np.ndarray:
        """Return (N, W), target by target."""
        found = [np.asarray(model.scores(inputs)) for model in self.models]
        return np.concatenate([own.reshape(len(own), -1) for own in found], axis=1)

    def state(self) -> dict[str, np.ndarray]:
        """Return what was learned, as arrays: those of the third target are called 2/weights."""
        return {
            f"{k}/{name}": array
            for k, model in enumerate(self.models)
            for name, array in model.state().items()
        }

    @classmethod
    def from_state(cls, arrays: Mapping[str, np.ndarray], parts: Any, num_targets: int) -> Self:
        """Return the model that `state` described.

        Args:
            arrays: What `state` returned.
            parts: A `Part` for each target.
            num_targets: How many there are.

        Raises:
            ValueError: An array is of no target.
        """
        own: list[dict[str, np.ndarray]] = [{} for _ in range(num_targets)]
        for name, array in arrays.items():
            place, _, rest = name.partition("/")
            if not place.isdecimal() or int(place) >= num_targets:
                raise ValueError(f"{name} is of no target: there are {num_targets}")
            own[int(place)][rest] = array
        model = cls(parts)
        model.models = [part.restore(some) for part, some in zip(parts, own, strict=True)]
        return model


class Part(NamedTuple):
    """What is to be known of one target.

    Args:
        make: Builds its baseline.
        restore: Makes it again of its arrays.
        columns: Of its true values: one for each label, else one.
        classes: Whether they are class numbers.
    """

    make: Callable[[], Baseline]
    restore: Callable[[Mapping[str, np.ndarray]], Baseline]
    columns: int
    classes: bool


def told(values: np.ndarray, part: Part) -> tuple[np.ndarray, np.ndarray]:
    """Return which rows know a target, and its values there as a baseline takes them."""
    known = ~np.isnan(values).all(axis=1)
    own = values[known] if part.columns > 1 else values[known, 0]
    return known, own.astype(np.int64) if part.classes else own
