"""Tasks on two sides without relatives on both: the check behind every split."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from hpo_gym.base import InvalidValueError, SplitError
from hpo_gym.problem import Suite, Task


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
    """Refuse two sets of tasks with a common family, in any suite, by a `SplitError` that names the tasks."""
    families = {task.family: task for task in known}
    for task in unseen:
        relative = families.get(task.family)
        if relative is not None:
            raise SplitError(
                f"Tasks on two sides must not be relatives: {relative.suite}/{relative.name} and "
                f"{task.suite}/{task.name} are of the family {task.family!r}."
            )


def apart(judge: Suite, others: Sequence[Suite], fold: int | None = None) -> Split:
    """Return training and validation tasks of `others`, without relatives of the test tasks of `judge`, and these.

    Raises:
        InvalidValueError: `judge` is among the others, or no task is left to train on.
    """
    if judge.name in {suite.name for suite in others}:
        raise InvalidValueError(f"`others` must not hold the suite that is held out, got {judge.name!r} among them.")
    test = judge.tasks("test", fold)
    taken = {task.family for task in test}
    train = tuple(t for suite in others for t in suite.tasks("train", fold) if t.family not in taken)
    val = tuple(t for suite in others for t in suite.tasks("val", fold) if t.family not in taken)
    if not train:
        raise InvalidValueError(f"`others` must leave a task to train on, got {[suite.name for suite in others]}.")
    return Split(train, val, test)
