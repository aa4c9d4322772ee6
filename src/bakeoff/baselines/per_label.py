"""Per label: of several labels each has a baseline of its own, fitted to the rows that know it.

    p(label k | x) = baseline_k(x)

A label that all training rows have, or none of them, is foretold by that share alone.

Dimensions: N rows, K labels.
"""

from collections.abc import Callable, Mapping
from typing import Any, ClassVar, Self

import numpy as np

from bakeoff.baselines.baseline import Baseline


class PerLabel:
    """Fit one baseline of two classes for each label.

    Args:
        make: Builds such a baseline.
        num_labels: K.

    Attributes:
        models: One for each label; None where all training rows are alike in it.
        shares: (K,) of the training rows that have each label.

    Shape:
        Inputs as the baseline takes them -> (N, K) probabilities.
    """

    seedless: ClassVar[bool] = False  # that of the baselines counts

    def __init__(self, make: Callable[[], Baseline] | None, num_labels: int) -> None:
        self.make = make
        self.num_labels = num_labels
        self.models: list[Baseline | None] = [None] * num_labels
        self.shares = np.zeros(num_labels)

    @property
    def fitted(self) -> list[Baseline]:
        """The baselines of labels that can be learned."""
        return [model for model in self.models if model is not None]

    @property
    def num_parameters(self) -> int:
        """Those of all labels."""
        return sum(model.num_parameters for model in self.fitted)

    @property
    def iterations(self) -> int:
        """Of the label that took most."""
        return max((model.iterations for model in self.fitted), default=0)

    @property
    def max_iterations(self) -> int:
        """Their limit."""
        return max((model.max_iterations for model in self.fitted), default=0)

    def prepare(self) -> None:
        """Import what fitting needs."""
        if self.make is not None:
            self.make().prepare()

    def fit(
        self,
        inputs: Mapping[str, Any],
        targets: Any,
        *,
        validation_inputs: Mapping[str, Any],
        validation_targets: Any,
        seed: int,
    ) -> None:
        """Fit each label on the rows that know it.

        Args:
            inputs: Of the training rows.
            targets: (N, K) 0, 1, or NaN where nobody knows.
            validation_inputs: Of the validation rows.
            validation_targets: (M, K), as `targets`.
            seed: As the baseline takes it.

        Raises:
            ValueError: It was read from a file, and cannot be fitted.
        """
        if self.make is None:
            raise ValueError("A baseline that was read from a file is not fitted again.")
        for k in range(self.num_labels):
            known, watched = (~np.isnan(y[:, k]) for y in (targets, validation_targets))
            own = targets[known, k].astype(np.int64)
            self.shares[k] = own.mean() if len(own) else 0.0
            if not 0 < self.shares[k] < 1:
                continue
            model = self.make()
            model.fit(
                {name: values[known] for name, values in inputs.items()},
                own,
                validation_inputs={n: values[watched] for n, values in validation_inputs.items()},
                validation_targets=validation_targets[watched, k].astype(np.int64),
                seed=seed,
            )
            self.models[k] = model

    def scores(self, inputs: Mapping[str, Any]) -> np.ndarray:
        """Return (N, K) probabilities."""
        rows = len(next(iter(inputs.values())))
        columns = [
            np.full(rows, share) if model is None else model.scores(inputs)[:, 1]
            for model, share in zip(self.models, self.shares, strict=True)
        ]
        return np.column_stack(columns)

    def state(self) -> dict[str, np.ndarray]:
        """Return what was learned, as arrays: those of label 3 are called 3.weights and so on."""
        arrays = {"shares": self.shares}
        for k, model in enumerate(self.models):
            if model is not None:
                arrays |= {f"{k}.{name}": array for name, array in model.state().items()}
        return arrays

    @classmethod
    def from_state(cls, arrays: Mapping[str, np.ndarray], page: Any, num_labels: int) -> Self:
        """Return the model that `state` described.

        Args:
            arrays: What `state` returned.
            page: The class of the baselines.
            num_labels: K.

        Raises:
            ValueError: They are of another number of labels.
        """
        own: list[dict[str, np.ndarray]] = [{} for _ in range(num_labels)]
        for name, array in arrays.items():
            place, dot, part = name.partition(".")
            if not dot:
                continue
            if not place.isdecimal() or int(place) >= num_labels:
                raise ValueError(f"{name} is of no label: there are {num_labels}")
            own[int(place)][part] = array
        shares = arrays["shares"]
        if shares.shape != (num_labels,) or not ((shares >= 0) & (shares <= 1)).all():
            raise ValueError(f"shares are {shares.shape}, not one of 0 to 1 for each label")
        model = cls(None, num_labels)
        model.shares = shares
        model.models = [page.from_state(part, "binary", 2) if part else None for part in own]
        return model
