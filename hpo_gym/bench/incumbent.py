"""Quality of a run after each full evaluation: its incumbent without noise, or its other result, and the regret."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from hpo_gym.base import InvalidValueError, shown, unknown, whole
from hpo_gym.bench.metrics import TEST, VALIDATION
from hpo_gym.bench.regret import regret_on
from hpo_gym.bench.spent import ended, points, spent_of, waiting
from hpo_gym.problem import (
    BEST,
    Budget,
    History,
    Refusal,
    Status,
    Task,
    check_task,
    ended_by,
    horizon,
    random_regret,
    random_test_regret,
)


def incumbents(
    task: Task, arrays: Mapping[str, NDArray[Any]], budget: Budget | float, n_init: int
) -> NDArray[np.float64]:
    """Return the score of the incumbent at the points of a budget (`Budget.points`), noise-free and at full fidelity;
    with a number as the budget, at 33 points of simulated time up to it.

    Shape ``(points,)``; -inf before the first trial and while all have failed; the initial design counts for the
    incumbent, not for the budget. Where the last trial of a run counts, it is the score of each trial; after the end of
    the run, its last value. A refusal before any controls were chosen
    then has the worst score of the task.
    """
    if task.counts != BEST and isinstance(budget, Budget):
        score, worst = arrays["score"], task.worst if task.bounded else -np.inf
        if "refused" in arrays:
            score = np.where(np.minimum.accumulate(arrays["refused"]), worst, score)
        return _standing(score, budget.points)
    score, places = arrays["score"], _places(arrays)
    plain = not task.noisy and bool((arrays["fidelity"] == 1.0).all())
    return _followed(score if plain else _true(task, arrays, places), places, arrays, budget, n_init)


def _standing(score: NDArray[np.float64], budget: int) -> NDArray[np.float64]:
    """Return the result of a run after each trial, for tasks that do not count the best one, ``(budget,)``."""
    if not len(score):
        return np.full(budget, -np.inf)
    return np.asarray(score[np.minimum(np.arange(budget), len(score) - 1)])


def incumbents_on_test(
    task: Task, arrays: Mapping[str, NDArray[Any]], budget: Budget | float, n_init: int
) -> NDArray[np.float64] | None:
    """Return the test score of the same incumbents, ``(points,)``; None if the task has none (`Task.test_scores`)."""
    tested = task.test_scores(task.space.snap(arrays["x"][:, : task.space.d]))
    return None if tested is None else _followed(tested, _places(arrays), arrays, budget, n_init)


def _followed(
    values: NDArray[np.float64],
    places: Sequence[int],
    arrays: Mapping[str, NDArray[Any]],
    budget: Budget | float,
    n_init: int,
) -> NDArray[np.float64]:
    """Return the value of the incumbent at each point of the budget, of one value per trial; -inf of a failure."""
    fidelity, good = arrays["fidelity"], arrays["status"] == Status.OK
    best = np.where(good, values, -np.inf)[places]
    if not isinstance(budget, Budget):
        upto = ended_by(arrays["clock"], points(budget))
    elif budget.in_cost:
        upto = ended(arrays, budget.amount)
    else:
        upto = ended_by(np.cumsum(fidelity) - fidelity[:n_init].sum(), np.arange(1, budget.points + 1))
    return np.where(upto > 0, best[np.maximum(upto, 1) - 1], -np.inf) if places else np.full(len(upto), -np.inf)


def _places(arrays: Mapping[str, NDArray[Any]]) -> list[int]:
    """Return the incumbent's position after each trial: the best at the highest fidelity, of equals the earliest.

    A refusal replaces no other trial.
    """
    good, fidelity = (arrays["status"] == Status.OK).tolist(), arrays["fidelity"]
    share = np.where(arrays["refused"], 0.0, fidelity) if "refused" in arrays else fidelity
    places, best = list[int](), (-np.inf, False, -np.inf)
    for i, trial in enumerate(zip(share.tolist(), good, arrays["score"].tolist(), strict=True)):
        if not places or trial > best:
            place, best = i, trial
        places.append(place)
    return places


def _true(task: Task, arrays: Mapping[str, NDArray[Any]], places: Sequence[int]) -> NDArray[np.float64]:
    """Return scores without noise of the incumbents, evaluated once more on a live task; 0 elsewhere."""
    values, x = np.zeros(len(arrays["x"])), arrays["x"][:, : task.space.d]
    at = sorted({i for i in places if arrays["status"][i] == Status.OK})
    if at:
        values[at] = task.noise_free(task.space.snap(x[at]))
    return values


def arrays_of(history: History, task: Task) -> dict[str, NDArray[Any]]:
    """Return the trials of a run as arrays: `x` ``(t, d)``, `score`, `cost`, `status` and `fidelity` ``(t,)``; where
    some were refused, `refused` ``(t,)``, whose `x` says nothing; with simulated workers `clock`, the end of each trial
    in mean costs of a full evaluation."""
    unit = 1.0 if math.isnan(task.cost_unit) else task.cost_unit
    refused = np.array([isinstance(t.query, Refusal) for t in history], bool)
    x = np.full((len(history), task.space.d), 0.5)
    if not refused.all():
        x[~refused] = task.space.encode([t.config for t in history if not isinstance(t.query, Refusal)])
    return {
        "x": x,
        "score": np.array(history.scores, np.float64),
        "cost": np.array(history.costs, np.float64),
        "status": np.array(history.statuses, np.int8),
        "fidelity": np.array(history.fidelities, np.float64),
        **({"refused": refused.astype(np.int8)} if refused.any() else {}),
        **({"clock": np.array(history.times) / unit} if history.times else {}),
    }


def configs_of(task: Task, arrays: Mapping[str, NDArray[Any]]) -> list[dict[str, Any]]:
    """Return the configurations of stored trials, ``{}`` of a refusal."""
    configs = task.space.decode(task.space.snap(arrays["x"][:, : task.space.d]))
    no = arrays["refused"].tolist() if "refused" in arrays else [0] * len(configs)
    return [{} if refused else config for refused, config in zip(no, configs, strict=True)]


def regret_of(
    history: History,
    task: Task,
    budget: int | None = None,
    *,
    budget_cost: float | None = None,
    score: str = VALIDATION,
) -> NDArray[np.float64]:
    """Return the normalised regret of a run's incumbent, without noise, at full fidelity; its mean is the run's AUC.

    Args:
        budget: Full evaluations; after an early end, the last incumbent stays. By default the task's own if it has one,
            such as the 24 epochs of `Trainings`, else the number in the run.
        budget_cost: Instead of it, the budget in cost, in mean costs of a full evaluation of the task: the regret is
            that at 33 evenly spaced points of it, and before the end of the first trial that of a random configuration.
        score: "validation", by which the run chose its incumbents, or "test", that of the same incumbents on data that
            no choice has seen: comparisons judge by it where all tasks of a suite have one (`Task.test_range`).

    Returns:
        Shape ``(budget,)``, or ``(33,)``: 0 at the best of the task, 1 at the worst or before the first success. See
        `hpo_gym.bench.regret` for a better score.

    Raises:
        InvalidValueError: `budget >= 1` does not hold, no full evaluation was made and no `budget` is given, or the
            task has no test scores.
    """
    check_task(task)
    if score not in (VALIDATION, TEST):
        raise unknown("score", score, (VALIDATION, TEST))
    if not isinstance(history, History):
        raise InvalidValueError(f"`history` must be what `rollout` returns, got {shown(history)}.")
    arrays = arrays_of(history, task)
    if budget_cost is not None:
        return _by_cost(task, arrays, history.n_init, Budget.of(budget, budget_cost), score)
    if budget is None:
        own = "budget" in task.env
        budget = task.budget if own else horizon(arrays["fidelity"][history.n_init :].sum())
    return _regret(task, arrays, history.n_init, Budget(whole("budget", budget)), score)


def _regret(
    task: Task, arrays: Mapping[str, NDArray[Any]], n_init: int, budget: Budget, score: str
) -> NDArray[np.float64]:
    tested = incumbents_on_test(task, arrays, budget, n_init) if score == TEST else None
    if tested is not None:
        return np.asarray(regret_on([task], tested[None, None], np.array([task.test_range]), TEST)[0, 0])
    if score == TEST:
        raise InvalidValueError(f"`score` must be {VALIDATION!r} on {task.name!r}, which has no test scores.")
    return np.asarray(regret_on([task], incumbents(task, arrays, budget, n_init)[None, None])[0, 0])


def _by_cost(
    task: Task, arrays: dict[str, NDArray[Any]], n_init: int, budget: Budget, score: str
) -> NDArray[np.float64]:
    units = budget.units([task])
    assert units is not None
    arrays["spent"] = spent_of(arrays["cost"], units.item(), n_init)
    regret = _regret(task, arrays, n_init, budget, score)
    regret[: waiting(arrays, budget.amount)] = random_test_regret(task) if score == TEST else random_regret(task)
    return regret
