"""Families that statistics count as one witness: their tasks say much the same of optimizers.

Splits, folds and the memory of trained optimizers keep families as a suite names them; only what is counted here joins.
"""

from __future__ import annotations

from collections.abc import Mapping

from hpo_gym.problem import Task

JOINED: Mapping[str, Mapping[str, str]] = {
    # suite: the beginnings of families, and their witness
    "Control": {"double-pole": "cartpole"},  # means over tasks of the same configurations correlate .88
    "LM": {"text:": "text"},  # scores of any two tasks correlate .90 in the mean, .85 at least by ranks
    "Policies": {
        f"physics-{name}": f"physics-{name}" for name in ("cartpole", "pendulum", "reacher")
    },  # regimes of one
}


def witness_of(task: Task) -> str:
    """Return the name under which a task's family counts."""
    joined = JOINED.get(task.suite, {})
    return next((one for start, one in joined.items() if task.family.startswith(start)), task.family)
