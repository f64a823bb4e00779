"""Where trials lack parameters, `HPOGymSampler` is level with Optuna's TPE: best values, median of 20 seeds."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from lacking import conditional, pruned, unused

import hpo_gym

optuna = pytest.importorskip("optuna", reason="needs Optuna")

SEEDS = range(20)
UNIT = optuna.distributions.FloatDistribution(0.0, 1.0)
KIND = optuna.distributions.CategoricalDistribution(["a", "b"])


def pruned_inside(trial: Any) -> float:
    """As `pruned`, with the best configuration within the part that is not, and scores below 0."""
    x = trial.suggest_float("x", 0, 1)
    if x < 0.9:
        raise optuna.TrialPruned
    return -float(100 * (x - 0.95) ** 2 + (trial.suggest_float("y", 0, 1) - 0.3) ** 2)


OBJECTIVES: dict[str, tuple[Callable[[Any], float], dict[str, Any], int]] = {
    "unused": (unused, {"x": UNIT, "other": UNIT}, 20),
    "conditional": (conditional, {"kind": KIND, "x": UNIT}, 20),
    "pruned": (pruned, {"x": UNIT, "y": UNIT}, 30),
    "pruned inside": (pruned_inside, {"x": UNIT, "y": UNIT}, 30),
}


def bests(objective: Any, count: int, sampler: Callable[[int], Any]) -> list[float]:
    """The best value of each seed; of a study without any, -infinity."""
    out = []
    for seed in SEEDS:
        study = optuna.create_study(direction="maximize", sampler=sampler(seed))
        study.optimize(objective, count)
        done = [t.value for t in study.trials if t.state == optuna.trial.TrialState.COMPLETE]
        out.append(max(done, default=-np.inf))
    return out


@pytest.mark.long
@pytest.mark.parametrize("name", OBJECTIVES)
def test_it_is_level_with_tpe(name: str) -> None:
    optuna.logging.set_verbosity(optuna.logging.ERROR)
    objective, space, count = OBJECTIVES[name]

    def ours(optimizer: str, space: Any) -> list[float]:
        return bests(
            objective, count, lambda seed: hpo_gym.HPOGymSampler(optimizer, space=space, budget=count, seed=seed)
        )

    found = {
        "TPESampler": bests(objective, count, lambda seed: optuna.samplers.TPESampler(seed=seed)),
        "auto, space": ours("auto", space),
        "auto": ours("auto", None),
        "random, space": ours("random", space),
    }
    medians = {sampler: float(np.median(values)) for sampler, values in found.items()}
    print(f"\n| {name} |", " | ".join(f"{value:.5f}" for value in medians.values()), "|", ", ".join(medians))
    assert medians["auto, space"] >= medians["TPESampler"]
    assert medians["auto"] >= medians["TPESampler"]
