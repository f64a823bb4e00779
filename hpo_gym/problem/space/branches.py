"""A list of mappings, as scikit-learn has them for branches of a search space, as one space with conditions."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from hpo_gym.base import InvalidValueError, shown
from hpo_gym.problem.space.hyperparameter import Part, place_of

_FORM = "[{'kernel': ['rbf'], 'gamma': (0.01, 1.0)}, {'kernel': ['linear']}]"


def joined(branches: Sequence[Mapping[str, Any]], read: Callable[[str, Any], Part], what: str) -> dict[str, Any]:
    """Return the JSON of one ConfigSpace for alternative mappings.

    One hyperparameter, the switch, is a choice in each mapping, and no two mappings share a value of it. The others are
    active with the values of their mappings, and are equal in all of these.

    Args:
        branches: Names to forms for `read`.
        read: Makes a hyperparameter of a name and its form.

    Raises:
        InvalidValueError: There is no switch, or a hyperparameter differs between two mappings.
    """
    if not branches or not all(branches):
        raise InvalidValueError(f"`{what}` must have a hyperparameter in each mapping, got {shown(branches)}.")
    names = list(dict.fromkeys(name for branch in branches for name in branch))
    wrong = [name for name in names if not isinstance(name, str)]
    if wrong:
        raise InvalidValueError(f"Names in `{what}` must be texts, got {shown(wrong[0])}.")
    switch = next((name for name in names if _switches(branches, name)), None)
    if switch is None:
        raise InvalidValueError(
            f"Mappings of `{what}` must have one hyperparameter in common, a list of choices that differ from mapping "
            f"to mapping, such as `kernel` in {_FORM}; got {shown(branches)}. Without one, tune each mapping by itself."
        )
    parts, conditions = [], []
    for name in names:
        if name == switch:
            parts.append(read(name, [value for branch in branches for value in _values(branch[name])]))
            continue
        having = [branch for branch in branches if name in branch]
        forms = [read(name, branch[name]) for branch in having]
        if any(form != forms[0] for form in forms):
            raise InvalidValueError(
                f"`{name}` must be the same in each mapping of `{what}` that has it, got {shown(having[0][name])} and "
                f"{shown(next(b[name] for b, form in zip(having, forms, strict=True) if form != forms[0]))}: give it "
                "one range, or two names."
            )
        parts.append(forms[0])
        if len(having) < len(branches):
            values = [value for branch in having for value in _values(branch[switch])]
            conditions.append({"type": "IN", "child": name, "parent": switch, "values": values})
    return {"name": None, "hyperparameters": parts, "conditions": conditions, "forbiddens": []}


def _switches(branches: Sequence[Mapping[str, Any]], name: str) -> bool:
    """Return whether each mapping has choices of a hyperparameter that no other one has."""
    if not all(isinstance(branch.get(name, ...), (list, str, int, float, bool, type(None))) for branch in branches):
        return False
    values = [value for branch in branches for value in _values(branch[name])]
    return all(place_of(values[:i], value) < 0 for i, value in enumerate(values))


def _values(value: object) -> list[Any]:
    return value if isinstance(value, list) else [value]
