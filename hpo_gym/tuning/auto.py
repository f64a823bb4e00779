"""What "auto" takes: one rule, and why."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from hpo_gym.optimizer import Evaluations
from hpo_gym.space import SearchSpace
from hpo_gym.transfer.prior import known

AUTO = "auto"


@dataclass(frozen=True)
class Choice:
    """What the rule took.

    Attributes:
        optimizer: Its name.
        why: In words.
        default: The default configuration, where it is to be tried first.
    """

    optimizer: str
    why: str
    default: dict[str, Any] | None = None


def chosen(space: SearchSpace, prior: Sequence[Evaluations], budget: int, *, believes: bool) -> Choice:
    """The optimizer for a tuning."""
    tasks = known(space, prior)
    if tasks:
        return Choice("transfer-mix", f"{len(tasks)} earlier tasks are known")
    return Choice("gp-ei", "no earlier task is known", space.default)
