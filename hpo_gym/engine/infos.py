"""The infos of a vector step: arrays that are made when they are asked for, since most agents ask for none."""

from __future__ import annotations

import functools
from collections.abc import Callable, Iterator
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from hpo_gym.observers import Observation
from hpo_gym.task import Bank, Floats, Ints

Lazy = dict[str, Callable[[], Any]]
_NOTHING: Lazy = {}
_KEYS = ("task", "score", "incumbent_score", "fidelity", "cost", "status", "t")


class Step(NamedTuple):
    """What a step held; none of its arrays is written again.

    Attributes:
        bank: The tasks.
        task: Position of each run's task, ``(n,)``.
        cell: Flat place of what each run evaluated, ``(n,)``, or its base, to which `at` is added.
        at: Rows ``(n,)``, or None: nothing is to be added.
        score, best: Of the last trial and of the incumbent, ``(n,)``.
        fidelity: Of the last trial, ``(n,)``, or None: full ones.
        t: Trials so far.
        outcome: Cost and status of the last trial where they cannot be looked up, each ``(n,)``, else None.
    """

    bank: Bank
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


class StepInfo(dict[str, Any]):
    """The infos of a step, made when they are asked for: most agents ask for none, others for all of them.

    Scores and incumbents are handed out read-only: they are the arrays that the run goes on with.
    """

    __slots__ = ("lazy", "step")
    step: Step
    lazy: Lazy

    def __init__(self, step: Step, lazy: Lazy = _NOTHING) -> None:
        self.step, self.lazy = step, lazy

    # ------------------------------------------------------------------ how each is made
    def make(self, key: str) -> Any:
        """One of `_KEYS`; of `cost` and `status`, both are found at once, and the other one is kept."""
        step = self.step
        if key == "task":
            return step.task.copy()
        if key == "score":
            return _read_only(step.score)
        if key == "incumbent_score":
            return _read_only(step.best)
        if key == "fidelity":
            return filled(len(step.task), 1.0, np.float64) if step.fidelity is None else step.fidelity
        if key == "t":
            return filled(len(step.task), step.t, np.int64) if isinstance(step.t, int) else step.t.copy()
        found = dict(zip(("cost", "status"), self.outcome(), strict=True))
        other = "status" if key == "cost" else "cost"
        if not super().__contains__(other):
            self[other] = found[other]
        return found[key]

    def outcome(self) -> tuple[Floats, NDArray[np.int8]]:
        """Cost and status of the last trials, fresh, each ``(n,)``."""
        step = self.step
        if step.outcome is not None:
            return step.outcome
        return step.bank.outcome(step.cell, step.at, step.fidelity)

    # ------------------------------------------------------------------ a dictionary
    def __missing__(self, key: str) -> Any:
        lazy = self.lazy.get(key)
        if lazy is None and key not in _KEYS:
            raise KeyError(key)
        value = self[key] = self.make(key) if lazy is None else lazy()
        return value

    def _all(self) -> dict[str, Any]:
        have = super().__contains__
        for key in _KEYS:
            if not have(key):
                self[key] = self.make(key)
        for key, lazy in self.lazy.items():
            if not have(key):
                self[key] = lazy()
        return dict(super().items())

    def has(self, key: str) -> bool:
        """Whether a value has been made, or was given."""
        return super().__contains__(key)

    def __contains__(self, key: object) -> bool:
        return key in _KEYS or key in self.lazy or super().__contains__(key)

    def __iter__(self) -> Iterator[str]:
        return iter(self._all())

    def __len__(self) -> int:
        return len(self._all())

    def get(self, key: str, default: object = None) -> Any:
        """The value of a key, or `default`."""
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
        """A plain dictionary."""
        return self._all()

    def __eq__(self, other: object) -> bool:
        return self._all() == other

    def __repr__(self) -> str:
        return repr(self._all())

    def __reduce__(self) -> Any:
        return dict, (self._all(),)


class ResetInfo(StepInfo):
    """The infos of runs that have just begun: there is no trial to tell of."""

    __slots__ = ()

    def make(self, key: str) -> Any:
        n, best = len(self.step.task), self.step.best
        if key == "score":
            return filled(n, np.nan, np.float64)
        return np.where(np.isneginf(best), np.nan, best) if key == "incumbent_score" else super().make(key)

    def outcome(self) -> tuple[Floats, NDArray[np.int8]]:
        return np.zeros(len(self.step.task)), np.zeros(len(self.step.task), np.int8)


class MixedInfo(StepInfo):
    """The infos of a step in which the runs at `began` ``(b,)`` have just begun: those have no trial to tell of."""

    __slots__ = ("began",)
    began: Ints

    def __init__(self, step: Step, began: Ints, lazy: Lazy = _NOTHING) -> None:
        super().__init__(step, lazy)
        self.began = began

    def make(self, key: str) -> Any:
        if key not in ("score", "incumbent_score"):
            return super().make(key)
        value = (self.step.score if key == "score" else self.step.best).astype(np.float64)
        value[self.began if key == "score" else np.isneginf(value)] = np.nan
        return value

    def outcome(self) -> tuple[Floats, NDArray[np.int8]]:
        cost, status = super().outcome()
        cost, status = cost.copy(), status.copy()
        cost[self.began], status[self.began] = 0.0, 0
        return cost, status


def filled(n: int, value: float, dtype: type[np.generic]) -> NDArray[Any]:
    """A fresh array ``(n,)`` of one value; NumPy's `full` and `ones` take three times as long."""
    out = np.empty(n, dtype)
    out.fill(value)
    return out


def _read_only(array: NDArray[Any]) -> NDArray[Any]:
    array.flags.writeable = False
    return array


def final_infos(n: int, which: Ints | None, obs: Observation, info: StepInfo) -> Lazy:
    """``final_obs`` and ``final_info``, and whose they are, as Gymnasium's SAME_STEP autoreset names them.

    Args:
        n: Number of runs.
        which: The runs that have ended; None for all.
        obs: Their last observations, in this order; nobody else may write to them.
        info: The infos of the step.
    """

    def mask() -> NDArray[np.bool_]:
        out = np.zeros(n, bool)
        out[slice(None) if which is None else which] = True
        return out

    def last() -> NDArray[Any]:
        out, count = np.empty(n, object), n if which is None else len(which)
        rows = ({k: v[i] for k, v in obs.items()} for i in range(count)) if isinstance(obs, dict) else obs
        out[slice(None) if which is None else which] = np.fromiter(rows, object, count)
        return out

    return {"final_obs": last, "_final_obs": mask, "final_info": lambda: info, "_final_info": mask}
