"""Failed repeats: how a configuration counts of which some repeats failed and some succeeded."""

from __future__ import annotations

import numpy as np

from hpo_gym.base import Floats, Ints, Mask, unknown
from hpo_gym.suites.own.input import Array

FAILURES = ("worst", "fail", "drop")
"""Choices of `failures`; see `hpo_gym.suites.table_suite`."""

_SAID = {
    "worst": "each failed one counts as the worst score of its task",
    "fail": "such a configuration counts as failed",
    "drop": "failed ones are left out of the mean",
}


def failures_of(failures: object) -> str:
    """Return a known choice of `failures`.

    Raises:
        UnknownNameError: It is another.
    """
    if failures not in FAILURES:
        raise unknown("choice of `failures`", str(failures), FAILURES)
    return str(failures)


def counted(values: Floats, failed: Mask, cell: Ints, group: Ints, failures: str) -> Floats:
    """Return the values of single repeats, ``(n,)``; cells that failed in part are as `failures` says.

    Args:
        values: Higher is better; NaN = not measured, -inf = failed.
        failed: Mask of failed repeats; "worst" keeps a finite value of one, such as its size.
        cell: The cell of each: repeats of one configuration, at one fidelity of one task.
        group: The task and fidelity of each; a failed repeat counts as the lowest value there.
    """
    good = np.isfinite(values)
    if failures == "fail":
        return np.where(np.isin(cell, cell[failed]) & good, -np.inf, values)
    if failures == "drop":
        return values
    worst = np.full(group.max(initial=0) + 1, np.inf)
    np.minimum.at(worst, group[good], values[good])
    return np.where(failed & ~good & np.isin(cell, cell[good]), worst[group], values)


def note(failed: Mask, succeeded: Mask, cell: Ints, failures: str) -> str | None:
    """Return the sentence for a suite's card; None where no cell has both failed and successful repeats."""
    both = np.intersect1d(cell[failed], cell[succeeded])
    if not both.size:
        return None
    n, repeats = int(both.size), int(np.isin(cell[failed], both).sum())
    return (
        f"{repeats} repeat{'s' * (repeats > 1)} of {n} measured configuration{'s' * (n > 1)} failed where others "
        f"succeeded: {_SAID[failures]} (`failures='{failures}'`)"
    )


def repeats_of(repeats: Array, score: Array, failures: str) -> tuple[Array, Array, str | None]:
    """Return repeats without failed ones, the scores of cells that had some, and the note for the card.

    Args:
        repeats: ``(k, m, f, r)``, -inf = failed, NaN = no such repeat.
        score: ``(k, m, f)``; NaN, not measured, stays.
    """
    failed: Mask = np.asarray(np.isneginf(repeats) & ~np.isnan(score[..., None]))
    if not failed.any():
        return repeats, score, None
    k, m, f, r = repeats.shape
    cell = np.repeat(np.arange(k * m * f), r)
    group = cell // (m * f) * f + cell % f
    values = np.where(np.isnan(score[..., None]), np.nan, repeats).astype(np.float64).ravel()
    flat = failed.ravel()
    out = counted(values, flat, cell, group, failures).reshape(repeats.shape)
    there: Mask = np.asarray(np.isfinite(out))
    count, touched = there.sum(-1), np.asarray(failed.any(-1))
    mean = np.where(there, out, 0.0).sum(-1) / np.maximum(count, 1)
    whole = np.where(touched, np.where(count > 0, mean, -np.inf), score)
    kept = np.where(touched[..., None], np.where(there, out, np.nan), repeats)
    return kept, whole, note(flat, np.isfinite(values), cell, failures)
