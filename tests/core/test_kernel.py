"""Known answers of the kernel: budgets, stops, repeats, given points, and episodes that begin and end apart."""

from __future__ import annotations

import math
import pickle
import time
from typing import Any

import core_toys as toys
import numpy as np
import pytest
from core_toys import below, mixed
from gymnasium.vector import AutoresetMode

import hpo_gym
from hpo_gym.base.errors import InvalidValueError, StateError, UnknownNameError
from hpo_gym.base.registry import Registry
from hpo_gym.env.codecs.box import Box
from hpo_gym.env.codecs.move import Move
from hpo_gym.env.codecs.pool import Pool
from hpo_gym.env.kernel import Kernel, pick, put
from hpo_gym.env.observers import OBSERVERS
from hpo_gym.env.observers.last import Last
from hpo_gym.env.observers.pool import PoolObserver
from hpo_gym.env.parts import Parts, make_part, make_parts
from hpo_gym.env.rewards.score import Score
from hpo_gym.env.runs.contexts import Contexts, given_points
from hpo_gym.env.runs.paths import FusedRows, Rows
from hpo_gym.env.runs.view import view_of
from hpo_gym.env.runs.which import ALL_RUNS, Which
from hpo_gym.env.scales import Global, Raw
from hpo_gym.problem.batches import batch_of
from hpo_gym.problem.budget import horizon

POOL_STOP = {"name": "pool", "stop": True}
POOL_LEVEL = {"name": "pool", "fidelity": True}
QUARTER, HALF, FULL = 0, 1, 2  # of `toys.LEVELS`
STOP = 4  # of four rows


def env(suite: Any, task: str | None = "a", **options: Any) -> hpo_gym.HPOEnv:
    return hpo_gym.HPOEnv(suite, task=task, **{"codec": "pool", **options})


def seen(row: int, score: float, best: float, left: float) -> list[float]:
    """What the observer `last` shows."""
    return [*toys.SIGNED[row], score, best, left]


BLANK = [0.0, 0.0, 0.0, 0.0, 1.0]


def config(row: int) -> dict[str, float]:
    return dict(zip("uv", toys.X[row], strict=True))


# ---------------------------------------------------------------------------------------------- one episode
def test_an_episode_of_three_trials() -> None:
    one = env(toys.square(), budget=3)
    with pytest.raises(StateError, match="call `reset` before the first step"):
        one.step(0)
    obs, info = one.reset(seed=0)
    assert obs.tolist() == BLANK and info == {"task": "a", "task_index": 0, "t": 0}
    reported = [one.step(row) for row in (3, 1, 0)]
    assert [o.tolist() for o, *_ in reported] == [
        pytest.approx(seen(3, 4, 4, 2 / 3)), pytest.approx(seen(1, 6, 6, 1 / 3)), seen(0, 2, 6, 0),
    ]  # fmt: skip
    assert [step[1:4] for step in reported] == [(4.0, False, False), (6.0, False, False), (2.0, True, False)]
    common = {"task": "a", "task_index": 0, "fidelity": 1.0, "cost": 1.0, "status": "ok"}
    rows = [(3, 4.0, 3, 4.0), (1, 6.0, 1, 6.0), (0, 2.0, 1, 6.0)]
    assert [info for *_, info in reported] == [
        {**common, "t": t, "config": config(row), "score": score, "incumbent": config(best), "incumbent_score": top}
        for t, (row, score, best, top) in enumerate(rows, 1)
    ]
    assert one.history().scores == (4, 6, 2) and one.history().n_init == 0
    with pytest.raises(StateError, match="call `reset` before the first step and after the last"):
        one.step(0)
    assert one.reset()[0].tolist() == BLANK  # and so again
    assert one.step(2)[0].tolist() == pytest.approx(seen(2, 0, 0, 2 / 3))


def test_failed_and_unmeasured_rows() -> None:
    one = env(toys.levels(), budget=4)
    one.reset(seed=0)
    assert one.action_masks().tolist() == [True, True, True, False]
    failed, gap = one.step(2), one.step(3)
    assert (failed[1], failed[4]["status"], failed[4]["cost"]) == (3.0, "failed", 7.0)  # the worst are 2 and 4
    assert (gap[1], gap[4]["config"], gap[4]["cost"]) == (6.0, config(1), 8.0)  # row 1 answers
    box = env(toys.levels(), budget=4, codec="box")
    box.reset(seed=0)
    assert box.step(np.array([-0.4, 1.0], np.float32))[4]["config"] == config(1)
    assert box.step(np.array([0.9, 0.5], np.float32))[4]["status"] == "failed"


def test_off_a_table() -> None:
    one = env(toys.slopes(), budget=2, codec={"name": "box", "stop": True})
    one.reset(seed=0)
    step = one.step(np.array([1.0, 0.0, -1.0], np.float32))
    assert step[0].tolist() == [1, 0, 3.5, 3.5, 0.5] and step[1:4] == (3.5, False, False)
    assert (step[4]["cost"], step[4]["status"]) == (2.0, "failed")
    step = one.step(np.array([0.0, 0.0, 0.0], np.float32))
    assert step[0].tolist() == [0, 0, 1.5, 1.5, 0.0] and step[1:4] == (1.5, True, False)  # better than any failure
    assert (step[4]["cost"], step[4]["status"], step[4]["incumbent"]) == (2.0, "ok", {"u": 0.5, "v": 0.5})


# ---------------------------------------------------------------------------------------------- budget
def play(one: hpo_gym.HPOEnv, *actions: Any) -> list[tuple[float, bool]]:
    """Fidelity of each trial, and whether it was the last."""
    steps = [one.step(np.array(a)) for a in actions]
    return [(info["fidelity"], over) for _, _, over, _, info in steps]


def test_a_fidelity_that_is_not_affordable_becomes_the_highest_that_is() -> None:
    one = env(toys.levels(), "b", budget=2, codec=POOL_LEVEL)
    one.reset(seed=0)
    assert play(one, (0, FULL), (1, QUARTER), (2, FULL), (3, FULL)) == [
        (1.0, False), (0.25, False), (0.5, False), (0.25, True),
    ]  # fmt: skip
    assert one.history().scores == (8, 3, 9.5, 5)
    assert one.history().costs == (5, 1, 1, 4)
    one.reset()
    assert play(one, (0, HALF), (0, FULL), (0, HALF)) == [(0.5, False), (1.0, False), (0.5, True)]
    one.reset()
    assert play(one, *[(0, QUARTER)] * 8) == [(0.25, False)] * 7 + [(0.25, True)]


def test_an_episode_ends_where_the_least_fidelity_is_not_affordable() -> None:
    column = np.array([[[0.0, 1.0], [2.0, 3.0]]])
    suite = hpo_gym.table_suite("Few", toys.SPACE, np.array(toys.X[:2]), column, fidelities=(0.4, 1.0), splits={
        "train": ["task-0"]})  # fmt: skip
    one = env(suite, "task-0", budget=1, codec=POOL_LEVEL)
    one.reset(seed=0)
    assert play(one, (0, 0), (1, 1)) == [(0.4, False), (0.4, True)]  # .2 is left, and is lost


def test_sums_of_fidelities_that_round_are_forgiven() -> None:
    scores = np.arange(6.0).reshape(1, 2, 3)
    suite = hpo_gym.table_suite("Ninths", toys.SPACE, np.array(toys.X[:2]), scores, fidelities=(1 / 9, 1 / 3, 1.0),
                                splits={"train": ["task-0"]})  # fmt: skip
    one = env(suite, "task-0", budget=1, codec=POOL_LEVEL)
    one.reset(seed=0)
    assert play(one, (0, 1), *[(0, 0)] * 6) == [(1 / 3, False)] + [(1 / 9, False)] * 5 + [(1 / 9, True)]
    spent = one.kernel.runs.spent
    assert np.asarray(spent).item() > 1.0  # it does round up
    one.reset()
    assert play(one, (0, 0), (0, 0), (0, 0), (0, 1), (0, 2)) == [(1 / 9, False)] * 3 + [(1 / 3, False), (1 / 3, True)]


def test_an_incumbent_is_of_the_highest_fidelity() -> None:
    one = env(toys.levels(), "b", budget=3, codec=POOL_LEVEL)
    one.reset(seed=0)
    steps = [one.step(np.array(a)) for a in ((2, QUARTER), (1, HALF), (0, QUARTER), (3, HALF), (1, FULL))]
    assert [s[4]["incumbent_score"] for s in steps] == [9, 3.5, 3.5, 5.5, 4]
    assert [s[4]["incumbent"] for s in steps] == [config(r) for r in (2, 1, 1, 3, 1)]
    assert [s[0][3].item() for s in steps] == [9, 3.5, 3.5, 5.5, 4]


# ---------------------------------------------------------------------------------------------- stops
def test_a_stop_ends_the_episode_and_evaluates_nothing() -> None:
    one = env(toys.square(), budget=3, codec=POOL_STOP)
    one.reset(seed=0)
    assert one.step(1)[1:4] == (6.0, False, False)
    one.step(3)
    obs, reward, over, cut, info = one.step(STOP)
    assert obs.tolist() == pytest.approx(seen(3, 4, 6, 1 / 3))
    assert (reward, over, cut) == (0.0, True, False)
    assert info == {"task": "a", "task_index": 0, "t": 2, "incumbent": config(1), "incumbent_score": 6.0}
    assert one.history().scores == (6, 4) and one.kernel.stopped is not None
    one.reset()
    assert not one.step(0)[2] and one.kernel.stopped is None
    assert not one.step(0)[2] and one.step(0)[2]


def test_a_stop_at_once_looks_like_a_beginning() -> None:
    one = env(toys.square(), budget=3, codec=POOL_STOP)
    one.reset(seed=0)
    one.step(1)
    one.reset()
    obs, reward, over, _, info = one.step(STOP)
    assert (obs.tolist(), reward, over, info) == (BLANK, 0.0, True, {"task": "a", "task_index": 0, "t": 0})


def test_a_stop_is_no_repeat_and_no_improvement() -> None:
    one = env(toys.square(), budget=4, codec=POOL_STOP, duplicates="penalize", reward="improvement")
    one.reset(seed=0)
    assert [one.step(a)[1] for a in (1, 1, 0, STOP)] == [1.0, -3.0, 0.0, 0.0]


def test_stops_where_fidelities_are_chosen() -> None:
    one = env(toys.levels(), "b", budget=1, codec={"name": "pool", "fidelity": True, "stop": True})
    one.reset(seed=0)
    assert play(one, (0, HALF)) == [(0.5, False)]
    obs, reward, over, _, info = one.step(np.array([STOP, FULL]))
    assert (obs.tolist(), reward, over) == (seen(0, 7.5, 7.5, 0.5), 0.0, True)
    assert info["incumbent_score"] == 7.5 and info["t"] == 1
    one.reset()
    assert play(one, (0, HALF), (0, FULL)) == [(0.5, False), (0.5, True)]


# ---------------------------------------------------------------------------------------------- repeats
def test_a_repeat_costs_one_standard_deviation_of_meta_train_where_it_is_penalized() -> None:
    rows = (1, 3, 1, 1, 2)
    one = env(toys.square(), budget=5, duplicates="penalize")
    for _ in range(2):  # a new episode forgets
        one.reset(seed=0)
        assert [one.step(row)[1] for row in rows] == [6.0, 4.0, 3.0, 3.0, 0.0]
    assert one.history().scores == (6, 4, 6, 6, 0)  # the score is as it was
    free = env(toys.square(), budget=5, duplicates="allow")
    free.reset(seed=0)
    assert [free.step(row)[1] for row in rows] == [6.0, 4.0, 6.0, 6.0, 0.0]
    on_b = env(toys.square(), "b", budget=2, duplicates="penalize", reward="improvement")
    on_b.reset(seed=0)
    assert [on_b.step(0)[1], on_b.step(0)[1]] == [3.0, -3.0]  # 8 less the mean of 5; nothing gained


def test_a_given_point_is_repeated_too() -> None:
    one = env(toys.square(), budget=4, n_init=1, duplicates="penalize")
    one.reset(seed=0)
    (given,) = one.kernel.runs.view(0).configs
    row = [config(r) for r in range(4)].index(given)
    score = toys.SCORE[0]
    other = (row + 1) % 4
    assert [one.step(r)[1] for r in (row, other, other)] == [score[row] - 3, score[other], score[other] - 3]


def test_repeats_are_masked() -> None:
    one = env(toys.square(), budget=5, duplicates="mask")
    one.reset(seed=0)
    assert one.action_masks().tolist() == [True] * 4
    for row, rest in ((2, [1, 1, 0, 1]), (0, [0, 1, 0, 1]), (0, [0, 1, 0, 1]), (1, [0, 0, 0, 1])):
        assert one.step(row)[1] == toys.SCORE[0][row]
        assert one.action_masks().tolist() == [bool(r) for r in rest]
    one.step(3)
    assert one.action_masks().tolist() == [True] * 4  # an agent must be able to act
    free = env(toys.square(), budget=5, duplicates="penalize")
    free.reset(seed=0)
    free.step(2)
    assert free.action_masks().tolist() == [True] * 4


# ---------------------------------------------------------------------------------------------- given points
@pytest.mark.parametrize(
    "more", [{}, {"codec": "box"}, {"observer": "summary"}, {"budget": 5, "reward": "improvement"}]
)
def test_given_points_are_the_same_for_everyone_and_not_charged(more: dict[str, Any]) -> None:
    one = env(toys.square(), **{"budget": 2, "n_init": 2, **more})
    _, info = one.reset(seed=7)
    rows = [2, 3]  # the first of the draw of instance `mixed(7, 1)`
    batch = batch_of(toys.square().members)
    assert given_points(batch, np.array([0]), np.array([mixed(7, 1)], np.uint64), 2).ravel().tolist() == rows
    assert one.history().configs == tuple(config(r) for r in rows) and one.history().n_init == 2
    assert one.history().scores == (0, 4)
    assert info == {"task": "a", "task_index": 0, "t": 2, "incumbent": config(3), "incumbent_score": 4.0}
    assert np.asarray(one.kernel.runs.left).item() == 1.0


def test_an_episode_with_given_points_is_as_long_as_its_budget() -> None:
    one = env(toys.square(), budget=2, n_init=2)
    obs, _ = one.reset(seed=7)
    assert obs.tolist() == seen(3, 4, 4, 1)
    steps = [one.step(row) for row in (0, 1)]
    assert [s[0].tolist() for s in steps] == [seen(0, 2, 4, 0.5), seen(1, 6, 6, 0)]
    assert [s[1:3] for s in steps] == [(2, False), (6, True)] and [s[4]["t"] for s in steps] == [3, 4]
    assert one.history().scores == (0, 4, 2, 6)
    assert [s[4]["incumbent"] for s in steps] == [config(3), config(1)]


# ---------------------------------------------------------------------------------------------- instances
def test_worlds_and_tasks_of_episodes_are_hashes_of_the_seed_and_the_episodes_number() -> None:
    one = env(toys.square(), None, budget=1)
    for seed in (3, 2**64 - 1):
        for episode in range(1, 80):
            _, info = one.reset(seed=seed if episode == 1 else None)
            instance = mixed(seed, episode)
            assert one.kernel.runs.instance.tolist() == [instance]
            assert info["task"] == "ab"[below(instance, 2)]
    one.reset(seed=3)
    assert one.kernel.runs.instance.tolist() == [mixed(3, 1)] == [11244300775462676679]


def test_runs_of_a_vector_env_have_worlds_of_their_own() -> None:
    many = hpo_gym.HPOVectorEnv(3, toys.square(), budget=1, codec="pool", autoreset_mode="SAME_STEP")
    _, info = many.reset(seed=5)
    start = mixed(5, 7)  # the salt of spawned seeds
    seeds = [mixed(start, i) for i in range(3)]
    for episode in range(1, 80):
        expected = [mixed(s, episode) for s in seeds]
        assert many.kernel.runs.instance.tolist() == expected
        assert info["task_index"].tolist() == [below(w, 2) for w in expected]
        *_, info = many.step(np.zeros(3, int))
    many.reset(seed=[8, 9, 8])
    assert many.kernel.runs.instance.tolist() == [mixed(8, 1), mixed(9, 1), mixed(8, 1)]
    many.reset(seed=[None, 9, None])
    assert many.kernel.runs.instance.tolist() == [mixed(8, 2), mixed(9, 1), mixed(8, 2)]


def test_runs_that_begin_more_often_than_others_are_foreseen_apart() -> None:
    many = hpo_gym.HPOVectorEnv(2, toys.square(), budget=1, codec="pool", autoreset_mode="DISABLED")
    many.reset(seed=[8, 9])
    for episode in range(2, 50):
        many.reset(options={"reset_mask": np.array([True, False])})
        assert many.kernel.runs.instance.tolist() == [mixed(8, episode), mixed(9, 1)]
        assert many.kernel.runs.task.tolist() == [below(mixed(8, episode), 2), below(mixed(9, 1), 2)]
    for episode in range(2, 40):
        many.reset(options={"reset_mask": np.array([False, True])})
        assert many.kernel.runs.instance.tolist() == [mixed(8, 49), mixed(9, episode)]
    many.reset(seed=[4], options={"reset_mask": np.array([False, True])})
    assert many.kernel.runs.instance.tolist() == [mixed(8, 49), mixed(4, 1)]
    many.reset()
    assert many.kernel.runs.instance.tolist() == [mixed(8, 50), mixed(4, 2)]


def test_noise_is_a_function_of_the_world() -> None:
    one = env(toys.noisy(), budget=3)
    seen_by_seed = {}
    for seed in range(12):
        one.reset(seed=seed)
        scores = [one.step(row)[1] for row in (1, 1, 1)]
        assert len(set(scores)) == 1
        seen_by_seed[seed] = scores[0]
        assert scores[0] == toys.noisy().task("a").run(config(1), 1.0, mixed(seed, 1)).score
    assert set(seen_by_seed.values()) == {5, 7}


# ---------------------------------------------------------------------------------------------- many runs
def vector(n: int, suite: Any, mode: str, **options: Any) -> hpo_gym.HPOVectorEnv:
    return hpo_gym.HPOVectorEnv(
        n, suite, task="a", **{"codec": POOL_STOP, "autoreset_mode": mode, "budget": 2, "statistics": True, **options}
    )


NAN = math.nan


def reported(info: Any) -> dict[str, list[float]]:
    return {key: np.asarray(info[key], float).tolist() for key in ("t", "score", "incumbent_score", "cost", "status")}


def check(info: Any, **expected: list[float]) -> None:
    got = reported(info)
    for key, values in expected.items():
        np.testing.assert_array_equal(got[key], values, err_msg=key)


def test_in_the_next_step_a_run_that_has_ended_begins_and_its_action_is_ignored() -> None:
    many = vector(3, toys.square(), "NEXT_STEP")
    obs, info = many.reset(seed=0)
    assert obs.tolist() == [BLANK] * 3
    check(info, t=[0, 0, 0], score=[NAN] * 3, incumbent_score=[NAN] * 3, cost=[0] * 3, status=[0] * 3)
    obs, reward, over, cut, info = many.step(np.array([0, 1, STOP]))
    assert obs.tolist() == [seen(0, 2, 2, 0.5), seen(1, 6, 6, 0.5), BLANK]
    assert (reward.tolist(), over.tolist(), cut.any()) == ([2, 6, 0], [False, False, True], False)
    check(info, t=[1, 1, 0], score=[2, 6, NAN], incumbent_score=[2, 6, NAN], cost=[1, 1, 0])
    assert info["episode"]["l"].tolist() == [0, 0, 1] and info["_episode"].tolist() == [False, False, True]

    obs, reward, over, cut, info = many.step(np.array([1, STOP, 3]))
    assert obs.tolist() == [seen(1, 6, 6, 0), seen(1, 6, 6, 0.5), BLANK]
    assert (reward.tolist(), over.tolist(), cut.any()) == ([6, 0, 0], [True, True, False], False)
    check(info, t=[2, 1, 0], score=[6, NAN, NAN], incumbent_score=[6, 6, NAN], cost=[1, 0, 0])
    assert info["episode"]["r"].tolist() == [8, 6, 0] and info["episode"]["l"].tolist() == [2, 2, 0]
    assert info["_episode"].tolist() == [True, True, False]
    assert [many.history(i).scores for i in range(3)] == [(2, 6), (6,), ()]

    obs, reward, over, cut, info = many.step(np.array([2, 2, 3]))
    assert obs.tolist() == [BLANK, BLANK, seen(3, 4, 4, 0.5)]
    assert (reward.tolist(), over.any(), cut.any()) == ([0, 0, 4], False, False)
    check(info, t=[0, 0, 1], score=[NAN, NAN, 4], incumbent_score=[NAN, NAN, 4], cost=[0, 0, 1])
    assert "episode" not in info

    obs, reward, over, cut, info = many.step(np.array([3, 2, 0]))
    assert obs.tolist() == [seen(3, 4, 4, 0.5), seen(2, 0, 0, 0.5), seen(0, 2, 4, 0)]
    assert (reward.tolist(), over.tolist()) == ([4, 0, 2], [False, False, True])
    check(info, t=[1, 1, 2], score=[4, 0, 2], incumbent_score=[4, 0, 4])
    assert info["episode"]["r"].tolist() == [0, 0, 6] and info["episode"]["l"].tolist() == [0, 0, 2]

    obs, reward, over, cut, info = many.step(np.array([STOP, 0, 1]))
    assert obs.tolist() == [seen(3, 4, 4, 0.5), seen(0, 2, 2, 0), BLANK]
    assert (reward.tolist(), over.tolist()) == ([0, 2, 0], [True, True, False])
    assert info["episode"]["r"].tolist() == [4, 2, 0] and info["episode"]["l"].tolist() == [2, 2, 0]
    obs, reward, over, cut, info = many.step(np.array([0, 0, STOP]))
    assert obs.tolist() == [BLANK] * 3
    assert (reward.tolist(), over.tolist()) == ([0, 0, 0], [False, False, True])
    obs, reward, over, cut, info = many.step(np.array([0, 1, 2]))
    assert obs.tolist() == [seen(0, 2, 2, 0.5), seen(1, 6, 6, 0.5), BLANK]
    obs, reward, over, cut, info = many.step(np.array([0, 1, 2]))
    assert (reward.tolist(), over.tolist()) == ([2, 6, 0], [True, True, False])
    assert obs.tolist() == [seen(0, 2, 2, 0), seen(1, 6, 6, 0), seen(2, 0, 0, 0.5)]


def test_where_all_end_together_all_begin_in_the_next_step() -> None:
    many = vector(2, toys.square(), "NEXT_STEP", codec="pool")
    many.reset(seed=0)
    assert many.step(np.array([0, 1]))[2].tolist() == [False, False]
    obs, reward, over, _, info = many.step(np.array([1, 1]))
    assert (obs.tolist(), reward.tolist(), over.tolist()) == ([seen(1, 6, 6, 0)] * 2, [6, 6], [True, True])
    assert info["episode"]["r"].tolist() == [8, 12] and info["episode"]["l"].tolist() == [2, 2]
    assert info["_episode"].tolist() == [True, True]
    obs, reward, over, cut, info = many.step(np.array([3, 3]))
    assert (obs.tolist(), reward.tolist(), over.any(), cut.any()) == ([BLANK] * 2, [0, 0], False, False)
    check(info, t=[0, 0], score=[NAN, NAN])
    assert not np.shares_memory(over, cut) and [many.history(i).scores for i in (0, 1)] == [(), ()]
    with pytest.raises(InvalidValueError, match="An action must lie in"):
        many.step(np.array([3, 4]))
    assert many.step(np.array([3, 3]))[1].tolist() == [4, 4]
    assert many.step(np.array([3, 3]))[4]["episode"]["r"].tolist() == [8, 8]
    with pytest.raises(InvalidValueError, match="An action must lie in"):
        many.step(np.array([0, 9]))  # ignored actions are checked too


def test_in_the_same_step_a_run_that_has_ended_begins_at_once() -> None:
    many = vector(3, toys.square(), "SAME_STEP")
    many.reset(seed=0)
    obs, reward, over, _, info = many.step(np.array([0, 1, STOP]))
    assert obs.tolist() == [seen(0, 2, 2, 0.5), seen(1, 6, 6, 0.5), BLANK]
    assert (reward.tolist(), over.tolist()) == ([2, 6, 0], [False, False, True])
    check(info, t=[1, 1, 0], score=[2, 6, NAN], incumbent_score=[2, 6, NAN])
    assert info["_final_obs"].tolist() == [False, False, True] == info["_final_info"].tolist()
    assert info["final_obs"][2].tolist() == BLANK and info["final_obs"][0] is None
    check(info["final_info"], t=[1, 1, 0], score=[2, 6, NAN])

    obs, reward, over, _, info = many.step(np.array([1, STOP, 3]))
    assert obs.tolist() == [BLANK, BLANK, seen(3, 4, 4, 0.5)]
    assert (reward.tolist(), over.tolist()) == ([6, 0, 4], [True, True, False])
    check(info, t=[0, 0, 1], score=[NAN, NAN, 4], incumbent_score=[NAN, NAN, 4], cost=[0, 0, 1])
    assert [o if o is None else o.tolist() for o in info["final_obs"]] == [
        seen(1, 6, 6, 0), seen(1, 6, 6, 0.5), None,
    ]  # fmt: skip
    check(info["final_info"], t=[2, 1, 1], score=[6, NAN, 4], incumbent_score=[6, 6, 4])
    assert info["episode"]["r"].tolist() == [8, 6, 0] and info["episode"]["l"].tolist() == [2, 2, 0]
    assert info["_episode"].tolist() == [True, True, False]

    obs, reward, over, _, info = many.step(np.array([0, 0, 0]))
    assert obs.tolist() == [seen(0, 2, 2, 0.5)] * 2 + [BLANK]
    assert (reward.tolist(), over.tolist()) == ([2, 2, 2], [False, False, True])
    assert info["final_obs"][2].tolist() == seen(0, 2, 4, 0) and info["episode"]["r"].tolist() == [0, 0, 6]
    obs, reward, over, _, info = many.step(np.array([STOP, 1, STOP]))
    assert obs.tolist() == [BLANK] * 3 and over.tolist() == [True] * 3
    assert [o.tolist() for o in info["final_obs"]] == [seen(0, 2, 2, 0.5), seen(1, 6, 6, 0), BLANK]
    check(info, t=[0, 0, 0], score=[NAN] * 3)
    check(info["final_info"], t=[1, 2, 0], incumbent_score=[2, 6, NAN])
    assert info["episode"]["r"].tolist() == [2, 8, 0] and info["episode"]["l"].tolist() == [2, 2, 1]
    assert many.step(np.array([2, 2, 2]))[1].tolist() == [0, 0, 0]


def test_where_all_end_together_in_the_same_step() -> None:
    many = vector(2, toys.square(), "SAME_STEP", codec="pool", budget=1)
    many.reset(seed=0)
    for _ in range(3):
        obs, reward, over, _, info = many.step(np.array([0, 3]))
        assert (obs.tolist(), reward.tolist(), over.tolist()) == ([BLANK] * 2, [2, 4], [True, True])
        assert [o.tolist() for o in info["final_obs"]] == [seen(0, 2, 2, 0), seen(3, 4, 4, 0)]
        assert info["_final_obs"].tolist() == [True, True]
        check(info, t=[0, 0], score=[NAN, NAN])
        check(info["final_info"], t=[1, 1], score=[2, 4])
        assert info["episode"]["r"].tolist() == [2, 4] and info["episode"]["l"].tolist() == [1, 1]


def test_final_observations_that_are_dictionaries() -> None:
    many = vector(2, toys.square(), "SAME_STEP", observer="tokens")
    many.reset(seed=0)
    _, _, _, _, info = many.step(np.array([1, STOP]))
    assert info["final_obs"][0] is None and info["final_obs"][1]["mask"].tolist() == [0, 0]
    *_, info = many.step(np.array([0, 0]))
    last = info["final_obs"][0]
    assert last["mask"].tolist() == [1, 1] and last["history_y"].tolist() == [6, 2] and last["left"].tolist() == [0]
    assert info["final_obs"][1] is None


def test_where_autoreset_is_disabled_a_run_that_has_ended_waits_for_reset() -> None:
    many = vector(3, toys.square(), "DISABLED")
    many.reset(seed=0)
    assert many.step(np.array([0, STOP, 1]))[2].tolist() == [False, True, False]
    with pytest.raises(StateError, match=r"Runs \[1\] have ended"):
        many.step(np.array([0, 0, 0]))
    obs, info = many.reset(options={"reset_mask": np.array([False, True, False])})
    assert obs.tolist() == [seen(0, 2, 2, 0.5), BLANK, seen(1, 6, 6, 0.5)]
    check(info, t=[1, 0, 1], score=[2, NAN, 6], incumbent_score=[2, NAN, 6], cost=[1, 0, 1])
    obs, reward, over, _, info = many.step(np.array([3, 3, 3]))
    assert (reward.tolist(), over.tolist()) == ([4, 4, 4], [True, False, True])
    assert info["episode"]["r"].tolist() == [6, 0, 10] and info["episode"]["l"].tolist() == [2, 0, 2]
    with pytest.raises(StateError, match=r"Runs \[0, 2\] have ended"):
        many.step(np.array([0, 0, 0]))
    many.reset(options={"reset_mask": np.array([True, False, False])})
    with pytest.raises(StateError, match=r"Runs \[2\] have ended"):
        many.step(np.array([0, 0, 0]))
    many.reset(options={"reset_mask": np.array([False, False, True])})
    obs, reward, over, _, _ = many.step(np.array([2, 2, 2]))
    assert obs.tolist() == [seen(2, 0, 0, 0.5), seen(2, 0, 4, 0), seen(2, 0, 0, 0.5)]
    assert over.tolist() == [False, True, False]


def test_episodes_of_fidelities_that_end_apart() -> None:
    codec = {"name": "pool", "fidelity": True}
    many = hpo_gym.HPOVectorEnv(2, toys.levels(), task="b", budget=1, codec=codec, autoreset_mode="NEXT_STEP")
    many.reset(seed=0)
    _, reward, over, _, info = many.step(np.array([[0, FULL], [0, HALF]]))
    assert (reward.tolist(), over.tolist(), info["fidelity"].tolist()) == ([8, 7.5], [True, False], [1, 0.5])
    obs, reward, over, _, info = many.step(np.array([[0, FULL], [1, FULL]]))
    assert (reward.tolist(), over.tolist()) == ([0, 3.5], [False, True])
    assert obs.tolist() == [BLANK, seen(1, 3.5, 7.5, 0)]
    check(info, t=[0, 2], score=[NAN, 3.5], cost=[0, 2])
    obs, reward, over, _, info = many.step(np.array([[2, QUARTER], [1, FULL]]))
    assert (reward.tolist(), over.tolist()) == ([9, 0], [False, False])
    assert obs.tolist() == [seen(2, 9, 9, 0.75), BLANK]
    assert many.step(np.array([[2, FULL], [1, FULL]]))[4]["fidelity"].tolist() == [0.5, 1]
    assert many.step(np.array([[2, FULL], [1, FULL]]))[2].tolist() == [True, False]


def test_given_points_of_runs_that_begin_apart() -> None:
    many = vector(2, toys.square(), "SAME_STEP", n_init=1)
    many.reset(seed=[7, 8])
    batch = batch_of(toys.square().members)

    def first(seed: int, episode: int) -> int:
        instance = np.array([mixed(seed, episode)], np.uint64)
        return int(given_points(batch, np.array([0]), instance, 1)[0, 0])

    score = toys.SCORE[0]
    row, other = first(7, 1), first(8, 1)
    obs, *_, info = many.step(np.array([row, STOP]))
    fresh = first(8, 2)
    assert obs.tolist() == [seen(row, score[row], score[row], 0.5), seen(fresh, score[fresh], score[fresh], 1)]
    assert info["final_obs"][1].tolist() == seen(other, score[other], score[other], 1)
    assert info["t"].tolist() == [2, 1] and many.history(1).scores == (score[fresh],)
    assert many.history(1).n_init == 1


def test_given_points_are_told_apart_from_trials_after_a_reset_by_mask() -> None:
    many = vector(2, toys.square(), "DISABLED", n_init=1)
    many.reset(seed=[7, 8])
    many.step(np.array([0, STOP]))
    _, info = many.reset(options={"reset_mask": np.array([False, True])})
    assert info["t"].tolist() == [2, 1]
    assert info["score"][0] == 2 and np.isnan(info["score"][1])


def test_off_a_table_costs_and_statuses_are_the_runs_own() -> None:
    codec = {"name": "box", "stop": True}
    many = hpo_gym.HPOVectorEnv(2, toys.slopes(), task="b", budget=2, codec=codec, autoreset_mode="NEXT_STEP")
    many.reset(seed=0)
    go, halt = [1.0, 0.0, -1.0], [0.0, 0.0, 1.0]
    _, reward, over, _, info = many.step(np.array([go, halt], np.float32))
    assert (reward.tolist(), over.tolist()) == ([0, 0], [False, True])  # 8 * .5 - 4 * 1
    assert (info["cost"].tolist(), info["status"].tolist()) == ([3, 0], [1, 0])
    _, reward, over, _, info = many.step(np.array([[-1.0, 1.0, 0.0], go], np.float32))
    assert (reward.tolist(), over.tolist()) == ([8, 0], [True, False])
    assert (info["cost"].tolist(), info["status"].tolist()) == ([3, 0], [0, 0])


def test_off_a_table_a_run_that_was_reset_by_mask_has_no_cost_yet() -> None:
    many = hpo_gym.HPOVectorEnv(2, toys.slopes(), task="b", budget=2, codec="box", autoreset_mode="DISABLED")
    many.reset(seed=0)
    many.step(np.ones((2, 2), np.float32))
    _, info = many.reset(options={"reset_mask": [False, True]})
    assert (info["cost"].tolist(), info["status"].tolist(), info["t"].tolist()) == ([3, 0], [1, 0], [1, 0])


def test_tasks_can_be_chosen_at_reset() -> None:
    many = hpo_gym.HPOVectorEnv(3, toys.square(), codec="pool", autoreset_mode="DISABLED", budget=2)
    for names, codes in ((["b", "a", "b"], [1, 0, 1]), ("b", [1, 1, 1]), (("a", "a", "b"), [0, 0, 1])):
        _, info = many.reset(seed=0, options={"task": names})
        assert info["task_index"].tolist() == codes
    assert many.step(np.array([0, 1, 2]))[1].tolist() == [2, 6, 10]
    _, info = many.reset(options={"task": ["b", "b"], "reset_mask": np.array([True, True, False])})
    assert info["task"].tolist() == ["b", "b", "b"] and info["t"].tolist() == [0, 0, 1]
    assert many.step(np.array([0, 1, 2]))[1].tolist() == [8, 4, 10]


def test_infos_that_are_made_when_asked_for_are_a_dictionary_all_the_same() -> None:
    names = {"task", "task_index", "score", "incumbent_score", "fidelity", "cost", "status", "t"}
    more = {"final_obs", "_final_obs", "final_info", "_final_info", "episode", "_episode"}
    many = vector(2, toys.square(), "SAME_STEP")
    _, begun = many.reset(seed=0)
    *_, plain = many.step(np.array([0, 1]))
    *_, mixed_info = many.step(np.array([0, STOP]))
    for info, expected in ((begun, names), (plain, names), (mixed_info, names | more)):
        assert all(key in info for key in expected) and "none" not in info
        assert set(info) == set(info.keys()) == expected and len(info) == len(expected)
        assert info.get("t") is info["t"] and info.get("none", 3) == 3 and info.get("none") is None
        assert {k: id(v) for k, v in info.items()} == {k: id(info[k]) for k in expected}
        assert sorted(map(id, info.values())) == sorted(id(info[k]) for k in expected)
        copied = info.copy()
        assert type(copied) is dict and info == copied and info != {} and repr(info) == repr(copied)
        again = pickle.loads(pickle.dumps(info))  # noqa: S301 - our own bytes
        assert type(again) is dict and again["t"].tolist() == info["t"].tolist()
    assert plain["fidelity"].tolist() == [1, 1] and plain["cost"].tolist() == [1, 1]
    assert begun["status"].dtype == np.int8 and begun["status"].tolist() == [0, 0]


# ---------------------------------------------------------------------------------------------- truncation
def test_an_episode_is_truncated_after_so_many_steps() -> None:
    many = vector(2, toys.square(), "NEXT_STEP", budget=5, max_episode_steps=2)
    many.reset(seed=0)
    _, _, over, cut, info = many.step(np.array([0, STOP]))
    assert (over.tolist(), cut.tolist()) == ([False, True], [False, False])
    obs, reward, over, cut, info = many.step(np.array([1, 0]))
    assert (over.tolist(), cut.tolist(), reward.tolist()) == ([False, False], [True, False], [6, 0])
    assert info["episode"]["r"].tolist() == [8, 0] and info["episode"]["l"].tolist() == [2, 0]
    assert obs.tolist() == [pytest.approx(seen(1, 6, 6, 0.6)), BLANK]
    _, reward, over, cut, info = many.step(np.array([1, 0]))
    assert (over.any(), cut.any(), reward.tolist()) == (False, False, [0, 2])
    _, _, over, cut, info = many.step(np.array([1, STOP]))  # ends by itself in its last step: both, as with TimeLimit
    assert (over.tolist(), cut.tolist()) == ([False, True], [False, True])
    assert info["_episode"].tolist() == [False, True]


def test_all_are_truncated_together() -> None:
    many = vector(2, toys.square(), "SAME_STEP", budget=5, max_episode_steps=2, statistics=False)
    many.reset(seed=0)
    many.step(np.array([0, 1]))
    obs, _, over, cut, info = many.step(np.array([0, 1]))
    assert (obs.tolist(), over.any(), cut.tolist()) == ([BLANK] * 2, False, [True, True])
    assert "episode" not in info and [o[2] for o in info["final_obs"]] == [2, 6]
    assert not many.step(np.array([0, 1]))[3].any()
    late = vector(2, toys.square(), "SAME_STEP", budget=2, max_episode_steps=2)
    late.reset(seed=0)
    late.step(np.array([0, 1]))
    _, _, over, cut, _ = late.step(np.array([0, 1]))
    assert over.all() and cut.all()


def test_seconds_of_episodes_by_a_clock_that_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    with monkeypatch.context() as patch:
        patch.setattr(time, "perf_counter", iter([10.0, 12.0, 15.0, 16.0, 18.0, 26.0, 50.0, 57.0]).__next__)
        many = vector(2, toys.square(), "NEXT_STEP")
        many.reset(seed=0)  # 10
        *_, info = many.step(np.array([0, STOP]))  # 12
        assert info["episode"]["t"].tolist() == [0, 2]
        *_, info = many.step(np.array([0, 0]))  # 15; the second begins at 16
        assert info["episode"]["t"].tolist() == [5, 0]
        many.step(np.array([0, 0]))  # the first begins at 18
        *_, info = many.step(np.array([0, 0]))  # 26
        assert info["episode"]["t"].tolist() == [0, 10]
        many.reset()  # 50
        many.step(np.array([0, 0]))
        *_, info = many.step(np.array([0, 0]))  # 57, both
        assert info["episode"]["t"].tolist() == [7, 7]


def test_statistics_can_be_left_out() -> None:
    many = vector(2, toys.square(), "NEXT_STEP", statistics=False)
    many.reset(seed=0)
    many.step(np.array([0, STOP]))
    *_, info = many.step(np.array([0, STOP]))
    assert "episode" not in info and "_episode" not in info


# ---------------------------------------------------------------------------------------------- the kernel by itself
def kernel(n: int, suite: Any, codec: Any = "pool", observer: Any = "last", budget: float = 2.0, **more: Any) -> Kernel:
    parts = make_parts(observer, codec, more.pop("reward", "score"), duplicates=more.pop("duplicates", "allow"))
    fidelities = suite.members[0].fidelities
    n_init = more.pop("n_init", 0)
    h = horizon(budget, fidelities if parts.codec.fidelity else (1.0,)) + n_init
    batch = batch_of(suite.members)
    given = Contexts(suite.space, view_of(batch), budget, suite.scale(), None, n_init, h, fidelities)
    out = Kernel(batch, given, parts, n)
    out.seed(np.arange(n), np.arange(n, dtype=np.uint64))
    return out


def some(*numbers: int) -> Which:
    return Which(np.array(numbers))


def ended(one: Kernel) -> list[int] | str:
    """Positions of the runs whose episode has ended, or "all"."""
    found = one.ended()
    assert found.none == (not found.positions(one.n).size)
    return "all" if found.all else found.positions(one.n).tolist()


def test_a_kernel_keeps_what_its_parts_need() -> None:
    plain = kernel(2, toys.square()).runs
    assert isinstance(plain._path, FusedRows) and plain.kept == {}
    assert list(kernel(2, toys.square(), observer="history").runs.kept) == ["history"]
    assert list(kernel(2, toys.square(), observer="summary").runs.kept) == ["incumbent_at", "incumbent_trial"]
    assert list(kernel(2, toys.square(), codec="move").runs.kept) == ["incumbent_at"]
    assert list(kernel(2, toys.square(), duplicates="penalize").runs.kept) == ["repeated"]
    assert kernel(2, toys.square(), observer="tokens").runs._path.__class__ is Rows
    assert list(kernel(2, toys.levels(), POOL_LEVEL).runs.kept) == ["fidelity", "best_fidelity", "spent"]
    runs = kernel(3, toys.square(), budget=4.0, n_init=2).runs
    assert (runs.n, runs.h, runs.budget) == (3, 6, 4.0)


def test_before_the_first_episode_all_wait() -> None:
    one = kernel(2, toys.square())
    assert one.over.tolist() == [True, True] and one.waiting
    assert one.idle is None and one.stopped is None
    one.begin(ALL_RUNS)
    assert one.over.tolist() == [False, False] and not one.waiting
    one.finish(some(1))
    assert one.over.tolist() == [False, True] and one.waiting
    one.begin(some(1))
    assert not one.over.any() and not one.waiting
    one.finish(ALL_RUNS)
    assert one.over.all() and one.waiting
    one.begin(some(0))
    assert one.over.tolist() == [False, True] and one.waiting


def test_everybody_and_some_and_nobody_have_ended() -> None:
    one = kernel(3, toys.square(), POOL_STOP)
    one.begin(ALL_RUNS, np.array([0, 0, 1]))
    one.step(np.array([0, 0, 0]))
    assert ended(one) == [] and one.idle is None and one.stopped is None
    assert one.step(np.array([1, 1, 1])).tolist() == [6, 6, 4]
    assert ended(one) == "all"
    one.finish(ALL_RUNS)
    one.begin(ALL_RUNS, np.array([0, 0, 0]))
    assert one.step(np.array([STOP, 0, 0])).tolist() == [0, 2, 2]
    assert ended(one) == [0] and one.idle is not None and one.idle.tolist() == [True, False, False]
    assert one.stopped is not None and one.stopped.tolist() == [True, False, False]
    one.finish(some(0))
    skip = one.over.copy()
    one.step(np.array([0, STOP, 0]), skip)
    assert ended(one) == [1, 2] and one.idle.tolist() == [True, True, False]  # 1 stops, the budget of 2 is spent
    assert one.stopped is not None and one.stopped.tolist() == [False, True, False]
    one.finish(some(1, 2))
    one.begin(some(0), np.array([0]))
    one.step(np.array([3, 3, 3]), one.over.copy())
    assert ended(one) == [] and one.stopped is None
    one.step(np.array([3, 3, 3]), one.over.copy())
    assert ended(one) == [0]


def test_an_end_that_was_foreseen_and_overtaken_by_a_stop_is_no_end() -> None:
    one = kernel(2, toys.square(), POOL_STOP, budget=3.0)
    one.begin(ALL_RUNS, np.array([0, 0]))
    one.step(np.array([STOP, 0]))
    assert ended(one) == [0]
    one.finish(some(0))
    one.begin(some(0), np.array([0]))  # one step later than the other
    one.step(np.array([0, 0]))
    assert ended(one) == []
    one.step(np.array([0, 0]))
    assert ended(one) == [1]  # the first began a step later
    one.finish(some(1))
    one.begin(some(1), np.array([0]))
    one.step(np.array([0, 0]))
    assert ended(one) == [0]
    one.finish(some(0))
    one.begin(some(0), np.array([0]))
    one.step(np.array([0, STOP]))
    assert ended(one) == [1]
    one.finish(some(1))
    one.begin(some(1), np.array([0]))
    one.step(np.array([0, 0]))
    assert ended(one) == []  # where the second would have ended
    one.step(np.array([0, 0]))
    assert ended(one) == [0]


def test_several_episodes_that_began_apart_may_end_together() -> None:
    one = kernel(3, toys.square(), budget=2.0)
    one.begin(ALL_RUNS, np.array([0, 0, 0]))
    one.step(np.array([0, 0, 0]))
    one.begin(some(0), np.array([0]))  # one after the other, at the same time
    one.begin(some(2), np.array([0]))
    one.step(np.array([0, 0, 0]))
    assert ended(one) == [1]
    one.begin(some(1), np.array([0]))
    one.step(np.array([0, 0, 0]))
    assert ended(one) == [0, 2]


def test_those_that_are_over_do_not_end_again() -> None:
    one = kernel(2, toys.levels(), POOL_LEVEL, budget=1.0)
    one.begin(ALL_RUNS, np.array([1, 1]))
    one.step(np.array([[0, FULL], [0, HALF]]))
    assert ended(one) == [0]
    one.finish(some(0))
    one.step(np.array([[0, FULL], [0, QUARTER]]), np.array([True, False]))
    assert ended(one) == []
    one.step(np.array([[0, FULL], [0, FULL]]), np.array([True, False]))
    assert ended(one) == [1] and one.runs.last_fidelity()[1] == 0.25


def test_a_refused_action_changes_nothing() -> None:
    one = kernel(2, toys.square())
    one.begin(ALL_RUNS, np.array([0, 1]))
    one.step(np.array([1, 1]))
    with pytest.raises(InvalidValueError, match="An action must lie in"):
        one.step(np.array([0, 7]))
    assert one.runs.t == 1 and [one.runs.view(i).scores for i in (0, 1)] == [(6,), (4,)]


def test_improvement_of_the_only_run() -> None:
    one = kernel(1, toys.square(), budget=4.0)
    one.begin(ALL_RUNS, np.array([0]))
    got = []
    for row in (0, 1, 1, 3):
        one.step(np.array([row]))
        got.append(one.improved)
    assert got == [True, True, False, False]
    one = kernel(1, toys.levels(), POOL_LEVEL, budget=4.0)
    one.begin(ALL_RUNS, np.array([1]))
    got = []
    for action in ((2, QUARTER), (1, HALF), (2, QUARTER), (0, HALF), (0, HALF)):
        one.step(np.array([action]))
        got.append(one.improved)
    assert got == [True, True, False, True, False]
    assert one.stopped is None


def test_observations_of_runs_that_have_just_begun() -> None:
    one = kernel(3, toys.square())
    one.begin(ALL_RUNS, np.array([0, 0, 1]))
    assert one.observe().tolist() == [BLANK] * 3
    one.step(np.array([0, 1, 2]))
    one.begin(some(0, 2), np.array([1, 1]))
    assert one.observe_some(np.array([0, 2])).tolist() == [BLANK]  # all look alike: one for all
    assert one.observe().tolist() == [BLANK, seen(1, 6, 6, 0.5), BLANK]
    given = kernel(2, toys.square(), n_init=1)
    given.begin(ALL_RUNS, np.array([0, 0]))
    rows = given.runs.at[-1].tolist()
    expected = [seen(r, toys.SCORE[0][r], toys.SCORE[0][r], 1) for r in rows]
    assert given.observe_some(np.array([1, 0])).tolist() == expected[::-1]


def test_a_run_that_stopped_at_once_stays_blank_while_it_waits() -> None:
    one = kernel(2, toys.square(), POOL_STOP, observer="last")
    one.begin(ALL_RUNS, np.array([0, 1]))
    one.step(np.array([STOP, 1]))
    assert one.observe().tolist() == [BLANK, seen(1, 4, 4, 0.5)]
    one.finish(some(0))
    one.step(np.array([3, 0]), one.over.copy())
    assert one.observe().tolist() == [BLANK, seen(0, 8, 8, 0)]


def test_nothing_is_computed_from_scores_of_no_trial() -> None:
    many = vector(2, toys.square(), "NEXT_STEP", scores="rank", observer="summary")
    many.reset(seed=0)
    with np.errstate(all="raise"):
        obs, *_ = many.step(np.array([STOP, 0]))
    assert obs[0].tolist() == [0, 0, 0, 0, 0, 0, 1, 0, 0]


def test_observations_with_a_context_differ_by_task_from_the_start() -> None:
    meta = [{"rows": 0.0}, {"rows": math.e - 1.0}]
    suite = hpo_gym.table_suite(
        "Meta", toys.SPACE, np.array(toys.X), np.array(toys.SCORE, "f4"), tasks=["a", "b"], splits=toys.TRAIN,
        meta_features=meta,
    )  # fmt: skip
    one = kernel(2, suite, observer={"name": "last", "context": True})
    one.begin(ALL_RUNS, np.array([0, 1]))
    assert one.observe_some(np.array([0, 1])).tolist() == [[*BLANK, -1, 1], [*BLANK, 1, 1]]


def test_spaces_and_masks_are_the_parts() -> None:
    one = kernel(2, toys.levels(), POOL_STOP)
    seen_space, action_space = one.spaces()
    assert seen_space.shape == (5,) and action_space.n == 5
    one.begin(ALL_RUNS, np.array([0, 1]))
    assert one.masks().tolist() == [[True, True, True, False, True], [True] * 5]


def test_parts_of_observations_are_written_and_picked() -> None:
    whole = np.arange(6.0).reshape(3, 2)
    assert put(whole.copy(), np.array([2]), np.array([9.0, 8.0])).tolist() == [[0, 1], [2, 3], [9, 8]]
    assert pick(whole, some(2, 0)).tolist() == [[4, 5], [0, 1]] and pick(whole, ALL_RUNS).tolist() == whole.tolist()
    both = {"x": whole.copy(), "y": np.array([1, 2, 3])}
    got = put(both, np.array([0, 1]), {"x": np.zeros((2, 2)), "y": np.array([7, 8])})
    assert got is both and got["x"].tolist() == [[0, 0], [0, 0], [4, 5]] and got["y"].tolist() == [7, 8, 3]
    picked = pick(both, some(2))
    assert picked["x"].tolist() == [[4, 5]] and picked["y"].tolist() == [3]
    picked["y"][0] = 0
    assert both["y"].tolist() == [7, 8, 3]


# ---------------------------------------------------------------------------------------------- parts by name
def test_parts_are_made_from_names_options_and_objects() -> None:
    parts = make_parts("last", {"name": "pool", "candidates": None, "stop": True}, "score")
    assert isinstance(parts.observer, Last) and isinstance(parts.observer.served, Raw)
    assert isinstance(parts.codec, Pool) and parts.codec.stop and not parts.codec.fidelity
    assert isinstance(parts.reward, Score) and parts.duplicates == "allow"
    mine = (Last(), Box(), Score())
    parts = make_parts(*mine, "global", "penalize")
    assert (parts.observer, parts.codec, parts.reward, parts.duplicates) == (*mine, "penalize")
    assert isinstance(make_parts("last", "box", "score", "global").observer.served, Global)
    assert isinstance(make_part(OBSERVERS, "last"), Last) and make_part(OBSERVERS, mine[0]) is mine[0]
    assert isinstance(make_parts("last", {"name": "move", "levels": 3}, "score").codec, Move)


@pytest.mark.parametrize(
    ("wrong", "words"),
    [
        ({"codec": {"stop": True}}, r'A codec must be a name or \{"name": \.\., option: \.\.\}'),
        ({"codec": {"name": 3}}, "A codec must be a name or"),
        ({"codec": 3}, r"The \w+ must be a name, .* or a Codec .*, got 3"),
        ({"observer": 3}, r"The \w+ must be a name, .* or a Observer .*, got 3"),
        ({"reward": 7}, r"The \w+ must be a name, .* or a Reward .*, got 7"),
        ({"codec": {"name": "box", "stop": 1}}, "`stop` of codec 'box' must be bool, got 1"),
        ({"codec": {"name": "move", "levels": True}}, "`levels` of codec 'move' must be int, got True"),
        ({"codec": {"name": "move", "levels": "5"}}, "`levels` of codec 'move' must be int, got '5'"),
        ({"codec": {"name": "pool", "candidates": 2.0}}, r"`candidates` of codec 'pool' must be int \| None, got 2\.0"),
        ({"codec": "box", "duplicates": "mask"}, "`duplicates='mask'` needs the codec 'pool'"),
    ],
)
def test_parts_that_are_none_are_refused(wrong: dict[str, Any], words: str) -> None:
    with pytest.raises(InvalidValueError, match=words):
        env(toys.square(), **wrong)


@pytest.mark.parametrize("deferred", [True, False])
def test_options_of_any_plain_type_are_checked(deferred: bool) -> None:
    class Word(Box):
        def __init__(self, word: str = "a", share: float = 0.5, flag: bool | None = None, rest: list[int] = ()) -> None:
            super().__init__()
            self.given = word, share, flag, rest

    if not deferred:  # as in a module without `from __future__ import annotations`
        Word.__init__.__annotations__ = {"word": str, "share": float, "flag": bool | None, "rest": list[int]}
    things: Registry[Any] = Registry("thing")
    things.register("word")(Word)
    good = {"name": "word", "word": "b", "share": 1, "flag": None, "rest": "unchecked"}
    assert make_part(things, good).given == ("b", 1, None, "unchecked")
    for wrong in ({"word": 3}, {"share": "x"}, {"share": True}, {"share": None}, {"flag": 1}):
        (key,) = wrong
        with pytest.raises(InvalidValueError, match=f"`{key}` of thing 'word' must be"):
            make_part(things, {"name": "word", **wrong})


def test_scores_are_a_name() -> None:
    with pytest.raises(InvalidValueError, match="`scores` must be a name, got 3"):
        make_parts("last", "box", "score", 3)  # type: ignore[arg-type]


def test_observer_and_codec_draw_the_same_candidates() -> None:
    with pytest.raises(InvalidValueError, match="must draw the same `candidates`, got 3 and 2"):
        Parts(PoolObserver(3), Pool(2), Score())
    with pytest.raises(InvalidValueError, match="must draw the same `candidates`, got 3 and None"):
        Parts(PoolObserver(3), Pool(), Score())
    assert Parts(PoolObserver(3), Pool(3), Score()).duplicates == "allow"
    assert Parts(Last(), Pool(3), Score(), "mask").duplicates == "mask"
    assert Parts(PoolObserver(3), Box(), Score()).observer.candidates == 3


def test_modes_by_name_and_by_value() -> None:
    for mode in AutoresetMode:
        for name in (mode, mode.name, mode.value):
            assert vector(1, toys.square(), name).metadata["autoreset_mode"] is mode
    with pytest.raises(UnknownNameError, match="autoreset mode"):
        vector(1, toys.square(), "SAME")
