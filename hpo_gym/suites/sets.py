"""`SETS`: names of sets of registered suites, which stand for their suites wherever suites are named."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from pathlib import Path
from types import MappingProxyType

from hpo_gym.base import unknown
from hpo_gym.problem import Suite

Given = str | Path | Suite

SETS: Mapping[str, tuple[str, ...]] = MappingProxyType(
    {
        "tables": ("AutoML", "Boosting", "Curves", "Linear", "MLP", "Pipelines", "SVM", "Studies"),
        "seconds": ("AutoML", "Boosting", "Curves", "Linear", "MLP", "SVM", "Studies"),
        "training": ("Learners", "Trainings"),
    }
)
"""By name in lower case, the suites of each set in order.

- ``tables``: suites of tables with nine or more families of test tasks, from which on they are pooled.
- ``seconds``: those of ``tables`` with measured costs of a full evaluation.
- ``training``: trainings under control whose order of schedules was compared with that of real training.
"""

USES: Mapping[str, str] = MappingProxyType(
    {
        "tables": "tuning on unseen data sets",
        "seconds": "the same with a budget in cost (--budget-cost)",
        "training": "control while training; bench needs --budget",
    }
)
"""What each set is for."""


def suites_in(name: str) -> tuple[str, ...]:
    """Return the suites in a set.

    Raises:
        UnknownNameError: There is no such set.
    """
    if name not in SETS:
        raise unknown("set of suites", name, SETS)
    return SETS[name]


def each(suites: Given | Iterable[Given], left_out: str | None = None) -> list[Given]:
    """Return suites one by one, those of a set in place of its name.

    Args:
        suites: One or several. Only a string that is a set's name names a set: ``./tables`` and a `Path` are folders.
        left_out: Name of a suite that is held out; sets stand for the others.
    """
    found = list[Given]()
    for one in [suites] if isinstance(suites, (str, Path, Suite)) else suites:
        in_set = isinstance(one, str) and one in SETS
        found += [name for name in SETS[str(one)] if name != left_out] if in_set else [one]
    return found
