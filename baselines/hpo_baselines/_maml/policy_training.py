"""Training of a policy: runs on the meta-train tasks, drawn before and after its inner steps, and their gradient."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch.func import vmap

from hpo_baselines._maml.descent import Descent
from hpo_baselines._maml.maml import MetaLearner
from hpo_baselines._maml.policy import (
    CLOSED,
    HISTORY,
    Played,
    PolicyPlan,
    advantages,
    features,
    kernel,
    placed,
    policy_of,
    surrogate,
)
from hpo_baselines._models.networks import one_thread
from hpo_gym.base import Ints, Singles

_GOOD = 0.25  # share of the candidates of a training run that are among the best tenth
_CHECKED = 4  # runs on each validation task


@dataclass(frozen=True, eq=False)
class Arms:
    """A meta-train task: its choices and their results.

    Attributes:
        x: Encoded points, ``(m, e)``.
        y: Standardised scores of full evaluations, ``(m,)``.
        low: Standardised scores at the fidelity of the support, ``(m,)``.
        reward: Scores in [0, 1] by the task's own range, ``(m,)``.
        good: The rows of the best tenth.
    """

    x: Singles
    y: Singles
    low: Singles
    reward: NDArray[np.float64]
    good: Ints


def train_policy(
    tasks: Sequence[Arms], validation: Sequence[Arms], rng: np.random.Generator, plan: PolicyPlan
) -> MetaLearner:
    """Learn an initialisation, on one thread; torch's global generator stays as it is.

    With validation tasks, the best of six moments by the return of runs on them is kept.
    """
    with one_thread(), torch.random.fork_rng(devices=[]):
        torch.manual_seed(int(rng.integers(2**63)))
        return _train(tasks, validation, rng, plan)


def _train(
    tasks: Sequence[Arms], validation: Sequence[Arms], rng: np.random.Generator, plan: PolicyPlan
) -> MetaLearner:
    meta = policy_of(plan, tasks[0].x.shape[1])
    cost = plan.episodes * (plan.support + plan.query)
    count = min(plan.tasks, len(tasks))
    outer_steps = plan.outer_steps if plan.trials is None else min(plan.outer_steps, plan.trials // (count * cost))
    checked = replace(plan, episodes=_CHECKED)
    held, descent = int(rng.integers(2**63)), Descent(meta, plan.outer_lr, outer_steps)

    def loss() -> float:
        runs = play(meta, validation, np.random.default_rng(held), checked, greedy=True)
        return -float(runs.gain.mean())

    for _ in range(outer_steps):
        chosen = [tasks[i] for i in rng.permutation(len(tasks))[:count]]
        descent.step(surrogate(meta, play(meta, chosen, rng, plan)))
        if validation:
            descent.judge(loss)
    descent.end()
    return meta


@torch.no_grad()
def play(
    meta: MetaLearner,
    tasks: Sequence[Arms],
    rng: np.random.Generator,
    plan: PolicyPlan,
    *,
    greedy: bool = False,
) -> Played:
    """Return runs on each task, among candidates shared by the runs of a task: support, inner steps, query.

    The return of a run is the mean, over its full evaluations, of the best reward so far.

    Args:
        greedy: Whether the query takes the most probable candidate, as in use, instead of drawing.
    """
    e, c, k, h = plan.episodes, plan.sample, plan.support, plan.support + plan.query
    n = len(tasks) * e
    rows = [_rows(task, rng, c) for task in tasks]
    codes = np.stack([task.x[r] for task, r in zip(tasks, rows, strict=True)])
    x, similar = (np.repeat(a, e, 0) for a in (codes, kernel(codes, codes, plan.width)))
    y, low, reward = (
        np.repeat([getattr(task, name)[r] for task, r in zip(tasks, rows, strict=True)], e, 0)
        for name in ("y", "low", "reward")
    )
    reported, there, closed = np.zeros((n, c), np.float32), np.zeros((n, c), bool), np.zeros((n, c), bool)
    every, seen, chosen = np.arange(n), np.empty((n, h, c, x.shape[2] + 1 + HISTORY), np.float32), np.empty((n, h), int)
    theta: Any = None
    inner = torch.zeros(n, k, c)
    for t in range(h):
        if t == k:
            scores = reported[every[:, None], chosen[:, :k]]
            inner = torch.from_numpy(advantages(scores, chosen[:, :k], c).astype(np.float32))
            over_runs = vmap(meta.adapt_from, in_dims=(None, None, 0, 0))
            theta = over_runs(meta.theta(), meta.rates(), torch.from_numpy(seen[:, :k]), inner)
            closed[:] &= not plan.cheap  # what was tried cheaply may be tried in full
        seen[:, t] = features(x, similar, reported, there, closed)
        now = torch.from_numpy(seen[:, t])
        logits = (meta.predict(meta.theta(), now) if theta is None else vmap(meta.predict)(theta, now)).numpy()
        noise = 0.0 if greedy and t >= k else rng.gumbel(size=(n, c))  # the largest is a draw from the softmax
        a = chosen[:, t] = np.nan_to_num(logits + noise, nan=2.0 * CLOSED).argmax(1)
        reported[every, a] = (low if t < k and plan.cheap else y)[every, a]
        there[every, a] = closed[every, a] = True
    counts = np.arange(h) >= (k if plan.cheap else 0)
    advantage, gain = _returns(np.where(counts, reward[every[:, None], chosen], 0.0), counts, e)
    outer = torch.from_numpy(placed(advantage, chosen, c).astype(np.float32))
    x_seen = torch.from_numpy(seen)
    return Played(x_seen[:, :k], x_seen[:, k:], inner, outer[:, :k], outer[:, k:], gain)


def _rows(task: Arms, rng: np.random.Generator, count: int) -> Ints:
    """Candidates of a run: some of the good, the others from all; a task with too few has them repeatedly."""
    good = rng.choice(task.good, min(int(_GOOD * count), len(task.good)), replace=False)
    others = np.setdiff1d(np.arange(len(task.y)), good)
    left = count - len(good)
    if len(others) >= left:
        return np.concatenate([good, rng.choice(others, left, replace=False)])
    return np.resize(np.concatenate([good, others]), count)


def _returns(reward: NDArray[np.float64], counts: NDArray[np.bool_], e: int) -> tuple[Any, NDArray[np.float64]]:
    """Return the advantage of each trial ``(n, h)``, and the return of each run ``(n,)``.

    The return of a trial is that of the run from there on, above the value without any better trial. The mean of the
    other runs on the same task is subtracted: it depends on no choice of this run, so adds no bias.
    """
    n, h = reward.shape
    best = np.maximum.accumulate(reward, 1)
    before = np.concatenate([np.zeros((n, 1)), best[:, :-1]], 1)
    share = counts / counts.sum()
    to_go = np.cumsum((best * share)[:, ::-1], 1)[:, ::-1] - before * np.cumsum(share[::-1])[::-1]
    others = (to_go.reshape(-1, e, h).sum(1, keepdims=True) - to_go.reshape(-1, e, h)) / (e - 1)
    return to_go - others.reshape(n, h), (best * share).sum(1)
