"""Control of an actor-critic in training by a network that PPO has trained."""

from __future__ import annotations

import functools
import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any, ClassVar

import numpy as np

from hpo_baselines._schedules.schedule import Epoch
from hpo_baselines.learner_schedule import LearnerSchedulePerKind
from hpo_baselines.policy_schedule import WEIGHTS, kind_of
from hpo_gym.base import Floats
from hpo_gym.optimize import OPTIMIZERS

FILE = Path(__file__).with_name("learner_ppo.json")
"""The layers of the network."""
READS = (
    "score", "score_before", "best_score", "reward", "critic_error", "advantage_deviation", "divergence",
    "gradient_norm", "alignment", "falls", "weight_norm", "action_size", "path",
)  # fmt: skip
KEPT, PUSH, HARDEST = 0.9, 0.3, 2.0
"""Share of a move that stays from stage to stage, decades of an action, and the largest action."""
FARTHEST = 1.5
"""Decades of the largest move."""


@OPTIMIZERS.register("learner-ppo", family="schedule", trainable=False)
class LearnerPPO(LearnerSchedulePerKind):
    """`learner-schedule-per-kind`, from which a network of 2 x 32 tanh units moves both controls by what it sees.

    PPO of Stable-Baselines3 has trained it on the families to train and validate of the suite `Learners`
    (`benchmarks/studies/learners.py`).

    **Reference**: Schulman et al., "Proximal policy optimization algorithms", arXiv 1707.06347, 2017, for the training.

    **Differs from the paper**: nothing is learned here any more, and actions have no noise.
    """

    reads: ClassVar[tuple[str, ...]] = (*READS, "weights")

    version = 1

    def log_rate(self, now: Epoch) -> Floats:
        """Move both, and return the learning rate's."""
        before = np.stack([now.memory.get(name, np.zeros(len(now.t))) for name in ("rate", "sigma")], 1)
        moves = moved(shipped(), before, view(now.signals, now.share, before))
        now.memory["rate"], now.memory["sigma"] = moves.T
        return super().log_rate(now) + now.memory["rate"]

    def others(self, now: Epoch) -> Mapping[str, Floats]:
        """Return sigma."""
        return {"sigma": super().others(now)["sigma"] * 10.0 ** now.memory["sigma"]}


def view(signals: Mapping[str, Floats], share: Floats, moves: Floats) -> Floats:
    """Return what the network sees, each of size one or so, ``(n, 19)``; the first six tell nothing of the training.

    Args:
        signals: Of the suite, ``(n,)`` each.
        share: Of the training that is over, ``(n,)``.
        moves: Decades of both controls away from the schedule, ``(n, 2)``.
    """
    s, kind = signals, kind_of(signals)
    own = [
        2 * s["score"] - 1, 5 * (s["score"] - s["score_before"]), 3 * (s["best_score"] - s["score"]), s["reward"],
        np.log10(s["critic_error"] + 0.01), 10 * s["advantage_deviation"], 0.5 * np.log10(s["divergence"] + 1e-6) + 1,
        np.log10(s["gradient_norm"] + 0.01), s["alignment"], s["falls"], np.log10(s["weight_norm"] + 0.1) - 0.5,
        2 * s["action_size"] - 0.5, np.log10(s["path"] + 0.1),
    ]  # fmt: skip
    kinds = [(kind == list(WEIGHTS).index(name)).astype(float) for name in ("pendulum", "reacher")]
    columns = [np.ones(len(share)), 2 * share - 1, *kinds, *moves.T, *((share > 0) * x for x in own)]
    return np.asarray(np.clip(np.stack(columns, 1), -3, 3))


def moved(layers: Mapping[str, Any], moves: Floats, seen: Floats) -> Floats:
    """Return the next moves ``(n, 2)``, by what the network of these layers does with what it sees, ``(n, f)``."""
    for name in ("first", "second"):
        seen = np.tanh(seen @ np.asarray(layers[name]).T + layers[f"{name} bias"])
    action = np.clip(seen @ np.asarray(layers["action"]).T + layers["action bias"], -HARDEST, HARDEST)
    return np.asarray(np.clip(KEPT * moves + PUSH * action, -FARTHEST, FARTHEST))


@functools.cache
def shipped() -> Mapping[str, Any]:
    """Return the layers of the network."""
    read: Mapping[str, Any] = json.loads(FILE.read_text(encoding="utf-8"))
    return read
