"""Offers to a person: the default, random configurations, and steps from the best so far."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from hpo_gym.base import InvalidValueError, seeding
from hpo_gym.env import short
from hpo_gym.optimize import Context
from hpo_gym.problem import Points, Trial, pool_of

RANDOM, STEPS = 3, 4
"""How many of each kind are offered."""


@dataclass(frozen=True)
class Offer:
    """A configuration, and why it is offered.

    Attributes:
        changed: Where it is a step from the best: what the step changes, in words.
    """

    config: Mapping[str, Any]
    why: str
    changed: str = ""


class Offers:
    """Offers of a run: a function of its seed, of the number of the trial and of what was tried.

    Args:
        context: Of the run. Of a pool, only what was measured is offered.
        seed: Of what is drawn.
    """

    def __init__(self, context: Context, seed: int) -> None:
        self.space, self._seed, self._there = context.space, seed, context.available
        self._pool = None if context.pool is None else pool_of(context.space, context.pool)

    def now(self, tried: list[Trial], best: Trial | None) -> list[Offer]:
        """Return the offers after these trials, none of them tried at full fidelity."""
        rng = seeding.generator(seeding.key("offers", self._seed, len(tried)))
        seen = {tuple(self.space.to_unit(t.config)) for t in tried if t.fidelity == 1.0}
        offers = list[Offer]()
        for offer in filter(self._legal, self._all(rng, best)):
            x = tuple(self.space.to_unit(offer.config))
            kind = sum(o.why == offer.why for o in offers)
            if x not in seen and kind < {"random": RANDOM}.get(offer.why, STEPS):
                seen.add(x)
                offers.append(offer)
        return offers

    def _legal(self, offer: Offer) -> bool:
        """Return whether the space allows it: a default may be forbidden by a clause."""
        try:
            self.space.to_unit(offer.config)
        except InvalidValueError:
            return False
        return True

    def _all(self, rng: np.random.Generator, best: Trial | None) -> Iterator[Offer]:
        yield Offer(self.space.from_unit(self._near(self.space.default_x)), "default")
        for x in self.space.sample(rng, 4 * RANDOM):
            yield Offer(self.space.from_unit(self._near(x)), "random")
        if best is not None:
            near = self.space.neighbours(self.space.to_unit(best.config))
            for x in near[rng.permutation(len(near))]:
                config = self.space.from_unit(self._near(x))
                yield Offer(config, "step", difference(best.config, config))

    def _near(self, x: Points) -> Points:
        """Return the evaluated point: of a pool, the nearest measured row."""
        return x if self._pool is None else self._pool.x[self._pool.nearest(x[None], self._there)[0]]


def difference(a: Mapping[str, Any], b: Mapping[str, Any]) -> str:
    """Return the values of the second configuration that differ from the first."""
    parts = [f"{name}={short(value)}" for name, value in b.items() if name not in a or a[name] != value]
    gone = [f"no {name}" for name in a if name not in b]
    return " ".join([*parts, *gone])
