"""REINFORCE on batches of whole episodes, with Adam.

**Reference**: Williams, "Simple statistical gradient-following algorithms for connectionist reinforcement learning"
(1992).
**Differs from the paper**: rewards to go, discounted and times 1 - discount; an entropy bonus; a baseline by step or of
a network of its own.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from hpo_builders.control.counts import updates
from hpo_builders.control.network import Adam, Network
from hpo_builders.control.policy_gradient import (
    columns,
    entropy_slope,
    log_softmax,
    one_hot,
    returns_to_go,
    shares,
    standard,
)
from hpo_builders.control.problem import ControlProblem, Generators
from hpo_builders.control.rollouts import Greedy, Sight, sampled
from hpo_builders.control.systems import STEPS
from hpo_gym.base import Singles


def reinforce(
    problem: ControlProblem, config: Mapping[str, Any], generators: Generators, see: Sight
) -> Iterator[Greedy]:
    """Train; the greedy policies of all trainings at each fidelity."""
    actions, inputs = problem.system.actions.shape[1], problem.system.physics.inputs
    policy, critic = Network(inputs, config["hidden"], actions), Network(inputs, config["hidden"], 1)
    theta, value = policy.initial(generators), critic.initial(generators)
    rate, discount = config["reinforce:learning_rate"], 1 - 1 / config["horizon"]
    adam, critic_adam = Adam(theta, rate), Adam(value, rate)
    each, bonus, baseline = config["reinforce:episodes"], config["reinforce:entropy"], config["reinforce:baseline"]
    for some in updates(each):
        for _ in some:
            begun = problem.begin(generators, each)
            got, _ = sampled(problem, lambda x: policy(theta, x)[0], see, begun, generators, STEPS)
            gain = returns_to_go(got.reward * np.float32(1 - discount), discount)
            share = shares(None if got.alive is None else got.alive[:-1], gain.shape)
            x, action, share = columns(got.x), columns(got.action), columns(share)
            if baseline == "step":
                gain = gain - gain.mean(2, keepdims=True)
            gain = columns(gain)
            if baseline == "critic":
                guess, units = critic(value, x)
                apart = guess[:, 0] - gain
                critic_adam.descend(critic.gradient(value, x, units, (share * apart)[:, None]))
                gain = -apart
            if config["reinforce:normalize"]:
                gain = standard(gain[None], share[None])[0]
            logits, units = policy(theta, x)
            adam.descend(policy.gradient(theta, x, units, slope(logits, action, gain, share, bonus)))
        yield policy.greedy(theta)


def slope(logits: Singles, action: NDArray[np.int64], gain: Singles, share: Singles, bonus: float) -> Singles:
    """Slope of the loss -(share (gain log p(action) + bonus entropy)) by the logits, ``(b, a, n)``."""
    log_p = log_softmax(logits)
    out = (np.exp(log_p) - one_hot(action, logits.shape[1])) * gain[:, None]
    out -= np.float32(bonus) * entropy_slope(log_p)
    return out * share[:, None]
