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

    - Six **tables** or more, earlier tasks of 100 evaluations each or more: `transfer-mix`; under a budget in cost
      `transfer-time`.
    - Other earlier tasks, such as tunings: `gp-warm`, which tries the best of their configurations, then trusts its own
      trials; of fewer than six, after the default configuration.
    - None: `gp-ei`, after the default configuration.

    It is the same for any number of trials, kind of space and number of parallel trials: the tables gave no reason for
    more cases.
    """
    sizes = [len(e.x) for e in known(space, prior.tasks)]
    n, tables = len(sizes), sum(size >= TABLE for size in sizes)
    optimizer = taken(n, tables, in_cost=in_cost)
    why = f"{n} earlier task{'s are' if n > 1 else ' is'} known, {tables} of {TABLE} evaluations or more"
    words = filter(None, (why if n else "no earlier task is known", str(prior)))
    return Choice(optimizer, "; ".join(words), n < MANY)


def taken(n: int, tables: int, *, in_cost: bool = False) -> str:
    """Return the name of the optimizer for `n` earlier tasks with a success, of which some are tables."""
    many = "transfer-time" if in_cost else "transfer-mix"
    return many if tables >= MANY else "gp-warm" if n else ALONE
