"""A race: an optimizer and the controls on one task, from one seed, taken together a full evaluation at a time."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

from hpo_gym.base import InvalidValueError, UnknownNameError, seeding, whole
from hpo_gym.bench import families_first, regret_of
from hpo_gym.optimize import Context, Form, Optimizer, Run, Trainable, choices_of, form_of, make_optimizer, turns
from hpo_gym.problem import LAST, MEAN, History, Suite, Task, Trial, floor_for, has_seen, over
from hpo_gym.suites import is_shipped

CONTROLS = ("portfolio", "random")
REGRET, SCORE = "regret", "score"


class Lane:
    """The run of one optimizer.

    Args:
        suite, task, budget, seed: As of `Race`.

    Attributes:
        values: Regret, or the incumbent's score, after each full evaluation so far.
        counts: How many trials had been made by then.
    """

    def __init__(self, who: tuple[str, Optimizer], suite: Suite, task: Task, budget: int, seed: int) -> None:
        self.name, optimizer = who
        self.values, self.counts = list[float](), list[int]()
        prior = tuple(e for e in suite.prior() if e.family != task.family)
        instance = seeding.instance_seed(task.suite, task.name, "rollout", seed)
        context = Context.of(task, budget, prior, starts=seeding.starts_seed(instance))
        self.seen = has_seen(getattr(optimizer, "seen", ()), task.family)
        self._budget, self._run = budget, Run(task, context, instance, floor=floor_for(task, prior))
        self._turns = turns(optimizer, self._run, context, choices_of(optimizer, instance))

    @property
    def history(self) -> History:
        """The trials so far."""
        return History(tuple(self._run.trials))

    def advance(self, evaluations: int) -> None:
        """Go on until so many full evaluations are spent, or the run has ended."""
        while not over(evaluations - self._run.spent, self._run.task.fidelities[0]):
            if next(self._turns, None) is None:
                break
        self.counts.append(len(self._run.trials))
        history, task = self.history, self._run.task
        if task.bounded:
            self.values.append(float(regret_of(history, task, self._budget)[evaluations - 1]))
        else:
            self.values.append(history.incumbent.score if history.incumbent else float("nan"))


@dataclass
class Race:
    """An agent beside the controls on one task: the same seed, the same instance, the same earlier tasks.

    Each lane is `hpo_gym.rollout` with ``prior=suite.prior()``, without earlier tasks of the task's own family.

    Attributes:
        budget: Full evaluations of each.
        evaluations: How many have been spent so far.
        lanes: The agent first.
    """

    suite: Suite
    task: Task
    budget: int
    seed: int
    lanes: Sequence[Lane] = field(repr=False)
    evaluations: int = 0

    @classmethod
    def of(
        cls, agent: object, suite: Suite, task: str | None = None, *, budget: int | None = None, seed: int = 0
    ) -> Race:
        """Return a race at its start.

        Args:
            agent: In any form of an optimizer (`hpo_gym.optimize.forms`).
            task: By default the validation task with which `hpo-gym bench --split val --tasks 1` begins.
            budget: By default the suite's own, else 33.

        Raises:
            InvalidValueError: The agent is not trained, or the suite has no validation task.
            UnknownNameError: No such optimizer or task.
        """
        known = suite.task(first_task(suite) if task is None else task)
        evaluations = whole("budget", known.budget if budget is None else budget)
        form, optimizer = _ready(agent)
        others = [(name, make_optimizer(name)) for name in CONTROLS if name != form.spec]
        lanes = [Lane(who, suite, known, evaluations, seed) for who in ((form.name, optimizer), *others)]
        return cls(suite, known, evaluations, seed, lanes)

    @property
    def measure(self) -> str:
        """The measure in `Lane.values`: the regret, or the incumbent's score if the task's best is unknown."""
        return REGRET if self.task.bounded else SCORE

    @property
    def said(self) -> str:
        """The same in words."""
        of = {LAST: "last score", MEAN: "mean score"}.get(self.task.counts, "best score so far")
        return f"regret of the {of}: 0 best, 1 worst" if self.measure == REGRET else of

    @property
    def over(self) -> bool:
        """True once the budget is spent."""
        return self.evaluations >= self.budget

    def step(self) -> None:
        """All go on by one full evaluation."""
        self.evaluations += 1
        for lane in self.lanes:
            lane.advance(self.evaluations)

    def tried(self) -> Trial | None:
        """Return the last trial of the agent; None before the first."""
        trials = self.lanes[0].history.trials
        return trials[-1] if trials else None

    @property
    def notes(self) -> list[str]:
        """Notes for a reader."""
        split = self.suite.split(self.task)
        found = []
        if split == "test":
            found.append("A test task: what is chosen after a look at it is chosen on test data.")
        if split == "train":
            found.append("A meta-train task: the controls are not told of it, what was trained may have been.")
        if self.lanes[0].seen:
            found.append(f"{self.lanes[0].name} was trained or chosen on data sets of the family {self.task.family!r}.")
        return found


def first_task(suite: Suite, seed: int | None = None) -> str:
    """Return a validation task: the first of the order in which families take turns, or one that a seed draws.

    Raises:
        InvalidValueError: There is none.
    """
    tasks = suite.tasks("val")
    if not tasks:
        near = next((t.name for split in ("test", "train") for t in suite.tasks(split)), "")
        raise InvalidValueError(
            f"{suite.name!r} must have a validation task to be chosen by default, it has none: name a task, such as "
            f"{near!r}."
        )
    order = families_first(suite.name, tasks)
    return order[0] if seed is None else order[seeding.key("play", suite.name, seed) % len(order)]


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
