"""Meaning of an action, by the definition of each registered codec: a configuration at a fidelity.

On a table the nearest measured row answers, found by looking at all of them.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from hpo_gym.checks.account import Account, Info
from hpo_gym.checks.faults import Faults
from hpo_gym.checks.rows import CheckedRows
from hpo_gym.env import FACTORS, SHARES, Box, Grid, Move, Pool
from hpo_gym.problem import SLACK, Hyperparameter, Points, SearchSpace

_TRIALS = 6  # of an episode are looked at: to search a large pool for each takes long
_SAME = 1e-9  # fidelities, and distances to two levels
_DIGITS = 12  # of squared distances: what is equal in these is as near


def check_asked(action: object, info: Info, account: Account, rows: CheckedRows, faults: Faults) -> None:
    """Check that the action's configuration is evaluated, or the row that answers for it, at the action's fidelity.

    Args:
        action: Of one run; it does not stop the episode.
        info: Of its trial.
        account: The run before the trial.
        rows: The pools of the tasks.
        faults: Collects faults.
    """
    if not isinstance(account.kernel.parts.codec, (Box, Grid, Move, Pool)):
        return
    level = _fidelity(action, account)
    fault = f"The action {action} is evaluated at fidelity {info['fidelity']:g} instead of {level:g}"
    faults.once(abs(info["fidelity"] - level) < _SAME, "asked fidelity", fault)
    if account.t - account.kernel.contexts.n_init >= _TRIALS:
        return
    config = _config(action, account, rows)
    if config is not None:
        fault = f"The action {action} evaluates {dict(info['config'])} instead of {config}"
        faults.once(dict(info["config"]) == config, "asked", fault)


# ---------------------------------------------------------------------- fidelity
def _fidelity(action: object, account: Account) -> float:
    """Return the fidelity of the action, lowered to the rest of a budget in full evaluations."""
    codec, levels = account.kernel.parts.codec, account.kernel.contexts.fidelities
    if not codec.fidelity:
        return 1.0
    numbers = np.asarray(action, float)
    if isinstance(codec, Box):
        share = (numbers[account.kernel.contexts.space.d] + 1.0) / 2.0
        level = levels[min(int(share * len(levels)), len(levels) - 1)]
    else:
        level = levels[int(numbers[account.kernel.contexts.space.d if isinstance(codec, Grid) else 1])]
    if account.unit is not None:
        return float(level)
    left = account.budget - account.spent
    return float(max((one for one in levels if one <= min(level, left + SLACK)), default=levels[0]))


# ---------------------------------------------------------------------- configuration
def _config(action: object, account: Account, rows: CheckedRows) -> dict[str, Any] | None:
    """Return the configuration that the action evaluates; None if undetermined."""
    task, codec = account.task, account.kernel.parts.codec
    if isinstance(codec, Pool):
        row = rows.row(action, account)
        return None if row is None else task.space.from_unit(rows.points(task)[0][row])
    x = _proposed(action, account)
    if x is None:
        return None
    x = task.space.snap(x[None, : task.space.d])[0]
    if task.pool is not None:
        pool, measured = rows.points(task)
        x = pool[nearest(task.space, x, pool, measured)]
    elif not task.space.legal(x[None])[0]:  # the nearest configuration of a surrogate's table answers
        return None
    return task.space.from_unit(x)


def _proposed(action: object, account: Account) -> Points | None:
    """Return the point of the unit cube that an action proposes, ``(d,)``."""
    codec, space = account.kernel.parts.codec, account.kernel.contexts.space
    if isinstance(codec, Box):
        return (np.asarray(action, float)[: space.d] + 1.0) / 2.0
    if isinstance(codec, Grid):
        return np.array([u[int(a)] for u, a in zip(space.levels(codec.levels), np.asarray(action), strict=False)])
    return _moved(int(np.asarray(action).flat[0]), account)


def _moved(choice: int, account: Account) -> Points | None:
    """Return the end of a step from the last configuration, before the first trial from the default one."""
    space, own = account.kernel.contexts.space, account.task.space
    if own.d < space.d:  # columns that the task has not may be anywhere
        return None
    here = own.to_unit(account.trials[-1].config) if account.t else np.array(space.default_x)
    if account.kernel.batch.signals:
        return _stepped(space, here, choice)
    if choice == 2 * space.d:
        best = account.incumbent
        return here if best is None else own.to_unit(best.config)
    j, up = divmod(choice, 2)
    codec: Any = account.kernel.parts.codec
    h, levels = space.hyperparameters[j], list(space.levels(codec.levels)[j])
    distances = np.abs(np.array(levels) - here[j])
    if np.ptp(np.sort(distances)[:2]) < _SAME and len(levels) > 1:  # two levels are as near
        return None
    cell = int(distances.argmin()) + (1 if up else -1)
    here[j] = levels[cell % len(levels) if h.kind == "categorical" else min(max(cell, 0), len(levels) - 1)]
    return here


def _stepped(space: SearchSpace, here: Points, choice: int) -> Points:
    """Return the end of a step of two sizes, if trials build on each other."""
    if choice < 4 * space.d:
        j, kind = divmod(choice, 4)
        h = space.hyperparameters[j]
        to = here[j] + (-1, -1, 1, 1)[kind] * _size(h)[kind in (0, 3)]
        here[j] = to % 1.0 if h.kind == "categorical" else min(max(to, 0.0), 1.0)
    return here


def _size(h: Hyperparameter) -> tuple[float, float]:
    if np.isfinite(h.size):
        return 1.0 / h.size, 2.0 / h.size
    if not h.log:
        return SHARES
    low, high = h.bounds()
    return float(np.log(FACTORS[0]) / (high - low)), float(np.log(FACTORS[1]) / (high - low))


# ---------------------------------------------------------------------- nearest row
def nearest(space: SearchSpace, x: Points, pool: Points, measured: NDArray[np.bool_]) -> int:
    """Return the nearest measured row to a point, the lowest of equally near rows.

    A column counts the squared difference in the unit cube, 1 for another category, and 1 if it is active on one side
    only.
    """
    rows = np.flatnonzero(measured)
    others = pool[rows]
    here, there = space.active(x[None])[0], space.active(others)
    total = np.zeros(len(rows))
    for j, h in enumerate(space.hyperparameters):
        if h.metric:
            apart = (others[:, j] - x[j]) ** 2
        else:
            count = len(h.choices)
            apart = 1.0 * (np.minimum(others[:, j] * count // 1, count - 1) != min(x[j] * count // 1, count - 1))
        total += np.where(there[:, j] & here[j], apart, 1.0 * (there[:, j] != here[j]))
    return int(rows[np.round(total, _DIGITS).argmin()])
