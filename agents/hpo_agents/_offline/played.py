"""`Played`: stored episodes on one pool as arrays; checked, and with the rewards of each trial."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from hpo_agents._candidates.chosen import shared_pool
from hpo_gym.base import Floats, Ints, InvalidValueError, Mask
from hpo_gym.env import Oracle
from hpo_gym.optimize import Episodes
from hpo_gym.problem import Task


@dataclass(frozen=True, eq=False)
class Played:
    """Episodes on the tasks of one suite.

    Attributes:
        tasks: Tasks with one pool.
        task: Of each episode, its position in `tasks`, ``(n,)``.
        at: Rows of the pool that were evaluated, ``(n, h)``; -1 beyond the end.
        score: Their scores, ``(n, h)``; 0 beyond the end.
        count: Trials, ``(n,)``.
    """

    tasks: tuple[Task, ...]
    task: Ints
    at: Ints
    score: Floats
    count: Ints

    @property
    def regret(self) -> Floats:
        """Normalised regret of the incumbent after each trial, ``(n, h)``; beyond the end that of the last."""
        oracle = Oracle.of(self.tasks)
        n, h = self.at.shape
        best = np.maximum.accumulate(np.where(self.exists, self.score, -np.inf), axis=1)
        task = np.repeat(self.task, h)
        return np.asarray(oracle.regret(task, best.ravel()).reshape(n, h))

    @property
    def exists(self) -> Mask:
        """Mask of the trials, ``(n, h)``."""
        return np.asarray(np.arange(self.at.shape[1]) < self.count[:, None])

    @property
    def drop(self) -> Floats:
        """Reward of each trial: the drop of the regret, which is 1 before the first, ``(n, h)``."""
        regret = self.regret
        before = np.concatenate([np.ones((len(regret), 1)), regret[:, :-1]], 1)
        return np.asarray(np.where(self.exists, before - regret, 0.0))

    @property
    def togo(self) -> Floats:
        """Return to go of each trial: minus the mean regret of it and the later ones, in [-1, 0], ``(n, h)``."""
        regret, h = self.regret, self.at.shape[1]
        later = np.cumsum(regret[:, ::-1], axis=1)[:, ::-1]
        return np.asarray(-later / np.arange(h, 0, -1))

    def digest(self) -> str:
        """Return a hash of the choices and the scores."""
        parts = (self.task, self.at, self.score, self.count)
        names = repr([(t.suite, t.name) for t in self.tasks]).encode()
        return hashlib.sha256(b"".join([names, *(np.ascontiguousarray(p).tobytes() for p in parts)])).hexdigest()


def played_of(episodes: Episodes, tasks: Sequence[Task]) -> Played:
    """Return stored episodes as arrays.

    Args:
        tasks: Those of the suite to learn from; each task of the episodes is among them.

    Raises:
        InvalidValueError: They have no trial, no pool, lower fidelities, or an initial design.
    """
    at = np.asarray(episodes.at)
    exists = np.arange(at.shape[1]) < np.asarray(episodes.count)[:, None]
    if not exists.any():
        raise InvalidValueError("`data` must hold a trial, got none.")
    if at.ndim != 2 or shared_pool(tasks) is None:
        raise InvalidValueError(
            "`data` must be of a suite with one pool, whose episodes are rows of it, such as 'SVM' or 'AutoML'; those "
            f"of {episodes.suite.name!r} are points: agents from data score the rows of a pool."
        )
    fidelity = np.asarray(episodes.fidelity)
    if fidelity.size and (fidelity[exists] != 1.0).any():
        raise InvalidValueError(
            f"`data` must hold full evaluations only, got fidelities down to {fidelity[exists].min()}."
        )
    if episodes.spec.get("n_init", 0):
        raise InvalidValueError(f"`data` must be from a cold start, got `n_init={episodes.spec['n_init']}`.")
    place = {task.name: i for i, task in enumerate(tasks)}
    task = np.array([place[name] for name in episodes.tasks], np.int64)[np.asarray(episodes.task)]
    at = np.where(exists, at, -1).astype(np.int64)
    score = np.where(exists, episodes.score, 0.0).astype(np.float64)
    return Played(tuple(tasks), task, at, score, np.asarray(episodes.count, np.int64))
