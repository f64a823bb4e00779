"""The validity of suites: statistics of every shipped table, and of its reference runs."""

from __future__ import annotations

import dataclasses
import types
import typing
from collections.abc import Iterator, Mapping
from typing import Any

import frame
from frame import Table

from hpo_gym.suites import load_suite
from validity.examine import Validity, suites_of, validity
from validity.page import tables_of

__all__ = ["suites_of", "validity"]
LOOKS = "shows what reference.py and `hpo-gym validity` looked at"


def cells() -> Iterator[frame.Address]:
    """Yield the suites whose scores need no training."""
    yield from ((name,) for name in suites_of(())[0])


def cell(suite: str) -> dict[str, Any]:
    """Return the statistics of a suite."""
    return dataclasses.asdict(validity(load_suite(suite)))


def again(found: Mapping[str, Any]) -> tuple[Any, Any]:
    """Compute the statistics of `Linear` and `Functions` anew."""
    names = ("Linear", "Functions")
    return tables({n: cell(n) for n in names}), tables({n: found[n] for n in names})


def tables(found: Mapping[str, Any]) -> dict[str, Table]:
    """Return a table of all suites, those of each suite, and the faithfulness of tables to training."""
    parts = tables_of([rebuilt(Validity, found[name]) for name in sorted(found)])
    return {**parts, **frame.tables("faithfulness")}


def rebuilt(kind: Any, stored: Any) -> Any:
    """Return the dataclasses and tuples of statistics that were stored as JSON."""
    if stored is None:
        return None
    if typing.get_origin(kind) in (types.UnionType, typing.Union):
        return rebuilt(next(k for k in typing.get_args(kind) if k is not types.NoneType), stored)
    if typing.get_origin(kind) is tuple:
        inner = typing.get_args(kind)
        kinds = [inner[0]] * len(stored) if inner[-1] is ... else inner
        return tuple(rebuilt(k, part) for k, part in zip(kinds, stored, strict=True))
    if dataclasses.is_dataclass(kind):
        hints = typing.get_type_hints(kind)
        return typing.cast(type, kind)(**{name: rebuilt(hints[name], part) for name, part in stored.items()})
    return stored
