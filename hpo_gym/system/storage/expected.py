"""Schemas of stored descriptions: checks that put the faults of foreign JSON in words; numbers: `base.errors`."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, TypeVar, cast

from hpo_gym.base import InvalidValueError, shown

if TYPE_CHECKING:
    from pydantic import ValidationError

T = TypeVar("T")


def rule_of(fault: ValidationError) -> str:
    """Return the first rule that pydantic found broken, with its field and the value."""
    first = fault.errors()[0]
    where = ".".join(map(str, first["loc"]))
    return f"`{where}`: {first['msg']}, got {shown(first['input'], 80)}"


def expect(holds: bool, otherwise: str) -> None:
    """Raise `InvalidValueError` unless something holds."""
    if not holds:
        raise InvalidValueError(f"{otherwise}.")


def of_type(what: str, value: object, kind: type[T], words: str = "") -> T:
    """Return a value of exactly a type, in `words` for the message; raise `InvalidValueError` of another."""
    expect(type(value) is kind, f"its {what} must be {words or f'of type {kind.__name__}'}, got {shown(value, 80)}")
    return cast("T", value)


def mapping(what: str, value: object) -> Mapping[str, Any]:
    """Return a mapping, or raise `InvalidValueError`."""
    return of_type(what, value, dict, "a mapping")


def listed(what: str, value: object) -> list[Any]:
    """Return a list, or raise `InvalidValueError`."""
    return of_type(what, value, list, "a list")


def text(what: str, value: object, most: int = 10_000) -> str:
    """Return a text that can be written to a file, or raise `InvalidValueError`."""
    try:
        good = type(value) is str and len(value) <= most and str.encode(value) is not None
    except UnicodeEncodeError:  # a lone surrogate
        good = False
    expect(good, f"its {what} must be a text of at most {most} characters, got {shown(value, 80)}")
    return str(value)


def line(what: str, value: object, most: int = 300) -> str:
    """Return a text of one line of visible characters, or raise `InvalidValueError`."""
    said = text(what, value, most)
    odd = next((c for c in said if not c.isprintable()), "")
    expect(not odd, f"its {what} must be printable text in one line, got {odd!r} in {shown(said, 80)}")
    return said


def exactly(what: str, said: Mapping[str, Any], needed: set[str], more: set[str] | None = None) -> None:
    """Raise `InvalidValueError` where keys are missing, or are none of `needed` and `more`."""
    missing, odd = sorted(needed - set(said)), sorted(set(said) - needed - (more or set()))
    expect(not missing, f"its {what} lacks {missing}")
    expect(not odd, f"its {what} has the unknown {shown(odd)}")
