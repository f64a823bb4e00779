"""Physics of the suite `Control`: steps by hand, energies that stay, and the same bits as those it shares."""

from __future__ import annotations

import math

import numpy as np
import pytest

from hpo_builders.control.physics import acrobot, double_pole, mountain_car
from hpo_builders.control.problem import NEAR, control_problem, idle
from hpo_builders.control.systems import STEPS, SYSTEMS
from hpo_gym.suites import PHYSICS

NAMES = tuple(SYSTEMS)


def column(*values: float) -> np.ndarray:
    return np.array(values, float)[:, None]


# ---------------------------------------------------------------------- acrobot
def test_a_step_of_the_acrobot_by_hand(monkeypatch: pytest.MonkeyPatch) -> None:
    """Links of 1 m and 3 kg, the upper one hanging, the lower one level, gravity 2, half of a torque of 4 at the elbow.

    Moments: near = 1 + 3 + 1 = 5, far = 1, cross = 1, so det = 4. Gravity pulls the level link by 2 * 1.5 = 3.
    """
    constants, level = column(2, 1, 1, 3, 3, 0, 4), column(0, math.pi / 2, 0, 0)
    held = acrobot.step(level, column(0.5), constants)
    monkeypatch.setattr(acrobot, "STEPS", 1)
    out = acrobot.step(level, column(0.5), constants)
    assert held == pytest.approx(acrobot.step(out, column(0.5), constants))  # an action lasts two steps
    v, w = 0.05 * (1 * -3 - 1 * -1) / 4, 0.05 * (5 * -1 - 1 * -3) / 4
    assert out[:, 0] == pytest.approx([0.05 * v, math.pi / 2 + 0.05 * w, v, w])
    damped = acrobot.step(column(0, 0, 1, 2), column(0), column(2, 1, 1, 3, 3, 0.5, 4))  # near 8, cross 2.5, det 1.75
    assert damped[2:, 0] == pytest.approx([1 - 0.05 * (0.5 - 2.5) / 1.75, 2 - 0.05 * (8 - 1.25) / 1.75])


def test_the_acrobot_without_gravity_is_the_reacher_pushed_at_the_elbow(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(acrobot, "STEPS", 1)
    rng = np.random.default_rng(0)
    state, action = rng.normal(size=(4, 20)), rng.uniform(-1, 1, 20)
    arm = rng.uniform(0.5, 2, (6, 20))
    hung = acrobot.step(state, action[None], np.concatenate([np.zeros((1, 20)), arm]))
    lying = PHYSICS["reacher"].step(np.concatenate([state, np.zeros((2, 20))]), np.stack([0 * action, action]), arm)
    assert hung == pytest.approx(lying[:4])


def test_the_undamped_acrobot_keeps_its_energy(monkeypatch: pytest.MonkeyPatch) -> None:
    """Energies of two rods, worked out from the places and speeds of their middles."""
    monkeypatch.setattr(acrobot, "STEP", 2e-4)
    constants, state = column(9, 1.2, 0.7, 2, 1.5, 0, 1), column(1, 0.7, 0.5, -1)

    def energy(state: np.ndarray) -> float:
        p, q, v, w = state[:, 0]
        bent, turning = p + q, v + w
        fast = [
            1.2 * v * math.cos(p) + 0.35 * turning * math.cos(bent),
            1.2 * v * math.sin(p) + 0.35 * turning * math.sin(bent),
        ]
        upper = 2 * (1.2 * v) ** 2 / 6 - 2 * 9 * 0.6 * math.cos(p)
        lower = 1.5 * (fast[0] ** 2 + fast[1] ** 2) / 2 + 1.5 * 0.7**2 * turning**2 / 24
        return upper + lower - 1.5 * 9 * (1.2 * math.cos(p) + 0.35 * math.cos(bent))

    before = energy(state)
    for _ in range(5000):
        state = acrobot.step(state, column(0), constants)
        assert energy(state) == pytest.approx(before, abs=0.02)
    assert abs(state[0, 0] - 1) > 0.1


def test_the_tip_of_the_acrobot_is_paid_for_its_height() -> None:
    constants = column(9, 1, 3, 1, 1, 0, 1)
    heights = {(0, 0): 0.0, (math.pi, 0): 1.0, (math.pi / 2, 0): 0.5, (math.pi, math.pi): 0.25, (0, math.pi): 0.75}
    for (p, q), height in heights.items():
        assert acrobot.reward(column(p, q, 1, 1), constants)[0] == pytest.approx(height)
    seen = acrobot.seen(column(math.pi / 2, math.pi, 5, -10), constants)
    assert seen[:, 0] == pytest.approx([1, 0, 0, -1, 1, -2], abs=1e-12)


# ---------------------------------------------------------------------- mountain car
def test_a_step_of_the_mountain_car_by_hand() -> None:
    """Two steps with gravity .0025 and force .001, to the right."""
    x, v = -0.5, 0.01
    for _ in range(2):
        v += 0.001 - 0.0025 * math.cos(3 * x)
        x += v
    out = mountain_car.step(column(-0.5, 0.01), column(1), column(0.0025, 0.001))
    assert out[:, 0] == pytest.approx([x, v])
    assert v == pytest.approx(
        0.01 + 0.002 - 0.0025 * (math.cos(1.5) + math.cos(3 * (-0.5 + 0.01 + 0.001 - 0.0025 * math.cos(1.5))))
    )


def test_the_wall_stops_the_mountain_car_and_the_flag_keeps_it() -> None:
    constants = column(0.0025, 0.001)
    assert mountain_car.step(column(-1.19, -0.07), column(-1), constants)[0, 0] == pytest.approx(-1.2, abs=0.01)
    assert mountain_car.step(column(-1.19, -0.07), column(-1), constants)[1, 0] >= 0
    there = mountain_car.step(column(0.49, 0.07), column(1), constants)
    assert there[0, 0] >= mountain_car.FLAG
    for push in (-1, 0, 1):
        assert mountain_car.step(there, column(push), constants)[0, 0] == there[0, 0]
    assert mountain_car.reward(there, constants)[0] == 1
    assert mountain_car.reward(column(-math.pi / 6, 1), constants)[0] == pytest.approx(0)
    assert mountain_car.reward(column(0, 0), constants)[0] == pytest.approx(0.5)
    assert mountain_car.seen(column(-0.35, 0.035), constants)[:, 0] == pytest.approx([0, 0.5])


def test_the_mountain_car_keeps_its_energy() -> None:
    """Speed is stepped first, which is symplectic: v^2 / 2 + g sin(3x) / 3 stays."""
    constants, state = column(0.0025, 0), column(-0.7, 0.0)
    energies = []
    for _ in range(2000):
        state = mountain_car.step(state, column(0), constants)
        energies.append(state[1, 0] ** 2 / 2 + 0.0025 / 3 * math.sin(3 * state[0, 0]))
    swing = 0.0025 / 3 * (1 + math.sin(-2.1))  # from the bottom to where it began
    assert np.ptp(energies) < 0.15 * swing
    assert np.mean(energies[:200]) == pytest.approx(np.mean(energies[-200:]), abs=0.01 * swing)


# ---------------------------------------------------------------------- two poles
def test_a_step_of_two_poles_by_hand() -> None:
    """Upright and at rest, pushed by 6 N: effective masses 1 + .4 / 4 + .8 / 4 = 1.3."""
    out = double_pole.step(column(0, 0, 0, 0, 0, 0), column(0.5), column(10, 1, 0.4, 0.8, 1, 0.5, 2, 12))
    push = 6 / 1.3
    v, a, b = 0.03 * push, -0.03 * 0.75 * push, -0.03 * 0.75 * push / 0.5
    assert out[:, 0] == pytest.approx([0.03 * v, v, 0.03 * a, 0.03 * b, a, b])


def test_a_second_pole_without_mass_leaves_a_cart_pole() -> None:
    rng = np.random.default_rng(0)
    x, v, p, a, q, b = rng.uniform(-0.5, 0.5, (6, 20))
    gravity, cart, m, long, friction, force = rng.uniform(0.5, 2, (6, 20))
    action = rng.uniform(-1, 1, (1, 20))
    two = double_pole.step(
        np.array([x, v, p, q, a, b]), action, np.array([gravity, cart, m, 0 * m, long, long, friction, force])
    )
    one = PHYSICS["cartpole"].step(np.array([x, v, p, a]), action, np.array([gravity, cart, m, long, friction, force]))
    assert two[[0, 1, 2, 4]] == pytest.approx(one)


def test_two_poles_without_friction_keep_their_energy(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(double_pole, "STEP", 1e-4)
    state, constants = column(0, 0.1, 0.05, -0.1, 0.2, 0.1), column(9, 1, 0.5, 0.3, 0.8, 0.3, 0, 1)

    def energy(state: np.ndarray) -> float:
        _, v, p, q, a, b = state[:, 0]
        total = v * v / 2
        for angle, w, mass, half in ((p, a, 0.5, 0.8), (q, b, 0.3, 0.3)):
            fast = (v + half * w * math.cos(angle)) ** 2 + (half * w * math.sin(angle)) ** 2
            total += mass * (fast / 2 + half**2 * w**2 / 6 + 9 * half * math.cos(angle))
        return total

    before = energy(state)
    for _ in range(3000):
        state = double_pole.step(state, column(0), constants)
    assert energy(state) == pytest.approx(before, rel=1e-4)
    assert abs(state[3, 0] + 0.1) > 0.05


def test_two_poles_of_which_one_has_fallen_stay_and_get_nothing() -> None:
    constants = column(10, 1, 0.1, 0.1, 1, 0.2, 0.1, 10)
    for state in (column(0, 1, 0.64, 0, 0, 0), column(0, 1, 0, -0.64, 0, 0), column(2.5, 1, 0, 0, 0, 0)):
        assert (double_pole.step(state, column(1), constants) == state).all()
        assert double_pole.reward(state, constants)[0] == 0 and double_pole.over(state).all()
    up = column(1.2, 9, 0.315, 0, 9, 9)
    assert double_pole.reward(up, constants)[0] == pytest.approx(1 - (0.25 + 0.125) / 2)


# ---------------------------------------------------------------------- problems
@pytest.mark.parametrize("name", NAMES)
def test_a_problem_is_drawn_by_its_name_and_its_episodes_near_it(name: str) -> None:
    one, again, other = (control_problem(f"{name}-{i}", 0) for i in (3, 3, 4))
    assert (one.constants == again.constants).all() and (one.test.state == again.test.state).all()
    assert (one.constants != other.constants).all() and (one.unit != other.unit).all()
    low, high = np.array([one.system.ranges[c] for c in one.system.physics.constants]).T
    assert ((low <= one.constants) & (one.constants <= high)).all()
    for episodes in (one.validation, one.test):
        away = np.log(episodes.constants / one.constants[:, None])
        assert (np.abs(away) <= NEAR + 1e-5).all() and away.std() > NEAR / 3
    reseeded = control_problem(f"{name}-3", 1)
    assert (reseeded.constants == one.constants).all() and (reseeded.unit == one.unit).all()
    fresh = (one.test.constants[0], reseeded.validation.constants[0], reseeded.test.constants[0])
    assert not set(one.validation.constants[0].tolist()) & set(np.concatenate(fresh).tolist())


@pytest.mark.parametrize("name", NAMES)
def test_doing_nothing_is_the_middle_action_and_gives_what_it_says(name: str) -> None:
    problem = control_problem(f"{name}-0", 0)
    physics, actions = problem.system.physics, problem.system.actions
    middle = actions.shape[1] // 2
    assert not actions[:, middle].any() and len(np.unique(actions, axis=1).T) == 3**physics.outputs
    state, total = problem.test.state[:, :5], 0.0
    for _ in range(STEPS):
        state = physics.step(state, np.repeat(actions[:, [middle]], 5, 1), problem.test.constants[:, :5])
        total += physics.reward(state, problem.test.constants[:, :5]).mean() / STEPS
    five = type(problem.test)(problem.test.constants[:, :5], problem.test.state[:, :5])
    assert idle(problem.system, five) == pytest.approx(total, rel=1e-5)
    assert 0 <= problem.nothing[0] < 0.7 and problem.nothing[0] != problem.nothing[1]
