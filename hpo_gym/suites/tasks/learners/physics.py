"""Physics of `hpo_gym.suites.tasks.policies.physics` over the lanes of a learner, as loops that numba compiles.

Constants and states are in their order. Arrays are flat: number `k` of feature `i` of a state is at ``i LANES + k``, of
the inputs of row `r` at ``i N + r``.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from hpo_gym.base import Ints, Singles
from hpo_gym.suites.tasks.loops.numbers import ONE, ZERO, splitmix

F = np.float32
LANES, STEPS, EPISODE = 16, 16, 100
"""Episodes side by side, steps of each in an update, and steps of an episode."""
N = (STEPS + 1) * LANES
STATE, CARTPOLE, PENDULUM, REACHER = 6, 0, 1, 2
EFFORT = F(0.5)
"""Share of a reward that the largest actions cost."""
S40 = np.uint64(40)


class System(NamedTuple):
    """What is controlled: a kind of physics, and its constants ``(6,)``."""

    kind: int
    constants: Singles


def sine(v: np.float32) -> np.float32:
    """Return the sine, to 1e-6 of small angles: a polynomial between the nearest zeros."""
    k = np.floor(v * F(1 / np.pi) + F(0.5))
    d = v - k * F(np.pi)
    q = d * d
    s = d * (ONE + q * (F(-0.16666667) + q * (F(0.008333331) + q * (F(-0.00019840874) + q * F(2.7525562e-6)))))
    return F(s * (ONE - F(2) * (k - F(2) * np.floor(k * F(0.5)))))


def cosine(v: np.float32) -> np.float32:
    """Return the cosine."""
    return sine(v + F(np.pi / 2))


def up(place: np.float32, angle: np.float32) -> np.bool_:
    """Return whether a cart and its pole are within their limits."""
    return abs(place) < F(2.4) and abs(angle) < F(0.6)


# ---------------------------------------------------------------------- operations, each with a twin in `vectors`
def ended(kind: int, states: Singles, ages: Ints) -> bool:
    """Return whether an episode is over."""
    count = 0
    for k in range(LANES):
        count += ages[k] >= EPISODE
    if kind == CARTPOLE:
        for k in range(LANES):
            count += not up(states[k], states[2 * LANES + k])
    return count > 0


def start(of: System, seed: np.uint64, first: int, states: Singles, lane: int) -> None:
    """Write a start state, by four numbers of the splitmix64 sequence of a seed from one on."""
    u, s, c = np.zeros(4, F), np.zeros(STATE, F), of.constants
    for i in range(4):
        u[i] = F(splitmix(seed, first + i) >> S40) * F(2.0**-24)
    if of.kind == CARTPOLE:
        s[:4] = (F(2) * u - ONE) * F(0.2)
    elif of.kind == PENDULUM:
        s[:2] = F(2) * u[:2] - ONE
    else:
        far, angle = (c[0] + c[1]) * (F(0.3) + F(0.6) * u[2]), F(2 * np.pi) * u[3]
        s[0], s[1], s[4], s[5] = u[0] - F(0.5), u[1] + F(0.5), far * np.cos(angle), far * np.sin(angle)
    for i in range(STATE):
        states[i * LANES + lane] = s[i]


def see(of: System, s: Singles, x: Singles, r: int) -> None:
    """Write inputs of rows from one on."""
    x = x[r:]
    if of.kind == CARTPOLE:
        for k in range(LANES):
            x[k], x[N + k] = s[k] * F(1 / 2.4), s[LANES + k] * F(1 / 2.4)
            x[2 * N + k], x[3 * N + k] = s[2 * LANES + k] * F(1 / 0.6), s[3 * LANES + k] * F(1 / 1.2)
    elif of.kind == PENDULUM:
        for k in range(LANES):
            x[k], x[N + k], x[2 * N + k] = sine(s[k]), cosine(s[k]), s[LANES + k] * F(0.2)
    else:
        upper, fore = of.constants[0], of.constants[1]
        by = ONE / (upper + fore)
        for k in range(LANES):
            a, b, e, g = sine(s[k]), cosine(s[k]), sine(s[LANES + k]), cosine(s[LANES + k])
            x[k], x[N + k], x[2 * N + k], x[3 * N + k] = a, b, e, g
            x[4 * N + k], x[5 * N + k] = s[2 * LANES + k] * F(0.2), s[3 * LANES + k] * F(0.2)
            x[6 * N + k] = (s[4 * LANES + k] - upper * b - fore * (b * g - a * e)) * by
            x[7 * N + k] = (s[5 * LANES + k] - upper * a - fore * (a * g + b * e)) * by


def move(of: System, s: Singles, action: Singles, reward: Singles, r: int) -> None:
    """Move states by a step of actions; write rewards, less the cost of effort."""
    reward, c = reward[r:], of.constants
    if of.kind == CARTPOLE:
        gravity, mass, heavy, length, friction, force = c[0], c[1] + c[2], c[2] * c[3], c[3], c[4], c[5]
        for k in range(LANES):
            x, v, angle, w, a = s[k], s[LANES + k], s[2 * LANES + k], s[3 * LANES + k], action[k]
            sin, cos = sine(angle), cosine(angle)
            push = (force * a - friction * v + heavy * w * w * sin) / mass
            turn = (gravity * sin - cos * push) / (length * F(4 / 3) - heavy / mass * cos * cos)
            time = F(0.03) if up(x, angle) else ZERO  # beyond the limits nothing moves
            v1, w1 = v + time * (push - heavy / mass * turn * cos), w + time * turn
            x, angle = x + time * v1, angle + time * w1
            s[k], s[LANES + k], s[2 * LANES + k], s[3 * LANES + k] = x, v1, angle, w1
            p, q = x * F(1 / 2.4), angle * F(1 / 0.6)
            good = ONE - (p * p + q * q) * F(0.5) if up(x, angle) else ZERO
            reward[k] = good * (ONE - EFFORT * a * a)
    elif of.kind == PENDULUM:
        gain, pull, damping = c[4] * c[0] / c[2], c[0] / c[2], c[3]
        for k in range(LANES):
            angle, w, a = s[k], s[LANES + k], action[k]
            w = w + F(0.05) * (gain * a - pull * sine(angle) - damping * w)
            w = min(max(w, F(-20)), F(20))
            angle = angle + F(0.05) * w
            s[k], s[LANES + k] = angle, w
            fast = w * F(1 / 6)
            reward[k] = (ONE - cosine(angle)) / (F(2) * (ONE + fast * fast)) * (ONE - EFFORT * a * a)
    else:
        upper, fore, damping, torque = c[0], c[1], c[4], c[5]
        both, far = c[3] * upper * fore * F(0.5), c[3] * fore * fore * F(1 / 3)
        base, by = c[2] * upper * upper * F(1 / 3) + c[3] * upper * upper + far, F(0.5) / (upper + fore)
        for k in range(LANES):
            p, q, v, w = s[k], s[LANES + k], s[2 * LANES + k], s[3 * LANES + k]
            a, b = action[k], action[LANES + k]
            sin, cos = sine(q), cosine(q)
            near, cross = base + F(2) * both * cos, far + both * cos
            one = torque * a - damping * v + both * sin * w * (F(2) * v + w)
            two = torque * b - damping * w - both * sin * v * v
            step = F(0.05) / (near * far - cross * cross)
            v = min(max(v + step * (far * one - cross * two), F(-20)), F(20))
            w = min(max(w + step * (near * two - cross * one), F(-20)), F(20))
            p, q = p + F(0.05) * v, q + F(0.05) * w
            s[k], s[LANES + k], s[2 * LANES + k], s[3 * LANES + k] = p, q, v, w
            dx = s[4 * LANES + k] - upper * cosine(p) - fore * cosine(p + q)
            dy = s[5 * LANES + k] - upper * sine(p) - fore * sine(p + q)
            reward[k] = (ONE - np.sqrt(dx * dx + dy * dy) * by) * (ONE - EFFORT * F(0.5) * (a * a + b * b))
