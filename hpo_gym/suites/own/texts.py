"""Values of hyperparameters as texts."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any

from hpo_gym.problem import Hyperparameter

is_integer = re.compile(r"[+-]?\d{1,15}", re.ASCII).fullmatch
"""Match a whole number of at most 15 digits, without a point."""
is_whole = re.compile(r"[+-]?\d{1,15}(\.0*)?", re.ASCII).fullmatch
"""Match a whole number, perhaps with nothing but zeros after a point."""
is_number = re.compile(r"[+-]?(\d+\.?\d*|\.\d+)([eE][+-]?\d+)?", re.ASCII).fullmatch
"""Match a number, written with a point."""
TRUTH = {"true": True, "false": False}


def reader_of(h: Hyperparameter) -> Callable[[str], Any]:
    """Return a function from a text to a value of a hyperparameter; it returns other texts unchanged."""
    if not h.choices:
        return lambda text: float(text) if is_number(text) else text
    by_text = {str(choice): choice for choice in h.choices}
    if set(h.choices) <= {True, False}:
        by_text |= {text: value for text, value in TRUTH.items() if value in h.choices}
    numbers = {float(c): c for c in h.choices if isinstance(c, (int, float)) and not isinstance(c, bool)}

    def read(text: str) -> Any:
        if text in by_text:
            return by_text[text]
        if text.lower() in by_text:
            return by_text[text.lower()]
        return numbers.get(float(text), text) if is_number(text) else text

    return read
