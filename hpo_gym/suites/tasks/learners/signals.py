"""Signals of a learner, by name: all finite, within `MOST`."""

from __future__ import annotations

import numpy as np

from hpo_gym.base import Floats, Singles
from hpo_gym.suites.tasks.learners.kernel import PARTS

SIGNALS = ("score", "score_before", "best_score", *PARTS, "weights")
"""The signals of a learner, by column.

Scores are mean returns without noise in 16 episodes after the stage, the same for all stages of a run. The others cost
nothing. `reward` is the mean reward of a step of the stage, with noise. Over the updates of the stage, `critic_error`
is the mean squared error by the variance of its targets, `advantage_deviation` the standard deviation of the
advantages, `gradient_norm` that of the actor, `alignment` its cosine from update to update, `action_size` the mean
square of actions without noise. `divergence` is the Kullback-Leibler divergence of the last update, `falls` the
episodes cut short by lane and update, `path` the norm of the faded sum of gradients by the mean of their norms.
`weights` is the number of the actor's weights. Undefined signals before the first stage are 0.
"""

AT = {name: column for column, name in enumerate(SIGNALS)}
MOST = 1e4
"""No signal is larger."""


def at_start(norm: Floats, weights: Floats) -> Singles:
    """Return the signals of runs before their first stage, ``(m, 14)``."""
    out = np.zeros((len(norm), len(SIGNALS)), np.float32)
    out[:, AT["weight_norm"]], out[:, AT["weights"]] = norm, weights
    return out


def after(before: Singles, score: Floats, seen: Singles) -> Singles:
    """Return the signals of runs after a stage, ``(m, 14)``, fresh.

    Args:
        before: The signals before it.
        score: After it, ``(m,)``.
        seen: What the kernel tells, ``(m, 10)``.
    """
    out = before.copy()
    out[:, AT["score"]], out[:, AT["score_before"]] = score, before[:, AT["score"]]
    out[:, AT["best_score"]] = np.maximum(before[:, AT["best_score"]], score)
    out[:, AT[PARTS[0]] : -1] = seen
    return np.clip(np.nan_to_num(out, posinf=MOST, neginf=-MOST), -MOST, MOST)
