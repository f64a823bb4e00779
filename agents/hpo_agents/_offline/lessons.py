"""`Lessons`: states of stored episodes as the pool policies see them, as tensors to learn from."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import torch

from hpo_agents._offline.played import Played
from hpo_agents._pool.features import FEATURES, PoolFeatures
from hpo_agents._pool.posterior import PoolPosterior
from hpo_agents._pool.prior import PoolPrior
from hpo_gym.base import Floats, Ints, Mask, Singles
from hpo_gym.system import one_blas_thread

_MOST = 100.0  # of a feature, as in `PoolView`
_BLOCK = 256  # states that are seen at a time
_PAIR = 2


@dataclass(frozen=True, eq=False)
class Lessons:
    """`s` stretches of `l` trials in a row, each with a draw of `c` candidates; the first is the row to learn.

    Attributes:
        features: See `hpo_agents._pool.features`, ``(s, l, c, 12)``.
        there: Candidates that were measured and not tried before, ``(s, l, c)``.
        after: Features of the row that was evaluated, once its score is known, ``(s, l, 12)``; only of long stretches.
        played: Features of that row at the choice, ``(s, l, 12)``; only of long stretches.
        togo: Minus the mean regret of this trial and the later ones, ``(s, l)``.
        real: Where there is a row to learn, ``(s, l)``.
    """

    features: torch.Tensor
    there: torch.Tensor
    after: torch.Tensor
    played: torch.Tensor
    togo: torch.Tensor
    real: torch.Tensor

    def __len__(self) -> int:
        return len(self.features)

    def at(self, which: Ints) -> Lessons:
        """Return some of the stretches."""
        rows = torch.as_tensor(which)
        return Lessons(*(getattr(self, name)[rows] for name in self.__dataclass_fields__))


def together(parts: list[Lessons]) -> Lessons:
    """Return the lessons of several suites."""
    return Lessons(*(torch.cat([getattr(part, name) for part in parts]) for name in Lessons.__dataclass_fields__))


@one_blas_thread()
def lessons_of(
    played: Played, prior: PoolPrior, shape: tuple[int, int, int], budget: int, rng: np.random.Generator
) -> Lessons:
    """See stretches of episodes, each without the earlier tasks of its own family.

    Args:
        prior: The tasks, at the rows of their pool.
        shape: Most states; trials of a stretch, 1 or 0 for whole episodes; and candidates.
        budget: Trials of a full episode.
    """
    most, length, c = shape
    h = played.at.shape[1]
    if length:
        starts = np.argwhere(played.at >= 0)
    else:
        length, starts = h, np.stack([np.arange(len(played.at)), np.zeros(len(played.at), np.int64)], 1)
    starts = starts[np.sort(rng.permutation(len(starts))[: max(most // length, 1)])]
    episode, trial = np.repeat(starts[:, 0], length), (starts[:, 1:] + np.arange(length)).ravel()
    inside = np.minimum(trial, h - 1)
    real = (trial < h) & (played.at[episode, inside] >= 0)
    rows, there = _candidates(played, episode, inside, c, rng)
    features = np.zeros((len(episode), c, len(FEATURES)), np.float32)
    after, own = (np.zeros((len(episode), len(FEATURES)), np.float32) for _ in range(2))
    order = np.argsort(inside, kind="stable")
    for block in np.split(order, range(_BLOCK, len(order), _BLOCK)):
        e, t = episode[block], inside[block]
        features[block] = seen_at(prior, played, (e, t), rows[block], budget)
        if length > _PAIR:
            at = np.maximum(played.at[e, t], 0)[:, None]
            own[block] = seen_at(prior, played, (e, t), at, budget)[:, 0]
            after[block] = seen_at(prior, played, (e, t + 1), at, budget)[:, 0]
    flat = (
        features, there, after, own,
        played.togo[episode, inside].astype(np.float32), real,
    )  # fmt: skip
    return Lessons(*(torch.as_tensor(part.reshape(len(starts), length, *part.shape[1:])) for part in flat))


def seen_at(prior: PoolPrior, played: Played, state: tuple[Ints, Ints], rows: Ints, budget: int) -> Singles:
    """Features of rows ``(n, c)`` in states before some trials of some episodes: ``(n, c, 12)``.

    Args:
        state: Episodes and their trials, each ``(n,)``.
    """
    episode, trial = state
    h = played.at.shape[1]
    exists: Mask = np.asarray(np.arange(h) < np.minimum(trial, played.count[episode])[:, None])
    families = [played.tasks[j].family for j in played.task[episode]]
    history = np.maximum(played.at[episode], 0), played.score[episode], exists
    return seen_in(prior, families, history, budget, rows)


def seen_in(
    prior: PoolPrior, families: Sequence[str], history: tuple[Ints, Floats, Mask], budget: int, rows: Ints
) -> Singles:
    """Features of rows ``(n, c)`` in runs: ``(n, c, 12)``.

    Args:
        prior: Earlier tasks; a run knows those of other families.
        families: Of the runs' tasks.
        history: Rows, scores and mask of the trials, each ``(n, h)``.
        budget: Trials of a full run.
    """
    at, score, exists = history
    left = np.maximum(1.0 - exists.sum(1) / budget, 0.0).astype(np.float32)
    with np.errstate(all="ignore"):  # slots without a trial
        process = _Posterior(prior, prior.without(families), at, score, exists)
        found = PoolFeatures(process, left, budget).at(rows)
    return np.clip(found, -_MOST, _MOST)


def _candidates(played: Played, episode: Ints, trial: Ints, c: int, rng: np.random.Generator) -> tuple[Ints, Mask]:
    """Draw candidates ``(n, c)``, the row to learn first, and mark those that are open."""
    n, m = len(episode), len(played.tasks[0].pool if played.tasks[0].pool is not None else ())
    rows = np.zeros((n, c), np.int64)
    for j in np.unique(played.task[episode]):
        measured, own = played.tasks[j].measured, np.flatnonzero(played.task[episode] == j)
        known = np.arange(m) if measured is None else np.flatnonzero(measured)
        rows[own] = known[rng.integers(len(known), size=(len(own), c))]
    chosen = played.at[episode, trial]
    rows[:, 0] = np.where(chosen >= 0, chosen, rows[:, 0])
    before = np.where(np.arange(played.at.shape[1]) < trial[:, None], played.at[episode], -1)
    there = ~(rows[:, :, None] == before[:, None]).any(2)
    there[:, 1:] &= rows[:, 1:] != rows[:, :1]
    there[:, 0] = True
    return rows, there


class _Posterior(PoolPosterior):
    """A posterior whose hope is made once for the runs that may know the same tasks, and for those without a trial."""

    def _hope(self) -> Singles:
        out = np.zeros(len(self.rows), np.float32)
        kept: dict[bytes, float] = {}
        whole = PoolPosterior._hope
        for i in np.flatnonzero(~self.there.any(1)):
            key = self.weight[i].tobytes()
            if key not in kept:
                one = PoolPosterior.__new__(PoolPosterior)
                one.prior, one.weight, one.rows = self.prior, self.weight[i : i + 1], self.rows[i : i + 1]
                kept[key] = float(whole(one)[0])
            out[i] = kept[key]
        return out
