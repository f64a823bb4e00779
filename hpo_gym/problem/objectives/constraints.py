"""Constraints: upper bounds on minimised objectives, lower bounds on maximised ones."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
from numpy.typing import NDArray

from hpo_gym.base import InvalidValueError, real, shown
from hpo_gym.problem.objectives.objective import Objective, find_objective


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
