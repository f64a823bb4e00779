"""`SETS`: names of sets of registered suites, and the suites in each.

A set's name stands for its suites wherever several are named: in commands, in `hpo_gym.bench.benchmark` and
`hpo_gym.optimize.train`. `load_suite` mixes them.
"""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType

from hpo_gym.base import unknown

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


def suites_in(name: str) -> tuple[str, ...]:
    """Return the suites in a set.

    Raises:
        UnknownNameError: There is no such set.
    """
    if name not in SETS:
        raise unknown("set of suites", name, SETS)
    return SETS[name]
