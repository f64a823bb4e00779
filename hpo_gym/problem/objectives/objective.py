"""`Objective`: a quantity of a trial beside its score, with its better direction.

Constraints are upper bounds on minimised objectives, and lower bounds on maximised ones.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from hpo_gym.base import Floats, InvalidValueError, real, shown, unknown

DIRECTIONS = ("minimize", "maximize")


@dataclass(frozen=True)
class Objective:
    """One number of a configuration.

    Attributes:
        name: Unique among those of a task.
        unit: Such as "weights" or "seconds".
        direction: "minimize" or "maximize".
        protocol: How it was measured.

    Raises:
        InvalidValueError: A name that is no printable text.
        UnknownNameError: Another direction.
    """

    name: str
    unit: str = ""
    direction: str = "minimize"
    protocol: str = ""

    def __post_init__(self) -> None:
        if not (isinstance(self.name, str) and self.name and self.name.isprintable()):
            raise InvalidValueError(f"The name of an objective must be printable text, got {self.name!r}.")
        for key in ("unit", "protocol"):
            if not isinstance(getattr(self, key), str):
                raise InvalidValueError(f"`{key}` of objective {self.name!r} must be text, got {getattr(self, key)!r}.")
        if self.direction not in DIRECTIONS:
            raise unknown(f"direction (of objective {self.name!r})", self.direction, DIRECTIONS)

    @property
    def sign(self) -> float:
        """Return the factor that makes more better: -1 for minimised objectives, else 1."""
        return -1.0 if self.direction == "minimize" else 1.0


SCORE, COST_OBJECTIVE = Objective("score", direction="maximize"), Objective("cost")
EVERY = (SCORE, COST_OBJECTIVE)
"""Quantities of every trial; no further objective may have these names."""


def refuse_reserved(names: Sequence[str]) -> None:
    """Refuse names that every trial has already."""
    for objective in EVERY:
        if objective.name in names:
            raise InvalidValueError(
                f"A further objective must not be named {objective.name!r}: every trial has one; the nearest is "
                f"'{objective.name}_2'."
            )


def find_objective(name: object, further: Sequence[Objective]) -> tuple[Objective, int]:
    """Return the objective of a name and its place: -2 the score, -1 the cost, else its place among the further ones.

    Raises:
        UnknownNameError: None of these; the message offers the nearest.
    """
    known = (*EVERY, *further)
    for place, objective in enumerate(known, -len(EVERY)):
        if objective.name == name:
            return objective, place
    raise unknown("objective", name, [objective.name for objective in known])


def check_constraints(constraints: Mapping[str, float] | None, further: Sequence[Objective]) -> dict[str, float]:
    """Constraints as plain floats by the name of an objective.

    Raises:
        UnknownNameError: No such objective.
        InvalidValueError: A bound that is no finite number, or no mapping.
    """
    if not isinstance(constraints, Mapping) or not constraints:
        raise InvalidValueError(f'`constraints` must be a mapping such as {{"size": 1e5}}, got {shown(constraints)}.')
    for name in constraints:
        find_objective(name, further)
    return {name: real(f"constraints[{name!r}]", bound) for name, bound in constraints.items()}


def broken(values: NDArray[np.floating], bound: float, sign: float) -> NDArray[np.bool_]:
    """Return the values beyond a bound; the bound itself is allowed, and rounded to the type of the values."""
    edge = np.asarray(bound, values.dtype)
    return np.asarray(values > edge if sign < 0 else values < edge)


def rule_of(name: str, bound: float, further: Sequence[Objective]) -> str:
    """Return a constraint in words, such as ``size <= 100000``."""
    return f"{name} {'<=' if find_objective(name, further)[0].sign < 0 else '>='} {bound:g}"


_SCORE, _COST = -2, -1


@dataclass(frozen=True)
class Outcomes:
    """Some numbers of a trial, in an order.

    Attributes:
        places: For each, -2 the score, -1 the cost, else the place among the further objectives.
    """

    objectives: tuple[Objective, ...]
    places: tuple[int, ...]

    @classmethod
    def of(cls, names: object, further: Sequence[Objective]) -> Outcomes:
        """Return the outcomes with these names.

        Raises:
            UnknownNameError: No such objective; the message offers the nearest.
            InvalidValueError: Not a list of names, empty, or a name twice.
        """
        if isinstance(names, str) or not isinstance(names, Sequence) or not names:
            raise InvalidValueError(
                f'`objectives` must be a list of names such as ["score", "cost"], got {shown(names)}.'
            )
        found = [find_objective(name, further) for name in names]
        if len(set(names)) < len(names):
            raise InvalidValueError(f"`objectives` must name each objective once, got {shown(list(names))}.")
        return cls(tuple(o for o, _ in found), tuple(place for _, place in found))

    @property
    def names(self) -> tuple[str, ...]:
        """Their names."""
        return tuple(objective.name for objective in self.objectives)

    @property
    def signs(self) -> Floats:
        """Return the factors that make more better, ``(o,)``."""
        return np.array([objective.sign for objective in self.objectives])

    @property
    def needs_cost(self) -> bool:
        """Return whether the cost is among them."""
        return _COST in self.places

    def values(self, score: NDArray[np.floating], cost: Floats | None, further: Floats) -> Floats:
        """Return the numbers of `n` trials in their own units, fresh: ``(n, o)``.

        Args:
            score: ``(n,)``.
            cost: ``(n,)``, or None if it is not needed.
            further: All further objectives, ``(n, p)``.
        """
        out = np.empty((len(score), len(self.places)))
        for column, place in enumerate(self.places):
            if place == _SCORE:
                out[:, column] = score
            elif place == _COST:
                assert cost is not None
                out[:, column] = cost
            else:
                out[:, column] = further[:, place]
        return out
