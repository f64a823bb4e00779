"""Learners of the suite `Control`: updates by hand, slopes against differences, and an easy system that all solve."""

from __future__ import annotations

import math
from dataclasses import replace
from typing import Any

import numpy as np
import pytest

from hpo_builders.control import ppo, q, reinforce
from hpo_builders.control.counts import EPISODES, SHARES, updates
from hpo_builders.control.es import ascent, shaped
from hpo_builders.control.features import Tiles, Waves
from hpo_builders.control.network import Adam, Network
from hpo_builders.control.policy_gradient import (
    advantages,
    entropy_slope,
    log_softmax,
    returns_to_go,
    shares,
    standard,
)
from hpo_builders.control.problem import ControlProblem, Episodes, control_problem
from hpo_builders.control.rollouts import returns, sampled, sight
from hpo_builders.control.systems import STEPS, System
from hpo_builders.control.training import LEARNERS, learn
from hpo_gym.base import seeding
from hpo_gym.suites import Physics

F32 = np.float32


def generators(n: int = 2) -> list[np.random.Generator]:
    return [seeding.generator(i) for i in range(n)]


# ---------------------------------------------------------------------- policy gradients
def test_a_gradient_of_reinforce_by_hand() -> None:
    """Two actions alike at x = 2; the second was taken and gained 3: slopes 3 (.5 - 0), 3 (.5 - 1)."""
    network, x = Network(1, 0, 2), np.full((1, 1, 1), 2, F32)
    theta = np.zeros((1, network.size), F32)
    logits, units = network(theta, x)
    down = reinforce.slope(logits, np.array([[1]]), np.array([[3]], F32), np.ones((1, 1), F32), 0.0)
    assert down[0, :, 0] == pytest.approx([1.5, -1.5])
    gradient = network.gradient(theta, x, units, down)
    assert gradient[0] == pytest.approx([3, -3, 1.5, -1.5])  # weights, then biases
    Adam(theta, 0.1).descend(gradient)
    assert theta[0] == pytest.approx(
        [-0.1, 0.1, -0.1, 0.1], rel=1e-5
    )  # Adam's first step is the rate, whatever the gradient


def test_advantages_by_hand() -> None:
    """Rewards 1, 2, values .5, 1, 2, discount and lambda .5: differences 1 + .5 - .5 and 2 + 1 - 1."""
    reward, value = np.array([[[1]], [[2]]], F32), np.array([[[0.5]], [[1]], [[2]]], F32)
    assert advantages(reward, value, None, 0.5, 0.5)[:, 0, 0].tolist() == [1 + 0.25 * 2, 2]
    fallen = np.array([[[True]], [[True]], [[False]]])
    assert advantages(reward, value, fallen, 0.5, 0.5)[:, 0, 0].tolist() == [1 + 0.25 * 1, 1]
    assert advantages(reward, value, None, 0.5, 0.0)[:, 0, 0].tolist() == [1, 2]
    assert returns_to_go(reward, 0.5)[:, 0, 0].tolist() == [2, 2]


def test_what_is_over_does_not_count() -> None:
    alive = np.array([[[True, True]], [[True, False]]])  # (h, b, n)
    share = shares(alive, (2, 1, 2))
    assert share[:, 0].ravel().tolist() == pytest.approx([1 / 3, 1 / 3, 1 / 3, 0])
    value = np.array([[[1, 2]], [[3, 99]]], F32)
    assert standard(value, share)[:, 0].ravel()[:3] == pytest.approx(np.array([-1, 0, 1]) * math.sqrt(1.5))
    assert shares(None, (2, 1, 2)).tolist() == [[[0.25, 0.25]], [[0.25, 0.25]]]


def test_the_entropy_s_slope_is_that_of_its_differences() -> None:
    logits = np.array([[0.3], [-1.0], [0.5]])

    def entropy(z: np.ndarray) -> float:
        log_p = log_softmax(z)
        return float(-(np.exp(log_p) * log_p).sum())

    found = [(entropy(logits + 1e-5 * e) - entropy(logits - 1e-5 * e)) / 2e-5 for e in np.eye(3)[:, :, None]]
    assert entropy_slope(log_softmax(logits))[:, 0] == pytest.approx(found, abs=1e-8)


@pytest.mark.parametrize("gain", [1.5, -1.5])
def test_the_objective_of_ppo_is_clipped_where_it_is_better_than_before(gain: float) -> None:
    """Its slope is that of differences of min(r A, clip(r) A), within the clip and on both sides of it."""
    action, share = np.array([[0]]), np.full((1, 1), 0.5)
    for chance in (0.3, 0.5, 0.7):  # it was .5 when the action was taken: ratios .6, 1, 1.4
        logits = np.log(np.array([chance, 1 - chance]))[None, :, None]

        def loss(z: np.ndarray) -> float:
            ratio = np.exp(log_softmax(z)[0, 0, 0] - math.log(0.5))
            return float(-0.5 * min(ratio * gain, np.clip(ratio, 0.8, 1.2) * gain))

        found = [(loss(logits + 1e-6 * e) - loss(logits - 1e-6 * e)) / 2e-6 for e in np.eye(2)[:, None, :, None]]
        down = ppo.slope(logits, action, np.full((1, 1), math.log(0.5)), np.full((1, 1), gain), share, 0.2, 0.0)
        assert down[0, :, 0] == pytest.approx(found, abs=1e-6)


@pytest.mark.parametrize("hidden", [0, 5])
def test_a_network_s_gradient_is_that_of_its_differences(hidden: int) -> None:
    network, rng = Network(3, hidden, 2), np.random.default_rng(0)
    theta, x, weights = rng.normal(size=(2, network.size)), rng.normal(size=(2, 3, 4)), rng.normal(size=(2, 2, 4))
    out, units = network(theta, x)
    gradient = network.gradient(theta, x, units, weights)
    assert gradient.shape == theta.shape
    for p in range(network.size):
        step = 1e-6 * np.eye(network.size)[p]
        found = ((network(theta + step, x)[0] - network(theta - step, x)[0]) * weights).sum((1, 2)) / 2e-6
        assert gradient[:, p] == pytest.approx(found, abs=1e-7)
    by_hand = [t[: 3 * hidden].reshape(hidden, 3) for t in theta] if hidden else None
    if by_hand is not None:
        assert units[0] == pytest.approx(np.tanh(by_hand[0] @ x[0] + theta[0, 15:20, None]))
    assert out.shape == (2, 2, 4)


def test_policies_begin_undecided() -> None:
    network = Network(3, 8, 2)
    theta = network.initial(generators(50))
    assert not network(theta, np.ones((50, 3, 1), F32))[0].any()
    assert theta[:, :24].var() == pytest.approx(1 / 3, rel=0.1)


# ---------------------------------------------------------------------- evolution strategy
def test_a_gradient_of_the_evolution_strategy_by_hand() -> None:
    """One pair: (3 - 1) / (2 * 1 * .5) times the noise; two: the mean."""
    noise = np.array([[[1, -2]]], F32)
    assert ascent(noise, np.array([[3, 1]], F32), 0.5)[0].tolist() == [2, -4]
    two = np.array([[[1, 0], [0, 1]]], F32)
    assert ascent(two, np.array([[4, 1, 0, 3]], F32), 1.0)[0].tolist() == [1, -0.5]


def test_fitness_is_ranked_or_standardised() -> None:
    fitness = np.array([[5, -1, 100]], F32)
    assert shaped(fitness, "ranks")[0].tolist() == [0, -0.5, 0.5]
    assert shaped(np.array([[1, 3]], F32), "standard")[0].tolist() == [-1, 1]
    assert shaped(np.ones((1, 4), F32), "standard")[0].tolist() == [0] * 4


def test_the_gradient_of_the_evolution_strategy_is_that_of_a_linear_fitness() -> None:
    noise, slope = generators(1)[0].standard_normal((1, 20_000, 3)).astype(F32), np.array([1.0, -2.0, 0.5], F32)
    fitness = np.concatenate([0.1 * noise @ slope, -0.1 * noise @ slope], 1)
    assert ascent(noise, fitness, 0.1)[0] == pytest.approx(slope, abs=0.05)


# ---------------------------------------------------------------------- Q
def _table(level: float = 0.0) -> Tiles:
    return Tiles(1, 1, 2, tilings=1, bins=4, reach=1.0, level=level)


def _at(x: float) -> np.ndarray:
    return np.array([[[x]]], F32)


def test_a_q_update_by_hand() -> None:
    """Q <- Q + .5 (r + .9 max Q' - Q): from 0, by a reward of .1 * 2 and a best value of .4, to .5 (.2 + .36) = .28."""
    table = _table()
    here, there = table.of(_at(-0.9)), table.of(_at(0.9))
    table.move(there, np.array([[1]]), np.array([[0.4]], F32), np.ones((1, 1), bool))
    one = np.ones((2, 1, 1), bool)
    q.sweep(table, q.Acted([here, there], np.zeros((1, 1, 1), int), np.full((1, 1, 1), 2, F32), one), 0.9, 0.0, 0.5)
    assert table.values(here)[0, :, 0] == pytest.approx([0.28, 0])
    assert table.values(there)[0, :, 0] == pytest.approx([0, 0.4])
    one[1] = False  # it was over after the step: nothing follows
    q.sweep(table, q.Acted([here, there], np.zeros((1, 1, 1), int), np.full((1, 1, 1), 2, F32), one), 0.9, 0.0, 0.5)
    assert table.values(here)[0, 0, 0] == pytest.approx(0.28 + 0.5 * (0.2 - 0.28))


def test_a_sweep_with_traces_by_hand() -> None:
    """Two steps to the best action: the first moves towards r + .5 (.5 max Q' + .5 G'), G' = the second's target."""
    table = _table(level=0.8)
    places = [table.of(_at(x)) for x in (-0.9, 0, 0.9)]
    action, reward = np.zeros((2, 1, 1), int), np.array([1, 0], F32)[:, None, None]
    q.sweep(table, q.Acted(places, action, reward, np.ones((3, 1, 1), bool)), 0.5, 0.5, 1.0)
    second = 0 + 0.5 * 0.8
    first = 0.5 * 1 + 0.5 * (0.5 * 0.8 + 0.5 * second)  # max Q' as it was when its action was taken, .8
    assert table.values(places[1])[0, :, 0] == pytest.approx([second, 0.8])
    assert table.values(places[0])[0, :, 0] == pytest.approx([first, 0.8])
    q.sweep(table, q.Acted(places, action, reward, np.ones((3, 1, 1), bool)), 0.5, 0.5, 1.0)
    cut = 0.5 * 1 + 0.5 * 0.8  # the second action is no longer the best: its target does not count
    assert table.values(places[0])[0, 0, 0] == pytest.approx(cut)


def test_what_several_episodes_say_of_a_weight_is_averaged() -> None:
    x, everywhere = np.array([[[-0.9, -0.8, 0.9]]], F32), np.ones((1, 3), bool)
    error, action = np.array([[1, 3, 5]], F32), np.array([[0, 0, 1]])
    table = Tiles(1, 1, 2, tilings=1, bins=4, reach=1.0, level=0.0)
    table.move(table.of(x), action, error, everywhere)
    assert table.values(table.of(x))[0].tolist() == [[2, 2, 0], [0, 0, 5]]
    table.move(table.of(x), action, error, np.array([[True, False, False]]))
    assert table.values(table.of(x))[0].tolist() == [[3, 3, 0], [0, 0, 5]]


def test_tiles_by_hand() -> None:
    """Four bins of .5 between -1 and 1; the second tiling is shifted by half a bin."""
    tiles = Tiles(1, 1, 3, tilings=2, bins=4, reach=1.0, level=0.0)
    x = np.array([[[-7, -0.9, -0.7, 0.1, 0.3, 7]]], F32)
    assert tiles.of(x)[0].tolist() == [[0, 0, 0, 2, 2, 3], [5, 5, 6, 7, 8, 9]]
    two = Tiles(2, 2, 3, tilings=1, bins=2, reach=1.0, level=0.5)
    corners = np.array([[[-1, 1, -1, 1], [-1, -1, 1, 1]]] * 2, F32)
    assert two.of(corners)[:, 0].tolist() == [[0, 1, 3, 4], [9, 10, 12, 13]]
    assert (two.values(two.of(corners)) == 0.5).all()
    many = Tiles(1, 8, 2, tilings=2, bins=12, reach=1.0, level=0.0).of(
        generators(1)[0].uniform(-1, 1, (1, 8, 500)).astype(F32)
    )
    assert len(np.unique(many)) > 900 and many.min() >= 0 and many.max() < 2 * 4096


def test_waves_stand_for_gaussian_kernels() -> None:
    waves = Waves(generators(1), 2, 3, 20_000, 0.7, 0.25)
    x = np.array([[[0, 0.3, 1], [0, 0.4, 0]]], F32)
    features = waves.of(x)[0]
    assert features.T @ features == pytest.approx(
        np.exp(-np.array([[0, 0.25, 1], [0.25, 0, 0.65], [1, 0.65, 0]]) / (2 * 0.49)), abs=0.02
    )
    assert (waves.values(waves.of(x)) == 0.25).all()
    waves.move(waves.of(x), np.array([[0, 1, 1]]), np.array([[1, 2, 4]], F32), np.array([[True, True, False]]))
    assert waves.values(waves.of(x))[0, [0, 1], [0, 1]] == pytest.approx([1.25, 2.25], abs=0.05)
    assert (waves.values(waves.of(x))[0, 2] == 0.25).all()


# ---------------------------------------------------------------------- how long
@pytest.mark.parametrize(("episodes", "steps"), [(16, 100), (32, 100), (64, 100), (128, 100), (32, 25), (64, 50)])
def test_a_fidelity_is_paid_for_in_steps(episodes: int, steps: int) -> None:
    parts = list(updates(episodes, steps))
    assert [r for part in parts for r in part] == list(range(EPISODES * STEPS // (episodes * steps)))
    for part, share in zip(parts, SHARES, strict=True):
        assert part.stop * episodes * steps <= max(share * EPISODES * STEPS, episodes * steps) + 1e-6
        assert (part.stop + 1) * episodes * steps > share * EPISODES * STEPS


# ---------------------------------------------------------------------- an easy system
def _line() -> ControlProblem:
    """A point that is moved by .1 a step and should be at 0: who goes there from 1 has .955 of all there is."""
    physics = Physics(
        inputs=1, outputs=1, constants=("speed",), drawn=1,
        start=lambda u, c: np.where(u < 0.5, -1, 1).astype(F32), seen=lambda s, c: s,
        step=lambda s, a, c: np.clip(s + c[0] * a, -1, 1), reward=lambda s, c: 1 - np.abs(s[0]),
    )  # fmt: skip
    base, n = control_problem("pendulum-0", 0), 16
    start = np.where(np.arange(n) % 2, 1, -1).astype(F32)[None]
    episodes = Episodes(np.full((1, n), 0.1, F32), start)
    system = System("line", "train", physics, {"speed": (0.1, 0.1)})
    one = np.ones(1, F32)
    return replace(
        base,
        name="line",
        system=system,
        constants=one / 10,
        unit=one,
        validation=episodes,
        test=episodes,
        nothing=(0, 0),
    )


SETTINGS: dict[str, dict[str, Any]] = {
    "ppo": {"ppo:learning_rate": 0.01, "ppo:envs": 32, "ppo:steps": 50, "ppo:epochs": 4, "ppo:minibatches": 2,
            "ppo:clip": 0.2, "ppo:gae_lambda": 0.95, "ppo:entropy": 0.001, "ppo:normalize": True},
    "reinforce": {"reinforce:learning_rate": 0.03, "reinforce:episodes": 32, "reinforce:baseline": "critic",
                  "reinforce:normalize": True, "reinforce:entropy": 0.001},
    "es": {"es:learning_rate": 0.1, "es:sigma": 0.3, "es:pairs": 8, "es:episodes": 2, "es:shaping": "ranks"},
    "q": {"q:learning_rate": 0.3, "q:epsilon": 0.05, "q:decay": 0.3, "q:lambda": 0.5, "q:optimism": 0.0, "q:sweeps": 1,
          "q:features": "tiles", "tiles:tilings": 2, "tiles:bins": 8},
    "q rbf": {"q:learning_rate": 0.5, "q:epsilon": 0.05, "q:decay": 0.3, "q:lambda": 0.5, "q:optimism": 0.0,
              "q:sweeps": 1, "q:features": "rbf", "rbf:count": 64, "rbf:width": 0.5},
}  # fmt: skip


def config(name: str, **changes: Any) -> dict[str, Any]:
    return {
        "algorithm": name.split()[0],
        "observations": "standard",
        "horizon": 20.0,
        "hidden": 8,
        **SETTINGS[name],
        **changes,
    }


@pytest.mark.parametrize("name", SETTINGS)
def test_every_learner_finds_the_middle_of_a_line(name: str) -> None:
    """Going straight there has (.9 + .8 + .. + .1) less than 100 of 100; not moving has 0."""
    scores, tests, seconds = learn(_line(), config(name, horizon=10.0), 0, repeats=2)
    assert (scores[-1] > 0.9).all() and (scores[-1] <= 1 - 0.045 + 1e-6).all()
    assert (tests == scores[-1]).all()  # the same episodes here
    assert (np.diff(seconds) > 0).all()


@pytest.mark.parametrize("name", SETTINGS)
def test_trainings_side_by_side_are_those_alone(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """What becomes of a seed does not hang on its neighbours, nor on what the process did before."""
    monkeypatch.setattr("hpo_builders.control.counts.EPISODES", 144)
    problem = control_problem("double-pole-0", 0)
    together = learn(problem, config(name), 5)
    alone = learn(problem, config(name), 5, repeats=1)
    again = learn(problem, config(name), 5)
    assert (together[0][:, :1] == alone[0]).all() and together[1][0] == alone[1][0]
    assert (together[0] == again[0]).all() and (together[1] == again[1]).all()
    assert len(np.unique(together[0][-1])) == 3
    assert (learn(problem, config(name), 6)[0] != together[0]).any()


# ---------------------------------------------------------------------- episodes
def test_an_episode_by_hand() -> None:
    """From 1 by .1 a step to the left: rewards .1, .2, .. 1, and then, at the wall of -1, 0."""
    problem = _line()
    see = sight(problem, "raw", generators(1))
    got = returns(problem, lambda x: np.zeros((1, x.shape[2]), int), see, problem.validation)
    there_and_beyond = sum(range(1, 11)) / 10 + sum(range(1, 10)) / 10
    assert got[0, 1] == pytest.approx(there_and_beyond / STEPS, abs=1e-5)
    assert got[0, 0] == pytest.approx(0, abs=1e-6)
    seen = []
    returns(problem, lambda x: seen.append(x.copy()) or np.ones((1, x.shape[2]), int), see, problem.validation)
    assert len(seen) == STEPS and (seen[0] == problem.validation.state[None]).all()


def test_standard_inputs_have_mean_0_and_deviation_1_under_random_actions() -> None:
    problem, drawn = control_problem("reacher-1", 0), generators(3)
    see = sight(problem, "standard", drawn)
    begun = problem.begin(drawn, 200)
    got, _ = sampled(problem, lambda x: np.zeros((3, 9, x.shape[2]), F32), see, begun, drawn, STEPS)
    assert got.x.shape == (STEPS, 3, 8, 200)
    assert np.abs(got.x.mean((0, 3))).max() < 0.5 and got.x.std((0, 3)) == pytest.approx(1, abs=0.3)
    raw = sight(problem, "raw", drawn)(problem.seen(begun.state, begun.constants))
    assert raw[1, 3] == pytest.approx(problem.unit[3] * np.cos(begun.state[1, 1]), rel=1e-5)


def test_actions_are_drawn_by_their_softmax() -> None:
    problem, drawn = control_problem("pendulum-0", 0), generators(1)
    logits = np.log(np.array([0.2, 0.5, 0.3], F32))[None, :, None]
    got, _ = sampled(
        problem,
        lambda x: np.repeat(logits, x.shape[2], 2),
        sight(problem, "raw", drawn),
        problem.begin(drawn, 300),
        drawn,
        STEPS,
    )
    assert np.bincount(got.action.ravel()) / got.action.size == pytest.approx([0.2, 0.5, 0.3], abs=0.01)
    assert got.alive is None and got.reward.min() >= 0


def test_a_fallen_pole_is_seen_as_fallen() -> None:
    problem, drawn = control_problem("cartpole-0", 0), generators(1)
    begun = problem.begin(drawn, 50)
    got, state = sampled(
        problem, lambda x: np.zeros((1, 3, 50), F32), sight(problem, "raw", drawn), begun, drawn, STEPS
    )
    assert got.alive is not None and got.alive.shape == (STEPS + 1, 1, 50) and got.alive[0].all()
    assert (got.alive[:-1] >= got.alive[1:]).all() and not got.alive[-1].any()
    assert (got.reward[~got.alive[1:]] == 0).all() and (got.reward[got.alive[1:]] > 0).all()
    assert (problem.system.alive(state) == got.alive[-1]).all()


def test_every_algorithm_has_its_learner() -> None:
    from hpo_builders.control.space import ALGORITHMS

    assert set(LEARNERS) == set(ALGORITHMS)
