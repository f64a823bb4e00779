"""`AugmentedTask`: a task with other columns and another scale of scores, and its invariants."""

from __future__ import annotations

import functools
from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from hpo_gym.base import Floats, Keys, seeding
from hpo_gym.problem import Evaluated, Points, Status, Task

INVARIANTS: Mapping[str, str] = {
    "configurations": "each configuration of the original corresponds to one here",
    "columns": "the search space is the original's but for names",
    "names": "hyperparameters that are kept have the original's names",
    "default": "the default configurations correspond",
    "scores": "corresponding configurations have equal scores (without noise)",
    "ranks": "of two configurations, the better one is the one whose original is better (without noise)",
    "best": "`best` is the original's, and it can be reached",
    "argmax": "a best configuration of the original corresponds to a best one here",
    "costs": "corresponding configurations cost the same and end the same way",
    "noise": "there is noise only where the original has it",
}
ALL = frozenset(INVARIANTS)


@dataclass(frozen=True)
class AugmentedColumns:
    """From points here to points of the original: ``inner[:, j] = low[j] + span[j] * x[:, source[j]]``.

    Attributes:
        source: Column here of each of the original's columns; -1 where it is fixed at `low`.
        low, span: As many numbers.
    """

    source: tuple[int, ...]
    low: tuple[float, ...]
    span: tuple[float, ...]

    def inward(self, x: Points) -> Points:
        """Points of the original, not yet canonical."""
        low, span = np.array(self.low), np.array(self.span)
        return np.asarray(np.clip(low + span * x[:, np.maximum(self.source, 0)], 0.0, 1.0))

    def outward(self, inner: Points, d: int) -> Points:
        """Points here, `d` columns, that `inward` maps nearest to the given ones; a column without effect is .5."""
        x = np.full((len(inner), d), 0.5)
        for j, (i, low, span) in enumerate(zip(self.source, self.low, self.span, strict=True)):
            if i >= 0:
                x[:, i] = np.clip((inner[:, j] - low) / span, 0.0, 1.0)
        return x


@dataclass(frozen=True, eq=False)
class AugmentedTask(Task):
    """A task under one spec. Make it with `augment`.

    A trial keeps the proposed configuration, even if the original is a table that answers with a near row.

    Attributes:
        inner: The original, itself augmented if there are more specs.
        invariant: Properties shared with `inner`, words of `INVARIANTS`.
        optimum_x: A point of the best score, ``(d,)``, or None if unknown.
        columns: Source of each column in `inner`.
        warp: Gain, power and offset of a monotone change of scores, or None.
        noise: Standard deviation of added noise, as a share of ``best - worst``.
    """

    inner: Task = None  # type: ignore[assignment]
    invariant: frozenset[str] = frozenset()
    optimum_x: NDArray[np.float64] | None = None
    columns: AugmentedColumns = None  # type: ignore[assignment]
    warp: tuple[float, float, float] | None = None
    noise: float = 0.0

    @property
    def noisy(self) -> bool:
        return self.noise > 0 or self.inner.noisy

    @property
    def prior_evaluations(self) -> int:
        """Return the number of the original; 1,000 if that has a table."""
        return self.inner.prior_evaluations or 1000 * bool(len(self.inner.evaluations().x))

    @property
    def cumulative(self) -> bool:
        return self.inner.cumulative

    @functools.cached_property
    def kept(self) -> frozenset[str]:
        """Return the properties shared with the first original."""
        return self.invariant & (self.inner.kept if isinstance(self.inner, AugmentedTask) else ALL)

    def original(self, x: Points) -> Points:
        """Canonical points of `inner` that correspond to points here."""
        return self.inner.space.snap(self.columns.inward(np.asarray(x, np.float64)))

    def corresponding(self, inner: Points) -> tuple[Points, NDArray[np.bool_]]:
        """Return canonical points here for points of `inner`, and a mask of those that correspond, ``(n,)``."""
        x = self.space.snap(self.columns.outward(inner, self.space.d))
        return x, np.asarray(np.abs(self.original(x) - inner).max(1) < 1e-6) & self.space.legal(x)

    def evaluate(self, x: Points, fidelity: Floats, key: Keys) -> Evaluated:
        out = self.inner.evaluate(self.original(x), fidelity, key)
        score = self.warped(out.score)
        if self.noise:
            salted = seeding.mix(key, seeding.key("augment", self.name))
            moved = score + self.noise * (self.best - self.worst) * seeding.normal(salted)
            score = np.where(out.status == Status.OK, moved, score)
        return Evaluated(score, out.cost, out.status)

    def noise_free(self, x: Points) -> Floats:
        """Return the score without any noise, warped like scores."""
        return self.warped(self.inner.noise_free(self.original(x)))

    @functools.cached_property
    def pool(self) -> Points | None:
        """The measured rows of the original that correspond to a configuration here, sorted; None if there are none."""
        inner = self.inner.measured_pool
        if inner is None:
            return None
        x, good = self.corresponding(inner)
        x = np.unique(x[good], axis=0)
        x.flags.writeable = False
        return x if len(x) else None

    def warped(self, score: Floats) -> Floats:
        """Scores of the original as they are here."""
        if self.warp is None:
            return score
        gain, power, offset = self.warp
        share = (score - self.inner.worst) / score_range(self.inner)
        return np.asarray(offset + gain * np.sign(share) * np.abs(share) ** power)


def optimum_of(task: Task) -> Points | None:
    """Return a point of the best score ``(d,)``, or None if unknown."""
    pool = task.measured_pool
    if task.optimum_x is not None or pool is None:
        return task.optimum_x
    return np.asarray(pool[task.noise_free(pool).argmax()])


def score_range(task: Task) -> float:
    """``best - worst``, 1 where that is 0."""
    return task.best - task.worst if task.best > task.worst else 1.0
