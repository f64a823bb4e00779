"""The infos of a vector step: arrays that are made when they are asked for, since most agents ask for none."""

from __future__ import annotations

import copy
import functools
from abc import ABC, abstractmethod
from collections.abc import Callable, Iterator
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from hpo_gym.base import Floats, Ints
from hpo_gym.env.observers import Observation
from hpo_gym.env.runs.which import Which
from hpo_gym.problem import Outcomes, TaskBatch, filled

Lazy = dict[str, Callable[[], Any]]
_NOTHING: Lazy = {}
_F64, _I64 = np.dtype(np.float64), np.dtype(np.int64)
_KEYS = ("task", "task_index", "score", "incumbent_score", "fidelity", "cost", "status", "t")


class Step(NamedTuple):
    """Content of a step; none of its arrays is written again.

    Attributes:
        task: Position of each run's task, ``(n,)``.
        cell: Flat place of each run's evaluation, ``(n,)``, or its base, to which `at` is added.
        at: Rows ``(n,)``, or None: nothing is to be added.
        score, best: Of the last trial and of the incumbent, ``(n,)``.
        fidelity: Of the last trial, ``(n,)``, or None: full ones.
        outcome: Cost and status of the last trial if they cannot be looked up, each ``(n,)``, else None.
    """

    batch: TaskBatch
    task: Ints
    cell: Ints
    at: Ints | None
    score: NDArray[Any]
    best: NDArray[Any]
    fidelity: Floats | None
    t: int | Ints
    outcome: tuple[Floats, NDArray[np.int8]] | None


step_of = functools.partial(tuple.__new__, Step)
"""A `Step` of a plain tuple: the constructor of a named tuple takes three times as long."""


class LazyInfo(dict[str, Any], ABC):
    """A dictionary of infos that are made when they are asked for: most agents ask for none, others for all of them.

    Whatever reads it sees a plain dictionary of all of them, and what was written into it.
    """

    __slots__ = ()

    @abstractmethod
    def _known(self, key: object) -> bool:
        """Return whether a value can be made."""

    @abstractmethod
    def _all(self) -> dict[str, Any]:
        """Make what is not made yet; return all as a plain dictionary."""

    def has(self, key: str) -> bool:
        """Return whether a value has been made, or was given."""
        return super().__contains__(key)

    def __contains__(self, key: object) -> bool:
        return self._known(key) or super().__contains__(key)

    def __bool__(self) -> bool:
        return True

    def __iter__(self) -> Iterator[str]:
        return iter(self._all())

    def __len__(self) -> int:
        return len(self._all())

    def get(self, key: str, default: object = None) -> Any:
        """Return the value of a key, or `default`."""
        return self[key] if key in self else default  # noqa: SIM401 - this is `get`

    def keys(self) -> Any:
        """All keys."""
        return self._all().keys()

    def values(self) -> Any:
        """All values."""
        return self._all().values()

    def items(self) -> Any:
        """All pairs."""
        return self._all().items()

    def copy(self) -> dict[str, Any]:
        """Return a plain dictionary."""
        return self._all()

    def __or__(self, other: dict[Any, Any]) -> dict[Any, Any]:
        return {**self._all(), **other}

    def __eq__(self, other: object) -> bool:
        return self._all() == other

    def __repr__(self) -> str:
        return repr(self._all())

    def __reduce__(self) -> Any:
        return dict, (self._all(),)


class StepInfo(LazyInfo):
    """The infos of a step of many runs.

    Scores, incumbents and names of tasks are read-only: they are the arrays that the runs go on with.
    """

    __slots__ = ("lazy", "step")
    step: Step
    lazy: Lazy

    def __init__(self, step: Step, lazy: Lazy = _NOTHING) -> None:
        self.step, self.lazy = step, lazy

    # ------------------------------------------------------------------ how each is made
    def task(self) -> NDArray[Any]:
        return self.step.batch.names(self.step.task)

    def task_index(self) -> Ints:
        return self.step.task.copy()

    def score(self) -> NDArray[Any]:
        return _read_only(self.step.score)

    def incumbent_score(self) -> NDArray[Any]:
        return _read_only(self.step.best)

    def fidelity(self) -> Floats:
        share = self.step.fidelity
        return filled(len(self.step.task), 1.0, _F64) if share is None else share

    def t(self) -> Ints:
        t = self.step.t
        return filled(len(self.step.task), t, _I64) if isinstance(t, int) else t.copy()

    def outcome(self) -> tuple[Floats, NDArray[np.int8]]:
        """Cost and status of the last trials, fresh, each ``(n,)``."""
        step = self.step
        if step.outcome is not None:
            return step.outcome
        return step.batch.outcome(step.cell, step.at, step.fidelity)

    # ------------------------------------------------------------------ a dictionary
    def __missing__(self, key: str) -> Any:
        if key in self.lazy:
            self[key] = self.lazy[key]()
        elif key in ("cost", "status"):
            cost, status = self.outcome()
            self.setdefault("cost", cost)  # what a reader has overwritten stays
            self.setdefault("status", status)
        elif key in _KEYS:
            self[key] = getattr(self, key)()
        else:
            raise KeyError(key)
        return super().__getitem__(key)

    def _all(self) -> dict[str, Any]:
        if dict.__len__(self):
            for key in (*_KEYS, *self.lazy):
                if not self.has(key):
                    self[key]
        else:
            cost, status = self.outcome()
            super().update(
                task=self.task(), task_index=self.task_index(), score=self.score(),
                incumbent_score=self.incumbent_score(), fidelity=self.fidelity(), cost=cost, status=status, t=self.t(),
            )  # fmt: skip
            for key in self.lazy:
                self[key]
        return dict(dict.items(self))

    def _known(self, key: object) -> bool:
        return key in _KEYS or key in self.lazy


class TrialInfo(LazyInfo):
    """The info of a trial of one run, all made when any is asked for; a copy asks for none.

    Args:
        task: Name of the task.
        made: Makes all; called once at most by each copy.
    """

    __slots__ = ("_made",)
    _made: Callable[[], dict[str, Any]] | None

    def __init__(self, task: str, made: Callable[[], dict[str, Any]]) -> None:
        self["task"], self._made = task, made  # never empty: `json` asks an empty dictionary for nothing

    def _known(self, key: object) -> bool:
        self._all()
        return False

    def _all(self) -> dict[str, Any]:
        if self._made is not None:
            given, made, self._made = dict(dict.items(self)), self._made(), None
            super().clear()  # so that their order is always the same
            super().update(made)
            super().update(given)
        return dict(dict.items(self))

    def __missing__(self, key: str) -> Any:
        if self._made is None:
            raise KeyError(key)
        self._all()
        return self[key]

    def __deepcopy__(self, memo: dict[int, object]) -> dict[str, Any]:
        if self._made is None:
            return copy.deepcopy(dict(dict.items(self)), memo)
        out = TrialInfo("", self._made)
        for key, value in dict.items(self):
            out[key] = copy.deepcopy(value, memo)
        return out

    # ------------------------------------------------------------------ what takes something away
    def __delitem__(self, key: str) -> None:
        self._all()
        super().__delitem__(key)

    def pop(self, key: str, *default: Any) -> Any:
        """Remove a key and return its value, or `default`."""
        self._all()
        return super().pop(key, *default)

    def popitem(self) -> tuple[str, Any]:
        """Remove and return the last pair."""
        self._all()
        return super().popitem()

    def setdefault(self, key: str, default: Any = None) -> Any:
        """Return the value of a key; `default`, which it then has, if it has none."""
        self._all()
        return super().setdefault(key, default)

    def clear(self) -> None:
        """Remove all."""
        self._made = None
        super().clear()


class ResetInfo(StepInfo):
    """The infos of runs that have just begun: there is no trial to tell of."""

    __slots__ = ()

    def score(self) -> Floats:
        return filled(len(self.step.task), np.nan, _F64)

    def incumbent_score(self) -> NDArray[Any]:
        return np.where(np.isneginf(self.step.best), np.nan, self.step.best)

    def outcome(self) -> tuple[Floats, NDArray[np.int8]]:
        return np.zeros(len(self.step.task)), np.zeros(len(self.step.task), np.int8)


class MixedInfo(StepInfo):
    """The infos of a step in which the runs at `began` ``(b,)`` have just begun: those have no trial to tell of."""

    __slots__ = ("began",)
    began: Ints

    def __init__(self, step: Step, began: Ints, lazy: Lazy = _NOTHING) -> None:
        super().__init__(step, lazy)
        self.began = began

    def score(self) -> Floats:
        score = self.step.score.astype(np.float64)
        score[self.began] = np.nan
        return score

    def fidelity(self) -> Floats:
        fidelity = super().fidelity().copy()
        fidelity[self.began] = 1.0
        return fidelity

    def incumbent_score(self) -> Floats:
        best = self.step.best.astype(np.float64)
        best[np.isneginf(best)] = np.nan
        return best

    def outcome(self) -> tuple[Floats, NDArray[np.int8]]:
        cost, status = super().outcome()
        cost, status = cost.copy(), status.copy()
        cost[self.began], status[self.began] = 0.0, 0
        return cost, status


def _read_only(array: NDArray[Any]) -> NDArray[Any]:
    array.flags.writeable = False
    return array


def reported_of(reported: Outcomes, step: Step, began: Ints | None) -> Floats:
    """Return the objectives of the last trials in their own units, ``(n, o)``; NaN for the runs at `began` ``(b,)``."""
    cost = None
    if reported.needs_cost:
        found = step.batch.outcome(step.cell, step.at, step.fidelity) if step.outcome is None else step.outcome
        cost = found[0]
    out = reported.values(step.score, cost, step.batch.further(step.cell, step.at))
    if began is not None:
        out[began] = np.nan
    return out


def final_infos(n: int, which: Which, obs: Observation, info: StepInfo) -> Lazy:
    """``final_obs`` and ``final_info``, and whose they are, as Gymnasium's SAME_STEP autoreset names them.

    Args:
        obs: Their last observations, in this order; nobody else may write to them.
    """

    def mask() -> NDArray[np.bool_]:
        return which.mask(n)

    def last() -> NDArray[Any]:
        out, count = np.empty(n, object), len(which.positions(n))
        rows = ({k: v[i] for k, v in obs.items()} for i in range(count)) if isinstance(obs, dict) else obs
        out[which.at] = np.fromiter(rows, object, count)
        return out

    return {"final_obs": last, "_final_obs": mask, "final_info": lambda: info, "_final_info": mask}
