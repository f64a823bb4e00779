"""Episodes: judged policies, sampled ones, and what they saw."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from hpo_builders.control.problem import ControlProblem, Episodes, Generators
from hpo_builders.control.systems import STEPS
from hpo_gym.base import Floats, Ints, Singles


@dataclass(frozen=True, eq=False)
class Sight:
    """Scaling of sensors to the inputs of a policy.

    Attributes:
        scale, shift: ``(inputs, b, 1)``.
    """

    scale: Singles
    shift: Singles

    def __call__(self, shown: Singles) -> Singles:
        """Return inputs ``(b, inputs, n)`` for what sensors show, ``(inputs, b, n)`` or ``(inputs, 1, n)``."""
        return (shown * self.scale + self.shift).transpose(1, 0, 2)


def sight(problem: ControlProblem, observations: str, generators: Generators, n: int = 32) -> Sight:
    """Return the scaling "raw", or "standard": by mean and deviation in `n` episodes of random actions."""
    inputs, b = len(problem.unit), len(generators)
    if observations == "raw":
        return Sight(np.ones((inputs, b, 1), np.float32), np.zeros((inputs, b, 1), np.float32))
    begun, actions = problem.begin(generators, n), problem.system.actions
    state, physics = begun.state, problem.system.physics
    chosen = np.stack([g.integers(actions.shape[1], size=(STEPS, n)) for g in generators], 1)
    shown = np.empty((inputs, b, STEPS, n), np.float32)
    for t in range(STEPS):
        shown[:, :, t] = problem.seen(state, begun.constants)
        state = physics.step(state, actions[:, chosen[t]], begun.constants)
    flat = shown.reshape(inputs, b, -1)
    spread = np.maximum(flat.std(2, keepdims=True), 1e-6 * problem.unit[:, None, None])
    return Sight(1 / spread, -flat.mean(2, keepdims=True) / spread)


@dataclass(frozen=True, eq=False)
class Greedy:
    """The policies of `b` trainings that take the action with the largest output.

    Attributes:
        outputs: From inputs ``(b, inputs, n)`` to ``(b, a, n)``; it does not change when the trainings go on.
        finite: Whether all weights are finite, of all trainings.
    """

    outputs: Callable[[Singles], Singles]
    finite: bool

    def __call__(self, x: Singles) -> Ints:
        """Actions ``(b, n)`` by number."""
        return np.asarray(self.outputs(x).argmax(1))


def returns(problem: ControlProblem, choose: Callable[[Singles], Ints], see: Sight, begun: Episodes) -> Singles:
    """Mean rewards ``(b, n)`` of policies, actions ``(b, n)`` for inputs ``(b, inputs, n)``, in episodes.

    Episodes without an axis `b`, ``(c, n)`` and ``(s, n)``, are run by each training.
    """
    b = see.scale.shape[1]
    constants, state = (
        a if a.ndim == 3 else np.ascontiguousarray(np.broadcast_to(a[:, None], (len(a), b, a.shape[1])))
        for a in (begun.constants, begun.state)
    )
    physics, actions = problem.system.physics, problem.system.actions
    total = np.zeros(state.shape[1:], np.float32)
    for _ in range(STEPS):
        chosen = choose(see(problem.seen(state, constants)))
        state = physics.step(state, actions[:, chosen], constants)
        total += physics.reward(state, constants)
    return np.asarray(total / STEPS, np.float32)


def judged(problem: ControlProblem, policy: Greedy, see: Sight, begun: Episodes, nothing: float) -> Floats:
    """Scores ``(b,)`` of policies in episodes: 0 is doing nothing, 1 the highest reward at each step."""
    got = returns(problem, policy, see, begun).astype(np.float64).mean(1)
    return np.asarray((got - nothing) / (1 - nothing))


@dataclass(frozen=True, eq=False)
class Rollout:
    """Observations and actions in `h` steps of `n` episodes of each of `b` trainings.

    Attributes:
        x: Inputs, ``(h, b, inputs, n)``.
        action: By number, ``(h, b, n)``.
        reward: Of the step, ``(h, b, n)``.
        alive: Whether it was not over before the step, ``(h + 1, b, n)``; None: it never is.
        last: Inputs after the last step, ``(b, inputs, n)``.
    """

    x: Singles
    action: Ints
    reward: Singles
    alive: NDArray[np.bool_] | None
    last: Singles


def sampled(
    problem: ControlProblem,
    logits: Callable[[Singles], Singles],
    see: Sight,
    begun: Episodes,
    generators: Generators,
    steps: int,
) -> tuple[Rollout, Singles]:
    """Go on with episodes for some steps by a policy's logits ``(b, a, n)``; what was seen, and the states after it.

    Actions are drawn by the Gumbel trick: the largest of logit - log E, with E exponential.
    """
    state, constants = begun.state, begun.constants
    physics, actions, alive = problem.system.physics, problem.system.actions, problem.system.alive
    (_, b, n), a = state.shape, actions.shape[1]
    noise = np.log(np.stack([g.standard_exponential((steps, a, n), np.float32) for g in generators], 1))
    x = np.empty((steps, b, physics.inputs, n), np.float32)
    action, reward = np.empty((steps, b, n), np.int64), np.empty((steps, b, n), np.float32)
    lives = [alive(state)]
    for t in range(steps):
        x[t] = see(problem.seen(state, constants))
        action[t] = (logits(x[t]) - noise[t]).argmax(1)
        state = physics.step(state, actions[:, action[t]], constants)
        reward[t] = physics.reward(state, constants)
        lives.append(alive(state))
    known = [each for each in lives if each is not None]
    last = see(problem.seen(state, constants))
    return Rollout(x, action, reward, np.array(known) if known else None, last), state
