"""The optimizers that the fast tests try: one of each base class, and more drawn by the date; the others are `long`.

This holds for each test over a registry, without a word in the test. A fault of a base class shows in any class derived
from it. A fault of one class alone shows on a day that draws it, in the long tests of a change to its file, and each
night. `HPO_GYM_DAY=2026-11-29 pytest` draws what that day drew.
"""

from __future__ import annotations

import ast
import functools
import os
import random
from collections import defaultdict
from collections.abc import Iterable, Mapping
from types import MappingProxyType

import pytest

from hpo_gym.base.registry import Entry
from hpo_gym.optimize.protocol import OPTIMIZERS

MORE = 8
"""Optimizers drawn beside the first of each base class."""
MANY = 8
"""A test with cases of more optimizers than this is over a registry."""
DAY = os.environ.get("HPO_GYM_DAY", "2026-01-01")
"""The date of the draw; `conftest.py` sets it, so that all workers of a session have one."""
EVERY = MappingProxyType({n: e for n, e in OPTIMIZERS.entries().items() if e.package in OPTIMIZERS.packages})
"""The optimizers of the shipped packages, by name."""
HEAVY = MappingProxyType({"smac": "a third of a second a trial"})
"""Optimizers that are neither first of a base class nor drawn; most of their cases are `slow`."""


def mark_the_rest(items: Iterable[pytest.Item], day: str = DAY) -> None:
    """Mark `long` what the day does not draw of each test over a registry."""
    cases: dict[str, list[tuple[str, pytest.Item]]] = defaultdict(list)
    for item in items:
        values = getattr(item, "callspec", None)
        names = sorted(v for v in values.params.values() if isinstance(v, str) and v in EVERY) if values else []
        if names:
            cases[item.nodeid.partition("[")[0]].append((names[0], item))
    for found in cases.values():
        if len({name for name, _ in found}) > MANY:
            for name, item in found:
                if name not in of_day(day):
                    item.add_marker(pytest.mark.long)


@functools.cache
def of_day(day: str) -> frozenset[str]:
    """Return the first optimizer of each base class, and `MORE` drawn by the day alone."""
    firsts = first_of_each(bases())
    return firsts | frozenset(random.Random(day).sample(sorted(EVERY.keys() - firsts - HEAVY.keys()), MORE))


def first_of_each(known: Mapping[str, str]) -> frozenset[str]:
    """Return the first name, in order of the alphabet, with each base class."""
    firsts: dict[str, str] = {}
    for name in sorted(known):
        if name not in HEAVY:
            firsts.setdefault(known[name], name)
    return frozenset(firsts.values())


@functools.cache
def bases() -> Mapping[str, str]:
    """Return the base classes of each optimizer as its file names them; imports none of the files."""
    return {name: base_of(entry) for name, entry in EVERY.items()}


def base_of(entry: Entry) -> str:
    """Return the base classes of one optimizer as its file names them, such as "Learned, ModelBased"."""
    assert entry.path is not None
    tree = ast.parse(entry.path.read_text(encoding="utf-8"))
    made = next(node for node in tree.body if isinstance(node, ast.ClassDef) and node.name == entry.maker)
    return ", ".join(ast.unparse(base) for base in made.bases)
