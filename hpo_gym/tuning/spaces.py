"""A search space that is written in a file."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from hpo_gym.base import InvalidValueError
from hpo_gym.problem import SearchSpace, read_space
from hpo_gym.system import text_of

_BYTES, _VALUES = 1 << 24, 1 << 20  # of a file, and of what its aliases make of it


def read_file(path: Path) -> SearchSpace:
    """Read a space from a file: YAML (or JSON) of names to ranges and choices, or the JSON of a ConfigSpace.

    Raises:
        InvalidValueError: It is neither, or very large.
    """
    import yaml

    text = text_of(path, _BYTES)
    try:
        found = json.loads(text) if path.suffix == ".json" else _yaml(text)
    except (ValueError, LookupError, TypeError, AttributeError, RecursionError, yaml.YAMLError) as fault:
        first = next(iter(str(fault).splitlines()), "")  # PyYAML raises any of them, of a tag such as `!!int`
        raise InvalidValueError(f"{path} must be YAML, or JSON if its name ends in .json: {first}") from fault
    return read_space(found, str(path))


def _yaml(text: str) -> Any:
    """Return the content of YAML; a value that aliases make huge is refused before it is made."""
    import yaml

    loader = yaml.SafeLoader(text)
    try:
        node = loader.get_single_node()
        if _size(node, {}) > _VALUES:
            raise InvalidValueError(f"aliases must make at most {_VALUES} values of it.")
        return None if node is None else loader.construct_document(node)
    finally:
        loader.dispose()


def _size(node: Any, known: dict[int, int]) -> int:
    """Return the number of values in a node, with each alias in full."""
    if id(node) not in known:
        known[id(node)] = _VALUES + 1  # of one that holds itself
        parts = node.value if isinstance(getattr(node, "value", None), list) else []
        inside = (one for part in parts for one in (part if isinstance(part, tuple) else (part,)))
        known[id(node)] = 1 + sum(_size(one, known) for one in inside)
    return known[id(node)]
