"""Trials and policies in the forms of other tools, one file a form.

A place in a template names the language of its value, as ``${md:name}``; ``raw`` is for our own text alone.
"""

import functools
import string
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path

from hpo_gym.base import __version__, as_code, as_link, as_markdown, as_python, as_yaml, name_checked


def filled(template: str, values: Mapping[str, object], front: Mapping[str, object] | None = None) -> str:
    """Return a template with its values, each in the language of its place, and facts as the YAML of its head."""
    text = (Path(__file__).parent / "templates" / template).read_text(encoding="utf-8")
    return _Template(text).substitute(_Places({**values, "front": as_yaml(front or {})}))


_FORMS: Mapping[str, Callable[[str], str]] = {
    "md": as_markdown, "link": as_link, "code": as_code, "py": as_python, "raw": str,
    "name": functools.partial(name_checked, "A name in an export"),
}  # fmt: skip


class _Template(string.Template):
    idpattern = "[a-z]+:[a-z_]+"


class _Places(Mapping[str, str]):
    """Values by their places: ``md:name``."""

    def __init__(self, values: Mapping[str, object]) -> None:
        self._values = values

    def __getitem__(self, place: str) -> str:
        form, _, name = place.partition(":")
        return _FORMS[form](str(self._values[name]))

    def __len__(self) -> int:
        return len(self._values)

    def __iter__(self) -> Iterator[str]:
        return iter(self._values)


def requirement(*extras: str | None) -> str:
    """Return our package with extras, as `pip` takes it."""
    return f"hpo-gym[{','.join(sorted({extra for extra in extras if extra}))}]>={__version__}"
