"""Rewards of several objectives and constraints: numbers worked out by hand, and single and many envs alike."""

import copy
from pathlib import Path
from typing import Any

import gymnasium as gym
import numpy as np
import pytest

from hpo_gym import HPOEnv, HPOVectorEnv, check_env, load_suite
from hpo_gym.base.errors import HPOGymError, InvalidValueError
from hpo_gym.env.runs.oracle import Oracle
from hpo_gym.optimize.rollouts import rollout
from hpo_gym.problem.trial import Query, Status
from hpo_gym.suites.own.constrained import constrained
from hpo_gym.suites.own.suite import TableSuite, load_folder, table_suite

# rows      0    1    2    3          a: .9 is too large for a size of 30; b: all but row 3 are
SCORE = [[0.5, 0.7, 0.9, 0.1], [0.2, 0.4, 0.6, 0.3]]
COST = [[1.0, 2.0, 4.0, 8.0], [1.0, 1.0, 1.0, 2.0]]
SIZE = [[10.0, 30.0, 60.0, 20.0], [50.0, 70.0, 90.0, 20.0]]
RECALL = [[0.25, 0.5, 0.75, 1.0], [0.5, 0.5, 0.5, 0.5]]
SPACE = {"i": (0, 3)}
ROWS = [{"i": i} for i in range(4)]


def tiny(**more: Any) -> TableSuite:
    further = {"size": {"values": SIZE, "direction": "minimize", "unit": "weights"},
               "recall": {"values": RECALL, "direction": "maximize"}}  # fmt: skip
    given: dict[str, Any] = {"costs": COST, "objectives": further, "tasks": ["a", "b"], "families": ["a", "b"],
                             "splits": {"train": ["a"], "test": ["b"]}, **more}  # fmt: skip
    return table_suite("Tiny", SPACE, ROWS, SCORE, **given)


def one(suite: Any = None, **keywords: Any) -> HPOEnv:
    return HPOEnv(tiny() if suite is None else suite, codec="pool", **{"budget": 4, **keywords})


# ------------------------------------------------------------------------------------------------ vector rewards
@pytest.mark.parametrize(
    ("objectives", "rewards"),
    [
        (["score", "cost", "size"], [[0.5, -1, -10], [0.7, -2, -30], [0.9, -4, -60], [0.1, -8, -20]]),
        (["size", "recall"], [[-10, 0.25], [-30, 0.5], [-60, 0.75], [-20, 1.0]]),
        (["cost"], [[-1], [-2], [-4], [-8]]),
    ],
)
def test_a_vector_reward_is_the_trial_s_own_numbers_all_maximised(objectives: Any, rewards: Any) -> None:
    env = one(objectives=objectives)
    env.reset(seed=0)
    for row, expected in enumerate(rewards):
        _, reward, terminated, _, info = env.step(row)
        assert np.allclose(reward, expected)
        assert env.reward_space.contains(reward)
        assert np.allclose(info["objectives"], np.abs(expected))  # in their own units
        assert terminated == (row == 3)
    assert env.objectives == tuple(objectives)
    assert env.reward_dim == len(objectives) == env.reward_space.shape[0]


@pytest.mark.long
@pytest.mark.parametrize("weights", [[1.0, 0.5, 0.01], {"size": 0.01, "score": 1, "cost": 0.5}])
def test_weights_make_a_number_of_it(weights: Any) -> None:
    env = one(objectives=["score", "cost", "size"], weights=weights)
    env.reset(seed=0)
    rewards = [env.step(row)[1] for row in (0, 1, 2)]
    assert all(type(reward) is float for reward in rewards)
    assert np.allclose(rewards, [0.5 - 0.5 - 0.1, 0.7 - 1 - 0.3, 0.9 - 2 - 0.6])
    assert not hasattr(env, "reward_space")
    assert check_env(one(objectives=["score", "cost", "size"], weights=weights), processes=False, render=False) is None


def test_without_objectives_nothing_is_told_of_them() -> None:
    env = one()
    env.reset(seed=0)
    assert "objectives" not in env.step(0)[4]
    assert env.history()[0].objectives == {"size": 10.0, "recall": 0.25}
    assert not hasattr(env, "reward_dim")


@pytest.mark.parametrize(
    ("keywords", "message"),
    [
        ({"objectives": ["scor"]}, "Did you mean 'score'"),
        ({"objectives": ["score", "sise"]}, "Did you mean 'size'"),
        ({"objectives": []}, "must be a list"),
        ({"objectives": "size"}, "must be a list"),
        ({"objectives": ["size", "size"]}, "each objective once"),
        ({"objectives": [3]}, "No objective 3"),
        ({"objectives": ["score"], "reward": "score"}, "exclude each other"),
        ({"weights": [1.0]}, "need `objectives`"),
        ({"objectives": ["score", "size"], "weights": [1.0]}, "one for each"),
        ({"objectives": ["score", "size"], "weights": [1.0, -1.0]}, "not negative"),
        ({"objectives": ["score", "size"], "weights": [0, 0]}, "not all 0"),
        ({"objectives": ["score", "size"], "weights": [1, np.nan]}, "finite"),
        ({"objectives": ["score", "size"], "weights": {"score": 1.0}}, "one for each"),
        ({"objectives": ["score", "size"], "weights": {"score": 1.0, "sice": 1.0}}, "Did you mean 'size'"),
        ({"objectives": ["score", "size"], "duplicates": "penalize"}, "give `weights`"),
        ({"objective": ["score"]}, "Did you mean 'objectives'"),
        ({"constraints": {"sise": 3}}, "Did you mean 'size'"),
        ({"constraints": {}}, "mapping"),
        ({"constraints": ["size"]}, "mapping"),
        ({"constraints": {"size": "small"}}, "finite number"),
        ({"constraints": {"size": float("inf")}}, "finite number"),
        ({"constraints": {"size": 5}}, r"Task 'a' of 'Tiny' must have .* size <= 5; the best alone are size 10"),
        ({"constraints": {"size": 30, "score": 0.8}}, "size <= 30 and score >= 0.8; the .* size 10, score 0.9"),
        ({"suite": "Functions", "constraints": {"cost": 1.0}}, "a suite with a table"),
        ({"suite": "Functions", "objectives": ["score", "size"]}, "No objective 'size'"),
    ],
)  # fmt: skip
def test_what_breaks_a_rule_is_refused(keywords: dict[str, Any], message: str) -> None:
    for make in (HPOEnv, lambda **k: HPOVectorEnv(2, **k)):
        with pytest.raises(HPOGymError, match=message):
            make(**{"suite": tiny(), "codec": "box", **keywords})


def test_score_and_cost_are_objectives_of_every_task() -> None:
    env = HPOEnv("Functions", objectives=["score", "cost"], codec="box", budget=2)
    env.reset(seed=0)
    _, reward, _, _, info = env.step(np.zeros(env.action_space.shape))
    assert reward.tolist() == [info["score"], -info["cost"]]


# ------------------------------------------------------------------------------------------------ many at once
@pytest.mark.parametrize("mode", ["NEXT_STEP", "SAME_STEP"])
@pytest.mark.parametrize("constraints", [None, {"size": 40.0}])
@pytest.mark.parametrize("codec", ["pool", {"name": "pool", "stop": True}])
def test_runs_of_a_vector_env_are_single_envs(mode: str, constraints: Any, codec: Any) -> None:
    keywords: dict[str, Any] = {"objectives": ["score", "cost", "size"], "constraints": constraints, "budget": 3}
    many = HPOVectorEnv(3, tiny(), codec=codec, autoreset_mode=mode, statistics=True, **keywords)
    singles = [HPOEnv(tiny(), codec=codec, **keywords) for _ in range(3)]
    many.reset(seed=[1, 2, 3])
    for i, env in enumerate(singles):
        env.reset(seed=i + 1)
    rng, over, total = np.random.default_rng(0), [False] * 3, np.zeros((3, 3))
    for _ in range(12):
        actions = np.array([rng.choice(np.flatnonzero(env.action_masks())) for env in singles])
        _, rewards, ends, _, infos = many.step(actions)
        assert rewards.shape == (3, 3)
        for i, env in enumerate(singles):
            if over[i]:  # begins in this step
                env.reset()
                over[i], total[i] = False, 0.0
                assert (rewards[i] == 0).all()
                assert np.isnan(infos["objectives"][i]).all()
                continue
            _, reward, end, _, info = env.step(actions[i])
            total[i] += reward
            reported = infos["final_info"] if end and mode == "SAME_STEP" else infos
            assert np.array_equal(rewards[i], reward)
            assert end == ends[i]
            if "objectives" in info:
                assert np.array_equal(reported["objectives"][i], info["objectives"])
                assert reported["status"][i] == Status[info["status"].upper()]
            if end:
                assert np.allclose(infos["episode"]["r"][i], total[i])
                total[i] = 0.0
                over[i] = mode == "NEXT_STEP"
                if mode == "SAME_STEP":
                    env.reset()
                    assert np.isnan(infos["objectives"][i]).all()


def test_disabled_autoreset_and_masks_of_some_runs() -> None:
    many = HPOVectorEnv(2, tiny(), codec="pool", autoreset_mode="DISABLED", objectives=["size"], budget=1)
    _, infos = many.reset(seed=0)
    assert np.isnan(infos["objectives"]).all()
    assert many.step([0, 2])[1].tolist() == [[-10.0], [-60.0]]
    _, infos = many.reset(options={"reset_mask": np.array([True, False])})
    assert np.isnan(infos["objectives"][0]).all()
    assert infos["objectives"][1].tolist() == [60.0]


def test_an_objectives_env_goes_through_gym_make_and_copies() -> None:
    env = gym.make("hpo_gym/NASBench201-v0", objectives=["score", "latency"], budget=2, disable_env_checker=True)
    env.reset(seed=0)
    action = env.action_space.sample()
    other = copy.deepcopy(env.unwrapped)
    assert np.array_equal(env.step(action)[1], other.step(action)[1])
    assert env.spec is not None
    assert gym.make(gym.envs.registration.EnvSpec.from_json(env.spec.to_json())).unwrapped.objectives == (
        "score", "latency",
    )  # fmt: skip


def test_a_snapshot_goes_on_with_the_same_vectors() -> None:
    env = HPOEnv("Schedules", objectives=["score", "cost"], budget=6)
    env.reset(seed=0)
    actions = [env.action_space.sample() for _ in range(4)]
    env.step(actions[0])
    kept = env.snapshot()
    first = [env.step(action)[1] for action in actions[1:]]
    env.restore(kept)
    assert np.array_equal(first, [env.step(action)[1] for action in actions[1:]])


# ------------------------------------------------------------------------------------------------ constraints
def test_what_breaks_a_constraint_is_told_so_and_is_no_incumbent() -> None:
    env = one(constraints={"size": 30.0})
    env.reset(seed=0)
    reported = [env.step(row)[4] for row in (1, 2, 0)]
    assert [info["status"] for info in reported] == ["ok", "infeasible", "ok"]  # a size of 30 itself is allowed
    assert [info["objectives"].tolist() for info in reported] == [[30.0], [60.0], [10.0]]
    assert [info["incumbent_score"] for info in reported] == pytest.approx([0.7, 0.7, 0.7])
    assert reported[1]["score"] == pytest.approx(0.7)  # the worst that the run has seen, as any failure
    assert [info["incumbent"] for info in reported] == [{"i": 1}] * 3
    trials = env.history()
    assert [t.status for t in trials] == [Status.OK, Status.INFEASIBLE, Status.OK]
    assert [t.objectives["size"] for t in trials] == [30.0, 60.0, 10.0]
    assert trials.incumbent is not None
    assert trials.incumbent.config == {"i": 1}
    assert [t.cost for t in trials] == [2.0, 4.0, 1.0]  # it was paid for


@pytest.mark.parametrize(
    ("constraints", "feasible"),
    [
        ({"size": 30.0}, [0, 1, 3]),
        ({"cost": 2.0}, [0, 1]),
        ({"recall": 0.5}, [1, 2, 3]),
        ({"score": 0.5}, [0, 1, 2]),
        ({"recall": 0.5, "size": 30.0}, [1, 3]),
        ({"recall": 0.5, "size": 30.0, "cost": 2.0}, [1]),
    ],
)
def test_minimised_ones_are_bounded_above_and_maximised_ones_below(constraints: Any, feasible: list[int]) -> None:
    suite = constrained(tiny(), constraints, {"a"})
    task = suite.task("a")
    statuses = [task.run({"i": i}).status for i in range(4)]
    assert [i for i, s in enumerate(statuses) if s is Status.OK] == feasible
    assert {s for i, s in enumerate(statuses) if i not in feasible} <= {Status.INFEASIBLE}
    assert task.best == pytest.approx(max(SCORE[0][i] for i in feasible))
    assert task.worst == pytest.approx(min(SCORE[0][i] for i in feasible))


def test_regret_is_among_what_is_feasible() -> None:
    env = one(constraints={"size": 30.0}, reward="regret")
    env.reset(seed=0)
    # best .7, worst .1 of rows 0, 1, 3: nothing feasible 1; row 3 1; row 0 .2 / .6; row 1 0
    assert [env.step(row)[1] for row in (2, 3, 0, 1)] == pytest.approx([-1.0, -1.0, -1 / 3, 0.0])
    oracle = Oracle.of(env.kernel.batch.tasks)
    assert (oracle.best.item(), oracle.worst.item()) == (pytest.approx(0.7), pytest.approx(0.1))


def test_a_task_without_a_feasible_row_is_refused_by_name_or_left_out_where_it_is_not_asked_for() -> None:
    bounds = {"size": 15.0}
    with pytest.raises(InvalidValueError, match=r"Task 'b' of 'Tiny'.*size <= 15.*size 20"):
        HPOEnv(tiny(), split="test", constraints=bounds)
    with pytest.raises(InvalidValueError, match="Task 'b'"):
        constrained(tiny(), bounds)
    env = one(constraints=bounds)
    assert [t.name for t in env.suite.members] == ["a"]
    assert env.suite.splits == {"train": ("a",), "test": ()}


@pytest.mark.long
def test_the_whole_env_of_a_constrained_suite_holds_its_contract() -> None:
    for keywords in ({"constraints": {"size": 40.0}}, {"constraints": {"cost": 4.0, "recall": 0.5}}):
        check_env(one(**keywords, budget=5), processes=False, render=False)
    many = HPOVectorEnv(3, "NASBench201", constraints={"size": 4e5}, codec="pool", reward="regret_drop", budget=5)
    check_env(many, processes=False, render=False)


def test_check_env_asks_for_weights_where_a_reward_is_a_vector() -> None:
    with pytest.raises(InvalidValueError, match="weights"):
        check_env(one(objectives=["score", "size"]))


def test_a_rollout_and_the_env_tell_the_same_of_a_constraint() -> None:
    class InOrder:
        def reset(self, context: Any, rng: Any) -> None:
            self.left, self.reported = [2, 1, 0, 3], []

        def ask(self) -> Query:
            return Query({"i": self.left.pop(0)})

        def tell(self, trial: Any) -> None:
            self.reported.append(trial)

    task = constrained(tiny(), {"size": 30.0}, {"a"}).task("a")
    trials = rollout(InOrder(), task, 4, prior=())
    assert [t.status.label for t in trials] == ["infeasible", "ok", "ok", "ok"]
    assert [t.score for t in trials] == pytest.approx([0.0, 0.7, 0.5, 0.1])  # before any success: 0, nothing is known
    assert trials[0].objectives == {"size": 60.0, "recall": 0.75}


def test_noise_draws_no_repeat_of_what_is_infeasible() -> None:
    repeats = np.array(SCORE)[..., None] + np.array([-0.05, 0.05])
    suite = constrained(tiny(repeats=repeats), {"size": 30.0}, {"a"})
    env = one(suite, duplicates="allow")
    env.reset(seed=0)
    reported = [env.step(row)[4] for row in (3, 2, 1)]
    assert min(abs(reported[0]["score"] - v) for v in (0.05, 0.15)) < 1e-6
    assert reported[1]["score"] == reported[0]["score"]
    assert min(abs(reported[2]["score"] - v) for v in (0.65, 0.75)) < 1e-6


def test_lower_fidelities_have_their_own_score_and_cost_and_the_objectives_of_the_whole() -> None:
    scores = [[[0.1, 0.5], [0.6, 0.7], [0.2, 0.9]]]
    costs = [[[1.0, 2.0], [3.0, 6.0], [1.0, 2.0]]]
    further = {"size": {"values": [[1.0, 1.0, 9.0]], "direction": "minimize"}}
    suite = table_suite("F", {"i": (0, 2)}, ROWS[:3], scores, costs=costs, fidelities=[0.5, 1.0], objectives=further)
    task = constrained(suite, {"size": 5.0, "cost": 4.0}).members[0]
    good = [[task.run({"i": i}, f).status is Status.OK for f in (0.5, 1.0)] for i in range(3)]
    assert good == [[True, True], [True, False], [False, False]]


def test_test_scores_of_what_is_infeasible_are_the_worst() -> None:
    task = constrained(tiny(test_scores=[[0.4, 0.6, 0.8, 0.3]] * 2), {"size": 30.0}, {"a"}).task("a")
    assert task.test_range == pytest.approx((0.6, 0.3))
    tested = task.test_scores(task.pool)
    assert tested is not None
    assert tested.tolist() == pytest.approx([0.4, 0.6, 0.3, 0.3])


def test_a_constrained_suite_is_saved_with_its_constraints(tmp_path: Path) -> None:
    suite = constrained(tiny(), {"size": 30.0}, {"a"})
    suite.save(tmp_path)
    again = load_folder(tmp_path)
    assert again.table.constraints == {"size": 30.0}
    assert again.data_hash == suite.data_hash != tiny().data_hash
    assert again.task("a").run({"i": 2}).status is Status.INFEASIBLE
    assert again.task("a").best == suite.task("a").best
    with pytest.raises(InvalidValueError, match="already"):
        constrained(again, {"size": 20.0})


def test_shipped_objectives_constrain_shipped_tasks() -> None:
    """The largest accuracy within half a million weights, looked up in the arrays themselves."""
    suite = load_suite("NASBench201")
    assert isinstance(suite, TableSuite)
    table = suite.table
    assert table.objectives is not None
    task = constrained(suite, {"size": 5e5}).task("cifar100")
    small = table.objectives[1, :, 0] <= 5e5
    assert task.best == pytest.approx(float(table.score[1][small].max()))
    assert task.best < suite.task("cifar100").best


# ------------------------------------------------------------------------------------------------ SB3
@pytest.mark.long
def test_stable_baselines_trains_on_a_weighted_sum() -> None:
    sb3 = pytest.importorskip("stable_baselines3")
    from hpo_gym.sb3 import as_vec_env

    env = HPOVectorEnv(2, tiny(), codec="pool", objectives=["score", "size"], weights=[1.0, 0.01], budget=4,
                       autoreset_mode="SAME_STEP", constraints={"size": 40.0})  # fmt: skip
    model = sb3.PPO("MlpPolicy", as_vec_env(env), n_steps=8, batch_size=8, seed=0)
    model.learn(32)
