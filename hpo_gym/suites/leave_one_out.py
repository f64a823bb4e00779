"""The split by suite: train on all suites but one. The only test of learning to search, not of remembering a corner."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

from hpo_gym.errors import InvalidValueError, SplitError
from hpo_gym.suite import Suite
from hpo_gym.suites import load_suite
from hpo_gym.task import Task


@dataclass(frozen=True, eq=False)
class Split:
    """Tasks to train on, to choose by, and to be judged on; no family stands in two of them.

    Raises:
        SplitError: A family does.
    """

    train: tuple[Task, ...]
    val: tuple[Task, ...]
    test: tuple[Task, ...]

    def __post_init__(self) -> None:
        check_apart(self.train, self.val)
        check_apart((*self.train, *self.val), self.test)


def check_apart(known: Iterable[Task], unseen: Iterable[Task]) -> None:
    """Refuse two sets of tasks that share a family, in whatever suite.

    Raises:
        SplitError: They do; the message names the tasks.
    """
    families = {task.family: task for task in known}
    for task in unseen:
        relative = families.get(task.family)
        if relative is not None:
            raise SplitError(
                f"Tasks on two sides must not be relatives: {relative.suite}/{relative.name} and "
                f"{task.suite}/{task.name} are of the family {task.family!r}."
            )


def leave_suite_out(
    held_out: str | Path | Suite, others: Sequence[str | Path | Suite], fold: int | None = None
) -> Split:
    """Split by suite: an agent trains on `others` and is judged on the test tasks of a suite that it has never seen.

    Tasks of the others that are relatives of a test task are left out as well.

    Args:
        held_out: The suite to be judged on.
        others: Suites to train on, each by its training tasks, and to choose by, each by its validation tasks.
        fold: As in `Suite.tasks`.

    Raises:
        InvalidValueError: `held_out` is among the others, or no task is left to train on.
    """
    judge, rest = load_suite(held_out), [load_suite(suite) for suite in others]
    if judge.name in {suite.name for suite in rest}:
        raise InvalidValueError(f"`others` must not hold the suite that is held out, got {judge.name!r} among them.")
    test = judge.tasks("test", fold)
    taken = {task.family for task in test}
    train = tuple(t for suite in rest for t in suite.tasks("train", fold) if t.family not in taken)
    val = tuple(t for suite in rest for t in suite.tasks("val", fold) if t.family not in taken)
    if not train:
        raise InvalidValueError(f"`others` must leave a task to train on, got {[suite.name for suite in rest]}.")
    return Split(train, val, test)
