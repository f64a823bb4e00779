"""The step of many runs on a table as one compiled pass, where all is plain; anything else is left to `Kernel.step`.

Numba is loaded once an env has taken so many steps that it pays (`AFTER`); the numbers are those without it.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
from numpy.typing import NDArray

from hpo_gym.base import Floats, Mask, compiled
from hpo_gym.env.codecs.pool import Pool
from hpo_gym.env.infos import StepInfo, step_of
from hpo_gym.env.kernel import Kernel
from hpo_gym.env.observers.last import Last
from hpo_gym.env.rewards.score import Score
from hpo_gym.env.watch import Watch
from hpo_gym.problem import PlainTable, PoolBatch, PoolBatchView, pooled

Outcome = tuple[Any, Floats, Mask, Mask, dict[str, Any]]
"""What a step of many runs returns."""

AFTER = 100_000
"""Steps of all runs at once before numba is loaded: about as long as that takes."""
_empty: Any = np.empty
_zeros = np.zeros
_F32, _F64, _I64, _BOOL = (np.dtype(kind) for kind in (np.float32, np.float64, np.int64, np.bool_))
_NO_SCORES = np.empty(0, np.float32)


class CompiledStep:
    """Steps all runs of a vector env, or leaves a step alone.

    It serves the codec `pool`, the observer `last` with scores as they are, and tables in float32, while all runs are
    in step and have had a success. Rewards other than `score` are made by their own code.
    """

    def __init__(
        self, kernel: Kernel, watch: Watch | None, info: Callable[[], StepInfo] | None, table: PlainTable,
        step: Callable[..., bool],
    ) -> None:  # fmt: skip
        self._kernel, self._runs, self._watch, self._info, self._step = kernel, kernel.runs, watch, info, step
        self._n, self._each, self._shape = kernel.n, (kernel.n,), (kernel.n, table.shown.shape[1])
        self._facts = (*table, _answering(pooled(kernel.contexts.batch)), kernel.batch.m)
        self._score = isinstance(kernel.parts.reward, Score)

    def __call__(self, actions: Any) -> Outcome | None:
        """Return the outcome of a step; None, and nothing has changed, where that has to be asked."""
        kernel, runs = self._kernel, self._runs
        incumbents, clock = runs.incumbents, runs.clock + 1
        possible = incumbents.possible
        if (
            type(actions) is not np.ndarray
            or actions.dtype is not _I64
            or actions.shape != self._each
            or kernel.waiting
            or not runs.in_step
            or clock in kernel.calendar
            or (possible and (incumbents.unsure or incumbents.mixed))
        ):
            return None
        n = self._n
        obs, last, best = _empty(self._shape, _F32), _empty(n, _F32), _empty(n, _F32)
        cell = _empty(n, _I64)
        rewards = _empty(n, _F64)
        left, worst = 1.0 - (clock - runs.began - runs.free) / runs.budget, incumbents.worst if possible else _NO_SCORES
        if not self._step(
            *self._facts, runs.base, actions, worst, runs.best, left, obs, last, best, cell, rewards
        ):  # an action is out of range
            return None
        runs.note(cell, obs, last, best)
        if not self._score:
            rewards = kernel.reward()
        if self._watch is not None:
            self._watch.step(rewards)
        if self._info is not None:
            info = self._info()
        else:
            info = StepInfo(step_of((kernel.batch, runs.task, cell, None, last, best, None, clock - runs.began, None)))
        return obs, rewards, _zeros(n, _BOOL), _zeros(n, _BOOL), info


def compiled_step(kernel: Kernel, watch: Watch | None, info: Callable[[], StepInfo]) -> CompiledStep | None:
    """Return the compiled step of a kernel; None where it has none, or numba is not installed.

    Args:
        watch: Counts the steps and rewards of episodes without a limit of their own, or None.
        info: Makes the infos of a step; not asked where they are those of a fused table alone.
    """
    runs, codec, observer = kernel.runs, kernel.parts.codec, kernel.parts.observer
    table = kernel.batch.plain if isinstance(kernel.batch, PoolBatch) else None
    plain = (
        type(codec) is Pool and codec.candidates is None and not (codec.stop or codec.fidelity)
        and type(observer) is Last and not observer.context and observer.served.plain
        and runs.bare and runs.single and not kernel.parts.reward.dim
    )  # fmt: skip
    if table is None or not plain:
        return None
    try:
        plainly = runs.fused is not None and kernel.parts.reported is None
        return CompiledStep(kernel, watch, None if plainly else info, table, compiled(_step))
    except ImportError:
        return None


def _answering(batch: PoolBatchView) -> NDArray[np.int32]:
    """Return the row that answers each action, by the flat place ``(k m,)``; none where each action is its own row.

    All gaps are looked up: an env that has come so far has met most of them.
    """
    k, m = batch.measured.shape
    if batch.complete and batch.offered is None:
        return np.empty(0, np.int32)
    task, place = np.repeat(np.arange(k), m), np.tile(np.arange(m), k)
    return batch.measured_rows(task, batch.rows_at(task, place)).astype(np.int32)


def _step(
    shown: Any, scores: Any, stride: int, answering: Any, m: int, base: Any, actions: Any, worst: Any, before: Any,
    left: float, obs: Any, last: Any, best: Any, cell: Any, rewards: Any,
) -> bool:  # fmt: skip
    """Evaluate the rows that actions name, and show them; False, and `worst` is as before, where one is out of range.

    Args:
        shown, scores, stride: See `PlainTable`.
        answering: See `_answering`.
        m, base: Rows of a task, and the place of each run's task in the table.
        worst: Lowest successes so far, updated, or none where no trial can fail.
        before: Scores of the incumbents.
        obs, last, best, cell, rewards: Written; `cell` with places where rows and scores are in one table, else rows.
    """
    n, width, off = np.uint64(obs.shape[0]), np.uint64(obs.shape[1]), np.uint64(1)  # of these, none counts from the end
    d, bad = width - np.uint64(3), False
    for i in range(n):
        bad |= (actions[i] < 0) | (actions[i] >= m)
    if bad:
        return False
    if answering.shape[0] > 0:
        for i in range(n):
            cell[i] = answering[np.uint64(base[i] + actions[i])]
    else:
        for i in range(n):
            cell[i] = actions[i]
    from_, to = shown.ravel(), obs.ravel()
    if scores.shape[0] > 0:
        for i in range(n):
            last[i] = scores[np.uint64((base[i] + cell[i] + 1) * stride - 1)]
    else:
        for i in range(n):
            cell[i] += base[i]
            last[i] = from_[np.uint64(cell[i]) * width + d]  # also fetches the row
    for i in range(worst.shape[0]):
        if last[i] == -np.inf:
            last[i] = worst[i]
        elif last[i] < worst[i]:
            worst[i] = last[i]
    by_place = scores.shape[0] > 0 and shown.shape[0] != m
    for i in range(n):
        at, start = np.uint64(cell[i] + base[i] if by_place else cell[i]) * width, i * width
        for j in range(d):
            to[start + j] = from_[at + j]
        score, top = last[i], before[i]
        if score > top:
            top = score
        best[i] = top
        rewards[i] = score
        to[start + d] = score
        to[start + d + off] = top
        to[start + d + off + off] = left
    return True
