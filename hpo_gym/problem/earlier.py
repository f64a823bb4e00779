"""Evaluations of an earlier task: the form of past results for optimizers, suites and tables."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from hpo_gym.problem.space import Points

TEST, FIDELITY = "test", "fidelity"
"""Kinds of a `Measurement`: scores on data unused by any choice, or scores of a lower fidelity."""
COST = "cost"
REMEMBERED = (TEST, FIDELITY, COST)
"""Facts about earlier tasks, beside their scores, that an optimizer may read: see `remembers`."""


@dataclass(frozen=True, eq=False)
class Measurement:
    """A further measurement of an earlier task, at the points of its `Evaluations`.

    Attributes:
        name: `TEST` or `FIDELITY`.
        fidelity: Share of a full evaluation.
        score, cost, status: Like those of `Evaluations`, each ``(m,)``.
    """

    name: str
    fidelity: float
    score: NDArray[np.float64]
    cost: NDArray[np.float64]
    status: NDArray[np.int8]


@dataclass(frozen=True, eq=False)
class Evaluations:
    """Results of one earlier task: a meta-train table, or a user's earlier results.

    Attributes:
        x: Points of the unit cube, ``(m, d)``; tasks of one pool share one array.
        score: ``(m,)``; higher is better, NaN where not measured, finite where failed.
        cost: ``(m,)``.
        status: ``(m,)``, codes of `Status`.
        further: Other measurements at these points, for methods that ask (`remembers`): test scores, lower fidelities.
        meta_features: Numbers that describe the data set, as in `Context`; None where unknown.
    """

    name: str
    family: str
    x: Points
    score: NDArray[np.float64]
    cost: NDArray[np.float64]
    status: NDArray[np.int8]
    further: tuple[Measurement, ...] = ()
    meta_features: Mapping[str, float | None] = field(default_factory=dict)

    def part(self, rows: NDArray[np.int64] | NDArray[np.bool_], x: Points | None = None) -> Evaluations:
        """Return the results at some of the points; `x` replaces the points if given."""
        further = tuple(replace(m, score=m.score[rows], cost=m.cost[rows], status=m.status[rows]) for m in self.further)
        x = self.x[rows] if x is None else x
        return replace(
            self, x=x, score=self.score[rows], cost=self.cost[rows], status=self.status[rows], further=further
        )

    def by(self, measurement: Measurement) -> Evaluations:
        """Return the task by one of its further measurements."""
        m = measurement
        return replace(self, score=m.score, cost=m.cost, status=m.status, further=())


Results = tuple[NDArray[np.float64], NDArray[np.float64], NDArray[np.int8]]
"""Scores, costs and statuses of points, each ``(m,)``."""
_MEASURED = ("score", "cost", "status")


class OnRequest(Evaluations):
    """Results of an earlier task that are measured when somebody first reads one; all else is known at no cost."""

    @classmethod
    def of(
        cls,
        name: str,
        family: str,
        x: Points,
        meta_features: Mapping[str, float | None],
        measure: Callable[[], Results],
    ) -> OnRequest:
        """Return the results of `measure` at points ``(m, d)``, not called yet."""
        new = object.__new__(cls)
        known = {"name": name, "family": family, "x": x, "further": (), "meta_features": meta_features}
        new.__dict__.update(known, _measure=measure)
        return new

    def __getattr__(self, name: str) -> Any:
        if name not in _MEASURED:
            raise AttributeError(f"{type(self).__name__!r} object has no attribute {name!r}")
        self.__dict__.update(zip(_MEASURED, self.__dict__["_measure"](), strict=True))
        return self.__dict__[name]

    def __repr__(self) -> str:
        return f"{type(self).__name__}({self.name!r}, {len(self.x)} points)"
