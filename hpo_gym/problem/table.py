"""Tasks with scores measured in advance: one table of `k` tasks, `m` configurations and `f` fidelities.

The nearest measured row of its task answers a proposal; `hpo_gym.problem.nearest.pool` defines nearness.
"""

from __future__ import annotations

import functools
import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any, ClassVar

import numpy as np
from numpy.typing import NDArray

from hpo_gym.base import Floats, Ints, InvalidValueError, Keys, seeding
from hpo_gym.problem.earlier import FIDELITY, TEST, Evaluations, Measurement
from hpo_gym.problem.nearest.answers import read_answers
from hpo_gym.problem.nearest.candidates import Shut
from hpo_gym.problem.nearest.pool import Gaps, Pool
from hpo_gym.problem.objectives.objective import SCORE, Objective, broken, find_objective
from hpo_gym.problem.shipped import ByName
from hpo_gym.problem.sizes import Sizes
from hpo_gym.problem.space import Points, SearchSpace
from hpo_gym.problem.task import Evaluated, PlainTable, PoolBatch, Task, TaskBatch, filled, noise_keys
from hpo_gym.problem.trial import Query, Status, Trial

_FUSE_BELOW = 64 << 20  # bytes; a larger fused table costs more memory than it saves time
_MEMO = 1 << 16
_MIX, _HALF = np.uint64(0x9E3779B97F4A7C15), np.uint64(32)
_zeros, _F64, _I8 = np.zeros, np.dtype(np.float64), np.dtype(np.int8)
_MIX_INT, _ALL = int(_MIX), (1 << 64) - 1


Name = frozenset[tuple[str, type, Any]]
"""A configuration as a key: 1, 1.0 and True are three values."""


def name_of(config: Mapping[str, Any]) -> Name:
    """Return the key of a configuration; raise `TypeError` for a value without a hash."""
    return frozenset([(key, value.__class__, value) for key, value in config.items()])


def _median(values: NDArray[Any], rest: float) -> float:
    known = np.isfinite(values)
    return float(np.median(values[known])) if known.any() else rest


@dataclass(frozen=True, eq=False, repr=False)
class Table(ByName):
    """Scores of `k` tasks.

    Args:
        space: The search space of all tasks.
        x: Canonical points, ``(m, d)`` for one pool, or ``(k, m, d)`` for a pool per task.
        score: ``(k, m, f)``, higher is better; NaN = not measured (never returned), -inf = failed.
        cost: ``(k, m, f)`` or None; NaN = unknown, counted as the median of the task at that fidelity.
        test_score: Like `score`, measured on data unused by any choice, or None.
        fidelities: Ascending, `f` of them; the last is 1.
        repeats: Scores of single seeds ``(k, m, f, r)``, NaN = no such repeat, or None. An evaluation returns one of
            them, drawn by key; `score` is their mean, the true score.
        objectives: Further objectives of full evaluations ``(k, m, o)``, finite, or None.
        further: Descriptions of their columns.
        sizes: Meaning of the fidelities, if they are sizes of the model.
        constraints: Bounds on score, cost or objectives, by name: a cell beyond one, at its own fidelity, has failed.
        cumulative: Whether one training passes through all fidelities, so that the cost of one includes the lower ones.
        proposed: Further rows, found by an optimizer that knew the task's scores: known of an earlier task, and never
            candidates of the task itself. None: there are none.
        starts: By task, rows of its initial designs, `s` lists of `n` (see `Task.starts`); or empty.
        order: Key of the order of a shared pool's rows, as agents see them (see `PoolBatchView`), a name and
            a number; None: they are offered as stored, as pools of the tasks' own are.
        answers: A file of `nearest.answers` with the rows that answer unmeasured ones; where there is none, or it is of
            another table, each is looked up when it is met.
    """

    ARRAYS: ClassVar = ("x", "score", "cost", "test_score", "repeats", "objectives")

    space: SearchSpace
    x: NDArray[Any]
    score: NDArray[Any]
    cost: NDArray[Any] | None = None
    test_score: NDArray[Any] | None = None
    fidelities: tuple[float, ...] = (1.0,)
    repeats: NDArray[Any] | None = None
    objectives: NDArray[Any] | None = None
    further: tuple[Objective, ...] = ()
    sizes: Sizes | None = None
    constraints: Mapping[str, float] = field(default_factory=dict)
    cumulative: bool = False
    proposed: Table | None = None
    starts: Sequence[Sequence[Sequence[int]]] = ()
    order: tuple[str, int] | None = None
    answers: Path | None = None

    def __repr__(self) -> str:
        return f"Table(k={self.k}, m={self.m}, d={self.space.d}, fidelities={self.fidelities})"

    @property
    def k(self) -> int:
        """Number of tasks."""
        return int(self.score.shape[0])

    @property
    def m(self) -> int:
        """Number of rows of the (largest) pool."""
        return int(self.score.shape[1])

    @functools.cached_property
    def offered(self) -> Ints | None:
        """Return the row at each place, ``(m,)``: a fixed order by key, the same for all tasks; None: as stored."""
        if self.order is None or self.x.ndim == 3:
            return None
        keys = seeding.mix(np.arange(self.m, dtype=np.uint64), seeding.key("offered", *self.order))
        return np.argsort(keys, kind="stable")

    @functools.cached_property
    def measured(self) -> NDArray[np.bool_]:
        """Rows that were measured at all fidelities, ``(k, m)``; a failure is a measurement."""
        return np.asarray(~np.isnan(self.score).any(2))

    @functools.cached_property
    def failed(self) -> NDArray[np.bool_]:
        """Cells that failed, or break a constraint, ``(k, m, f)``."""
        lost = np.isneginf(self.score)
        return np.asarray(lost | self.infeasible if self.constraints else lost)

    @functools.cached_property
    def infeasible(self) -> NDArray[np.bool_]:
        """Return the cells that break a constraint, ``(k, m, f)``; a failed cell breaks none on the score."""
        out = np.zeros(self.score.shape, bool)
        for name, bound in self.constraints.items():
            objective, place = find_objective(name, self.further)
            if place < 0:
                values = self.score if objective == SCORE else self.costs
                out |= broken(values, bound, objective.sign) & ~np.isneginf(self.score)
            elif self.objectives is not None:
                out |= broken(self.objectives[..., place], bound, objective.sign)[..., None]
        return np.asarray(out & ~np.isnan(self.score))

    @functools.cached_property
    def statuses(self) -> NDArray[np.int8]:
        """Codes of `Status`, ``(k, m, f)``."""
        failed = self.failed.astype(np.int8)
        return np.where(self.infeasible, np.int8(Status.INFEASIBLE), failed) if self.constraints else failed

    @functools.cached_property
    def served(self) -> NDArray[Any]:
        """Return the result of an evaluation, ``(k, m, f)``: -inf if it failed, 0 if unmeasured."""
        out = np.where(np.isnan(self.score), 0, self.score).astype(self.score.dtype)
        if self.constraints:
            out[self.failed] = -np.inf
        return out

    @functools.cached_property
    def finite(self) -> NDArray[Any]:
        """Return `served` for judges and earlier tasks: a failure has the worst score of its task and fidelity."""
        if not self.failed.any():
            return self.served
        good = np.where(np.isfinite(self.served) & self.measured[:, :, None], self.served, np.inf)
        lowest = good.min(1, keepdims=True)
        lowest = np.where(np.isfinite(lowest), lowest, good.min((1, 2), keepdims=True))  # a fidelity of failures only
        lowest = np.where(np.isfinite(lowest), lowest, 0).astype(self.score.dtype)
        return np.where(self.failed, lowest, self.served)

    @functools.cached_property
    def repeated(self) -> tuple[NDArray[Any], Ints]:
        """Return possible results of an evaluation ``(k, m, f, r)``, and their number, at least one, ``(k, m, f)``."""
        assert self.repeats is not None
        there = np.isfinite(self.repeats) & (np.isfinite(self.served) & self.measured[:, :, None])[..., None]
        if there.all():
            return self.repeats.astype(self.score.dtype), np.full(self.score.shape, there.shape[-1])
        first = np.argsort(~there, axis=-1, kind="stable")
        packed = np.take_along_axis(self.repeats, first, -1).astype(self.score.dtype)
        count = there.sum(-1)
        return np.where(count[..., None] > 0, packed, self.served[..., None]), np.maximum(count, 1)

    @functools.cached_property
    def costs(self) -> NDArray[Any]:
        """Finite costs ``(k, m, f)``: the share of a full evaluation where the table has none."""
        if self.cost is None:
            return np.broadcast_to(np.asarray(self.fidelities, np.float32), self.score.shape)
        out = np.asarray(self.cost, np.float64 if self.cost.dtype == np.float64 else np.float32)
        known = np.isfinite(out)
        if known.all():
            return out
        out = out.copy()
        for cost, there in zip(out, known, strict=True):
            if not there.all():
                whole = _median(cost, 0.0)  # for a fidelity of which no cost is known
                middle = np.array([_median(level, whole) for level in cost.T], out.dtype)
                cost[:] = np.where(there, cost, middle)
        return out

    def part(self, tasks: Sequence[int]) -> Table:
        """Return the table of some of its tasks, by their places."""
        at = list(tasks)
        parts = {name: array[at] for name, array in self.arrays.items() if name != "x"}
        proposed = None if self.proposed is None else self.proposed.part(at)
        starts = [self.starts[i] for i in at] if self.starts else ()
        return replace(self, x=self.x if self.x.ndim == 2 else self.x[at], proposed=proposed, starts=starts, **parts)

    @property
    def arrays(self) -> dict[str, Any]:
        """Return the arrays that it has, by name."""
        found = {name: getattr(self, name) for name in self.ARRAYS}
        return {name: array for name, array in found.items() if array is not None}

    @functools.cached_property
    def whole(self) -> Table:
        """The table with the rows that were proposed behind its own."""
        if self.proposed is None:
            return self
        more = self.proposed.arrays
        joined: dict[str, Any] = {n: np.concatenate([array, more[n]], 1) for n, array in self.arrays.items()}
        return replace(self, proposed=None, **joined)

    def points(self, k: int) -> NDArray[Any]:
        """Return the pool of task `k`, ``(m, d)``."""
        return self.x if self.x.ndim == 2 else self.x[k]

    @functools.lru_cache(maxsize=4096)  # noqa: B019 - a table lives as long as its suite
    def read_only(self, k: int) -> Points:
        """Return the points of task `k` in float64, read-only; tasks of one pool share one array."""
        if self.x.ndim == 2 and k:
            return self.read_only(0)
        out = np.array(self.points(k), np.float64)
        out.flags.writeable = False
        return out

    @functools.lru_cache(maxsize=4096)  # noqa: B019
    def pool(self, k: int) -> Pool:
        """Return the pool of task `k`; tasks of one pool share one."""
        return self.pool(0) if self.x.ndim == 2 and k else Pool(self.space, self.points(k))

    @functools.lru_cache(maxsize=_MEMO)  # noqa: B019
    def config(self, k: int, row: int) -> dict[str, Any]:
        """Return the configuration of a row of pool `k`; do not change it."""
        return self.space.from_unit(self.points(k)[row])

    @functools.lru_cache(maxsize=64)  # noqa: B019
    def names(self, k: int) -> dict[Name, int]:
        """Return the row of each configuration of pool `k`, the lowest of equal ones; nothing of a very large pool."""
        if self.m > _MEMO:
            return {}
        found: dict[Name, int] = {}
        for row, config in enumerate(self.space.decode(self.pool(k).x)):
            found.setdefault(name_of(config), row)
        return found

    @functools.cached_property
    def gaps(self) -> Gaps:
        """Return the answering rows for rows that a task lacks."""
        known = None if self.answers is None else read_answers(self.answers, self.space, self.x, self.measured)
        return Gaps(self.measured, self.pool, known)


@dataclass(frozen=True, eq=False)
class TableTask(Task):
    """One task of a table."""

    table: Table = None  # type: ignore[assignment]
    index: int = 0

    @property
    def pool(self) -> Points:
        """All rows, ``(m, d)``, measured here or not; see `measured`."""
        return self.table.read_only(self.index)

    @property
    def offered(self) -> Ints | None:
        return self.table.offered

    @property
    def measured(self) -> NDArray[np.bool_]:
        return np.asarray(self.table.measured[self.index])

    @classmethod
    def batch(cls, tasks: Sequence[TableTask], d: int) -> TaskBatch:
        return TableBatch(tasks)

    @property
    def together(self) -> object:
        return id(self.table)

    @property
    def noisy(self) -> bool:
        return self.table.repeats is not None

    @functools.cached_property
    def starts(self) -> Points | None:
        own = self.table.starts[self.index] if self.table.starts else ()
        return self.table.pool(self.index).x[np.array(own)] if own else None

    @functools.cached_property
    def cell_keys(self) -> Keys:
        """The part of the noise's key without the instance, ``(m, f)``; hashed once, since a step is only a look-up."""
        x = self.table.pool(self.index).x
        nowhere = np.zeros(len(x), np.uint64)
        return np.stack([noise_keys(nowhere, x, np.full(len(x), f), self) for f in self.fidelities], 1)

    def noise_keys(self, instance: Keys, x: Points, fidelity: Floats) -> Keys:
        """By the row that answers, not by the proposal."""
        return instance ^ self.cell_keys[self.rows(x), nearest_levels(self.fidelities, fidelity)]

    def rows(self, x: Points) -> Ints:
        """Return the nearest measured row of each canonical point ``(n, d)``."""
        return self.table.pool(self.index).nearest(x, self.measured)

    def evaluate(self, x: Points, fidelity: Floats, key: Keys) -> Evaluated:
        """Look up the nearest measured rows at the nearest fidelities; of repeats, the one that `key` draws."""
        at, f = self.rows(x), nearest_levels(self.fidelities, fidelity)
        t, i = self.table, self.index
        return Evaluated(self._scores(at, f, key), t.costs[i, at, f].astype(np.float64), t.statuses[i, at, f])

    def _scores(self, at: Ints, f: Ints, key: Keys) -> Floats:
        t, i = self.table, self.index
        if t.repeats is None:
            return np.asarray(t.served[i, at, f], np.float64)
        scores, count = t.repeated
        return np.asarray(scores[i, at, f, _drawn(key, count[i, at, f])], np.float64)

    @functools.cached_property
    def _memo(self) -> dict[Name, int]:
        return {}

    def row_of(self, config: Mapping[str, Any]) -> int:
        """Return the row that answers a configuration."""
        try:
            name = name_of(config)
        except TypeError:  # a value that cannot be hashed: no hyperparameter has one, `to_unit` says so
            return int(self.rows(self.space.to_unit(config)[None])[0])
        row = self._memo.get(name)
        if row is None:
            row = self.table.names(0 if self.table.x.ndim == 2 else self.index).get(name)
            if row is None:
                row = int(self.rows(self.space.to_unit(config)[None])[0])
            elif not self.table.measured[self.index, row]:
                row = int(self.table.gaps.answering(np.array([self.index]), np.array([row]))[0])
            if len(self._memo) < _MEMO:
                self._memo[name] = row
        return row

    def run(self, config: Mapping[str, Any], fidelity: float = 1.0, seed: int = 0, *, failed: float = 0.0) -> Trial:
        """Look up the row nearest to a configuration, without arrays; the trial's configuration is that row's."""
        Query(config, fidelity)
        row, t, i = self.row_of(config), self.table, self.index
        f = 0 if len(self.fidelities) == 1 else int(nearest_levels(self.fidelities, np.array([fidelity]))[0])
        query = Query(t.config(0 if t.x.ndim == 2 else i, row).copy(), self.fidelities[f])
        further = () if t.objectives is None else t.objectives[i, row].tolist()
        objectives = dict(zip((o.name for o in t.further), further, strict=True))
        if t.failed[i, row, f]:
            status = Status(t.statuses[i, row, f].item())
            return Trial(query, failed, float(t.costs[i, row, f]), status, objectives=objectives)
        score = float(t.served[i, row, f]) if t.repeats is None else self._draw(row, f, seed)
        return Trial(query, score, float(t.costs[i, row, f]), objectives=objectives)

    def _draw(self, row: int, f: int, seed: int) -> float:
        key = np.array([seed % 2**64], np.uint64) ^ self.cell_keys[row, f]
        return float(self._scores(np.array([row]), np.array([f]), key)[0])

    @property
    def objectives(self) -> tuple[Objective, ...]:
        return self.table.further

    def objectives_at(self, x: Points) -> Floats:
        """Return the table's values at the nearest measured rows."""
        if self.table.objectives is None:
            return super().objectives_at(x)
        return np.asarray(self.table.objectives[self.index, self.rows(x)], np.float64)

    @functools.cached_property
    def cost_unit(self) -> float:
        """Mean recorded cost of the rows measured, at full fidelity; NaN where none is recorded."""
        if self.table.cost is None:
            return math.nan
        cost = np.asarray(self.table.cost[self.index, self.measured, -1], np.float64)
        known = np.isfinite(cost)
        return float(cost[known].mean()) if known.any() else math.nan

    @functools.cached_property
    def least_costs(self) -> tuple[float, ...]:
        """The lowest cost of a row measured, at each fidelity; one without a record counts as the median."""
        if self.table.cost is None:
            return ()
        return tuple(self.table.costs[self.index, self.measured].astype(np.float64).min(0).tolist())

    @property
    def cumulative(self) -> bool:
        return self.table.cumulative

    def evaluations(self) -> Evaluations:
        """Return the whole table at full fidelity; test scores and halved fidelities are further measurements."""
        score, cost, status = self._level(-1)
        further = [] if self._tested is None else [self._on_test(cost, status)]
        further += [Measurement(FIDELITY, self.fidelities[f], *self._level(f)) for f in halves(self.fidelities)]
        return Evaluations(self.name, self.family, self.pool, score, cost, status, tuple(further), self.meta_features)

    def remembered(self) -> Evaluations:
        """Return the whole table, and the rows that an optimizer proposed."""
        return (
            self.evaluations() if self.table.proposed is None else replace(self, table=self.table.whole).evaluations()
        )

    def _level(self, f: int) -> tuple[Floats, Floats, NDArray[np.int8]]:
        """Scores, NaN where not measured, costs and statuses at a fidelity, each ``(m,)``."""
        t, i = self.table, self.index
        score = np.where(t.measured[i], t.finite[i, :, f], np.nan).astype(np.float64)
        return score, np.asarray(t.costs[i, :, f], np.float64), t.statuses[i, :, f].copy()

    def _on_test(self, cost: Floats, status: NDArray[np.int8]) -> Measurement:
        assert self._tested is not None
        failed = ~np.isfinite(self.table.test_score[self.index, :, -1]) & self.measured  # type: ignore[index]
        code = np.where(failed & (status == Status.OK), np.int8(Status.FAILED), status)
        return Measurement(TEST, 1.0, np.where(self.measured, self._tested, np.nan), cost, code)

    def noise_free(self, x: Points) -> Floats:
        return np.asarray(self.table.finite[self.index, self.rows(x), -1], np.float64)

    @functools.cached_property
    def _tested(self) -> Floats | None:
        """Test score of each row at full fidelity, ``(m,)``, anything where it was not measured."""
        if self.table.test_score is None:
            return None
        test, there = self.table.test_score[self.index, :, -1].astype(np.float64), self.measured
        good = there & np.isfinite(test)
        if self.table.constraints:
            good &= ~self.table.infeasible[self.index, :, -1]
        if np.isnan(test[there]).any() or not good.any():
            return None
        return np.where(good, test, test[good].min())

    def test_scores(self, x: Points) -> Floats | None:
        """The table's test score at full fidelity; None also where it is NaN, not measured, for a row that is."""
        return None if self._tested is None else self._tested[self.rows(x)]

    @property
    def test_range(self) -> tuple[float, float] | None:
        if self._tested is None:
            return None
        test = self._tested[self.measured]
        return float(test.max()), float(test.min())


def _drawn(key: Keys, count: NDArray[Any] | int) -> Ints:
    """One of `count` repeats by key, ``(n,)``: both parts of a key are hashes, so a product mixes them well enough."""
    several = np.uint64(count) if isinstance(count, int) else count.astype(np.uint64)
    return np.asarray(((key * _MIX >> _HALF) * several >> _HALF).view(np.int64), np.int64)


def nearest_levels(levels: Sequence[float] | Floats, fidelity: Floats) -> Ints:
    """Position of the nearest level of each fidelity ``(n,)``; of two as near, the lower."""
    if len(levels) == 1:
        return np.zeros(len(fidelity), np.int64)
    return np.asarray(np.abs(np.asarray(levels) - np.asarray(fidelity)[:, None]).argmin(1), np.int64)


def halves(levels: Sequence[float]) -> list[int]:
    """Positions of lower fidelities, each the highest of at most half of the one before; none of a single level."""
    out, least = list[int](), levels[-1]
    for f in reversed(range(len(levels) - 1)):
        if levels[f] <= least / 2.0:
            out.append(f)
            least = levels[f]
    return out


class TableBatch(PoolBatch):
    """Tasks of one table. `at` is a row; the base of a run is the place of its task in the flat table."""

    def __init__(self, tasks: Sequence[TableTask]) -> None:
        self.tasks: tuple[TableTask, ...] = tuple(tasks)
        self.table = self.tasks[0].table
        self.index = np.array([t.index for t in self.tasks])
        self.d, self.m, self.f = self.table.space.d, self.table.m, len(self.table.fidelities)
        first, count = self.tasks[0].index, len(self.tasks)
        side_by_side = (self.index == np.arange(first, first + count)).all()
        self._part = slice(first, first + count) if side_by_side else self.index  # a slice copies nothing
        self._served = self.table.served[self._part]  # (k, m, f)
        self.flat = np.ascontiguousarray(self._served).reshape(-1)
        self.dtype = self.flat.dtype
        self.measured = self.table.measured[self._part]  # (k, m)
        self.complete, self.one_pool = bool(self.measured.all()), self.table.x.ndim == 2
        self.offered = self.table.offered
        self._places = self.index.tolist()
        self._costs, self._statuses, self.objectives = self.table.costs, self.table.statuses, self.table.further
        self.fallible = bool(self.table.failed[self._part].any())
        self._levels = np.asarray(self.table.fidelities)
        self._place_of = {fidelity: f for f, fidelity in enumerate(self.table.fidelities)}
        self._shares = self._levels.astype(np.float32)  # costs of a table without any
        self._seeds = 1 if self.table.repeats is None else int(self.table.repeats.shape[-1])

    @property
    def scores(self) -> NDArray[Any]:
        return self._served[..., -1]

    @functools.cached_property
    def fused(self) -> NDArray[np.float32] | None:
        """Rows ``(k * m, d + 3)``: configuration in [-1, 1], score, two free columns; None where it would be large."""
        k, m = self.measured.shape
        large = k * m * (self.d + 3) * 4 > _FUSE_BELOW
        if large or self.table.repeats is not None or self.dtype != np.float32:
            return None
        out = np.zeros((k, m, self.d + 3), np.float32)
        x = self.signed if self.signed.ndim == 3 else self.signed[None]
        out[..., : self.d], out[..., self.d] = x, self._served[..., -1]
        return out.reshape(k * m, self.d + 3)

    @functools.cached_property
    def frames(self) -> NDArray[np.float32]:
        """Rows ``(m, d + 3)``, of a pool per task ``(k * m, d + 3)``: configuration in [-1, 1], three free columns."""
        out = np.zeros((*self.signed.shape[:-1], self.d + 3), np.float32)
        out[..., : self.d] = self.signed
        return out.reshape(-1, self.d + 3)

    @functools.cached_property
    def signed(self) -> NDArray[np.float32]:
        x = self.table.x if self.one_pool else self.table.x[self._part]
        return np.asarray(x * 2.0 - 1.0, np.float32)

    def base(self, task: Ints) -> Ints:
        return task * self.m

    def place(self, task: Ints, x: Points) -> Ints:
        x = self.table.space.snap(x)
        if not self.one_pool:
            return self._by_task(task, x, self.measured)
        pool = self.table.pool(0)
        if self.complete:
            return pool.nearest(x)
        rows = pool.exact(x)
        if len(rows) and rows.item(rows.argmin()) >= 0:
            return self.measured_rows(task, rows)
        hit = rows >= 0
        rows[hit] = self.measured_rows(task[hit], rows[hit])
        lost = (~hit).nonzero()[0]
        rows[lost] = pool.search(x.take(lost, 0), Shut(self.table.gaps.closed, self.index.take(task.take(lost))))
        return rows

    def nearest(self, task: Ints, x: Points) -> Ints:
        """By the table's rule of distance."""
        return self.table.pool(0).nearest(x) if self.one_pool else self._by_task(task, x, np.ones_like(self.measured))

    def _by_task(self, task: Ints, x: Points, allowed: NDArray[np.bool_]) -> Ints:
        """Return the nearest allowed rows on each task, ``(k, m)``, each task with a pool of its own."""
        rows = np.empty(len(x), np.int64)
        for j in np.unique(task).tolist():
            who = np.flatnonzero(task == j)
            rows[who] = self.table.pool(int(self.index[j])).nearest(x[who], allowed[j])
        return rows

    def measured_rows(self, task: Ints, rows: Ints) -> Ints:
        return rows if self.complete else self.table.gaps.answering(self.index.take(task), rows)

    @property
    def plain(self) -> PlainTable | None:
        if self.table.repeats is not None or self.dtype != np.float32:
            return None
        if self.fused is not None:
            return PlainTable(self.fused, np.empty(0, np.float32), 1)
        return PlainTable(self.frames, self.flat, self.f)

    def row_of(self, task: int, config: Mapping[str, Any]) -> int:
        return self.tasks[task].row_of(config)

    def measured_row(self, task: int, row: int) -> int:
        return row if self.complete else self.table.gaps.answer(self._places[task], row)

    def score_of(self, base: int, row: int, instance: Keys) -> float:
        """Look one score up; of repeats, the one that the instance draws."""
        cell = base + row if self.f == 1 else (base + row) * self.f + self.f - 1
        if self.table.repeats is None:
            return self.flat.item(cell)  # type: ignore[no-any-return]
        scores, count, keys = self._flat_repeats
        several = count if isinstance(count, int) else count.item(cell)
        hashed = ((instance.item(0) ^ keys.item(cell)) * _MIX_INT & _ALL) >> 32
        return scores.item(cell * self._seeds + (hashed * several >> 32))  # type: ignore[no-any-return]

    def evaluate(self, base: Ints, at: Ints, fidelity: Floats | None, instance: Keys) -> tuple[NDArray[Any], None]:
        """Look scores up, ``(n,)``; with repeats, the draw of each instance seed."""
        cell = self._cells(base, at, fidelity)
        if self.table.repeats is None:
            return self.flat.take(cell, mode="clip"), None
        scores, count, keys = self._flat_repeats
        several = count if isinstance(count, int) else count.take(cell, mode="clip")
        drawn = _drawn(instance ^ keys.take(cell, mode="clip"), several)
        return scores.take(cell * self._seeds + drawn, mode="clip"), None

    @functools.cached_property
    def _flat_repeats(self) -> tuple[NDArray[Any], Keys | int, Keys]:
        """Repeats, their number (one where it is the same everywhere), and the keys of cells, by the flat place."""
        scores, count = (np.ascontiguousarray(a[self._part]).reshape(-1) for a in self.table.repeated)
        same = (count == count[0]).all()
        keys = np.concatenate([t.cell_keys.reshape(-1) for t in self.tasks])
        return scores, int(count[0]) if same else count.astype(np.uint64), keys

    def outcome(self, base: Ints, at: Ints | None, fidelity: Floats | None) -> tuple[Floats, NDArray[np.int8]]:
        n, (costs, failed) = len(base), self._flat_outcomes
        if costs is None and failed is None and fidelity is None:
            return filled(n, self._shares.item(-1), _F64), _zeros(n, _I8)
        cell = self._cells(base, at, fidelity)
        shown = self._shares.take(cell % self.f) if costs is None else costs.take(cell, mode="clip")
        return shown.astype(_F64), _zeros(n, _I8) if failed is None else failed.take(cell, mode="clip")

    @functools.cached_property
    def _flat_outcomes(self) -> tuple[NDArray[Any] | None, NDArray[np.int8] | None]:
        """Costs and statuses by the place in the flat table; None if no cost is known, or nothing failed."""
        costs = None if self.table.cost is None else np.ascontiguousarray(self.table.costs[self._part]).reshape(-1)
        status = self.table.statuses[self._part]
        return costs, status.reshape(-1) if status.any() else None

    @functools.cached_property
    def _flat_objectives(self) -> Floats:
        """The further objectives by the place of a row, ``(k m, o)``."""
        assert self.table.objectives is not None
        return np.asarray(self.table.objectives[self._part], np.float64).reshape(-1, len(self.objectives))

    def further(self, base: Ints, at: Ints | None) -> Floats:
        if not self.objectives:
            return super().further(base, at)
        return self._flat_objectives.take(base if at is None else base + at, 0)

    def outcome_of(self, task: int, at: int | NDArray[Any], fidelity: float) -> tuple[float, int]:
        f = self._place_of.get(fidelity)
        cell = (self._places[task], at, int(nearest_levels(self._levels, np.array([fidelity]))[0]) if f is None else f)
        return self._costs.item(cell), self._statuses.item(cell)

    def points(self, task: Ints, at: Ints) -> Points:
        x = self.table.x
        return np.asarray(x[at] if x.ndim == 2 else x[self.index[task], at], np.float64)

    def config(self, task: int, at: int | NDArray[Any]) -> dict[str, Any]:
        return self.table.config(0 if self.one_pool else self._places[task], int(at)).copy()

    def _cells(self, base: Ints, at: Ints | None, fidelity: Floats | None) -> Ints:
        cell = base if at is None else base + at
        if self.f == 1:
            return cell
        last = self.f - 1
        return cell * self.f + (last if fidelity is None else nearest_levels(self._levels, fidelity))


def check_table(space: SearchSpace, x: NDArray[Any], score: NDArray[Any], cost: NDArray[Any] | None) -> None:
    """Refuse a table with invalid shapes or values.

    Raises:
        InvalidValueError: Shapes do not fit, a score is +inf, a task has no success, or a cost is negative or infinite.
    """
    k, m, _ = score.shape
    if x.shape not in ((m, space.d), (k, m, space.d)):
        raise InvalidValueError(f"`x` must have shape ({m}, {space.d}) or ({k}, {m}, {space.d}), got {x.shape}.")
    if np.isposinf(score).any():
        raise InvalidValueError("`scores` must be finite, NaN (not measured) or -inf (failed), got +inf.")
    empty = np.flatnonzero(~(np.isfinite(score[..., -1]) & ~np.isnan(score).any(2)).any(1))
    if empty.size:
        raise InvalidValueError(
            "Each task needs a row that is measured at all fidelities and a success at full fidelity; "
            f"task {int(empty[0])} has none."
        )
    if cost is not None:
        if cost.shape != score.shape:
            raise InvalidValueError(f"`costs` must have the shape of `scores` {score.shape}, got {cost.shape}.")
        bad = cost[(cost < 0) | np.isinf(cost)]
        if bad.size:
            raise InvalidValueError(f"`costs` must be finite and not negative, or NaN (unknown), got {float(bad[0])}.")
