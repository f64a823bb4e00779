"""A search space that is written in a file."""

from __future__ import annotations

import json
from pathlib import Path

from hpo_gym.base import InvalidValueError
from hpo_gym.problem import SearchSpace, read_space
from hpo_gym.system import text_of, yaml_of

_BYTES = 1 << 24  # of a file


def read_file(path: Path) -> SearchSpace:
    """Read a space from a file: YAML (or JSON) of names to ranges and choices, or the JSON of a ConfigSpace.

    Raises:
        InvalidValueError: It is neither, or very large.
    """
    text = text_of(path, _BYTES)
    try:
        found = json.loads(text) if path.suffix == ".json" else yaml_of(text)
    except (ValueError, RecursionError) as fault:
        raise InvalidValueError(f"{path} must be YAML, or JSON if its name ends in .json: {fault}") from fault
    return read_space(found, str(path))
