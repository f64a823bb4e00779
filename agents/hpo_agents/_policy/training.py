"""Training of a policy in segments: each is a function of what the one before left and of a seed, so that a training
that was killed goes on to the very result that it would have had."""

from __future__ import annotations

import functools
import json
from abc import ABC, abstractmethod
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray

from hpo_gym.base import seeding
from hpo_gym.env import HPOVectorEnv
from hpo_gym.optimize import Checkpoint, read_checkpoint, write_checkpoint
from hpo_gym.optimize.learning import validate

Tensors = dict[str, torch.Tensor]
Progress = Callable[[int, int, str], None]
"""Told trials done, trials in all, and what is being done."""


class Learner(ABC):
    """An algorithm in training. All that it remembers from one segment to the next is in `tensors` and `counts`."""

    @abstractmethod
    def advance(self, steps: int, seed: int, share: float, watch: Callable[[int], None]) -> None:
        """Train for about `steps` trials from new episodes; everything random is drawn from `seed`.

        Args:
            steps: Trials.
            seed: Below 2**31.
            share: Of the whole training that is done, in [0, 1), for schedules.
            watch: Told trials of this segment so far, now and then.
        """

    @abstractmethod
    def tensors(self) -> Tensors:
        """Weights, and the state of optimizers and buffers; copies. Weights of the policy begin with ``policy/``."""

    @abstractmethod
    def counts(self) -> dict[str, int]:
        """Counters."""

    @abstractmethod
    def restore(self, tensors: Mapping[str, torch.Tensor], counts: Mapping[str, int]) -> None:
        """Take what `tensors` and `counts` gave."""

    @abstractmethod
    def actor(self) -> Actor:
        """The policy as it is now."""

    def log(self, values: Mapping[str, float], step: int) -> None:  # noqa: B027 - not every learner keeps logs
        """Keep figures of the training, such as for TensorBoard."""


class Actor(ABC):
    """A policy for `n` runs at once.

    Attributes:
        memory: What it remembers of runs from trial to trial; None before the first.
    """

    memory: Any = None

    @abstractmethod
    def act(self, obs: Any, masks: NDArray[np.bool_] | None, rng: np.random.Generator | None) -> NDArray[Any]:
        """Actions for observations ``(n, ...)``.

        Args:
            obs: As the observer gives them.
            masks: Which actions make sense, ``(n, a)``; None for continuous actions.
            rng: Draw from the policy by it; None for the best action.
        """

    def forget(self) -> None:
        """New runs begin."""
        self.memory = None


def chosen(
    logits: NDArray[np.float64], masks: NDArray[np.bool_] | None, rng: np.random.Generator | None
) -> NDArray[np.int64]:
    """Actions by their logits ``(n, a)``; arguments as of `Actor.act`."""
    logits = logits if masks is None else np.where(masks, logits, -np.inf)
    if rng is not None:  # the largest of logits plus Gumbel noise is a draw from their softmax
        logits = logits + rng.gumbel(size=logits.shape)
    return np.asarray(logits.argmax(1), np.int64)


Judge = Callable[[Actor], float]
"""From a policy to its mean normalised regret on validation tasks."""


@dataclass(frozen=True)
class Plan:
    """How to train.

    Attributes:
        steps: Trials of the training.
        segments: How often the validation tasks are asked, and a checkpoint is written.
        patience: Segments without a better result on the validation tasks after which the training ends; without such
            tasks it never ends early.
        seed: Of everything random.
    """

    steps: int
    segments: int
    patience: int
    seed: int


@dataclass
class Course:
    """How a training went so far.

    Attributes:
        segment: Segments done.
        curve: Trials done and mean normalised regret on the validation tasks, at the start and after each
            segment.
        best: The lowest of them.
        best_segment: After how many segments it was so; without validation tasks, the segments done.
        over: Whether it has ended early.
    """

    segment: int = 0
    curve: list[list[float]] = field(default_factory=list)
    best: float = np.inf
    best_segment: int = 0
    over: bool = False


def train(
    learner: Learner, judge: Judge | None, plan: Plan, folder: Path | None, identity: Mapping[str, Any],
    progress: Progress = lambda done, total, what: None,
) -> tuple[Tensors, Course]:  # fmt: skip
    """Train, and keep the policy that does best on the validation tasks; the last, where there are none.

    Args:
        learner: Fresh.
        judge: Says how good a policy is on the validation tasks, None where there are none.
        plan: How.
        folder: Gets a checkpoint after each segment; one of the same training that it holds is gone on from.
        identity: What decides the result, as plain JSON: a checkpoint of another training is refused.
        progress: Told how far it is.

    Returns:
        The weights of the policy, and how it went.
    """
    course, kept = Course(), dict[str, torch.Tensor]()
    stored = None if folder is None else read_checkpoint(folder, identity)
    if stored is not None:
        learner.restore(stored.state, stored.counts)
        course, kept = Course(**stored.course), stored.best
    elif _judged(learner, judge, course, 0):
        kept = policy_of(learner.tensors())
    done = sum(_lengths(plan)[: course.segment])
    for k, steps in list(enumerate(_lengths(plan)))[course.segment :]:
        if course.over:
            break
        seed = int(seeding.key("segment", plan.seed, k) % 2**31)
        learner.advance(steps, seed, done / plan.steps, functools.partial(_tell, progress, done, plan.steps, course))
        done += steps
        better = _judged(learner, judge, course, done)
        if judge is None:  # the last one counts, and nothing says that it is enough
            better, course.best_segment = True, k + 1
        if better:
            kept = policy_of(learner.tensors())
        course.segment = k + 1
        course.over = k + 1 - course.best_segment >= plan.patience
        if folder is not None:
            counts, told = learner.counts(), json.loads(json.dumps(course.__dict__))
            write_checkpoint(folder, identity, k + 1, Checkpoint(learner.tensors(), kept, counts, told))
        progress(done, plan.steps, _said(course))
    return kept, course


def policy_of(tensors: Mapping[str, torch.Tensor]) -> Tensors:
    """The weights of the policy alone, by their names in it."""
    return {name.removeprefix("policy/"): value for name, value in tensors.items() if name.startswith("policy/")}


def _lengths(plan: Plan) -> list[int]:
    """Trials of each segment."""
    ends = np.linspace(0, plan.steps, plan.segments + 1).round().astype(int)
    return [int(length) for length in np.diff(ends) if length]


def _tell(progress: Progress, done: int, total: int, course: Course, part: int) -> None:
    progress(done + part, total, _said(course))


def _said(course: Course) -> str:
    return "training" if not course.curve else f"validation regret {course.best:.4f}"


def _judged(learner: Learner, judge: Judge | None, course: Course, done: int) -> bool:
    """Ask the validation tasks; returns whether this was the best so far."""
    if judge is None:
        return False
    regret = judge(learner.actor())
    learner.log({"validation/regret": regret}, done)
    course.curve.append([done, regret])
    if regret >= course.best:
        return False
    course.best, course.best_segment = regret, len(course.curve) - 1
    return True


def mean_regret(actor: Actor, env: HPOVectorEnv, *, seed: int, greedy: bool, masked: bool) -> float:
    """`validate.mean_regret` of a policy; as many runs on each task of the env."""
    rng = None if greedy else np.random.default_rng(seed)
    names = list(env.task_names)
    obs, _ = env.reset(seed=seed, options={"task": names * (env.num_envs // len(names))})

    def step() -> None:
        nonlocal obs
        with torch.no_grad():
            obs = env.step(actor.act(obs, env.action_masks() if masked else None, rng))[0]

    actor.forget()
    regret = validate.mean_regret(env.kernel.bank.tasks, env.kernel.runs, step)
    actor.forget()
    return regret


def names_of(tasks: Sequence[Any]) -> list[str]:
    """Suite and name of tasks, as a checkpoint knows them."""
    return [f"{t.suite}/{t.name}" for t in tasks]
