"""The protocol that every optimizer implements: `Optimizer`, in a batch `BatchOptimizer`, with training `Trainable`.

Random search, hyperband, Q-learning, an SB3 policy: all of them. A trained agent needs no env for a user's objective.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol, runtime_checkable

import numpy as np
from numpy.typing import NDArray

from hpo_gym.base import Ints, Registry, SplitError, real, unknown
from hpo_gym.problem import COST, REMEMBERED, Belief, Budget, Evaluations, Objective, Points, Query, SearchSpace, Trial

if TYPE_CHECKING:
    from hpo_gym.env import Runs
    from hpo_gym.optimize.collecting.episodes import Episodes
    from hpo_gym.problem import Task


@dataclass(frozen=True, eq=False)
class Context:
    """Facts available to an optimizer before the first trial.

    Attributes:
        budget: In full evaluations; with `unit`, in cost, in this unit.
        fidelities: Available fidelities, ascending; the last is 1.
        pool: All configurations that can be evaluated, ``(m, d)``, or None if unlimited.
        available: Rows of the pool measured on this task, ``(m,)``, or None for all. The nearest answers for others.
        meta_features: Numbers that describe the data set; None where unknown.
        prior: Earlier tasks, none of them of the family of this one.
        starts: Seed of the instance's random configurations, the same for all optimizers of a cell, so that random
            starts are equal, not a matter of luck. None: an optimizer draws them from its own stream.
        belief: The user's belief about good values; most optimizers do not read it (see `reads_belief`).
        signals: Signals before the first trial, by name, if trials build on each other; later see `Trial.signals`.
        objectives: Reported quantities of a configuration beside its score and cost: see `Trial.objectives`.
        unit: The cost of one unit of a budget in cost: the mean cost of a full evaluation of the task, in the unit of
            `Trial.cost`, such as seconds. Spending is the sum of the costs of all trials except the initial design,
            divided by it. None: the budget is in full evaluations.
        checkpoints: Whether a trial pays only the cost beyond the highest lower fidelity of an earlier success of the
            same configuration in this run. `Trial.cost` is the payment.
        offered: The row of the pool at each place, for a policy that chooses by place, ``(m,)``, or None: as they are.
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
    offered: Ints | None = None

    @property
    def limit(self) -> Budget:
        """The budget of the run."""
        return Budget(self.budget) if self.unit is None else Budget(self.budget, COST, self.checkpoints)

    def charge(self, trial: Trial) -> float:
        """Return the charge of a trial on the budget, in its unit: its fidelity, or its cost for a budget in cost."""
        return trial.fidelity if self.unit is None else trial.cost / self.unit

    @classmethod
    def of(
        cls, task: Task, budget: float | Budget, prior: Sequence[Evaluations] = (), *, starts: int | None = None,
        unit: float | None = None, checkpoints: bool = False,
    ) -> Context:  # fmt: skip
        """Return the facts about a task without any of its own evaluations.

        Args:
            budget: One that is a `Budget` sets `unit` and `checkpoints`, too.
            unit: Of a budget in cost, the mean cost of the task: a user who sets a budget in seconds knows it.
            checkpoints: Whether they are kept, if costs of the task are cumulative.

        Raises:
            SplitError: An earlier task in `prior` is of the same family.
        """
        for earlier in prior:
            if earlier.family == task.family:
                raise SplitError(
                    f"`prior` must hold no relative of task {task.name!r}, got {earlier.name!r}, its relative."
                )
        if isinstance(budget, Budget):
            unit, checkpoints, budget = task.cost_unit if budget.in_cost else None, budget.checkpoints, budget.amount
        measured = task.measured
        available = None if measured is None or measured.all() else measured
        return cls(
            task.space, float(budget), task.fidelities, task.pool, available, task.meta_features, prior, starts,
            objectives=task.objectives, unit=unit, checkpoints=checkpoints and task.cumulative, offered=task.offered,
        )  # fmt: skip


@runtime_checkable
class Optimizer(Protocol):
    """Anything that proposes configurations one at a time.

    Its class may have ``smoke: ClassVar[Mapping[str, Any]]``: arguments for training and running it in about a second,
    for tests. It is no setting: no result, saved file or comparison depends on it. Others that it may have are read by
    `asked`, `prior_weight`, `reads_belief` and `remembers`. A method ``fits(context)`` raises `InvalidValueError`, with
    the reason, where it cannot run: a comparison is then refused before it begins.
    """

    def reset(self, context: Context, rng: np.random.Generator) -> None:
        """Begin a new run; every random choice of the run is drawn from `rng`."""

    def ask(self) -> Query | None:
        """Return the next query, or None to end the run."""

    def tell(self, trial: Trial) -> None:
        """Record an outcome; the initial design comes before the first `ask`."""


@runtime_checkable
class BatchOptimizer(Protocol):
    """An optimizer that also proposes for many runs at once; each run's proposals depend on that run alone."""

    def reset_batch(self, contexts: Sequence[Context], rngs: Sequence[np.random.Generator]) -> None:
        """Begin `n` new runs."""

    def ask_batch(self, runs: Runs) -> tuple[NDArray[Any], NDArray[np.float64] | None]:
        """Return the next evaluation of each run, given all runs so far.

        Returns:
            Points ``(n, d)`` as floats, or rows of each pool ``(n,)``; and fidelities ``(n,)``, None for full ones. A
            row -1, or a point of NaN, ends its run; -2, or a point of infinity, is a refused proposal.
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
        """Read a folder of `save`; raise `DamagedDataError` for other content."""


@runtime_checkable
class Resumable(Trainable, Protocol):
    """A trainable optimizer with checkpoints of its training, so a killed training can resume."""

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
        """Train with checkpoints and logs in a folder; an interrupted training resumes to the same result.

        Returns:
            Trials done and mean normalised regret on `validation`, now and then.
        """


@runtime_checkable
class LearnsFromData(Trainable, Protocol):
    """A trainable optimizer that also learns from stored episodes."""

    def train_on(
        self,
        episodes: Episodes,
        rng: np.random.Generator,
        *,
        validation: Sequence[Task] = (),
        steps: int | None = None,
        folder: Path | None = None,
        progress: Callable[[int, int, str], None] = ...,
    ) -> list[list[float]]:
        """Learn from episodes, as `Resumable.train_in` learns from tasks; `seen` has their families, too."""


OPTIMIZERS: Registry[Optimizer] = Registry("optimizer", ("hpo_baselines", "hpo_agents"), variable="OPTIMIZERS")


def asked(optimizer: Optimizer) -> str:
    """Return how an optimizer is asked beside pending trials (`hpo_gym.optimize.in_flight`), as it is registered or its
    class states: "ahead", before it is told the last results; "in turn", once before each tell, if proposals follow
    from its own earlier asks, as in a bracket; by default "once", after the trials so far.
    """
    name = OPTIMIZERS.name_of(type(optimizer))
    about = {} if name is None else OPTIMIZERS.entries()[name].about
    return str(getattr(optimizer, "asked", about.get("asked", "once")))


def reads_belief(optimizer: Optimizer) -> bool:
    """Return whether an optimizer weighs its choices by `Context.belief`: its class states ``believes = True``."""
    return bool(getattr(optimizer, "believes", False))


def prior_weight(optimizer: Optimizer) -> float | None:
    """Return the weight of `Context.prior` in the last proposal, in [0, 1]: the attribute `prior_weight` of an
    optimizer that has one; None: it has none, or that proposal used no model.

    Raises:
        InvalidValueError: It is no such number.
    """
    told = getattr(optimizer, "prior_weight", None)
    return None if told is None else real("prior_weight", told, 0.0, 1.0)


def remembers(optimizer: Optimizer) -> tuple[str, ...]:
    """Return the kinds in `REMEMBERED` that an optimizer reads in `Context.prior` beside scores: its class states
    ``remembers = ("test", "cost")``, or has a property if that depends on its settings.

    Raises:
        UnknownNameError: It names anything else.
    """
    said = tuple(getattr(optimizer, "remembers", ()))
    for kind in said:
        if kind not in REMEMBERED:
            raise unknown("kind of memory", kind, REMEMBERED)
    return tuple(kind for kind in REMEMBERED if kind in said)
