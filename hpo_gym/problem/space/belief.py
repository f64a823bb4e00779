"""`Belief`: an expert's density of good values over a search space."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, TypeAlias

import numpy as np

from hpo_gym.base import Floats, InvalidValueError, finite, unknown
from hpo_gym.problem.space import Hyperparameter, Points, SearchSpace

Density: TypeAlias = "tuple[str, float, float] | Mapping[Any, float]"
"""``("normal", mean, sd)``, ``("lognormal", median, sd of the logarithm)``, ``("uniform", low, high)``, or weights.
"""

KINDS = ("normal", "lognormal", "uniform")
_LEAST = -20.0  # logarithm of the density of one value, where that of the likeliest is 0


@dataclass(frozen=True, eq=False)
class Belief:
    """Independent densities of some hyperparameters; of the others nothing is believed.

    Raises:
        UnknownNameError: A name, a kind or a choice that is not there.
        InvalidValueError: A density that is none, or of the wrong kind of hyperparameter.
    """

    space: SearchSpace
    densities: Mapping[str, Density]

    def __post_init__(self) -> None:
        if not isinstance(self.densities, Mapping) or not self.densities:
            raise InvalidValueError(f"`belief` must map names to densities, got {self.densities!r:.80}.")
        for name, density in self.densities.items():
            if name not in self.space.names:
                raise unknown("hyperparameter", name, self.space.names)
            _check(self.space.hyperparameters[self.space.names.index(name)], density)

    def log_density(self, x: Points) -> Floats:
        """At canonical points ``(c, d)``, up to a constant: 0 at the likeliest values, ``(c,)``.

        One value has at least -20, so that nothing is ruled out. An inactive hyperparameter says nothing.
        """
        out, active = np.zeros(len(x)), self.space.active(x)
        for j, h in enumerate(self.space.hyperparameters):
            density = self.densities.get(h.name)
            if density is not None:
                out += np.where(active[:, j], _log(h, density, h.numbers(x[:, j])), 0.0)
        return out

    def to_json(self) -> dict[str, Any]:
        """Return the densities as plain JSON values."""
        return {
            name: [[choice, weight] for choice, weight in d.items()] if isinstance(d, Mapping) else list(d)
            for name, d in sorted(self.densities.items())
        }


def _log(h: Hyperparameter, density: Density, v: Floats) -> Floats:
    if isinstance(density, Mapping):
        weight = np.zeros(len(h.choices))
        for choice, w in density.items():
            weight[int(h.position(choice))] = w
        with np.errstate(divide="ignore"):
            found = np.log(weight / weight.max())[v.astype(np.int64)]
    else:
        kind, a, b = density
        if kind == "uniform":
            found = np.where((a <= v) & (v <= b), 0.0, -np.inf)
        else:
            at, middle = (np.log(v), math.log(a)) if kind == "lognormal" else (v, a)
            found = -0.5 * np.square((at - middle) / b)
    return np.asarray(np.maximum(found, _LEAST))


def _check(h: Hyperparameter, density: object) -> None:
    if isinstance(density, Mapping):
        if not h.choices:
            raise InvalidValueError(f"`belief` of the number {h.name!r} must be one of {KINDS} with two numbers.")
        for choice in density:
            h.position(choice)
        good = [finite(w) is not None and w >= 0 for w in density.values()]
        if not all(good) or sum(density.values()) <= 0:
            raise InvalidValueError(
                f"`belief` of {h.name!r} must be weights of at least 0, one of them above it, got {density}."
            )
        return
    if isinstance(density, str) or not isinstance(density, Sequence) or len(density) != 3:
        raise InvalidValueError(
            f"`belief` of {h.name!r} must be ('normal', mean, sd), ('lognormal', median, sd), ('uniform', low, high) "
            f"or weights by choice, got {density!r:.80}."
        )
    kind, a, b = density
    if kind not in KINDS:
        raise unknown("density", str(kind), KINDS)
    if h.choices:
        raise InvalidValueError(f"`belief` of {h.name!r} must be weights by choice, got {density!r:.80}.")
    if finite(a) is None or finite(b) is None or (b <= a if kind == "uniform" else b <= 0):
        rule = "low < high" if kind == "uniform" else "a deviation above 0"
        raise InvalidValueError(f"`belief` of {h.name!r} must have {rule}, got {density!r:.80}.")
    if kind == "lognormal" and (a <= 0 or h.low <= 0):
        raise InvalidValueError(f"`belief` of {h.name!r} can be lognormal only above 0, got {density!r:.80}.")
