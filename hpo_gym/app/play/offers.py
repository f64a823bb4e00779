"""Offers to a person: the default, random configurations, and steps from the best so far; and values as typed."""

from __future__ import annotations

import difflib
import math
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from hpo_gym.base import InvalidValueError, meant, seeding, shown
from hpo_gym.env import short
from hpo_gym.optimize import Context
from hpo_gym.problem import Hyperparameter, Points, Trial, pool_of

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
    """

    def __init__(self, context: Context, seed: int) -> None:
        self.space, self._seed, self._there = context.space, seed, context.available
        self._pool = None if context.pool is None else pool_of(context.space, context.pool)

    def now(self, tried: list[Trial], best: Trial | None) -> list[Offer]:
        """Return the offers after these trials, none of them tried at full fidelity."""
        rng = seeding.generator(seeding.key("offers", self._seed, len(tried)))
        seen = {tuple(self.space.to_unit(t.config)) for t in tried if t.fidelity == 1.0}
        offers = list[Offer]()
        for offer in self._all(rng, best):
            try:
                x = tuple(self.space.to_unit(offer.config))
            except InvalidValueError:  # a clause may forbid the default
                continue
            kind = sum(o.why == offer.why for o in offers)
            if x not in seen and kind < {"random": RANDOM}.get(offer.why, STEPS):
                seen.add(x)
                offers.append(offer)
        return offers

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


def typed(h: Hyperparameter, text: str) -> Any:
    """Return the value of a hyperparameter from a text: of choices their beginning is enough, in upper or lower case.

    Raises:
        InvalidValueError: It means none; the message names the nearest.
    """
    return _choice(h, text) if h.choices else _number(h, text)


def range_of(h: Hyperparameter) -> str:
    """Return the valid input in words."""
    if h.choices:
        return ", ".join(map(str, h.choices))
    kind = "integer" if h.kind == "int" else "number"
    return f"{kind} from {h.low:g} to {h.high:g}{', logarithmic' if h.log else ''}"


def _choice(h: Hyperparameter, text: str) -> Any:
    by_text = {str(choice): choice for choice in h.choices}
    if text in by_text:
        return by_text[text]
    lower = text.lower()
    same = [choice for name, choice in by_text.items() if name.lower() == lower]
    begun = [choice for name, choice in by_text.items() if lower and name.lower().startswith(lower)]
    for found in (same, begun):
        if len(found) == 1:
            return found[0]
    number, near = meant(text), list[str]()
    if number is not None and all(type(c) in (int, float) for c in h.choices):
        nearest = min(h.choices, key=lambda c: abs(c - number))
        if nearest == number:
            return nearest
        near = [str(nearest)]
    else:
        names = {name.lower(): name for name in by_text}
        near = [names[n] for n in difflib.get_close_matches(lower, names, n=1, cutoff=0.3)]
    hint = f"; the nearest is {near[0]}" if near else ""
    raise InvalidValueError(f"`{h.name}` must be one of {range_of(h)}, got {shown(text, 60)}{hint}.")


def _number(h: Hyperparameter, text: str) -> Any:
    number = meant(text)
    whole = h.kind == "int"
    if number is not None and h.low <= number <= h.high and not (whole and number != int(number)):
        return int(number) if whole else number
    hint = ""
    guess = meant(text.replace(",", ".")) if number is None else number
    if guess is not None:
        near = min(max(round(guess) if whole and math.isfinite(guess) else guess, h.low), h.high)
        hint = f"; the nearest is {int(near) if whole else float(near):g}"
    raise InvalidValueError(f"`{h.name}` must be a{'n' * whole} {range_of(h)}, got {shown(text, 60)}{hint}.")
