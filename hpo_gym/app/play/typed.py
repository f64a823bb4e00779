"""Values that a person types: what a hyperparameter can take is asked for, and the nearest is named."""

from __future__ import annotations

import difflib
import math
from typing import Any

from hpo_gym.base import InvalidValueError, shown
from hpo_gym.problem import Hyperparameter


def typed(h: Hyperparameter, text: str) -> Any:
    """Return the value of a hyperparameter from a text: of choices their beginning is enough, in upper or lower case.

    Raises:
        InvalidValueError: It means none; the message names the nearest.
    """
    return _choice(h, text) if h.choices else _number(h, text)


def range_of(h: Hyperparameter) -> str:
    """Return the valid input in words."""
    if h.choices:
        return ", ".join(map(str, h.choices))
    kind = "integer" if h.kind == "int" else "number"
    return f"{kind} from {h.low:g} to {h.high:g}{', logarithmic' if h.log else ''}"


def _choice(h: Hyperparameter, text: str) -> Any:
    by_text = {str(choice): choice for choice in h.choices}
    if text in by_text:
        return by_text[text]
    lower = text.lower()
    same = [choice for name, choice in by_text.items() if name.lower() == lower]
    begun = [choice for name, choice in by_text.items() if lower and name.lower().startswith(lower)]
    for found in (same, begun):
        if len(found) == 1:
            return found[0]
    number, near = _read(text), list[str]()
    if number is not None and all(type(c) in (int, float) for c in h.choices):
        nearest = min(h.choices, key=lambda c: abs(c - number))
        if nearest == number:
            return nearest
        near = [str(nearest)]
    else:
        names = {name.lower(): name for name in by_text}
        near = [names[n] for n in difflib.get_close_matches(lower, names, n=1, cutoff=0.3)]
    hint = f"; the nearest is {near[0]}" if near else ""
    raise InvalidValueError(f"`{h.name}` must be one of {range_of(h)}, got {shown(text, 60)}{hint}.")


def _number(h: Hyperparameter, text: str) -> Any:
    number = _read(text)
    whole = h.kind == "int"
    if number is not None and h.low <= number <= h.high and not (whole and number != int(number)):
        return int(number) if whole else number
    hint = ""
    guess = _read(text.replace(",", ".")) if number is None else number
    if guess is not None:
        near = min(max(round(guess) if whole and math.isfinite(guess) else guess, h.low), h.high)
        hint = f"; the nearest is {int(near) if whole else float(near):g}"
    raise InvalidValueError(f"`{h.name}` must be a{'n' * whole} {range_of(h)}, got {shown(text, 60)}{hint}.")


def _read(text: str) -> float | None:
    """Return a typed number, or None."""
    try:
        number = float(text)
    except ValueError:
        return None
    return None if math.isnan(number) else number
