"""An evolution strategy with antithetic pairs and Adam.

**Reference**: Salimans et al., "Evolution strategies as a scalable alternative to reinforcement learning" (2017).
**Differs from the paper**: policies are greedy; no weight decay, no virtual batch normalisation.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

import numpy as np

from hpo_builders.control.counts import updates
from hpo_builders.control.network import Adam, Network
from hpo_builders.control.problem import ControlProblem, Episodes, Generators
from hpo_builders.control.rollouts import Greedy, Sight, returns
from hpo_gym.base import Ints, Singles


def es(problem: ControlProblem, config: Mapping[str, Any], generators: Generators, see: Sight) -> Iterator[Greedy]:
    """Train; the greedy policies of all trainings at each fidelity."""
    network = Network(problem.system.physics.inputs, config["hidden"], problem.system.actions.shape[1])
    theta = network.initial(generators)
    adam = Adam(theta, config["es:learning_rate"])
    pairs, each, sigma = config["es:pairs"], config["es:episodes"], np.float32(config["es:sigma"])
    for some in updates(2 * pairs * each):
        for _ in some:
            noise = np.stack([g.standard_normal((pairs, network.size), np.float32) for g in generators])
            away = sigma * noise
            both = np.concatenate([theta[:, None] + away, theta[:, None] - away], 1)  # (b, 2 pairs, p)
            fitness = _fitness(problem, network, both, see, generators, each)
            adam.descend(-ascent(noise, shaped(fitness, config["es:shaping"]), config["es:sigma"]))
        yield network.greedy(theta)


def _fitness(
    problem: ControlProblem, network: Network, theta: Singles, see: Sight, generators: Generators, each: int
) -> Singles:
    """Return mean returns ``(b, m)`` of policies ``(b, m, p)``; the episodes of a pair begin alike."""
    b, m, _ = theta.shape
    begun = problem.begin(generators, m // 2 * each)
    begun = Episodes(*(np.concatenate([a, a], 2) for a in (begun.constants, begun.state)))

    def choose(x: Singles) -> Ints:
        apart = x.reshape(b, -1, m, each).transpose(0, 2, 1, 3)  # (b, m, inputs, each)
        return np.asarray(network(theta, apart)[0].argmax(2).reshape(b, m * each))

    return np.asarray(returns(problem, choose, see, begun).reshape(b, m, each).mean(2))


def shaped(fitness: Singles, shaping: str) -> Singles:
    """Fitness ``(b, m)`` as "ranks" in [-.5, .5], or "standard": by mean and deviation."""
    if shaping == "ranks":
        ranks = fitness.argsort(1, kind="stable").argsort(1, kind="stable")
        return np.asarray(ranks / (fitness.shape[1] - 1) - 0.5, np.float32)
    spread = fitness.std(1, keepdims=True)
    return np.asarray((fitness - fitness.mean(1, keepdims=True)) / np.maximum(spread, 1e-8), np.float32)


def ascent(noise: Singles, fitness: Singles, sigma: float) -> Singles:
    """Return the estimated gradient ``(b, p)`` of the expected fitness.

    Args:
        noise: ``(b, pairs, p)``.
        fitness: ``(b, 2 pairs)``: of mean + sigma noise, then of mean - sigma noise.
        sigma: Standard deviation of the noise.
    """
    pairs = noise.shape[1]
    difference = fitness[:, :pairs] - fitness[:, pairs:]
    return np.asarray((difference[:, None] @ noise)[:, 0] / (2 * pairs * sigma), np.float32)
