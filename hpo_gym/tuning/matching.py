"""Earlier tasks of another search space: their results on the hyperparameters common to both spaces."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from hpo_gym.problem import Evaluations, Hyperparameter, SearchSpace, place_of, successes

_ROUNDING = 1e-9  # of the larger bound


def matched(e: Evaluations, source: SearchSpace, target: SearchSpace) -> Evaluations | None:
    """Return a task of the space `source` as one of the space `target`; None without common information.

    Two hyperparameters match if they have one name, one kind, one scale and one unit: both are floats or both are
    integers, both linear or both logarithmic, or both are categoricals, or both ordinals, with a choice in common; and
    `Hyperparameter.unit` is the same, or neither states one. Values keep their meaning: a point with a value outside
    the target's is left out. Where the source's hyperparameter is inactive, the point has the target's default. A
    hyperparameter of the target alone is NaN throughout, invisible to `Surrogate`; one of the source alone is ignored.
    """
    if source == target and not foreign_units(source, target):
        return e
    x = source.snap(e.x)
    active, place = source.active(x), {h.name: i for i, h in enumerate(source.hyperparameters)}
    out, kept, said = np.full((len(x), target.d), np.nan), np.ones(len(x), bool), False
    for j, h in enumerate(target.hyperparameters):
        i = place.get(h.name)
        if i is None or not _same(source.hyperparameters[i], h):
            continue
        u, inside = _units(source.hyperparameters[i], h, x[:, i])
        kept &= inside | ~active[:, i]
        out[:, j] = np.where(active[:, i] & inside, u, target.default_x[j])
        said = said or h.size > 1
    if not said:
        return None
    part = e.part(kept, out[kept])
    return part if successes(part).any() else None


def foreign_units(source: SearchSpace, target: SearchSpace) -> list[tuple[Hyperparameter, Hyperparameter]]:
    """Return hyperparameters of one name in two spaces with different units, a unit and none included: theirs and
    ours."""
    theirs = {h.name: h for h in source.hyperparameters}
    pairs = [(theirs[h.name], h) for h in target.hyperparameters if h.name in theirs]
    return [(a, b) for a, b in pairs if a.unit != b.unit]


def _same(a: Hyperparameter, b: Hyperparameter) -> bool:
    if a.unit != b.unit:
        return False
    if a.choices or b.choices:
        alike = {a.kind, b.kind} <= {"categorical", "constant"} or {a.kind, b.kind} <= {"ordinal", "constant"}
        return alike and any(place_of(b.choices, choice) >= 0 for choice in a.choices)
    return (a.kind, a.log) == (b.kind, b.log)


def _units(
    a: Hyperparameter, b: Hyperparameter, u: NDArray[np.float64]
) -> tuple[NDArray[np.float64], NDArray[np.bool_]]:
    """Return unit values of `a` in the terms of `b`, and a mask of the values that `b` has, each ``(m,)``."""
    v = a.numbers(u)
    if a.choices:
        v = np.array([place_of(b.choices, choice) for choice in a.choices], np.float64)[v.astype(np.int64)]
    slack = _ROUNDING * max(abs(b.low), abs(b.high))
    inside = (b.low - slack <= v) & (v <= b.high + slack)
    return b.units(np.clip(v, b.low, b.high)), inside
