"""`Outcomes`: some numbers of trials in an order, such as score and size."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from hpo_gym.base import Floats, InvalidValueError, shown
from hpo_gym.problem.objectives.objective import Objective, find_objective

_SCORE, _COST = -2, -1


@dataclass(frozen=True)
class Outcomes:
    """Some numbers of a trial, in an order.

    Attributes:
        objectives: Their descriptions, `o` of them.
        places: For each, -2 the score, -1 the cost, else the place among the further objectives.
    """

    objectives: tuple[Objective, ...]
    places: tuple[int, ...]

    @classmethod
    def of(cls, names: object, further: Sequence[Objective]) -> Outcomes:
        """Return the outcomes with these names.

        Raises:
            UnknownNameError: No such objective; the message offers the nearest.
            InvalidValueError: Not a list of names, empty, or a name twice.
        """
        if isinstance(names, str) or not isinstance(names, Sequence) or not names:
            raise InvalidValueError(
                f'`objectives` must be a list of names such as ["score", "cost"], got {shown(names)}.'
            )
        found = [find_objective(name, further) for name in names]
        if len(set(names)) < len(names):
            raise InvalidValueError(f"`objectives` must name each objective once, got {shown(list(names))}.")
        return cls(tuple(o for o, _ in found), tuple(place for _, place in found))

    @property
    def names(self) -> tuple[str, ...]:
        """Their names."""
        return tuple(objective.name for objective in self.objectives)

    @property
    def signs(self) -> Floats:
        """Return the factors that make more better, ``(o,)``."""
        return np.array([objective.sign for objective in self.objectives])

    @property
    def needs_cost(self) -> bool:
        """Return whether the cost is among them."""
        return _COST in self.places

    def values(self, score: NDArray[np.floating], cost: Floats | None, further: Floats) -> Floats:
        """Return the numbers of `n` trials in their own units, fresh: ``(n, o)``.

        Args:
            score: ``(n,)``.
            cost: ``(n,)``, or None if it is not needed.
            further: All further objectives, ``(n, p)``.
        """
        out = np.empty((len(score), len(self.places)))
        for column, place in enumerate(self.places):
            if place == _SCORE:
                out[:, column] = score
            elif place == _COST:
                assert cost is not None
                out[:, column] = cost
            else:
                out[:, column] = further[:, place]
        return out
