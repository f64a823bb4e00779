"""The infos of a vector step: arrays that are made when they are asked for, since most agents ask for none."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import numpy as np
from numpy.typing import NDArray

from hpo_gym.observers import Observation

Lazy = dict[str, Callable[[], Any]]
_NOTHING: Lazy = {}


class StepInfo(dict[str, Any]):
    """The infos of a step, each made when it is asked for, from what the step held: most agents ask for none."""

    __slots__ = ("lazy", "step")
    step: tuple[Any, ...]
    lazy: Lazy

    @classmethod
    def kinds(cls) -> dict[str, Callable[..., Any]]:
        """What can be asked for, and how it is made."""
        return _INFO

    def __init__(self, step: tuple[Any, ...], lazy: Lazy = _NOTHING) -> None:
        self.step, self.lazy = step, lazy

    def __missing__(self, key: str) -> Any:
        lazy = self.lazy.get(key)
        value = self[key] = self.kinds()[key](*self.step) if lazy is None else lazy()
        return value

    def _all(self) -> dict[str, Any]:
        for key in (*_INFO, *self.lazy):
            self[key]
        return dict(super().items())

    def __contains__(self, key: object) -> bool:
        return key in _INFO or key in self.lazy or super().__contains__(key)

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


# What a step holds: the bank; of each run its task, base, row, score, incumbent's score, fidelity (or None) and trials.
_INFO: dict[str, Callable[..., Any]] = {
    "task": lambda bank, task, base, at, score, best, fidelity, t: task.copy(),
    "score": lambda bank, task, base, at, score, best, fidelity, t: score.copy(),
    "incumbent_score": lambda bank, task, base, at, score, best, fidelity, t: best.copy(),
    "fidelity": lambda bank, task, base, at, score, best, fidelity, t: (
        np.ones(len(task)) if fidelity is None else fidelity
    ),
    "cost": lambda bank, task, base, at, score, best, fidelity, t: bank.outcome(base, at, fidelity)[0],
    "status": lambda bank, task, base, at, score, best, fidelity, t: bank.outcome(base, at, fidelity)[1],
    "t": lambda bank, task, base, at, score, best, fidelity, t: np.array(np.broadcast_to(t, len(task))),
}
_RESET_INFO = _INFO | {
    "score": lambda bank, task, base, at, score, best, fidelity, t: np.full(len(task), np.nan),
    "incumbent_score": lambda bank, task, base, at, score, best, fidelity, t: np.where(np.isneginf(best), np.nan, best),
    "cost": lambda bank, task, base, at, score, best, fidelity, t: np.zeros(len(task)),
    "status": lambda bank, task, base, at, score, best, fidelity, t: np.zeros(len(task), np.int8),
}


class ResetInfo(StepInfo):
    """The infos of runs that have just begun."""

    __slots__ = ()

    @classmethod
    def kinds(cls) -> dict[str, Callable[..., Any]]:
        """What can be asked for, and how it is made."""
        return _RESET_INFO


class MixedInfo(StepInfo):
    """The infos of a step in which some runs have just begun: those have no trial to tell of."""

    __slots__ = ()

    def __missing__(self, key: str) -> Any:
        if key in self.lazy:
            return super().__missing__(key)
        *step, began = self.step
        value = _INFO[key](*step)
        if key in ("score", "incumbent_score"):
            value = value.astype(np.float64)
            value[began if key == "score" else np.isneginf(value)] = np.nan
        elif key in ("cost", "status"):
            value[began] = 0
        self[key] = value
        return value


def final_infos(n: int, which: NDArray[np.int64] | None, obs: Observation, info: StepInfo) -> Lazy:
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
