"""Results that are out of date: shipped ones and those of studies, made of an older suite or optimizer than today's."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from hpo_builders.files import read_json
from hpo_builders.sets import newest_set, set_names
from hpo_gym.bench import FOLDER
from hpo_gym.optimize import read_about, shipped, stale, stale_since
from hpo_gym.system import MADE_OF

STUDIES = Path(__file__).resolve().parents[2] / "studies"


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
    said = read_json(path)
    found = said.get(MADE_OF) if isinstance(said, dict) else None
    return found if isinstance(found, dict) else {}
