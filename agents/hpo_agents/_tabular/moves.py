"""The design of moves: state: the grid cell of the current configuration; action: one level up or down, or back."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from hpo_agents._candidates.chosen import check_space, resized
from hpo_agents._tabular.designs import Arrays, Design, Episodes, Which
from hpo_gym.base import Floats, Ints, InvalidValueError, Mask
from hpo_gym.optimize import Context
from hpo_gym.problem import Points, PoolBatch, SearchSpace, Task, TaskBatch, level_grid, nearest_level


class Moves(Design):
    """Actions as in the `move` codec: 2 j is one level down and 2 j + 1 one up in hyperparameter j, 2 d is back to the
    incumbent. The step starts at the last configuration; before the first trial, at the default one.

    A grid of 24 hyperparameters has more cells than memory, so the table is sparse: a cell gets its row when a training
    run first stands in it, until `max_states` have one. Row 0 stands for all other cells; it learns from every step.

    Args:
        levels: Levels of a range; a choice has one for each value.
        max_states: Cells that get a row.
    """

    usual_steps = 1_000_000
    fallback = 0

    def __init__(self, levels: int, max_states: int) -> None:
        if levels < 2 or max_states < 1:
            raise InvalidValueError(f"`levels >= 2` and `max_states >= 1` must hold, got ({levels=}, {max_states=}).")
        self.levels, self.max_states = levels, max_states
        self.cells: dict[bytes, int] = {}
        self._space: SearchSpace | None = None
        self._places: _Places | None = None

    @property
    def space(self) -> SearchSpace:
        """The (largest) space of the meta-train tasks."""
        assert self._space is not None
        return self._space

    def fit(self, tasks: Sequence[Task], rng: np.random.Generator) -> None:
        self._space = max(tasks, key=lambda t: t.space.d).space
        for t in tasks:
            check_space(self._space, t.space)
        self.cells, self._places = {}, _Places(self, learning=True)

    def size(self) -> tuple[int, int]:
        return len(self.cells) + 1, 2 * self.space.d + 1

    def train_on(self, batch: TaskBatch, task: Ints) -> Episodes:
        width = np.array([t.space.d for t in batch.tasks])[task]
        places = self._places or _Places(self, learning=False)
        return MoveEpisodes(places, np.minimum(width, self.space.d), batch.d, batch, task)

    def act_on(self, contexts: Sequence[Context], d: int) -> Episodes:
        for context in contexts:
            check_space(self.space, context.space)
        width = np.array([min(context.space.d, self.space.d) for context in contexts])
        return MoveEpisodes(_Places(self, learning=False), width, d)

    def to_arrays(self) -> dict[str, NDArray[Any]]:
        d = self.space.d
        return {"cells": np.frombuffer(b"".join(self.cells), np.int16).reshape(-1, d)}

    def from_arrays(self, space: SearchSpace, arrays: Arrays) -> None:
        cells = arrays["cells"]
        if cells.dtype != np.int16 or cells.ndim != 2 or cells.shape[1] != space.d:
            raise InvalidValueError(f"`cells` must be int16 (s, {space.d}), got {cells.dtype} {cells.shape}.")
        self._space = space
        self.cells = {cell.tobytes(): i + 1 for i, cell in enumerate(cells)}

    def state(self, cell: NDArray[np.int16], learning: bool) -> int:
        """Return the row of a cell ``(d,)``; 0 if it has none and gets none."""
        key = cell.tobytes()
        if learning and len(self.cells) < self.max_states:
            return self.cells.setdefault(key, len(self.cells) + 1)
        return self.cells.get(key, 0)


class _Places:
    """Configurations by number: results computed once for each, its state and the targets of its moves."""

    def __init__(self, design: Moves, *, learning: bool) -> None:
        self.design, self.learning = design, learning
        self._number: dict[bytes, int] = {}
        self._x: list[Points] = []
        self._state: dict[int, int] = {}
        self._targets: dict[int, Ints] = {}
        self._row: dict[int, int] = {}
        self._of_row: dict[int, int] = {}

    def numbers(self, x: Points) -> Ints:
        """Numbers of canonical points ``(b, d)``."""
        out = np.empty(len(x), np.int64)
        for i, p in enumerate(np.ascontiguousarray(x)):
            key = p.tobytes()
            number = self._number.get(key)
            if number is None:
                number = self._number[key] = len(self._x)
                self._x.append(p.copy())
            out[i] = number
        return out

    def points(self, numbers: Ints) -> Points:
        """Return the points of numbers, ``(b, d)``."""
        return np.stack([self._x[i] for i in numbers.tolist()])

    def states(self, numbers: Ints) -> Ints:
        """Return the state of each."""
        self._look_at(numbers)
        return np.array([self._state[i] for i in numbers.tolist()], np.int64)

    def targets(self, numbers: Ints) -> Ints:
        """Return the targets of the moves of each, ``(b, 2 d)``; itself for a forbidden one."""
        self._look_at(numbers)
        return np.stack([self._targets[i] for i in numbers.tolist()])

    def _look_at(self, numbers: Ints) -> None:
        new = np.array([i for i in dict.fromkeys(numbers.tolist()) if i not in self._state], np.int64)
        if not new.size:
            return
        design, x = self.design, self.points(new)
        space, grid = design.space, level_grid(design.space, design.levels)
        cells = np.stack([nearest_level(u, x[:, j]) for j, u in enumerate(grid)], 1)
        moved = np.repeat(x[:, None], 2 * space.d, 1)
        for j, (h, u) in enumerate(zip(space.hyperparameters, grid, strict=True)):
            for up, step in enumerate((-1, 1)):
                to = cells[:, j] + step
                moved[:, 2 * j + up, j] = u[to % len(u) if h.kind == "categorical" else np.clip(to, 0, len(u) - 1)]
        flat = space.snap(moved.reshape(-1, space.d))
        flat = np.where(space.legal(flat)[:, None], flat, np.repeat(x, 2 * space.d, 0))
        targets = self.numbers(flat).reshape(len(new), -1)
        for i, cell, target in zip(new.tolist(), cells.astype(np.int16), targets, strict=True):
            self._state[i], self._targets[i] = design.state(cell, self.learning), target

    def rows(self, batch: PoolBatch, task: Ints, numbers: Ints) -> Ints:
        """Return the answering rows of a pool; if the nearest is not measured on the task, the row nearest to that."""
        new = [i for i in dict.fromkeys(numbers.tolist()) if i not in self._row]
        if new:
            found = batch.nearest(np.zeros(len(new), np.int64), self.points(np.array(new)))
            self._row.update(zip(new, found.tolist(), strict=True))
        rows = np.array([self._row[i] for i in numbers.tolist()], np.int64)
        return batch.measured_rows(task, rows)

    def of_rows(self, batch: PoolBatch, rows: Ints) -> Ints:
        """Return the numbers of rows of one pool."""
        new = [r for r in dict.fromkeys(rows.tolist()) if r not in self._of_row]
        if new:
            x = self.design.space.snap(batch.points(np.zeros(len(new), np.int64), np.array(new)))
            self._of_row.update(zip(new, self.numbers(x).tolist(), strict=True))
        return np.array([self._of_row[r] for r in rows.tolist()], np.int64)


class MoveEpisodes(Episodes):
    """Runs that move.

    Args:
        places: Numbers of configurations.
        width: Hyperparameters of each run, ``(n,)``.
        d: Columns of the reported and proposed points.
        batch, task: The evaluations in training.
    """

    def __init__(
        self, places: _Places, width: Ints, d: int, batch: TaskBatch | None = None, task: Ints | None = None
    ) -> None:
        self.places, self.width, self.d, self.batch, self.task = places, width, d, batch, task
        n, self.space = len(width), places.design.space
        self.pool = batch if isinstance(batch, PoolBatch) and batch.one_pool else None
        self.here = places.numbers(self._own(np.tile(self.space.default_x, (n, 1)), slice(None)))
        self.incumbent = np.full(n, -1)
        self.best = np.full(n, -np.inf)
        self.seen = np.full((n, 8), -1)
        self.count = np.zeros(n, np.int64)
        self._proposed: Ints = self.here
        self._at: NDArray[Any] = self.here

    def states(self) -> Ints:
        return self.places.states(self.here)

    def allowed(self) -> Mask:
        to = self.places.targets(self.here)
        new = to != self.here[:, None]
        new &= np.arange(to.shape[1]) < 2 * self.width[:, None]
        most = int(self.count.max())
        for k in range(most):
            new &= to != self.seen[:, k, None]
        back = (self.incumbent >= 0) & (self.incumbent != self.here)
        return np.concatenate([new, back[:, None]], 1)

    def propose(self, action: Ints) -> NDArray[Any]:
        to = self.places.targets(self.here)
        last = to.shape[1]
        moved = to[np.arange(len(action)), np.minimum(action, last - 1)]
        self._proposed = np.where(action == last, np.where(self.incumbent < 0, self.here, self.incumbent), moved)
        if self.pool is not None:
            assert self.task is not None
            self._at = self.places.rows(self.pool, self.task, self._proposed)
            return self._at
        x = resized(self.places.points(self._proposed), self.d, np.full(self.d, 0.5))
        if self.batch is None or self.task is None:
            return x
        self._at = self.batch.place(self.task, x)
        return self._at

    def tell(self, which: Which, action: Ints, x: Points | None, score: Floats) -> None:
        runs = np.arange(len(self.here))[which]
        if x is not None:
            here = self.places.numbers(self._own(x, which))
        elif self.pool is not None:
            here = self.places.of_rows(self.pool, self._at[which])
        else:
            assert self.batch is not None
            assert self.task is not None
            here = self.places.numbers(self._own(self.batch.points(self.task[which], self._at[which]), which))
        ours = action >= 0
        self._see(runs[ours], self._proposed[which][ours])
        self._see(runs, here)
        self.here[runs] = here
        better = score > self.best[runs]
        self.incumbent[runs[better]] = here[better]
        self.best[runs] = np.maximum(self.best[runs], score)

    def _see(self, runs: Ints, numbers: Ints) -> None:
        if runs.size and int(self.count[runs].max()) == self.seen.shape[1]:
            self.seen = np.concatenate([self.seen, np.full_like(self.seen, -1)], 1)
        self.seen[runs, self.count[runs]] = numbers
        self.count[runs] += 1

    def _own(self, x: Points, which: Which) -> Points:
        """Return points in all columns of the design; columns outside a run's space are .5."""
        x = resized(x, self.space.d, np.full(self.space.d, 0.5)).copy()
        x[np.arange(self.space.d) >= self.width[which][:, None]] = 0.5
        return self.space.snap(x)
