"""Outdated results: those of an older suite or optimizer. A release needs the list empty, a commit does not."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import hpo_gym
from hpo_gym.bench import FOLDER, newest_set, set_names
from hpo_gym.optimize import read_about, shipped, stale, stale_since
from hpo_gym.system import MADE_OF

STUDIES = Path(hpo_gym.__file__).resolve().parents[1] / "benchmarks" / "studies"
"""Results of studies, in a checkout."""


def out_of_date() -> dict[str, tuple[str, ...]]:
    """Return the outdated results with the parts that have moved on: ``{"agent ppo-pool-tables": ("MLP 1 -> 2",)}``."""
    found = {f"agent {name}": stale_since(read_about(folder)) for name, folder in sorted(shipped().items())}
    found |= {f"reference runs on {path.stem}": stale(_made_of(path)) for path in sorted(FOLDER.glob("*.json"))}
    if set_names():
        newest = newest_set()
        found[f"set {newest.name}"] = stale({"suites": newest.made_of["suites"]})
    found |= {f"study {path.stem}": stale(_made_of(path)) for path in sorted(STUDIES.glob("*.json"))}
    return {what: words for what, words in found.items() if words}


def _made_of(path: Path) -> Mapping[str, Any]:
    """Return the recorded origin in a file, empty without one."""
    said = json.loads(path.read_text(encoding="utf-8"))
    found = said.get(MADE_OF) if isinstance(said, dict) else None
    return found if isinstance(found, dict) else {}
