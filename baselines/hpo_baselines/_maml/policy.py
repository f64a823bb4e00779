"""A policy over candidates with a learned initialisation: `MetaLearner` with the loss of policy gradients."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from hpo_baselines._maml.maml import BaseLearner, MetaLearner
from hpo_baselines._models.networks import load_weights
from hpo_gym.base import Ints, InvalidValueError, whole_fields

HISTORY = 5  # columns of `features` that tell of the history
CLOSED = -1e9  # the logit of what must not be chosen; -inf times 0 would be NaN
_PRIOR = 0.1  # weight of the mean score 0 in a kernel mean


class Policy(BaseLearner):
    """Logits of `c` candidates, ``(..., c, 1 + f)`` -> ``(..., c)``: one network for each of them.

    The first column is added to the network's output for the others: see `features`.
    """

    def __init__(self, inputs: int, hidden: int = 32) -> None:
        super().__init__(inputs - 1, 1, (hidden, hidden))

    def forward(self, x: Tensor) -> Tensor:
        """Score candidates, ``(..., c, 1 + f)`` -> ``(..., c)``."""
        logits: Tensor = self.layers(x[..., 1:])[..., 0] + x[..., 0]
        return logits


def policy_loss(logits: Tensor, weight: Tensor) -> Tensor:
    """Return the surrogate loss of policy gradients, a mean over `h` trials: minus weight times log probability.

    Args:
        logits: ``(h, c)``.
        weight: ``(h, c)``: the advantage at the choice, else 0.
    """
    return -(weight * torch.log_softmax(logits, -1)).sum(-1).mean()


class Played(NamedTuple):
    """`n` runs as arrays: support of `k` trials, query of `q`, among `c` candidates.

    Attributes:
        x_support, x_query: The policy's input, ``(n, k, c, 1 + f)`` and ``(n, q, c, 1 + f)``.
        inner: Advantages of the inner step, from observed scores, ``(n, k, c)``: 0 where not chosen.
        support, query: Advantages of the outer step, from the whole run's return, ``(n, k, c)`` and ``(n, q, c)``.
        gain: Return of each run, ``(n,)``.
    """

    x_support: Tensor
    x_query: Tensor
    inner: Tensor
    support: Tensor
    query: Tensor
    gain: NDArray[np.float64]


def surrogate(meta: MetaLearner, runs: Played) -> Tensor:
    """Return a scalar whose gradient, in expectation, is minus that of the expected return, with returns for weights.

    A run is drawn by pi_theta in its support and by pi_theta' in its query, and for given trials theta' is a function
    of theta. So the gradient is E[R (grad log pi_theta(support) + grad log pi_theta'(theta)(query))]: the second term
    is MAML's, second order by `MetaLearner`; the first is the value of the support through its consequences.
    """
    tasks = [
        ((x, y), (x_query, y_query))
        for x, y, x_query, y_query in zip(runs.x_support, runs.inner, runs.x_query, runs.query, strict=True)
    ]
    logits = meta.predict(meta.theta(), runs.x_support)
    adapted: Tensor = meta(tasks) * runs.query.shape[1]  # sums over a run's trials, means over runs
    n, k, c = runs.support.shape
    return adapted + policy_loss(logits.reshape(n * k, c), runs.support.reshape(n * k, c)) * k


@dataclass(frozen=True)
class PolicyPlan:
    """Plan of a training.

    Attributes:
        hidden: Width of both hidden layers.
        support, query: Trials of a run before and after the inner steps.
        inner_steps: Gradient steps on the support.
        inner_lr: Start of the learned step sizes.
        outer_lr: Step size of Adam; it falls to 0 as a cosine.
        tasks, episodes: Tasks of one outer step, and runs on each.
        sample: Candidates of a run.
        outer_steps: Outer steps.
        width: Mean squared distance of encoded points at which a kernel falls to exp(-4).
        cheap: Whether the support is at a lower fidelity than the query.
        trials: Upper limit of trials; None: no limit.
    """

    hidden: int = 32
    support: int = 5
    query: int = 10
    inner_steps: int = 1
    inner_lr: float = 1.0
    outer_lr: float = 0.02
    tasks: int = 8
    episodes: int = 8
    sample: int = 64
    outer_steps: int = 400
    width: float = 1.0
    cheap: bool = False
    trials: int | None = None

    def __post_init__(self) -> None:
        least = {"outer_steps": 0, "trials": 0, "episodes": 2}  # 2: a run is compared with the others
        names = ("hidden", "support", "query", "inner_steps", "tasks", "episodes", "sample", "outer_steps", "trials")
        for name in names:
            value, low = getattr(self, name), least.get(name, 1)
            if not (name == "trials" and value is None):
                whole_fields(self, low, name)
        if self.sample < self.support + self.query:
            raise InvalidValueError(
                f"`sample >= support + query` must hold, got {self.sample}; the nearest is {self.support + self.query}."
            )
        for name in ("inner_lr", "outer_lr"):
            if not getattr(self, name) > 0.0:
                raise InvalidValueError(f"`{name} > 0` must hold, got {getattr(self, name)}.")


def policy_of(plan: PolicyPlan, inputs: int) -> MetaLearner:
    """Return a new policy for encoded points of `inputs` columns; its start is drawn from torch's global generator."""
    return MetaLearner(
        Policy(1 + inputs + HISTORY, plan.hidden), plan.inner_lr, plan.outer_lr, inner_steps=plan.inner_steps,
        learn_inner_lr=True, loss=policy_loss,
    )  # fmt: skip


def policy_from(arrays: Mapping[str, NDArray[Any]], plan: PolicyPlan, inputs: int) -> MetaLearner:
    """Return a policy with stored parameters; raises as `load_weights`."""
    with torch.random.fork_rng(devices=[]):  # the start is overwritten
        policy = policy_of(plan, inputs).double()
    load_weights(policy, arrays)
    return policy


# ---------------------------------------------------------------------- what the policy sees
def kernel(x: NDArray[Any], other: NDArray[Any], width: float) -> NDArray[Any]:
    """Similarity of encoded points ``(..., c, e)`` to others ``(..., h, e)``, in (0, 1], ``(..., c, h)``."""
    squares = (x**2).sum(-1)[..., :, None] + (other**2).sum(-1)[..., None, :]
    distance = np.maximum(squares - 2.0 * (x @ np.swapaxes(other, -1, -2)), 0.0)
    return np.asarray(np.exp(-4.0 * distance / width), x.dtype)


def features(
    x: NDArray[Any], k: NDArray[Any], y: NDArray[Any], there: NDArray[np.bool_], closed: NDArray[np.bool_]
) -> NDArray[Any]:
    """Return the policy's features of `c` candidates, ``(..., c, 1 + e + HISTORY)``.

    First 0, or a large negative number where `closed`; then the encoded point; then of the history: the kernel mean of
    the scores, the similarity to the nearest trial and to the best, the best score, and the number of trials t as
    t / (t + 5).

    Args:
        x: Encoded candidates, ``(..., c, e)``.
        k: Their similarity to the trials, ``(..., c, h)``.
        y: Standardised scores of the trials, ``(..., h)``.
        there: Mask of the trials, ``(..., h)``.
        closed: Mask of excluded candidates, ``(..., c)``.
    """
    shape = (*x.shape[:-1], 1)
    out = [np.where(closed, CLOSED, 0.0)[..., None], x]
    count = there.sum(-1)[..., None, None]
    if not there.shape[-1] or not count.any():
        return np.concatenate([*out, np.zeros((*shape[:-1], HISTORY))], -1).astype(x.dtype)
    weight = k * there[..., None, :]
    mean = (weight @ y[..., None])[..., 0] / (weight.sum(-1) + _PRIOR)
    best = np.where(there, y, -np.inf).argmax(-1)[..., None]
    to_best = np.take_along_axis(weight, np.broadcast_to(best[..., None], shape), -1)[..., 0]
    top = np.where(count[..., 0] > 0, np.take_along_axis(y, best, -1), 0.0)
    history = [mean, weight.max(-1), to_best, np.broadcast_to(top, shape[:-1])]
    passed = np.broadcast_to(count / (count + 5.0), shape)
    return np.concatenate([*out, np.stack(history, -1), passed], -1).astype(x.dtype)


def advantages(y: NDArray[Any], chosen: Ints, count: int) -> NDArray[Any]:
    """Return scores ``(..., h)`` less their mean, at the choice among `count` candidates, ``(..., h, count)``."""
    return placed(y - y.mean(-1, keepdims=True), chosen, count)


def placed(value: NDArray[Any], chosen: Ints, count: int) -> NDArray[Any]:
    """Return values ``(..., h)`` at the choice, 0 elsewhere, ``(..., h, count)``."""
    return np.where(chosen[..., None] == np.arange(count), value[..., None], 0.0)


def padded(seen: Sequence[NDArray[np.float64]]) -> NDArray[np.float64]:
    """Return features of several trials in one array, ``(h, c, 1 + f)``; missing candidates are closed."""
    out = np.zeros((len(seen), max(map(len, seen)), seen[0].shape[1]))
    out[..., 0] = CLOSED
    for i, x in enumerate(seen):
        out[i, : len(x)] = x
    return out
