"""From counts of n-grams to features: which n-grams, how they weigh, and what few numbers stand for many."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from hpo_builders.text.rotation import principal_axes
from hpo_builders.training.recipe import TrainingFailed
from hpo_gym.base import Floats, Ints


@dataclass(frozen=True, eq=False)
class Features:
    """Weights learned from counts of training texts, ``(n, columns)``; they make features of other texts.

    Attributes:
        columns: Which n-grams are kept.
        idf: Their weights, ``(kept,)``; None: 1 each.
        binary, sublinear, normed: How a count becomes a number: 1, 1 + its logarithm; rows of length 1.
        chosen: Which of the weighted columns are kept; None: all.
        axes: What they are projected on, ``(kept, components)``; None: nothing.
    """

    columns: Ints
    idf: Floats | None
    binary: bool
    sublinear: bool
    normed: bool
    chosen: Ints | None = None
    axes: Floats | None = None

    def of(self, counts: Any) -> Any:
        """Features of texts, sparse by rows, or an array where they are projected."""
        x = counts[:, self.columns]
        if self.binary:
            x.data = np.ones_like(x.data)
        elif self.sublinear:
            x.data = 1.0 + np.log(x.data)
        if self.idf is not None:
            x.data *= self.idf[x.indices]
        if self.normed:
            x.data /= np.repeat(_lengths(x), np.diff(x.indptr))
        if self.chosen is not None:
            x = x[:, self.chosen]
        return x if self.axes is None else np.asarray(x @ self.axes)


def _lengths(x: Any) -> Floats:
    squares = np.bincount(np.repeat(np.arange(x.shape[0]), np.diff(x.indptr)), x.data**2, x.shape[0])
    return np.sqrt(np.where(squares > 0, squares, 1.0))


def learn(config: Mapping[str, Any], counts: Any, y: Ints) -> tuple[Features, Any]:
    """Choose and weigh the n-grams of training texts; returns what was learned and the features of these texts.

    Raises:
        TrainingFailed: No n-gram is left.
    """
    columns = _kept(config, counts)
    features = Features(
        columns,
        _idf(counts, columns) if config["weighting"] == "tfidf" else None,
        config["weighting"] == "binary",
        config.get("sublinear_tf") == "yes",
        config["norm"] == "l2",
    )
    x = features.of(counts)
    reduction = config["reduction"]
    if reduction == "chi2":
        features = replace(features, chosen=best_by_chi2(x, y, config["k_best"]))
    if reduction == "svd":
        features = replace(features, axes=principal_axes(x, config["components"]))
    return features, x if reduction == "none" else features.of(counts)


def _kept(config: Mapping[str, Any], counts: Any) -> Ints:
    """Columns that are neither too rare nor too frequent, and of these the most frequent; sorted."""
    n, columns = counts.shape
    if config["vocabulary"] == "hashed":
        return np.arange(columns)
    texts = np.bincount(counts.indices, minlength=columns)
    least, most = config["min_df"], config["max_df"] * n
    kept = np.flatnonzero((texts >= least) & (texts <= most))
    if len(kept) > config["max_features"]:
        times = np.bincount(counts.indices, counts.data, columns)[kept]
        kept = np.sort(kept[np.argsort(-times, kind="stable")[: config["max_features"]]])
    if not len(kept):
        raise TrainingFailed(f"No n-gram is in {least} to {most:g} of {n} texts.")
    return kept


def _idf(counts: Any, columns: Ints) -> Floats:
    """Logarithm of the share of texts without a term, as scikit-learn smooths it: one more text holds every term."""
    n = counts.shape[0]
    texts = np.bincount(counts.indices, minlength=counts.shape[1])[columns]
    return np.asarray(np.log((1.0 + n) / (1.0 + texts)) + 1.0)


# ---------------------------------------------------------------------------------------------- reduction
def best_by_chi2(x: Any, y: Ints, k: int) -> Ints:
    """Return the `k` columns on which classes differ most, sorted; of equal ones the first.

    A column's statistic is that of its sums in the classes against their shares of the texts.
    """
    if k >= x.shape[1]:
        return np.arange(x.shape[1])
    one_hot = (y[:, None] == np.unique(y)).astype(np.float64)  # (n, classes)
    observed = np.asarray(x.T @ one_hot)
    expected = observed.sum(1, keepdims=True) * one_hot.mean(0)
    with np.errstate(invalid="ignore", divide="ignore"):
        statistic = np.nan_to_num(((observed - expected) ** 2 / expected).sum(1), nan=-1.0)
    return np.sort(np.argsort(-statistic, kind="stable")[:k])
