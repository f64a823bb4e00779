"""Meta-features: numbers that describe a data set before the first trial, of shipped suites and of a user's data alike.

Columns are described as they are learned from: missing numbers filled in, categories one-hot.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, Any, TypeAlias

import numpy as np
from numpy.typing import NDArray

from hpo_gym.base import Floats, Ints

if TYPE_CHECKING:
    from pandas import DataFrame
    from scipy.sparse import sparray

Data: TypeAlias = "NDArray[Any] | DataFrame | sparray | Sequence[Any]"
"""Rows that scikit-learn takes."""

MAX_LEVELS = 10
"""Levels of a categorical column that get a column of their own, the most frequent first; the rest is one more."""

MAX_SKEWNESS = 3.0
"""A positive target of more than this skewness is replaced by its logarithm."""

CORRELATED = 256
"""Upper limit of columns for correlations: with more, it would take long, and their mean is unknown."""


def describe(
    x: Floats, y: Floats | None, *, classes: int | None, numeric_share: float, missing_share: float
) -> dict[str, float | None]:
    """Sizes, and statistics of rows to learn from; None where unknown.

    Args:
        x: Encoded columns, ``(n, p)``.
        y: Codes ``0..classes - 1``, or numbers of regression, ``(n,)``; None if there are none.
        classes: 0 for regression, None if there is no target.
        numeric_share: Share of the raw columns that are numeric.
        missing_share: Share of the raw cells that are missing.
    """
    n, p = x.shape
    sd = x.std(0)
    z = (x - x.mean(0)) / np.where(sd > 0, sd, 1.0)
    counts = None if y is None or not classes else np.bincount(y.astype(np.int64))
    values: dict[str, float | None] = {
        "n_rows": float(n),
        "n_columns": float(p),
        "n_classes": None if classes is None else float(classes),
        "majority_share": None if counts is None else float(counts.max() / n),
        "minority_share": None if counts is None else float(counts.min() / n),
        "numeric_share": numeric_share,
        "missing_share": missing_share,
        "is_regression": None if classes is None else float(classes == 0),
        "rows_per_column": n / p,
        "mean_correlation": _mean_correlation(z),
        "mean_skewness": float(np.mean(np.abs((z**3).mean(0)))),
        "target_skewness": None if y is None or classes != 0 else skewness(y),
    }
    return {name: None if v is None or not np.isfinite(v) else round(v, 6) for name, v in values.items()}


def _mean_correlation(z: Floats) -> float | None:
    """Return the mean magnitude of the correlation over all pairs of columns."""
    n, p = z.shape
    if p > CORRELATED:
        return None
    return float(np.abs(z.T @ z / n)[~np.eye(p, dtype=bool)].mean()) if p > 1 else 0.0


def skewness(y: Floats) -> float:
    """Third standardised moment; 0 of a constant."""
    sd = y.std()
    return float((((y - y.mean()) / sd) ** 3).mean()) if sd > 0 else 0.0


def heavy_tailed(y: Floats) -> bool:
    """Return whether a target is learned in its logarithm."""
    return bool(y.min() > 0) and skewness(y) > MAX_SKEWNESS


def numbers(column: Floats, learn: Ints) -> Floats:
    """Return a numeric column prepared for learning, ``(n, 1)`` or ``(n, 2)``.

    Missing numbers become the median of the rows `learn`; if at least 5 % are missing, a second column marks them.
    """
    absent = ~np.isfinite(column)
    known = column[learn][~absent[learn]]
    filled = np.where(absent, np.median(known) if len(known) else 0.0, column)
    blocks = [filled, absent.astype(np.float64)] if absent[learn].mean() >= 0.05 else [filled]
    return np.stack(blocks, axis=1)


def levels(column: NDArray[np.str_], learn: Ints) -> Floats:
    """Return a column of texts, one-hot; missing, "", is a level; two levels need one column."""
    names, counts = np.unique(column[learn], return_counts=True)
    frequent = names[np.lexsort((names, -counts))][:MAX_LEVELS]
    hot = (column[:, None] == frequent).astype(np.float64)
    if len(names) > MAX_LEVELS:
        hot = np.concatenate([hot, 1.0 - hot.sum(1, keepdims=True)], axis=1)
    return np.asarray(hot[:, :1] if len(names) == 2 else hot, np.float64)


_ROWS, _CELLS = 20_000, 5_000_000  # most rows, and cells, that statistics are computed from


def meta_features_of(x: Data, y: object, *, classifies: bool) -> dict[str, float | None]:
    """Return meta-features of a data set; None where unknown. It takes a fraction of a second.

    Statistics are of at most 20,000 rows, evenly spaced. Data other than tables of numbers and categories, such as
    texts or sparse matrices, have known sizes only.

    Args:
        classifies: Whether the target is classes.
    """
    shape = shape_of(x)
    n = int(shape[0]) if shape else len(x)
    p = int(shape[1]) if shape is not None and len(shape) == 2 else None
    if n == 0 or not p:
        return {"n_rows": float(n)}
    rows = np.unique(np.linspace(0, n - 1, min(n, _ROWS, max(500, _CELLS // p))).astype(np.int64))
    sizes: dict[str, float | None] = {"n_rows": float(n), "n_columns": float(p), "rows_per_column": round(n / p, 6)}
    columns = list(_columns(x, rows))
    if not columns:
        return sizes
    everywhere = np.arange(len(rows))
    with np.errstate(all="ignore"):  # what is not finite is unknown
        missing = [(c == "").mean() if c.dtype.kind == "U" else (~np.isfinite(c)).mean() for c in columns]
        numeric = [c.dtype.kind != "U" for c in columns]
        blocks = [levels(c, everywhere) if c.dtype.kind == "U" else numbers(c, everywhere) for c in columns]
        encoded = np.concatenate(blocks, axis=1)
        encoded = encoded[:, np.ptp(encoded, axis=0) > 0]
        if not encoded.shape[1]:
            return sizes
        target, classes = _target(y, rows, classifies=classifies)
        shares = {"numeric_share": float(np.mean(numeric)), "missing_share": float(np.mean(missing))}
        found = describe(encoded, target, classes=classes, **shares)
    return {**found, "n_rows": float(n), "rows_per_column": round(n / encoded.shape[1], 6)}


def shape_of(x: Data) -> tuple[int, ...] | None:
    """Return the shape of data; None if unknown."""
    try:
        return np.shape(x) if isinstance(x, (list, tuple)) else getattr(x, "shape", None)
    except ValueError:  # lists of different lengths
        return None


def _columns(x: Data, rows: NDArray[np.int64]) -> Iterator[NDArray[Any]]:
    """Return some rows of each column, as float64 with NaN, or as texts with "" for missing values; none if unknown."""
    if hasattr(x, "iloc") and hasattr(x, "dtypes"):
        from pandas.api.types import is_numeric_dtype

        for j in range(len(x.dtypes)):
            column = x.iloc[rows, j]
            if is_numeric_dtype(column.dtype) and column.dtype.kind != "c":
                yield column.to_numpy(np.float64, na_value=np.nan)
            else:
                yield np.array(["" if gone else str(v) for v, gone in zip(column, column.isna(), strict=True)], np.str_)
        return
    if isinstance(x, (list, tuple, np.ndarray)):
        values = np.asarray(x)
        if values.ndim == 2 and values.dtype.kind in "biuf":
            yield from np.asarray(values[rows], np.float64).T


def _target(y: object, rows: NDArray[np.int64], *, classifies: bool) -> tuple[NDArray[np.float64] | None, int | None]:
    """Codes or numbers of some rows, and the number of classes in all: 0 of regression, None where there is none."""
    try:
        values = None if y is None else np.asarray(y)
    except (ValueError, TypeError):
        values = None
    if values is None or values.ndim > 2 or (values.ndim == 2 and values.shape[1] != 1) or not values.size:
        return None, None
    values = values.ravel()
    if classifies:
        if values.dtype.kind == "O":
            values = values.astype(np.str_)
        names, codes = np.unique(values, return_inverse=True)
        return codes[rows].astype(np.float64), len(names)
    if values.dtype.kind not in "biuf" or not np.isfinite(some := values[rows].astype(np.float64)).all():
        return None, 0
    return (np.log(some) if heavy_tailed(some) else some), 0
