"""Trials, optimizers and suites in the forms of other tools, one file a form; folders from templates, written whole.

A place in a template names the language of its value, as ``${md:name}``; ``raw`` is for our own text alone.
"""

import functools
import string
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path

from hpo_gym.base import InvalidValueError, __version__, as_code, as_link, as_markdown, as_python, as_yaml, name_checked
from hpo_gym.system import whole_folder


def write_folder(folder: Path, files: Mapping[str, str | bytes]) -> None:
    """Write files by their paths inside a new folder; raise `InvalidValueError` if `folder` holds anything."""
    if folder.exists() and (not folder.is_dir() or any(folder.iterdir())):
        raise InvalidValueError(f"The folder to write must be new or empty, {folder} is not.")
    with whole_folder(folder.absolute()) as part:
        for name, data in files.items():
            (part / name).parent.mkdir(exist_ok=True)
            (part / name).write_bytes(data.encode() if isinstance(data, str) else data)


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
