"""Choices of a search space that are any objects, such as steps of a pipeline: each stands in the space as a text."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, TypeGuard

import numpy as np

from hpo_gym.base import cut, shown
from hpo_gym.problem import AnySpace, SearchSpace, is_branches, is_plain, read_space

_ADDRESS = re.compile(r" at 0x[0-9a-fA-F]+")


@dataclass(frozen=True)
class ObjectSpace:
    """A search space, and the objects that some of its choices stand for.

    Attributes:
        space: Of plain values. A choice that is none is its position in the list and its repr, without an address, so
            that the space is the same in each process.
        objects: By hyperparameter and text.
    """

    space: SearchSpace
    objects: Mapping[str, Mapping[str, Any]]

    @classmethod
    def read(cls, given: AnySpace) -> ObjectSpace:
        """Read a space in any form of `read_space`; lists in a mapping may hold any objects.

        Raises:
            InvalidValueError: It has another form; the message names the part.
        """
        objects: dict[str, dict[str, Any]] = {}
        if is_branches(given):
            return cls(read_space([_in_words(one, objects) for one in given]), objects)
        return cls(read_space(_in_words(given, objects) if _by_name(given) else given), objects)


def _in_words(given: Mapping[str, Any], objects: dict[str, dict[str, Any]]) -> dict[str, Any]:
    """Return a mapping with texts in place of objects, which are added to `objects`; one object has one text."""
    plain: dict[str, Any] = dict(given)
    for name, value in given.items():
        values = _list(value)
        if values is None or all(map(is_plain, values)):
            continue
        known = objects.setdefault(name, {})
        before = len(known)
        plain[name] = []
        for i, one in enumerate(values):
            text = one if is_plain(one) else next((t for t, o in known.items() if o is one), _text(before + i, one))
            if not is_plain(one):
                known[text] = one
            plain[name].append(text)
    return plain


def _by_name(given: AnySpace) -> TypeGuard[Mapping[str, Any]]:
    of_config_space = hasattr(given, "to_serialized_dict") or (
        isinstance(given, Mapping) and isinstance(given.get("hyperparameters"), list)
    )
    return isinstance(given, Mapping) and not of_config_space


def _list(value: object) -> Sequence[Any] | None:
    """Return the choices of a list, an array or a categorical of Optuna; None for anything else."""
    if isinstance(value, np.ndarray):
        return list(value)
    if type(value).__module__.startswith("optuna.") and hasattr(value, "choices"):
        return list(value.choices)
    return value if isinstance(value, list) else None


def _text(position: int, value: object) -> str:
    whole = " ".join(_ADDRESS.sub("", shown(value, 1000)).split())
    return f"{position}: {cut(whole, 80)}"
