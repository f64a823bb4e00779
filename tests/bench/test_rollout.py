"""Known answers of rollouts: episodes worked by hand, run one at a time and many at once."""

from __future__ import annotations

import math
import time
from collections.abc import Sequence
from typing import Any

import core_toys as toys
import numpy as np
import pytest
from regrets import mean_regret

import hpo_gym
from hpo_gym.base import seeding
from hpo_gym.base.errors import InvalidValueError, SplitError
from hpo_gym.env.runs.contexts import given_points
from hpo_gym.optimize.protocol import Context
from hpo_gym.optimize.rollouts import Run, run_batch, run_one
from hpo_gym.problem.batches import batch_of
from hpo_gym.problem.earlier import Evaluations
from hpo_gym.problem.trial import History, Query, Status, Trial

SQUARE, LEVELS = toys.square(), toys.levels()
NAN = math.nan


def config(row: int) -> dict[str, float]:
    return dict(zip("uv", toys.X[row], strict=True))


class Script:
    """Asks what it was given, then None; keeps what it was told."""

    def __init__(self, *queries: Any) -> None:
        self.queries = list(queries)
        self.reported: list[Trial] = []
        self.known: list[int] = []  # trials known at each ask

    def reset(self, context: Context, rng: np.random.Generator) -> None:
        self.context, self.first = context, rng.random()

    def ask(self) -> Any:
        self.known.append(len(self.reported))
        return self.queries.pop(0) if self.queries else None

    def tell(self, trial: Trial) -> None:
        self.reported.append(trial)


def rows(*numbers: int, fidelity: float = 1.0) -> list[Query]:
    return [Query(config(r), fidelity) for r in numbers]


# ---------------------------------------------------------------------------------------------- one at a time
def test_a_mean_regret_is_over_tasks_and_trials() -> None:
    class Again(Script):
        def reset(self, context: Context, rng: np.random.Generator) -> None:
            self.queries = rows(3, 0)
            self.reported.clear()
            self.families = [e.family for e in context.prior]

    script, (a, b) = Again(), SQUARE.tasks("train")
    assert mean_regret(script, [a], 2) == pytest.approx(1 / 3)  # 4 of 6, then 2: a third short each time
    assert mean_regret(script, [b], 2, seeds=2) == pytest.approx(1 / 2)  # 6, then 8, of 4 to 10
    assert mean_regret(script, [a, b], 2, prior=SQUARE.prior()) == pytest.approx(5 / 12)
    assert script.families == [a.family]  # not its own


@pytest.mark.smoke
def test_a_run_of_three_evaluations() -> None:
    script = Script(*rows(3, 1, 0, 2))
    got = hpo_gym.rollout(script, SQUARE.task("a"), 3)
    assert got == History((Trial(Query(config(3)), 4.0, 1.0), Trial(Query(config(1)), 6.0, 1.0),
                           Trial(Query(config(0)), 2.0, 1.0)), 0)  # fmt: skip
    assert script.reported == list(got) and script.known == [0, 1, 2] and len(script.queries) == 1


def test_a_run_ends_where_the_optimizer_has_nothing_more_to_try() -> None:
    script = Script(*rows(3))
    assert hpo_gym.rollout(script, SQUARE.task("a")).scores == (4,)
    assert script.known == [0, 1]
    assert hpo_gym.rollout(Script(), SQUARE.task("a")) == History()


def test_fidelities_are_the_nearest_that_the_task_has_and_the_budget_pays_for() -> None:
    script = Script(*rows(0, fidelity=0.6), *rows(1, fidelity=0.3), *rows(2), *rows(3), *rows(0))
    got = hpo_gym.rollout(script, LEVELS.task("b"), 2)
    assert got.fidelities == (0.5, 0.25, 1.0, 0.25) and got.scores == (7.5, 3, 10, 5)
    assert hpo_gym.rollout(Script(*rows(0, 0), *rows(0)), LEVELS.task("b"), 1.5).fidelities == (1.0, 0.5)
    assert hpo_gym.rollout(Script(*rows(0, 0, 0)), LEVELS.task("b"), 0.75).fidelities == (0.5, 0.25)
    assert hpo_gym.rollout(Script(*rows(0, fidelity=0.75)), LEVELS.task("b"), 1).fidelities == (
        0.5,
    )  # of two, the lower


@pytest.mark.smoke
def test_failed_and_unmeasured_rows() -> None:
    got = hpo_gym.rollout(Script(*rows(2, 3)), LEVELS.task("a"), 2)
    assert got.trials == (
        Trial(Query(config(2)), 0.0, 7.0, Status.FAILED), Trial(Query(config(1)), 6.0, 8.0, Status.OK),
    )  # fmt: skip


def test_a_failure_has_the_worst_score_so_far_and_first_what_the_prior_says() -> None:
    task, others = LEVELS.task("a"), [e for e in LEVELS.prior() if e.name == "b"]
    script = Script(*rows(2, 1, 2, 0, 2))
    got = hpo_gym.rollout(script, task, 5, prior=others)
    assert got.scores == (4, 6, 6, 2, 2)  # the worst of b; then of the successes so far
    assert script.reported == list(got) and [s.label for s in got.statuses] == [
        "failed",
        "ok",
        "failed",
        "ok",
        "failed",
    ]
    assert hpo_gym.regret_of(got, task).tolist() == [1, 0, 0, 0, 0]


@pytest.mark.smoke
def test_noise_and_choices_are_functions_of_the_seed() -> None:
    task, scores = toys.noisy().task("a"), set()
    for seed in range(12):
        instance = seeding.instance_seed("Coins", "a", "rollout", seed)
        script = Script(*rows(1, 1))
        first, second = hpo_gym.rollout(script, task, 2, seed=seed).scores
        assert first == second == task.run(config(1), 1.0, instance).score
        assert script.first == seeding.generator(seeding.optimizer_seed(instance, "Script", {})).random()
        scores.add(first)
    assert scores == {5, 7}
    script = Script(*rows(1))
    assert (
        hpo_gym.rollout(script, task, 1).scores[0]
        == task.run(config(1), 1.0, seeding.instance_seed("Coins", "a", "rollout", 0)).score
    )  # the default seed is 0


@pytest.mark.parametrize(
    ("more", "rule"),
    [
        ({"budget": 0}, r"`budget` must be a finite number in \(0, 1000000\], got 0"),
        ({"budget": -1.0}, "`budget` must be a finite number"),
        ({"n_init": -1}, r"`n_init` must be an integer in \[0, 1000000\], got -1; the nearest is 0"),
        ({"seed": -1}, r"`seed` must be an integer in \[0, 2\*\*64\), got -1; the nearest is 0"),
    ],
)
def test_numbers_of_a_run_are_held_to_their_range(more: dict[str, Any], rule: str) -> None:
    with pytest.raises(InvalidValueError, match=rule):
        hpo_gym.rollout(Script(), SQUARE.task("a"), **more)


def test_what_is_no_query_is_refused() -> None:
    with pytest.raises(InvalidValueError, match="`ask` must return a Query or None, got dict"):
        hpo_gym.rollout(Script(config(0)), SQUARE.task("a"), 1)


def reported_times(patch: pytest.MonkeyPatch, *seconds: float) -> None:
    """A clock that tells these times, one after the other."""
    patch.setattr(time, "perf_counter", iter(seconds).__next__)


def test_a_run_counts_time_of_ask_and_tell_and_not_of_the_evaluation(monkeypatch: pytest.MonkeyPatch) -> None:
    run = Run(SQUARE.task("a"), 2.0, 9)
    with monkeypatch.context() as patch:
        reported_times(patch, 100, 101, 111, 113, 200, 205, 206, 207)  # ask 1, evaluate 10, tell 2; ask 5, 1, 1
        run_one(Script(*rows(0, 1, 2)), run, Context.of(run.task, 2.0, ()), seeding.generator(1))
    assert run.seconds == [3.0, 6.0]
    assert (run.spent, run.over, len(run.trials)) == (2.0, True, 2)


def test_a_run_in_the_making() -> None:
    run = Run(LEVELS.task("b"), 1.0, 9, 1)
    assert not run.over and run.spent == 0.0
    (given,) = run.trials
    assert given.fidelity == 1.0 and run.spent == 0.0
    assert run.submit(Query(config(0), 0.5)).score == 7.5 and (run.spent, run.over) == (0.5, False)
    assert run.submit(Query(config(0), 0.25)).score == 7 and (run.spent, run.over) == (0.75, False)
    assert run.submit(Query(config(0))).score == 7 and (run.spent, run.over) == (1.0, True)
    assert [t.fidelity for t in run.trials] == [1.0, 0.5, 0.25, 0.25]
    assert Run(LEVELS.task("b"), 1.0, 9).trials == []


# ---------------------------------------------------------------------------------------------- context
def earlier(name: str, family: str) -> Evaluations:
    return Evaluations(name, family, np.zeros((1, 2)), np.zeros(1), np.zeros(1), np.zeros(1, np.int8))


@pytest.mark.smoke
def test_what_an_optimizer_may_know_of_a_task() -> None:
    prior = [earlier("c", "c")]
    known = Context.of(LEVELS.task("a"), 2.5, prior)
    assert (known.space, known.budget, known.fidelities, known.prior) == (toys.SPACE, 2.5, toys.LEVELS, prior)
    assert known.pool is not None and known.pool.tolist() == [list(x) for x in toys.X]
    assert known.available is not None and known.available.tolist() == [True, True, True, False]
    assert known.meta_features == {}
    assert Context.of(LEVELS.task("b"), 2.5, ()).available is None  # all of them
    off = Context.of(toys.slopes().task("a"), 1.0, ())
    assert off.pool is None and off.available is None and off.fidelities == (1.0,)


def test_what_rollout_hands_to_an_optimizer() -> None:
    script, prior = Script(), [earlier("c", "c")]
    hpo_gym.rollout(script, LEVELS.task("a"), 2, prior=prior)
    assert script.context.budget == 2.0 and isinstance(script.context.budget, float)
    assert script.context.prior is prior


def test_a_relative_of_the_task_is_no_prior() -> None:
    with pytest.raises(SplitError, match="must hold no relative of task 'a', got 'x', its relative"):
        hpo_gym.rollout(Script(), SQUARE.task("a"), 1, prior=[earlier("a", "c"), earlier("x", "a")])


# ---------------------------------------------------------------------------------------------- many at once
class Batch:
    """Asks what it was given, step by step; keeps how many trials each run had."""

    def __init__(self, *steps: tuple[Any, Any]) -> None:
        self.steps = list(steps)
        self.known: list[list[int]] = []

    def reset_batch(self, contexts: Sequence[Context], rngs: Sequence[np.random.Generator]) -> None:
        self.contexts, self.rngs = contexts, rngs

    def ask_batch(self, runs: Any) -> tuple[Any, Any]:
        self.known.append(np.broadcast_to(runs.t, runs.n).tolist())
        chosen, fidelity = self.steps.pop(0)
        return chosen, None if fidelity is None else np.array(fidelity)


def together(batch: Batch, tasks: list[hpo_gym.Task], budget: float, n_init: int = 0, **more: Any) -> list[History]:
    instances = [100 + i for i in range(len(tasks))]
    contexts = [Context.of(t, budget, ()) for t in tasks]
    rngs = [seeding.generator(i) for i in range(len(tasks))]
    runs = run_batch(batch, tasks, instances, contexts, rngs, budget=budget, n_init=n_init, **more)
    assert batch.contexts is contexts and batch.rngs is rngs
    return [runs.view(i, n_init) for i in range(len(tasks))]


def scores(histories: list[History]) -> list[list[float]]:
    return [list(h.scores) for h in histories]


A, B = SQUARE.task("a"), SQUARE.task("b")
LA, LB = LEVELS.task("a"), LEVELS.task("b")


@pytest.mark.smoke
def test_runs_in_step() -> None:
    batch = Batch(([0, 1, 3], None), ([1, 2, 2], None))
    got = together(batch, [B, A, B], 2)
    assert scores(got) == [[8, 4], [6, 0], [6, 10]]
    assert batch.known == [[0, 0, 0], [1, 1, 1]] and not batch.steps
    assert got[1].configs == (config(1), config(2)) and got[1].fidelities == (1, 1)


def test_a_batch_tells_the_seconds_of_each_suggestion(monkeypatch: pytest.MonkeyPatch) -> None:
    seconds: list[float] = []
    with monkeypatch.context() as patch:
        reported_times(patch, 100, 106, 200, 203)
        together(Batch(([0, 1, 3], None), ([1, 2, 2], None)), [B, A, B], 2, watch=seconds.append)
    assert seconds == [2.0, 1.0]


def test_a_budget_is_spent_and_not_exceeded() -> None:
    assert scores(together(Batch(*[([0], None)] * 9), [A], 2.5)) == [[2, 2]]
    assert scores(together(Batch(*[([0], None)] * 9), [A], 0.5)) == [[]]


def test_a_run_that_stops_leaves_the_others_alone() -> None:
    batch = Batch(([0, 1, 3], None), ([-1, 2, 0], None), ([2, -1, -1], None))
    assert scores(together(batch, [A, A, A], 3)) == [[2], [6, 0], [4, 2]]
    assert batch.known == [[0, 0, 0], [1, 1, 1], [1, 2, 2]] and not batch.steps


def test_an_unmeasured_row_is_answered_by_its_nearest() -> None:
    got = together(Batch(([3, 3], [1.0, 1.0]), ([-1, 3], [1.0, 0.5]), ([-1, -1], None)), [LA, LB], 2)
    assert scores(got) == [[6], [6, 5.5]] and got[0].configs == (config(1),)


def test_runs_of_fidelities_end_apart() -> None:
    batch = Batch(
        ([0, 1, 2], [1.0, 0.5, 0.25]),
        ([1, 3, -1], [0.3, 0.75, 1.0]),  # the nearest level, and of two the lower
        ([2, 0, 0], None),  # the highest affordable
        ([3, -1, -1], [1.0, 1.0, 1.0]),  # lowered
    )
    got = together(batch, [LB, LA, LB], 2)
    assert scores(got) == [[8, 3, 9.5, 5], [5.5, 5.5, 2], [9]]
    assert [h.fidelities for h in got] == [(1, 0.25, 0.5, 0.25), (0.5, 0.5, 1), (0.25,)]
    assert [h.costs for h in got] == [(5, 1, 1, 4), (4, 4, 4), (1,)]
    assert batch.known == [[0, 0, 0], [1, 1, 1], [2, 2, 1], [3, 3, 1]] and not batch.steps


def test_sums_of_fidelities_that_round_are_forgiven_in_a_batch() -> None:
    table = np.arange(3.0).reshape(1, 1, 3)
    suite = hpo_gym.table_suite("Ninths", toys.SPACE, np.array(toys.X[:1]), table, fidelities=(1 / 9, 1 / 3, 1.0))
    steps = [([0], [1 / 3])] + [([0], [1 / 9])] * 9
    (got,) = together(Batch(*steps), [suite.task("task-0")], 1)
    assert got.fidelities == (1 / 3, *[1 / 9] * 6)
    (got,) = together(Batch(*[([0], [1 / 9])] * 6, ([0], [1.0])), [suite.task("task-0")], 1)
    assert got.fidelities == (*[1 / 9] * 6, 1 / 3)


def test_given_points_begin_every_run() -> None:
    batch = Batch(([3, 1], None), ([0, 2], None))
    got = together(batch, [A, B], 2, n_init=2)
    at = given_points(batch_of([A, B]), np.array([0, 1]), np.array([100, 101], np.uint64), 2)
    assert [h.configs for h in got] == [
        tuple(config(r) for r in [*at[:, 0].tolist(), 3, 0]), tuple(config(r) for r in [*at[:, 1].tolist(), 1, 2]),
    ]  # fmt: skip
    assert batch.known == [[2, 2], [3, 3]] and got[0].n_init == 2
    more = together(Batch(([3], [0.5]), ([1], [0.5])), [LB], 1, n_init=1)
    assert more[0].fidelities == (1.0, 0.5, 0.5) and more[0].scores[1:] == (5.5, 3.5)


def test_points_are_answered_by_rows_and_points_of_nan_stop() -> None:
    batch = Batch((np.array([[0.0, 0.25], [0.9, 0.8]]), None), (np.array([[NAN, NAN], [0.5, 0.5]]), None))
    got = together(batch, [A, B], 2)
    assert scores(got) == [[2], [10, 4]] and got[1].configs == (config(2), config(1))


def test_points_off_a_table() -> None:
    suite = toys.slopes()
    a, b = suite.task("a"), suite.task("b")
    batch = Batch((np.array([[0.5, 1.0], [1.0, 1.0]]), None), (np.array([[0.25, 0.0], [NAN, NAN]]), None))
    got = together(batch, [b, a], 2)
    assert scores(got) == [[6, -1], [3]]  # 8 - 2; -1; 4 - 1
    assert [h.statuses for h in got] == [(0, 0), (1,)]
    assert (len(b.asked), len(a.asked)) == (2, 1)


@pytest.mark.parametrize("n_init", [0, 2])
def test_a_batch_gives_what_its_runs_give_one_by_one(n_init: int) -> None:
    tasks, levels = [LB, LA, LB], [0.25, 1.0, 0.5]
    orders = [[0, 2, 1, 3, 0, 1], [3, 1, 0, 2, 0, 1], [1, 1, -1, 2, 2, 2]]
    batch = Batch(*[(list(step), levels) for step in zip(*orders, strict=True)], ([-1] * 3, levels))
    many = together(batch, tasks, 2, n_init)
    for i, (task, order, level) in enumerate(zip(tasks, orders, levels, strict=True)):
        queries = rows(*order[: order.index(-1) if -1 in order else None], fidelity=level)
        run = Run(task, 2.0, 100 + i, n_init)
        run_one(Script(*queries), run, Context.of(task, 2.0, ()), seeding.generator(i))
        assert many[i].trials == tuple(run.trials)
    assert [len(h) - n_init for h in many] == [6, 2, 2]


@pytest.mark.parametrize(
    ("suite", "chosen", "words"),
    [
        (SQUARE, [4, 0], r"Rows must lie in \[0, 3\] of a pool, got up to 4"),
        (SQUARE, np.zeros((2, 3)), r"Points must have shape \(2, 2\), got \(2, 3\)"),
        (SQUARE, np.zeros(2), r"Points must have shape \(2, 2\), got \(2,\)"),
        (None, [0, 0], "Rows must lie in"),
    ],
)
def test_what_cannot_be_evaluated_is_refused(suite: Any, chosen: Any, words: str) -> None:
    tasks = list((suite or toys.slopes()).members)
    with pytest.raises(InvalidValueError, match=words):
        together(Batch((chosen, None)), tasks, 2)


@pytest.mark.parametrize("name", ["transfer-mix", "hyperband"])
def test_what_needs_a_table_or_fidelities_is_refused_where_trials_go_on_from_each_other(name: str) -> None:
    task = hpo_gym.load_suite("Trainings").tasks("val")[0]
    with pytest.raises(InvalidValueError, match=rf"{name!r} \(\S+\) needs trials that are the same .*'Trainings'"):
        hpo_gym.rollout(hpo_gym.make_optimizer(name), task, 2)
    for free in ("portfolio", "random"):  # the portfolio has nothing to choose from and draws
        assert len(hpo_gym.rollout(hpo_gym.make_optimizer(free), task, 2)) == 2
