"""Parameters of Optuna as configurations of a search space, and back without a change."""

from __future__ import annotations

import contextlib
import itertools
import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from optuna.distributions import (
    BaseDistribution,
    CategoricalChoiceType,
    CategoricalDistribution,
    FloatDistribution,
    IntDistribution,
)

from hpo_gym.base import HPOGymError, InvalidValueError
from hpo_gym.problem import AnySpace, Hyperparameter, SearchSpace, is_plain, levels_of, place_of, read_space

_NEAR = 1e-8  # of a step: what Optuna takes as a multiple
_IN_JSON = (bool, int, float, str, np.generic, type(None))  # plain values but fractions


@dataclass(frozen=True, eq=False)
class ParameterSpace:
    """A search space, and the distribution of Optuna of each of its hyperparameters.

    A range without steps is a range, one with steps an ordinal of its values, choices are choices. If values could not
    be told apart (more than 1,000 steps, choices such as 1 and 1.0, NaN, objects), their positions stand for them.

    Attributes:
        distributions: By name, in the order of the space.
    """

    space: SearchSpace
    distributions: Mapping[str, BaseDistribution]

    @classmethod
    def of(cls, given: AnySpace) -> ParameterSpace:
        """From a space in any form that `read_space` takes, its distributions of Optuna as they are.

        Raises:
            InvalidValueError: As `read_space`.
        """
        mine = {n: d for n, d in given.items() if isinstance(d, BaseDistribution)} if isinstance(given, Mapping) else {}
        if mine and isinstance(given, Mapping):
            given = {**given, **{n: _distinct(d) for n, d in mine.items()}}
        space = read_space(given)
        return cls(space, {h.name: mine.get(h.name) or _distribution(h) for h in space.hyperparameters})

    def config(self, params: Mapping[str, Any]) -> dict[str, Any] | None:
        """Return the configuration of parameters: their values of the active hyperparameters, others left out.

        None if an active one has no value, or one outside the space, or if the space forbids the combination.
        """
        values = self._values(params)
        active = self._active(values)
        config = {name: value for name, value in values.items() if active[name]}
        try:
            self.space.to_unit(config)
        except InvalidValueError:
            return None
        return config

    def unknown(self, params: Mapping[str, Any]) -> list[str]:
        """Return the active hyperparameters without a parameter value, or with one outside the space."""
        values = self._values(params)
        return [name for name, active in self._active(values).items() if active and name not in values]

    def _values(self, params: Mapping[str, Any]) -> dict[str, Any]:
        """Return the values inside the space, by hyperparameter."""
        values: dict[str, Any] = {}
        for h in self.space.hyperparameters:
            with contextlib.suppress(HPOGymError, ValueError, TypeError, OverflowError, KeyError):  # Optuna's own too
                value = _inner(h, self.distributions[h.name], params[h.name])
                h.position(value)
                values[h.name] = value
        return values

    def _active(self, values: Mapping[str, Any]) -> dict[str, bool]:
        """Return the active hyperparameters, by name, as far as the values determine them."""
        x = np.full((1, self.space.d), 0.5)
        for j, h in enumerate(self.space.hyperparameters):
            if h.name in values:
                x[0, j] = h.units(np.array([h.position(values[h.name])]))[0]
        return dict(zip(self.space.names, self.space.active(x)[0].tolist(), strict=True))

    def params(self, config: Mapping[str, Any]) -> dict[str, Any]:
        """Return the parameters of a configuration, each within its distribution."""
        mine = {h.name: h for h in self.space.hyperparameters}
        return {name: _outer(mine[name], self.distributions[name], value) for name, value in config.items()}

    def random(self, rng: np.random.Generator) -> dict[str, Any]:
        """Parameters drawn uniformly: of a logarithmic range in the logarithm, of steps and choices each as often."""
        return self.params(self.space.from_unit(self.space.sample(rng, 1)[0]))


def _inner(h: Hyperparameter, distribution: BaseDistribution, value: CategoricalChoiceType) -> CategoricalChoiceType:
    """Return a parameter's value in the hyperparameter's form.

    Raises:
        ValueError: It is none of its values.
    """
    number = distribution.to_internal_repr(value)
    choices: Sequence[CategoricalChoiceType] = h.choices
    if not isinstance(distribution, FloatDistribution | IntDistribution):
        return choices[int(number)]
    if not _has_places(h, distribution):
        return value
    k = _place(distribution, number)
    if not (abs(k - round(k)) < _NEAR and 0 <= round(k) < h.size):
        raise ValueError(f"{value!r} is no value of {distribution}.")
    return choices[round(k)] if choices else round(k)


def _outer(h: Hyperparameter, distribution: BaseDistribution, value: CategoricalChoiceType) -> CategoricalChoiceType:
    """Return a hyperparameter's value as a parameter: in its distribution, of its type."""
    k = h.position(value)
    if isinstance(distribution, CategoricalDistribution):
        return distribution.choices[int(k)]
    assert isinstance(distribution, FloatDistribution | IntDistribution)
    low, high = distribution.low, distribution.high
    of_type = float if isinstance(distribution, FloatDistribution) else int
    if not _has_places(h, distribution):
        return of_type(min(max(k, low), high))
    number = value if isinstance(value, (int, float)) else math.nan
    if h.choices and low <= number <= high and abs(_place(distribution, number) - k) < _NEAR:
        return of_type(number)  # without the noise of low + k step
    return of_type(min(low + int(k) * (distribution.step or 0), high))


def _place(distribution: FloatDistribution | IntDistribution, number: float) -> float:
    """Return the number of steps above the lowest."""
    return float((number - distribution.low) / distribution.step) if distribution.step else 0.0


def _has_places(h: Hyperparameter, distribution: FloatDistribution | IntDistribution) -> bool:
    """Return whether the values of a range are choices of the hyperparameter, or integers that stand for them."""
    return bool(h.choices) or (h.kind == "int" and _stepped(distribution))


def _stepped(distribution: FloatDistribution | IntDistribution) -> bool:
    return distribution.step is not None and (distribution.step != 1 or isinstance(distribution, FloatDistribution))


def _distinct(distribution: BaseDistribution) -> BaseDistribution:
    """Return the distribution; that of its positions if its values could not be told apart."""
    if isinstance(distribution, CategoricalDistribution):
        plain = _differ(distribution.choices)
        return distribution if plain else CategoricalDistribution(range(len(distribution.choices)))
    if not isinstance(distribution, FloatDistribution | IntDistribution) or distribution.single():
        return distribution
    levels = levels_of(distribution) if _stepped(distribution) else [0.0]
    if levels is not None and all(a < b for a, b in itertools.pairwise(levels)):
        return distribution
    return IntDistribution(0, round((distribution.high - distribution.low) / (distribution.step or 1)))


def _differ(choices: Sequence[object]) -> bool:
    """Return whether choices are plain values, no two of them equal."""
    plain = all(isinstance(c, _IN_JSON) and is_plain(c) for c in choices)
    return plain and all(place_of(choices[:i], choice) < 0 for i, choice in enumerate(choices))


def _distribution(h: Hyperparameter) -> BaseDistribution:
    """Optuna's distribution of a hyperparameter that was given otherwise."""
    if h.choices:
        return CategoricalDistribution(h.choices)
    if h.kind == "int":
        return IntDistribution(int(h.low), int(h.high), log=h.log)
    return FloatDistribution(h.low, h.high, log=h.log)
