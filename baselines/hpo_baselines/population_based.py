"""Population-based training: networks of one task that train side by side, and copy each other.

It is no optimizer of `hpo_gym.optimize.protocol`, which tunes one run: it needs many runs of one training, and
snapshots.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from hpo_baselines._schedules.controls import ControlColumns
from hpo_baselines._schedules.schedule import in_range
from hpo_gym.base import Floats, InvalidValueError, whole
from hpo_gym.problem import History

if TYPE_CHECKING:
    from hpo_gym.env import HPOVectorEnv


@dataclass(frozen=True)
class Bred:
    """Result of a population.

    Attributes:
        score: Result of the best member: its last score, or the mean of all, as the task defines.
        epochs: All training epochs, including those of abandoned members: members times budget.
        history: The trials of the best member, with its copied ones: one training from beginning to end.
        copies: How often a member took another's place.
    """

    score: float
    epochs: int
    history: History
    copies: int


def population_based(
    envs: HPOVectorEnv,
    task: str,
    *,
    seed: int = 0,
    every: int = 5,
    share: float = 0.25,
    factor: float = 1.25,
    low: float = 1e-3,
    high: float = 0.3,
) -> Bred:
    """Train a population on one task in one instance, and give what its best member reached.

    Each member draws its first learning rate, log-uniform. Every few epochs the worst share of the members goes on from
    snapshots of the best share, each from a random one of them, at the copied rate times or divided by `factor`, by
    chance. Members are ranked by what counts of their trials so far. Other hyperparameters stay at their default.

    **Reference**: Jaderberg et al., "Population based training of neural networks", arXiv 1711.09846, 2017.

    **Differs from the paper**: all members are in step; the rate is perturbed, never drawn anew; whoever is copied over
    is perturbed, nobody else; members have the same rows and first weights, as one instance has.

    Args:
        envs: The members, of 'Schedules', 'Drift' or the like, with the codec `box` and any autoreset but "SAME_STEP".
        task: Its name, one of the env's.
        seed: Of the instance, as of a single env, and of the population's choices.
        every: Epochs from copying to copying.
        share: Of members that are given up, and of members that are copied; at least one of each.
        factor: Of a perturbation, above 1.
        low, high: Range of the first learning rates.

    Raises:
        InvalidValueError: A setting is out of its range; the env has fewer than two runs, another codec, tasks
            without `learning_rate`, or begins anew by itself.
        UnknownNameError: No such task.
        StateError: Trials of the env's tasks do not go on from each other.
    """
    members = envs.num_envs
    every = whole("every", every)
    in_range(share=(share, 0.0, 0.5), factor=(factor, 1.0, 100.0), low=(low, 1e-12, high), high=(high, low, 1e6))
    whole("envs.num_envs", members, 2)
    _check_env(envs)
    columns, rng = ControlColumns(envs.suite.space), np.random.default_rng(seed)
    counts = envs.suite.task(task).counts
    envs.reset(seed=[seed] * members, options={"task": task})
    rates = columns.clipped(rng.uniform(math.log10(low), math.log10(high), members))
    parted, t, copies, over = max(1, int(share * members)), 0, 0, False
    while not over:
        _, _, ended, _, _ = envs.step((columns.points(rates, {}) * 2.0 - 1.0).astype(np.float32))
        t, over = t + 1, bool(ended.all())
        if over or t % every:
            continue
        order = np.argsort(-_counted(envs, counts), kind="stable")
        best = order[:parted]
        saved = {i: envs.snapshot(i) for i in best.tolist()}
        for worst in order[-parted:].tolist():
            one = int(best[rng.integers(parted)])
            envs.restore(worst, saved[one])
            rates[worst] = rates[one] + math.log10(factor) * (1.0 if rng.random() < 0.5 else -1.0)
            copies += 1
        rates = columns.clipped(rates)
    reached = _counted(envs, counts)
    best_member = int(reached.argmax())
    return Bred(float(reached[best_member]), members * t, envs.history(best_member), copies)


def _check_env(envs: HPOVectorEnv) -> None:
    width = (envs.suite.space.d,)
    space: Any = envs.single_action_space
    if space.shape != width or not np.issubdtype(space.dtype, np.floating):
        raise InvalidValueError(f"`codec` of the env must be 'box', whose actions are {width}, got {space}.")
    if envs.autoreset_mode.value == "SameStep":
        raise InvalidValueError("`autoreset_mode` must be 'NEXT_STEP' or 'DISABLED', got 'SAME_STEP'.")


def _counted(envs: HPOVectorEnv, counts: str) -> Floats:
    """Return the result of each member's trials so far, ``(n,)``."""
    scores = [envs.history(i).scores for i in range(envs.num_envs)]
    return np.array([s[-1] if counts == "last" else float(np.mean(s)) for s in scores])
