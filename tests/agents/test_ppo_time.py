"""The policy over candidates and fidelities: its features and actions by hand, its start, and what it learns."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from ConfigSpace import ConfigurationSpace

pytest.importorskip("stable_baselines3", reason="this agent needs: pip install 'hpo-gym[rl]'")

import torch

import hpo_gym
from hpo_agents._time.codec import RungCodec, reached_of
from hpo_agents._time.expert import Mind, expert_of
from hpo_agents._time.features import FEATURES, LOWER, STOP, TimeFeatures
from hpo_agents._time.policy import TimePolicy, TimeScorer
from hpo_agents._time.view import TimeView
from hpo_agents.ppo_time import STARTS, PPOTime, TimeActor, regret_of
from hpo_baselines.transfer_time import TransferTime
from hpo_gym.base.errors import InvalidValueError, StateError, UnknownNameError
from hpo_gym.env.env import HPOEnv
from hpo_gym.env.vector import HPOVectorEnv
from hpo_gym.optimize.protocol import Context
from hpo_gym.optimize.rollouts import rollout
from hpo_gym.problem.costs import WITH_COSTS
from hpo_gym.problem.earlier import FIDELITY, Evaluations, Measurement
from hpo_gym.problem.nearest.pool import Pool
from hpo_gym.problem.space import SearchSpace
from hpo_gym.problem.suite import Suite
from hpo_gym.suites.load import load_suite
from hpo_gym.suites.own.suite import table_suite

torch.set_num_threads(1)

SPACE = SearchSpace(ConfigurationSpace({"x": (0.0, 1.0)}))
X = np.array([[0.0], [0.5], [1.0]])
FINE = np.zeros(3, np.int8)
COST = np.exp([1.0, 2.0, 3.0])


def column(name: str) -> int:
    return FEATURES.index(name)


def earlier(name: str, score: list[float]) -> Evaluations:
    y = np.array(score)
    low = Measurement(FIDELITY, 0.25, y - 1.0, COST / 4.0, FINE)
    return Evaluations(name, name, X, y, COST, FINE, (low,))


def mind() -> Mind:
    prior = (earlier("a", [0.0, 1.0, 5.0]), earlier("b", [0.0, 2.0, 3.0]))
    expert = expert_of(SPACE, prior, Pool(SPACE, X), (0.25, 1.0))
    assert expert is not None
    return Mind(expert)


def weights_of(scorer: TimeScorer) -> dict[str, torch.Tensor]:
    return {f"features_extractor.scorer.{k}": v for k, v in scorer.state_dict().items()}


def untrained(**settings: Any) -> PPOTime:
    """At the start of its training."""
    agent = PPOTime(**{"start": "transfer-time", **settings})
    plain = agent.start != STARTS[0]
    agent._learned(weights_of(TimeScorer(len(FEATURES), agent.network[0], agent.sharpness, plain)))
    return agent


def make_suite(
    tasks: int = 12, m: int = 30, *, cumulative: bool = True, name: str = "Rungs", held_out: int = 2
) -> Suite:
    """Tasks whose best row is another in each; a quarter of the training tells the score, at a quarter of the cost."""
    r = np.random.default_rng(0)
    space = ConfigurationSpace({"x": (0.0, 1.0), "y": (0.0, 1.0)})
    x = r.random((m, 2))
    full = r.random((tasks, m)) ** 2
    scores = np.stack([full + 0.01 * r.normal(size=full.shape), full], 2)
    costs = np.stack([np.full((tasks, m), 1.0), np.full((tasks, m), 10.0)], 2) * (1.0 + r.random((m, 1)))
    names = [f"t{i}" for i in range(tasks)]
    splits = {"train": names[:8], "val": names[8 : 8 + held_out], "test": names[8 + held_out :]}
    return table_suite(
        name, space, x, scores, costs=costs, fidelities=[0.25, 1.0], tasks=names, splits=splits,
        cumulative=cumulative,
    )  # fmt: skip


# ---------------------------------------------------------------------- what it sees, by hand
def test_before_a_trial_the_base_is_the_prior_mean_less_a_share_of_the_cost() -> None:
    seen = TimeFeatures(mind(), 10.0, 10.0, continues=True).at(np.arange(3))
    assert seen.shape == (10, 20)
    # of tasks (0, 1, 5) and (0, 2, 3), each standardised, the mean; logarithms of cost are -1, 0 and 1
    a, b = (np.array(y) - np.mean(y) for y in ([0.0, 1.0, 5.0], [0.0, 2.0, 3.0]))
    mean = (a / a.std() + b / b.std()) / 2
    # the lower fidelity counts as a task of half the weight, of the same standardised scores
    value = mean - 0.3 * 1.5 * np.array([-1.0, 0.0, 1.0])
    base = seen[:9, 0].reshape(3, 3)
    np.testing.assert_allclose(base[:, 2], value - value.max(), atol=1e-5)
    np.testing.assert_allclose(base[:, 1], value - value.max() - LOWER, atol=1e-5)
    assert (base[:, 0] == -30.0).all(), "there are two rungs"
    assert seen[9, 0] == -STOP
    np.testing.assert_array_equal(seen[:9, column("full")].reshape(3, 3), [[0, 0, 1]] * 3)
    np.testing.assert_array_equal(seen[:9, column("middle rung")].reshape(3, 3), [[0, 1, 0]] * 3)
    price = seen[:9, column("log price")].reshape(3, 3)
    np.testing.assert_allclose(price[:, 2], [-1, 0, 1], atol=1e-6)
    np.testing.assert_allclose(price[:, 1], np.array([-1, 0, 1]) - np.log(4), atol=1e-6)
    share = np.exp(price[:, 2]) / np.exp([-1, 0, 1]).mean() / 10
    np.testing.assert_allclose(seen[:9, column("price of what is left")].reshape(3, 3)[:, 2], share, rtol=1e-5)


def test_drawn_candidates_have_the_processes_of_the_whole_pool() -> None:
    r = np.random.default_rng(0)
    x = r.random((2001, 1))  # of more than 2,000 points there is no kernel of trees
    large = tuple(Evaluations(n, n, x, r.random(2001), np.ones(2001), np.zeros(2001, np.int8)) for n in "abc")
    fewer = x[:2000]
    small = tuple(e.part(np.arange(2000), fewer) for e in large)
    for prior, names in ((large, ["matern", "exp"]), (small, ["matern", "trees", "exp"])):
        expert = expert_of(SPACE, prior, Pool(SPACE, prior[0].x), (1.0,))
        assert expert is not None
        assert [member.name for member in expert.part(np.arange(50)).members] == names


@pytest.mark.parametrize(("judges", "runs"), [(1, [2, 3]), (3, [4, 3]), (5, [6, 6])])
def test_suites_with_few_validation_tasks_are_judged_in_more_worlds(judges: int, runs: list[int]) -> None:
    class Judged(PPOTime):
        asked: list[int]

        def judged(self, actor: Any, env: HPOVectorEnv, seed: int) -> float:
            self.asked.append(env.num_envs)
            return float(env.num_envs)

    agent = Judged(candidates=4, network=[8], runs=2)
    agent.asked, Judged.judges = [], judges
    two, three = make_suite(), make_suite(name="Three", held_out=3)
    _, judge = agent.begin(
        [*two.tasks("train"), *three.tasks("train")], [*two.tasks("val"), *three.tasks("val")], 0, None
    )
    assert judge is not None
    assert judge(None) == np.mean(runs) and agent.asked == runs


def test_a_configuration_further_pays_the_difference_where_checkpoints_are_kept() -> None:
    knows = mind()
    knows.tell(X[1], 1, 0, 0.5)
    for kept, price in ((True, np.log(0.75)), (False, 0.0)):
        features = TimeFeatures(knows, 9.0, 10.0, continues=kept)
        seen, can = features.at(np.arange(3)), features.open(np.arange(3))
        assert seen[5, column("log price")] == pytest.approx(price, abs=1e-6)
        np.testing.assert_array_equal(can, [False, True, True, False, False, True, False, True, True, True])
        # told .5 at a rung of a gap of 1: in standard deviations, 1 / 2.160 and 1 / 1.247, of a usual task 1.641
        sds = np.array([np.std([0.0, 1.0, 5.0]), np.std([0.0, 2.0, 3.0])])
        gap, usual = (1 / sds).mean(), np.sqrt(sds.prod())
        assert knows.foretold[1] == pytest.approx(0.5 + gap * usual)
        assert seen[5, column("foretold")] == pytest.approx(0.0), "it is the best so far itself"
        assert seen[5, column("reached")] == pytest.approx(0.5)
        assert seen[0, column("no full trial")] == 1
        assert seen[0, column("left")] == pytest.approx(0.9)
        assert seen[4, 0] == -30.0, "that rung was reached"


def test_improvement_is_over_the_best_in_full_once_there_is_one() -> None:
    knows = mind()
    knows.tell(X[2], 2, 0, 9.0)
    first = [p.best for p in knows.ensemble.posteriors]
    assert first[0] == pytest.approx(knows.foretold[2]), "the best of all, before"
    knows.tell(X[0], 0, 1, 1.0)
    assert knows.ensemble.posteriors[0].best == 1.0
    knows.tell(X[1], 1, 0, 4.0)
    assert knows.ensemble.posteriors[0].best == 1.0
    knows.tell(X[1], 1, 1, 2.5)
    assert knows.ensemble.posteriors[0].best == 2.5


def test_a_trial_of_a_lower_fidelity_is_believed_less() -> None:
    """By how much the posterior of its row moves: the gain of a Gaussian process is v / (v + noise)."""
    moved = []
    for slot in (0, 1):
        knows = mind()
        posterior = knows.ensemble.posteriors[0]
        row = np.array([1])
        process = posterior.process
        knows.tell(X[1], 1, slot, 3.0)
        v, noise = process.variance[1], process.noise + knows.expert.ladder.noise[slot]
        assert posterior._left[row][0] == pytest.approx(v - v**2 / (v + noise), rel=1e-4)
        moved.append(noise)
    assert moved[0] > moved[1]


# ---------------------------------------------------------------------- actions
def test_an_action_is_a_row_at_a_rung_and_the_last_one_stops() -> None:
    suite = make_suite()
    codec = RungCodec(4, (0.25, 1.0))
    env = HPOVectorEnv(2, suite, codec=codec, observer="blind", budget_cost=20, duplicates="mask", reward="regret_rate")
    env.reset(seed=3)
    contexts, runs = env.kernel.contexts, env.kernel.runs
    rows = contexts.rows(runs.task, runs.instance)
    assert env.single_action_space.n == 13  # type: ignore[attr-defined]
    proposal = codec.decode(contexts, runs, np.array([4, 12]))
    assert proposal.at[0] == rows[0, 1]
    np.testing.assert_array_equal(proposal.fidelity, [0.25, 0.25])
    np.testing.assert_array_equal(proposal.stop, [False, True])
    assert codec.decode(contexts, runs, np.array([5, 5])).fidelity.tolist() == [1.0, 1.0]  # type: ignore[union-attr]
    free = [False, True, True] * 4 + [True]
    np.testing.assert_array_equal(env.action_masks(), [free, free])
    env.step(np.array([4, 5]))
    mine = [list(free), list(free)]
    mine[0][4] = mine[1][4] = mine[1][5] = False
    np.testing.assert_array_equal(env.action_masks(), mine)
    np.testing.assert_array_equal(reached_of(runs, codec.rungs.tolist(), rows)[:, 1], [0, 1])


def test_to_go_on_pays_the_difference_in_the_env() -> None:
    suite = make_suite()
    codec = RungCodec(4, (0.25, 1.0))
    env = HPOEnv(
        suite, codec=codec, observer="blind", budget_cost=20, checkpoints=True, duplicates="mask", reward="regret_rate"
    )  # fmt: skip
    env.reset(seed=3)
    first = env.step(4)[4]["cost"]
    further = env.step(5)[4]["cost"]
    assert further == pytest.approx(9 * first)
    *_, ended, _, _ = env.step(12)
    assert ended


@pytest.mark.long
def test_what_is_seen_is_a_function_of_the_run_alone() -> None:
    """A view that followed the runs shows what a fresh one shows, at every step and over the ends of episodes."""
    suite = make_suite()
    view = PPOTime(candidates=8, budget=6).view(suite.tasks("train"))
    env = HPOVectorEnv(3, suite, reward="regret_rate", **view())
    env.reset(seed=0)
    rng = np.random.default_rng(0)
    for _ in range(40):
        masks = env.action_masks()
        masks[:, -1] = rng.random() < 0.05
        masks[~masks.any(1), -1] = True
        obs, *_ = env.step(np.array([rng.choice(np.flatnonzero(m)) for m in masks]))
        fresh = view()["observer"]
        assert isinstance(fresh, TimeView)
        again = fresh(env.kernel.contexts, env.kernel.runs)
        np.testing.assert_array_equal(obs["features"], again["features"])
        np.testing.assert_array_equal(obs["there"], again["there"])


# ---------------------------------------------------------------------- where it starts
@pytest.mark.parametrize("cost", [20.0, None])
def test_it_begins_as_transfer_time(cost: float | None) -> None:
    suite = make_suite(m=25)
    prior = [t.evaluations() for t in suite.tasks("train")]
    limit: dict[str, Any] = {"budget": 12} if cost is None else {"budget_cost": cost}
    for task in suite.tasks("val"):
        mine, its = (rollout(o, task, prior=prior, **limit) for o in (untrained(), TransferTime(doubts=False)))
        assert len(mine.trials) >= 10
        assert [t.query for t in mine.trials] == [t.query for t in its.trials]


def test_where_nothing_is_known_of_earlier_tasks_it_is_transfer_time() -> None:
    task = make_suite().tasks("val")[0]
    mine, its = (rollout(o, task, budget_cost=8.0, seed=2) for o in (untrained(), TransferTime()))
    assert [t.query for t in mine.trials] == [t.query for t in its.trials]


def test_from_nothing_all_actions_are_as_likely_at_first() -> None:
    agent, knows = untrained(start="nothing"), mind()
    assert isinstance(agent._actor, TimeActor)
    features = TimeFeatures(knows, 9.0, 10.0, continues=False)
    with torch.no_grad():
        logits = agent._actor.logits(features.at(np.arange(3)), features.open(np.arange(3)))
    assert set(logits[np.isfinite(logits)]) == {0.0}
    assert np.isinf(logits).sum() == 3


# ---------------------------------------------------------------------- training
def test_the_entropy_of_the_policy_is_minus_its_divergence_from_the_base() -> None:
    """Base logits 3 x (0, -1) and policy logits (0, 0) of two actions, the third shut."""
    suite = make_suite()
    view = PPOTime(candidates=2, budget=6).view(suite.tasks("train"))
    env = HPOVectorEnv(1, suite, reward="regret_rate", **view())
    from hpo_agents._time.policy import TimeExtractor

    kwargs = {"width": 4, "sharpness": 3.0, "plain": True}
    policy = TimePolicy(
        env.single_observation_space, env.single_action_space, lambda _: 0.0, net_arch=[], ortho_init=False,
        features_extractor_class=TimeExtractor, features_extractor_kwargs=kwargs, sharpness=3.0,
    )  # fmt: skip
    features = torch.zeros(1, 7, len(FEATURES))
    features[0, 1, 0] = -1.0
    mask = np.array([[True, True, False, False, False, False, False]])
    obs = {"features": features, "there": torch.ones(1, 7)}
    _, log_prob, found = policy.evaluate_actions(obs, torch.tensor([0]), mask)
    base = np.log(1 / (1 + np.exp(-3.0))), np.log(np.exp(-3.0) / (1 + np.exp(-3.0)))
    assert log_prob.item() == pytest.approx(np.log(0.5), abs=1e-5)
    assert found is not None
    assert found.item() == pytest.approx(-(np.log(0.5) - (base[0] + base[1]) / 2), abs=1e-4)


def test_regret_in_cost_is_the_mean_over_what_is_spent() -> None:
    """Of a run that evaluates one row of known cost in full, and stops."""
    suite = make_suite()
    view = PPOTime(candidates=8, budget=6).view(suite.tasks("train"))
    env = HPOVectorEnv(2, suite, split="val", **view())

    class Once:
        def act(self, obs: Any, masks: Any, rng: Any) -> Any:
            first = obs["features"][:, 0, column("trials")] == 0
            return np.where(first, 2, 24)

    found = regret_of(Once(), env, 0, greedy=True)  # type: ignore[arg-type]
    expected = []
    env.reset(seed=0, options={"task": list(env.task_names)})
    rows = env.kernel.contexts.rows(env.kernel.runs.task, env.kernel.runs.instance)[:, 0]
    for task, row in zip(suite.tasks("val"), rows, strict=True):
        reported = task.evaluations()
        regret = (reported.score.max() - reported.score) / np.ptp(reported.score)
        share = reported.cost[row] / reported.cost.mean() / 6
        expected.append(regret.mean() * share + regret[row] * (1 - share))
    assert found == pytest.approx(np.mean(expected), rel=1e-4)


@pytest.mark.long
def test_it_learns_to_use_a_fidelity_that_tells_all() -> None:
    """A quarter of the training tells the score at a tenth of the cost; the base never asks for it."""
    suite = make_suite(tasks=40)
    names = [t.name for t in suite.tasks("train")] + [t.name for t in suite.tasks("test")]
    tasks = [suite.task(n) for n in names]
    agent = PPOTime(
        start="transfer-time", candidates=16, budget=10, runs=16, steps=16_000, segments=4, network=[16],
        algorithm={"n_steps": 32, "batch_size": 128, "n_epochs": 4, "learning_rate": 0.005},
    )  # fmt: skip
    curve = agent.train_in(None, tasks, np.random.default_rng(0), validation=suite.tasks("val"))
    assert min(regret for _, regret in curve[1:]) < 0.8 * curve[0][1]


def test_it_refuses_what_it_cannot_be() -> None:
    with pytest.raises(UnknownNameError, match="imitation"):
        PPOTime(start="imitate")
    with pytest.raises(InvalidValueError, match="sharpness > 0"):
        PPOTime(sharpness=0.0)
    with pytest.raises(StateError, match="train"):
        PPOTime().reset(Context(SPACE, 5.0), np.random.default_rng(0))


# ---------------------------------------------------------------------- all suites
@pytest.mark.long
def test_all_are_the_suites_that_it_names(tmp_path: Path) -> None:
    class Named(PPOTime):
        suites = ("Control", "LM")

    hpo_gym.train(Named(**PPOTime.smoke), "all", out=tmp_path)
    reported = json.loads((tmp_path / "training.json").read_text(encoding="utf-8"))
    assert list(reported["suites"]) == ["Control", "LM"]


@pytest.mark.long
def test_every_suite_that_it_names_has_costs_a_shared_pool_and_validation_tasks() -> None:
    for name in PPOTime.suites:
        suite = load_suite(name)
        tasks = suite.tasks("train")
        assert name in WITH_COSTS
        assert all(t.pool is tasks[0].pool for t in tasks)
        assert suite.tasks("val")


def test_all_is_refused_of_an_optimizer_that_names_none(tmp_path: Path) -> None:
    with pytest.raises(InvalidValueError, match="'q-learning' names none"):
        hpo_gym.train("q-learning", "all", out=tmp_path)
    assert not any(tmp_path.iterdir())
