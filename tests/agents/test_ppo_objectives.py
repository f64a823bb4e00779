"""PPO of several objectives: what it sees and gets worked out by hand, its candidates, training, acting, refusals."""

from __future__ import annotations

import functools
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from small import rng

pytest.importorskip("sb3_contrib", reason="this agent needs: pip install 'hpo-gym[rl]'")

import torch

from hpo_agents._candidates.chosen import choose_candidates
from hpo_agents._objectives import view
from hpo_agents._objectives.judge import lacking
from hpo_agents._objectives.view import MOST, ScalarisedGain, WeighedObserver, past_of
from hpo_agents._objectives.weighing import (
    Ranges,
    chebyshev,
    front_volumes,
    regrets_by_weights,
    values_of,
    weights_at,
)
from hpo_agents.ppo_objectives import PPOObjectives
from hpo_gym.base.errors import DamagedDataError, InvalidValueError, SplitError, UnknownNameError
from hpo_gym.env.env import HPOEnv
from hpo_gym.env.vector import HPOVectorEnv
from hpo_gym.optimize.protocol import Context
from hpo_gym.optimize.rollouts import rollout
from hpo_gym.problem.objectives.objective import Outcomes
from hpo_gym.suites.load import load_suite
from hpo_gym.suites.own.constrained import constrained
from hpo_gym.suites.own.suite import TableSuite, table_suite

torch.set_num_threads(1)

# rows      0    1    2    3        losses in the ranges .8 and 50: (.5, 0) (.25, .4) (0, 1) (1, .2)
SCORE = [0.5, 0.7, 0.9, 0.1]
SIZE = [10.0, 30.0, 60.0, 20.0]
TWO = ["score", "size"]


def tiny(direction: str = "minimize") -> TableSuite:
    further = {"size": {"values": [SIZE], "direction": direction}}
    return table_suite("Tiny", {"i": (0, 3)}, [{"i": i} for i in range(4)], [SCORE], objectives=further,
                       splits={"train": ["a"]}, tasks=["a"])  # fmt: skip


@functools.cache
def toy() -> TableSuite:
    """Seven tasks on 30 configurations; score and size rise together, the latency is another thing."""
    r = rng(7)
    x = r.random((30, 2))
    scores = r.normal(size=(7, 30)) * 0.1 + x[:, 0]
    scores[:, 5] = np.nan
    names = [f"t{i}" for i in range(7)]
    further = {
        "size": {"values": np.tile(np.exp(3 * x[:, 0]), (7, 1)), "direction": "minimize"},
        "latency": {"values": np.tile(x[:, 1], (7, 1)), "direction": "minimize"},
    }
    splits = {"train": names[:4], "val": names[4:5], "test": names[5:]}
    return table_suite("Toy", {"a": (0.0, 1.0), "b": (0.0, 1.0)}, x, scores, tasks=names, splits=splits,
                       objectives=further)  # fmt: skip


def make(**settings: Any) -> PPOObjectives:
    return PPOObjectives(**{**PPOObjectives.smoke, **settings})


@functools.cache
def trained(objectives: tuple[str, ...] | None = None, **settings: Any) -> PPOObjectives:
    agent = make(objectives=objectives, **settings)
    agent.train(toy().tasks("train"), rng(0), validation=toy().tasks("val"))
    return agent


def weigh(monkeypatch: pytest.MonkeyPatch, *weights: tuple[float, ...]) -> None:
    """Let each part of every run have these weights."""
    monkeypatch.setattr(
        view, "weights_at", lambda instance, part, count: np.array(weights)[np.minimum(part, len(weights) - 1)]
    )


# ---------------------------------------------------------------------- weights
def test_weights_are_uniform_on_the_simplex_and_a_function_of_world_and_part() -> None:
    instances = rng(0).integers(0, 2**63, 20_000).astype(np.uint64)
    for count, below_half in ((2, 0.5), (3, 0.75)):
        found = weights_at(instances, np.zeros(len(instances), np.int64), count)
        assert found.sum(1) == pytest.approx(1.0) and (found > 0).all()
        assert found.mean(0) == pytest.approx(1 / count, abs=0.01)
        assert (found < 0.5).mean(0) == pytest.approx(below_half, abs=0.015)
        later = weights_at(instances, np.ones(len(instances), np.int64), count)
        assert abs(np.corrcoef(found[:, 0], later[:, 0])[0, 1]) < 0.03
        assert np.array_equal(weights_at(instances[7:9], np.array([0, 1]), count), [found[7], later[8]])


def test_the_augmented_chebyshev_function_by_hand() -> None:
    """max(.75 x .25, .25 x .4) + .05 (.1875 + .1), and of nothing lost."""
    assert chebyshev(np.array([0.25, 0.4]), np.array([0.75, 0.25])) == pytest.approx(0.1875 + 0.05 * 0.2875)
    assert chebyshev(np.zeros(3), np.full(3, 1 / 3)) == 0.0


# ---------------------------------------------------------------------- the reward
def env_of(suite: TableSuite, hold: int = 1, **keywords: Any) -> HPOEnv:
    outcomes = Outcomes.of(TWO, suite.members[0].objectives)
    observer = WeighedObserver(np.array([0.8, 50.0]), hold, past_of(outcomes))
    reward = ScalarisedGain(Ranges.of(suite.tasks("train"), outcomes), hold)
    return HPOEnv(suite, codec="pool", observer=observer, reward=reward, **{"budget": 4, **keywords})


def test_rewards_by_hand(monkeypatch: pytest.MonkeyPatch) -> None:
    """Before the first trial .75 + .05; rows 3, 0, 1, 2 are .79, .39375, .201875, .2625."""
    weigh(monkeypatch, (0.75, 0.25))
    env = env_of(tiny())
    env.reset(seed=0)
    assert [env.step(row)[1] for row in (3, 0, 1, 2)] == pytest.approx([0.01, 0.39625, 0.191875, 0.0])


def test_a_trial_counts_by_the_weights_that_it_was_chosen_by(monkeypatch: pytest.MonkeyPatch) -> None:
    """Row 3 by the first weights as above; row 0 by the size alone: row 3 is at .2 x 1.05, row 0 at 0; row 2 by the
    score alone: row 0 is at .5 x 1.05."""
    weigh(monkeypatch, (0.75, 0.25), (0.0, 1.0), (1.0, 0.0))
    env = env_of(tiny())
    env.reset(seed=0)
    assert [env.step(row)[1] for row in (3, 0, 2)] == pytest.approx([0.01, 0.21, 0.525])


def test_weights_are_held(monkeypatch: pytest.MonkeyPatch) -> None:
    weigh(monkeypatch, (0.75, 0.25), (0.0, 1.0))
    env = env_of(tiny(), hold=2)
    obs = [env.reset(seed=0)[0], *(env.step(row)[0] for row in (3, 1, 0))]
    assert [o[:2].tolist() for o in obs] == [[0.75, 0.25], [0.75, 0.25], [0.0, 1.0], [0.0, 1.0]]


def test_what_fails_gains_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    """Rows up to a size of 30 span .6 and 20; row 2 breaks the bound, row 1 has losses of 0 and 1."""
    weigh(monkeypatch, (0.75, 0.25))
    suite = constrained(tiny(), {"size": 30.0})
    outcomes = Outcomes.of(TWO, suite.members[0].objectives)
    assert Ranges.of(suite.members, outcomes).span == pytest.approx(np.array([[0.6, 20.0]]))
    env = env_of(suite)
    env.reset(seed=0)
    assert [env.step(row)[1] for row in (2, 1)] == pytest.approx([0.0, 0.8 - 0.2625])


def test_the_reward_reads_the_oracle_so_test_tasks_refuse_it() -> None:
    outcomes = Outcomes.of(TWO, toy().members[0].objectives)
    reward = ScalarisedGain(Ranges.of(toy().tasks("test"), outcomes), 1)
    with pytest.raises(SplitError, match="oracle"):
        HPOEnv(toy(), split="test", reward=reward)


# ---------------------------------------------------------------------- what it sees
def test_observations_by_hand(monkeypatch: pytest.MonkeyPatch) -> None:
    """After rows 3, 0, 2 the best seen are .9 and 10. By (.25, .75) row 0 is at .13125, row 3 at .27, row 2 at .7875;
    by (.75, .25) row 2 is the best, at .2625."""
    suite = tiny()
    x = {i: float(suite.space.to_unit({"i": i})[0]) * 2 - 1 for i in range(4)}
    for weights, best, losses in (((0.25, 0.75), 0, (0.5, 0.0)), ((0.75, 0.25), 2, (0.0, 1.0))):
        weigh(monkeypatch, weights)
        env = env_of(suite)
        obs, _ = env.reset(seed=0)
        assert obs == pytest.approx([*weights, 1.0, 1.0, 0, 0, 0, 0, 0, 0])
        assert env.step(3)[0] == pytest.approx([*weights, 0.75, 0.0, x[3], 0, 0, x[3], 0, 0])
        assert env.step(0)[0] == pytest.approx([*weights, 0.5, 0.0, x[0], 0, 0, x[0], 0, 0])
        obs = env.step(2)[0]
        assert obs == pytest.approx([*weights, 0.25, 0.0, x[best], *losses, x[2], 0.0, 1.0])
        assert env.observation_space.contains(obs)


def test_a_failure_is_seen_as_the_last_trial_never_as_the_best(monkeypatch: pytest.MonkeyPatch) -> None:
    weigh(monkeypatch, (0.75, 0.25))
    env = env_of(tiny(), constraints={"size": 30.0})
    env.reset(seed=0)
    x = [float(env.suite.space.to_unit({"i": i})[0]) * 2 - 1 for i in range(4)]
    assert env.step(2)[0][4:] == pytest.approx([0, 0, 0, x[2], MOST, MOST])
    assert env.step(0)[0][4:] == pytest.approx([x[0], 0, 0, x[0], 0, 0])
    assert env.step(2)[0][4:] == pytest.approx([x[0], 0, 0, x[2], MOST, MOST])


# ---------------------------------------------------------------------- candidates, the judge
def test_regrets_by_weights_are_from_the_best_to_the_worst_row() -> None:
    found = regrets_by_weights(
        tiny().task("a"), Outcomes.of(TWO, tiny().task("a").objectives), np.array([[0.75, 0.25]])
    )
    assert found == pytest.approx(np.array([[0.191875, 0.0, 0.060625, 0.588125]]) / 0.588125)


@pytest.mark.parametrize("own", [False, True])
def test_candidates_hold_both_ends_of_the_front(own: bool) -> None:
    """Of 8 candidates 4 are a portfolio: a compromise first, then the best score at .9 and the smallest size at .1."""
    x = np.linspace(0.025, 0.975, 20)[:, None]
    size = {"values": np.tile((x[:, 0] - 0.1) ** 2, (3, 1)), "direction": "minimize"}
    score, names = np.tile(-((x[:, 0] - 0.9) ** 2), (3, 1)), ["t0", "t1", "t2"]
    suite = table_suite("Ends", {"a": (0.0, 1.0)}, np.tile(x, (3, 1, 1)) if own else x, score, tasks=names,
                        splits={"train": names}, objectives={"size": size})  # fmt: skip
    outcomes = Outcomes.of(TWO, suite.members[0].objectives)
    ends = np.eye(2)
    for seed in range(5):
        found = choose_candidates(
            suite.tasks("train"), 8, rng(seed), lambda task: regrets_by_weights(task, outcomes, ends)
        )
        assert (found.rows is None) is own
        assert np.abs(found.x - 0.9).min() < 0.05 and np.abs(found.x - 0.1).min() < 0.05


def test_the_volume_that_a_run_lacks_by_hand() -> None:
    """Above a reference a tenth below the worst, the rows are at (.6, 1.1), (.85, .7), (1.1, .1), (.1, .9): the front
    has .24 + .51 + .11; row 3 alone .09, with row 0 .66."""
    task = tiny().task("a")
    ranges = Ranges.of([task], Outcomes.of(TWO, task.objectives))
    (volume,) = front_volumes([task], ranges)
    assert volume == pytest.approx(0.86)
    values, _ = values_of(task, ranges.outcomes)
    assert lacking(ranges, 0, values[[3, 0]], np.ones(2, bool), volume) == pytest.approx(1 - (0.09 + 0.66) / 2 / 0.86)
    assert lacking(ranges, 0, values[[3, 0]], np.array([False, True]), volume) == pytest.approx(1 - 0.33 / 0.86)


# ---------------------------------------------------------------------- training
@pytest.mark.long
def test_it_learns_to_follow_the_weights() -> None:
    """Of row 2, which has the best score, and row 0, the smallest, it takes the one that the weights ask for."""
    further = {"size": {"values": [[10.0, 60.0, 90.0, 80.0]], "direction": "minimize"}}
    suite = table_suite("Two", {"i": (0, 3)}, [{"i": i} for i in range(4)], [[0.1, 0.2, 0.9, 0.3]], objectives=further,
                        splits={"train": ["a"]}, tasks=["a"])  # fmt: skip
    agent = make(budget=1, runs=32, steps=1600, segments=1, candidates=4,
                 algorithm={"n_steps": 5, "batch_size": 80, "learning_rate": 0.01})  # fmt: skip
    agent.train(suite.tasks("train"), rng(0))
    assert agent._actor is not None and agent._chosen is not None
    obs = np.zeros((2, 2 * 1 + 3 * 2 + 2), np.float32)
    obs[:, :4] = [[0.9, 0.1, 1.0, 1.0], [0.1, 0.9, 1.0, 1.0]]
    with torch.no_grad():
        actions = agent._actor.act(obs, np.ones((2, 4), bool), None)
    chosen = [suite.space.from_unit(x)["i"] for x in agent._chosen.x[actions]]
    assert chosen == [2, 0]


@pytest.mark.long
@pytest.mark.parametrize(
    ("objectives", "names"),
    [(None, ("score", "size", "latency")), (("score", "size"), ("score", "size")), (("latency", "cost"),) * 2],
)
def test_two_and_three_objectives(objectives: tuple[str, ...] | None, names: tuple[str, ...], tmp_path: Path) -> None:
    agent = trained(objectives)
    assert agent._outcomes is not None and agent._outcomes.names == names
    agent.save(tmp_path / "a")
    again = PPOObjectives()
    again.load(tmp_path / "a")
    task = toy().task("t5")
    assert [rollout(again, task, 6, seed=s).configs for s in range(3)] == [
        rollout(agent, task, 6, seed=s).configs for s in range(3)
    ]


@pytest.mark.long
def test_the_best_by_hypervolume_on_validation_tasks_is_kept(tmp_path: Path) -> None:
    agent = make(objectives=TWO)
    curve = agent.train_in(tmp_path, toy().tasks("train"), rng(0), validation=toy().tasks("val"))
    assert [int(done) for done, _ in curve] == [0, 80, 160, 240]
    assert all(0 < regret < 1 for _, regret in curve)


def test_a_run_spreads_by_its_own_weights() -> None:
    agent = trained(("score", "size"))
    runs = [rollout(agent, toy().task("t5"), 6, seed=seed).configs for seed in (0, 0, 1, 2)]
    assert runs[0] == runs[1]
    assert len({str(run) for run in runs}) > 1


# ---------------------------------------------------------------------- acting
@pytest.mark.parametrize("n_init", [0, 3])
def test_it_sees_outside_the_env_what_it_sees_inside(n_init: int) -> None:
    agent = trained()
    observer, codec = agent.parts()
    env = HPOEnv(toy(), split="test", budget=6, observer=observer, codec=codec, n_init=n_init)
    obs, info = env.reset(seed=4)
    agent.reset(Context.of(toy().task(info["task"]), 6), rng(0))
    acting = agent._acting
    assert acting is not None
    acting._instance = env.kernel.runs.instance.copy()  # the same draws of weights
    acting._runs = acting._begin()
    for trial in env.history():
        agent.tell(trial)
    done = False
    while not done:
        reported = acting.observer(acting._contexts, acting.runs)
        assert isinstance(reported, np.ndarray)
        np.testing.assert_array_equal(reported[0], obs)
        actor = agent._actor
        assert actor is not None
        with torch.no_grad():
            action = actor.act(obs[None], env.action_masks()[None], None)[0]
        query = agent.ask()
        obs, _, done, _, _ = env.step(action)
        trial = env.history().trials[-1]
        assert query is not None and query.config == trial.config
        agent.tell(trial)


def test_runs_side_by_side_know_their_own_trials() -> None:
    """What many runs tell at once is what each tells alone; what no trial has filled is 0."""
    env = HPOVectorEnv(3, toy(), budget=4, codec="pool", autoreset_mode="SAME_STEP", split="train")
    env.reset(seed=0)
    for step in range(6):  # into the second episode
        env.step(np.array([step, 29 - step, 7]))
        runs = env.kernel.runs
        cost, status, further = runs.outcomes()
        for i in range(3):
            t = runs.count(i)
            reported = runs.arrays(i)
            np.testing.assert_array_equal(cost[i, :t], reported["cost"])
            np.testing.assert_array_equal(status[i, :t], reported["status"])
            np.testing.assert_array_equal(further[i, :t], runs.further(i))
            assert not further[i, t:].any() and not cost[i, t:].any() and not status[i, t:].any()


# ---------------------------------------------------------------------- refusals
@pytest.mark.parametrize(
    ("objectives", "error", "message"),
    [
        (["score", "sise"], UnknownNameError, r"No objective \(of suite 'Toy'\) 'sise'. Did you mean 'size'"),
        (["score"], InvalidValueError, "at least two"),
        ("score", InvalidValueError, "list of names"),
        (["size", "size"], InvalidValueError, "each objective once"),
    ],
)
def test_objectives_that_cannot_be(objectives: Any, error: type[Exception], message: str) -> None:
    with pytest.raises(error, match=message):
        make(objectives=objectives).train(toy().tasks("train"), rng(0))


@pytest.mark.long
def test_a_suite_that_lacks_an_objective_is_refused_by_name() -> None:
    with pytest.raises(UnknownNameError, match=r"No objective \(of suite 'Functions'\) 'size'"):
        make(objectives=TWO).train(load_suite("Functions").tasks("train")[:1], rng(0))
    agent = make()
    agent.train(tiny().tasks("train"), rng(0))
    bare = table_suite(
        "Bare", {"i": (0, 3)}, [{"i": i} for i in range(4)], [SCORE], splits={"test": ["a"]}, tasks=["a"]
    )
    with pytest.raises(UnknownNameError, match="No objective 'size'"):
        agent.reset(Context.of(bare.task("a"), 4), rng(0))
    with pytest.raises(InvalidValueError, match="`direction` of objective 'size' must be 'minimize'"):
        agent.reset(Context.of(tiny("maximize").task("a"), 4), rng(0))


def test_trials_that_go_on_from_each_other_are_refused() -> None:
    with pytest.raises(InvalidValueError, match="go on from each other, those of 'Schedules' do"):
        make().train(load_suite("Schedules").tasks("train")[:1], rng(0))


def test_settings_out_of_their_range_are_refused(tmp_path: Path) -> None:
    with pytest.raises(InvalidValueError, match="`hold` must be an integer >= 1, got 0"):
        make(hold=0)
    agent = trained(("score", "size"))
    span, agent._span = agent._span, np.array([1.0, -1.0])
    agent.save(tmp_path / "a")
    agent._span = span
    with pytest.raises(DamagedDataError, match="`span` must be 2 finite numbers above 0"):
        PPOObjectives().load(tmp_path / "a")
