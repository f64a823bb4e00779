"""Contents of observations: the output of all registered observers, recomputed from the trials and from meta-train."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np
from numpy.typing import NDArray

from hpo_gym.base import Floats
from hpo_gym.checks.account import Account
from hpo_gym.checks.faults import Faults
from hpo_gym.checks.rows import CheckedRows
from hpo_gym.checks.scales import served
from hpo_gym.env import Blind, HistoryObserver, Last, Levels, PoolObserver, Progress, Summary, Tokens, Training
from hpo_gym.problem import Scale, Task

Named = tuple[str, Any, Any]
Flat = NDArray[Any]
Nested = dict[str, NDArray[Any]]
Obs = Flat | Nested

_NEAR = 1e-5  # of one and a number, as it is shown in float32
_SAME = 1e-9  # distances to two levels
_HUGE = float(np.finfo(np.float32).max)


def check_shown(obs: Obs, account: Account, rows: CheckedRows, faults: Faults) -> None:
    """Check that an observation shows the trials so far, the rest of the budget, and the known facts about the data
    set."""
    for name, shown, true in (*_numbers(obs, account, rows), *_context(obs, account)):
        shown, true = np.asarray(shown, float).ravel(), np.clip(np.asarray(true, float).ravel(), -_HUGE, _HUGE)
        if not faults.once(shown.shape == true.shape, f"shape {name}", f"The observation shows no {name}"):
            continue
        off = np.flatnonzero(~(np.abs(shown - true) <= _NEAR * (1.0 + np.abs(true))) & ~np.isnan(true))
        if len(off):
            i = off[0]
            fault = f"The observation shows {shown[i]:.9g} as {name}, which is {true[i]:.9g}"
            faults.once(False, f"shown {name}", fault)


# ---------------------------------------------------------------------- by observer
def _numbers(obs: Any, account: Account, rows: CheckedRows) -> Iterator[Named]:
    """Names of numbers, as they are shown and as they are; NaN where nothing can be said."""
    observer = account.kernel.parts.observer
    for kind, numbers in _KINDS.items():
        if isinstance(observer, kind):
            yield from numbers(obs, account)
    if isinstance(observer, PoolObserver):
        yield from _pool(obs, account, rows)


def _last(obs: Flat, account: Account) -> Iterator[Named]:
    d = account.kernel.contexts.space.d
    yield "the share of the budget left", obs[d + 2], account.left
    yield "the last configuration", obs[:d], 2 * _x(account, -1) - 1 if account.t else np.zeros(d)
    yield "the last score", obs[d], served(account)[-1] if account.t else 0.0
    yield "the incumbent's score", obs[d + 1], served(account)[_best(account)] if account.t else 0.0


def _summary(obs: Flat, account: Account) -> Iterator[Named]:
    d, t = account.kernel.contexts.space.d, account.t
    yield "the share of the budget left", obs[2 * d + 2], account.left
    if not t:
        yield "what is not known before the first trial", np.delete(obs[: 2 * d + 5], 2 * d + 2), np.zeros(2 * d + 4)
        return
    best = _best(account)
    yield "the incumbent", obs[:d], 2 * _x(account, best) - 1
    yield "the last configuration", obs[d : 2 * d], 2 * _x(account, -1) - 1
    yield "the incumbent's score", obs[2 * d], served(account)[best]
    yield "the last score", obs[2 * d + 1], served(account)[-1]
    yield "the share of trials", obs[2 * d + 3], t / account.kernel.contexts.horizon
    yield "the share of trials since the incumbent", obs[2 * d + 4], (t - 1 - best) / t


def _history(obs: Flat, account: Account) -> Iterator[Named]:
    d, t = account.kernel.contexts.space.d, account.t
    table = obs[: account.kernel.contexts.horizon * (d + 2)].reshape(-1, d + 2)
    yield "the number of trials", (table[:, -1] > 0).sum(), t
    yield "the configurations of the trials", table[:t, :d], [2 * _x(account, i) - 1 for i in range(t)]
    yield "the last score", table[max(t - 1, 0), d], served(account)[-1] if t else 0.0
    yield "the scores of the trials", table[:t, d], served(account)
    yield "the fidelities of the trials", table[:t, d + 1], [trial.fidelity for trial in account.trials]
    yield "what follows the trials", table[t:], np.zeros_like(table[t:])


def _tokens(obs: Nested, account: Account) -> Iterator[Named]:
    h, t = account.kernel.contexts.horizon, account.t
    yield "the share of the budget left", obs["left"], account.left
    yield "the number of trials", obs["mask"].sum(), t
    yield "the mask of the trials", obs["mask"], np.arange(h) < t
    yield "the last score", obs["history_y"][max(t - 1, 0)], served(account)[-1] if t else 0.0
    yield "the configurations of the trials", obs["history_x"][:t], [2 * _x(account, i) - 1 for i in range(t)]
    yield "the scores of the trials", obs["history_y"], [*served(account), *[0.0] * (h - t)]
    yield "the fidelities of the trials", obs["history_f"], [*(x.fidelity for x in account.trials), *[0.0] * (h - t)]
    if account.unit is not None:
        share = [trial.cost / account.unit / account.budget for trial in account.trials]
        yield "what the trials took", obs["history_c"], [*share, *[0.0] * (h - t)]
    if "active" in obs and account.task.space == account.kernel.contexts.space:
        names = [one.name for one in account.task.space.hyperparameters]
        active = [[name in trial.config for name in names] for trial in account.trials]
        yield "the active hyperparameters", obs["active"][:t], active


def _own(obs: Flat, account: Account) -> Iterator[Named]:
    """Return the first part of the observation, for observers of a run's own moves."""
    d, t = account.kernel.contexts.space.d, account.t
    default = account.kernel.contexts.space.default_x
    now, before = (_x(account, t - back) if t >= back else default for back in (1, 2))
    yield "the share of the budget spent", obs[0], 1.0 - account.left
    yield "whether nothing was tried", obs[1], not t
    yield "the last configuration", obs[2 : 2 + d], 2 * now - 1
    yield "the last move", obs[2 + d : 2 + 2 * d], 2 * (now - before)


def _training(obs: Flat, account: Account) -> Iterator[Named]:
    at = 2 + 2 * account.kernel.contexts.space.d
    if account.t:
        loss = np.log(0.01 - account.trials[-1].score)
        yield "the logarithm of the validation loss", obs[at], np.clip(loss, -10.0, 10.0)


def _levels(obs: Flat, account: Account) -> Iterator[Named]:
    space = account.kernel.contexts.space
    observer: Any = account.kernel.parts.observer
    x = _x(account, -1) if account.t else space.default_x
    grid = space.levels(observer.levels)
    cell = [int(np.abs(values - u).argmin()) for values, u in zip(grid, x, strict=True)]
    unsure = [
        np.ptp(np.sort(np.abs(values - u))[:2]) < _SAME and len(values) > 1 for values, u in zip(grid, x, strict=True)
    ]
    if observer.flat:
        number = np.ravel_multi_index(tuple(cell), tuple(len(values) for values in grid))
        yield "the grid cell", obs, np.nan if any(unsure) else number
    else:
        yield "the grid cell", obs, np.where(unsure, np.nan, cell)


def _pool(obs: Nested, account: Account, rows: CheckedRows) -> Iterator[Named]:
    state, features = obs["state"], obs["candidate_features"]
    yield "the share of the budget left", state[1], account.left
    yield "the incumbent's score", state[0], served(account)[_best(account)] if account.t else 0.0
    found = rows.shown(account)
    if found is None:
        return
    x, there, tried, sure = found
    free = there & ~tried
    yield "the candidates", obs["candidates"][:, : x.shape[1]], 2 * x - 1
    yield "which candidates were tried", features[:, 0], np.where(sure, tried, np.nan)
    yield "the mask of the candidates", obs["action_mask"], np.where(sure, free if free.any() else there, np.nan)
    if account.unit is not None:
        yield "what candidates cost on earlier tasks", features[:, 4], rows.earlier(account)
    seen = [account.task.space.to_unit(trial.config) for trial in account.trials]
    near = [np.abs(x - one).sum(1) / obs["candidates"].shape[1] for one in seen]
    best = near[_best(account)] if account.t else np.ones(len(x))
    yield "the distance of candidates to the incumbent", features[:, 2], best
    scores = np.where(tried, np.nan, 0.0)
    for distance, score in zip(near, served(account), strict=True):
        scores[(distance == 0) & sure & tried] = score
    yield "the scores of candidates", features[:, 1], scores
    yield (
        "the distance of candidates to the nearest trial",
        features[:, 3],
        np.min(near, 0) if near else np.ones(len(x)),
    )


_KINDS: dict[type, Any] = {
    Last: _last, Summary: _summary, HistoryObserver: _history, Tokens: _tokens, Blind: _own, Progress: _own,
    Training: lambda obs, account: (*_own(obs, account), *_training(obs, account)), Levels: _levels,
}  # fmt: skip


# ---------------------------------------------------------------------- what they share
def _x(account: Account, i: int) -> Floats:
    """Return the configuration of a trial in the unit cube; columns that its task lacks are in the middle."""
    x = np.full(account.kernel.contexts.space.d, 0.5)
    own = account.task.space.to_unit(account.trials[i].config)
    x[: len(own)] = own
    return x


def _best(account: Account) -> int:
    """Return the position of the incumbent."""
    return next(i for i, trial in enumerate(account.trials) if trial is account.incumbent)


def _context(obs: Obs, account: Account) -> Iterator[Named]:
    """Return meta-features, standardised on meta-train, and a mask of known ones; if the observer shows them, last of
    all."""
    observer, contexts = account.kernel.parts.observer, account.kernel.contexts
    if not getattr(observer, "context", False) or not isinstance(observer, (*_KINDS, PoolObserver)):
        return
    true = _meta(account.task, contexts.scale)
    shown = obs["context"] if isinstance(obs, dict) else obs[len(obs) - len(true) :]
    yield "the meta-features", shown, true


def _meta(task: Task, scale: Scale) -> list[float]:
    known, values = [], []
    for name, mean, sd in zip(scale.meta_names, scale.meta_mean, scale.meta_sd, strict=True):
        reported = task.meta_features.get(name)
        value = np.nan if reported is None else reported
        there = np.isfinite(value)
        known.append(float(there))
        values.append((np.sign(value) * np.log1p(abs(value)) - mean) / sd if there else 0.0)
    return [*values, *known]
