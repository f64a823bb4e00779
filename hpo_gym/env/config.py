"""`EnvConfig`: the keywords of an env, in one place."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import KW_ONLY, dataclass
from pathlib import Path
from typing import Any

from gymnasium.vector import AutoresetMode

from hpo_gym.env.codecs import Codec
from hpo_gym.env.observers import Observer
from hpo_gym.env.parts import Part
from hpo_gym.env.rewards import Reward
from hpo_gym.env.rewards.objectives import Weights
from hpo_gym.problem import Budget, Suite


@dataclass(frozen=True, kw_only=True)
class EnvConfig:
    """Keywords of every env, beside its suite.

    Attributes:
        split: "train", "val" or "test".
        task: One task of the split, or None: one is drawn for each episode.
        fold: None for the published split, or 0..4.
        budget: Full evaluations in an episode. None here and below: the suite's own (`Suite.env`), else 33.
        observer, codec, reward: A name, ``{"name": .., option: ..}``, or an object; else those of
            `hpo_gym.env.default`.
        scores: Scale of the scores shown: "raw", "global" or "rank".
        duplicates: Treatment of repeated configurations: "allow", "mask" or "penalize".
        n_init: Size of the initial design.
        render_mode: None, "ansi" or "rgb_array".
        objectives: Names, "score" and "cost" too: the reward is their vector, of shape `reward_space`. No `reward`.
        weights: One for each objective, in their order or by name: the reward is their weighted sum, a number.
        constraints: Bounds by name, upper ones of minimised objectives, lower ones of maximised: a trial that breaks
            one has the status ``infeasible``, and is no incumbent. Tables only.
        budget_cost: In place of `budget`, a budget in cost, in (0, 1e6]: a number of units, each the mean cost of a
            configuration of the task at full fidelity, over its table. A trial takes its cost; one that exceeds the
            rest is cut: its status is ``timeout``, its score that of a failure, and it takes the rest. Tables with
            measured costs only; not beside `objectives`.
        checkpoints: With `budget_cost`, whether the checkpoints of trainings are kept: a trial then costs its cost
            less that of the highest lower fidelity at which the episode has evaluated the same configuration with
            success, at least 0, and is cut by that price. Repeating a fidelity is paid again. Only where one training
            passes through all fidelities (`Task.cumulative`); of several suites at once, on those tasks.
        pending: Trials in flight, on so many simulated workers: see `hpo_gym.env.pending`.
    """

    split: str = "train"
    task: str | None = None
    fold: int | None = None
    budget: int | None = None
    observer: Part | Observer | None = None
    codec: Part | Codec | None = None
    reward: Part | Reward | Callable[..., Any] | None = None
    scores: str = "raw"
    duplicates: str = "allow"
    n_init: int = 0
    render_mode: str | None = None
    objectives: Sequence[str] | None = None
    weights: Weights | None = None
    constraints: Mapping[str, float] | None = None
    budget_cost: float | None = None
    checkpoints: bool = False
    pending: int = 1

    def limit(self) -> Budget:
        """Return the budget that the keywords set, checked."""
        return Budget.of(self.budget, self.budget_cost, self.checkpoints)


@dataclass(frozen=True)
class SingleConfig(EnvConfig):
    """Arguments of `HPOEnv`: the keywords of every env (`EnvConfig`), and its suite.

    Attributes:
        suite: A registered name, a folder that `Suite.save` wrote, or a `Suite`.
    """

    suite: str | Path | Suite = "AutoML"


@dataclass(frozen=True)
class VectorConfig(EnvConfig):
    """Arguments of `HPOVectorEnv`: the keywords of every env (`EnvConfig`), its suite, and those of many runs.

    Attributes:
        suite: A registered name, a folder that `Suite.save` wrote, or a `Suite`.
    """

    num_envs: int = 1
    suite: str | Path | Suite = "AutoML"
    _: KW_ONLY
    autoreset_mode: str | AutoresetMode = AutoresetMode.NEXT_STEP
    statistics: bool = False
    max_episode_steps: int | None = None
