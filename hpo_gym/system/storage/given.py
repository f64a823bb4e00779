"""Files that a user names, and may have from a stranger: ordinary ones, of a bounded size."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

from hpo_gym.base import InvalidValueError

if TYPE_CHECKING:
    import yaml

_MOST, _VALUES = 1 << 26, 1 << 20  # bytes of a text, and values that aliases make of one


def check_ordinary(path: Path) -> None:
    """Refuse an existing path that is no ordinary file: a pipe (a read may wait for ever), a device, a folder."""
    if path.exists() and not path.is_file():
        kind = "a folder" if path.is_dir() else "a pipe or a device"
        raise InvalidValueError(f"{path} must be a file, it is {kind}.")


def text_of(path: Path, most: int = _MOST) -> str:
    """Return the text of a file in UTF-8, of a limited number of bytes.

    Raises:
        InvalidValueError: No ordinary file, a larger one, or no UTF-8.
        OSError: It cannot be read.
    """
    check_ordinary(path)
    with path.open("rb") as file:
        data = file.read(most + 1)
    if len(data) > most:
        raise InvalidValueError(f"{path} must have at most {most} bytes, it has more.")
    try:
        return data.decode("utf-8")
    except UnicodeDecodeError as fault:
        raise InvalidValueError(f"{path} must be text in UTF-8: {fault}.") from fault


def yaml_of(text: str) -> Any:
    """Return the content of YAML; a value that aliases make huge is refused before it is made.

    Raises:
        InvalidValueError: It is no YAML, has a tag, or is nested too deep.
    """
    import yaml

    loader = None
    try:
        loader = yaml.SafeLoader(text)
        node = loader.get_single_node()
        if _size(node, {}) > _VALUES:
            raise InvalidValueError(f"aliases must make at most {_VALUES} values of it.")
        return None if node is None else loader.construct_document(node)
    except RecursionError as fault:
        raise InvalidValueError("it must not be nested so deep.") from fault
    except (ValueError, LookupError, TypeError, AttributeError, OverflowError, yaml.YAMLError) as fault:
        if isinstance(fault, InvalidValueError):
            raise
        said = " ".join(str(fault).split())  # PyYAML raises any of them, of a tag such as `!!int`
        raise InvalidValueError(f"it must be YAML: {said[:300]}") from fault
    finally:
        if loader is not None:
            loader.dispose()


def _size(node: yaml.Node | None, known: dict[int, int]) -> int:
    """Return the number of values in a node, with each alias in full."""
    if id(node) not in known:
        known[id(node)] = _VALUES + 1  # of one that holds itself
        parts = node.value if node is not None and isinstance(node.value, list) else []
        inside = (one for part in parts for one in (part if isinstance(part, tuple) else (part,)))
        known[id(node)] = 1 + sum(_size(one, known) for one in inside)
    return known[id(node)]
