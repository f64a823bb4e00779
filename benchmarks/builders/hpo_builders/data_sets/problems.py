"""From a data set to a problem to train on: rows are drawn by key, features become numbers.

Medians, levels and the target's mean are of the rows that are no test rows, validation rows of a fold among them. What
a task is, rather than how it is learned, is decided on all rows: which classes are large enough, whether the target is
replaced by its logarithm, and what the meta-features say.
"""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
from numpy.typing import NDArray

from hpo_builders.data_sets.folds import CLASSIFICATION, Fold, Problem
from hpo_builders.data_sets.sources import DataSet
from hpo_gym.base import Floats, Ints, InvalidValueError, seeding
from hpo_gym.tuning import describe, heavy_tailed, levels, numbers

REPEATS, FOLDS = 3, 3
TEST_SHARE, TEST_ROWS = 0.25, 4000
"""Least share of the rows, of each class too, that are test rows, and most of them."""

TEST_EACH = 400
"""Fewest test rows that a model predicts. Where there are more, they are dealt into 3 or 9 parts, so that each row is
predicted by one model of a repeat, or by one of all."""

MAX_COLUMNS = 64
"""Most columns after encoding: the pixels of an image of 8 x 8. A data set with more is refused, not cut: which
columns a cut keeps would be one more choice that decides the scores."""

MIN_ROWS, MIN_CLASS = 120, 12
"""Fewest rows of a data set, and of a class; rows of rarer classes are left out."""


def problem(data: DataSet, rows: int, training_rows: int, seed: int) -> Problem:
    """Draw rows, split them, and encode the features.

    Args:
        data: The data set.
        rows: Most rows that the folds have together; classes keep their shares.
        training_rows: Most rows that a fold trains on.
        seed: Of the draw; the same rows come for the same name, `rows` and `seed`.

    Raises:
        InvalidValueError: There are too few rows, too few of two classes, or too many columns.
    """
    rng = np.random.default_rng(seeding.key("problem", data.name, rows, seed))
    y, kept = _usable(data)
    strata = y.astype(np.int64) if data.kind == CLASSIFICATION else _quarters(y)
    learn, test = _apart(strata, rows, rng)
    chosen = np.concatenate([learn, test])
    x = encode(data, kept[chosen], np.arange(len(learn)))
    y, strata = y[chosen], strata[chosen]
    if data.kind == CLASSIFICATION:
        classes, target = len(np.unique(y)), y.astype(np.int64)
    else:
        classes, target = 0, _standardised(y, np.arange(len(learn)))
    parts = _test_parts(strata, np.arange(len(learn), len(chosen)), rng)
    folds = [
        Fold(x[train], target[train], x[val], target[val], x[seen], target[seen])
        for repeat in range(REPEATS)
        for k, (train, val) in enumerate(_folds(strata, np.arange(len(learn)), training_rows, rng))
        for seen in [parts[(FOLDS * repeat + k) % len(parts)]]
    ]
    return Problem(data.name, data.kind, classes, tuple(folds))


# ---------------------------------------------------------------------------------------------- rows
def _usable(data: DataSet) -> tuple[Floats, Ints]:
    """Return the target as numbers and its rows; rare classes are gone, classes are sorted by name."""
    if data.kind == CLASSIFICATION:
        _, code, counts = np.unique(data.y, return_inverse=True, return_counts=True)
        large = np.flatnonzero(counts >= MIN_CLASS)
        kept = np.flatnonzero(np.isin(code, large))
        y = np.searchsorted(large, code[kept]).astype(np.float64)
        if len(large) < 2:
            raise InvalidValueError(f"{data.name!r} must have two classes of {MIN_CLASS} rows, got {counts.tolist()}.")
    else:
        kept, y = np.arange(len(data.y)), np.log(data.y) if is_logged(data) else data.y
    if len(kept) < MIN_ROWS:
        raise InvalidValueError(f"{data.name!r} must have {MIN_ROWS} rows or more, got {len(kept)}.")
    return y, kept


def _quarters(y: Floats) -> Ints:
    """Quarter of the target's distribution: the strata of regression."""
    return np.searchsorted(np.quantile(y, [0.25, 0.5, 0.75]), y).astype(np.int64)


def _draw(strata: Ints, rows: int, rng: np.random.Generator) -> Ints:
    """At most `rows` positions, each stratum by its share, but `MIN_CLASS` of a small one."""
    names, counts = np.unique(strata, return_counts=True)
    least = min(MIN_CLASS, rows // len(names))
    if least < 1 + FOLDS:
        raise InvalidValueError(
            f"`rows` must be {(1 + FOLDS) * len(names)} or more for {len(names)} classes, got {rows}."
        )
    if len(strata) <= rows:
        return np.arange(len(strata))
    share = counts * rows / len(strata)
    quota = np.minimum(counts, np.maximum(least, share.astype(np.int64)))
    while over := int(quota.sum()) - rows:
        if over > 0:
            quota[np.argmax(quota)] -= 1  # the largest pays for the small
        else:
            quota[np.argmax(share - quota)] += 1  # largest remainder first
    parts = [rng.permutation(np.flatnonzero(strata == s))[:n] for s, n in zip(names, quota, strict=True)]
    return np.sort(np.concatenate(parts))


def _spread(strata: Ints, rng: np.random.Generator) -> Ints:
    """Return a random order that spreads every stratum evenly, its first row no later than its share allows.

    The i-th of the n rows of a stratum stands at (i + u) / n, u random: shares hold in every prefix.
    """
    place = np.empty(len(strata))
    for s in np.unique(strata):
        rows = np.flatnonzero(strata == s)
        place[rng.permutation(rows)] = (np.arange(len(rows)) + rng.uniform()) / len(rows)
    return np.argsort(place, kind="stable")


def _early(strata: Ints, rng: np.random.Generator) -> Ints:
    """`_spread` with one row of each stratum first."""
    order = _spread(strata, rng)
    first = np.sort(np.unique(strata[order], return_index=True)[1])
    return np.concatenate([order[first], np.delete(order, first)])


def _apart(strata: Ints, rows: int, rng: np.random.Generator) -> tuple[Ints, Ints]:
    """Positions of the rows of the folds and of the test rows, each sorted; a stratum keeps `TEST_SHARE` for test."""
    kept = np.zeros(len(strata), bool)
    for s in np.unique(strata):
        places = rng.permutation(np.flatnonzero(strata == s))
        kept[places[: max(1, round(TEST_SHARE * len(places)))]] = True
    free = np.flatnonzero(~kept)
    learn = free[_draw(strata[free], rows, rng)]
    rest = np.setdiff1d(np.arange(len(strata)), learn)
    return learn, rest[_draw(strata[rest], TEST_ROWS, rng)]


def _deal(strata: Ints, rows: Ints, parts: int, rng: np.random.Generator) -> list[Ints]:
    """Parts of one size, in each of which every stratum has its share to within one row; what is over is left out."""
    dealt = np.concatenate([rng.permutation(rows[strata[rows] == s]) for s in np.unique(strata[rows])])
    size = len(dealt) // parts
    return [dealt[k::parts][:size] for k in range(parts)]


def _test_parts(strata: Ints, rows: Ints, rng: np.random.Generator) -> list[Ints]:
    """Return as many parts as `TEST_EACH` allows, one for each model at most; every stratum is in all of them."""
    rarest = np.unique(strata[rows], return_counts=True)[1].min()
    parts = next(n for n in (REPEATS * FOLDS, FOLDS, 1) if n == 1 or (len(rows) >= n * TEST_EACH and rarest >= 2 * n))
    return _deal(strata, rows, parts, rng)


def _folds(strata: Ints, rows: Ints, training_rows: int, rng: np.random.Generator) -> Iterator[tuple[Ints, Ints]]:
    """Rows to train on and rows to validate on, of each fold of one cross-validation."""
    parts = _deal(strata, rows, FOLDS, rng)
    for k, val in enumerate(parts):
        others = np.concatenate([part for i, part in enumerate(parts) if i != k])
        yield others[_early(strata[others], rng)][:training_rows], val


# ---------------------------------------------------------------------------------------------- columns
def encode(data: DataSet, rows: Ints, learn: Ints) -> Floats:
    """Return the features of some rows as numbers, constant columns left out.

    Args:
        data: The data set.
        rows: Its rows, in the order wanted.
        learn: Positions in `rows` of those that may be learned from.
    """
    blocks = [
        levels(column[rows], learn) if categorical else numbers(column[rows], learn)
        for column, categorical in zip(data.x, data.categorical, strict=True)
    ]
    x = np.concatenate(blocks, axis=1)
    x = x[:, np.ptp(x[learn], axis=0) > 0]
    if not 1 <= x.shape[1] <= MAX_COLUMNS:
        raise InvalidValueError(f"{data.name!r} must have 1 to {MAX_COLUMNS} columns once encoded, got {x.shape[1]}.")
    return np.ascontiguousarray(x)


# ---------------------------------------------------------------------------------------------- targets
def is_logged(data: DataSet) -> bool:
    """Return whether the target is positive and heavy-tailed in the whole data set, so its logarithm replaces it."""
    return data.kind != CLASSIFICATION and heavy_tailed(data.y)


def _standardised(y: Floats, learn: Ints) -> Floats:
    sd = y[learn].std()
    return np.asarray((y - y[learn].mean()) / (sd if sd > 0 else 1.0), np.float64)


# ---------------------------------------------------------------------------------------------- context
def meta_features(ready: Problem, data: DataSet) -> dict[str, float | None]:
    """Return the meta-features of a data set: sizes, and statistics of its training rows.

    Columns are encoded; the shares of numeric columns and of missing cells are of the raw features, all rows.
    """
    x, y = _learnable(ready)
    missing = [(c == "").mean() if cat else np.isnan(c).mean() for c, cat in zip(data.x, data.categorical, strict=True)]
    return describe(
        x, y, classes=ready.classes, numeric_share=1.0 - float(np.mean(data.categorical)),
        missing_share=float(np.mean(missing)),
    )  # fmt: skip


def test_rows(ready: Problem) -> int:
    """Return the number of test rows, all parts together."""
    parts = {fold.x_test.tobytes() + fold.y_test.tobytes(): len(fold.y_test) for fold in ready.folds}
    return sum(parts.values())


def _learnable(ready: Problem) -> tuple[Floats, NDArray[np.float64]]:
    """Return the rows that may be learned from: the validation parts of one repeat."""
    x = np.concatenate([fold.x_val for fold in ready.folds[:FOLDS]])
    y = np.concatenate([fold.y_val for fold in ready.folds[:FOLDS]]).astype(np.float64)
    return x, y
