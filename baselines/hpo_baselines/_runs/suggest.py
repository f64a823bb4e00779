"""A space as Optuna's distributions: its points as trials of a study, and suggestions of a trial as a point.

An ordinal is the integer of its place, a categorical that of its choice; only active hyperparameters are suggested.
"""

from __future__ import annotations

import functools
from collections.abc import Mapping
from typing import TYPE_CHECKING

import numpy as np

from hpo_gym.problem import Hyperparameter, Points, SearchSpace

if TYPE_CHECKING:
    import optuna


def suggested(trial: optuna.Trial, space: SearchSpace) -> Points:
    """Return the canonical point ``(d,)`` suggested by a trial, parents before their children."""
    x = np.full(space.d, 0.5)
    for level in space.layers:
        active = space.active(x[None])[0]
        for j in level:
            h = space.hyperparameters[j]
            if active[j] and h.size > 1:
                x[j] = h.units(np.array([_suggest(trial, h)]))[0]
    return np.asarray(space.snap(x[None])[0])


def _suggest(trial: optuna.Trial, h: Hyperparameter) -> float:
    """Return the number for the suggested value."""
    if h.kind == "float":
        return trial.suggest_float(h.name, h.low, h.high, log=h.log)
    if h.kind == "categorical":
        return float(trial.suggest_categorical(h.name, range(len(h.choices))))
    return trial.suggest_int(h.name, int(h.low), int(h.high), log=h.log)


def finished(space: SearchSpace, x: Points, score: float) -> optuna.trial.FrozenTrial:
    """Return a finished trial of a study: a canonical point ``(d,)`` with its score."""
    from optuna.trial import create_trial

    known, active = distributions(space), space.active(x[None])[0]
    here = [(j, h) for j, h in enumerate(space.hyperparameters) if active[j] and h.size > 1]
    numbers = {h.name: h.numbers(x[j : j + 1]).item() for j, h in here}
    return create_trial(
        params={h.name: numbers[h.name] if h.kind == "float" else int(numbers[h.name]) for _, h in here},
        distributions={h.name: known[h.name] for _, h in here},
        value=score,
    )


@functools.lru_cache(maxsize=32)
def distributions(space: SearchSpace) -> Mapping[str, optuna.distributions.BaseDistribution]:
    """Optuna's distribution of each hyperparameter, as `suggested` asks for it."""
    from optuna import distributions as known

    out: dict[str, known.BaseDistribution] = {}
    for h in space.hyperparameters:
        if h.kind == "float":
            out[h.name] = known.FloatDistribution(h.low, h.high, log=h.log)
        elif h.kind == "categorical":
            out[h.name] = known.CategoricalDistribution(range(len(h.choices)))
        else:
            out[h.name] = known.IntDistribution(int(h.low), int(h.high), log=h.log)
    return out
