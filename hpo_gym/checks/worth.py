"""Rewards by the definitions of the registered rewards, recomputed one trial at a time from a history."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import NamedTuple

import numpy as np

from hpo_gym.env import (
    CostAware,
    Final,
    FinalRegret,
    Improvement,
    Kernel,
    LogRegret,
    NormalizedImprovement,
    OracleReward,
    Regret,
    RegretDrop,
    RegretRate,
    Reward,
    Score,
    WeightedReward,
)
from hpo_gym.problem import History, Scale, Status, Task, Trial

_ROUNDING = 1e-9  # of regrets and costs


class Worth(NamedTuple):
    """A reward: its expected value, and the tolerance for rounding."""

    name: str
    value: float
    slack: float

    def agrees(self, reward: float) -> bool:
        """Return whether a reward is this one."""
        return abs(reward - self.value) <= self.slack


def worth(kernel: Kernel, task: Task, before: Sequence[Trial], trial: Trial, spent: float = 0.0) -> Worth | None:
    """Return the reward of a trial after those `before`; None for a reward that is not registered by us.

    Args:
        spent: Of the budget, before the trial.
    """
    reward, scale = kernel.parts.reward, kernel.contexts.scale
    if isinstance(reward, RegretRate):
        found: Worth | None = _rate(kernel, task, before, trial, spent)
    else:
        found = _plain(kernel, task, before, trial)
    if found is None or kernel.parts.duplicates != "penalize":
        return found
    repeated = any(t.fidelity == trial.fidelity and t.config == trial.config for t in before)
    name = f"{found.name}, less a standard deviation of meta-train for a repeat" if repeated else found.name
    loose = max(found.slack, 1e-12 * (abs(found.value) + scale.sd) if type(reward) is Score else 0.0)
    return Worth(name, found.value - repeated * scale.sd, loose)


def _plain(kernel: Kernel, task: Task, before: Sequence[Trial], trial: Trial) -> Worth | None:
    reward, scale = kernel.parts.reward, kernel.contexts.scale
    if isinstance(reward, Score):
        return Worth("score", trial.score, 0.0)
    if isinstance(reward, WeightedReward):
        return _weighted(reward, trial)
    if isinstance(reward, (Final, FinalRegret)):
        return _final(reward, scale, task, before, trial)
    was, now = _reached(before), _reached([*before, trial])
    size = max(abs(s) for s in (was, now, scale.mean, 0.0) if math.isfinite(s))
    rounding = float(np.finfo(kernel.runs.last.dtype).eps) * 8 * size
    if isinstance(reward, (Improvement, NormalizedImprovement, CostAware)):
        gain = max(now, scale.mean) - max(was, scale.mean)
        gain = max(gain, 0.0) if kernel.parts.codec.fidelity else gain
        if isinstance(reward, Improvement):
            return Worth("improvement", gain, rounding)
        slack, paid = rounding / scale.sd, 0.0
        if isinstance(reward, CostAware):
            paid = reward.weight * trial.cost / scale.cost
            slack += _ROUNDING * abs(paid)
        name = "improvement in standard deviations" + (" less its cost" if paid else "")
        return Worth(name, gain / scale.sd - paid, slack)
    slack = _ROUNDING + (rounding / (task.best - task.worst) if task.best > task.worst else 0.0)
    if isinstance(reward, Regret):
        return Worth("negative regret", -_regret(task, now), slack)
    if isinstance(reward, RegretDrop):
        return Worth("drop of the regret", _regret(task, was) - _regret(task, now), 2 * slack)
    if isinstance(reward, LogRegret):
        return Worth("negative logarithm of the regret", -math.log10(_regret(task, now) + 1e-3), 500 * slack)
    return None


def worth_of_stop(kernel: Kernel, task: Task, trials: Sequence[Trial], spent: float) -> Worth | None:
    """Return the reward of an action that stops a run after trials, with a part of the budget spent.

    None for a reward that pays for a stop and is not registered by us.
    """
    reward = kernel.parts.reward
    if not isinstance(reward, RegretRate):
        pays = isinstance(reward, OracleReward) and type(reward).rest is not OracleReward.rest
        return None if pays else Worth("nothing", 0.0, 0.0)
    left = max(1.0 - spent / kernel.contexts.budget, 0.0)
    return Worth(
        "negative regret over what is left of the budget", -_standing(task, trials) * left, _slack(kernel, task)
    )


def _standing(task: Task, trials: Sequence[Trial]) -> float:
    """Return the regret of the trials; before the first, that of a random configuration."""
    if trials:
        return _regret(task, _reached(trials))
    random = [_regret(task, score) for score in task.evaluations().score.tolist() if not math.isnan(score)]
    return sum(random) / len(random) if random else 1.0


def _slack(kernel: Kernel, task: Task) -> float:
    """Return the possible error of a regret by the rounding of scores."""
    size = max(abs(task.best), abs(task.worst)) / (task.best - task.worst) if task.best > task.worst else 0.0
    return _ROUNDING + float(np.finfo(kernel.runs.last.dtype).eps) * 8 * size


def _rate(kernel: Kernel, task: Task, before: Sequence[Trial], trial: Trial, spent: float) -> Worth:
    """Return the regret before a trial times the share of the budget that it took."""
    contexts = kernel.contexts
    taken = trial.cost / task.cost_unit if contexts.in_cost else trial.fidelity
    value = -_standing(task, before) * taken / contexts.budget
    if contexts.in_cost and len(before) + 1 >= contexts.horizon:
        left = max(1.0 - (spent + taken) / contexts.budget, 0.0)
        value -= _regret(task, _reached([*before, trial])) * left
    return Worth("negative regret over the share of the budget", value, _slack(kernel, task))


def _final(reward: Reward, scale: Scale, task: Task, before: Sequence[Trial], trial: Trial) -> Worth:
    """Return the rewards of the current score."""
    if isinstance(reward, Final):
        earlier = before[-1].score if before else scale.mean
        slack = _ROUNDING * (1.0 + (abs(trial.score) + abs(earlier)) / scale.sd)
        return Worth("rise of the score in standard deviations", (trial.score - earlier) / scale.sd, slack)
    fall = (_regret(task, before[-1].score) if before else 1.0) - _regret(task, trial.score)
    return Worth("drop of the regret of the last score", fall, 2 * _ROUNDING)


def outcome(trial: Trial, name: str) -> float:
    """Return a trial's value of an objective, in its own unit; NaN without one of this name."""
    return {"score": trial.score, "cost": trial.cost}.get(name, trial.objectives.get(name, math.nan))


def _weighted(reward: WeightedReward, trial: Trial) -> Worth:
    """Return the sum of the objectives by their weights, a minimised one negated."""
    parts = [
        (-weight if objective.direction == "minimize" else weight) * outcome(trial, objective.name)
        for objective, weight in zip(reward.outcomes.objectives, reward.weights, strict=True)
    ]
    return Worth("weighted sum of the objectives", sum(parts), _ROUNDING * (1.0 + sum(map(abs, parts))))


def _reached(trials: Sequence[Trial]) -> float:
    """Return the score of the incumbent; -inf for a failure, or without one."""
    best = History(tuple(trials)).incumbent
    return best.score if best is not None and best.status is Status.OK else -math.inf


def _regret(task: Task, score: float) -> float:
    """Return the gap between a score and the best, as a share of the range of the task."""
    if score == -math.inf:
        return 1.0
    if not task.best > task.worst:
        return 0.0
    return min(max(task.best - score, 0.0) / (task.best - task.worst), 1.0)
