"""`Objective`: a quantity of a trial beside its score, with its better direction."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from hpo_gym.base import InvalidValueError, unknown

DIRECTIONS = ("minimize", "maximize")


@dataclass(frozen=True)
class Objective:
    """One number of a configuration.

    Attributes:
        name: Unique among those of a task.
        unit: Such as "weights" or "seconds".
        direction: "minimize" or "maximize".
        protocol: How it was measured.

    Raises:
        InvalidValueError: A name that is no printable text.
        UnknownNameError: Another direction.
    """

    name: str
    unit: str = ""
    direction: str = "minimize"
    protocol: str = ""

    def __post_init__(self) -> None:
        if not (isinstance(self.name, str) and self.name and self.name.isprintable()):
            raise InvalidValueError(f"The name of an objective must be printable text, got {self.name!r}.")
        for key in ("unit", "protocol"):
            if not isinstance(getattr(self, key), str):
                raise InvalidValueError(f"`{key}` of objective {self.name!r} must be text, got {getattr(self, key)!r}.")
        if self.direction not in DIRECTIONS:
            raise unknown(f"direction (of objective {self.name!r})", self.direction, DIRECTIONS)

    @property
    def sign(self) -> float:
        """Return the factor that makes more better: -1 for minimised objectives, else 1."""
        return -1.0 if self.direction == "minimize" else 1.0


SCORE, COST_OBJECTIVE = Objective("score", direction="maximize"), Objective("cost")
EVERY = (SCORE, COST_OBJECTIVE)
"""Quantities of every trial; no further objective may have these names."""


def refuse_reserved(names: Sequence[str]) -> None:
    """Refuse names that every trial has already."""
    for objective in EVERY:
        if objective.name in names:
            raise InvalidValueError(
                f"A further objective must not be named {objective.name!r}: every trial has one; the nearest is "
                f"'{objective.name}_2'."
            )


def find_objective(name: object, further: Sequence[Objective]) -> tuple[Objective, int]:
    """Return the objective of a name and its place: -2 the score, -1 the cost, else its place among the further ones.

    Raises:
        UnknownNameError: None of these; the message offers the nearest.
    """
    known = (*EVERY, *further)
    for place, objective in enumerate(known, -len(EVERY)):
        if objective.name == name:
            return objective, place
    raise unknown("objective", name, [objective.name for objective in known])
