"""Numbers, intervals and names as text."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from hpo_gym.bench.intervals import SKEWED, skewed
from hpo_gym.bench.significance import LEVEL

MISSING, SKEW = "–", "‡"
NARROW = f"{SKEW} Families' gains are skewed (|skewness| above {SKEWED:g}): the interval can be too narrow."


def number(value: float | None, digits: int = 4, *, sign: bool = False) -> str:
    """Format a number with so many decimals, or a dash where there is none."""
    return MISSING if value is None else f"{value:{'+' if sign else ''}.{digits}f}"


def interval(
    estimate: Sequence[float | None],
    digits: int = 4,
    *,
    sign: bool = False,
    mark: bool = False,
    skewness: float | None = None,
) -> str:
    """Format `[mean, low, high]` as `mean [low, high]`, or the mean alone where there is no interval.

    Args:
        mark: Put a star behind the mean.
        skewness: Of the families; above `SKEWED`, there is a double dagger.
    """
    mean, low, high = (number(v, digits, sign=sign) for v in estimate)
    if mean == MISSING or not any(estimate):
        return mean.lstrip("+")  # none, or exactly 0, such as the portfolio's gain over itself
    mean += "*" * mark + SKEW * skewed(skewness)
    return mean if low == high == MISSING else f"{mean} [{low}, {high}]"


def narrow(summaries: Mapping[str, Mapping[str, Any]]) -> str:
    """Explain the double dagger, where one of the gains has it."""
    return NARROW if any(skewed(s.get("skewness")) for s in summaries.values()) else ""


def ranged(letters: str | None) -> str:
    """Shorten the letters of a group: a-e for abcde, or a dash where there is none."""
    runs: list[str] = []
    for letter in letters or "":
        follows = bool(runs) and ord(letter) == ord(runs[-1][-1]) + 1
        runs[-1:] = [runs[-1] + letter] if follows else [*runs[-1:], letter]
    return "".join(run if len(run) < 4 else f"{run[0]}-{run[-1]}" for run in runs) or MISSING


def plain(value: float) -> str:
    """Format a number as one writes it: 33 for 33.0."""
    return str(int(value)) if float(value).is_integer() else str(value)


def counted(n: float, what: str) -> str:
    """Say how many, of a noun in the singular: 1 family, 2 families, 2.5 mean costs."""
    several = f"{what.removesuffix('y')}ies" if what.endswith("y") else f"{what}s"
    return f"{plain(n)} {what if n == 1 else several}"


def joined(names: Sequence[str], most: int = 6) -> str:
    """List names as a sentence does: a, b and c; of many the first, and how many more."""
    shown = [*names[:most], f"{len(names) - most} more"] if len(names) > most else names
    return " and ".join(filter(None, (", ".join(shown[:-1]), *shown[-1:])))


def holds(p: float | None) -> bool:
    """Return whether a corrected p is significant."""
    return p is not None and p <= LEVEL


def verdict(p: float | None, *, better: bool) -> str:
    """Return the verdict of a corrected p: `better`, `worse`, `level` or, without a test, nothing."""
    return "" if p is None else "level" if not holds(p) else "better" if better else "worse"


def short(value: object) -> str:
    """Format a number with four significant digits, anything else as it is."""
    if isinstance(value, bool) or not isinstance(value, (int, float)):
        return str(value)
    return str(value) if isinstance(value, int) else f"{value:.4g}"
