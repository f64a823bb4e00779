"""`verify`: integrity of files, shipped ones or those of a folder."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Iterable
from pathlib import Path

from hpo_gym.base import DATA, HPOGymError, InvalidValueError, beside
from hpo_gym.optimize import ABOUT, check_saved, is_plain, shipped
from hpo_gym.suites import load_suite
from hpo_gym.system import Store
from hpo_gym.system import verify as verify_store


def verify(folder: Path | None) -> tuple[list[str], int]:
    """Check checksums; return the damage and the number of checked files or cells."""
    if folder is None:
        return _verify_shipped()
    if (folder / "store.sqlite").is_file():
        faults = verify_store(folder / "store.sqlite")
        if faults:
            return faults, len(faults)
        with Store(folder / "store.sqlite", write=False) as opened:
            return [], len(opened.cells())
    for holds, check in (((folder / "suite.json").is_file(), load_suite), (is_plain(folder), check_saved)):
        if holds:
            return _damage(check, [folder]), 1
    raise InvalidValueError(
        f"`{folder}` must hold one of store.sqlite, tune.sqlite, suite.json and {ABOUT}, it holds none.{beside(folder)}"
    )


def _damage(check: Callable[[Path], object], folders: Iterable[Path]) -> list[str]:
    faults = []
    for folder in folders:
        try:
            check(folder)
        except HPOGymError as fault:
            faults.append(str(fault))
    return faults


def _verify_shipped() -> tuple[list[str], int]:
    path = DATA / "manifest.json"
    try:
        manifest: dict[str, str] = {n: e["sha256"] for n, e in json.loads(path.read_text(encoding="utf-8")).items()}
    except (OSError, ValueError, TypeError, AttributeError, KeyError) as fault:
        return [f"{path} must list the shipped files: {fault!r}"], 1
    faults = []
    for name, expected in manifest.items():
        path = DATA / name
        found = hashlib.sha256(path.read_bytes()).hexdigest() if path.is_file() else None
        if found is None:
            faults.append(f"{name} is missing")
        elif found != expected:
            faults.append(f"{name} must have the sha256 {expected}, it has {found}")
    saved = shipped().values()
    return faults + _damage(check_saved, saved), len(manifest) + len(saved)
