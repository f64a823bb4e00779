"""Training of a policy in segments: each is a function of the state before it and of a seed, so that a killed training
resumes to exactly the same result.
"""

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

from hpo_agents._policy.resuming import Checkpoint, read_checkpoint, write_checkpoint
from hpo_agents._policy.validate import mean_regret as regret_on
from hpo_gym.base import seeding
from hpo_gym.env import HPOVectorEnv

Tensors = dict[str, torch.Tensor]
Progress = Callable[[int, int, str], None]
"""A function of trials done, trials in total, and a description of the work."""


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
        """Load the output of `tensors` and `counts`."""

    @abstractmethod
    def actor(self) -> Actor:
        """Return the current policy."""

    def log(self, values: Mapping[str, float], step: int) -> None:  # noqa: B027 - not every learner keeps logs
        """Keep figures of the training, such as for TensorBoard."""


class Actor(ABC):
    """A policy for `n` runs at once.

    Attributes:
        memory: Its memory of runs from trial to trial; None before the first.
    """

    memory: object = None

    @abstractmethod
    def act(self, obs: Any, masks: NDArray[np.bool_] | None, rng: np.random.Generator | None) -> NDArray[Any]:
        """Return actions for observations ``(n, ...)``.

        Args:
            obs: From the observer.
            masks: Sensible actions, ``(n, a)``; None for continuous actions.
            rng: Source of draws from the policy; None for the best action.
        """

    def forget(self) -> None:
        """Begin new runs."""
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
    """Plan of a training.

    Attributes:
        steps: Trials of the training.
        segments: Number of validations, each with a saved state.
        patience: Segments without a better result on the validation tasks before the training ends; without such tasks
            it never ends early.
        seed: Of everything random.
    """

    steps: int
    segments: int
    patience: int
    seed: int


@dataclass(frozen=True)
class Logbook:
    """Record of a training while it goes on.

    Attributes:
        folder: Gets a checkpoint after each segment; a checkpoint of the same training is resumed. None: none.
        progress: Called with the progress.
    """

    folder: Path | None = None
    progress: Progress = lambda done, total, what: None

    @property
    def curves(self) -> Path | None:
        """Return the folder of the algorithm's own curves."""
        return None if self.folder is None else self.folder / "logs"


@dataclass
class Course:
    """Progress of a training.

    Attributes:
        segment: Segments done.
        curve: Trials done and mean normalised regret on the validation tasks, at the start and after each
            segment.
        best: The lowest of them.
        best_segment: Segments done at that time; without validation tasks, the segments done.
        over: Whether it has ended early.
    """

    segment: int = 0
    curve: list[list[float]] = field(default_factory=list)
    best: float = np.inf
    best_segment: int = 0
    over: bool = False


def train(
    learner: Learner, judge: Judge | None, plan: Plan, identity: Mapping[str, Any], log: Logbook
) -> tuple[Tensors, Course]:
    """Train, and keep the policy with the best result on the validation tasks; the last one without such tasks.

    Args:
        learner: Fresh.
        judge: Returns the quality of a policy on the validation tasks, None without any.
        plan: Its plan.
        identity: Everything that determines the result, as plain JSON: a checkpoint of another training is refused.
        log: Its checkpoints and its progress.

    Returns:
        The weights of the policy, and the course.
    """
    course, kept = Course(), dict[str, torch.Tensor]()
    folder, progress = log.folder, log.progress
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
            counts, reported = learner.counts(), json.loads(json.dumps(course.__dict__))
            write_checkpoint(folder, identity, k + 1, Checkpoint(learner.tensors(), kept, counts, reported))
        progress(done, plan.steps, _said(course))
    return kept, course


def policy_of(tensors: Mapping[str, torch.Tensor]) -> Tensors:
    """Return the weights of the policy alone, by their names in it."""
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
    """`hpo_gym.optimize.mean_regret` of a policy; as many runs on each task of the env."""
    rng = None if greedy else np.random.default_rng(seed)
    names = list(env.task_names)
    obs, _ = env.reset(seed=seed, options={"task": names * (env.num_envs // len(names))})

    def step() -> None:
        nonlocal obs
        with torch.no_grad():
            obs = env.step(actor.act(obs, env.action_masks() > 0 if masked else None, rng))[0]

    actor.forget()
    regret = regret_on(env.kernel.batch.tasks, env.kernel.runs, step)
    actor.forget()
    return regret


def names_of(tasks: Sequence[Any]) -> list[str]:
    """Suite and name of tasks, as a checkpoint knows them."""
    return [f"{t.suite}/{t.name}" for t in tasks]
