"""The sign check: configurations that common sense calls crippled score worse. A table with a flipped sign fails it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

from hpo_gym.base import Floats, Mask, unknown
from hpo_gym.problem import Hyperparameter, SearchSpace, Table


@dataclass(frozen=True)
class OneOf:
    """A hyperparameter has one of these values."""

    values: tuple[Any, ...]


@dataclass(frozen=True)
class Tails:
    """A number is in the lowest or the highest share of the values in the pool; rows of equal value stand together."""

    lowest: float = 0.0
    highest: float = 0.0


LOWEST, HIGHEST, EXTREME = Tails(0.1), Tails(0.0, 0.1), Tails(0.1, 0.1)


@dataclass(frozen=True)
class Crippled:
    """Settings that must score worse than the other configurations in which the same hyperparameters are active.

    Attributes:
        what: A few words.
        where: What must hold of each hyperparameter named.
        fidelity: Whether the lowest fidelity is compared with the full one, instead of rows with others.
    """

    what: str
    where: Mapping[str, OneOf | Tails] = field(default_factory=dict)
    fidelity: bool = False


_LAST = ("edge:3<-0", "edge:3<-1", "edge:3<-2")

CRIPPLED: Mapping[str, tuple[Crippled, ...]] = {
    "AutoML": (
        Crippled("decision tree, 1024 rows a split", {"decision-tree:min_samples_split": OneOf((1024,))}),
        Crippled("random forest, 1024 rows a split", {"random-forest:min_samples_split": OneOf((1024,))}),
        Crippled("extra trees, 1024 rows a split", {"extra-trees:min_samples_split": OneOf((1024,))}),
        Crippled("gradient boosting, learning rate .001", {"gradient-boosting:learning_rate": OneOf((0.001,))}),
    ),
    "SVM": (
        Crippled("C in the lowest tenth", {"C": LOWEST}),
        Crippled("gamma in the highest tenth", {"gamma": HIGHEST}),
    ),
    "Linear": (Crippled("C in the lowest tenth", {"C": LOWEST}),),
    "Boosting": (
        Crippled("learning rate in the lowest tenth", {"learning_rate": LOWEST}),
        Crippled("8 trees instead of 128", fidelity=True),
    ),
    "Studies": (
        Crippled("learning rate in the lowest tenth", {"learning_rate": LOWEST}),
        Crippled("8 trees instead of 128", fidelity=True),
    ),
    "MLP": (
        Crippled("learning rate in the lowest tenth", {"learning_rate": LOWEST}),
        Crippled("one epoch instead of 50", fidelity=True),
    ),
    "Control": (
        Crippled("PPO, learning rate in the lowest tenth", {"ppo:learning_rate": LOWEST}),
        Crippled("a ninth of the steps", fidelity=True),
    ),
    "LM": (
        Crippled("learning rate in the highest tenth", {"learning_rate": HIGHEST}),
        Crippled("the smallest model", fidelity=True),
    ),
    "Text": (
        Crippled("C in the lowest tenth", {"C": LOWEST}),
        Crippled("a ninth of the texts", fidelity=True),
    ),
    "NAS": (
        Crippled("the narrowest network", {"width": OneOf((4,))}),
        Crippled("one epoch instead of 8", fidelity=True),
    ),
    "Vision": (
        Crippled("learning rate in the highest tenth", {"learning_rate": HIGHEST}),
        Crippled("one epoch instead of 12", fidelity=True),
    ),
    "NASBench201": (
        Crippled("every edge `none`", dict.fromkeys((*_LAST, "edge:1<-0", "edge:2<-0", "edge:2<-1"), OneOf(("none",)))),
        Crippled("no edge into the last node", dict.fromkeys(_LAST, OneOf(("none",)))),
    ),
    "FCNet": (Crippled("learning rate in the highest tenth", {"init_lr": HIGHEST}),),
    "MLPGrid": (Crippled("learning rate in the lowest or highest tenth", {"learning_rate_init": EXTREME}),),
    "Curves": (Crippled("the smallest training set", fidelity=True),),
}
"""What is crippled, by the suite's name."""


@dataclass(frozen=True)
class Sign:
    """One check of a suite.

    Attributes:
        what: Which settings.
        rows: How many configurations they are (0: all, at the lowest fidelity).
        tasks: Tasks that have measured both sides.
        loss: Median score of the others less that of the crippled, median over tasks.
        worse: Share of the tasks on which that is above 0.
    """

    what: str
    rows: int
    tasks: int
    loss: float
    worse: float

    @property
    def passed(self) -> bool:
        """Whether the crippled are worse on the median task."""
        return self.loss > 0


def signs(suite: str, table: Table, full: Floats) -> tuple[Sign, ...]:
    """Check all that is declared of a suite, by its scores ``(k, m)`` at full fidelity, NaN = not measured.

    Raises:
        UnknownNameError: `CRIPPLED` names a hyperparameter that the suite has not.
        InvalidValueError: Or a value.
    """
    return tuple(sign_of(crippled, table, full) for crippled in CRIPPLED.get(suite, ()))


def sign_of(crippled: Crippled, table: Table, full: Floats) -> Sign:
    """Compare medians on each task; tasks that lack one side are left out."""
    if crippled.fidelity:
        low = np.where(table.measured, table.finite[..., 0], np.nan)
        return _sign(crippled.what, 0, np.nanmedian(full, 1) - np.nanmedian(low, 1))
    shared = table.x.ndim == 2
    masks = [masks_of(crippled, table.space, table.points(k)) for k in range(1 if shared else table.k)]
    loss = np.array([_loss(row, *masks[0 if shared else k]) for k, row in enumerate(full)])
    return _sign(crippled.what, max(int(bad.sum()) for bad, _ in masks), loss)


def masks_of(crippled: Crippled, space: SearchSpace, x: NDArray[Any]) -> tuple[Mask, Mask]:
    """Which rows of a pool are crippled, and which are the others, each ``(m,)``."""
    points = np.asarray(x, np.float64)
    active = space.active(points)
    there, bad = np.ones(len(points), bool), np.ones(len(points), bool)
    for name, rule in crippled.where.items():
        if name not in space.names:
            raise unknown("hyperparameter", name, space.names)
        j = space.names.index(name)
        there &= active[:, j]
        bad &= _holds(rule, space.hyperparameters[j], points[:, j], active[:, j])
    return there & bad, there & ~bad


def _holds(rule: OneOf | Tails, h: Hyperparameter, u: Floats, active: Mask) -> Mask:
    if isinstance(rule, OneOf):
        return np.asarray(np.isin(h.numbers(u), [h.position(value) for value in rule.values]))
    if not active.any():
        return active
    low, high = np.quantile(u[active], [rule.lowest, 1 - rule.highest])
    return np.asarray(((u <= low) & (rule.lowest > 0)) | ((u >= high) & (rule.highest > 0)))


def _loss(row: Floats, bad: Mask, others: Mask) -> float:
    sides = [row[mask & ~np.isnan(row)] for mask in (others, bad)]
    return float(np.median(sides[0]) - np.median(sides[1])) if all(s.size for s in sides) else np.nan


def _sign(what: str, rows: int, loss: Floats) -> Sign:
    loss = loss[np.isfinite(loss)]
    if not loss.size:
        return Sign(what, rows, 0, np.nan, np.nan)
    return Sign(what, rows, len(loss), float(np.median(loss)), float((loss > 0).mean()))
