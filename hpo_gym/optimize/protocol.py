"""The protocol that every optimizer implements: `Optimizer`, in a batch `BatchOptimizer`, with training `Trainable`.

Random search, hyperband, Q-learning, an SB3 policy: all of them. So a trained agent runs on a user's own objective
without any env.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol, runtime_checkable

import numpy as np
from numpy.typing import NDArray

from hpo_gym.base import Registry, SplitError, unknown
from hpo_gym.problem import REMEMBERED, Belief, Evaluations, Objective, Points, Query, SearchSpace, Trial

if TYPE_CHECKING:
    from hpo_gym.env import Runs
    from hpo_gym.problem import Task


@dataclass(frozen=True, eq=False)
class Context:
    """What an optimizer may know before the first trial.

    Attributes:
        space: The search space.
        budget: In full evaluations; where `unit` is given, in cost, in this unit.
        fidelities: What can be asked for, ascending; the last is 1.
        pool: All configurations that can be evaluated, ``(m, d)``, or None if unlimited.
        available: Which rows of the pool were measured on this task, ``(m,)``, or None for all of them. Another row is
            answered by its nearest measured neighbour.
        meta_features: Numbers that describe the data set; None where unknown.
        prior: Earlier tasks, none of them of the family of this one.
        starts: Seed of the world's random configurations, the same for all optimizers of a cell, so that those that
            begin at random begin alike, not by luck of their own. None: an optimizer draws them from its own stream.
        belief: What the user holds of good values; most optimizers do not read it (see `reads_belief`).
        signals: What is seen of the run before its first trial, by name, where trials go on from each other; afterwards
            see `Trial.signals`.
        objectives: What of a configuration is told beside its score and cost: see `Trial.objectives`.
        unit: The cost that is a unit of the budget, where that is in cost: the mean cost of a full evaluation of the
            task, in the unit of `Trial.cost`, as seconds. What was spent is the sum of the costs of all trials but the
            given points, over this. None: the budget is in full evaluations.
        checkpoints: Whether a trial pays only what it costs beyond the highest lower fidelity at which this run has
            evaluated the same configuration with success. `Trial.cost` is what was paid.
    """

    space: SearchSpace
    budget: float
    fidelities: tuple[float, ...] = (1.0,)
    pool: Points | None = None
    available: NDArray[np.bool_] | None = None
    meta_features: Mapping[str, float | None] = field(default_factory=dict)
    prior: Sequence[Evaluations] = ()
    starts: int | None = None
    belief: Belief | None = None
    signals: Mapping[str, float] = field(default_factory=dict)
    objectives: tuple[Objective, ...] = ()
    unit: float | None = None
    checkpoints: bool = False

    def charge(self, trial: Trial) -> float:
        """What a trial takes of the budget, in its unit: its fidelity, or its cost where the budget is in cost."""
        return trial.fidelity if self.unit is None else trial.cost / self.unit

    @classmethod
    def of(
        cls, task: Task, budget: float, prior: Sequence[Evaluations] = (), *, starts: int | None = None,
        unit: float | None = None, checkpoints: bool = False,
    ) -> Context:  # fmt: skip
        """What an optimizer may know of a task: nothing that any of its own evaluations has to tell.

        A budget in cost has a `unit`, of which the mean cost of the task is told, since whoever knows how long he can
        wait knows it. `checkpoints` says whether they are kept, where costs of the task are cumulative.

        Raises:
            SplitError: An earlier task in `prior` is of the same family.
        """
        for earlier in prior:
            if earlier.family == task.family:
                raise SplitError(
                    f"`prior` must hold no relative of task {task.name!r}, got {earlier.name!r}, its relative."
                )
        measured = task.measured
        available = None if measured is None or measured.all() else measured
        return cls(
            task.space, float(budget), task.fidelities, task.pool, available, task.meta_features, prior, starts,
            objectives=task.objectives, unit=unit, checkpoints=checkpoints and task.cumulative,
        )  # fmt: skip


@runtime_checkable
class Optimizer(Protocol):
    """Anything that proposes configurations one at a time.

    Its class may have ``smoke: ClassVar[Mapping[str, Any]]``: arguments with which it trains and runs in about a
    second, for tests (see `smoke_of`). It is no setting: no result, saved file or comparison depends on it.
    """

    def reset(self, context: Context, rng: np.random.Generator) -> None:
        """Begin a new run; every random choice of the run is drawn from `rng`."""

    def ask(self) -> Query | None:
        """The next query, or None to end the run."""

    def tell(self, trial: Trial) -> None:
        """Record an outcome; the initial design comes before the first `ask`."""


@runtime_checkable
class BatchOptimizer(Protocol):
    """An optimizer that also proposes for many runs at once; each run's proposals depend on that run alone."""

    def reset_batch(self, contexts: Sequence[Context], rngs: Sequence[np.random.Generator]) -> None:
        """Begin `n` new runs."""

    def ask_batch(self, runs: Runs) -> tuple[NDArray[Any], NDArray[np.float64] | None]:
        """What each run evaluates next, given all runs so far.

        Returns:
            Points ``(n, d)`` as floats, or rows of each context's pool ``(n,)`` as integers; and the fidelities
            ``(n,)``, or None for full evaluations.
        """


@runtime_checkable
class Trainable(Protocol):
    """An optimizer that learns from meta-train tasks before it is compared."""

    @property
    def seen(self) -> frozenset[str]:
        """Families of the tasks used for training or tuning."""

    def train(
        self,
        tasks: Sequence[Task],
        rng: np.random.Generator,
        *,
        validation: Sequence[Task] = (),
        steps: int | None = None,
    ) -> None:
        """Train on `tasks` and select on `validation`, with at most `steps` trials if given."""

    def save(self, folder: Path) -> None:
        """Save the trained optimizer as arrays and JSON."""

    def load(self, folder: Path) -> None:
        """Read what `save` wrote; raises `DamagedDataError` for other content."""


@runtime_checkable
class Resumable(Trainable, Protocol):
    """A trainable optimizer whose training leaves checkpoints, so a killed training can resume."""

    def train_in(
        self,
        folder: Path | None,
        tasks: Sequence[Task],
        rng: np.random.Generator,
        *,
        validation: Sequence[Task] = (),
        steps: int | None = None,
        progress: Callable[[int, int, str], None] = ...,
    ) -> list[list[float]]:
        """As `train`, with checkpoints and logs in a folder; an interrupted training resumes to the same result.

        Returns:
            Trials done and mean normalised regret on `validation`, now and then.
        """


OPTIMIZERS: Registry[Optimizer] = Registry("optimizer", ("hpo_baselines", "hpo_agents"), variable="OPTIMIZERS")


def reads_belief(optimizer: Optimizer) -> bool:
    """Whether an optimizer weighs its choices by `Context.belief`: its class says so by ``believes = True``."""
    return bool(getattr(optimizer, "believes", False))


def remembers(optimizer: Optimizer) -> tuple[str, ...]:
    """What of `REMEMBERED` an optimizer reads in `Context.prior` beside scores: its class says so by ``remembers =
    ("test", "cost")``, or by a property where that depends on its settings.

    Raises:
        UnknownNameError: It names anything else.
    """
    said = tuple(getattr(optimizer, "remembers", ()))
    for kind in said:
        if kind not in REMEMBERED:
            raise unknown("kind of memory", kind, REMEMBERED)
    return tuple(kind for kind in REMEMBERED if kind in said)


def smoke_of(name: str) -> dict[str, Any]:
    """The tiny settings that the class of a registered optimizer has as `smoke`; none: its defaults are tiny enough.

    Raises:
        UnknownNameError: No such optimizer.
        MissingExtraError: It needs an optional package.
    """
    return dict(getattr(OPTIMIZERS.get(name), "smoke", {}))
