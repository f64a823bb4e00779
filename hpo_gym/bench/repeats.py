"""Repeats: trials of a run that try a configuration again, at the same fidelity; a remark where that cannot pay."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from hpo_gym.base import Mask
from hpo_gym.problem import BEST, Task, keys

MUCH = 0.5
"""Share of a run's trials above which repeats are remarked on."""


class Repeats(NamedTuple):
    """Shares of a run's chosen trials: those that repeat an earlier one, and those of them that cannot have paid."""

    share: float
    vain: float


def repeated(arrays: Mapping[str, NDArray[Any]], d: int) -> Mask:
    """Return which trials of a run repeat an earlier one, given ones included, ``(t,)``; a refused proposal does not.

    Args:
        arrays: Of the run.
        d: Columns of its search space.
    """
    out, seen = np.zeros(len(arrays["x"]), bool), set[tuple[bytes, float]]()
    refused = arrays.get("refused", out).astype(bool).tolist()
    for i, trial in enumerate(zip(keys(arrays["x"][:, :d]), arrays["fidelity"].tolist(), strict=True)):
        if not refused[i]:
            out[i] = trial in seen
            seen.add(trial)
    return out


def repeats_of(arrays: Mapping[str, NDArray[Any]], task: Task, n_init: int) -> Repeats | None:
    """Return the repeats of a run; None where it chose nothing.

    A repeat can pay where scores are noisy or trials go on from each other, and none can be helped once all
    configurations were tried.
    """
    again = repeated(arrays, task.space.d)[n_init:]
    if not len(again):
        return None
    there = task.measured_pool
    forced = max(0.0, len(arrays["x"]) - (task.space.size if there is None else len(there)))
    pays = task.noisy or task.counts != BEST
    return Repeats(float(again.mean()), 0.0 if pays else max(0.0, float(again.sum()) - forced) / len(again))


def much(shares: Iterable[float | None]) -> bool:
    """Return whether one of the shares is above a half."""
    return any(share is not None and share > MUCH for share in shares)


def mean_share(runs: Sequence[Repeats]) -> float | None:
    """Return the mean share of repeats of runs, None without any, to six decimals."""
    return round(float(np.mean([run.share for run in runs])), 6) if runs else None


def remarks(suite: str, found: Mapping[str, Sequence[Repeats]]) -> Iterator[str]:
    """Yield a remark that names the optimizers whose runs repeat more than half of their trials in vain, on average."""
    vain = {name: float(np.mean([run.vain for run in runs])) for name, runs in found.items() if runs}
    named = ", ".join(f"{name} ({100 * share:.0f} %)" for name, share in vain.items() if share > MUCH)
    if named:
        yield (
            f"More than half of the trials of a run on {suite} repeat an earlier one, which cannot pay there: {named}. "
            "For a policy: sample it (`deterministic` False), mask what was tried (`duplicates='mask'`, codec `pool`), "
            "or train it on codec `candidates`, where nothing is tried twice."
        )
