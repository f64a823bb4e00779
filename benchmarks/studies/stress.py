"""What disturbs optimizers that read earlier tasks: `stress.py`, about three minutes of one core.

On the validation tasks that `robustness.py` judges (`SVM`, `Linear`, `Boosting`, `MLP`), from a cold start, 33
evaluations. Either the earlier tasks mislead, as there (shuffled, flipped, foreign), are few (a quarter of the
families) or are in another unit (scores 100 times as large); or the run itself does: scores are told with noise, whose
standard deviation is a tenth of the range of the task's scores, or a fifth of the configurations fail. What is drawn is
drawn twice. `stress.json` keeps the AUC of the true regret of the configuration that looks best, on each task.
What `robustness.json` holds is not run again; `guide.py` shows both.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
from robustness import ANCHOR, BUDGET, DOUBTS, KINDS, OPTIMIZERS, SUITES, earlier, judged
from time_parts import share_of

from hpo_gym.base import seeding
from hpo_gym.optimize import Context, Optimizer, make_optimizer, rollout
from hpo_gym.problem import Evaluations, Query, Status, Task, Trial, floor_of, relative_regret
from hpo_gym.suites import load_suite

FOUND = Path(__file__).with_suffix(".json")
FEWER, SCALED, NOISE, FAILURES = "a quarter", "times 100", "noise", "failures"
OF_MEMORY, OF_THE_RUN = (*KINDS, FEWER, SCALED), (NOISE, FAILURES)
ALSO = ("portfolio", "transfer-mix", "ppo-pool-tables")
SPREAD, FAIL, UNIT, SHARE, SEEDS = 0.1, 0.2, 100.0, 0.25, 2


class Disturbed(Optimizer):
    """An optimizer that is told something else than what happened.

    Attributes:
        told: The scores, -infinity where the trial failed.
    """

    def __init__(self, inner: Optimizer, change: Callable[[Trial], Trial], floor: float) -> None:
        self.inner, self.change, self.floor = inner, change, floor

    def reset(self, context: Context, rng: np.random.Generator) -> None:
        self.told: list[float] = []
        self.inner.reset(context, rng)

    def ask(self) -> Query | None:
        return self.inner.ask()

    def tell(self, trial: Trial) -> None:
        trial = self.change(trial)
        fine = [score for score in self.told if np.isfinite(score)]
        if trial.status is not Status.OK:  # a failure has the worst score so far
            trial = replace(trial, score=min(fine, default=self.floor))
        self.told.append(trial.score if trial.status is Status.OK else -np.inf)
        self.inner.tell(trial)


def noisy(task: Task, seed: int) -> Callable[[Trial], Trial]:
    """Scores with an error that hangs on the configuration alone."""
    spread = SPREAD * (task.best - task.worst)
    return lambda trial: replace(trial, score=trial.score + spread * _of(task, trial, seed).normal())


def failing(task: Task, seed: int) -> Callable[[Trial], Trial]:
    """A fifth of the configurations fail."""
    return lambda trial: replace(trial, status=Status.FAILED) if _of(task, trial, seed).random() < FAIL else trial


def _of(task: Task, trial: Trial, seed: int) -> np.random.Generator:
    """The generator of a configuration, rounded where the space stops telling points apart."""
    x = np.round(task.space.to_unit(trial.config), 9).tolist()
    return seeding.generator(seeding.key("stress", task.suite, task.name, x, seed))


def memory(suite: str, kind: str, seed: int) -> tuple[Evaluations, ...]:
    """The training tasks of a suite, as a kind of run is told them."""
    if kind in KINDS:
        return earlier(suite, kind, seed)
    own = tuple(load_suite(suite).prior())
    if kind == FEWER:
        return share_of(own, SHARE, seed)
    if kind == SCALED:
        return tuple(
            replace(e, score=UNIT * e.score, further=tuple(replace(m, score=UNIT * m.score) for m in e.further))
            for e in own
        )
    return own


def true_regret(told: Sequence[float], true: Sequence[float], task: Task) -> np.ndarray[Any, np.dtype[np.float64]]:
    """Regret of the configuration that looks best after each trial, 1 before a success, ``(33,)``."""
    best = [int(np.argmax(told[: i + 1])) for i in range(len(told))]
    held = [true[i] if np.isfinite(told[i]) else task.worst for i in best]
    held += held[-1:] * (BUDGET - len(held))
    return np.asarray(relative_regret(held, task.best, task.worst))


def auc(who: str, kind: str, task: Task, prior: Sequence[Evaluations], seed: int) -> float:
    """Mean regret of one run over its trials."""
    name, options = OPTIMIZERS.get(who, (who, {}))
    change = {NOISE: noisy, FAILURES: failing}.get(kind, lambda task, seed: lambda trial: trial)(task, seed)
    optimizer = Disturbed(make_optimizer(name, **options), change, floor_of(tuple(prior)))
    history = rollout(optimizer, task, BUDGET, seed=seed, prior=prior)
    return float(true_regret(optimizer.told, history.scores, task).mean())


def needed() -> list[tuple[str, str]]:
    """Who is run under what; `robustness.json` has the rest. `gp-ei` reads no memory."""
    held = [*OF_MEMORY[len(KINDS) :], *OF_THE_RUN]
    known = [(DOUBTS, kind) for kind in held]
    return known + [(who, kind) for who in ALSO for kind in (*KINDS, *held)] + [(ANCHOR, k) for k in OF_THE_RUN]


def carry_out() -> dict[str, Any]:
    """By suite: `tasks`, `families`, and by ``optimizer, kind`` the `auc` on each task."""
    out: dict[str, Any] = {}
    for suite in SUITES:
        tasks = judged(suite)
        part = out[suite] = {"tasks": [t.name for t in tasks], "families": [t.family for t in tasks], "auc": {}}
        for who, kind in needed():
            drawn = kind not in ("as they are", "flipped", SCALED) or who == ANCHOR
            runs = []
            for seed in range(SEEDS if drawn else 1):
                prior = memory(suite, kind, seed)
                runs.append([auc(who, kind, t, prior, seed) for t in tasks])
            part["auc"][f"{who}, {kind}"] = np.round(np.mean(runs, 0), 5).tolist()
            print(suite, who, kind, round(float(np.mean(runs)), 4), flush=True)
    return out


if __name__ == "__main__":
    FOUND.write_text(json.dumps(carry_out(), separators=(",", ":"), sort_keys=True) + "\n", encoding="utf-8")
