"""Comparisons without their reports, and hyperparameters."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

import pytest

from hpo_gym.problem.space import Hyperparameter


@contextmanager
def left_out() -> Iterator[None]:
    """Within it no report is written, whose figures take a second."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("hpo_gym.bench.report.write_report", lambda *args, **keywords: None)
        yield


def ranged(name: str, low: float, high: float, log: bool = False) -> Hyperparameter:
    """A number in a range."""
    return Hyperparameter(name, "float", low, high, log, (), None)


def chosen(name: str, choices: tuple[object, ...]) -> Hyperparameter:
    """One of some choices."""
    return Hyperparameter(name, "categorical", 0, len(choices) - 1, False, choices, choices[0])
