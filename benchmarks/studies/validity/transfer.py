"""Whether tasks of a suite are alike: the greedy portfolio of meta-train against random search, on held-out tasks."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from hpo_builders.flat import expected_random_regret
from hpo_gym.base import Floats, seeding
from hpo_gym.optimize import Context, make_optimizer
from hpo_gym.problem import Evaluations, Suite, TableTask, Trial, share_of

TRIALS = (1, 5, 25)
MOST_ROWS = 8192
"""Of a larger pool, the portfolio chooses among so many rows, drawn by key."""


@dataclass(frozen=True)
class Transfer:
    """Mean regret on held-out tasks after each of `trials`.

    Attributes:
        split: "test", or "val" where there is no test task.
        tasks, earlier: How many tasks it is the mean of, and how many the portfolio is made of.
        rows: Rows of the pool among which the portfolio chose.
        portfolio, random: In units of the score.
        portfolio_share, random_share: By the range of each task's scores.
    """

    split: str
    tasks: int
    earlier: int
    rows: int
    trials: tuple[int, ...]
    portfolio: tuple[float, ...]
    random: tuple[float, ...]
    portfolio_share: tuple[float, ...]
    random_share: tuple[float, ...]


def transfer(suite: Suite, full: Floats) -> Transfer | None:
    """Compare on the test tasks, or where there are none on the validation tasks; None without either or a prior.

    Args:
        suite: Tasks of one table.
        full: Their scores ``(k, m)``, NaN = not measured.
    """
    earlier = [t for t in suite.tasks("train") if isinstance(t, TableTask)]
    split = "test" if suite.tasks("test") else "val"
    tasks = [t for t in suite.tasks(split) if isinstance(t, TableTask)]
    if not earlier or not tasks:
        return None
    rows = kept_rows(suite.name, full.shape[1])
    span = np.array([t.best - t.worst for t in tasks])
    random = np.array([[expected_random_regret(full[task.index], t) for t in TRIALS] for task in tasks])
    portfolio = portfolio_regret(tasks, _cut(suite.prior(), rows), rows, full)
    raw = [random, portfolio]
    share = [share_of(r, span[:, None]) for r in raw]
    means = [tuple(r.mean(0).tolist()) for r in (*raw, *share)]
    return Transfer(split, len(tasks), len(earlier), len(rows), TRIALS, means[1], means[0], means[3], means[2])


def kept_rows(suite: str, m: int) -> NDArray[np.int64]:
    """All rows of a pool, or of a large one those with the lowest keys, ascending."""
    if m <= MOST_ROWS:
        return np.arange(m)
    keys = seeding.mix(np.arange(m, dtype=np.uint64), seeding.key("validity", suite))
    return np.sort(np.argsort(keys, kind="stable")[:MOST_ROWS])


def portfolio_regret(
    tasks: Sequence[TableTask], prior: Sequence[Evaluations], rows: NDArray[np.int64], full: Floats
) -> Floats:
    """Regret of the portfolio's best configuration after each of `TRIALS`, ``(tasks, trials)``, without noise."""
    optimizer = make_optimizer("portfolio")
    pools: dict[int, Floats] = {}
    out = np.empty((len(tasks), len(TRIALS)))
    for i, task in enumerate(tasks):
        pool = pools.setdefault(id(task.pool), task.pool[rows])  # one array for tasks of one pool: it is indexed once
        context = replace(Context.of(task, TRIALS[-1], prior), pool=pool, available=task.measured[rows])
        optimizer.reset(context, seeding.generator(seeding.key("validity", task.suite, task.name)))
        scores: list[float] = []
        while len(scores) < TRIALS[-1] and (query := optimizer.ask()) is not None:
            scores.append(float(full[task.index, task.row_of(query.config)]))
            optimizer.tell(Trial(query, scores[-1]))
        best = np.maximum.accumulate(scores)
        out[i] = [task.best - best[min(t, len(best)) - 1] for t in TRIALS]
    return out


def _cut(prior: Sequence[Evaluations], rows: NDArray[np.int64]) -> tuple[Evaluations, ...]:
    """Earlier tasks on some rows only; those of one pool go on sharing one array."""
    pools: dict[int, Floats] = {}
    return tuple(e.part(rows, pools.setdefault(id(e.x), e.x[rows])) for e in prior)
