"""Several suites at once: one suite of all their tasks, with spaces padded to the widest."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace

from hpo_gym.base import InvalidValueError, seeding
from hpo_gym.problem import SPLITS, SearchSpace, Suite, Task
from hpo_gym.suites.apart import apart
from hpo_gym.suites.tasks.function import unit_space

KINDS = ("table", "function", "surrogate", "mixed")
"""Kinds of suites that can be mixed: their trials are independent, and run nothing of a user's own."""


class Mixed(Suite):
    """Tasks of several suites, each with a space of its own."""

    def _known(self, split: str, fold: int | None) -> Sequence[Task]:
        """Tasks in the suite's own space: points of another mean something else."""
        return [t for t in self.tasks(split, fold) if t.space == self.space]


def mixed(suites: Sequence[Suite]) -> Suite:
    """Return the tasks of several suites as one, named ``SUITE/task``, each in its own split.

    Its search space is as many floats in [0, 1] as the widest space has columns: a task reads the first of them as its
    own space and ignores the rest. If all suites have pools, so has this one; a task of a shorter pool lacks the last
    rows. Noise is drawn by the new names.

    Raises:
        InvalidValueError: Fewer than two suites, one twice, or one of a kind that cannot be mixed.
    """
    names = [suite.name for suite in suites]
    if len(names) < 2 or len(set(names)) < len(names):
        raise InvalidValueError(f"`suites` must name two suites or more, each once, got {', '.join(names) or 'none'}.")
    sides: dict[str | None, Owned] = {split: [(s, t) for s in suites for t in s.tasks(split)] for split in SPLITS}
    sides[None] = [(suite, task) for suite in suites for task in suite.members if suite.split(task) is None]
    return composed(",".join(names), suites, sides, f"The tasks of {', '.join(names)}.")


ARROW = "->"  # between the suites to train on and the one to be judged on


def held_out(judge: Suite, others: Sequence[Suite]) -> Suite:
    """Return training and validation tasks of others and test tasks of `judge`, as a suite named
    ``OTHER,OTHER->JUDGE``.

    Its search space is that of `judge` if that is the widest, else floats in [0, 1] as in a mixed suite. Statistics and
    known tasks come from the others; optimizers know only tables of others in exactly the space of `judge`.

    Raises:
        InvalidValueError: As `apart`; or a suite is of a kind that cannot be mixed.
    """
    split, every = apart(judge, others), [*others, judge]
    owner = {(task.suite, task.name): suite for suite in every for task in suite.members}
    parts = {"train": split.train, "val": split.val, "test": split.test}
    sides: dict[str | None, Owned] = {
        side: [(owner[task.suite, task.name], task) for task in tasks] for side, tasks in parts.items()
    }
    name = f"{','.join(suite.name for suite in others)}{ARROW}{judge.name}"
    about = f"Training on {', '.join(s.name for s in others)}, test on {judge.name}, of which nothing else is known."
    widest = judge.space.d >= max(suite.space.d for suite in others)
    return composed(name, every, sides, about, judge.space if widest else None)


Owned = Iterable[tuple[Suite, Task]]


def composed(
    name: str, suites: Sequence[Suite], sides: Mapping[str | None, Owned], description: str,
    space: SearchSpace | None = None,
) -> Suite:  # fmt: skip
    """Return a suite of tasks of others, each named ``SUITE/task``.

    Args:
        suites: Sources of its tasks.
        sides: Its splits; None: tasks in no split.
        space: The search space; None: floats in [0, 1].

    Raises:
        InvalidValueError: A suite is of a kind that cannot be mixed.
    """
    for suite in suites:
        if suite.kind not in KINDS:
            raise InvalidValueError(
                f"Suites whose trials are independent and run no code of yours can be mixed ({', '.join(KINDS)}), got "
                f"{suite.name!r} of kind {suite.kind!r}."
            )
    splits = {
        split: [f"{suite.name}/{task.name}" for suite, task in tasks]
        for split, tasks in sides.items()
        if split is not None
    }
    owned = {(suite.name, task.name) for tasks in sides.values() for suite, task in tasks}
    members = tuple(
        replace(task, name=f"{suite.name}/{task.name}")
        for suite in suites
        for task in suite.members
        if (suite.name, task.name) in owned
    )
    licences = dict.fromkeys(str(suite.about["licence"]) for suite in suites if suite.about.get("licence"))
    about = {
        "title": name,
        "description": description,
        "score": "that of each suite",
        "licence": "; ".join(licences),
        "source": "; ".join(suite.name for suite in suites),
    }
    digest = f"{seeding.key('composed', name, splits, {suite.name: suite.data_hash for suite in suites}):016x}"
    width = max(suite.space.d for suite in suites)
    return Mixed(name, space or unit_space(width), members, "mixed", 1, splits, about, digest)
