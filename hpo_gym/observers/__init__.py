"""Observers: what an agent sees. Named, stateless, batch-first functions of contexts and runs.

Configurations are shown in [-1, 1], an inactive hyperparameter as 0, scores on the served scale, all as float32.
Each observer takes `context`: meta-features of the data set, standardised with meta-train statistics, an unknown one
as 0, with a flag for each that is known.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from typing import Any

import gymnasium as gym
import numpy as np
from numpy.typing import NDArray

from hpo_gym.errors import InvalidValueError
from hpo_gym.registry import Registry
from hpo_gym.score_scales import Raw, ServedScores
from hpo_gym.space import level_grid, nearest_level
from hpo_gym.state.contexts import Contexts
from hpo_gym.state.runs import Runs
from hpo_gym.task import pooled

F32 = NDArray[np.float32]
MAX = float(np.finfo(np.float32).max)
MOST_ROWS = 1024

OBSERVERS: Registry[Observer] = Registry("observer")


class Observer(ABC):
    """Shows runs to an agent. Called when every run has a trial, or none has.

    Attributes:
        served: The scale of the scores shown.
        context: Whether meta-features are shown too.
        fused, needs_history, needs_incumbent: What the kernel keeps for it: see `Runs`.
        candidates: Rows drawn for each episode, or None.
        blank: Whether runs without a trial all look alike.
    """

    fused = False
    needs_history = False
    needs_incumbent = False
    candidates: int | None = None
    blank = False
    served: ServedScores
    context: bool

    @abstractmethod
    def space(self, contexts: Contexts) -> gym.Space[Any]:
        """The observation space of one run."""

    @abstractmethod
    def __call__(self, contexts: Contexts, runs: Runs) -> Any:
        """Fresh observations of `n` runs: an array ``(n, ...)``, or a dictionary of such."""

    def serve(self, contexts: Contexts, runs: Runs, scores: NDArray[Any]) -> NDArray[Any]:
        """Scores on the served scale, within the range of float32."""
        with np.errstate(over="ignore"):
            out = self.served.serve(contexts, runs, scores)
        return out if out.dtype == np.float32 else np.clip(out, -MAX, MAX)


class _Flat(Observer):
    """An observer of one flat Box: `width` numbers between `low` and `high`, then the context."""

    def __init__(self, context: bool = False, served: ServedScores | None = None) -> None:
        self.context, self.served = context, served or Raw()
        self.blank = not context

    @abstractmethod
    def limits(self, contexts: Contexts) -> list[tuple[float, float, int]]:
        """Low, high and count of each stretch."""

    def space(self, contexts: Contexts) -> gym.Space[Any]:
        parts = self.limits(contexts)
        if self.context:
            parts = [*parts, (-MAX, MAX, contexts.meta.shape[1])]
        low = np.concatenate([np.full(w, lo, np.float32) for lo, _, w in parts])
        high = np.concatenate([np.full(w, hi, np.float32) for _, hi, w in parts])
        return gym.spaces.Box(low, high, dtype=np.float32)

    def finish(self, contexts: Contexts, runs: Runs, out: F32) -> F32:
        """Append the context, if it is shown."""
        return np.concatenate([out, contexts.meta[runs.task]], 1) if self.context else out


@OBSERVERS.register("last")
class Last(_Flat):
    """``(d + 3,)``: last configuration, its score, the incumbent's score, share of budget left (the default).

    Before the first trial all but the share are 0.
    """

    fused = True

    def limits(self, contexts: Contexts) -> list[tuple[float, float, int]]:
        return [(-1, 1, contexts.space.d), (-MAX, MAX, 2), (0, 1, 1)]

    def __call__(self, contexts: Contexts, runs: Runs) -> F32:
        d = runs.d
        out = runs.block
        if out is None:
            if runs.fresh:
                out = np.zeros((runs.n, d + 3), np.float32)
                out[:, d + 2] = 1.0
                return self.finish(contexts, runs, out)
            out = runs.last_signed(2)
        if runs.single and self.served.plain:
            out[:, d + 1] = runs.best
        else:
            out[:, d] = self.serve(contexts, runs, runs.last)
            out[:, d + 1] = self.serve(contexts, runs, runs.best)
        out[:, d + 2] = runs.left
        return self.finish(contexts, runs, out) if self.context else out


@OBSERVERS.register("summary")
class Summary(_Flat):
    """``(2 d + 5,)``: incumbent, last configuration, their scores, share of budget left, of trials, of repeats.

    The last two are the trials so far over the horizon, and the incumbent's age over the trials so far.
    """

    needs_incumbent = True

    def limits(self, contexts: Contexts) -> list[tuple[float, float, int]]:
        return [(-1, 1, 2 * contexts.space.d), (-MAX, MAX, 2), (0, 1, 3)]

    def __call__(self, contexts: Contexts, runs: Runs) -> F32:
        d = contexts.space.d
        out = np.zeros((runs.n, 2 * d + 5), np.float32)
        out[:, 2 * d + 2] = runs.left
        if not runs.fresh:
            out[:, :d] = runs.incumbent_x() * 2.0 - 1.0
            out[:, d : 2 * d] = runs.last_x() * 2.0 - 1.0
            out[:, 2 * d] = self.serve(contexts, runs, runs.best)
            out[:, 2 * d + 1] = self.serve(contexts, runs, runs.last)
            t = np.maximum(np.broadcast_to(runs.t, runs.n), 1)
            out[:, 2 * d + 3] = t / contexts.horizon
            out[:, 2 * d + 4] = (t - 1 - runs.incumbent()) / t
        return self.finish(contexts, runs, out)


@OBSERVERS.register("history")
class HistoryObserver(_Flat):
    """``(h (d + 2),)``: every trial in order as configuration, score and fidelity; 0 where there is none yet."""

    fused = True
    needs_history = True

    def limits(self, contexts: Contexts) -> list[tuple[float, float, int]]:
        return [(-1, 1, contexts.space.d), (-MAX, MAX, 1), (0, 1, 1)] * contexts.horizon

    def __call__(self, contexts: Contexts, runs: Runs) -> F32:
        assert runs.history is not None
        out = runs.history.copy()
        if not self.served.plain and not runs.fresh:
            there = runs.history[:, :, -1] > 0
            served = self.serve(contexts, runs, runs.scores())
            out[:, :, -2] = np.where(there, served, 0.0)
        elif not runs.single:
            np.clip(out[:, :, -2], -MAX, MAX, out=out[:, :, -2])
        return self.finish(contexts, runs, out.reshape(runs.n, -1))


@OBSERVERS.register("tokens")
class Tokens(Observer):
    """A Dict of padded sets: `history_x` ``(h, d)``, `history_y` ``(h,)``, `history_f` ``(h,)``, `mask` ``(h,)``,
    `left` ``(1,)``.

    With `hyperparameters`, also what each column is, for suites of mixed dimension: `hyperparameters` ``(d, 7)``
    (float, int, ordinal, categorical, constant as one-hot; logarithmic; 1 / number of values) and `active` ``(h, d)``.
    """

    needs_history = True

    def __init__(
        self, hyperparameters: bool = False, context: bool = False, served: ServedScores | None = None
    ) -> None:
        self.hyperparameters, self.context, self.served = hyperparameters, context, served or Raw()

    def space(self, contexts: Contexts) -> gym.Space[Any]:
        h, d = contexts.horizon, contexts.space.d
        parts: dict[str, gym.Space[Any]] = {
            "history_x": _box(-1, 1, h, d),
            "history_y": _box(-MAX, MAX, h),
            "history_f": _box(0, 1, h),
            "mask": gym.spaces.MultiBinary(h),
            "left": _box(0, 1, 1),
        }
        if self.hyperparameters:
            parts |= {"hyperparameters": _box(0, 1, d, 7), "active": gym.spaces.MultiBinary((h, d))}
        return _dict(contexts, parts, self.context)

    def __call__(self, contexts: Contexts, runs: Runs) -> dict[str, NDArray[Any]]:
        assert runs.history is not None
        d, mask = contexts.space.d, runs.history[:, :, -1] > 0
        y = runs.history[:, :, d].copy() if runs.fresh else self.serve(contexts, runs, runs.scores())
        out: dict[str, NDArray[Any]] = {
            "history_x": runs.history[:, :, :d].copy(),
            "history_y": np.where(mask, y, 0.0).astype(np.float32),
            "history_f": runs.history[:, :, d + 1].copy(),
            "mask": mask.astype(np.int8),
            "left": np.broadcast_to(runs.left, runs.n).astype(np.float32)[:, None],
        }
        if self.hyperparameters:
            table = np.array([_token(h) for h in contexts.space.hyperparameters], np.float32)
            out["hyperparameters"] = np.repeat(table[None], runs.n, 0)
            x = np.clip((out["history_x"].reshape(-1, d) + 1.0) / 2.0, 0.0, 1.0)
            active = contexts.space.active(x).reshape((*mask.shape, d)) & mask[:, :, None]
            out["active"] = active.astype(np.int8)
        return _with_context(contexts, runs, out, self.context)


@OBSERVERS.register("levels")
class Levels(Observer):
    """``MultiDiscrete``: the grid cell of the last configuration (before the first trial, of the default one).

    For tabular methods. `levels` values of a range, every value of a choice; with `flat`, one ``Discrete`` number,
    refused where there are more than 1e7 cells. Meta-features and scores are not shown.
    """

    def __init__(
        self, levels: int = 5, flat: bool = False, context: bool = False, served: ServedScores | None = None
    ) -> None:
        if context:
            raise InvalidValueError("`context` must be false for the `levels` observer: a grid cell has no numbers.")
        self.levels, self.flat, self.context, self.served = levels, flat, False, served or Raw()

    def space(self, contexts: Contexts) -> gym.Space[Any]:
        sizes = [len(u) for u in level_grid(contexts.space, self.levels)]
        if not self.flat:
            return gym.spaces.MultiDiscrete(sizes)
        cells = float(np.prod(sizes, dtype=np.float64))
        if cells > 1e7:
            raise InvalidValueError(f"A flat grid must have at most 1e7 cells, got {cells:.3g}; leave `flat` out.")
        return gym.spaces.Discrete(int(cells))

    def __call__(self, contexts: Contexts, runs: Runs) -> NDArray[np.int64]:
        x = np.tile(contexts.space.default_x, (runs.n, 1)) if runs.fresh else runs.last_x()
        grid = level_grid(contexts.space, self.levels)
        cell = np.stack([nearest_level(u, x[:, j]) for j, u in enumerate(grid)], 1).astype(np.int64)
        if not self.flat:
            return cell
        return np.asarray(np.ravel_multi_index(tuple(cell.T), tuple(len(u) for u in grid)), np.int64)


@OBSERVERS.register("pool")
class PoolObserver(Observer):
    """A Dict over `c` candidates: `candidates` ``(c, d)``, `candidate_features` ``(c, 4)``, `action_mask` ``(c,)``,
    `state` ``(2,)``.

    Features: tried; its score, if tried; distance to the incumbent; distance to the nearest trial (mean absolute
    difference of columns in the unit cube, 1 before the first trial). State: incumbent's score, share of budget left.
    With `candidates`, that many rows are drawn for each episode; the `pool` codec must be given the same number.
    Without it the whole pool is shown, which is refused above 1,024 rows.
    """

    needs_incumbent = True

    def __init__(
        self, candidates: int | None = None, context: bool = False, served: ServedScores | None = None
    ) -> None:
        if candidates is not None and not 2 <= candidates <= MOST_ROWS:
            raise InvalidValueError(f"`2 <= candidates <= {MOST_ROWS}` must hold, got {candidates}.")
        self.candidates, self.context, self.served = candidates, context, served or Raw()

    def space(self, contexts: Contexts) -> gym.Space[Any]:
        c, d = self._count(contexts), contexts.space.d
        parts: dict[str, gym.Space[Any]] = {
            "candidates": _box(-1, 1, c, d),
            "candidate_features": _box(-MAX, MAX, c, 4),
            "action_mask": gym.spaces.MultiBinary(c),
            "state": _box(-MAX, MAX, 2),
        }
        return _dict(contexts, parts, self.context)

    def __call__(self, contexts: Contexts, runs: Runs) -> dict[str, NDArray[Any]]:
        n, c = runs.n, self._count(contexts)
        bank = pooled(runs.bank)
        rows = np.tile(np.arange(c), (n, 1)) if self.candidates is None else contexts.rows(runs.task, runs.world)
        x = bank.points(np.repeat(runs.task, c), rows.reshape(-1)).reshape(n, c, -1)
        features, state = np.zeros((n, c, 4), np.float32), np.zeros((n, 2), np.float32)
        features[:, :, 2:] = 1.0
        mask = bank.measured[runs.task[:, None], rows]
        if self.candidates is not None:
            mask &= np.arange(c) < bank.measured.sum(1)[runs.task][:, None]  # the rest repeats
        if not runs.fresh:
            self._fill(contexts, runs, rows, x, features)
            state[:, 0] = self.serve(contexts, runs, runs.best)
            untried = mask & (features[:, :, 0] == 0)
            mask = np.where(untried.any(1, keepdims=True), untried, mask)
        state[:, 1] = runs.left
        out: dict[str, NDArray[Any]] = {
            "candidates": (x * 2.0 - 1.0).astype(np.float32),
            "candidate_features": features,
            "action_mask": mask.astype(np.int8),
            "state": state,
        }
        return _with_context(contexts, runs, out, self.context)

    def _count(self, contexts: Contexts) -> int:
        m = contexts.bank.m
        if not m:
            raise InvalidValueError("The `pool` observer needs tasks with a pool of configurations; use 'last'.")
        if self.candidates is None and m > MOST_ROWS:
            raise InvalidValueError(
                f"The `pool` observer shows at most {MOST_ROWS} rows, this pool has {m}: give both observer and "
                'codec {"name": "pool", "candidates": 256}.'
            )
        return self.candidates or m

    def _fill(self, contexts: Contexts, runs: Runs, rows: NDArray[np.int64], x: NDArray[Any], out: F32) -> None:
        at, scores, there = runs.ordered(runs.at), self.serve(contexts, runs, runs.scores()), runs.exists()
        seen = runs.bank.points(np.repeat(runs.task, runs.h), np.maximum(at, 0).reshape(-1)).reshape(*at.shape, -1)
        out[:, :, 2] = np.abs(x - runs.incumbent_x()[:, None]).mean(2)
        for t in range(int(np.max(runs.t))):
            now = there[:, t]
            same = (rows == at[:, t, None]) & now[:, None]
            out[:, :, 0] += np.where(same, 1.0, 0.0) * (out[:, :, 0] == 0)
            out[:, :, 1] = np.where(same, scores[:, t, None], out[:, :, 1])
            distance = np.where(now[:, None], np.abs(x - seen[:, t, None]).mean(2), 1.0)
            out[:, :, 3] = np.minimum(out[:, :, 3], distance)


def _box(low: float, high: float, *shape: int) -> gym.spaces.Box:
    return gym.spaces.Box(low, high, shape, np.float32)


def _dict(contexts: Contexts, parts: dict[str, gym.Space[Any]], context: bool) -> gym.spaces.Dict:
    if context:
        parts = parts | {"context": _box(-MAX, MAX, contexts.meta.shape[1])}
    return gym.spaces.Dict(parts)


def _with_context(contexts: Contexts, runs: Runs, out: dict[str, NDArray[Any]], context: bool) -> dict[str, Any]:
    return out | {"context": contexts.meta[runs.task]} if context else out


def _token(h: Any) -> list[float]:
    kinds = ("float", "int", "ordinal", "categorical", "constant")
    return [*(float(h.kind == k) for k in kinds), float(h.log), 0.0 if h.size == np.inf else 1.0 / h.size]
