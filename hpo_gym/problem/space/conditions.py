"""Conditions and forbidden clauses of a ConfigSpace, evaluated for many configurations at once.

The trees are ConfigSpace's own JSON; nothing here needs ConfigSpace itself.
"""

from __future__ import annotations

import operator
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from hpo_gym.base import Floats, InvalidValueError, Mask, unknown
from hpo_gym.problem.space.hyperparameter import Hyperparameter

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
_CONDITION, _CLAUSE = {"parent", "conditions"}, {"name", "left", "right", "clauses"}
"""What a node of either tree is about: one of these."""
_JOINED = {"AND": np.logical_and, "OR": np.logical_or}


@dataclass
class Columns:
    """The columns of points, comparable: numbers as they are, choices by their position; decoded when asked for.

    Attributes:
        x: Points, ``(n, d)``.
        active: The active hyperparameters of each, ``(n, d)``.
    """

    hyperparameters: Mapping[str, tuple[int, Hyperparameter]]
    x: Floats
    active: Mask
    _made: dict[str, Floats] = field(default_factory=dict)

    def column(self, name: str) -> Floats:
        """Return the values of a hyperparameter, ``(n,)``."""
        if name not in self._made:
            j, h = self.hyperparameters[name]
            self._made[name] = h.numbers(self.x[:, j])
        return self._made[name]

    def operand(self, name: str, value: object) -> float:
        """Return the number for `value` in `column(name)`."""
        _, h = self.hyperparameters[name]
        return h.position(value) if h.choices else float(value)  # type: ignore[arg-type]

    def number(self, name: str) -> Floats:
        """Return the plain numeric values of a hyperparameter, for relations between two."""
        _, h = self.hyperparameters[name]
        column = self.column(name)
        return np.array(h.values(column), np.float64) if h.choices else column

    def active_in(self, name: str) -> Mask:
        """Return the points with an active hyperparameter, ``(n,)``."""
        return self.active[:, self.hyperparameters[name][0]]


def holds(tree: Clause, points: Columns) -> Mask:
    """Evaluate a condition or a forbidden clause, ``(n,)``; one on an inactive hyperparameter does not hold."""
    kind = tree["type"]
    if kind in _JOINED:
        return np.asarray(_JOINED[kind].reduce([holds(part, points) for part in _parts(tree)]))
    if kind.startswith("RELATION_"):
        left, name = tree["left"], tree["right"]
        compared = _COMPARE[kind.removeprefix("RELATION_")](points.number(left), points.number(name))
        met = compared & points.active_in(left)
    else:
        (name,) = _names(tree)
        met = _leaf(kind.removeprefix("CLAUSE_"), name, tree, points)
    return np.asarray(met & points.active_in(name))


def looked_at(tree: Clause) -> set[str]:
    """Names of the hyperparameters that a condition or a forbidden clause looks at."""
    return set().union(*map(_names, _leaves(tree)))


def check(conditions: Sequence[Clause], clauses: Sequence[Clause], names: Sequence[str]) -> None:
    """Refuse conditions and forbidden clauses that lack a part, are unknown, or name no hyperparameter."""
    for what, trees, keys in (("condition", conditions, _CONDITION), ("forbidden clause", clauses, _CLAUSE)):
        for tree in trees:
            try:
                _check_keys(tree, keys)
                found = looked_at(tree) | ({tree["child"]} if what == "condition" else set())
                kinds = {_kind(leaf) for leaf in _leaves(tree)} - set(_COMPARE)
            except (KeyError, TypeError, AttributeError) as fault:
                raise InvalidValueError(f"A {what} must be as ConfigSpace writes it, got {tree!r:.200}.") from fault
            if kinds:
                raise InvalidValueError(f"A {what} must be of a kind of ConfigSpace, got {sorted(kinds)}.")
            for name in sorted(found - set(names)):
                raise unknown(f"hyperparameter (of a {what})", name, names)


def _check_keys(tree: Clause, keys: set[str]) -> None:
    """Raise `KeyError` where a node has none of the keys of its kind of tree, or those of the other kind."""
    if not keys.issuperset(tree.keys() & (_CONDITION | _CLAUSE)) or tree.keys().isdisjoint(keys):
        raise KeyError(*keys)
    for part in _parts(tree) if tree["type"] in _JOINED else ():
        _check_keys(part, keys)


def _leaves(tree: Clause) -> list[Clause]:
    return [leaf for part in _parts(tree) for leaf in _leaves(part)] if tree["type"] in _JOINED else [tree]


def _parts(tree: Clause) -> list[Clause]:
    return list(tree.get("clauses", tree.get("conditions")))


def _names(leaf: Clause) -> set[str]:
    if leaf["type"].startswith("RELATION_"):
        return {leaf["left"], leaf["right"]}
    return {leaf["parent"] if "parent" in leaf else leaf["name"]}


def _kind(leaf: Clause) -> str:
    """Return how a leaf compares; a leaf without a `type` is completed from its other parts."""
    kind = str(leaf["type"])
    if kind.startswith("RELATION_"):
        return kind.removeprefix("RELATION_")
    kind = kind.removeprefix("CLAUSE_")
    _ = leaf["values" if kind == "IN" else "value"]
    return "EQ" if kind == "IN" else kind


def in_order(names: Sequence[str], conditions: Sequence[Clause]) -> list[Clause]:
    """Sort conditions so that each child comes after all its parents; raise `InvalidValueError` on a cycle."""
    waiting = list(conditions)
    settled = set(names) - {c["child"] for c in waiting}
    ordered: list[Clause] = []
    while waiting:
        ready = [c for c in waiting if looked_at(c) <= settled]
        if not ready:
            raise InvalidValueError(f"Conditions must form no cycle, got {sorted({c['child'] for c in waiting})}.")
        ordered += ready
        waiting = [c for c in waiting if c not in ready]
        settled |= {c["child"] for c in ready} - {c["child"] for c in waiting}
    return ordered


def _leaf(kind: str, name: str, clause: Clause, points: Columns) -> Mask:
    column = points.column(name)
    if kind == "IN":
        return np.asarray(np.isin(column, [points.operand(name, v) for v in clause["values"]]))
    return np.asarray(_COMPARE[kind](column, points.operand(name, clause["value"])))
