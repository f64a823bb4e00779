"""The choice of "auto": one rule. `docs/tune.md` has the table behind it."""

from __future__ import annotations

from collections.abc import Sequence

from hpo_gym.problem import Evaluations, SearchSpace, known

AUTO, ALONE = "auto", "gp-ei"
MANY = 6
"""From so many earlier tasks on, they say more than the trials of a young run."""


def chosen(space: SearchSpace, prior: Sequence[Evaluations], *, in_cost: bool = False) -> tuple[str, str]:
    """Return the optimizer for a tuning, and the reason in words.

    - Six earlier tasks or more with a success: `transfer-mix`; under a budget in cost `transfer-time`.
    - One to five: `gp-warm`, which tries the best of their configurations and then trusts its own trials.
    - None: `gp-ei`, after the default configuration.

    It is the same for any number of trials, kind of space and number of parallel trials: the table gave no reason for
    more cases.
    """
    n = len(known(space, prior))
    if n >= MANY:
        why = f"{n} earlier tasks are known"
    elif n:
        why = f"{n} earlier task{'s are' if n > 1 else ' is'} known, fewer than {MANY}"
    else:
        why = "no earlier task is known"
    return taken(n, in_cost=in_cost), why


def taken(n: int, *, in_cost: bool = False) -> str:
    """Return the name of the optimizer for `n` earlier tasks with a success."""
    many = "transfer-time" if in_cost else "transfer-mix"
    return many if n >= MANY else "gp-warm" if n else ALONE
