"""`ExtraTrees`: similarity of configurations by their scores on earlier tasks, as the share of common leaves."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from hpo_gym.base import Floats, Singles
from hpo_gym.problem import Points

TREES = 60
_LEAF = 3  # points of a leaf, at least
_SHARE = 0.5  # of the columns that a node may divide by


class ExtraTrees:
    """Trees that divide points so that scores of all tasks at once vary little within a leaf.

    A node draws half of its varying columns, a threshold in the range of each, and keeps the division with the least
    sum of squares. A division leaves at least three points on each side.

    **Reference**: Geurts, Ernst and Wehenkel, "Extremely randomized trees", Machine Learning 63, 2006, which also
    states the share of trees with two points in one leaf as a kernel.

    Args:
        x: Points ``(m, d)``.
        y: Scores of `k` tasks there, ``(k, m)``.
        trees: Number of trees.
        seed: Of all draws.
    """

    def __init__(self, x: Points, y: NDArray[np.floating], trees: int = TREES, seed: int = 0) -> None:
        rng, worth = np.random.default_rng(seed), np.ascontiguousarray(y.T, np.float64)
        grown = [_Tree(x, worth, rng) for _ in range(trees)]
        size = max(len(tree.column) for tree in grown)
        self._column, self._threshold, self._left = (
            np.stack([np.pad(np.array(a), (0, size - len(a))) for a in arrays])
            for arrays in zip(*((t.column, t.threshold, t.left) for t in grown), strict=True)
        )
        self._depth = max(tree.depth for tree in grown)
        self._tree = np.arange(trees)
        self._leaves = self.leaves(x)

    def leaves(self, x: Points) -> NDArray[np.int32]:
        """Return the leaf of points ``(c, d)`` in each tree, ``(c, trees)``."""
        at = np.zeros((len(x), len(self._tree)), np.int32)
        rows = np.arange(len(x))[:, None]
        for _ in range(self._depth):
            left = self._left[self._tree, at]
            right = x[rows, self._column[self._tree, at]] > self._threshold[self._tree, at]
            at = np.where(left > 0, left + right, at).astype(np.int32)
        return at

    def __call__(self, a: Points, b: Points) -> Singles:
        """Return the share of trees with points ``(n, d)`` and ``(c, d)`` in one leaf, ``(n, c)``."""
        return _meeting(self.leaves(a), self.leaves(b))

    def to_all(self, a: Points) -> Singles:
        """Return `__call__` with all points of the trees' training, ``(n, m)``."""
        return _meeting(self.leaves(a), self._leaves)


def _meeting(a: NDArray[np.int32], b: NDArray[np.int32]) -> Singles:
    return np.stack([(b == leaf).mean(1, dtype=np.float32) for leaf in a]) if len(a) else np.zeros((0, len(b)), "f4")


class _Tree:
    """One tree as lists: a node has a column, a threshold, and the place of its left child, 0 of a leaf."""

    def __init__(self, x: Points, y: Floats, rng: np.random.Generator) -> None:
        self.column, self.threshold, self.left, self.depth = [0], [0.0], [0], 0
        todo = [(0, np.arange(len(x)), 0)]
        while todo:
            node, rows, depth = todo.pop()
            self.depth = max(self.depth, depth)
            found = _divided(x[rows], y[rows], rng)
            if found is None:
                continue
            self.column[node], self.threshold[node], right = found
            self.left[node] = len(self.left)
            todo += [(len(self.left), rows[~right], depth + 1), (len(self.left) + 1, rows[right], depth + 1)]
            self.column += [0, 0]
            self.threshold += [0.0, 0.0]
            self.left += [0, 0]


def _divided(x: Points, y: Floats, rng: np.random.Generator) -> tuple[int, float, NDArray[np.bool_]] | None:
    """Return column and threshold of the best of some random divisions, and the points above; None if none is
    allowed."""
    if len(x) < 2 * _LEAF or (y == y[0]).all():
        return None
    low, high = x.min(0), x.max(0)
    varied = np.flatnonzero(high > low)
    if not len(varied):
        return None
    columns = rng.permutation(varied)[: int(np.ceil(_SHARE * x.shape[1]))]
    threshold = low[columns] + rng.random(len(columns)) * (high[columns] - low[columns])
    right = x[:, columns] > threshold  # (n, f)
    count = right.sum(0)
    above = right.T.astype(np.float64) @ y  # (f, k)
    below = y.sum(0) - above
    gain = (above * above).sum(1) / np.maximum(count, 1) + (below * below).sum(1) / np.maximum(len(x) - count, 1)
    gain = np.where((count >= _LEAF) & (len(x) - count >= _LEAF), gain, -np.inf)
    best = int(gain.argmax())
    return None if np.isneginf(gain[best]) else (int(columns[best]), float(threshold[best]), right[:, best])
