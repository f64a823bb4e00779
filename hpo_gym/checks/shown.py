"""What an agent is shown: numbers of known observers, and masks beside what was measured and tried."""

from __future__ import annotations

import math
from collections.abc import Iterator
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
from hpo_gym.observers.training import Training

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
    elif isinstance(observer, Training):
        yield "the share of the budget spent", obs[0], 1.0 - account.left
        if t:
            yield "the logarithm of the validation loss", obs[2 + 2 * d], math.log(0.01 - account.trials[-1].score)
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
