"""A search space that is written in a file."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from hpo_gym.errors import InvalidValueError
from hpo_gym.space import SearchSpace
from hpo_gym.space.forms import read_space


def read_file(path: Path) -> SearchSpace:
    """Read a space from a file: YAML (or JSON) of names to ranges and choices, or the JSON of a ConfigSpace.

    Raises:
        InvalidValueError: It is neither.
    """
    import yaml

    try:
        text = path.read_text(encoding="utf-8")
        found: Any = json.loads(text) if path.suffix == ".json" else yaml.safe_load(text)
    except (ValueError, yaml.YAMLError, RecursionError) as fault:
        first = next(iter(str(fault).splitlines()), "")
        raise InvalidValueError(f"{path} must be YAML, or JSON if its name ends in .json: {first}") from fault
    return read_space(found, str(path))
