"""Reference returns of a set, for normalised scores as of D4RL (Fu et al., 2020): of random search, of the portfolio,
and of the best possible run."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from hpo_gym.env import REWARDS, HPOVectorEnv
from hpo_gym.optimize.collecting.episodes import Episodes
from hpo_gym.optimize.collecting.shards import SHARD, Plan, played
from hpo_gym.optimize.forms import form_of
from hpo_gym.problem import Task, finite_scores
from hpo_gym.suites import load_suite

_SEED = 2**64 - 1
_BY_SCORE = (
    "score", "regret", "regret_drop", "log_regret", "regret_rate", "improvement", "normalized_improvement", "final",
)  # fmt: skip
"""Rewards of which no run has more than one that evaluates the best configuration throughout."""


def references(plan: Plan) -> dict[str, float]:
    """Return mean returns by name: ``random``, ``portfolio`` where earlier tasks are known, ``best`` where tables know
    it, the mean over the tasks. They do not depend on observer and codec."""
    spec = {name: part for name, part in plan.spec.items() if name not in ("observer", "codec", "scores")}
    probe = HPOVectorEnv(1, **spec, codec="box")
    tasks, plan = probe.kernel.batch.tasks, replace(plan, spec={**spec, "codec": "box"}, shares=(1.0,))
    names = ("random", "portfolio") if probe.kernel.batch.m and len(tasks) else ("random",)
    found = dict[str, float]()
    for name in names:
        one = replace(plan, forms=(form_of(name),), episodes=SHARD if probe.kernel.batch.m else SHARD // 5, seed=_SEED)
        found[name] = float(played(one, one.seeds(0))["returns"].mean())
    best, d = [_best(task) for task in tasks], probe.kernel.batch.d
    known = [
        x if isinstance(x, int) else np.pad(x, (0, d - len(x)), constant_values=0.5) for x in best if x is not None
    ]
    by_score = REWARDS.name_of(type(probe.kernel.parts.reward)) in _BY_SCORE and "duplicates" not in spec
    if by_score and len(known) == len(best) and not probe.kernel.contexts.in_cost:
        again = _throughout(plan, tasks, np.array(known), probe.kernel.contexts.horizon)
        found["best"] = float(played(replace(plan, forms=()), again.seed, again)["returns"].mean())
    return found


def _best(task: Task) -> int | NDArray[np.float64] | None:
    """Return the row of the best configuration, or its point; None where it is not known, or noise decides."""
    if task.noisy:
        return None
    if task.pool is None:
        return task.optimum_x
    known = task.evaluations()
    good = (known.status == 0) & ~np.isnan(known.score)
    return int(np.argmax(np.where(good, finite_scores(known.score), -np.inf))) if good.any() else None


def _throughout(plan: Plan, tasks: Sequence[Task], at: NDArray[np.generic], h: int) -> Episodes:
    """Return episodes, one on each task, that evaluate one configuration throughout."""
    k, zeros = len(tasks), np.zeros((len(tasks), h))
    return Episodes(
        load_suite(plan.spec["suite"]), plan.spec, tuple(t.name for t in tasks), np.arange(k),
        np.arange(k, dtype=np.uint64), np.full(k, "best"), np.full(k, h), np.repeat(at[:, None], h, 1), zeros + 1.0,
        zeros, zeros, zeros.astype(np.int8), zeros[:, 0],
    )  # fmt: skip
