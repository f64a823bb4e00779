"""The choice of "auto": one rule. `docs/tune.md` has the tables behind it."""

from __future__ import annotations

import warnings
from collections import Counter
from dataclasses import replace
from typing import NamedTuple

from hpo_gym.problem import SearchSpace, known
from hpo_gym.tuning.matching import Matched, lacking

AUTO, ALONE = "auto", "gp-ei"
TAKEN = (ALONE, "gp-fade", "transfer-mix", "transfer-time")
READY = "ready"
"""Name of spaces with the untouched estimator as default configuration, always the first trial."""
MANY, TABLE = 6, 100
"""From so many earlier tasks on, they say more than the default; tables are those of so many evaluations or more."""


class Choice(NamedTuple):
    """The optimizer of a tuning, the reason in words, with the part of the earlier tasks that matched, whether the
    default configuration comes first, and the earlier tasks that count."""

    optimizer: str
    why: str
    default_first: bool
    prior: Matched


def chosen(space: SearchSpace, prior: Matched, *, in_cost: bool = False) -> Choice:
    """Return the choice for a tuning.

    An earlier task with less than half of the hyperparameters, or with a learning rate without a number of trees, does
    not count (`hpo_gym.tuning.matching.lacking`), and a warning names the missing ones.

    - Six **tables** or more of this very space, earlier tasks of 100 evaluations each or more: `transfer-mix`; under a
      budget in cost `transfer-time`.
    - Other earlier tasks, such as tunings, or tables of another space: `gp-fade`, which tries the best of their
      configurations, then believes them as far as its own trials do; of fewer than six, and in a ready space, after
      the default configuration.
    - None: `gp-ei`, after the default configuration.

    It is the same for any number of trials, kind of space and number of parallel trials: the tables gave no reason for
    more cases.
    """
    given, prior = prior, counting(space, prior)
    for said, count in Counter(filter(None, (lacking(space, e) for e in given))).items():
        have, them = ("an earlier task has", "it") if count == 1 else (f"{count} earlier tasks have", "them")
        warnings.warn(
            "`prior` must have half of the hyperparameters, and a learning rate with its number of trees, to count: "
            f"{have} {said}, so nothing is taken from {them}. A named optimizer, such as 'gp-fade', takes all.",
            stacklevel=4,
        )
    sizes = [len(e.x) for e in known(space, prior.tasks)]
    n, tables = len(sizes), sum(size >= TABLE for size in sizes)
    optimizer = taken(n, tables if prior.whole else 0, in_cost=in_cost)
    why = f"{n} earlier task{'s are' if n > 1 else ' is'} known, {tables} of {TABLE} evaluations or more"
    why = (why if prior.whole else f"{why}, of another space") if n else "no earlier task is known"
    why = f"{why} that counts" if given and not prior else why
    words = filter(None, (why, str(given)))
    return Choice(optimizer, "; ".join(words), n < MANY or space.to_json().get("name") == READY, prior)


def counting(space: SearchSpace, prior: Matched) -> Matched:
    """Return the earlier tasks that say enough of the space."""
    return replace(prior, tasks=tuple(e for e in prior if not lacking(space, e)))


def taken(n: int, tables: int, *, in_cost: bool = False) -> str:
    """Return the name of the optimizer for `n` earlier tasks with a success, of which some are tables of the space."""
    many = "transfer-time" if in_cost else "transfer-mix"
    return many if tables >= MANY else "gp-fade" if n else ALONE
