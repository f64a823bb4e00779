"""The tasks of the suite `Control`: systems with drawn physics."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from hpo_builders.control.counts import EPISODES
from hpo_builders.control.problem import DECADES, NEAR, TEST, VALIDATION, ControlProblem, control_problem
from hpo_builders.control.rollouts import returns, sight
from hpo_builders.control.systems import STEPS, SYSTEMS
from hpo_builders.control.training import REPEATS
from hpo_builders.training.material import Entry, Material
from hpo_gym.base import seeding

EACH = 6
"""Tasks of a system."""


@dataclass(frozen=True)
class Controlled:
    """A task by name, `<system>-<number>`."""

    name: str
    family: str
    package: str = ""

    @property
    def kind(self) -> str:
        """The system."""
        return self.family


class Systems(Material):
    """All systems, each with drawn physics, many times."""

    def entries(self) -> Sequence[Entry]:
        return [Controlled(f"{name}-{number}", name) for number in range(EACH) for name in SYSTEMS]

    def sides(self) -> Mapping[str, str]:
        return {name: system.side for name, system in SYSTEMS.items()}

    def problem(self, entry: Entry, archives: Path, seed: int) -> ControlProblem:
        return control_problem(entry.name, seed)

    def digest(self, problem: ControlProblem) -> bytes:
        out = hashlib.sha256()
        judging = (problem.validation, problem.test)
        episodes = [a for each in judging for a in (each.constants, each.state)]
        for array in (problem.constants, problem.unit, *episodes, np.array(problem.nothing)):
            out.update(np.ascontiguousarray(array, "<f8").tobytes())
        return out.digest()

    def toy(self) -> ControlProblem:
        return control_problem("pendulum-0", 0)

    def meta(self, entry: Entry, problem: ControlProblem, archives: Path) -> dict[str, float | None]:
        """Describe a system before anything is learned: its sizes, and episodes of no and of random actions."""
        generator = [seeding.generator(seeding.key("control", problem.name, "meta"))]
        see, begun = sight(problem, "standard", generator), problem.begin(generator, VALIDATION)
        actions = problem.system.actions.shape[1]
        got = returns(problem, lambda x: generator[0].integers(actions, size=(1, x.shape[2])), see, begun)
        spread = -np.log10(see.scale)
        return {
            "n_inputs": float(len(problem.unit)),
            "n_actions": float(actions),
            "ends": float(problem.system.over is not None),
            "idle_reward": problem.nothing[0],
            "random_reward": float(got.mean()),
            "random_reward_sd": float(got.std()),
            "log_sensor_sd_mean": float(spread.mean()),
            "log_sensor_sd_sd": float(spread.std()),
        }

    def describe(self) -> dict[str, Any]:
        return {
            "score": {
                "name": "mean reward a step, 0 for doing nothing, 1 for the highest reward at each step",
                "unit": "share of what is conceivable",
                "range": [None, 1],
                "protocol": f"mean of {REPEATS} trainings with seeds of their own, whose scores are kept; greedy, "
                f"{VALIDATION} episodes; test, at full fidelity: the same policies, {TEST} other episodes with other "
                "physics of the same range",
            },
            "cost": {
                "unit": "processor seconds",
                "what": f"to train and validate {REPEATS} policies side by side",
            },
            "preprocessing": {
                "training": f"{EPISODES} episodes of {STEPS} steps",
                "physics": f"drawn for each episode within a factor of exp({NEAR}) about the task's constants, which "
                "are drawn by its name",
                "sensors": f"in units between 10^-{DECADES} and 10^{DECADES} of the usual ones, drawn by the task's "
                "name",
                "actions": "-1, 0 or 1 of the largest force or torque at each output",
            },
        }
