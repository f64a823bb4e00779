"""Meta-features of data as scikit-learn takes them, with the names and the arithmetic of the shipped suites."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np
from numpy.typing import NDArray

from hpo_gym.tuning.meta_features import describe, heavy_tailed, levels, numbers

_ROWS, _CELLS = 20_000, 5_000_000  # most rows, and cells, that statistics are computed from


def meta_features_of(x: Any, y: object, *, classifies: bool) -> dict[str, float | None]:
    """Return meta-features of a data set; None where unknown. It takes a fraction of a second.

    Statistics are of at most 20,000 rows, evenly spaced. Data other than tables of numbers and categories, such as
    texts or sparse matrices, have known sizes only.

    Args:
        x: Any input of scikit-learn.
        y: The target, or None.
        classifies: Whether the target is classes.
    """
    shape = _shape(x)
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


def _shape(x: Any) -> Any:
    try:
        return np.shape(x) if isinstance(x, (list, tuple)) else getattr(x, "shape", None)
    except ValueError:  # lists of different lengths
        return None


def _columns(x: Any, rows: NDArray[np.int64]) -> Iterator[NDArray[Any]]:
    """Return some rows of each column, as float64 with NaN, or as texts with "" for missing values; none if unknown."""
    if hasattr(x, "iloc") and hasattr(x, "dtypes"):
        from pandas.api.types import is_numeric_dtype

        for j in range(x.shape[1]):
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
