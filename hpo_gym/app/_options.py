"""Options of several commands, and the reading of their values."""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import Annotated, Any

import typer

from hpo_gym.base import InvalidValueError, unknown

Resume = Annotated[bool, typer.Option("--resume", help="Continue what the folder holds; finished work is kept.")]
Wide = Annotated[bool, typer.Option("--wide", help="All columns, however wide; else those that fit.")]


def words(text: str | None) -> list[str]:
    return [word.strip() for word in (text or "").split(",") if word.strip()]


def suites_of(text: str, left_out: str | None) -> list[str]:
    """Return the suites of an option, those of a set one by one; with one left out, all of them as one."""
    from hpo_gym.suites import each

    names = list(map(str, each(words(text), left_out)))
    return names if left_out is None else [f"{','.join(names)}->{left_out}"]


def settings_of(pairs: Sequence[str]) -> dict[str, Any]:
    """Return the settings of an optimizer from ``key=value`` words."""
    found: dict[str, Any] = {}
    for pair in pairs:
        key, equals, value = pair.partition("=")
        if not key or not equals or key in found:
            raise InvalidValueError(f"`--set` must be key=value, each key once, got {pair!r}.")
        try:
            found[key] = json.loads(value)
        except ValueError:
            found[key] = value
    return found


def tasks_of(text: str | None) -> int | str | tuple[str, ...] | None:
    if text is None or text == "families":
        return text
    if text.isascii() and text.isdigit() and int(text) > 0:
        return int(text)
    return tuple(filter(None, map(str.strip, text.split(","))))


def fold_of(text: str | None) -> int | str | None:
    if text is None or text == "all":
        return text
    if not (text.isascii() and text.isdigit()):
        raise unknown("fold", text, ("all", "0", "1", "2", "3", "4"))
    return int(text)
