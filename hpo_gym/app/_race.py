"""A race: an optimizer and the controls on one task, from one seed."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from hpo_gym.base import InvalidValueError, UnknownNameError, whole
from hpo_gym.bench import families_first, regret_of
from hpo_gym.optimize import Form, Optimizer, Trainable, form_of, make_optimizer, rollout
from hpo_gym.problem import LAST, History, Suite, Task, Trial, has_seen
from hpo_gym.suites import is_shipped

CONTROLS = ("portfolio", "random")


@dataclass(frozen=True)
class Lane:
    """The run of one optimizer.

    Attributes:
        values: Regret, or the incumbent's score, after each full evaluation.
        tried: The last trial by then, and whether it was the best so far; None before the first.
    """

    name: str
    history: History
    values: Sequence[float]
    tried: Sequence[tuple[Trial, bool] | None]

    @classmethod
    def of(cls, name: str, history: History, task: Task, budget: int) -> Lane:
        """Return a run as it stands after each full evaluation."""
        spent = np.round(np.cumsum(history.fidelities), 9)
        counts = np.searchsorted(spent, np.arange(1, budget + 1), side="right").tolist()
        trials, best = history.trials, history.incumbents
        if task.bounded:
            values = [float(v) for v in regret_of(history, task, budget)]
        else:
            values = [trials[best[n - 1]].score if n and best[n - 1] >= 0 else float("nan") for n in counts]
        return cls(name, history, values, [(trials[n - 1], best[n - 1] == n - 1) if n else None for n in counts])


@dataclass(frozen=True)
class Race:
    """An agent beside the controls on one task: the same seed, the same instance, the same earlier tasks.

    Each lane is `hpo_gym.rollout` with ``prior=suite.prior()``, without earlier tasks of the task's own family.

    Attributes:
        budget: Full evaluations of each.
        lanes: The agent first.
        seen: Whether the agent was trained or chosen on data sets of the family.
    """

    suite: Suite
    task: Task
    budget: int
    lanes: Sequence[Lane]
    seen: bool

    @classmethod
    def of(
        cls, agent: object, suite: Suite, task: str | None = None, *, budget: int | None = None, seed: int = 0
    ) -> Race:
        """Run a race.

        Args:
            agent: In any form of an optimizer (`hpo_gym.optimize.forms`).
            task: By default the validation task with which `hpo-gym bench --split val --tasks 1` begins.
            budget: By default the suite's own, else 33.

        Raises:
            InvalidValueError: The agent is not trained, or the suite has no validation task.
            UnknownNameError: No such optimizer or task.
        """
        known = suite.task(_first_task(suite) if task is None else task)
        evaluations = whole("budget", known.budget if budget is None else budget)
        form, optimizer = _ready(agent)
        prior = tuple(e for e in suite.prior() if e.family != known.family)
        both = [(form.name, optimizer), *((name, make_optimizer(name)) for name in CONTROLS if name != form.spec)]
        runs = [(name, rollout(one, known, evaluations, seed=seed, prior=prior)) for name, one in both]
        lanes = [Lane.of(name, history, known, evaluations) for name, history in runs]
        return cls(suite, known, evaluations, lanes, has_seen(getattr(optimizer, "seen", ()), known.family))

    @property
    def title(self) -> str:
        """The agent, the suite and the task."""
        kinds = {"val": "validation task", "train": "meta-train task", "test": "test task"}
        return f"{self.lanes[0].name} on {self.suite.name}, {kinds.get(self._split, 'task')} {self.task.name}"

    @property
    def said(self) -> str:
        """What `Lane.values` holds: the regret, or the incumbent's score if the task's best is unknown."""
        of = "last score" if self.task.counts == LAST else "best score so far"
        return f"regret of the {of}: 0 best, 1 worst" if self.task.bounded else of

    @property
    def notes(self) -> list[str]:
        """Notes for a reader."""
        found = {
            "test": ["A test task: what is chosen after a look at it is chosen on test data."],
            "train": ["A meta-train task: the controls are not told of it, what was trained may have been."],
        }.get(self._split, [])
        name = self.lanes[0].name
        seen = f"{name} was trained or chosen on data sets of the family {self.task.family!r}."
        return [*found, *([seen] if self.seen else [])]

    @property
    def _split(self) -> str:
        return self.suite.split(self.task) or ""


def _first_task(suite: Suite) -> str:
    """Return the first validation task of the order in which families take turns."""
    tasks = suite.tasks("val")
    if not tasks:
        raise InvalidValueError(f"{suite.name!r} must have a validation task to be chosen by default: name a task.")
    return families_first(suite.name, tasks)[0]


def _ready(agent: object) -> tuple[Form, Optimizer]:
    """Return the form of an agent, and the agent ready to run; refuse an untrained one, and a suite's name in words."""
    try:
        form = form_of(agent)
        made: Optimizer = form.make()
    except UnknownNameError as fault:
        if isinstance(agent, str) and is_shipped(agent):
            raise InvalidValueError(
                f"An agent must come first, {agent!r} is a suite: `hpo-gym demo transfer-mix {agent}`."
            ) from fault
        raise
    if isinstance(made, Trainable) and not made.seen:
        raise InvalidValueError(
            f"The agent must be trained, {form.name!r} is not: `hpo-gym train {form.name} --out mine`, then give "
            "`mine`; `hpo-gym list --all` names what ships trained."
        )
    return form, made
