"""Codecs: what an action means. Named, stateless, batch-first functions of contexts, runs and actions.

Every codec takes two options: `fidelity`, so that an action also chooses how far to train, and `stop`, so that it can
end the episode. An action outside the action space is refused, and nothing is changed.
"""

from __future__ import annotations

import functools
import reprlib
from abc import ABC, abstractmethod
from collections.abc import Callable
from typing import Any, NamedTuple

import gymnasium as gym
import numpy as np
from numpy.typing import NDArray

from hpo_gym.errors import InvalidValueError
from hpo_gym.registry import Registry
from hpo_gym.space import level_grid, nearest_level
from hpo_gym.state.contexts import Contexts
from hpo_gym.state.runs import Runs
from hpo_gym.task import Floats, Ints, PoolBankView, pooled

Mask = NDArray[np.bool_]
_INT64, _UINT64 = np.dtype(np.int64), np.dtype(np.uint64)


MOST_CANDIDATES = 65_536


class Proposal(NamedTuple):
    """What actions ask for: rows ``(n,)`` or points ``(n, d)`` in `at`, fidelities and stops ``(n,)`` or None."""

    at: NDArray[Any]
    fidelity: Floats | None = None
    stop: Mask | None = None


Decoder = Callable[[Runs, Any], tuple[NDArray[Any], Floats | None, Mask | None]]
"""From runs and actions to the parts of a `Proposal`."""

CODECS: Registry[Codec] = Registry("codec")

_SHORT = reprlib.Repr()
_SHORT.maxlist, _SHORT.maxlong, _SHORT.maxother = 40, 80, 80


class Codec(ABC):
    """Maps actions to proposals.

    Attributes:
        fidelity, stop: Whether an action also chooses a fidelity, and can end the episode.
        needs_incumbent: Whether `decode` reads where the incumbent is.
        pool: Whether an action is a row, so that the tasks must have a pool and repeats can be masked.
    """

    needs_incumbent = False
    pool = False
    fidelity: bool
    stop: bool

    @abstractmethod
    def space(self, contexts: Contexts) -> gym.Space[Any]:
        """The action space of one run."""

    @abstractmethod
    def decode(self, contexts: Contexts, runs: Runs, actions: Any) -> Proposal:
        """Map the actions of `n` runs; raises `InvalidValueError` where one is outside the action space."""

    def decoder(self, contexts: Contexts) -> Decoder:
        """`decode` for these contexts, with what does not change from step to step looked up once."""
        return functools.partial(self.decode, contexts)

    def masks(self, contexts: Contexts, runs: Runs, *, untried: bool) -> Mask:
        """Which actions make sense, ``(n, a)`` or the sides of each part one after the other; all, by default."""
        space = self.space(contexts)
        width = int(space.n) if isinstance(space, gym.spaces.Discrete) else int(np.sum(getattr(space, "nvec", 0)))
        if not width:
            raise InvalidValueError(f"Only discrete actions have masks, this codec has {space}.")
        return np.ones((runs.n, width), bool)


@CODECS.register("box")
class Box(Codec):
    """``Box(-1, 1, (d,))``: the next configuration, in SB3's symmetric convention (the default).

    With `fidelity`, one more number is the fidelity's place between the lowest and 1; with `stop`, one more ends the
    episode where it is positive.
    """

    def __init__(self, fidelity: bool = False, stop: bool = False) -> None:
        self.fidelity, self.stop = fidelity, stop

    def space(self, contexts: Contexts) -> gym.Space[Any]:
        width = contexts.space.d + self.fidelity + self.stop
        return gym.spaces.Box(-1.0, 1.0, (width,), np.float32)

    def decode(self, contexts: Contexts, runs: Runs, actions: Any) -> Proposal:
        d = contexts.space.d
        a = points_of(actions, runs.n, d + self.fidelity + self.stop)
        at = runs.bank.place(runs.task, (a[:, :d] + 1.0) / 2.0)
        fidelity = None
        if self.fidelity:
            levels = np.asarray(contexts.fidelities)
            fidelity = levels[np.minimum(((a[:, d] + 1.0) / 2.0 * len(levels)).astype(np.int64), len(levels) - 1)]
        return Proposal(at, fidelity, a[:, -1] > 0.0 if self.stop else None)


@CODECS.register("grid")
class Grid(Codec):
    """``MultiDiscrete``: a level of each hyperparameter (every choice, and `levels` values of a range).

    With `fidelity`, one more entry chooses the fidelity; with `stop`, a last entry of 1 ends the episode.
    """

    def __init__(self, levels: int = 5, fidelity: bool = False, stop: bool = False) -> None:
        self.levels, self.fidelity, self.stop = levels, fidelity, stop

    def space(self, contexts: Contexts) -> gym.Space[Any]:
        return gym.spaces.MultiDiscrete(self._sizes(contexts))

    def decode(self, contexts: Contexts, runs: Runs, actions: Any) -> Proposal:
        sizes = self._sizes(contexts)
        a = _integers(actions, runs.n, sizes)
        grid = level_grid(contexts.space, self.levels)
        x = np.stack([u[a[:, j]] for j, u in enumerate(grid)], 1)
        fidelity = np.asarray(contexts.fidelities)[a[:, len(grid)]] if self.fidelity else None
        return Proposal(runs.bank.place(runs.task, x), fidelity, a[:, -1] == 1 if self.stop else None)

    def _sizes(self, contexts: Contexts) -> Ints:
        sizes = [len(u) for u in level_grid(contexts.space, self.levels)]
        return np.array(sizes + [len(contexts.fidelities)] * self.fidelity + [2] * self.stop, np.int64)


class _OneChoice(Codec):
    """A codec whose main action is one integer: ``Discrete(a)``, or ``MultiDiscrete([a, fidelities])``.

    With `stop`, one more integer after the others ends the episode.
    """

    def __init__(self, fidelity: bool = False, stop: bool = False) -> None:
        self.fidelity, self.stop = fidelity, stop

    @abstractmethod
    def count(self, contexts: Contexts) -> int:
        """Number of actions before the one that stops."""

    @abstractmethod
    def place(self, contexts: Contexts, runs: Runs, choice: Ints) -> NDArray[Any]:
        """What `choice` ``(n,)``, each below `count`, evaluates."""

    def space(self, contexts: Contexts) -> gym.Space[Any]:
        a = self.count(contexts) + self.stop
        return gym.spaces.MultiDiscrete([a, len(contexts.fidelities)]) if self.fidelity else gym.spaces.Discrete(a)

    def decode(self, contexts: Contexts, runs: Runs, actions: Any) -> Proposal:
        count = self.count(contexts)
        if self.fidelity:
            both = _integers(actions, runs.n, np.array([count + self.stop, len(contexts.fidelities)]))
            choice, fidelity = both[:, 0], np.asarray(contexts.fidelities)[both[:, 1]]
        else:
            choice, fidelity = _choices(actions, runs.n, count + self.stop), None
        if not self.stop:
            return Proposal(self.place(contexts, runs, choice), fidelity)
        stop = choice == count
        return Proposal(self.place(contexts, runs, np.where(stop, 0, choice)), fidelity, stop)

    def masks(self, contexts: Contexts, runs: Runs, *, untried: bool) -> Mask:
        good = self.good(contexts, runs, untried=untried)
        rest = self.stop + (len(contexts.fidelities) if self.fidelity else 0)
        return np.concatenate([good, np.ones((runs.n, rest), bool)], 1) if rest else good

    def good(self, contexts: Contexts, runs: Runs, *, untried: bool) -> Mask:
        """Which of the first `count` actions make sense, ``(n, count)``."""
        return np.ones((runs.n, self.count(contexts)), bool)


@CODECS.register("move")
class Move(_OneChoice):
    """``Discrete(2 d + 1)``: one level down (2 j) or up (2 j + 1) in hyperparameter j, or back to the incumbent (2 d).

    The step starts at the last configuration; before the first trial, at the default one. A categorical goes round.
    """

    needs_incumbent = True

    def __init__(self, levels: int = 5, fidelity: bool = False, stop: bool = False) -> None:
        super().__init__(fidelity, stop)
        self.levels = levels

    def count(self, contexts: Contexts) -> int:
        return 2 * contexts.space.d + 1

    def place(self, contexts: Contexts, runs: Runs, choice: Ints) -> NDArray[Any]:
        here = np.tile(contexts.space.default_x, (runs.n, 1)) if runs.fresh else runs.last_x()
        if isinstance(runs.t, np.ndarray):
            here = np.where((runs.t == 0)[:, None], contexts.space.default_x, here)
        grid = level_grid(contexts.space, self.levels)
        for j, (h, u) in enumerate(zip(contexts.space.hyperparameters, grid, strict=True)):
            moved = np.flatnonzero(choice // 2 == j)
            if moved.size:
                cell = nearest_level(u, here[moved, j]) + np.where(choice[moved] % 2, 1, -1)
                here[moved, j] = u[cell % len(u) if h.kind == "categorical" else np.clip(cell, 0, len(u) - 1)]
        back = choice == 2 * contexts.space.d
        if back.any() and not runs.fresh:
            back &= np.broadcast_to(runs.t, runs.n) > 0
            here[back] = runs.incumbent_x()[back]
        return runs.bank.place(runs.task, here)


@CODECS.register("pool")
class Pool(_OneChoice):
    """``Discrete(m)``: a row of the task's pool; with `candidates`, one of that many rows drawn for each episode.

    A row that was not measured on the task is masked; chosen all the same, its nearest measured row answers.
    """

    pool = True

    def __init__(self, candidates: int | None = None, fidelity: bool = False, stop: bool = False) -> None:
        super().__init__(fidelity, stop)
        if candidates is not None and not 2 <= candidates <= MOST_CANDIDATES:
            raise InvalidValueError(f"`2 <= candidates <= {MOST_CANDIDATES}` must hold, got {candidates}.")
        self.candidates = candidates

    def count(self, contexts: Contexts) -> int:
        if not contexts.bank.m:
            raise InvalidValueError("The `pool` codec needs tasks with a pool of configurations; use 'box' or 'grid'.")
        return self.candidates or contexts.bank.m

    def place(self, contexts: Contexts, runs: Runs, choice: Ints) -> NDArray[Any]:
        if self.candidates is not None:
            return contexts.rows(runs.task, runs.world)[np.arange(runs.n), choice]
        bank = pooled(runs.bank)
        return choice if bank.complete else bank.measured_rows(runs.task, choice)

    def decoder(self, contexts: Contexts) -> Decoder:
        count, bank = self.count(contexts), pooled(contexts.bank)
        if self.fidelity or self.stop or self.candidates is not None:
            return super().decoder(contexts)
        return functools.partial(_rows, count) if bank.complete else functools.partial(_measured_rows, bank, count)

    def good(self, contexts: Contexts, runs: Runs, *, untried: bool) -> Mask:
        bank = pooled(runs.bank)
        measured = bank.measured[runs.task]
        if untried:
            n, t = np.nonzero(runs.exists())
            measured[n, runs.ordered(runs.at)[n, t]] = False
        if self.candidates is None:
            mask = np.asarray(measured)
        else:
            rows = contexts.rows(runs.task, runs.world)
            mask = measured[np.arange(runs.n)[:, None], rows]
            size = bank.measured.sum(1)[runs.task]
            mask &= np.arange(rows.shape[1]) < size[:, None]  # the rest repeats
        mask[~mask.any(1)] = True  # all tried: an agent must still be able to act
        return mask


def _rows(count: int, runs: Runs, actions: Any) -> tuple[Ints, None, None]:
    return _choices(actions, runs.n, count), None, None


def _measured_rows(bank: PoolBankView, count: int, runs: Runs, actions: Any) -> tuple[Ints, None, None]:
    at = _choices(actions, runs.n, count)
    there = bank.there.take(runs.base + at)
    return (at if there.item(there.argmin()) else bank.measured_rows(runs.task, at)), None, None


# ---------------------------------------------------------------------- checks
def _choices(actions: Any, n: int, count: int) -> Ints:
    a = actions if isinstance(actions, np.ndarray) else _array(actions)
    if a.shape != (n,) or a.dtype is not _INT64:
        if a.shape != (n,) or a.dtype.kind not in "iu":
            raise InvalidValueError(_shape_rule(actions, f"{n} integer(s), shape ({n},)"))
        a = a.astype(_INT64)
    unsigned = a.view(_UINT64)  # a negative number is a huge one, so that one pass finds either
    if unsigned.item(unsigned.argmax()) >= count:
        raise _outside(a, np.flatnonzero((a < 0) | (a >= count))[0], 0, count - 1)
    return a


def _integers(actions: Any, n: int, sizes: Ints) -> Ints:
    a = _array(actions)
    if a.shape != (n, len(sizes)) or a.dtype.kind not in "iu":
        raise InvalidValueError(_shape_rule(actions, f"integers of shape ({n}, {len(sizes)})"))
    a = a.astype(np.int64, copy=False)
    bad = ((a < 0) | (a >= sizes)).any(1)
    if bad.any():
        raise _outside(a, np.flatnonzero(bad)[0], 0, sizes - 1)
    return a


def points_of(actions: Any, n: int, width: int) -> Floats:
    """Actions of a ``Box(-1, 1, (width,))`` as an array ``(n, width)``; raises `InvalidValueError` for any other."""
    a = _array(actions)
    if a.shape != (n, width) or a.dtype.kind not in "fiu":
        raise InvalidValueError(_shape_rule(actions, f"numbers of shape ({n}, {width})"))
    a = a.astype(np.float64)
    bad = ~((a >= -1.0) & (a <= 1.0)).all(1)  # also refuses NaN
    if bad.any():
        raise _outside(a, np.flatnonzero(bad)[0], -1.0, 1.0)
    return a


def _array(actions: Any) -> NDArray[Any]:
    try:
        return np.asarray(actions)
    except (ValueError, TypeError, OverflowError) as fault:
        raise InvalidValueError(f"Actions must be an array of numbers, got {_SHORT.repr(actions)}: {fault}.") from None


def _shape_rule(actions: Any, rule: str) -> str:
    a = np.asarray(actions)
    return f"Actions must be {rule}; got {_SHORT.repr(actions)}, dtype {a.dtype}, shape {a.shape}."


def _outside(a: NDArray[Any], i: np.intp, low: Any, high: Any) -> InvalidValueError:
    near = np.clip(np.nan_to_num(a[i], nan=0.0), low, high)
    return InvalidValueError(
        f"An action must lie in [{low}, {high}], got {a[i].tolist()} for run {int(i)}; the nearest is {near.tolist()}."
    )
