"""What every registered schedule keeps to, on the trainings that they are for: found by the registry."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import pytest
import toys
from batches import reported
from ConfigSpace import ConfigurationSpace, Float
from small import SCHEDULES, made, rng

from hpo_gym.base.errors import InvalidValueError, StateError
from hpo_gym.checks.faults import difference
from hpo_gym.env.runs.runs import Runs
from hpo_gym.env.runs.which import ALL_RUNS
from hpo_gym.optimize.protocol import OPTIMIZERS, Context
from hpo_gym.optimize.rollouts import Run, rollout, run_batch, run_one
from hpo_gym.problem.batches import batch_of
from hpo_gym.problem.space import SearchSpace
from hpo_gym.problem.task import Task
from hpo_gym.problem.trial import Status, Trial
from hpo_gym.suites.drift import drift_with
from hpo_gym.suites.schedules import schedules_with

BUDGET = 9
SUITES = {"schedules": schedules_with(), "drift": drift_with(), "three": schedules_with(("momentum", "batch"))}


@pytest.fixture(params=SCHEDULES)
def name(request: pytest.FixtureRequest) -> str:
    return str(request.param)


def together(optimizer: Any, tasks: Sequence[Task], budget: float = BUDGET) -> Runs:
    instances, contexts = range(len(tasks)), [Context.of(task, budget) for task in tasks]
    return run_batch(optimizer, tasks, instances, contexts, [rng(w, 7) for w in instances], budget=budget, n_init=0)


def alone(optimizer: Any, task: Task, instance: int, budget: float = BUDGET) -> list[Trial]:
    run = Run(task, budget, instance)
    run_one(optimizer, run, Context.of(task, budget), rng(instance, 7))
    return run.trials


# ---------------------------------------------------------------------- choosing
def test_other_hyperparameters_stay_at_their_default(name: str) -> None:
    default = SUITES["three"].space.default
    for trial in alone(made(name), SUITES["three"].tasks("val")[0], 0):
        assert 1e-5 <= trial.config["learning_rate"] <= 10.0
        assert {**trial.config, "learning_rate": 0} == {**default, "learning_rate": 0}


def test_runs_that_diverge_go_on_and_disturb_nobody(name: str) -> None:
    """Half of the runs have a learning rate of 10 from the second epoch on."""

    class Wild(type(made(name))):  # type: ignore[misc]
        def log_rate(self, now: Any) -> Any:
            rate = super().log_rate(now)
            assert np.isfinite(rate).all()
            wild = self.wild[: len(rate)]
            return np.where(wild & (now.t >= 1), 1.0, rate)

    tasks = [*SUITES["drift"].tasks("val")[:4]] * 2
    wild, calm = Wild(), Wild()
    wild.wild, calm.wild = np.arange(8) < 4, np.zeros(8, bool)
    with np.errstate(invalid="raise", divide="raise"):
        runs, others = together(wild, tasks), together(calm, tasks)
    diverged = 0
    for i in range(8):
        trials = runs.view(i).trials
        diverged += any(t.status is Status.DIVERGED for t in trials)
        assert len(trials) == BUDGET and np.isfinite([t.config["learning_rate"] for t in trials]).all()
        assert i < 4 or difference(reported(trials), reported(others.view(i).trials)) is None
    assert diverged >= 1


def test_it_answers_the_same_until_it_is_told_more_and_goes_on_beyond_the_budget(name: str) -> None:
    task = SUITES["schedules"].tasks("val")[0]
    run, optimizer = Run(task, 8.0, 1), made(name)
    optimizer.reset(Context(task.space, 4.0, signals=run.signals), rng(0))
    for _ in range(8):
        query = optimizer.ask()
        assert query == optimizer.ask()
        optimizer.tell(run.submit(query))
    assert len(run.trials) == 8


# ---------------------------------------------------------------------- what is refused
def test_it_is_refused_where_it_has_no_meaning(name: str) -> None:
    table = toys.plain().tasks("test")[0]
    with pytest.raises(InvalidValueError, match="needs a task without a pool of configurations"):
        rollout(made(name), table, 3)
    for space, match in (
        (ConfigurationSpace({"rate": (0.1, 1.0)}), r"must have `learning_rate` to be scheduled, got \['rate'\]"),
        (ConfigurationSpace({"learning_rate": (0.0, 1.0)}), "must be a float above 0"),
        (ConfigurationSpace({"learning_rate": (1, 5)}), "must be a float above 0 .* 'int'"),
    ):
        for begin in ("reset", "reset_batch"):
            given = (Context(SearchSpace(space), 3.0), rng(0))
            with pytest.raises(InvalidValueError, match=match):
                getattr(made(name), begin)(*(given if begin == "reset" else ([given[0]], [given[1]])))


def test_without_signals_those_that_read_them_are_refused(name: str) -> None:
    space = SearchSpace(ConfigurationSpace({"learning_rate": Float("learning_rate", (1e-4, 1.0), log=True)}))
    optimizer, reads = made(name), OPTIMIZERS.get(name).reads  # type: ignore[attr-defined]
    if not reads:
        optimizer.reset(Context(space, 3.0), rng(0))
        assert 1e-4 <= optimizer.ask().config["learning_rate"] <= 1.0
        return
    with pytest.raises(
        InvalidValueError, match=rf"`context\.signals` must hold {reads[0]!r}, which .* reads, got \[\]"
    ):
        optimizer.reset(Context(space, 3.0), rng(0))


def test_calls_at_the_wrong_time_are_refused(name: str) -> None:
    tasks = SUITES["schedules"].tasks("val")[:3]
    runs = Runs(batch_of(tasks), 3, 2, budget=2)
    runs.begin(ALL_RUNS, np.arange(3), np.zeros(3, np.uint64))
    contexts = [Context.of(task, 2) for task in tasks]
    optimizer = made(name)
    with pytest.raises(StateError, match="Call `reset`"):
        optimizer.tell(Trial(None, 0.0))  # type: ignore[arg-type]
    with pytest.raises(StateError, match="Call `reset`"):
        optimizer.ask_batch(runs)
    optimizer.reset_batch(contexts[:2], [rng(0)] * 2)
    with pytest.raises(StateError, match="Call `reset_batch` with 3 contexts before `ask_batch`, got 2"):
        optimizer.ask_batch(runs)
    with pytest.raises(StateError, match="`reset_batch` has begun 2 runs"):
        optimizer.ask()
    with pytest.raises(InvalidValueError, match="must have one search space"):
        optimizer.reset_batch([contexts[0], Context.of(SUITES["three"].members[0], 2)], [rng(0)] * 2)


def test_the_defaults_end_below_the_loss_of_a_guess(name: str) -> None:
    tasks = SUITES["schedules"].tasks("val")
    assert together(made(name), tasks, 25).scores()[:, -1].mean() > -0.95
