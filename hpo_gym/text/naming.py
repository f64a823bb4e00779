"""Names, values and a search space in words: short, and readable back."""

from __future__ import annotations

import functools
import json
import re
from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from hpo_gym.problem import Hyperparameter, SearchSpace, place_of

_BARE = re.compile(r"(?!(?:true|false|null|none|nan|inf|infinity)\Z)[^\W\d](?:[\w.+:/-]*\w)?", re.IGNORECASE)
_EXPONENT = re.compile(r"e\+?(-?)0*")
_SIGNS = {"NEQ": "!=", "LT": "<", "GT": ">", "LE": "<=", "GE": ">="}


def columns_of(space: SearchSpace, names: bool) -> tuple[Hyperparameter, ...]:
    """Return the hyperparameters as a text calls them; without `names` `h1`, `h2`, .., their choices `a`, `b`, .."""
    return space.hyperparameters if names else _hidden_columns(space)


@functools.lru_cache(maxsize=64)
def _hidden_columns(space: SearchSpace) -> tuple[Hyperparameter, ...]:
    return tuple(map(_hidden, space.hyperparameters, range(1, space.d + 1)))


def _hidden(h: Hyperparameter, place: int) -> Hyperparameter:
    numbers = h.kind == "ordinal" and all(type(c) in (int, float) for c in h.choices)  # their size says something
    hidden = h.choices if numbers else tuple(map(_letters, range(len(h.choices))))
    return replace(h, name=f"h{place}", choices=hidden, unit=None)


def _letters(place: int) -> str:
    return (_letters(place // 26 - 1) if place > 25 else "") + chr(ord("a") + place % 26)


def renamed(space: SearchSpace, names: bool, config: Mapping[str, Any]) -> list[tuple[Hyperparameter, Any]]:
    """Return what a configuration chooses: hyperparameters and values as a text calls them, constants left out."""
    pairs = zip(space.hyperparameters, columns_of(space, names), strict=True)
    return [(s, _named(h, s, config[h.name])) for h, s in pairs if h.name in config and h.kind != "constant"]


def _named(h: Hyperparameter, shown: Hyperparameter, value: Any) -> Any:
    place = place_of(h.choices, value)
    return value if place < 0 else shown.choices[place]


def word(value: object) -> str:
    """Return a name or a choice: bare if it cannot be taken for anything else, otherwise as JSON."""
    return _word(value) if isinstance(value, str) else json.dumps(value, default=str)


@functools.lru_cache(maxsize=4096)
def _word(text: str) -> str:
    return text if _BARE.fullmatch(text) else json.dumps(text, ensure_ascii=False)


def number(value: float, digits: int = 4) -> str:
    """Return a number with at most so many significant digits; an integer whole."""
    text = str(value) if isinstance(value, int) else f"{value:.{digits}g}"
    return _EXPONENT.sub(r"e\1", text) if "e" in text else text


def value_of(h: Hyperparameter, value: Any) -> str:
    """Return a value of a hyperparameter; rounding never leaves its range."""
    if h.choices or not isinstance(value, float):
        return word(value)
    text = number(value)
    return text if h.low <= float(text) <= h.high else _EXPONENT.sub(r"e\1", repr(value).removesuffix(".0"))


def outline(space: SearchSpace, names: bool) -> tuple[str, ...]:
    """Return a line for each hyperparameter but constants, below the condition that makes it active, and clauses."""
    return _outline(space, names, tuple(h.unit for h in space.hyperparameters))


@functools.lru_cache(maxsize=64)
def _outline(space: SearchSpace, names: bool, units: tuple[str | None, ...]) -> tuple[str, ...]:
    """`units` tell spaces apart that are equal but for them."""
    pairs, when = _pairs(space, names), conditions_of(space, names)
    groups: dict[str, list[str]] = {"": ["Hyperparameters:"]}
    for h, s in pairs.values():
        if h.kind != "constant":
            rule = when.get(h.name, "")
            groups.setdefault(rule, [f"Only if {rule}:"]).append(f"- {word(s.name)}: {_range(s)}")
    clauses = [f"Never {_condition(tree, pairs)}." for tree in space.to_json().get("forbiddens", [])]
    return (*(line for lines in groups.values() for line in lines), *clauses)


def conditions_of(space: SearchSpace, names: bool) -> dict[str, str]:
    """Return the condition that makes a hyperparameter active, in words, by its own name."""
    pairs, when = _pairs(space, names), dict[str, list[str]]()
    for tree in space.to_json().get("conditions", []):
        when.setdefault(tree["child"], []).append(_condition(tree, pairs))
    return {child: " and ".join(rules) for child, rules in when.items()}


def _pairs(space: SearchSpace, names: bool) -> dict[str, tuple[Hyperparameter, Hyperparameter]]:
    return {h.name: (h, s) for h, s in zip(space.hyperparameters, columns_of(space, names), strict=True)}


def _range(h: Hyperparameter) -> str:
    unit = f", in {h.unit}" if h.unit else ""
    if h.choices:
        return f"{', '.join(value_of(h, c) for c in h.choices)}{' (in order)' if h.kind == 'ordinal' else ''}{unit}"
    kind = "integer " if h.kind == "int" else ""
    return f"{kind}{value_of(h, h.low)} to {value_of(h, h.high)}{', log scale' if h.log else ''}{unit}"


def _condition(tree: Mapping[str, Any], pairs: Mapping[str, tuple[Hyperparameter, Hyperparameter]]) -> str:
    """Return a condition or a forbidden clause of ConfigSpace's JSON in words."""
    kind = tree["type"].removeprefix("CLAUSE_")
    if kind in ("AND", "OR"):
        parts = [_condition(part, pairs) for part in tree.get("clauses", tree.get("conditions"))]
        return f"({f' {kind.lower()} '.join(parts)})" if len(parts) > 1 else parts[0]
    if kind.startswith("RELATION_"):
        left, right = (word(pairs[tree[side]][1].name) for side in ("left", "right"))
        return f"{left} {_SIGNS.get(kind.removeprefix('RELATION_'), '=')} {right}"
    h, s = pairs[tree.get("parent", tree.get("name"))]
    values = [value_of(s, _named(h, s, value)) for value in tree.get("values", [tree.get("value")])]
    return f"{word(s.name)} {_SIGNS.get(kind, '=')} {' or '.join(values)}"
