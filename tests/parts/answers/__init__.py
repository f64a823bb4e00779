"""Hand-worked cases of every part: `answers/<kind>/<name>.py` holds the `CASES` of the part of that name.

`tests/parts/test_answers.py` walks them and fails for a registered part that has none. A case is a short episode on a
table of `toy_suite` and every number of it, worked out in comments rather than copied from what the code returned.
"""

from __future__ import annotations

import importlib
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from toy_suite import Episode, plain

import hpo_gym
from hpo_gym.base.registry import Registry
from hpo_gym.env.scales import SCORES

HERE = Path(__file__).parent
KINDS: dict[str, Registry[Any]] = {
    "observers": hpo_gym.OBSERVERS,
    "codecs": hpo_gym.CODECS,
    "rewards": hpo_gym.REWARDS,
    "scores": SCORES,
}
"""The registries whose every part needs an answer, by the folder of their answers."""


@dataclass(frozen=True)
class Case:
    """Episodes of one part.

    Attributes:
        part: What the env takes: a name, or a mapping of a name and options.
        episodes: What the runs do.
        wanted: For each episode. Observer: every observation, that of the reset first. Codec: every configuration and
            fidelity. Reward: the reward of every step. Scale: all scores shown after each trial.
        suite: What the episodes run on.
        options: Further keywords of the env.
        ways: Of `toy_suite.WAYS`, where not all apply.
    """

    part: Any
    episodes: Sequence[Episode]
    wanted: Sequence[Any]
    suite: Callable[[], hpo_gym.Suite] = plain
    options: Mapping[str, Any] = field(default_factory=dict)
    ways: tuple[str, ...] = ("alone", "together", "told")


def shipped(registry: Registry[Any]) -> list[str]:
    """Return the names that the project itself registers, not those of a test or of a user."""
    return [name for name, entry in registry.entries().items() if entry.module.startswith("hpo_gym.")]


def unanswered(names: Sequence[str], folder: Path) -> list[str]:
    """Return the names without a file of cases in a folder."""
    return [name for name in names if not (folder / f"{name}.py").is_file()]


def cases(kind: str, name: str) -> dict[str, Case]:
    """Return the cases of a part, by what they show."""
    found: dict[str, Case] = importlib.import_module(f"answers.{kind}.{name}").CASES
    return found


def refusals(codec: str) -> list[tuple[Any, Any, Any, float, str]]:
    """Return what a codec refuses on task a: its form, an action that is refused, one that is not, the score of the
    latter, and what the error says.
    """
    found: list[tuple[Any, Any, Any, float, str]] = importlib.import_module(f"answers.codecs.{codec}").REFUSED
    return found
