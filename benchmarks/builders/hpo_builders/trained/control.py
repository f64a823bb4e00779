"""The recipe of the suite `Control`: four algorithms that learn policies for control.

The trainings and their physics are in `benchmarks/builders/hpo_builders/control/`.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np

from hpo_builders.control.counts import SHARES
from hpo_builders.control.material import Systems
from hpo_builders.control.problem import ControlProblem
from hpo_builders.control.space import config_space
from hpo_builders.control.training import REPEATS, learn
from hpo_builders.order import BUILDERS, Order
from hpo_builders.training.recipe import Measured, Recipe, unmeasured


def train(problem: ControlProblem, config: Mapping[str, Any], seed: int) -> Measured:
    """Train three policies side by side, and judge them at all fidelities.

    Args:
        problem: The system.
        config: One value for each active hyperparameter of `config_space`.
        seed: Of the first weights, the noise, and the physics and starts of the training episodes.
    """
    scores, tests, seconds = learn(problem, config, seed)
    score = scores.mean(1)
    failed = np.isnan(score)
    test = -np.inf if failed[-1] else float(tests.mean())
    return Measured(np.where(failed, -np.inf, score), unmeasured(len(score), test), seconds, scores)


RECIPE = Recipe(
    suite="Control",
    title="Reinforcement learning for control",
    description="algorithm and settings that learn a small policy for a system with drawn physics",
    space=config_space,
    material=Systems(),
    fidelities=SHARES,
    fidelity="share of the environment steps",
    train=train,
    configurations=120,
    libraries=("numpy",),
    cumulative=True,
    repeats=REPEATS,
    study=6,
)


@BUILDERS.register("Control", extra="build", kind="trained")
def control(order: Order) -> None:
    """Train the table of the suite `Control`."""
    from hpo_builders.training.build import build

    build(RECIPE, order)
