"""`MetaRanks`: how near a task is to earlier ones in meta-features. One rule: earlier tasks alone set the scale."""

from __future__ import annotations

import functools
import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from hpo_baselines._runs.baseline import Run
from hpo_gym.base import Floats
from hpo_gym.problem import Evaluations, Pool, SearchSpace, known


class MetaRanks:
    """Meta-features as ranks among those of earlier tasks, so that units and outliers do not matter.

    A number becomes the share of the earlier tasks with a lower value, ties counted half, among tasks with a known
    value: in [0, 1].

    Args:
        tasks: Meta-features of `k` earlier tasks; None, missing and not finite values are unknown.

    Attributes:
        names: The features known for an earlier task, sorted.
        ranks: Of the earlier tasks, ``(k, p)``, NaN where unknown.
    """

    def __init__(self, tasks: Sequence[Mapping[str, float | None]]) -> None:
        known = [known_features(task) for task in tasks]
        self.names = tuple(sorted({name for task in known for name in task}))
        values = [np.sort([task[name] for task in known if name in task]) for name in self.names]
        self._values = dict(zip(self.names, values, strict=True))
        self.ranks = np.array([self.of(task) for task in known]).reshape(len(known), len(self.names))

    def of(self, task: Mapping[str, float | None]) -> Floats:
        """Return the ranks of a task, ``(p,)``, NaN where unknown."""
        known = known_features(task)
        return np.array([self._rank(name, known[name]) if name in known else math.nan for name in self.names])

    def distances(self, task: Mapping[str, float | None]) -> Floats:
        """Return the distance of a task to each earlier one, ``(k,)``: the mean difference of ranks over features known
        to both, in [0, 1]; NaN without any.
        """
        gaps = np.abs(self.ranks - self.of(task))
        both = ~np.isnan(gaps)
        count = both.sum(1)
        return np.where(count > 0, np.where(both, gaps, 0.0).sum(1) / np.maximum(count, 1), math.nan)

    def _rank(self, name: str, value: float) -> float:
        values = self._values[name]
        below, upto = (int(np.searchsorted(values, value, side)) for side in ("left", "right"))
        return (below + upto) / (2 * len(values))


@dataclass(frozen=True)
class MetaTask:
    """A new task before its first trial, a key of caches: runs on the same task have equal ones.

    Attributes:
        space: Its search space.
        prior: Earlier tasks.
        pool: The rows that can be evaluated, None if unlimited.
        features: Its known meta-features, sorted.
    """

    space: SearchSpace
    prior: tuple[Evaluations, ...]
    pool: Pool | None
    features: tuple[tuple[str, float], ...]

    @classmethod
    def of(cls, run: Run) -> MetaTask:
        """Return the task of a run."""
        features = known_features(run.context.meta_features)
        return cls(run.space, tuple(run.context.prior), run.pool, tuple(sorted(features.items())))


def known_features(task: Mapping[str, float | None]) -> dict[str, float]:
    """Return the known meta-features of a task: finite numbers."""
    return {name: float(v) for name, v in task.items() if v is not None and math.isfinite(v)}


@functools.lru_cache(maxsize=8)
def ranks_of(space: SearchSpace, prior: tuple[Evaluations, ...]) -> MetaRanks:
    """Return the ranks of the `known` tasks, made once for a prior; `Evaluations` are identified by object."""
    return MetaRanks([e.meta_features for e in known(space, prior)])
