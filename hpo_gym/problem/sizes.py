"""A fidelity axis of sizes: each share of a full evaluation is a smaller model, such as one of 5,000 weights."""

from __future__ import annotations

import itertools
import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from hpo_gym.base import InvalidValueError, shown, unknown

SIZE = "size"


@dataclass(frozen=True)
class Sizes:
    """The size of each fidelity.

    Attributes:
        values: Positive, never descending, the last of a full evaluation; one of each fidelity.
        unit: Such as "weights".
    """

    values: tuple[float, ...]
    unit: str = ""

    def __post_init__(self) -> None:
        good = all(0 < v < math.inf for v in self.values) and all(a <= b for a, b in itertools.pairwise(self.values))
        if not self.values or not good:
            raise InvalidValueError(
                f"`values` of sizes must be positive and never descend, got {self.values}; the nearest is "
                f"{tuple(sorted(v for v in self.values if 0 < v < math.inf)) or (1.0,)}."
            )

    @property
    def shares(self) -> tuple[float, ...]:
        """Each size as a share of the last."""
        return tuple(v / self.values[-1] for v in self.values)

    def to_json(self) -> dict[str, Any]:
        """Return the form in `suite.json`."""
        return {"kind": SIZE, "unit": self.unit, "values": list(self.values)}

    def check(self, f: int) -> None:
        """Refuse another number of fidelities."""
        if len(self.values) != f:
            raise InvalidValueError(
                f"`values` of sizes must be one for each of {f} fidelities, got {len(self.values)}."
            )


def sizes_of(said: Mapping[str, Any] | None) -> Sizes | None:
    """Sizes as a user or a file gives them: ``{"kind": "size", "unit": "weights", "values": [5000, 80000]}``."""
    if said is None:
        return None
    if not isinstance(said, Mapping) or "values" not in said:
        raise InvalidValueError(
            f'`fidelity` must be {{"kind": "size", "unit": .., "values": [..]}} or None, got {shown(said)}.'
        )
    for key in said:
        if key not in ("kind", "unit", "values"):
            raise unknown("key of `fidelity`", key, ("kind", "unit", "values"))
    if said.get("kind", SIZE) != SIZE:
        raise unknown("kind of fidelity", said["kind"], (SIZE,))
    values, unit = said["values"], said.get("unit", "")
    whole = isinstance(values, (list, tuple)) and all(
        isinstance(v, (int, float)) and not isinstance(v, bool) for v in values
    )
    if not whole or not isinstance(unit, str):
        raise InvalidValueError(f"`fidelity` must have numbers as `values` and text as `unit`, got {shown(said)}.")
    return Sizes(tuple(float(v) for v in values), unit)
