"""The kernel of learners: stages of an actor-critic, and its judgement, in the part of Python that numba compiles.

A learner acts in 16 episodes side by side, its lanes. Row ``t LANES + k`` of an update is step `t` of lane `k`, and the
last `LANES` of `N` rows are after the last step.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from hpo_gym.base import Ints, Keys, Singles
from hpo_gym.suites.tasks.learners.network import (
    HIDDEN,
    INPUTS,
    NET,
    OUTPUTS,
    ROWS,
    Layers,
    adam,
    forward,
    slopes,
    squash,
)  # fmt: skip
from hpo_gym.suites.tasks.learners.physics import (
    CARTPOLE,
    EPISODE,
    LANES,
    REACHER,
    STATE,
    STEPS,
    F,
    N,
    System,
    ended,
    move,
    see,
    start,
    up,
)  # fmt: skip
from hpo_gym.suites.tasks.loops.numbers import LOW, MIX, ONE, S16, ZERO, splitmix

UPDATES = 4
"""Of a stage."""
DISCOUNT, LAMBDA = F(0.95), F(0.9)
"""Of rewards, and of advantages besides."""
LEAST_NOISE = F(0.02)
SHARE = F(1 / ROWS)
S32, S48 = np.uint64(32), np.uint64(48)
PARTS = (
    "reward", "critic_error", "advantage_deviation", "divergence", "gradient_norm", "alignment", "falls",
    "weight_norm", "action_size", "path",
)  # fmt: skip
"""What is seen of a stage, by column."""


class Learning(NamedTuple):
    """All that changes in `n` learners, or in one.

    Attributes:
        weights: Of actor and critic, ``(n, 2 NET)``.
        first, second: Moments of Adam, of their size.
        path: Faded sum of the actor's gradients, ``(n, NET)``.
        states: Of the episodes, ``(n, STATE LANES)``.
        ages: Their steps so far, ``(n, LANES)``.
    """

    weights: Singles
    first: Singles
    second: Singles
    path: Singles
    states: Singles
    ages: Ints


class Plan(NamedTuple):
    """A stage of `m` learners: kind of physics and constants ``(m, 6)``, seeds, earlier stages, both controls."""

    kind: Ints
    constants: Singles
    seed: Keys
    before: Ints
    rate: Singles
    noise: Singles


class Order(NamedTuple):
    """A stage of one learner."""

    system: System
    seed: np.uint64
    before: int
    rate: np.float32
    noise: np.float32


class Room(NamedTuple):
    """Rows of an update.

    Attributes:
        actor, critic: Their layers, which share inputs; outputs of the actor become mean actions.
        drawn: Noise of each action.
        reward: Of each row; `after` is the value after an episode's last step, and `goes` 0 there, else 1.
        advantage: Of each row, and 0 after the last step.
        down: Gradients at outputs.
        action: Of the lanes now.
        gradient: Of both networks, and `last` that of the actor in the update before.
    """

    actor: Layers
    critic: Layers
    drawn: Singles
    reward: Singles
    after: Singles
    goes: Singles
    advantage: Singles
    down: Singles
    action: Singles
    gradient: Singles
    last: Singles


def room() -> Room:
    """Return room for an update."""
    x, h, out, row = np.zeros(INPUTS * N, F), np.zeros(HIDDEN * N, F), np.zeros(OUTPUTS * N, F), np.zeros(N, F)
    actor, critic = Layers(x, h, out), Layers(x, h.copy(), out.copy())
    rows = row, row.copy(), row.copy(), row.copy()
    action, gradient = np.zeros(OUTPUTS * LANES, F), np.zeros(2 * NET, F)
    return Room(actor, critic, out.copy(), *rows, out.copy(), action, gradient, np.zeros(NET, F))


# ---------------------------------------------------------------------- many learners
def begun(kind: Ints, constants: Singles, seed: Keys) -> Singles:
    """Return start states of all lanes by seeds, ``(m, STATE LANES)``."""
    out = np.zeros((len(kind), STATE * LANES), F)
    for k in range(len(kind)):
        for lane in range(LANES):
            start(System(kind[k], constants[k]), seed[k], 4 * lane, out[k], lane)
    return out


def judged(kind: Ints, constants: Singles, seed: Keys, weights: Singles) -> Singles:
    """Return mean returns of actors ``(m, 2 NET)`` in 16 episodes of seeds, in [0, 1], ``(m,)``."""
    space, out, states = room(), np.zeros(len(kind), F), begun(kind, constants, seed)
    for k in range(len(kind)):
        out[k] = returns(System(kind[k], constants[k]), weights[k, :NET], states[k], space)
    return out


def stages(who: Ints, of: Learning, plan: Plan) -> Singles:
    """Train learners for a stage, in place; return what is seen of them, ``(m, 10)``."""
    space, out = room(), np.zeros((len(who), len(PARTS)), F)
    for k in range(len(who)):
        i = who[k]
        one = Learning(of.weights[i], of.first[i], of.second[i], of.path[i], of.states[i], of.ages[i])
        system = System(plan.kind[k], plan.constants[k])
        stage(one, Order(system, plan.seed[k], plan.before[k], plan.rate[k], plan.noise[k]), space, out[k])
    return out


# ---------------------------------------------------------------------- one learner
def returns(system: System, w: Singles, states: Singles, space: Room) -> np.float32:
    """Return the mean return of an actor without noise from states, which move."""
    actor, action, reward, total = space.actor, space.action, space.reward, space.advantage
    actor.x[:] = ZERO  # a physics writes its own inputs only
    total[:LANES] = ZERO
    for _ in range(EPISODE):
        see(system, states, actor.x, 0)
        forward(w, actor, 0, LANES, system.kind == REACHER)
        act(actor.out, space.drawn, action, ZERO, 0)
        move(system, states, action, reward, 0)
        for k in range(LANES):
            total[k] += reward[k]
    mean = ZERO
    for k in range(LANES):
        mean += min(max(total[k] * F(1 / EPISODE), ZERO), ONE) * F(1 / LANES)
    total[:LANES] = ZERO
    return mean


def stage(of: Learning, order: Order, space: Room, seen: Singles) -> None:
    """Train a learner for a stage; write what is seen of it."""
    kind, soft, actor = order.system.kind, max(order.noise, LEAST_NOISE), of.weights[:NET]
    wide, outputs = kind == REACHER, F(2 if kind == REACHER else 1)
    space.actor.x[:] = ZERO  # a physics writes its own inputs only
    for u in range(UPDATES):
        falls = collect(of, order, u, space)
        forward(of.weights[NET:], space.critic, 0, N, wide)
        advantages(space)
        centre, square = moments(space.advantage)
        deviation = np.sqrt(square)
        errors(space, centre, soft * (deviation + F(1e-4)))
        slopes(actor, space.actor, space.down, space.gradient[:NET])
        space.down[:ROWS], space.down[N : N + ROWS] = space.advantage[:ROWS] * SHARE, ZERO
        slopes(of.weights[NET:], space.critic, space.down, space.gradient[NET:])
        reward, wrong, size = summary(space)
        norm, product, earlier = alignment(space, of.path)
        if u:
            seen[5] += product / (np.sqrt(norm * earlier) + F(1e-12))
        seen[0], seen[1], seen[2] = seen[0] + reward, seen[1] + wrong, seen[2] + deviation
        seen[4], seen[6], seen[8] = seen[4] + np.sqrt(norm), seen[6] + F(falls / LANES), seen[8] + size / outputs
        adam((of.weights, of.first, of.second), space.gradient, order.rate, order.before * UPDATES + u + 1)
    seen /= F(UPDATES)
    seen[5] *= F(UPDATES / (UPDATES - 1))
    seen[3] = divergence(actor, space, wide) / (F(2) * soft * soft)
    seen[7] = np.sqrt((actor * actor).sum())
    seen[9] = np.sqrt((of.path * of.path).sum()) / (seen[4] + F(1e-8))


def collect(of: Learning, order: Order, u: int, space: Room) -> int:
    """Act for `STEPS` steps; return how often a lane fell."""
    system, x, ages, falls = order.system, space.actor.x, of.ages, 0
    see(system, of.states, x, 0)
    space.goes[:] = ONE
    for t in range(STEPS):
        r, number = t * LANES, (u * STEPS + t) * LANES
        forward(of.weights[:NET], space.actor, r, LANES, system.kind == REACHER)
        normal(order.seed, number * OUTPUTS, space.drawn, r, system.kind)
        act(space.actor.out, space.drawn, space.action, order.noise, r)
        move(system, of.states, space.action, space.reward, r)
        see(system, of.states, x, r + LANES)
        ages += 1
        if not ended(system.kind, of.states, ages):
            continue
        for k in range(LANES):
            fell = system.kind == CARTPOLE and not up(of.states[k], of.states[2 * LANES + k])
            if fell or ages[k] >= EPISODE:
                forward(of.weights[NET:], space.critic, r + LANES + k, 1, system.kind == REACHER)
                space.after[r + k] = ZERO if fell else space.critic.out[r + LANES + k]
                space.goes[r + k], ages[k], falls = ZERO, 0, falls + fell
                start(system, order.seed ^ MIX, 4 * (number + k), of.states, k)
        see(system, of.states, x, r + LANES)
    return falls


# ---------------------------------------------------------------------- operations, each with a twin in `vectors`
def act(mean: Singles, drawn: Singles, action: Singles, noise: np.float32, r: int) -> None:
    """Turn outputs of rows from one on into mean actions, and write actions with noise."""
    m, e = mean[r:], drawn[r:]
    for o in range(OUTPUTS):
        for k in range(LANES):
            v = squash(m[o * N + k])
            m[o * N + k], action[o * LANES + k] = v, min(max(v + noise * e[o * N + k], -ONE), ONE)


def normal(seed: np.uint64, first: int, drawn: Singles, r: int, kind: int) -> None:
    """Write nearly normal numbers for each action: sums of four of 16 bits, of the splitmix64 sequence of a seed."""
    e = drawn[r:]
    for o in range(OUTPUTS):
        unit = F(3**0.5 / 65536 if o == 0 or kind == REACHER else 0)
        for k in range(LANES):
            bits = splitmix(seed, first + o * LANES + k)
            four = (bits & LOW) + (bits >> S16 & LOW) + (bits >> S32 & LOW) + (bits >> S48)
            e[o * N + k] = (F(np.int64(four)) - F(131070)) * unit


def advantages(space: Room) -> None:
    """Write generalised advantages; values are known."""
    for t in range(STEPS - 1, -1, -1):
        value, goes, reward = space.critic.out[t * LANES :], space.goes[t * LANES :], space.reward[t * LANES :]
        last, to = space.after[t * LANES :], space.advantage[t * LANES :]
        for k in range(LANES):
            after = value[LANES + k] if goes[k] > ZERO else last[k]
            delta = (ONE - DISCOUNT) * reward[k] + DISCOUNT * after - value[k]
            to[k] = delta + DISCOUNT * LAMBDA * goes[k] * to[LANES + k]


def errors(space: Room, centre: np.float32, by: np.float32) -> None:
    """Write the gradient at the actor's outputs: advantages without their mean, by noise and deviation."""
    for o in range(OUTPUTS):
        for r in range(ROWS):
            m, d = space.actor.out[o * N + r], (space.advantage[r] - centre) * (SHARE / by)
            space.down[o * N + r] = d * space.drawn[o * N + r] * (ONE - m * m)


def moments(x: Singles) -> tuple[np.float32, np.float32]:
    """Return mean and variance of rows."""
    mean, square = ZERO, ZERO
    for r in range(ROWS):
        mean += x[r]
        square += x[r] * x[r]
    mean *= SHARE
    return mean, max(square * SHARE - mean * mean, ZERO)


def summary(space: Room) -> tuple[np.float32, np.float32, np.float32]:
    """Return mean reward, squared error of the critic by the variance of its targets, and summed squares of actions."""
    got, wrong, centre, square, size = ZERO, ZERO, ZERO, ZERO, ZERO
    mean = space.actor.out
    for r in range(ROWS):
        target = space.advantage[r] + space.critic.out[r]
        got += space.reward[r]
        wrong += space.advantage[r] * space.advantage[r]
        centre += target
        square += target * target
        size += mean[r] * mean[r] + mean[N + r] * mean[N + r]
    centre *= SHARE
    return got * SHARE, wrong * SHARE / (max(square * SHARE - centre * centre, ZERO) + F(1e-8)), size * SHARE


def divergence(actor: Singles, space: Room, wide: bool) -> np.float32:
    """Return the summed mean squares by which the last update has moved actions, over every fourth step."""
    total, now = ZERO, Layers(space.actor.x, space.actor.h, space.critic.out)
    for r in range(0, ROWS, 4 * LANES):
        forward(actor, now, r, LANES, wide)
        for o in range(OUTPUTS):
            for k in range(o * N + r, o * N + r + LANES):
                d = squash(now.out[k]) - space.actor.out[k]
                total += d * d
    return total * F(4) * SHARE


def alignment(space: Room, path: Singles) -> tuple[np.float32, np.float32, np.float32]:
    """Return squared norms and the product of the actor's gradient and the one before, which it becomes."""
    norm, product, earlier = ZERO, ZERO, ZERO
    for i in range(NET):
        d, e = space.gradient[i], space.last[i]
        norm, product, earlier = norm + d * d, product + d * e, earlier + e * e
        space.last[i] = d
        path[i] = F(0.8) * path[i] + F(0.6) * d
    return norm, product, earlier
