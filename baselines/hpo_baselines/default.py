"""The first control: the default configuration and its neighbours."""

from __future__ import annotations

import functools
from collections.abc import Iterator

import numpy as np

from hpo_baselines._runs.baseline import Choice, Planned, Run
from hpo_gym.optimize import OPTIMIZERS
from hpo_gym.problem import Points, SearchSpace, keys


@OPTIMIZERS.register("default", family="control", trainable=False, asked="ahead")
class Default(Planned):
    """The default configuration, then its one-step neighbours in a seeded order, then its two-step neighbours.

    `SearchSpace.neighbours` defines a step. After two steps: random search. In a pool, a configuration without an
    available row stands for the nearest remaining one.

    **Reference**: none; a user who changes one value at a time.

    **Differs from the paper**: there is none.
    """

    version = 3

    def plan(self, run: Run) -> Iterator[Choice]:
        """Yield the default, then ring after ring."""
        yield run.space.default_x
        for steps in (1, 2):
            points = ring(run.space, steps)
            yield from run.known(points[run.rng.permutation(len(points))])


@functools.lru_cache(maxsize=64)
def ring(space: SearchSpace, steps: int) -> Points:
    """All configurations that are `steps` from the default and not nearer, ``(c, d)``."""
    if steps == 0:
        return space.default_x[None]
    nearer = {k for s in range(steps) for k in keys(ring(space, s))}
    found: dict[bytes, Points] = {}
    for x in ring(space, steps - 1):
        around = space.neighbours(x)
        found |= {k: y for k, y in zip(keys(around), around, strict=True) if k not in nearer and k not in found}
    return np.array(list(found.values())).reshape(-1, space.d)
