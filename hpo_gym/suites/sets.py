"""`SETS`: names of sets of registered suites, which stand for their suites wherever suites are named."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from pathlib import Path

from hpo_gym.base import unknown
from hpo_gym.problem import Suite

Given = str | Path | Suite

SETS: Mapping[str, tuple[str, ...]] = {
    "tables": ("AutoML", "Boosting", "Curves", "Linear", "MLP", "Pipelines", "SVM", "Studies"),
    "seconds": ("AutoML", "Boosting", "Curves", "Linear", "MLP", "SVM", "Studies"),
}
"""Suites by set, names in lower case. ``tables``: suites of tables with nine or more families of test tasks, which are
pooled but for `hpo_gym.bench.ONE_LIST`; ``seconds``: tables with measured costs of a full evaluation, too."""


def suites_in(name: str) -> tuple[str, ...]:
    """Return the suites in a set; raise `UnknownNameError` if there is no such set."""
    if name not in SETS:
        raise unknown("set of suites", name, SETS)
    return SETS[name]


def each(suites: Given | Iterable[Given], left_out: str | None = None) -> list[Given]:
    """Return suites one by one, in place of the name of a set those in it, without one that is left out.

    Only a string that equals a set's name is one: ``./tables`` and a `Path` are folders.
    """
    found = list[Given]()
    for one in [suites] if isinstance(suites, (str, Path, Suite)) else suites:
        in_set = isinstance(one, str) and one in SETS
        found += [name for name in SETS[str(one)] if name != left_out] if in_set else [one]
    return found
