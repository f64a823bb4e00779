"""Values of columns: hyperparameters as numbers, booleans or texts; scores, costs and fidelities as numbers."""

from __future__ import annotations

import math
import re
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import numpy as np

from hpo_gym.base import Floats, Ints, Mask
from hpo_gym.problem import Hyperparameter
from hpo_gym.suites.own.reading import TrialRows, with_comma

if TYPE_CHECKING:
    from pandas import Series

LARGEST = 1e300
"""Sums and differences of larger numbers may be beyond floats."""
FAILED = "failed"
"""In place of the score of a failure."""
TRUTH = {"true": True, "false": False}

_FAILURES = (FAILED, "nan")
_NOT_MEASURED = ("", "na", "null", "none", "nat", "<na>")
_is_whole = re.compile(r"[+-]?\d{1,15}", re.ASCII).fullmatch
_is_number = re.compile(r"[+-]?(\d+\.?\d*|\.\d+)([eE][+-]?\d+)?", re.ASCII).fullmatch


# ---------------------------------------------------------------------------------------------- hyperparameters
def typed(column: Series[Any]) -> Series[Any]:
    """Return a column of whole numbers, of floats, of booleans or of texts; a gap is NaN or None.

    Texts that are all numbers, or all `true` and `false`, are what they say. `nan` is a gap, as an empty cell is.
    """
    import pandas as pd

    if column.dtype.kind in "iuf":
        plain = column.dtype.kind == "f" or column.isna().any()
        return column.astype(np.float64 if plain or column.dtype.kind == "u" else np.int64)
    codes, found = _distinct(column)
    texts = [None if text.lower() in ("", "nan") else text for text in found]
    gaps = (codes < 0).any() or None in texts
    given, values = [text for text in texts if text is not None], np.array([*texts, None], object)
    if given and all(map(_is_number, given)):
        numbers = np.array([math.nan if text is None else float(text) for text in [*texts, None]])
        whole = not gaps and all(map(_is_whole, given))
        return pd.Series(numbers[codes].astype(np.int64 if whole else np.float64), column.index)
    if all(text.lower() in TRUTH for text in given):
        values = np.array([None if text is None else TRUTH[text.lower()] for text in [*texts, None]], object)
    return pd.Series(values[codes], column.index, dtype=object)


def _distinct(column: Series[Any]) -> tuple[Ints, list[str]]:
    """Return the place of each cell among the distinct texts, and these; a gap is an empty text, or -1."""
    import pandas as pd

    if isinstance(column.dtype, pd.CategoricalDtype):
        return np.asarray(column.cat.codes, np.int64), [str(value).strip() for value in column.cat.categories]
    cells = ["" if gap else str(value).strip() for value, gap in zip(column, column.isna(), strict=True)]
    codes, texts = pd.factorize(np.array(cells, object))
    return np.asarray(codes, np.int64), [str(text) for text in texts]


def texts_of(column: Series[Any]) -> Any:
    """Return the text of each cell, empty for a gap, ``(n,)``."""
    codes, texts = _distinct(column)
    return np.array([*texts, ""], object)[codes]


def given(column: Series[Any]) -> list[Any]:
    """Return the distinct values without gaps, as Python has them, in the order of their first rows."""
    return column.dropna().drop_duplicates().tolist()


def reader_of(h: Hyperparameter) -> Callable[[Any], Any]:
    """Return a function from a value of a column to that of a hyperparameter; it returns other values unchanged."""
    if not h.choices:
        return lambda value: float(value) if isinstance(value, str) and _is_number(value) else value
    by_text = {str(choice): choice for choice in h.choices}
    if set(h.choices) <= {True, False}:
        by_text |= {text: value for text, value in TRUTH.items() if value in h.choices}
    numbers = {float(c): c for c in h.choices if isinstance(c, (int, float)) and not isinstance(c, bool)}

    def read(value: Any) -> Any:
        text = str(value)
        for known in (text, text.lower()):
            if known in by_text:
                return by_text[known]
        return value if isinstance(value, (str, bool)) else numbers.get(float(value), value)

    return read


# ---------------------------------------------------------------------------------------------- scores, costs
def numbers_of(rows: TrialRows, name: str, role: str, *, loss: bool = False) -> Floats:
    """Return the numbers of a column, ``(n,)``: NaN where nothing was measured, -inf for failures.

    Args:
        role: "score", "test_score", "cost" or "objective".
        loss: Whether lower scores are better; they are negated.
    """
    values, failed, wrong = _measured(rows[name], role)
    if role in ("cost", "objective"):
        rule = f"in [0, {LARGEST:g}], a duration, or empty" if role == "cost" else f"at most {LARGEST:g}, or empty"
        wrong |= failed | (values < 0 if role == "cost" else np.isneginf(values))
    else:
        rule = f"at most {LARGEST:g}, empty (not measured) or `{FAILED}`"
        values = -values if loss else values
    wrong |= (np.isfinite(values) & (np.abs(values) > LARGEST)) | np.isposinf(values)
    bad = rows[name].iloc[int(np.argmax(wrong))]
    comma = isinstance(bad, str) and with_comma(bad) is not None
    rows.check(name, f"a number {rule}", ~wrong, " For decimal commas give decimal=',' (`--decimal ,`)." * comma)
    return np.where(failed, -np.inf, values)


def _measured(column: Series[Any], role: str) -> tuple[Floats, Mask, Mask]:
    """Return the numbers of a column, and which rows failed, and which hold no number."""
    if column.dtype.kind == "m" and role == "cost":
        column = column.dt.total_seconds()
    if column.dtype.kind in "iuf":
        values, none = column.to_numpy(np.float64, na_value=math.nan), np.zeros(len(column), bool)
        plain = isinstance(column.dtype, np.dtype) and role == "score"  # pandas' own numbers have an NA beside NaN
        return values, np.isnan(values) if plain else none, none.copy()
    codes, texts = _distinct(column)
    lost = [text.lower() in _FAILURES and (text.lower() != "nan" or role == "score") for text in texts]
    empty = [text.lower() in _NOT_MEASURED or text.lower() == "nan" for text in texts]
    found = [0.0 if a else math.nan if b else _number(t, role) for a, b, t in zip(lost, empty, texts, strict=True)]
    wrong = np.array([value is None for value in found] + [False])
    values = np.array([math.nan if value is None else value for value in found] + [math.nan])
    return values[codes], np.array([*lost, False])[codes], wrong[codes]


def _number(text: str, role: str) -> float | None:
    """Return the number in a text, of a cost maybe the seconds of a duration; None if it holds none."""
    import pandas as pd

    try:
        if role == "cost" and (":" in text or "day" in text):
            return float(pd.to_timedelta(text).total_seconds())
        value = float(text)
        return None if math.isinf(value) and "inf" not in text.lower() else value  # 1e400
    except ValueError:
        return None


def shares_of(rows: TrialRows, name: str) -> Floats:
    """Return the fidelity of each row as a share of the largest, ``(n,)``."""
    values, _, wrong = _measured(rows[name], "fidelity")
    rows.check(name, "a positive number", ~wrong & (values > 0) & (values < math.inf))
    return np.asarray(values / values.max())
