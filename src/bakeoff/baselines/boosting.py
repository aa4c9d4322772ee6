"""Boosting: small decision trees, each fitted to what the trees before it still get wrong.

    F_0 = the best constant,   F_m(x) = F_{m-1}(x) + rate * tree_m(x)
    tree_m fits the negative gradient of the loss at F_{m-1}

Source: Friedman, "Greedy Function Approximation: A Gradient Boosting Machine", 2001; grown by
scikit-learn's HistGradientBoosting, which sorts each column into 255 bins. Each class has a tree of
its own in every iteration. We keep those up to the best validation loss, take the trees out as
plain arrays, and predict from these: equal to scikit-learn's own prediction to the last bit.

Dimensions: N rows, F numbers, K category columns, C classes, R tree columns (K + F),
T trees, S scores per row (C, or 1 when binary or a regression).
"""

from collections.abc import Mapping
from typing import Any, Self

import numpy as np

from bakeoff.numeric import softmax

MAX_CATEGORIES = 255  # scikit-learn's limit per column
MAX_ITERATIONS = 500  # housing: R2 0.842, with 100 iterations 0.834, with 1,000 0.843
WORK = 3e10  # cells x trees in five minutes: 4.3 s an iteration with 50,000 x 784 and ten classes
UNWATCHED = 100  # iterations where no validation row is of a known class: scikit-learn's default
PAIRS = 128_000  # of tree and row, walked together: 23 us a row, 30 with 32,000, 34 with 512,000


class Boosting:
    """Add up trees; stop when the validation loss no longer falls.

    Missing numbers are NaN and have a branch of their own. Categories split into sets.

    Args:
        task: "binary", "multiclass" or "regression".
        num_classes: C; not used by a regression.
        category_sizes: How many codes each category column has (0 missing, 1 unseen, 2 ... known).
        max_iterations: At most so many; early stopping usually ends sooner. 0: 500, and fewer where
            rows x columns x classes are so many that these would take more than some five minutes.
        learning_rate: How much of each tree is added, 0 to 1.
        max_leaves: Leaves of a tree.
        min_leaf_rows: Training rows in a leaf at least.
        patience: Iterations without a better validation loss before growing stops.

    Attributes:
        iterations: Those that are kept, each one tree per score.
        max_iterations: The limit on them, which `fit` sets where it was 0.

    Shape:
        x (N, F) float with NaN, categories (N, K) int -> (N, C) probabilities, or (N,) values
    """

    seedless = True  # no rows or columns are drawn: the result does not depend on the seed

    def __init__(
        self,
        task: str,
        num_classes: int,
        *,
        category_sizes: tuple[int, ...] = (),
        max_iterations: int = 0,
        learning_rate: float = 0.1,
        max_leaves: int = 31,
        min_leaf_rows: int = 20,
        patience: int = 10,
    ) -> None:
        self.task = task
        self.num_classes = num_classes
        self.category_sizes = category_sizes
        self.asked_iterations = self.max_iterations = max_iterations
        self.learning_rate = learning_rate
        self.max_leaves = max_leaves
        self.min_leaf_rows = min_leaf_rows
        self.patience = patience
        self.arrays: dict[str, np.ndarray] = {}

    @property
    def iterations(self) -> int:
        """Iterations kept, each one tree per score."""
        return len(self.arrays["roots"]) // len(self.arrays["baseline"]) if self.arrays else 0

    @property
    def num_parameters(self) -> int:
        """Numbers learned, one per node: where it splits, or the value of a leaf."""
        return len(self.arrays.get("value", ()))

    def prepare(self) -> None:
        """Import scikit-learn's trees, and the function of `scores`."""
        import sklearn.ensemble  # noqa: F401

    def fit(
        self,
        inputs: Mapping[str, np.ndarray],
        targets: np.ndarray,
        *,
        validation_inputs: Mapping[str, np.ndarray],
        validation_targets: np.ndarray,
        seed: int,
    ) -> None:
        """Grow trees on the training rows; the validation rows say how many to keep.

        Nothing depends on `seed`: from 200,000 rows on scikit-learn draws the rows that place the
        bins, and it draws the same ones every time. Validation rows of a class that no training
        row has (-1) say nothing; where there are no others, 100 iterations are kept at most.
        """
        folds = self._fold_categories(inputs)
        table = columns(inputs, folds)
        table[:, np.isnan(table).all(axis=0)] = 0.0  # scikit-learn cannot bin a column of nothing
        known = validation_targets >= 0 if self.task != "regression" else slice(None)
        watched = validation_targets[known]
        self.max_iterations = self.asked_iterations or affordable(table, self.num_classes)
        if not len(watched):
            self.max_iterations = min(self.max_iterations, UNWATCHED)
        model = self._grown(table, targets, columns(validation_inputs, folds)[known], watched)
        # 0: the constant alone is best
        best = int(np.argmax(model.validation_score_)) if len(watched) else self.max_iterations
        self.arrays = folds | tree_arrays(model, best)

    def scores(self, inputs: Mapping[str, np.ndarray]) -> np.ndarray:
        """Return (N, C) probabilities, or (N,) values."""
        raw = raw_scores(columns(inputs, self.arrays), self.arrays)  # (N, S)
        if self.task == "regression":
            return raw[:, 0]
        if raw.shape[1] == 1:
            from scipy.special import expit  # as scikit-learn: numeric.sigmoid differs in bits

            positive = expit(raw[:, 0])
            return np.stack([1 - positive, positive], axis=1)
        return softmax(raw)

    def state(self) -> dict[str, np.ndarray]:
        """Return the trees as arrays, one entry per node."""
        return dict(self.arrays)

    @classmethod
    def from_state(cls, arrays: Mapping[str, np.ndarray], task: str, num_classes: int) -> Self:
        """Return the model that `state` described, ready to predict.

        Raises:
            ValueError: The nodes make no trees: a walk from a root would not end at a leaf; or
                they are for another number of scores.
        """
        check_trees(arrays)
        outputs = num_classes if num_classes > 2 else 1
        if arrays["baseline"].shape != (outputs,):
            raise ValueError(f"the trees do not give scores of {outputs} columns")
        model = cls(task, num_classes)
        model.arrays = dict(arrays)
        return model

    def _fold_categories(self, inputs: Mapping[str, np.ndarray]) -> dict[str, np.ndarray]:
        """Number the codes of each column for the trees: (size,) float, NaN where missing."""
        return {
            f"fold.{k}": fold(inputs["categories"][:, k], size)
            for k, size in enumerate(self.category_sizes)
        }

    def _grown(
        self,
        x: np.ndarray,
        targets: np.ndarray,
        validation_x: np.ndarray,
        validation_targets: np.ndarray,
    ) -> Any:
        """Return the fitted scikit-learn model; without validation rows it makes all iterations."""
        from sklearn.ensemble import HistGradientBoostingClassifier, HistGradientBoostingRegressor

        regression, watched = self.task == "regression", len(validation_targets) > 0
        kind = HistGradientBoostingRegressor if regression else HistGradientBoostingClassifier
        model = kind(
            max_iter=self.max_iterations,
            learning_rate=self.learning_rate,
            max_leaf_nodes=self.max_leaves,
            min_samples_leaf=self.min_leaf_rows,
            categorical_features=list(range(len(self.category_sizes))) or None,
            early_stopping=watched,
            n_iter_no_change=self.patience,
            random_state=0,
        )
        validation = {"X_val": validation_x, "y_val": validation_targets} if watched else {}
        return model.fit(x, targets, **validation)


def affordable(x: np.ndarray, num_classes: int) -> int:
    """Limit the iterations for a table (N, R): 500, or what five minutes allow, 50 at least."""
    trees = num_classes if num_classes > 2 else 1
    return int(np.clip(WORK / max(1, x.size * trees), 50, MAX_ITERATIONS))


def fold(codes: np.ndarray, size: int) -> np.ndarray:
    """Map the codes of one column to 0 ... 254 by their training rows: (size,) float.

    The most frequent codes keep a number each; when there are too many, all others share one.
    Missing cells, and codes that no training row has where nothing is shared, become NaN.
    """
    counts = np.bincount(codes, minlength=size)
    counts[0] = 0  # missing
    seen = np.flatnonzero(counts)
    folded = np.full(size, np.nan)
    if len(seen) > MAX_CATEGORIES:
        frequent = seen[np.argsort(-counts[seen], kind="stable")][: MAX_CATEGORIES - 1]
        folded[1:] = MAX_CATEGORIES - 1
        seen = np.sort(frequent)
    folded[seen] = np.arange(len(seen))
    return folded


def columns(inputs: Mapping[str, np.ndarray], folds: Mapping[str, np.ndarray]) -> np.ndarray:
    """Return one table for the trees, categories first: (N, R) float64."""
    names = sorted((name for name in folds if name.startswith("fold.")), key=lambda n: int(n[5:]))
    parts = [folds[name][inputs["categories"][:, k]] for k, name in enumerate(names)]
    return np.column_stack([*parts, inputs["x"].astype(np.float64)])


def tree_arrays(model: Any, iterations: int) -> dict[str, np.ndarray]:
    """Take the first iterations of trees out of a fitted scikit-learn model.

    The nodes of all trees stand in one list; `left` and `right` are indices into it (-1: a leaf).
    """
    trees = [tree for grown in model._predictors[:iterations] for tree in grown]
    sizes = [len(tree.nodes) for tree in trees]
    roots = np.cumsum([0, *sizes])[:-1]  # (T,)
    sets = [tree.raw_left_cat_bitsets for tree in trees]  # (sets of the tree, 8) uint32
    first_set = np.cumsum([0, *map(len, sets)])[:-1]
    nodes = [tree.nodes for tree in trees] or [model._predictors[0][0].nodes[:0]]
    node = np.concatenate(nodes)
    leaf = node["is_leaf"] == 1
    children = {
        side: np.where(leaf, -1, node[side].astype(np.int64) + np.repeat(roots, sizes))
        for side in ("left", "right")
    }
    chosen = node["bitset_idx"].astype(np.int64) + np.repeat(first_set, sizes)
    return children | {
        "baseline": model._baseline_prediction.ravel(),  # (S,)
        "roots": roots,
        "feature": node["feature_idx"].copy(),  # a view would be stored wrong
        "threshold": node["num_threshold"].copy(),
        "missing_left": node["missing_go_to_left"] == 1,
        "category_set": np.where(node["is_categorical"] == 1, chosen, -1),
        "category_sets": unpacked(np.concatenate([np.zeros((0, 8), np.uint32), *sets])),
        "value": node["value"].copy(),
    }


def check_trees(arrays: Mapping[str, np.ndarray]) -> None:
    """Refuse nodes that do not point forward: the arrays may come from a stranger, and loop.

    Raises:
        ValueError: The message names what is wrong.
    """
    left, right, roots = arrays["left"], arrays["right"], arrays["roots"]
    nodes = len(arrays["value"])
    for name in ("left", "right", "feature", "threshold", "missing_left", "category_set", "value"):
        if arrays[name].shape != (nodes,):
            raise ValueError(f"{name} does not have one entry for each of {nodes} nodes")
    starts, scores = [0, *roots[1:], nodes] if len(roots) else [0], len(arrays["baseline"])
    sizes = np.diff(starts)  # (T,) nodes of each tree
    if sizes.sum() != nodes or (sizes < 1).any() or roots.shape != sizes.shape or roots[:1].any():
        raise ValueError("the trees do not stand one after the other")
    if scores < 1 or len(roots) % scores:
        raise ValueError(f"{len(roots)} trees cannot give {scores} scores each")
    ends = np.repeat(np.cumsum(sizes), sizes)  # (nodes,) where the tree of each node ends
    inner = np.flatnonzero(left >= 0)
    for side in (left[inner], right[inner]):
        if (side <= inner).any() or (side >= ends[inner]).any():
            raise ValueError("a node's child does not come behind it, so its tree has no end")
    check_features(arrays, inner)


def check_features(arrays: Mapping[str, np.ndarray], inner: np.ndarray) -> None:
    """Refuse nodes that ask for a category, or a set of them, that is not there.

    Args:
        arrays: As `check_trees` takes them.
        inner: Positions of the nodes that are no leaves.

    Raises:
        ValueError: The message names what is wrong.
    """
    folds = [fold for name, fold in arrays.items() if name.startswith("fold.")]
    chosen, sets = arrays["category_set"][inner], arrays["category_sets"]
    if sets.ndim != 2 or sets.shape[1] != 256 or (chosen >= len(sets)).any():
        raise ValueError("a node chooses a set of categories that is not there")
    feature = arrays["feature"][inner]
    if (feature < 0).any() or (feature[chosen >= 0] >= len(folds)).any():
        raise ValueError("a node chooses categories of a column that has none")
    for fold in folds:
        if ((fold < 0) | (fold > 255)).any():
            raise ValueError("a category has a number that no set holds")


def unpacked(bits: np.ndarray) -> np.ndarray:
    """Turn sets of 256 bits into truth values: (sets, 8) uint32 -> (sets, 256) bool."""
    single = bits[:, :, None] >> np.arange(32, dtype=np.uint32) & 1  # (sets, 8, 32)
    return np.asarray(single.reshape(-1, 256) == 1)


def raw_scores(x: np.ndarray, arrays: Mapping[str, np.ndarray]) -> np.ndarray:
    """Add up the trees for each row: (N, R) -> (N, S).

    They are added one after the other, as scikit-learn does, so that sums are equal to the bit.
    """
    baseline, trees = arrays["baseline"], len(arrays["roots"])
    if (arrays["feature"][arrays["left"] >= 0] >= x.shape[1]).any():
        raise ValueError(f"a node looks at a column beyond the {x.shape[1]} that there are")
    raw = np.tile(baseline[:, None], (1, len(x)))  # (S, N)
    step = max(1, PAIRS // max(1, trees))
    for start in range(0, len(x), step):
        rows = slice(start, start + step)
        for tree, values in enumerate(leaf_values(x[rows], arrays)):
            raw[tree % len(baseline), rows] += values
    return raw.T


def leaf_values(x: np.ndarray, arrays: Mapping[str, np.ndarray]) -> np.ndarray:
    """Walk every row down every tree and return the values of the leaves: (n, R) -> (T, n).

    All pairs of tree and row step down together; those that stand on a leaf leave the walk. With
    300 trees this took 20 us a row, with 1,000 trees 60; scikit-learn's compiled code 13 and 58.
    """
    cells, missing = x.ravel(), bool(np.isnan(x).any())
    at = np.repeat(arrays["roots"], len(x))  # (T * n,) the node of each pair
    offset = np.tile(np.arange(len(x)) * x.shape[1], len(arrays["roots"]))
    walking = np.flatnonzero(arrays["left"].take(at) >= 0)
    while len(walking):
        node = at.take(walking)
        cell = cells.take(offset.take(walking) + arrays["feature"].take(node))
        goes_left = cell <= arrays["threshold"].take(node)
        if len(arrays["category_sets"]):
            chosen = arrays["category_set"].take(node)
            by_set = np.flatnonzero(chosen >= 0)
            codes = np.nan_to_num(cell.take(by_set)).astype(np.int64)
            goes_left[by_set] = arrays["category_sets"][chosen.take(by_set), codes]
        if missing:
            goes_left = np.where(np.isnan(cell), arrays["missing_left"].take(node), goes_left)
        node = np.where(goes_left, arrays["left"].take(node), arrays["right"].take(node))
        at[walking] = node
        walking = walking[arrays["left"].take(node) >= 0]
    return arrays["value"].take(at).reshape(-1, len(x))
