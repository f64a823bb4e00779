"""Which view of a tuning env a standard agent learns on: what it does, sees and is paid; all else is at its default.

A cell trains an agent of Stable-Baselines3 with its default settings for 60 seconds of one processor, and judges it on
the validation tasks before and after, as `learnable.py` does. One training each, so small differences are noise.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

import frame
import learnable
from frame import Table

from hpo_gym.bench import VALIDATION

SUITES = ("SVM", "Boosting")
SECONDS = 60.0
VIEWS: Mapping[str, tuple[str, Mapping[str, Any]]] = {
    "the default view": ("PPO", {}),
    "reward `auc`": ("PPO", {"reward": "auc"}),
    "reward `score`": ("PPO", {"reward": "score"}),
    "observer `blind`": ("PPO", {"observer": "blind"}),
    "64 candidates": ("PPO", {"codec": {"name": "candidates", "count": 64}}),
    "codec `box`": ("PPO", {"codec": "box"}),
    "codec `box`, observer `summary`, reward `ahead`": (
        "PPO", {"codec": "box", "observer": "summary", "reward": "ahead"},
    ),
    "A2C": ("A2C", {}),
    "DQN": ("DQN", {}),
}  # fmt: skip
LOOKS = "validation tasks; no test task is read"


def cells() -> Iterator[frame.Address]:
    """Yield the trainings."""
    yield from ((suite, view) for suite in SUITES for view in VIEWS)


def cell(suite: str, view: str) -> dict[str, list[float]]:
    """Return `steps`, CPU `seconds`, and the AUC `sampled` and `greedy`, before and after a training."""
    algorithm, parts = VIEWS[view]
    found: dict[str, list[float]] = learnable.trained(
        suite, 0, algorithm, parts, seconds=SECONDS, points=1, score=VALIDATION
    )[1]
    return found


def tables(found: Mapping[str, Any]) -> dict[str, Table]:
    """Return the AUC by view and suite, before and after the training."""
    rows = [
        (view, suite, *(f"{curve[way][end]:.3f}" for end in (0, -1) for way in ("sampled", "greedy")),
         f"{curve['steps'][-1] / 1000:,.0f} k")
        for suite, views in found.items() for view, curve in views.items()
    ]  # fmt: skip
    return {
        "views": Table.of(("", "suite", "untrained, sampled", "greedy", "trained, sampled", "greedy", "steps"), rows)
    }
