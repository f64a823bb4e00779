"""The split by suite: train on all suites but one. The only test of learning to search, not of remembering a corner."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from pathlib import Path

from hpo_gym.problem import Suite
from hpo_gym.suites.apart import Split, apart
from hpo_gym.suites.load import load_suite


def leave_suite_out(
    held_out: str | Path | Suite, others: str | Path | Suite | Sequence[str | Path | Suite], fold: int | None = None
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
    listed = list(others) if isinstance(others, Iterable) and not isinstance(others, (str, Path)) else [others]
    return apart(load_suite(held_out), [load_suite(suite) for suite in listed], fold)
