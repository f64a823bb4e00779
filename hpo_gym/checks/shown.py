"""What an agent is shown: numbers of known observers, and masks beside what was measured and tried."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from hpo_gym.checks.account import Account
from hpo_gym.checks.faults import Faults
from hpo_gym.observers.history import HistoryObserver
from hpo_gym.observers.last import Last
from hpo_gym.observers.pool import PoolObserver
from hpo_gym.observers.summary import Summary
from hpo_gym.observers.tokens import Tokens
from hpo_gym.task import Task
from hpo_gym.trial import Trial

Mask = NDArray[np.bool_]
Named = tuple[str, float, float]


# ---------------------------------------------------------------------- observations
def check_shown(obs: Any, account: Account, faults: Faults) -> None:
    """An observation says how much of the budget is left, and shows the trials so far."""
    for name, shown, true in _numbers(obs, account):
        near = abs(shown - true) <= 1e-6 * (1.0 + abs(true)) or not np.isfinite(np.float32(true))
        faults.once(near, f"shown {name}", f"The observation shows {shown:.9g} as {name}, which is {true:.9g}")


def _numbers(obs: Any, account: Account) -> Iterator[Named]:
    """Names of numbers, as they are shown and as they are."""
    observer, d, t = account.kernel.parts.observer, account.kernel.contexts.space.d, account.t
    scores: Iterator[Named] | list[Named] = []
    if isinstance(observer, Last):
        yield "the share of the budget left", obs[d + 2], account.left
        scores = _scores(account, obs[d], obs[d + 1])
    elif isinstance(observer, Summary):
        yield "the share of the budget left", obs[2 * d + 2], account.left
        scores = _scores(account, obs[2 * d + 1], obs[2 * d])
    elif isinstance(observer, PoolObserver):
        yield "the share of the budget left", obs["state"][1], account.left
        scores = _scores(account, None, obs["state"][0])
    elif isinstance(observer, Tokens):
        yield "the share of the budget left", obs["left"][0], account.left
        yield "the number of trials", obs["mask"].sum(), t
        scores = _scores(account, obs["history_y"][t - 1], None)
    elif isinstance(observer, HistoryObserver):
        rows = obs[: account.kernel.contexts.horizon * (d + 2)].reshape(-1, d + 2)
        yield "the number of trials", (rows[:, -1] > 0).sum(), t
        scores = _scores(account, rows[t - 1, d], None)
    yield from scores


def _scores(account: Account, last: float | None, best: float | None) -> Iterator[Named]:
    """The last score and the incumbent's, where scores are shown as they are."""
    incumbent = account.incumbent
    if incumbent is None or not account.kernel.parts.observer.served.plain:
        return
    if last is not None:
        yield "the last score", last, account.trials[-1].score
    if best is not None:
        yield "the incumbent's score", best, incumbent.score


# ---------------------------------------------------------------------- masks
def check_masks(masks: Mask, account: Account, number: int, faults: Faults) -> None:
    """Rows are masked where they were not measured on the task, and where `duplicates="mask"` once they are tried.

    Args:
        masks: Of the run, ``(a,)``.
        account: The run.
        number: The position of its task.
        faults: Where to note.
    """
    kernel = account.kernel
    codec, contexts = kernel.parts.codec, kernel.contexts
    width = 1 if not codec.pool else codec.candidates or contexts.bank.m
    if not faults.expect(masks.dtype == bool and len(masks) >= width, "`action_masks` is no array of a bool an action"):
        return
    faults.expect(masks[width:].all(), "`action_masks` masks a fidelity, or to stop")
    if codec.pool:
        rows, there = rows_of(account, number)
        untried = there & ~tried(account.task, account.trials, rows) if kernel.parts.duplicates == "mask" else there
        good = untried if untried.any() else np.ones_like(there)
        sure = _distinct(account.task, rows)
        fault = "`action_masks` are not what was measured" + (" and not tried" if untried is not there else "")
        faults.once((masks[:width] == good)[sure].all(), fault, f"{fault} on task {account.task.name!r}")


def check_row(action: Any, config: Any, account: Account, number: int, faults: Faults) -> None:
    """An action that is a measured row evaluates that row."""
    codec = account.kernel.parts.codec
    choice = int(np.asarray(action).flat[0])
    rows, there = rows_of(account, number)
    pool = account.task.pool
    if codec.pool and pool is not None and there[choice]:
        row = account.task.space.from_unit(pool[rows[choice]])
        faults.once(config == row, "row", f"The action {choice} evaluates {config}, its row is {row}")


def rows_of(account: Account, number: int) -> tuple[NDArray[np.int64], Mask]:
    """The row that each action of a `pool` codec is, and whether it was measured on the task and is no repeat."""
    kernel, task = account.kernel, account.task
    contexts, candidates = kernel.contexts, kernel.parts.codec.candidates
    pool = task.pool
    assert pool is not None
    measured = np.zeros(contexts.bank.m, bool)
    measured[: len(pool)] = True if task.measured is None else task.measured
    if candidates is None:
        return np.arange(len(measured)), measured
    rows = contexts.rows(np.array([number]), np.array([account.world], np.uint64))[0]
    return rows, measured[rows] & (np.arange(candidates) < measured.sum())


def tried(task: Task, trials: Sequence[Trial], rows: NDArray[np.int64]) -> Mask:
    """Which rows hold a configuration that was tried."""
    assert task.pool is not None
    x = np.array([task.space.to_unit(t.config) for t in trials]).reshape(-1, task.space.d)
    found = np.zeros(len(rows), bool)
    fits = rows < len(task.pool)
    for one in x:
        found[fits] |= (task.pool[rows[fits]] == one).all(1)
    return found


def _distinct(task: Task, rows: NDArray[np.int64]) -> Mask:
    """Which rows are the only one of their configuration."""
    assert task.pool is not None
    _, place, count = np.unique(task.pool, axis=0, return_inverse=True, return_counts=True)
    out = np.ones(len(rows), bool)
    fits = rows < len(task.pool)
    out[fits] = count[place.reshape(-1)[rows[fits]]] == 1
    return out
