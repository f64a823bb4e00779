"""Particle swarm optimisation on mixed and conditional spaces."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from hpo_baselines._runs.baseline import Run
from hpo_baselines._runs.population import Population, quarter
from hpo_baselines._runs.relaxed import relax
from hpo_gym.base import Floats, InvalidValueError
from hpo_gym.optimize import OPTIMIZERS
from hpo_gym.problem import Points, SearchSpace


@OPTIMIZERS.register("pso", family="evolutionary", trainable=False)
class ParticleSwarm(Population):
    """A particle swarm with a constriction factor, one particle after the other.

    The first trials, given points and random ones, are the particles. In turn each moves on as it moved before,
    pulled to the best that it found and to the best of all, and both are updated at once. Its velocity is its last
    move; before the first, half the way to a random point. A move ends at the bounds of the unit cube. A discrete value
    is a random place in its share of the column, the same for all that take part. An inactive hyperparameter is at a
    random value: it pulls nobody, and no move from or to it counts as velocity.

    **Reference**: Kennedy and Eberhart, "Particle swarm optimization", ICNN 1995; Clerc and Kennedy, "The particle
    swarm: explosion, stability, and convergence in a multidimensional complex space", IEEE TEC 6, 2002, with its type
    1'' constants.

    **Differs from the paper**: a particle is where it was evaluated (of a pool, at the row), so its velocity is the
    move that was made, not the one that was meant; no configuration is tried twice; all particles know each other.

    Args:
        population: Particles, at least 2. None: a quarter of the budget, from 4 to 20.
        phi: Sum of the two pulls, above 4.
    """

    version = 3

    def __init__(self, population: int | None = None, phi: float = 4.1) -> None:
        self.population, self.phi = population, phi

    def size(self, run: Run) -> int:
        """Particles of the run's swarm."""
        if (self.population is not None and self.population < 2) or not 4 < self.phi < 100:
            raise InvalidValueError(
                f"`population >= 2` and `4 < phi < 100` must hold, got ({self.population=}, {self.phi=}); the nearest "
                f"are ({max(self.population or 2, 2)}, {np.clip(self.phi, 4.01, 99):g})."
            )
        return self.population or quarter(run, 4)

    def children(self, space: SearchSpace, runs: Sequence[Run]) -> Points:
        """Return the next place of one particle of each run; a run's draws are a block of its own."""
        chosen = [flight(run.score, self.size(run)) for run in runs]
        x = np.array([[run.x[t] for t in trials] for run, trials in zip(runs, chosen, strict=True)])  # (n, 4, d)
        place, own, all_, start = np.moveaxis(np.stack([run.rng.random((4, space.d)) for run in runs]), 1, 0)
        vectors = relax(space, x.reshape(-1, space.d), np.repeat(place, 4, axis=0)).reshape(x.shape)
        now, before, best, leader = np.moveaxis(vectors, 1, 0)
        active = space.active(x.reshape(-1, space.d)).reshape(x.shape)
        first = np.array([trials[0] == trials[1] for trials in chosen])[:, None]
        velocity = np.where(first, (start - now) / 2.0, (now - before) * (active[:, 0] & active[:, 1]))
        pulls = [(best - now) * active[:, 2], (leader - now) * active[:, 3]]
        return space.snap(np.clip(moved(now, velocity, pulls, (own, all_), self.phi), 0.0, 1.0))


def flight(score: Sequence[float], size: int) -> list[int]:
    """Return the trials of the particle that moves next: its last, the one before, its best, and the best of all.

    Trial `t` is of particle ``t % size``. Of equals the earliest is best. Without one before, its last stands there.
    """
    own = range(len(score) % size, len(score), size)
    return [own[-1], own[-2] if len(own) > 1 else own[-1], max(own, key=score.__getitem__), score.index(max(score))]


def moved(now: Points, velocity: Floats, pulls: Sequence[Floats], u: Sequence[Floats], phi: float) -> Points:
    """Return the next positions ``(n, d)``: Clerc and Kennedy's eq. 4, the pulls weighed by `u` in [0, 1)."""
    constriction = 2.0 / abs(2.0 - phi - np.sqrt(phi * phi - 4.0 * phi))
    speed = velocity + sum(phi / 2.0 * w * pull for w, pull in zip(u, pulls, strict=True))
    return np.asarray(now + constriction * speed)
