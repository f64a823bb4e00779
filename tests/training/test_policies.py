"""The suite `Policies`: physics and evolution strategy by hand, the same bits in any company, and the env."""

from __future__ import annotations

import math
from typing import Any

import gymnasium as gym
import numpy as np
import pytest
from gymnasium.utils.env_checker import check_env

import hpo_gym
from hpo_gym.base import seeding
from hpo_gym.base.errors import DamagedDataError, HPOGymError, InvalidValueError
from hpo_gym.env.env import HPOEnv
from hpo_gym.env.vector import HPOVectorEnv
from hpo_gym.optimize.rollouts import Run
from hpo_gym.problem.batches import batch_of
from hpo_gym.problem.space import Points
from hpo_gym.problem.suite import SPLITS
from hpo_gym.problem.trial import Query
from hpo_gym.suites.load import load_suite
from hpo_gym.suites.policies import policies_with
from hpo_gym.suites.tasks.policies import evolutions
from hpo_gym.suites.tasks.policies.evolutions import Evolutions
from hpo_gym.suites.tasks.policies.families import BY_NAME, FAMILIES
from hpo_gym.suites.tasks.policies.physics import PHYSICS
from hpo_gym.suites.tasks.policies.policy import HIDDEN, Policies, initial, mean_square, returns, size
from hpo_gym.suites.tasks.policies.setup import Setup
from hpo_gym.suites.tasks.policies.signals import AT, MOST, SIGNALS, scaled
from hpo_gym.suites.tasks.policies.strategy import noise, step
from hpo_gym.suites.tasks.policies.task import PolicyBatch

KEEP = 8
SMALL = Setup(pairs=3, starts=2, steps=12)


def column(*values: float) -> np.ndarray:
    return np.array(values, float)[:, None]


# ---------------------------------------------------------------------- physics by hand
def test_a_step_of_the_cart_pole_by_hand() -> None:
    """Cart 1 kg, pole 1 kg of half-length 1 m, friction 1, force 4, upright at rest but for the cart's .5 m/s."""
    constants, state = column(10, 1, 1, 1, 1, 4), column(0.1, 0.5, 0, 0)
    push = (4 * 0.5 - 1 * 0.5) / 2  # .75
    turn = -push / (4 / 3 - 1 / 2)  # -.9
    speed = 0.5 + 0.03 * (push - turn / 2)  # .536
    out = PHYSICS["cartpole"].step(state, column(0.5), constants)
    assert out[:, 0] == pytest.approx([0.1 + 0.03 * speed, speed, 0.03 * 0.03 * turn, 0.03 * turn])
    assert speed == pytest.approx(0.536) and turn == pytest.approx(-0.9)
    tilted = PHYSICS["cartpole"].step(column(0, 0, 0.5, 2), column(0), constants)  # sine .479, cosine .878
    sin, cos = math.sin(0.5), math.cos(0.5)
    push = 4 * sin / 2
    turn = (10 * sin - cos * push) / (4 / 3 - cos * cos / 2)
    assert tilted[3, 0] == pytest.approx(2 + 0.03 * turn)
    assert tilted[1, 0] == pytest.approx(0.03 * (push - turn * cos / 2))


def test_a_pole_that_has_fallen_stays_and_gets_nothing() -> None:
    kind, constants = PHYSICS["cartpole"], column(10, 1, 1, 1, 1, 4)
    for state in (column(0, 1, 0.61, 1), column(-2.41, 1, 0, 1)):
        assert (kind.step(state, column(1), constants) == state).all() and kind.reward(state, constants) == 0
    assert kind.reward(column(1.2, 9, 0.3, 9), constants) == pytest.approx(1 - (0.25 + 0.25) / 2)
    assert kind.seen(column(1.2, 2.4, 0.3, 0.6), constants)[:, 0] == pytest.approx([0.5, 1, 0.5, 0.5])


def test_a_step_of_the_pendulum_by_hand() -> None:
    """At level the torque of strength 1 holds it; g / l = 10 / 2, damping .5, 1 rad/s."""
    kind, constants = PHYSICS["pendulum"], column(10, 3, 2, 0.5, 1)
    out = kind.step(column(math.pi / 2, 1), column(1), constants)
    speed = 1 - 0.05 * 0.5
    assert out[:, 0] == pytest.approx([math.pi / 2 + 0.05 * speed, speed])
    assert kind.step(column(math.pi / 2, 0), column(0), constants)[1, 0] == pytest.approx(-0.05 * 5)
    assert kind.step(column(0, 20), column(1), constants)[1, 0] == 20 - 0.05 * (10 - 5)
    assert kind.step(column(0, -20), column(-1), column(10, 3, 2, 0, 1))[1, 0] == -20
    assert kind.reward(column(math.pi, 0), constants) == 1 and kind.reward(column(0, 0), constants) == 0
    assert kind.reward(column(math.pi, 6), constants) == pytest.approx(0.5)


def test_the_undamped_pendulum_keeps_its_energy() -> None:
    """A symplectic step keeps it within O(step): here within 8 % over 500 s, with no trend."""
    kind, constants, state = PHYSICS["pendulum"], column(10, 1, 1, 0, 1), column(1.0, 0.0)
    energies = []
    for _ in range(10_000):
        state = kind.step(state, column(0), constants)
        energies.append(0.5 * state[1, 0] ** 2 + 10 * (1 - math.cos(state[0, 0])))
    start = 10 * (1 - math.cos(1.0))
    assert np.abs(np.array(energies) / start - 1).max() < 0.08
    assert np.mean(energies[:1000]) == pytest.approx(np.mean(energies[-1000:]), rel=2e-3)
    damped = column(1.0, 0.0)
    for _ in range(1000):
        damped = kind.step(damped, column(0), column(10, 1, 1, 0.5, 1))
    assert np.abs(damped).max() < 1e-3


def test_a_step_of_the_arm_by_hand() -> None:
    """Links of 1 m and 3 kg: the forearm has 1 about the elbow, and with a right angle nothing couples but that."""
    kind, constants = PHYSICS["reacher"], column(1, 1, 3, 3, 0.5, 2)
    right = column(0, math.pi / 2, 0, 0, 1, 1)
    out = kind.step(right, column(1, 0), constants)
    # near = 1 + 3 + 1, cross = 1, far = 1: det 4; a1 = 2 / 4, a2 = -2 / 4
    assert out[:, 0] == pytest.approx([0.05 * 0.025, math.pi / 2 - 0.05 * 0.025, 0.025, -0.025, 1, 1])
    moving = kind.step(column(0, math.pi / 2, 1, 2, 1, 1), column(0, 0), constants)
    one, two = -0.5 + 1.5 * 2 * (2 + 2), -1 - 1.5  # damping, and 3 / 2 for the coupling at a sine of 1
    assert moving[2:4, 0] == pytest.approx([1 + 0.05 * (one - two) / 4, 2 + 0.05 * (5 * two - one) / 4])
    assert kind.reward(right, constants) == pytest.approx(1)  # the tip is at (1, 1)
    assert kind.reward(column(0, 0, 0, 0, 0, 2), constants) == pytest.approx(1 - math.sqrt(8) / 4)
    assert kind.seen(right, constants)[:, 0] == pytest.approx([0, 1, 1, 0, 0, 0, 0, 0], abs=1e-12)


def test_the_undamped_arm_keeps_its_energy() -> None:
    """Kinetic energy of two rods, worked out from the speeds of their middles, at small steps of time."""
    kind, constants = PHYSICS["reacher"], column(1.2, 0.7, 2, 1.5, 0, 1)

    def energy(state: np.ndarray) -> float:
        p, q, v, w = state[:4, 0]
        bent, turning = p + q, v + w
        elbow = 1.2 * v * np.array([-math.sin(p), math.cos(p)])
        middle = elbow + 0.35 * turning * np.array([-math.sin(bent), math.cos(bent)])
        spin = 2 * 1.2**2 / 12 * v**2 + 1.5 * 0.7**2 / 12 * turning**2
        return float(0.5 * (2 * (elbow / 2) @ (elbow / 2) + 1.5 * middle @ middle + spin))

    state = column(0.3, 1.0, 0.1, -0.2, 1, 1)
    start = energy(state)
    for _ in range(200):
        state = kind.step(state, column(0, 0), constants)
    assert energy(state) == pytest.approx(start, rel=0.03)
    fast = column(0.3, 1.0, 2.0, -1.0, 1, 1)
    change = energy(kind.step(fast, column(0, 0), constants)) / energy(fast) - 1
    assert abs(change) < 0.01


@pytest.mark.parametrize("name", sorted(PHYSICS))
def test_starts_steps_and_rewards_are_within_what_is_promised(name: str) -> None:
    kind, rng = PHYSICS[name], np.random.default_rng(0)
    family = next(f for f in BY_NAME.values() if f.kind == name)
    constants = np.stack([family.constants(seed) for seed in range(500)], 1).astype(np.float32)
    state = kind.start(rng.random((kind.drawn, 500)).astype(np.float32), constants)
    for _ in range(200):
        seen = kind.seen(state, constants)
        assert seen.shape == (kind.inputs, 500) and seen.dtype == state.dtype == np.float32
        assert np.isfinite(seen).all() and np.abs(seen).max() < 20
        state = kind.step(state, rng.choice([-1, 1], (kind.outputs, 500)).astype(np.float32), constants)
        reward = kind.reward(state, constants)
        assert reward.shape == (500,) and (reward >= -1e-6).all() and (reward <= 1 + 1e-6).all()


def test_constants_are_drawn_by_the_name_within_the_regime() -> None:
    weak = np.array([BY_NAME["pendulum-weak"].constants(seed) for seed in range(3000)])
    strength = weak[:, PHYSICS["pendulum"].constants.index("strength")]
    assert strength.min() > 0.5 and strength.max() < 0.7 and len(set(strength.tolist())) == 3000
    assert np.log(strength).mean() == pytest.approx(math.log(math.sqrt(0.5 * 0.7)), abs=0.006)
    assert (BY_NAME["pendulum"].constants(3) != BY_NAME["pendulum-weak"].constants(3)).all()


# ---------------------------------------------------------------------- policies
def test_a_policy_by_hand() -> None:
    kind = PHYSICS["pendulum"]
    weights = np.zeros((size(kind), 2))
    weights[0 * HIDDEN + 2, 0] = 0.5  # first input to unit 2
    weights[3 * HIDDEN + 2, 0] = 0.1  # its bias
    weights[4 * HIDDEN + 2, 0] = 2.0  # unit 2 to the action
    weights[-1] = [0.3, -0.2]  # the action's bias
    out = Policies(kind, weights, np.array([10.0, 1.0]))(np.array([[0.2, 7], [5, 7], [5, 7]]))
    assert out == pytest.approx(np.array([[math.tanh(0.3 + 2 * math.tanh(0.5 * 10 * 0.2 + 0.1)), math.tanh(-0.2)]]))
    assert [size(PHYSICS[k]) for k in ("cartpole", "pendulum", "reacher")] == [49, 41, 90]


def test_the_first_policy_does_nothing_and_is_drawn_by_key() -> None:
    kind, key = PHYSICS["reacher"], np.arange(2000).astype(np.uint64)
    weights = initial(key, kind)
    hidden = weights[:, : HIDDEN * 8]
    assert hidden.mean() == pytest.approx(0, abs=0.01) and hidden.var() == pytest.approx(1 / 8, rel=0.02)
    assert not weights[:, HIDDEN * 8 :].any()
    seen = np.random.default_rng(0).normal(size=(8, 2000))
    assert not Policies(kind, weights.T.copy(), np.ones(2000))(seen).any()


def test_a_return_is_the_mean_reward_by_hand() -> None:
    kind, constants, weights = PHYSICS["pendulum"], column(10, 1, 1, 0, 1), np.zeros((41, 1))
    weights[-1] = math.atanh(0.5)  # the action's bias, so that it is .5 always
    state, rewards = column(1.0, 0.0), []
    for _ in range(3):
        state = kind.step(state, column(0.5), constants)
        rewards.append(kind.reward(state, constants).item())
    got = returns(Policies(kind, weights, np.ones(1)), column(1.0, 0.0), constants, steps=3, effort=0.8)
    assert got == pytest.approx(np.mean(rewards) * (1 - 0.8 * 0.25))
    assert mean_square(np.array([[1.0, 0.0], [0.5, -0.2]])) == pytest.approx([0.625, 0.02])


# ---------------------------------------------------------------------- the strategy
def test_a_generation_by_hand() -> None:
    """Two pairs, two weights: returns 3, 1 up and 1, 1 down have mean 1.5 and deviation sqrt(.75)."""
    drawn = np.array([[[1.0, 2.0], [5.0, -1.0]]], np.float32)
    found = step(drawn, np.array([[3.0, 1.0]], np.float32), np.array([[1.0, 1.0]], np.float32))
    assert found.direction[0] == pytest.approx(np.array([1.0, 2.0]) * 2 / math.sqrt(0.75) / 2, rel=1e-5)
    assert (found.spread[0], found.told[0], found.mean[0], found.best[0]) == pytest.approx(
        (math.sqrt(0.75), 0.5, 1.5, 3)
    )
    flat = step(drawn, np.ones((1, 2), np.float32), np.ones((1, 2), np.float32))
    assert not flat.direction.any() and flat.told[0] == 0 and flat.spread[0] == 0


def test_noise_is_standard_normal_and_of_its_key_alone() -> None:
    drawn = noise(np.arange(400).astype(np.uint64), 8, 50)
    assert drawn.shape == (400, 8, 50) and drawn.mean() == pytest.approx(0, abs=0.01)
    assert drawn.std() == pytest.approx(1, abs=0.01)
    assert np.abs(np.corrcoef(drawn.reshape(400, -1)[:5])[np.triu_indices(5, 1)]).max() < 0.2
    assert (noise(np.array([7], np.uint64), 8, 50)[0] == drawn[7]).all()


def test_the_strategy_climbs_a_quadratic() -> None:
    """Returns -|w - goal|^2: 60 generations from 0 with a falling rate come within 5 % of the way."""
    goal, key = np.array([1.0, -2.0, 0.5], np.float32), np.arange(20).astype(np.uint64)
    w, sigma = np.zeros((20, 3), np.float32), np.float32(0.1)
    for g in range(60):
        drawn = noise(seeding.mix(key, g), 8, 3)
        up, down = (-(((w[:, None] + s * sigma * drawn) - goal) ** 2).sum(2) for s in (1, -1))
        w = w + np.float32(0.3 * 0.92**g) * step(drawn, up, down).direction
    assert np.linalg.norm(w - goal, axis=1).max() < 0.05 * np.linalg.norm(goal)


# ---------------------------------------------------------------------- many runs at once
N, GENERATIONS = 96, 4


def batch(setup: Setup = SMALL) -> PolicyBatch:
    made = batch_of(policies_with(setup).tasks("train")[::3])
    assert isinstance(made, PolicyBatch)
    return made


def points(made: PolicyBatch) -> list[Points]:
    rng = np.random.default_rng(1)
    return [made.space.snap(rng.random((N, 2))) for _ in range(GENERATIONS)]


def played(who: np.ndarray, setup: Setup = SMALL) -> tuple[Evolutions, np.ndarray]:
    """Runs `who` of 96, and all that was seen of them, ``(generations + 1, n, s)``."""
    made = batch(setup)
    runs = made.progress(len(who), GENERATIONS)
    runs.begin(None, who % len(made.tasks), who.astype(np.uint64))
    seen = [runs.signals]
    for x in points(made):
        runs.advance(x[who], None)
        seen.append(runs.signals)
    return runs, np.array(seen)


@pytest.mark.long
@pytest.mark.parametrize("setup", [SMALL, Setup()], ids=["small", "usual"])
def test_a_run_has_the_same_bits_in_any_company(setup: Setup) -> None:
    whole, seen = played(np.arange(N), setup)
    rng = np.random.default_rng(2)
    for who in (np.array([5]), np.array([88]), np.array([0]), rng.permutation(N)[:37], np.arange(20, 84)):
        some, part = played(who, setup)
        assert (part == seen[:, who]).all()
        for ours, theirs in zip(some.state, whole.state, strict=True):
            assert (ours == theirs[who]).all()
    assert len(np.unique(seen[-1, :, AT["score"]])) > N / 2


@pytest.mark.long
def test_a_run_has_the_same_bits_in_blocks_of_any_size(monkeypatch: pytest.MonkeyPatch) -> None:
    _, seen = played(np.arange(N))
    for block in (1, 7, 64):
        monkeypatch.setattr(evolutions, "BLOCK", block)
        assert (played(np.arange(N))[1] == seen).all()


def test_a_generation_of_a_run_is_that_of_the_formula() -> None:
    """One run of a pendulum again, from what it was before, without the class that does many."""
    made = batch()
    task = next(i for i, t in enumerate(made.tasks) if t.physics.kind == "pendulum")
    runs, kind = made.progress(1, 3), PHYSICS["pendulum"]
    runs.begin(None, np.array([task]), np.array([3], np.uint64))
    x = made.space.snap(np.array([[0.8, 0.7]]))
    runs.advance(x, None)
    before, generation = runs.state.weights[:, :41].copy(), 1
    runs.advance(x, None)
    config = made.space.from_unit(x[0])
    key = seeding.mix(seeding.mix(runs.state.key, 11), generation)
    drawn, who = noise(key, 3, 41), np.zeros(1, np.int64)
    starts = runs._starts(kind, seeding.mix(key, 12), who, 3)
    constants = made.tasks[task].physics.constants(made.tasks[task].seed).astype(np.float32)[:, None]
    got = np.empty((2, 1, 3), np.float32)
    for j in range(3):
        for row, sign in enumerate((1, -1)):
            weights = (before[0] + sign * np.float32(config["sigma"]) * drawn[0, j])[:, None]
            policies = Policies(kind, weights, runs._gain(who))
            got[row, 0, j] = returns(policies, starts[:, j : j + 1], constants, steps=12, effort=0.5)[0]
    expected = before + np.float32(config["learning_rate"]) * step(drawn, *got).direction
    assert runs.state.weights[:, :41] == pytest.approx(expected, rel=1e-3, abs=1e-4)
    assert not runs.state.weights[:, 41:].any()


def test_signals_are_what_their_names_say_and_within_bounds() -> None:
    made = batch()
    runs = made.progress(12, 20)
    runs.begin(None, np.arange(12), np.arange(12).astype(np.uint64))
    start = {name: runs.signals[:, AT[name]] for name in SIGNALS}
    assert not start["score"].any() and not start["spread"].any() and (start["weight_norm"] > 0).all()
    assert set(start["weights"].tolist()) == {41.0, 49.0, 90.0}
    best, direction = np.zeros(12), runs.state.direction.copy()
    for t in range(5):
        before, weights = runs.signals, runs.state.weights.copy()
        score = runs.advance(made.space.snap(np.full((12, 2), 0.5 + 0.1 * t)), None).score
        now = {name: runs.signals[:, AT[name]].astype(float) for name in SIGNALS}
        best = np.maximum(best, score)
        assert now["score"] == pytest.approx(score) and (now["score_before"] == before[:, AT["score"]]).all()
        assert now["best_score"] == pytest.approx(best)
        assert now["weight_norm"] == pytest.approx(np.linalg.norm(runs.state.weights, axis=1), rel=1e-5)
        assert now["update_norm"] == pytest.approx(np.linalg.norm(runs.state.weights - weights, axis=1), rel=1e-4)
        assert now["gradient_norm"] == pytest.approx(np.linalg.norm(runs.state.direction, axis=1), rel=1e-5)
        cosine = (direction * runs.state.direction).sum(1)
        cosine /= np.linalg.norm(direction, axis=1) * np.linalg.norm(runs.state.direction, axis=1) + 1e-20
        assert now["alignment"] == pytest.approx(cosine, abs=1e-4)
        assert (now["generation_best"] >= now["generation_mean"]).all()
        direction = runs.state.direction.copy()
    assert scaled(np.array([0.5, 0.2, 1.0, 0.0]), np.array([0.2, 0.2, 0.2, 0.9])).tolist() == pytest.approx(
        [0.375, 0.0, 1.0, -1.0]
    )


def test_who_is_idle_stays_and_who_begins_anew_is_as_fresh() -> None:
    _, seen = played(np.arange(12))
    made = batch()
    runs = made.progress(12, GENERATIONS)
    runs.begin(None, np.arange(12) % len(made.tasks), np.arange(12).astype(np.uint64))
    idle = np.arange(12) % 2 == 1
    for x in points(made):
        runs.advance(x[:12], idle)
    assert (runs.signals[idle] == seen[0][idle]).all() and (runs.signals[~idle] == seen[-1][~idle]).all()
    runs.begin(np.array([1, 4]), np.array([0, 7]), np.array([77, 78], np.uint64))
    fresh = made.progress(2, GENERATIONS)
    fresh.begin(None, np.array([0, 7]), np.array([77, 78], np.uint64))
    assert (runs.signals[[1, 4]] == fresh.signals).all() and (runs.signals[0] == seen[-1][0]).all()


def test_a_run_goes_on_from_what_it_was_kept_as() -> None:
    made = batch()
    xs, runs, other = points(made), made.progress(12, 4), made.progress(12, 4)
    runs.begin(None, np.arange(12), np.arange(12).astype(np.uint64))
    runs.advance(xs[0][:12], None)
    other.begin(None, np.arange(12), np.full(12, 99, np.uint64))
    for i in range(12):
        other.load(i, runs.save(i))
    for x in xs[1:]:
        assert (runs.advance(x[:12], None).score == other.advance(x[:12], None).score).all()
        assert (runs.signals == other.signals).all() and (runs.state.weights == other.state.weights).all()


# ---------------------------------------------------------------------- the suite and its envs
def test_the_suite_has_as_many_tasks_as_promised() -> None:
    suite = load_suite("Policies")
    assert [len(suite.tasks(split)) for split in SPLITS] == [36, 12, 24]
    families = [{t.family for t in suite.tasks(split)} for split in SPLITS]
    assert [len(f) for f in families] == [9, 3, 6] and len(set.union(*families)) == 18
    for split in SPLITS:
        assert {f.kind for f in FAMILIES[split].values()} == set(PHYSICS)
    assert suite.split(suite.task("reacher-stiff-s99")) == "test" and suite.members[0].counts == "last"
    with pytest.raises(HPOGymError, match="cartpole-short"):
        suite.task("cartpole-shirt-s1")
    with pytest.raises(HPOGymError, match="`<family>-s<seed>`"):
        suite.task("pendulum-17")
    with pytest.raises(InvalidValueError, match="one setup"):
        batch_of((suite.members[0], policies_with(SMALL).members[1]))
    with pytest.raises(InvalidValueError, match="`0 <= decades <= 3`"):
        Setup(decades=4)
    with pytest.raises(InvalidValueError, match="`0 <= effort <= 1`"):
        Setup(effort=-0.1)


@pytest.mark.long
def test_the_defaults_are_those_of_the_suite() -> None:
    env = gym.make("hpo_gym/Policies-v0")
    obs, _ = env.reset(seed=1)
    assert env.action_space == gym.spaces.Discrete(9) and obs.shape == (2 + 2 * 2 + 2 * len(SIGNALS),)
    total, over, count = 0.0, False, 0
    while not over:
        _, reward, over, _, info = env.step(KEEP)
        total, count = total + float(reward), count + 1
    assert count == 20 == info["t"] and info["config"] == env.unwrapped.suite.space.default
    assert total == pytest.approx(info["score"] / env.unwrapped.suite.scale().sd)


def test_gymnasium_says_nothing_of_an_env() -> None:
    check_env(gym.make("hpo_gym/Policies-v0", budget=4, suite=policies_with(SMALL)).unwrapped, skip_render_check=True)


@pytest.mark.parametrize("mode", ["NEXT_STEP", "SAME_STEP", "DISABLED"])
@pytest.mark.long
def test_the_checker_says_nothing_of_many(mode: str) -> None:
    options: dict[str, Any] = {"suite": policies_with(SMALL), "budget": 3, "task": "pendulum-s0"}
    envs = gym.make_vec("hpo_gym/Policies-v0", num_envs=3, autoreset_mode=mode, **options)
    hpo_gym.check_env(envs, processes=False, render=False)


@pytest.mark.parametrize("codec", [{"name": "move"}, {"name": "box"}])
@pytest.mark.long
def test_the_checker_says_nothing_of_one(codec: dict[str, Any]) -> None:
    for observer in ("progress", "history"):
        options: dict[str, Any] = {"suite": policies_with(SMALL), "budget": 3, "task": "cartpole-s0"}
        env = gym.make("hpo_gym/Policies-v0", codec=codec, observer=observer, **options)
        hpo_gym.check_env(env, processes=False, render=False)


def test_a_thousand_bad_actions_change_nothing() -> None:
    env, rng = HPOEnv(policies_with(SMALL), task="pendulum-s0", codec="box"), np.random.default_rng(0)
    env.reset(seed=0)
    env.step(np.zeros(2, np.float32))
    before = env.snapshot()
    bad = [np.nan, np.inf, -np.inf, 1.0001, -3.0, 1e30]
    kinds = [
        lambda v: np.array([v, v]), lambda v: np.array([0, v]), lambda v: v, lambda v: np.array([v]), lambda v: str(v),
        lambda v: None, lambda v: {"a": v}, lambda v: np.array([v, 0], object), lambda v: [], lambda v: np.full(3, v),
    ]  # fmt: skip
    for i in range(1000):
        with pytest.raises(InvalidValueError):
            env.step(kinds[i % 10](bad[int(rng.integers(6))]))
    assert env.snapshot() == before


@pytest.mark.long
def test_nothing_is_ever_not_finite_at_any_setting() -> None:
    envs = HPOVectorEnv(72, policies_with(SMALL), split="test", codec="box", autoreset_mode="SAME_STEP")
    obs, _ = envs.reset(seed=0)
    rng, high, low = np.random.default_rng(0), envs.single_observation_space.high, envs.single_observation_space.low
    for t in range(30):
        assert np.isfinite(obs).all() and (obs <= high).all() and (obs >= low).all()
        corner = rng.choice([-1.0, 0.0, 1.0], (72, 2))
        corner[:8] = 1.0  # the highest of both, for ever
        obs, rewards, over, _, infos = envs.step(corner)
        assert np.isfinite(rewards).all()
        assert (np.abs(infos["score"][~over]) <= 1).all(), t
    assert np.abs(envs.kernel.runs.signals).max() <= MOST


def test_what_progress_shows_by_hand() -> None:
    env = HPOEnv(policies_with(SMALL), task="pendulum-s0", budget=4)
    obs, _ = env.reset(seed=0)
    own, s = 6, len(SIGNALS)
    third = math.log(300) / math.log(30_000) * 2 - 1, math.log(300) / math.log(10_000) * 2 - 1
    assert obs[:own] == pytest.approx([0, 1, *third, 0, 0], abs=1e-6)
    obs = env.step(3)[0]  # ten times the learning rate
    up = 2 * math.log(10) / math.log(30_000)
    assert obs[:own] == pytest.approx([0.25, 0, third[0] + up, third[1], up, 0], abs=1e-6)
    signals = env.kernel.runs.signals[0].astype(float)
    assert obs[own : own + s] == pytest.approx([x / (1 + abs(x)) for x in signals], rel=1e-5)
    assert obs[own + s :] == pytest.approx([math.copysign(math.log10(1 + 1000 * abs(x)), x) for x in signals], rel=1e-4)
    assert obs[own + s - 1] == pytest.approx(41 / 42)
    with pytest.raises(InvalidValueError, match="`progress` observer needs tasks whose trials go on"):
        HPOEnv("Functions", observer="progress")
    assert HPOEnv("Schedules", observer="progress").observation_space.shape == (2 + 2 + 2 * 18,)


def test_a_configuration_by_itself_is_a_whole_training() -> None:
    task = policies_with(SMALL).tasks("val")[1]
    x = task.space.snap(np.array([[0.6, 0.5]]))
    out, run = task.evaluate(x, np.ones(1), np.array([5], np.uint64)), Run(task, 20, 5)
    scores = [run.submit(Query(task.space.from_unit(x[0]))).score for _ in range(20)]
    assert out.score[0] == scores[-1] and out.cost[0] == 20 and len(set(scores)) > 1


# ---------------------------------------------------------------------- snapshots
@pytest.mark.long
def test_the_same_actions_from_a_snapshot_give_the_same_outcomes() -> None:
    env = HPOEnv("Policies", task="reacher-s0", budget=8)
    env.reset(seed=3)
    for action in (3, 7, 8):
        env.step(action)
    data = env.snapshot()
    assert len(data) < 8000
    first = [env.step(a) for a in (2, 8, 5, 1, 8)]
    env.restore(data)
    again = [env.step(a) for a in (2, 8, 5, 1, 8)]
    assert first[-1][2]
    for one, other in zip(first, again, strict=True):
        assert (one[0] == other[0]).all() and one[1:] == other[1:]
    with pytest.raises(DamagedDataError, match="cut or changed"):
        env.restore(data[:-1])
    other_env = HPOEnv(policies_with(SMALL), task="reacher-s0", budget=8)
    other_env.reset(seed=0)
    with pytest.raises(InvalidValueError, match="of the same network and controls"):
        other_env.restore(data)


def test_a_run_of_many_goes_on_from_a_single_env() -> None:
    env, envs = (
        HPOEnv("Policies", task="cartpole-s0", budget=5),
        HPOVectorEnv(3, "Policies", task="cartpole-s0", budget=5),
    )
    env.reset(seed=3), envs.reset(seed=4)
    env.step(3), envs.step(np.array([8, 0, 1]))
    envs.restore(1, env.snapshot())
    for _ in range(3):
        one, many = env.step(2), envs.step(np.array([8, 2, 0]))
        assert (many[0][1] == one[0]).all() and many[1][1] == one[1]
