"""Schemas of stored descriptions: checks that put the faults of foreign JSON in words."""

from __future__ import annotations

import sys
from collections.abc import Mapping
from typing import Any

from hpo_gym.base import InvalidValueError, shown

_LARGEST = sys.float_info.max


def expect(holds: bool, otherwise: str) -> None:
    """Raise `InvalidValueError` unless something holds."""
    if not holds:
        raise InvalidValueError(f"{otherwise}.")


def mapping(what: str, value: object) -> Mapping[str, Any]:
    """Return a mapping, or raise `InvalidValueError`."""
    expect(isinstance(value, dict), f"its {what} must be a mapping, got {shown(value, 80)}")
    assert isinstance(value, dict)
    return value


def listed(what: str, value: object) -> list[Any]:
    """Return a list, or raise `InvalidValueError`."""
    expect(isinstance(value, list), f"its {what} must be a list, got {shown(value, 80)}")
    assert isinstance(value, list)
    return value


def of_type(what: str, value: object, kind: type) -> Any:
    """Return a value of exactly a type, so that True is no integer; raise `InvalidValueError` of another."""
    expect(type(value) is kind, f"its {what} must be of type {kind.__name__}, got {shown(value, 80)}")
    return value


def text(what: str, value: object, most: int = 10_000) -> str:
    """Return a text that can be written to a file, or raise `InvalidValueError`."""
    try:
        good = type(value) is str and len(value) <= most and str.encode(value) is not None
    except UnicodeEncodeError:  # a lone surrogate
        good = False
    expect(good, f"its {what} must be a text of at most {most} characters, got {shown(value, 80)}")
    return str(value)


def number(what: str, value: object, least: float = -_LARGEST) -> float:
    """Return a finite number of at least `least`, or raise `InvalidValueError`."""
    good = type(value) in (int, float) and least <= value <= _LARGEST  # type: ignore[operator]
    rule = "a finite number" if least < 0 else f"a finite number >= {least:g}"
    expect(good, f"its {what} must be {rule}, got {shown(value, 80)}")
    return float(value)  # type: ignore[arg-type]


def whole(what: str, value: object, least: int = 0, most: int = 2**63) -> int:
    """Return an integer in a range, or raise `InvalidValueError`."""
    good = type(value) is int and least <= value <= most
    expect(good, f"its {what} must be an integer in {least}..{most}, got {shown(value, 80)}")
    return int(value)  # type: ignore[call-overload,no-any-return]


def exactly(what: str, said: Mapping[str, Any], needed: set[str], more: set[str] | None = None) -> None:
    """Raise `InvalidValueError` where keys are missing, or are none of `needed` and `more`."""
    missing, odd = sorted(needed - set(said)), sorted(set(said) - needed - (more or set()))
    expect(not missing, f"its {what} lacks {missing}")
    expect(not odd, f"its {what} has the unknown {shown(odd)}".replace("its plan", "it"))
