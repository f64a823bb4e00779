"""Training of initialisations for few-shot regression of scores: an ensemble, each with its own start and draws."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor

from hpo_baselines._maml.descent import Descent
from hpo_baselines._maml.maml import BaseLearner, Batch, MetaLearner
from hpo_baselines._maml.tasks import Known, draw
from hpo_baselines._models.networks import one_thread
from hpo_gym.base import InvalidValueError, unknown, whole, whole_fields

METHODS = ("maml", "fomaml")
LOG_VARIANCE = (-6.0, 2.0)  # the range of a predicted log variance, of standardised scores
_EPISODES = 4  # validation episodes of each support size, at most 16 tasks each

Episode = tuple[Batch, Batch]


@dataclass(frozen=True)
class Plan:
    """Plan of a training.

    Attributes:
        method: One of `METHODS`.
        members: Initialisations, trained independently.
        hidden: Width of both hidden layers.
        inner_lr, outer_lr: Step sizes; the inner ones are learned, the outer one falls to 0 as a cosine.
        inner_steps: Gradient steps on a support.
        supports: Sizes of supports.
        query: Points of a query.
        tasks: Tasks of one outer step.
        outer_steps: Outer steps of each member.
        trials: Upper limit of drawn points, for all members together; None: no limit.
    """

    method: str = "maml"
    members: int = 3
    hidden: int = 64
    inner_lr: float = 0.05
    outer_lr: float = 0.01
    inner_steps: int = 3
    supports: tuple[int, ...] = (0, 1, 2, 3, 5, 10, 20)
    query: int = 40
    tasks: int = 16
    outer_steps: int = 800
    trials: int | None = None

    def __post_init__(self) -> None:
        if self.method not in METHODS:
            raise unknown("method of meta-learning", self.method, METHODS)
        if not self.supports:
            raise InvalidValueError("`supports` must hold at least one size, got none.")
        object.__setattr__(self, "supports", tuple(whole("supports", k, 0) for k in self.supports))
        whole_fields(self, 1, "members", "hidden", "inner_steps", "query", "tasks")
        whole_fields(self, 0, "outer_steps", *([] if self.trials is None else ["trials"]))
        for name in ("inner_lr", "outer_lr"):
            if not getattr(self, name) > 0.0:
                raise InvalidValueError(f"`{name} > 0` must hold, got {getattr(self, name)}.")


def negative_log_likelihood(out: Tensor, y: Tensor) -> Tensor:
    """Return the mean negative log likelihood of scores ``(n,)`` under ``(n, 2)``, without its constant."""
    mean, log_variance = moments(out)
    total = 0.5 * (log_variance + (y - mean) ** 2 * torch.exp(-log_variance)).sum()
    return total / max(1, y.numel())  # 0 for an empty support: it changes nothing


def moments(out: Tensor) -> tuple[Tensor, Tensor]:
    """Return mean and log variance ``(...)`` of a network's output ``(..., 2)``; the latter is bent into
    `LOG_VARIANCE`."""
    low, high = LOG_VARIANCE
    middle, half = (low + high) / 2.0, (high - low) / 2.0
    return out[..., 0], middle + half * torch.tanh(out[..., 1] / half)


def learner_of(plan: Plan, inputs: int) -> MetaLearner:
    """Return a new learner; its start is drawn from torch's global generator."""
    base = BaseLearner(inputs, 2, (plan.hidden, plan.hidden))
    return MetaLearner(
        base, plan.inner_lr, plan.outer_lr, inner_steps=plan.inner_steps, first_order=plan.method == "fomaml",
        learn_inner_lr=True, loss=negative_log_likelihood,
    )  # fmt: skip


def train_ensemble(
    tasks: Sequence[Known], validation: Sequence[Known], rng: np.random.Generator, plan: Plan
) -> list[MetaLearner]:
    """Train the members one after the other, on one thread; torch's global generator stays as it is.

    With validation tasks, the best of six moments of each member by its likelihood on their queries, after adaptation,
    is kept.
    """
    out, left = list[MetaLearner](), plan.trials
    with one_thread(), torch.random.fork_rng(devices=[]):
        for i in range(plan.members):
            torch.manual_seed(int(rng.integers(2**63)))
            share = None if left is None else left // (plan.members - i)
            learner, used = _train(tasks, validation, rng, plan, share)
            left = None if left is None else left - used
            out.append(learner)
    return out


def _train(
    tasks: Sequence[Known], validation: Sequence[Known], rng: np.random.Generator, plan: Plan, trials: int | None
) -> tuple[MetaLearner, int]:
    """One member, and the trials that it used."""
    learner = learner_of(plan, tasks[0].x.shape[1])
    descent, used = Descent(learner, plan.outer_lr, plan.outer_steps), 0
    held = _validation_episodes(validation, rng, plan) if validation else []
    for _ in range(plan.outer_steps):
        size = plan.supports[rng.integers(len(plan.supports))]
        cost = size + plan.query
        count = min(plan.tasks, len(tasks)) if trials is None else min(plan.tasks, len(tasks), (trials - used) // cost)
        if count < 1:
            break
        used += count * cost
        descent.step(learner(episodes(tasks, rng, size, plan.query, count)))
        if held:
            descent.judge(lambda: _validate(learner, held))
    descent.end()
    return learner, used


def episodes(tasks: Sequence[Known], rng: np.random.Generator, support: int, query: int, count: int) -> list[Episode]:
    """Episodes of `count` different tasks; half of the supports are from good points."""
    chosen = rng.permutation(len(tasks))[:count].tolist()
    good = rng.random(count) < 0.5
    drawn = [draw(tasks[i], rng, support, query, bool(g)) for i, g in zip(chosen, good, strict=True)]
    return [tuple((torch.from_numpy(x), torch.from_numpy(y)) for x, y in episode) for episode in drawn]  # type: ignore[misc]


def _validation_episodes(tasks: Sequence[Known], rng: np.random.Generator, plan: Plan) -> list[list[Episode]]:
    return [
        episodes(tasks, rng, size, plan.query, min(16, len(tasks))) for size in plan.supports for _ in range(_EPISODES)
    ]


@torch.no_grad()
def _validate(meta: MetaLearner, held: Sequence[Sequence[Episode]]) -> float:
    losses = [float(meta(batch)) for batch in held]
    return float(np.mean(losses)) if np.isfinite(losses).all() else math.inf
