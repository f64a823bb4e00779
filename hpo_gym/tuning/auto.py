"""The choice of "auto": one rule. `docs/tune.md` has the tables behind it."""

from __future__ import annotations

from typing import NamedTuple

from hpo_gym.problem import SearchSpace, known
from hpo_gym.tuning.matching import Matched

AUTO, ALONE = "auto", "gp-ei"
MANY, TABLE = 6, 100
"""From so many earlier tasks on, they say more than the default; tables are those of so many evaluations or more."""


class Choice(NamedTuple):
    """The optimizer of a tuning, the reason in words, with the part of the earlier tasks that matched, and whether the
    default configuration comes first."""

    optimizer: str
    why: str
    default_first: bool


def chosen(space: SearchSpace, prior: Matched, *, in_cost: bool = False) -> Choice:
    """Return the choice for a tuning.

    - Six **tables** or more of this very space, earlier tasks of 100 evaluations each or more: `transfer-mix`; under a
      budget in cost `transfer-time`.
    - Other earlier tasks, such as tunings, or tables of another space: `gp-fade`, which tries the best of their
      configurations, then believes them as far as its own trials do; of fewer than six, after the default
      configuration.
    - None: `gp-ei`, after the default configuration.

    It is the same for any number of trials, kind of space and number of parallel trials: the tables gave no reason for
    more cases.
    """
    sizes = [len(e.x) for e in known(space, prior.tasks)]
    n, tables = len(sizes), sum(size >= TABLE for size in sizes)
    optimizer = taken(n, tables if prior.whole else 0, in_cost=in_cost)
    why = f"{n} earlier task{'s are' if n > 1 else ' is'} known, {tables} of {TABLE} evaluations or more"
    why = (why if prior.whole else f"{why}, of another space") if n else "no earlier task is known"
    words = filter(None, (why, str(prior)))
    return Choice(optimizer, "; ".join(words), n < MANY)


def taken(n: int, tables: int, *, in_cost: bool = False) -> str:
    """Return the name of the optimizer for `n` earlier tasks with a success, of which some are tables of the space."""
    many = "transfer-time" if in_cost else "transfer-mix"
    return many if tables >= MANY else "gp-fade" if n else ALONE
