"""Conditions and forbidden clauses of a ConfigSpace, evaluated for many configurations at once.

The trees are ConfigSpace's own JSON; nothing here needs ConfigSpace itself.
"""

from __future__ import annotations

import operator
from collections.abc import Callable, Mapping, Sequence
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

from hpo_gym.base import InvalidValueError, Mask, unknown

Clause = Mapping[str, Any]

_COMPARE: dict[str, Callable[[Any, Any], Any]] = {
    "EQ": operator.eq,
    "EQUALS": operator.eq,
    "NEQ": operator.ne,
    "LT": operator.lt,
    "GT": operator.gt,
    "LE": operator.le,
    "GE": operator.ge,
}


class Values(Protocol):
    """Comparable values of one hyperparameter: numbers as they are, choices by their position."""

    def column(self, name: str) -> NDArray[np.float64]:
        """Values of hyperparameter `name`, shape ``(n,)``."""

    def operand(self, name: str, value: object) -> float:
        """Return the number for `value` in `column(name)`."""

    def number(self, name: str) -> NDArray[np.float64]:
        """Return the plain numeric values of `name`, for relations between two hyperparameters."""


def holds(condition: Clause, values: Values, active: Mapping[str, Mask]) -> Mask:
    """Evaluate a condition; one on an inactive parent does not hold. Shape ``(n,)``."""
    kind = condition["type"]
    if kind in ("AND", "OR"):
        parts = [holds(c, values, active) for c in condition["conditions"]]
        return np.asarray(np.logical_and.reduce(parts) if kind == "AND" else np.logical_or.reduce(parts))
    parent = condition["parent"]
    return np.asarray(_leaf(kind, parent, condition, values) & active[parent])


def forbidden(clause: Clause, values: Values, active: Mapping[str, Mask]) -> Mask:
    """Evaluate a forbidden clause; one on an inactive hyperparameter does not forbid. Shape ``(n,)``."""
    kind = clause["type"]
    if kind in ("AND", "OR"):
        parts = [forbidden(c, values, active) for c in clause["clauses"]]
        return np.asarray(np.logical_and.reduce(parts) if kind == "AND" else np.logical_or.reduce(parts))
    if kind.startswith("RELATION_"):
        left, right = clause["left"], clause["right"]
        compare = _COMPARE[kind.removeprefix("RELATION_")]
        return np.asarray(compare(values.number(left), values.number(right)) & active[left] & active[right])
    name = clause["name"]
    return np.asarray(_leaf(kind.removeprefix("CLAUSE_"), name, clause, values) & active[name])


def parents(condition: Clause) -> set[str]:
    """Names of the hyperparameters that a condition looks at."""
    if condition["type"] in ("AND", "OR"):
        return set().union(*(parents(c) for c in condition["conditions"]))
    return {condition["parent"]}


def named(clause: Clause) -> set[str]:
    """Names of the hyperparameters that a forbidden clause looks at."""
    if clause["type"] in ("AND", "OR"):
        return set().union(*(named(c) for c in clause["clauses"]))
    return {clause["left"], clause["right"]} if clause["type"].startswith("RELATION_") else {clause["name"]}


def check(conditions: Sequence[Clause], clauses: Sequence[Clause], names: Sequence[str]) -> None:
    """Refuse conditions and forbidden clauses that `holds` and `forbidden` could not evaluate.

    Raises:
        InvalidValueError: One lacks a part, is of an unknown kind, or refers to an unknown hyperparameter.
    """
    for what, trees, looked_at in (("condition", conditions, parents), ("forbidden clause", clauses, named)):
        for tree in trees:
            try:
                found = looked_at(tree) | ({tree["child"]} if what == "condition" else set())
                kinds = {_kind(leaf) for leaf in _leaves(tree)} - set(_COMPARE)
            except (KeyError, TypeError, AttributeError) as fault:
                raise InvalidValueError(f"A {what} must be as ConfigSpace writes it, got {tree!r:.200}.") from fault
            if kinds:
                raise InvalidValueError(f"A {what} must be of a kind of ConfigSpace, got {sorted(kinds)}.")
            for name in sorted(found - set(names)):
                raise unknown(f"hyperparameter (of a {what})", name, names)


def _leaves(tree: Clause) -> list[Clause]:
    if tree["type"] in ("AND", "OR"):
        return [leaf for part in tree.get("clauses", tree.get("conditions")) for leaf in _leaves(part)]
    return [tree]


def _kind(leaf: Clause) -> str:
    """Return how a leaf compares; a leaf without a `type` is completed from its other parts."""
    kind = str(leaf["type"])
    if kind.startswith("RELATION_"):
        return kind.removeprefix("RELATION_")
    kind = kind.removeprefix("CLAUSE_")
    _ = leaf["values" if kind == "IN" else "value"]
    return "EQ" if kind == "IN" else kind


def in_order(names: Sequence[str], conditions: Sequence[Clause]) -> list[Clause]:
    """Sort conditions so that each child comes after all its parents.

    Raises:
        InvalidValueError: The conditions form a cycle.
    """
    waiting = list(conditions)
    settled = set(names) - {c["child"] for c in waiting}
    ordered: list[Clause] = []
    while waiting:
        ready = [c for c in waiting if parents(c) <= settled]
        if not ready:
            raise InvalidValueError(f"Conditions must form no cycle, got {sorted({c['child'] for c in waiting})}.")
        ordered += ready
        waiting = [c for c in waiting if c not in ready]
        settled |= {c["child"] for c in ready} - {c["child"] for c in waiting}
    return ordered


def _leaf(kind: str, name: str, clause: Clause, values: Values) -> Mask:
    column = values.column(name)
    if kind == "IN":
        return np.asarray(np.isin(column, [values.operand(name, v) for v in clause["values"]]))
    return np.asarray(_COMPARE[kind](column, values.operand(name, clause["value"])))
