"""The best that was found where trials go on from each other: a file of scores, by a search of many schedules."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from pathlib import Path

from hpo_gym.base import seeding

FILE = "found.json"
"""Its name, in the suite's folder of data: `schedules`, how many were tried in each instance; `data_hash` of the suite;
and `found`, of each task the best score in the instances of a comparison's first replicates."""


def found_in(path: Path, data_hash: str) -> Mapping[str, tuple[float, ...]]:
    """Return the best scores by task; empty without such a file, or if its suite has another hash."""
    if not path.is_file():
        return {}
    kept = json.loads(path.read_text("utf-8"))
    return {task: tuple(scores) for task, scores in kept["found"].items()} if kept["data_hash"] == data_hash else {}


def found_by_instance(suite: str, task: str, found: Sequence[float]) -> tuple[float | None, Mapping[int, float]]:
    """Return the mean of the best scores in the instances of a comparison's first replicates, and each by its instance
    seed."""
    instances = {seeding.instance_seed(suite, task, "bench", r): score for r, score in enumerate(found)}
    return (sum(found) / len(found) if found else None), instances
