"""Trials, optimizers and suites in the forms of other tools, one file a form; folders from templates, written whole."""

import string
from collections.abc import Mapping
from pathlib import Path

import yaml

from hpo_gym.base import InvalidValueError, __version__
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
    """Return a template with its values, and facts as the YAML of its head."""
    text = (Path(__file__).parent / "templates" / template).read_text(encoding="utf-8")
    head = yaml.safe_dump(front, sort_keys=False, default_flow_style=None, allow_unicode=True, width=1000)
    return string.Template(text).substitute(values, front=head)


def requirement(*extras: str | None) -> str:
    """Return our package with extras, as `pip` takes it."""
    return f"hpo-gym[{','.join(sorted({extra for extra in extras if extra}))}]>={__version__}"
