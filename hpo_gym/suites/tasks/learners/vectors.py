"""The kernel's operations on whole arrays, by the physics of `Policies`: NumPy's form, which rounds otherwise."""

from __future__ import annotations

from typing import Any

import numpy as np

from hpo_gym.base import Floats, Ints, Singles
from hpo_gym.suites.tasks.learners.kernel import DISCOUNT, LAMBDA, SHARE, Room
from hpo_gym.suites.tasks.learners.network import HIDDEN, NET, OUTPUTS, ROWS, TOP, Layers
from hpo_gym.suites.tasks.learners.physics import CARTPOLE, EFFORT, EPISODE, LANES, REACHER, STEPS, N, System
from hpo_gym.suites.tasks.loops.numbers import sequence
from hpo_gym.suites.tasks.policies.physics import PHYSICS, Physics, Rows
from hpo_gym.suites.tasks.policies.physics.cartpole import CARTPOLE_ANGLE, CARTPOLE_LIMIT
from hpo_gym.suites.tasks.policies.policy import mean_square

KINDS = tuple(PHYSICS)
SIZES = (4, 2, 6)
"""Numbers of a state, by physics."""


def _rows(flat: Singles) -> Singles:
    return flat.reshape(-1, N)


def _parts(of: System, states: Singles) -> tuple[Physics, Rows, Singles]:
    """Return physics, constants ``(c, 1)`` and states ``(s, LANES)``, which share memory."""
    physics = PHYSICS[KINDS[of.kind]]
    return physics, of.constants[: len(physics.constants), None], states.reshape(-1, LANES)[: SIZES[of.kind]]


# ---------------------------------------------------------------------- physics
def ended(kind: int, states: Singles, ages: Ints) -> bool:
    """Return whether an episode is over."""
    place, angle = np.abs(states[:LANES]), np.abs(states[2 * LANES : 3 * LANES])
    fell = kind == CARTPOLE and not ((place < CARTPOLE_LIMIT) & (angle < CARTPOLE_ANGLE)).all()
    return bool(fell or (ages >= EPISODE).any())


def start(of: System, seed: np.uint64, first: int, states: Singles, lane: int) -> None:
    """Write a start state."""
    physics, constants, s = _parts(of, states)
    u = ((sequence(seed, 4, first) >> np.uint64(40)) * 2.0**-24).astype(np.float32)
    s[:, lane] = physics.start(u[: physics.drawn, None], constants)[:, 0]


def see(of: System, s: Singles, x: Singles, r: int) -> None:
    """Write inputs."""
    physics, constants, states = _parts(of, s)
    _rows(x)[: physics.inputs, r : r + LANES] = physics.seen(states, constants)


def move(of: System, s: Singles, action: Singles, reward: Singles, r: int) -> None:
    """Move states."""
    physics, constants, states = _parts(of, s)
    a = action.reshape(OUTPUTS, LANES)[: physics.outputs]
    states[:] = physics.step(states, a, constants)
    reward[r : r + LANES] = physics.reward(states, constants) * (1 - EFFORT * mean_square(a))


# ---------------------------------------------------------------------- networks
def forward(w: Singles, of: Layers, start: int, count: int, wide: bool) -> None:
    """Write units and outputs."""
    units, rows = _rows(of.h), slice(start, start + count)
    first, second = w[:TOP].reshape(-1, HIDDEN), w[TOP:].reshape(-1, OUTPUTS)
    units[:, rows] = np.tanh(first[:-1].T @ _rows(of.x)[:, rows] + first[-1][:, None])
    _rows(of.out)[:, rows] = second[:-1].T @ units[:, rows] + second[-1][:, None]


def slopes(w: Singles, of: Layers, d: Singles, g: Singles) -> None:
    """Write a gradient."""
    units, above = _rows(of.h)[:, :ROWS], _rows(d)[:, :ROWS]
    down = (w[TOP:-OUTPUTS].reshape(HIDDEN, OUTPUTS) @ above) * (1 - units * units)
    parts = _rows(of.x)[:, :ROWS] @ down.T, down.sum(1), units @ above.T, above.sum(1)
    g[:] = np.concatenate([part.reshape(-1) for part in parts])


def adam(moments: tuple[Singles, Singles, Singles], g: Singles, rate: np.float32, t: int) -> None:
    """Go up."""
    w, first, second = moments
    first += np.float32(0.1) * (g - first)
    second += np.float32(0.01) * (g * g - second)
    size = np.sqrt(second * np.float32(1 / (1 - 0.99**t))) + np.float32(1e-6)
    w += rate * np.float32(1 / (1 - 0.9**t)) * first / size


# ---------------------------------------------------------------------- rows
def act(mean: Singles, drawn: Singles, action: Singles, noise: np.float32, r: int) -> None:
    """Write actions."""
    m, rows = _rows(mean), slice(r, r + LANES)
    m[:, rows] = np.tanh(m[:, rows])
    action[:] = np.clip(m[:, rows] + noise * _rows(drawn)[:, rows], -1, 1).reshape(-1)


def normal(seed: np.uint64, first: int, drawn: Singles, r: int, kind: int) -> None:
    """Write noise."""
    bits = sequence(seed, OUTPUTS * LANES, first).astype("<u8", copy=False).view("<u2").reshape(OUTPUTS, LANES, 4)
    units = np.array([[1], [kind == REACHER]]) * np.float32(3**0.5 / 65536)
    _rows(drawn)[:, r : r + LANES] = (bits.sum(2, np.int64).astype(np.float32) - 131070) * units


def advantages(space: Room) -> None:
    """Write generalised advantages."""
    value = space.critic.out[:N].reshape(-1, LANES)
    goes, reward, last, to = (
        a.reshape(-1, LANES) for a in (space.goes, space.reward, space.after, space.advantage)
    )  # fmt: skip
    for t in range(STEPS - 1, -1, -1):
        after = np.where(goes[t] > 0, value[t + 1], last[t])
        to[t] = (1 - DISCOUNT) * reward[t] + DISCOUNT * after - value[t] + DISCOUNT * LAMBDA * goes[t] * to[t + 1]


def errors(space: Room, centre: np.float32, by: np.float32) -> None:
    """Write the gradient at the actor's outputs."""
    m, advantage = _rows(space.actor.out)[:, :ROWS], space.advantage[:ROWS] - centre
    _rows(space.down)[:, :ROWS] = advantage * (SHARE / by) * _rows(space.drawn)[:, :ROWS] * (1 - m * m)


def moments(x: Singles) -> tuple[Any, Any]:
    """Return mean and variance."""
    return x[:ROWS].mean(), x[:ROWS].var()


def summary(space: Room) -> tuple[Any, Any, Any]:
    """Return what is seen of rewards, critic and actions."""
    advantage, m = space.advantage[:ROWS], _rows(space.actor.out)[:, :ROWS]
    spread = (advantage + space.critic.out[:ROWS]).var() + np.float32(1e-8)
    return space.reward[:ROWS].mean(), np.square(advantage).mean() / spread, np.square(m).sum(0).mean()


def divergence(actor: Singles, space: Room, wide: bool) -> Any:
    """Return how far actions have moved."""
    total, now = np.float32(0), Layers(space.actor.x, space.actor.h, space.critic.out)
    for r in range(0, ROWS, 4 * LANES):
        forward(actor, now, r, LANES, wide)
        rows = slice(r, r + LANES)
        total += np.square(np.tanh(_rows(now.out)[:, rows]) - _rows(space.actor.out)[:, rows]).sum()
    return total * np.float32(4) * SHARE


def alignment(space: Room, path: Singles) -> tuple[Floats, Floats, Floats]:
    """Return norms and product."""
    now, last = space.gradient[:NET], space.last
    found = np.dot(now, now), np.dot(now, last), np.dot(last, last)
    last[:] = now
    path *= np.float32(0.8)
    path += np.float32(0.6) * now
    return found
