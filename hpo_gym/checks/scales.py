"""Scores as they are shown, on the scale of an env, by the definition of each registered scale."""

from __future__ import annotations

import numpy as np

from hpo_gym.base import Floats
from hpo_gym.checks.account import Account
from hpo_gym.env import Bounded, Global, Rank, Raw, Running, ServedScores

_FLAT = 1e-4  # of one and the mean: a lesser spread is made of rounding where scores are float32


def served(account: Account) -> Floats:
    """Return the scores of all trials so far, as shown after the last; NaN on an unregistered scale."""
    scores = np.array([trial.score for trial in account.trials])
    with np.errstate(over="ignore", invalid="ignore"):
        return _on(account.kernel.parts.observer.served, scores, account)


def _on(scale: ServedScores, scores: Floats, account: Account) -> Floats:
    if isinstance(scale, Bounded):
        return np.clip(_on(scale.inner, scores, account), -scale.bound, scale.bound)
    if isinstance(scale, Raw):
        return scores
    if isinstance(scale, Global):
        train = account.kernel.contexts.scale
        return np.asarray((scores - train.mean) / train.sd)
    if isinstance(scale, Rank):
        return np.sign(scores[:, None] - scores).mean(1) if len(scores) else scores
    if isinstance(scale, Running):
        return _running(scores)
    return np.full(len(scores), np.nan)


def _running(scores: Floats) -> Floats:
    if not len(scores) or (scores == scores[0]).all():
        return np.zeros(len(scores))
    sd = scores.std()
    if not _FLAT * (1.0 + abs(scores.mean())) < sd < np.inf:
        return np.full(len(scores), np.nan)
    return np.asarray((scores - scores.mean()) / sd)
