"""Tfidf: logistic or ridge regression on the words and word pairs of a text, weighed by rarity.

    f_t  = (1 + log n_t) * idf_t,  then divided by |f|      n_t: how often term t comes in the text
    idf_t = log((1 + N) / (1 + N_t)) + 1                    N_t: training texts that have it
    classes:   p = softmax(f W + b), two classes: sigmoid;  numbers:   y = f W + b

Source: Spärck Jones, "A Statistical Interpretation of Term Specificity and Its Application in
Retrieval", 1972; Wang & Manning, "Baselines and Bigrams", 2012; solved by scikit-learn. How
strongly W is held back is chosen on the validation rows, from strong to weak, until the validation
loss rises. Terms are known from two training texts on, the most frequent ones first.

Dimensions: N texts, T words, D terms (words and pairs of neighbours), C classes, S scores per text
(C, or 1 when binary or a regression).
"""

from collections.abc import Iterator, Mapping
from typing import Any, Self

import numpy as np

from bakeoff.numeric import softmax

STRENGTHS = (10.0, 3.0, 1.0, 0.3, 0.1, 0.03, 0.01)  # the strongest first
MAX_ITERATIONS = 500  # of the solver, at each strength
TOLERANCE = 1e-5  # of the gradient: that of rare terms is small from the start
MOST_TERMS = 300_000
MOST_WEIGHTS = 2 * 10**7  # of all scores together
FEWEST = 2  # training texts that have a term
FIRST = 4  # code of the first word; what is below is padding or unknown
SHIFT = 20  # bits of a code; a pair is the code of its first word, then that of its second
AT_ONCE = 2**20  # words that are laid out at once
MOST_COUNTED = 2**24  # different terms that are counted; beyond them those of one text are dropped


class Tfidf:
    """Add up one weight per word and per pair of words.

    Args:
        task: "binary", "multiclass" or "regression".
        num_classes: C; not used by a regression.
        pairs: Whether pairs of neighbours are terms, too.
        strengths: What to try for how strongly weights are held back, the strongest first.

    Attributes:
        iterations: Of the solver, for the fit that is kept; 0 for a regression.
        max_iterations: Their limit; a fit that took as many had not converged.

    Shape:
        x (N, T) int codes of words, 4 and above known, an array or whatever is sliced like one;
        lengths (N,) int or none -> (N, C) probabilities, or (N,).
    """

    seedless = True  # a convex problem: the result does not depend on the seed

    def __init__(
        self,
        task: str,
        num_classes: int,
        *,
        pairs: bool = True,
        strengths: tuple[float, ...] = STRENGTHS,
    ) -> None:
        self.task = task
        self.num_classes = num_classes
        self.pairs = pairs
        self.strengths = strengths
        self.terms = np.zeros(0, np.int64)  # (D,) ascending
        self.idf = np.zeros(0)  # (D,)
        self.weights = np.zeros((0, self.num_scores))  # (D, S)
        self.bias = np.zeros(self.num_scores)  # (S,)
        self.iterations = 0
        self.max_iterations = 0 if task == "regression" else MAX_ITERATIONS

    @property
    def num_scores(self) -> int:
        """S."""
        return self.num_classes if self.num_classes > 2 else 1

    @property
    def num_parameters(self) -> int:
        """Weights and biases."""
        return self.weights.size + self.bias.size

    def prepare(self) -> None:
        """Import scikit-learn's solvers."""
        import scipy.sparse  # noqa: F401
        import sklearn.linear_model  # noqa: F401

    def fit(
        self,
        inputs: Mapping[str, Any],
        targets: np.ndarray,
        *,
        validation_inputs: Mapping[str, Any],
        validation_targets: np.ndarray,
        seed: int,
    ) -> None:
        """Fit the training rows at each strength; keep the one with the best validation loss.

        Nothing depends on `seed`.
        """
        self._learn_terms(inputs)
        table, watched = self._table(inputs), self._table(validation_inputs)
        lowest, kept = np.inf, None
        fits = self._ridge_fits if self.task == "regression" else self._logistic_fits
        for found in fits(table, targets):
            self.weights, self.bias, self.iterations = found
            loss = self._loss(self._scores(watched), validation_targets)
            if kept is not None and loss >= lowest:
                self.weights, self.bias, self.iterations = kept
                break
            lowest, kept = loss, found

    def scores(self, inputs: Mapping[str, Any]) -> np.ndarray:
        """Return (N, C) probabilities, or (N,) values."""
        return self._scores(self._table(inputs))

    def state(self) -> dict[str, np.ndarray]:
        """Return terms and weights as arrays."""
        return {
            "terms": self.terms,
            "idf": self.idf,
            "weights": self.weights,
            "bias": self.bias,
            "pairs": np.array(self.pairs),
        }

    @classmethod
    def from_state(cls, arrays: Mapping[str, np.ndarray], task: str, num_classes: int) -> Self:
        """Return the model that `state` described, ready to predict.

        Raises:
            ValueError: The arrays do not go with each other.
        """
        model = cls(task, num_classes, pairs=bool(arrays["pairs"]))
        size, terms = len(arrays["terms"]), arrays["terms"]
        if arrays["weights"].shape != (size, model.num_scores) or arrays["idf"].shape != (size,):
            raise ValueError(f"weights and idf are not those of {size} terms")
        if terms.dtype != np.int64 or (terms[1:] <= terms[:-1]).any() or (terms < FIRST).any():
            raise ValueError("terms do not ascend")
        if arrays["bias"].shape != (model.num_scores,):
            raise ValueError(f"bias is not that of {model.num_scores} scores")
        if not all(np.isfinite(arrays[name]).all() for name in ("weights", "bias", "idf")):
            raise ValueError("weights, bias or idf hold something that is no number")
        model.terms, model.idf = terms, arrays["idf"]
        model.weights, model.bias = arrays["weights"], arrays["bias"]
        return model

    def _learn_terms(self, inputs: Mapping[str, Any]) -> None:
        """Choose the terms, and learn how rare each is."""
        most = min(MOST_TERMS, MOST_WEIGHTS // self.num_scores)
        terms, texts = count_terms(inputs, pairs=self.pairs)
        often = texts >= FEWEST
        if often.any():
            terms, texts = terms[often], texts[often]
        chosen = np.sort(np.lexsort([terms, -texts])[:most])
        self.terms = terms[chosen]
        self.idf = np.log((1 + len(inputs["x"])) / (1 + texts[chosen])) + 1

    def _table(self, inputs: Mapping[str, Any]) -> Any:
        """Return what each text has of each term, of length 1 in all: (N, D), sparse."""
        from scipy.sparse import csr_array, vstack

        blocks = [csr_array((0, len(self.terms)))]
        for count, rows, terms, times in term_batches(inputs, pairs=self.pairs):
            at = np.searchsorted(self.terms, terms)
            known = np.append(self.terms, -1)[at] == terms
            rows, at, times = rows[known], at[known], times[known]
            values = (1 + np.log(times)) * self.idf[at]
            squares = np.bincount(rows, values**2, minlength=count)
            values /= np.sqrt(squares)[rows]
            edges = np.append(0, np.cumsum(np.bincount(rows, minlength=count)))
            blocks.append(csr_array((values, at, edges), (count, len(self.terms))))
        return vstack(blocks, format="csr")

    def _scores(self, table: Any) -> np.ndarray:
        """Return probabilities or values of rows of terms."""
        raw = np.asarray(table @ self.weights) + self.bias  # (N, S)
        if self.task == "regression":
            return np.asarray(raw[:, 0])
        if raw.shape[1] == 1:  # two classes: the score of the first is 0
            raw = np.column_stack([np.zeros(len(raw)), raw])
        return softmax(raw)

    def _logistic_fits(
        self, table: Any, targets: np.ndarray
    ) -> Iterator[tuple[np.ndarray, np.ndarray, int]]:
        """Yield weights (D, S), bias (S,) and iterations per strength, each from the last."""
        from sklearn.linear_model import LogisticRegression

        if not table.nnz:  # no text has a known word
            shares = np.log(np.bincount(targets, minlength=self.num_classes) / len(targets))
            bias = shares if self.num_scores > 1 else shares[1:] - shares[:1]
            yield np.zeros((len(self.terms), self.num_scores)), bias, 0
            return
        model = LogisticRegression(max_iter=self.max_iterations, tol=TOLERANCE, warm_start=True)
        for strength in self.strengths:
            model.set_params(C=1 / strength).fit(table, targets)
            yield model.coef_.T.copy(), model.intercept_.copy(), int(model.n_iter_.max())

    def _ridge_fits(
        self, table: Any, targets: np.ndarray
    ) -> Iterator[tuple[np.ndarray, np.ndarray, int]]:
        """Yield weights (D, 1), bias (1,) and no iterations per strength."""
        from sklearn.linear_model import Ridge

        if not table.nnz:
            yield np.zeros((len(self.terms), 1)), targets.mean(keepdims=True, dtype=np.float64), 0
            return
        for strength in self.strengths:
            model = Ridge(alpha=strength, solver="sparse_cg").fit(table, targets)
            yield model.coef_.reshape(-1, 1), np.array([model.intercept_]), 0

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


def count_terms(inputs: Mapping[str, Any], *, pairs: bool) -> tuple[np.ndarray, np.ndarray]:
    """Return the terms of some texts, ascending, and how many texts have each: (D,), (D,)."""
    terms, texts = np.zeros(0, np.int64), np.zeros(0, np.int64)
    waiting: list[np.ndarray] = []
    for _, _, found, _ in (*term_batches(inputs, pairs=pairs), (0, None, None, None)):
        waiting += [] if found is None else [found]
        if found is not None and sum(map(len, waiting)) < max(AT_ONCE, len(terms)):
            continue
        every = np.concatenate([terms, *waiting])
        times = np.concatenate([texts, np.ones(len(every) - len(terms), np.int64)])
        terms, places = np.unique(every, return_inverse=True)
        texts = np.bincount(places, times, minlength=len(terms)).astype(np.int64)
        waiting = []
        if len(terms) > MOST_COUNTED:
            terms, texts = terms[texts > 1], texts[texts > 1]
    return terms, texts


def term_batches(
    inputs: Mapping[str, Any], *, pairs: bool
) -> Iterator[tuple[int, np.ndarray, np.ndarray, np.ndarray]]:
    """Yield how many texts a batch has, and of each term of each text: row, term, times it comes.

    Rows count from 0 in the batch and ascend, terms within them.
    """
    for x, lengths in row_batches(inputs):
        real = np.arange(x.shape[1]) < lengths[:, None]  # (n, T)
        known = real & (x >= FIRST)
        codes = x.astype(np.int64)
        rows = np.broadcast_to(np.arange(len(x))[:, None], x.shape)
        found = [(rows[known] << (2 * SHIFT)) | codes[known]]
        if pairs:
            both = known[:, :-1] & known[:, 1:]
            joined = (codes[:, :-1] << SHIFT) | codes[:, 1:]
            found.append((rows[:, :-1][both] << (2 * SHIFT)) | joined[both])
        keys, times = np.unique(np.concatenate(found), return_counts=True)
        yield len(x), keys >> (2 * SHIFT), keys & ((1 << (2 * SHIFT)) - 1), times


def row_batches(inputs: Mapping[str, Any]) -> Iterator[tuple[np.ndarray, np.ndarray]]:
    """Yield (n, T) codes and their lengths (n,): as many texts at once as are no large block."""
    x = inputs["x"]
    lengths = inputs.get("lengths", np.full(len(x), x.shape[1]))
    start = 0
    while start < len(x):
        some = np.maximum.accumulate(lengths[start : start + AT_ONCE])
        fitting = np.arange(1, len(some) + 1) * some <= AT_ONCE
        stop = start + max(1, int(fitting.sum()))
        yield np.asarray(x[start:stop]), np.asarray(lengths[start:stop])
        start = stop
