"""Proximal policy optimisation with a clipped objective.

**Reference**: Schulman et al., "Proximal policy optimization algorithms" (2017); advantages of Schulman et al.,
"High-dimensional continuous control using generalized advantage estimation" (2016).
**Differs from the paper**: the critic has parameters and an Adam of its own; rewards are times 1 - discount; gradients
are not clipped.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from hpo_builders.control.counts import updates
from hpo_builders.control.network import Adam, Network
from hpo_builders.control.policy_gradient import (
    advantages,
    columns,
    entropy_slope,
    log_softmax,
    one_hot,
    shares,
    standard,
    taken,
)
from hpo_builders.control.problem import ControlProblem, Episodes, Generators
from hpo_builders.control.rollouts import Greedy, Rollout, Sight, sampled
from hpo_builders.control.systems import STEPS
from hpo_gym.base import Singles


def ppo(problem: ControlProblem, config: Mapping[str, Any], generators: Generators, see: Sight) -> Iterator[Greedy]:
    """Train; the greedy policies of all trainings at each fidelity."""
    learner = _Learner(problem, config, generators)
    n, h = config["ppo:envs"], config["ppo:steps"]
    begun = problem.begin(generators, n)
    for some in updates(n, h):
        for number in some:
            if number * h % STEPS == 0:
                begun = problem.begin(generators, n)
            got, state = sampled(problem, learner.logits, see, begun, generators, h)
            begun = Episodes(begun.constants, state)
            learner.learn(got, generators)
        yield learner.policy.greedy(learner.theta)


class _Learner:
    """Policies and critics of all trainings."""

    def __init__(self, problem: ControlProblem, config: Mapping[str, Any], generators: Generators) -> None:
        inputs, hidden = problem.system.physics.inputs, config["hidden"]
        self.policy, self.critic = Network(inputs, hidden, problem.system.actions.shape[1]), Network(inputs, hidden, 1)
        self.theta, self._value = self.policy.initial(generators), self.critic.initial(generators)
        self._adam, self._critic_adam = (Adam(p, config["ppo:learning_rate"]) for p in (self.theta, self._value))
        self._config, self._discount = config, 1 - 1 / config["horizon"]

    def logits(self, x: Singles) -> Singles:
        return self.policy(self.theta, x)[0]

    def learn(self, got: Rollout, generators: Generators) -> None:
        rows, config = self._rows(got), self._config
        b, n, _ = rows.shape
        parts = config["ppo:minibatches"]
        for _ in range(config["ppo:epochs"]):
            mixed = rows
            if parts > 1:
                order = np.stack([g.permutation(n) + i * n for i, g in enumerate(generators)])
                mixed = rows.reshape(b * n, -1).take(order, 0)
            for part in np.split(mixed, parts, 1):
                self._step(part, parts)

    def _rows(self, got: Rollout) -> Singles:
        """Return the examples, ``(b, h n, inputs + 5)``: inputs, action, log p, advantage, target, share."""
        h, b, n = got.reward.shape
        x = columns(got.x)
        guess = self.critic(self._value, np.concatenate([x, got.last], 2))[0].reshape(b, h + 1, n).transpose(1, 0, 2)
        reward = got.reward * np.float32(1 - self._discount)
        gain = advantages(reward, guess, got.alive, self._discount, self._config["ppo:gae_lambda"])
        share, target = shares(None if got.alive is None else got.alive[:-1], gain.shape), gain + guess[:-1]
        if self._config["ppo:normalize"]:
            gain = standard(gain, share)
        before = taken(log_softmax(self.logits(x)), columns(got.action))
        beside = (columns(got.action), before, columns(gain), columns(target), columns(share))
        return np.concatenate([x.transpose(0, 2, 1), *(v[..., None] for v in beside)], 2, dtype=np.float32)

    def _step(self, part: Singles, parts: int) -> None:
        x, (action, before, gain, target, share) = part[..., :-5].transpose(0, 2, 1), part[..., -5:].transpose(2, 0, 1)
        share, clip, bonus = share * np.float32(parts), self._config["ppo:clip"], self._config["ppo:entropy"]
        logits, units = self.policy(self.theta, x)
        down = slope(logits, action.astype(np.int64), before, gain, share, clip, bonus)
        self._adam.descend(self.policy.gradient(self.theta, x, units, down))
        found, units = self.critic(self._value, x)
        apart = share[:, None] * (found - target[:, None])
        self._critic_adam.descend(self.critic.gradient(self._value, x, units, apart))


def slope(
    logits: Singles,
    action: NDArray[np.int64],
    before: Singles,
    gain: Singles,
    share: Singles,
    clip: float,
    bonus: float,
) -> Singles:
    """Slope of the loss -(share (clipped objective + bonus entropy)) by the logits, ``(b, a, n)``.

    Args:
        logits: ``(b, a, n)``.
        action: ``(b, n)``.
        before: Logarithm of their probability when they were taken, ``(b, n)``.
        gain: Advantages, ``(b, n)``.
        share: What each step counts, ``(b, n)``.
        clip: How far the ratio of probabilities may be from 1.
        bonus: Weight of the entropy.
    """
    log_p = log_softmax(logits)
    ratio = np.exp(taken(log_p, action) - before)
    stuck = np.where(gain > 0, ratio > 1 + clip, ratio < 1 - clip)
    push = np.where(stuck, 0, ratio * gain)[:, None]
    out = (np.exp(log_p) - one_hot(action, logits.shape[1])) * push
    out -= np.float32(bonus) * entropy_slope(log_p)
    return out * share[:, None]
