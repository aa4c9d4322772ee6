"""Linear: logistic regression for classes, ridge regression for numbers.

    classes:   p = softmax(x W + b), two classes: sigmoid;  minimise  sum of log loss + a/2 |W|^2
    numbers:   y = x W + b;                                 minimise  |y - x W - b|^2 + a |W|^2

Source: Hoerl & Kennard, "Ridge Regression", 1970; Cox, "The Regression Analysis of Binary
Sequences", 1958; solved by scikit-learn. How strongly W is held back is chosen on the validation
rows, from strong to weak, until the validation loss rises; where they cannot tell, the strongest
is kept. Each category is a column of 0 and 1.

Dimensions: N rows, F numbers, K category columns, D = F + all categories, C classes,
S scores per row (C, or 1 when binary or a regression).
"""

from collections.abc import Iterator, Mapping
from typing import Any, Self

import numpy as np

from bakeoff.numeric import bounds, ends_of, mean_and_std, says_nothing, softmax, tells

STRENGTHS = (1e4, 1e3, 100.0, 10.0, 1.0, 0.1, 0.01)  # a, the strongest first
MAX_ITERATIONS = 2_000  # of the solver, at each strength
SPARSE_FROM = 64  # categories in all; with fewer a dense table is faster


class Linear:
    """Add up one weight per column.

    Args:
        task: "binary", "multiclass" or "regression".
        num_classes: C; not used by a regression.
        category_sizes: How many codes each category column has (0 missing, 1 unseen, 2 ... known).
        strengths: What to try for a, the strongest first.

    Attributes:
        iterations: Of the solver, for the fit that is kept; 0 for a regression, solved at once.
        max_iterations: Their limit; a fit that took as many had not converged.

    Shape:
        x (N, F) float as in the data, NaN where missing; categories (N, K) int -> (N, C)
        probabilities, or (N,). Numbers are standardised, not bent: a straight line stays one, up to
        3 standard deviations beyond the training rows.
    """

    seedless = True  # a convex problem: the result does not depend on the seed

    def __init__(
        self,
        task: str,
        num_classes: int,
        *,
        category_sizes: tuple[int, ...] = (),
        strengths: tuple[float, ...] = STRENGTHS,
    ) -> None:
        self.task = task
        self.num_classes = num_classes
        self.category_sizes = category_sizes
        self.strengths = strengths
        self.means = self.stds = np.zeros(0)  # (F,) of the training rows
        self.lows, self.highs = np.array(-np.inf), np.array(np.inf)  # (F,) what counts lies between
        self.missing = np.zeros(0, bool)  # (F,) True where several training rows miss a value
        self.weights = np.zeros((0, 1))  # (D, S)
        self.bias = np.zeros(1)  # (S,)
        self.iterations = 0
        self.max_iterations = 0 if task == "regression" else MAX_ITERATIONS

    @property
    def num_parameters(self) -> int:
        """Weights and biases, one column of weights for two classes."""
        return self.weights.size + self.bias.size

    def prepare(self) -> None:
        """Import scikit-learn's solvers."""
        import sklearn.linear_model  # noqa: F401

    def fit(
        self,
        inputs: Mapping[str, np.ndarray],
        targets: np.ndarray,
        *,
        validation_inputs: Mapping[str, np.ndarray],
        validation_targets: np.ndarray,
        seed: int,
    ) -> None:
        """Fit the training rows at each strength; keep the one with the best validation loss.

        Nothing depends on `seed`.
        """
        self._learn_scale(inputs["x"].astype(np.float64))
        lowest, kept = np.inf, None
        fits = self._ridge_fits if self.task == "regression" else self._logistic_fits
        for found in fits(self._table(inputs), targets):
            self.weights, self.bias, self.iterations = found
            loss = self._loss(self.scores(validation_inputs), validation_targets)
            if kept is not None and loss >= lowest:
                self.weights, self.bias, self.iterations = kept
                break
            lowest, kept = loss, found

    def scores(self, inputs: Mapping[str, np.ndarray]) -> np.ndarray:
        """Return (N, C) probabilities, or (N,) values."""
        x = self._numbers(inputs["x"])
        raw = x @ self.weights[: x.shape[1]] + self.bias  # (N, S)
        first = x.shape[1]
        for k, size in enumerate(self.category_sizes):
            raw += self.weights[first + inputs["categories"][:, k]]
            first += size
        if self.task == "regression":
            return raw[:, 0]
        if raw.shape[1] == 1:  # two classes: the score of the first is 0
            raw = np.column_stack([np.zeros(len(raw)), raw])
        return softmax(raw)

    def state(self) -> dict[str, np.ndarray]:
        """Return the weights as arrays, under the names that stored runs have."""
        sizes = np.array(self.category_sizes, np.int64)
        return {
            "weights": self.weights,
            "bias": self.bias,
            "category_sizes": sizes,
            "means": self.means,
            "stds": self.stds,
            "lows": self.lows,
            "highs": self.highs,
            "missing": self.missing,
        }

    @classmethod
    def from_state(cls, arrays: Mapping[str, np.ndarray], task: str, num_classes: int) -> Self:
        """Return the model that `state` described, ready to predict.

        Raises:
            ValueError: Its weights are for another number of scores.
        """
        outputs = num_classes if num_classes > 2 else 1
        if arrays["weights"].shape[1:] != (outputs,) or arrays["bias"].shape != (outputs,):
            raise ValueError(f"weights and bias do not give scores of {outputs} columns")
        model = cls(task, num_classes, category_sizes=tuple(arrays["category_sizes"].tolist()))
        model.weights, model.bias = arrays["weights"], arrays["bias"]
        model.means, model.stds = arrays["means"], arrays["stds"]
        model.missing = arrays["missing"].astype(bool)
        model.lows = arrays.get("lows", model.lows)  # runs of older versions have no bounds
        model.highs = arrays.get("highs", model.highs)
        return model

    def _learn_scale(self, x: np.ndarray) -> None:
        """Learn means, standard deviations, bounds and what gaps are told, from (N, F)."""
        self.means, self.stds = mean_and_std(x)
        self.lows, self.highs = bounds(ends_of(x), self.means, self.stds, says_nothing(x))
        self.missing = tells(np.isnan(x))

    def _numbers(self, x: np.ndarray) -> np.ndarray:
        """Return standardised numbers, 0 where missing, then a column for each that can miss."""
        missing = np.isnan(x)
        inside = np.clip(x.astype(np.float64), self.lows, self.highs)
        numbers = (inside - self.means) / self.stds
        numbers[missing] = 0.0
        return np.hstack([numbers, missing[:, self.missing]])

    def _table(self, inputs: Mapping[str, np.ndarray]) -> Any:
        """Return numbers and categories as one table, sparse when wide: (N, D)."""
        x = self._numbers(inputs["x"])
        if sum(self.category_sizes) < SPARSE_FROM:
            blocks = [
                np.eye(size)[inputs["categories"][:, k]]
                for k, size in enumerate(self.category_sizes)
            ]
            return np.hstack([x, *blocks])
        from scipy.sparse import csr_array, hstack

        rows = np.arange(len(x) + 1)  # one entry per row
        blocks = [
            csr_array((np.ones(len(x)), inputs["categories"][:, k], rows), (len(x), size))
            for k, size in enumerate(self.category_sizes)
        ]
        return hstack([csr_array(x), *blocks], format="csr")

    def _logistic_fits(
        self, table: Any, targets: np.ndarray
    ) -> Iterator[tuple[np.ndarray, np.ndarray, int]]:
        """Yield weights (D, S), bias (S,) and iterations per strength, each from the last."""
        from sklearn.linear_model import LogisticRegression

        model = LogisticRegression(max_iter=self.max_iterations, tol=1e-3, warm_start=True)
        for strength in self.strengths:
            model.set_params(C=1 / strength).fit(table, targets)
            yield model.coef_.T.copy(), model.intercept_.copy(), int(model.n_iter_.max())

    def _ridge_fits(
        self, table: Any, targets: np.ndarray
    ) -> Iterator[tuple[np.ndarray, np.ndarray, int]]:
        """Yield weights (D, 1), bias (1,) and no iterations per strength."""
        from sklearn.linear_model import Ridge

        for strength in self.strengths:
            model = Ridge(alpha=strength).fit(table, targets)
            yield model.coef_[:, None], np.array([model.intercept_]), 0

    def _loss(self, scores: np.ndarray, targets: np.ndarray) -> float:
        """Return the mean log loss over rows of known class, or the mean squared error.

        Infinite where no class is known or a score is NaN: nothing speaks for such a fit.
        """
        if self.task == "regression":
            losses = (scores - targets) ** 2
        else:
            known = targets >= 0  # -1: a class that no training row has
            losses = -np.log(np.maximum(scores[known, targets[known]], 1e-12))
        loss = float(losses.mean()) if len(losses) else np.inf
        return np.inf if np.isnan(loss) else loss
