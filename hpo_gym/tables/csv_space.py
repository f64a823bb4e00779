"""A search space read off columns of text."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from hpo_gym.errors import InvalidValueError
from hpo_gym.space import Hyperparameter, SearchSpace

_INT = re.compile(r"[+-]?\d{1,15}")
_FLOAT = re.compile(r"[+-]?(\d+\.?\d*|\.\d+)([eE][+-]?\d+)?")
_BOOL = {"true": True, "false": False}
LARGEST = 1e300
"""Sums and differences of larger numbers may be beyond floats."""
_WIDE = 100.0  # a positive range that spans more than this factor is logarithmic


def infer_space(columns: Mapping[str, Sequence[str]], where: str = "the table") -> SearchSpace:
    """Read a search space off columns of text.

    Whole numbers give an integer range, other numbers a float range, both from the least to the greatest value and
    logarithmic where all are positive and the greatest is more than 100 times the least. `true` and `false` give a
    boolean; all else a categorical, its choices sorted. A column with one value is a constant. A column that is empty
    in some lines is active only for those values of a categorical for which it is given; the categorical must explain
    every line. Defaults are ConfigSpace's: the middle of a range, the first choice.

    Raises:
        InvalidValueError: No categorical explains where a column is empty.
    """
    from ConfigSpace import ConfigurationSpace, InCondition

    made = {name: _hyperparameter(name, values, where) for name, values in columns.items()}
    space = ConfigurationSpace()
    space.add(*made.values())
    for child, (parent, values) in _parents(columns, where).items():
        read = reader_of(next(h for h in SearchSpace(space).hyperparameters if h.name == parent))
        space.add(InCondition(made[child], made[parent], list(dict.fromkeys(read(v) for v in values))))
    return SearchSpace(space)


def reader_of(h: Hyperparameter) -> Callable[[str], Any]:
    """What makes a value of a hyperparameter out of its text; a text that is none is handed on as it is."""
    if not h.choices:
        return lambda text: float(text) if _FLOAT.fullmatch(text) else text
    by_text = {str(choice): choice for choice in h.choices}
    if set(h.choices) <= {True, False}:
        by_text |= {text: value for text, value in _BOOL.items() if value in h.choices}
    numbers = {float(c): c for c in h.choices if isinstance(c, (int, float)) and not isinstance(c, bool)}

    def read(text: str) -> Any:
        if text in by_text:
            return by_text[text]
        if isinstance(text, str) and text.lower() in by_text:
            return by_text[text.lower()]
        return numbers.get(float(text), text) if _FLOAT.fullmatch(text) else text

    return read


def _hyperparameter(name: str, values: Sequence[str], where: str) -> Any:
    from ConfigSpace import (
        CategoricalHyperparameter,
        Constant,
        UniformFloatHyperparameter,
        UniformIntegerHyperparameter,
    )

    given = sorted({v for v in values if v != ""})
    if not given:
        raise InvalidValueError(f"{where}: column {name!r} must have a value in some line, got none.")
    if all(_INT.fullmatch(v) for v in given) or all(_FLOAT.fullmatch(v) for v in given):
        whole = all(_INT.fullmatch(v) for v in given)
        numbers = sorted({int(v) if whole else float(v) for v in given})
        low, high = numbers[0], numbers[-1]
        if max(-low, high) > LARGEST:
            raise InvalidValueError(f"{where}: column {name!r} must hold numbers of at most {LARGEST:g}.")
        if low == high:
            return Constant(name, low)
        kind = UniformIntegerHyperparameter if whole else UniformFloatHyperparameter
        return kind(name, low, high, log=bool(low > 0 and high > _WIDE * low))
    if all(v.lower() in _BOOL for v in given):
        flags: list[Any] = sorted({_BOOL[v.lower()] for v in given})
        return CategoricalHyperparameter(name, flags)
    return CategoricalHyperparameter(name, given) if len(given) > 1 else Constant(name, given[0])


def _parents(columns: Mapping[str, Sequence[str]], where: str) -> dict[str, tuple[str, list[str]]]:
    """For each column with empty cells, the categorical that explains them and its values where there are none."""
    settled = [name for name, values in columns.items() if "" not in values]
    waiting = [name for name in columns if name not in settled]
    out: dict[str, tuple[str, list[str]]] = {}
    while waiting:
        before = len(waiting)
        for child in list(waiting):
            for parent in settled:
                wakes = _wakes(columns[parent], columns[child])
                if wakes is not None:
                    out[child] = (parent, wakes)
                    break
            if child in out:
                waiting.remove(child)
                settled.append(child)
        if len(waiting) == before:
            raise InvalidValueError(
                f"{where}: no categorical column explains where {waiting[0]!r} is empty (each value of it must go "
                "with empty cells only or with none). Fill the cells, or give the search space with its conditions."
            )
    return out


def _wakes(parent: Sequence[str], child: Sequence[str]) -> list[str] | None:
    """Values of the parent at which the child is given; None where they do not explain it exactly."""
    present = {p for p, c in zip(parent, child, strict=True) if c != ""}
    absent = {p for p, c in zip(parent, child, strict=True) if c == ""} - {""}
    numeric = all(_FLOAT.fullmatch(p) for p in present | absent if p)
    if numeric or "" in present or present & absent:
        return None
    return sorted(present)
