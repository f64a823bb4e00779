"""Hyperparameters read back from the columns of a numeric matrix: one-hot choices, scaled numbers, conditions.

A source that trained a model on pipelines stores them as numbers. A `Column` says which columns hold a hyperparameter
and how to undo the scaling; a value that the hyperparameter cannot take is refused, and so is an inactive one that
varies, since then the condition would be wrong.
"""

from __future__ import annotations

import itertools
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from ConfigSpace import (
    CategoricalHyperparameter,
    ConfigurationSpace,
    InCondition,
    OrdinalHyperparameter,
    UniformFloatHyperparameter,
    UniformIntegerHyperparameter,
)
from numpy.typing import NDArray

from hpo_gym.base import DamagedDataError, Floats
from hpo_gym.problem import SearchSpace

Undo = Callable[[Floats], Floats]
"""Takes stored numbers to values."""

_OFF = 2e-3  # how far from an integer a stored integer may be: float32 in a logarithm of up to 500


@dataclass(frozen=True, eq=False)
class Column:
    """One hyperparameter.

    Attributes:
        at: The columns of the matrix that hold it.
        hyperparameter: ConfigSpace's own.
        read: Values of active rows ``(n, len(at))``.
        parent: The hyperparameter and its choices under which this one is active.
    """

    at: tuple[int, ...]
    hyperparameter: Any
    read: Callable[[Floats], Sequence[Any]]
    parent: tuple[str, tuple[Any, ...]] | None = None

    @property
    def name(self) -> str:
        """The hyperparameter's name."""
        return str(self.hyperparameter.name)


Parent = tuple[str, tuple[Any, ...]] | None


def choice(
    name: str,
    at: Sequence[int],
    choices: Sequence[str],
    default: str,
    parent: Parent = None,
) -> Column:
    """Return a one-hot choice."""

    def read(u: Floats) -> Sequence[Any]:
        _refuse(name, u, ((u == 0) | (u == 1)).all(1) & (u.sum(1) == 1))
        return [choices[j] for j in u.argmax(1)]

    return Column(
        tuple(at),
        CategoricalHyperparameter(name, list(choices), default_value=default),
        read,
        parent,
    )


def flag(name: str, at: int, default: bool, parent: Parent = None) -> Column:
    """0 or 1."""

    def read(u: Floats) -> Sequence[Any]:
        _refuse(name, u, ((u == 0) | (u == 1)).all(1))
        return [bool(v) for v in u[:, 0]]

    return Column(
        (at,),
        CategoricalHyperparameter(name, [False, True], default_value=default),
        read,
        parent,
    )


def grid(name: str, at: int, values: Sequence[float], default: float, parent: Parent = None) -> Column:
    """Equally spaced values, stored as their place on the grid, scaled to [0, 1]."""

    def read(u: Floats) -> Sequence[Any]:
        return [values[i] for i in _integers(name, u * (len(values) - 1), 0, len(values) - 1)]

    return Column(
        (at,),
        OrdinalHyperparameter(name, list(values), default_value=default),
        read,
        parent,
    )


def integer(
    name: str,
    at: int,
    bounds: tuple[int, int],
    undo: Undo,
    default: int,
    parent: Parent = None,
    *,
    log: bool = False,
) -> Column:
    """Return an integer."""

    def read(u: Floats) -> Sequence[Any]:
        return _integers(name, undo(u), *bounds)

    return Column(
        (at,),
        UniformIntegerHyperparameter(name, *bounds, default_value=default, log=log),
        read,
        parent,
    )


def real(
    name: str,
    at: int,
    bounds: tuple[float, float],
    undo: Undo,
    default: float,
    parent: Parent = None,
    *,
    log: bool = False,
) -> Column:
    """Return a real number; a rounding error of float32 beyond an end is moved to the end."""

    def read(u: Floats) -> Sequence[Any]:
        v, slack = undo(u), 1e-6 * (bounds[1] - bounds[0])
        _refuse(name, v, ((v >= bounds[0] - slack) & (v <= bounds[1] + slack)).all(1))
        return list(np.clip(v[:, 0], *bounds).tolist())

    return Column(
        (at,),
        UniformFloatHyperparameter(name, *bounds, default_value=default, log=log),
        read,
        parent,
    )


def linear(low: float, high: float) -> Undo:
    """Undo the scaling of `low` to 0 and `high` to 1."""
    return lambda u: low + u * (high - low)


def logarithmic(low: float, high: float) -> Undo:
    """Undo the scaling of the logarithm of `low` to 0 and of `high` to 1."""
    return lambda u: low * (high / low) ** u


# ---------------------------------------------------------------------------------------------- all columns
def config_space(name: str, columns: Sequence[Column]) -> ConfigurationSpace:
    """Return the search space of some columns."""
    space = ConfigurationSpace(name=name)
    space.add([c.hyperparameter for c in columns])
    conditions = [
        InCondition(c.hyperparameter, space[c.parent[0]], list(c.parent[1])) for c in columns if c.parent is not None
    ]
    space.add(conditions)
    return space


def space_json(name: str, columns: Sequence[Column]) -> dict[str, Any]:
    """Return the search space as ConfigSpace's JSON, the same from every version that writes this format."""
    return {
        **SearchSpace(config_space(name, columns)).to_json(),
        "python_module_version": "1.2.0",
    }


def configurations(columns: Sequence[Column], matrix: Floats) -> list[dict[str, Any]]:
    """Return the configuration of each row of a matrix ``(m, p)``; a parent stands before its children.

    Raises:
        DamagedDataError: A number is no value of its hyperparameter, or an inactive one varies.
    """
    out: list[dict[str, Any]] = [{} for _ in matrix]
    for column in columns:
        on = np.array([column.parent is None or c.get(column.parent[0]) in column.parent[1] for c in out])
        idle = matrix[~on][:, column.at]
        if idle.size and (idle != idle[0]).any():
            raise DamagedDataError(f"`{column.name}` must be constant where it is inactive; it varies.")
        for i, value in zip(
            np.flatnonzero(on).tolist(),
            column.read(matrix[on][:, column.at]),
            strict=True,
        ):
            out[i][column.name] = value
    return out


def canonical_points(name: str, columns: Sequence[Column], configs: Sequence[dict[str, Any]]) -> NDArray[np.float32]:
    """Points of configurations in float32, ``(m, d)``, each another configuration.

    Raises:
        DamagedDataError: Two rows are one configuration.
    """
    x = SearchSpace(config_space(name, columns)).encode(configs).astype(np.float32)
    order = np.lexsort(x.T)
    twice = [(int(a), int(b)) for a, b in itertools.pairwise(order) if (x[a] == x[b]).all()]
    if twice:
        raise DamagedDataError(f"Rows must be different configurations, got {twice[:3]} among {len(twice)} equal ones.")
    return x


def _integers(name: str, v: Floats, low: int, high: int) -> list[int]:
    near = np.rint(v)
    _refuse(name, v, ((np.abs(v - near) <= _OFF) & (near >= low) & (near <= high)).all(1))
    return list(near[:, 0].astype(int).tolist())


def _refuse(name: str, v: Floats, good: np.bool_ | NDArray[np.bool_]) -> None:
    if not good.all():
        raise DamagedDataError(f"`{name}` cannot take the values that are stored, such as {v[~good][0].tolist()}.")
