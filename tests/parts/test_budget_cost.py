"""A budget in cost: known answers on the tables of `toy_suite`, where a unit of every task is a cost of 2, and the env
of one run, that of many and a rollout beside each other.
"""

from __future__ import annotations

import math
from dataclasses import replace
from typing import Any

import numpy as np
import pytest
import toy_suite as known
import toys

import hpo_gym
from hpo_gym.base.errors import InvalidValueError
from hpo_gym.optimize.protocol import Context
from hpo_gym.optimize.rollouts import Run, rollout
from hpo_gym.problem.budget import most_trials
from hpo_gym.problem.costs import COST, Budget, earlier_costs, log_costs, mean_log_costs
from hpo_gym.problem.regret import random_regret, random_test_regret
from hpo_gym.problem.trial import Query, Status

LN2 = math.log(2.0)


def one(**options: Any) -> hpo_gym.HPOEnv:
    return hpo_gym.HPOEnv(known.plain(), **{"codec": "pool", "budget_cost": 3.0, "task": "a", **options})


# ---------------------------------------------------------------------- by hand
def test_a_unit_is_the_mean_recorded_cost_of_the_rows_that_were_measured() -> None:
    a, b, *_ = known.plain().members
    assert a.cost_unit == b.cost_unit == 2.0  # (1 + 2 + 4 + 1 + 2) / 5 and (4 + 1 + 2 + 1 + 2) / 5
    gappy = known.gaps().task("b")
    assert gappy.cost_unit == 2.0  # row 4, which was not measured, costs 2: (4 + 1 + 2 + 1) / 4
    table = known.plain().table
    unknown = replace(table, cost=np.where(np.arange(5)[None, :, None] == 2, np.nan, table.cost))
    assert replace(a, table=unknown).cost_unit == 1.5  # (1 + 2 + 1 + 2) / 4
    assert known.levels().task("a").cost_unit == 2.0  # at full fidelity
    assert known.levels().task("a").least_costs == (0.25, 0.5, 1.0)


def test_an_episode_by_hand() -> None:
    """Budget 3, in cost 6. Row 0 takes .5, row 2 takes 2, row 4 would take 1 of the .5 that are left."""
    env = one(observer="last", reward="regret_rate")
    obs, _ = env.reset(seed=0)
    assert obs[-1] == 1.0
    reported = [env.step(row) for row in (0, 2, 4)]
    assert [t[0][-1] for t in reported] == pytest.approx([2.5 / 3, 0.5 / 3, 0.0])
    assert [t[1] for t in reported] == pytest.approx(
        [-0.5 * 0.5 / 3, -0.75 * 2 / 3, -0.0]
    )  # random .5, row 0 .75, row 2 0
    assert [t[2] for t in reported] == [False, False, True]
    infos = [t[4] for t in reported]
    assert [i["cost"] for i in infos] == [1.0, 4.0, 1.0]
    assert [i["status"] for i in infos] == ["ok", "ok", "timeout"]
    assert [i["score"] for i in infos] == [0.5, 0.875, 0.5]  # what was cut is served the worst seen
    assert infos[-1]["incumbent_score"] == 0.875
    assert env.history().costs == (1.0, 4.0, 1.0) and env.history().statuses[-1] is Status.TIMEOUT


def test_a_budget_that_is_spent_to_the_last_cuts_nothing() -> None:
    env = one()
    env.reset(seed=0)
    ends = [env.step(row)[2] for row in (1, 4, 1)]  # 1 + 1 + 1
    assert ends == [False, False, True]
    assert set(env.history().statuses) == {Status.OK}


def test_a_first_trial_that_is_cut_tells_nothing() -> None:
    env = one(budget_cost=0.5, reward="regret_rate")
    env.reset(seed=0)
    _, reward, terminated, _, info = env.step(2)
    assert terminated and info["status"] == "timeout" and info["cost"] == 1.0
    assert reward == -0.5  # that of a random configuration, all the time
    assert info["score"] == env.kernel.contexts.scale.floor == pytest.approx((0.375 - 0.75) / 2)


def test_given_points_cost_nothing_and_are_where_a_run_stands() -> None:
    env = one(n_init=2, reward="regret_rate")
    obs, info = env.reset(seed=3)
    assert obs[-1] == 1.0 and info["t"] == 2
    stood = (0.875 - info["incumbent_score"]) / 0.5
    _, reward, *_ = env.step(0)
    assert reward == pytest.approx(-stood * 0.5 / 3)


def test_a_stop_takes_what_is_left_at_the_regret_reached() -> None:
    env = one(codec={"name": "pool", "stop": True}, reward="regret_rate")
    env.reset(seed=0)
    first = env.step(0)[1]
    _, rest, terminated, *_ = env.step(env.action_space.n - 1)
    assert terminated
    assert (first, rest) == pytest.approx((-0.5 * 0.5 / 3, -0.75 * 2.5 / 3))
    env.reset(seed=0)
    assert env.step(env.action_space.n - 1)[1] == -0.5  # before the first trial, a random configuration


def test_while_all_have_failed_the_regret_is_one() -> None:
    env = hpo_gym.HPOEnv(known.gaps(), codec="pool", budget_cost=3, task="a", reward="regret_rate")
    env.reset(seed=0)
    # row 4 failed, and has the worst score in the mean: (.75 + .5 + 0 + 1 + 1) / 5
    assert env.step(4)[1] == pytest.approx(-0.65 * 1 / 3)
    assert env.step(1)[1] == pytest.approx(-1.0 * 1 / 3)
    assert env.step(2)[1] == pytest.approx(-0.5 * 1 / 3)  # cut


def test_a_lower_fidelity_costs_what_it_cost_and_is_lowered_for_no_budget() -> None:
    env = hpo_gym.HPOEnv(known.levels(), codec={"name": "pool", "fidelity": True}, budget_cost=1.25, task="a")
    env.reset(seed=0)
    infos = [env.step(action)[4] for action in ([2, 0], [2, 1])]  # in cost 1 of 2.5, then 2 of the 1.5 that are left
    assert [i["cost"] for i in infos] == [1.0, 1.5]
    assert [i["fidelity"] for i in infos] == [0.25, 0.5]
    assert [i["status"] for i in infos] == ["ok", "timeout"]


def with_a_cheap_row() -> hpo_gym.Suite:
    """Row 0 costs a thousandth."""
    table = known.plain().table
    cheap = replace(table, cost=np.where(np.arange(5)[None, :, None] == 0, 1e-3, table.cost))
    return replace(known.plain(), table=cheap, members=tuple(replace(t, table=cheap) for t in known.plain().members))


def test_a_run_has_room_for_sixteen_trials_a_unit() -> None:
    assert most_trials(3.0) == 48 and most_trials(1.25) == 20 and most_trials(0.01) == 1
    assert most_trials(33.0, (0.02, 1.0)) == 1650
    suite = with_a_cheap_row()
    env = hpo_gym.HPOEnv(suite, codec="pool", budget_cost=1, task="a", reward="regret_rate", observer="summary")
    env.reset(seed=0)
    reported = [env.step(0) for _ in range(16)]
    assert [t[2] for t in reported] == [False] * 15 + [True]
    spent = 16e-3 / suite.task("a").cost_unit
    assert sum(t[1] for t in reported) == pytest.approx(-0.5 * spent / 16 - 0.75 * (1 - spent / 16), rel=1e-6)


# ---------------------------------------------------------------------- what is shown
def test_what_a_row_cost_on_earlier_tasks_is_shown_and_never_what_it_costs_here() -> None:
    """Of a, only b is an earlier task: the logarithms of its costs 4 1 2 1 2 have a mean of .8 ln 2."""
    env = one(observer="pool")
    obs, _ = env.reset(seed=0)
    assert obs["candidate_features"][:, 4].tolist() == pytest.approx(LN2 * np.array([1.2, -0.8, 0.2, -0.8, 0.2]))
    assert env.observation_space.contains(obs)
    suite = known.plain()
    val = earlier_costs([suite.task("c")], suite.tasks("train"), 5)
    assert val[0].tolist() == pytest.approx(LN2 * np.array([0.2, -0.3, 0.7, -0.8, 0.2]))
    assert mean_log_costs(suite.prior(), 5).tolist() == val[0].tolist()
    plain = one(observer="pool", budget_cost=None)
    assert plain.observation_space["candidate_features"].shape == (5, 4)


def test_the_regret_of_a_random_configuration_is_exact() -> None:
    suite = known.plain()
    assert random_regret(suite.task("a")) == 0.5  # (.75 + .5 + 0 + 1 + .25) / 5
    assert random_regret(suite.task("b")) == 0.4375  # (0 + 1 + .4375 + .25 + .5) / 5
    assert random_regret(known.gaps().task("b")) == pytest.approx((0 + 1 + 0.4375 + 0.25) / 4)
    tested = replace(suite.table, test_score=suite.table.score[:, ::-1].copy())
    assert random_test_regret(replace(suite.task("a"), table=tested)) == 0.5


# ---------------------------------------------------------------------- beside each other
SUITES = {"plain": known.plain, "gaps": known.gaps, "levels": known.levels, "gappy": toys.gappy, "epochs": known.epochs}
KEPT = ("epochs",)  # where checkpoints are


@pytest.mark.long
@pytest.mark.parametrize("n_init", [0, 2])
@pytest.mark.parametrize(
    "fidelity, name", [*((False, name) for name in SUITES), *((True, name) for name in ("levels", "gappy", "epochs"))]
)
def test_many_runs_are_runs_of_one_and_a_rollout_trial_by_trial(fidelity: bool, name: str, n_init: int) -> None:
    suite, n = SUITES[name](), 5
    options: dict[str, Any] = {
        "codec": {"name": "pool", "fidelity": fidelity}, "budget_cost": 4.3, "n_init": n_init, "observer": "tokens",
        "reward": "regret_rate", "checkpoints": name in KEPT,
    }  # fmt: skip
    many = hpo_gym.HPOVectorEnv(n, suite, **options, autoreset_mode="DISABLED")
    ones = [hpo_gym.HPOEnv(suite, **options) for _ in range(n)]
    rng = np.random.default_rng(7)
    obs, _ = many.reset(seed=list(range(n)))
    alone = [env.reset(seed=i)[0] for i, env in enumerate(ones)]
    for _ in range(60):
        for i in range(n):
            assert all((obs[k][i] == alone[i][k]).all() for k in obs)
        over = many.kernel.over.copy()
        if over.any():
            for i in np.flatnonzero(over).tolist():
                assert many.history(i) == ones[i].history()
                assert_rollout(ones[i], suite, n_init)
            obs, _ = many.reset(options={"reset_mask": over})
            for i in np.flatnonzero(over).tolist():
                alone[i] = ones[i].reset()[0]
            continue
        actions = [env.action_space.seed(int(rng.integers(1000))) and env.action_space.sample() for env in ones]
        obs, rewards, terminated, _, infos = many.step(np.array(actions))
        for i, env in enumerate(ones):
            alone[i], reward, ended, _, info = env.step(actions[i])
            assert (rewards[i], terminated[i]) == (reward, ended)
            assert all(infos[k][i] == info[k] for k in ("score", "cost", "fidelity", "incumbent_score", "t"))
            assert Status(infos["status"][i]).label == info["status"]


def assert_rollout(env: hpo_gym.HPOEnv, suite: Any, n_init: int) -> None:
    """The trials of an episode, submitted one after the other in its instance."""
    kernel, history = env.kernel, env.history()
    task = kernel.batch.tasks[kernel.runs.task.item(0)]
    floor = float(np.asarray(kernel.contexts.scale.floor, kernel.runs.last.dtype))
    instance, kept = kernel.runs.instance.item(0), suite.name == "KnownEpochs"
    run = Run(task, Context.of(task, Budget(4.3, COST, kept)), instance, n_init, floor)
    for trial in history[n_init:]:
        assert not run.over
        run.submit(Query(trial.config, trial.fidelity))
    assert run.over and tuple(run.trials) == tuple(history)
    assert run.spent == kernel.runs.spent.item(0)
    paid = sum(t.cost for t in history[n_init:])
    assert paid == pytest.approx(4.3 * task.cost_unit) or len(history) - n_init == most_trials(4.3, task.fidelities)
    assert sum(t.status is Status.TIMEOUT for t in history) <= 1


# ---------------------------------------------------------------------- refused
@pytest.mark.parametrize("value", [0, 0.0, -1, math.nan, math.inf, 1e7, True, "33", [3]])
def test_a_budget_that_is_none_is_refused_by_name(value: Any) -> None:
    with pytest.raises(InvalidValueError, match=r"`budget_cost` must be a finite number in \(0, 1000000\]"):
        one(budget_cost=value)
    with pytest.raises(InvalidValueError, match="`budget_cost` must be a finite number"):
        rollout(hpo_gym.make_optimizer("random"), known.plain().task("a"), budget_cost=value)


def test_a_budget_below_the_cheapest_trial_is_refused_with_the_nearest() -> None:
    with pytest.raises(InvalidValueError, match=r"`budget_cost` must pay for the cheapest trial .*got 0.4; .*is 0.5 "):
        one(budget_cost=0.4)
    one(budget_cost=0.5)
    with pytest.raises(InvalidValueError, match=r"nearest is 1 \('d' of 'Known'\)"):
        hpo_gym.HPOEnv(known.plain(), split="test", codec="pool", budget_cost=0.5)
    levels = hpo_gym.HPOEnv(known.levels(), codec={"name": "pool", "fidelity": True}, budget_cost=0.2, task="a")
    assert levels.kernel.contexts.budget == 0.2
    with pytest.raises(InvalidValueError, match=r"nearest is 0\.5"):
        hpo_gym.HPOEnv(known.levels(), codec="pool", budget_cost=0.2, task="a")


def test_a_budget_is_one_of_both_and_goes_with_no_objectives() -> None:
    with pytest.raises(InvalidValueError, match=r"`budget` and `budget_cost` exclude each other, got 5, 3\.0"):
        one(budget=5)
    with pytest.raises(InvalidValueError, match="`objectives` need a budget in full evaluations"):
        one(objectives=["score", "cost"])
    with pytest.raises(InvalidValueError, match="`budget` and `budget_cost` exclude"):
        rollout(hpo_gym.make_optimizer("random"), known.plain().task("a"), 5, budget_cost=3.0)


@pytest.mark.parametrize("cost", [0.0, -1.0])
def test_a_table_with_costs_that_are_not_above_zero_is_refused(cost: float) -> None:
    task, table = known.plain().task("a"), known.plain().table
    bad = replace(task, table=replace(table, cost=np.where(np.arange(5)[None, :, None] == 3, cost, table.cost)))
    with pytest.raises(InvalidValueError, match=rf"`budget_cost` needs costs above 0, got {cost:g} on 'a' of 'Known'"):
        Budget(3.0, COST).units([bad])


def test_unknown_costs_count_as_the_median_and_where_all_are_there_is_none() -> None:
    task, table = known.plain().task("a"), known.plain().table
    some = replace(task, table=replace(table, cost=np.where(np.arange(5)[None, :, None] == 2, np.nan, table.cost)))
    units = Budget(3.0, COST).units([some])
    assert units is not None and units.tolist() == [1.5] and some.run(known.ROWS[2]).cost == 1.5  # of 1 1 2 2
    none = replace(task, table=replace(table, cost=np.full_like(table.cost, np.nan)))
    with pytest.raises(InvalidValueError, match="needs measured costs"):
        Budget(3.0, COST).units([none])


def test_an_initial_design_takes_none_of_this_room() -> None:
    env = hpo_gym.HPOEnv(with_a_cheap_row(), codec="pool", budget_cost=1, task="a", n_init=2)
    env.reset(seed=0)
    assert [env.step(0)[2] for _ in range(16)] == [False] * 15 + [True]


def test_a_row_that_no_earlier_task_measured_has_no_known_cost() -> None:
    suite = known.gaps()
    b = suite.task("b").evaluations()
    assert log_costs(b)[:4].tolist() == pytest.approx(LN2 * np.array([1.25, -0.75, 0.25, -0.75]))
    assert math.isnan(log_costs(b)[4])
    assert earlier_costs([suite.task("a")], suite.tasks("train"), 5)[0, 4] == 0.0
