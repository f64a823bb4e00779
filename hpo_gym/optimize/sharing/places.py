"""Places of trained optimizers: a shipped name, a folder, a packed file, or a repository of the Hugging Face Hub."""

from __future__ import annotations

import re
from contextlib import suppress
from pathlib import Path

from hpo_gym.base import HPOGymError, InvalidValueError, nearest, neighbours, require
from hpo_gym.optimize.learning.folders import ABOUT, FILES, TRAINING, is_plain, read_about, shipped
from hpo_gym.optimize.sharing.packed import PACKED, is_packed

_HUB = "hf:"
_ID = re.compile(r"(\w[\w.-]*)/\w[\w.-]*(@[\w./-]+)?")


def is_saved(text: str) -> bool:
    """Return whether a text names a trained optimizer: a place of one, perhaps after ``file.py:Name@``."""
    spec, place = _split(text)
    return text in shipped() or place.startswith(_HUB) or ((spec is not None or ":" not in text) and _is_place(place))


def parted(saved: str | Path) -> tuple[str | None, Path]:
    """Return the class named in a text, or None, and the folder or packed file; raise `InvalidValueError` if none."""
    spec, place = _split(str(saved))
    known = shipped()
    if place in known or _is_place(place):
        return spec, known.get(place, Path(place))
    if place.startswith(_HUB):
        return spec, _fetched(place)
    near = nearest(place, similar(place))
    raise InvalidValueError(
        f"A trained optimizer must be one of {sorted(known)}, a folder with {ABOUT}, a file NAME{PACKED} or "
        f"{_HUB}OWNER/NAME, got {place!r}" + (f"; the nearest is {near!r}." if near else ".")
    )


def on_hub(text: str) -> str:
    """Return ``hf:OWNER/NAME`` for ``OWNER/NAME`` where no folder OWNER is here, and any other text as it is."""
    found = _ID.fullmatch(text)
    return f"{_HUB}{text}" if found and not Path(found[1]).exists() else text


def similar(text: str) -> list[str]:
    """Return the trained optimizers that a misspelt text may mean: shipped ones, and neighbours of a missing path."""
    return [*shipped(), *neighbours(text, ABOUT), *(one for one in neighbours(text) if one.endswith(PACKED))]


def title_of(folder: Path) -> str:
    """Return the name of a trained optimizer: of its folder, its packed file, or its repository on the Hub."""
    place = folder.resolve()
    kind, *owner = place.parent.parent.name.split("--")  # of models--OWNER--NAME/snapshots/COMMIT in the Hub's cache
    if kind == "models" and owner and place.parent.name == "snapshots":
        return owner[-1]
    return place.stem if is_packed(place) else place.name


def _split(text: str) -> tuple[str | None, str]:
    spec, at, place = text.partition("@")
    return (spec, place) if at and ":" in spec and not text.startswith(_HUB) and not _is_place(text) else (None, text)


def _is_place(text: str) -> bool:
    try:
        return is_plain(Path(text)) or Path(text, TRAINING).is_file()
    except (OSError, ValueError):  # what can be no path at all
        return False


def _fetched(text: str) -> Path:
    """Return the folder in the cache of the Hub's library: of the known files alone, the description first."""
    name, _, revision = text.removeprefix(_HUB).partition("@")
    if not _ID.fullmatch(text.removeprefix(_HUB)):
        raise InvalidValueError(f"A policy on the Hub must be {_HUB}OWNER/NAME or OWNER/NAME@REVISION, got {text!r}.")
    require("hub")
    from huggingface_hub import hf_hub_download
    from huggingface_hub.errors import EntryNotFoundError

    try:
        folder = Path(hf_hub_download(name, ABOUT, revision=revision or None)).parent
        read_about(folder)
        for file in FILES:
            with suppress(EntryNotFoundError):
                hf_hub_download(name, file, revision=folder.name)
    except HPOGymError:
        raise
    except Exception as fault:  # of the network, the server or the library
        raise InvalidValueError(f"{text!r} must be a policy on the Hub that can be fetched, got {fault!r}.") from fault
    return folder
