"""Date, place and versions of a comparison: shown in the report, no part of the results.

On some suites the bits of scores follow the kernels of linear algebra: these are named, and several are told.
"""

from __future__ import annotations

import importlib
import json
import os
import platform
import subprocess
from collections.abc import Iterable, Mapping
from datetime import UTC, datetime
from pathlib import Path

import gymnasium
import numpy as np

from hpo_gym.base import PACKAGE, __version__
from hpo_gym.problem import Suite
from hpo_gym.system import Store

MADE = "made"
"""Key of the origin of a store's last runs, as JSON."""
KERNELS, THREADS = "kernels", "BLAS threads"
"""Keys of the origin, where scores follow linear algebra."""
_FOLLOW = ("training", "surrogate")
_CPUS = Path("/proc/cpuinfo")
_PATIENCE = 10.0  # seconds


def provenance() -> dict[str, str]:
    """Date, machine, versions, and the commit where the package is a git checkout; no name of a user or a host."""
    found = {
        "date": datetime.now(UTC).strftime("%Y-%m-%d %H:%M UTC"),
        "machine": f"{platform.system()} {platform.release()}, {processor()}, {os.cpu_count()} logical cores",
        "Python": f"{platform.python_version()} ({platform.python_implementation()})",
        "NumPy": np.__version__,
        "Gymnasium": gymnasium.__version__,
        "hpo-gym": __version__,
    }
    revision = commit(PACKAGE.parent)
    return {**found, "commit": revision} if revision else found


def processor() -> str:
    """Return the processor's own name, or its kind."""
    try:
        lines = _CPUS.read_text(encoding="utf-8").splitlines()
    except OSError:
        lines = []
    named = [line.partition(":")[2].strip() for line in lines if line.startswith("model name")]
    return named[0] if named else platform.processor() or platform.machine()


def commit(folder: Path) -> str | None:
    """Return the commit of a checkout, marked if files differ from it; None unless the folder is its top."""
    if not (folder / ".git").exists():
        return None
    revision = _git(folder, "rev-parse", "HEAD")
    if not revision:
        return None
    changed = _git(folder, "status", "--porcelain", "--untracked-files=no")
    return f"{revision}{' and changes' if changed else ''}"


def _git(folder: Path, *words: str) -> str:
    """Return the output of git, empty if it fails."""
    try:
        done = subprocess.run(
            ["git", "--no-optional-locks", "-C", str(folder), *words],
            capture_output=True,
            text=True,
            timeout=_PATIENCE,
            check=False,
        )
    except (OSError, subprocess.SubprocessError):
        return ""
    return done.stdout.strip() if done.returncode == 0 else ""


def follow(suites: Iterable[Suite]) -> list[str]:
    """Return the names of suites with scores from linear algebra: trainings, and predictions of models."""
    return sorted({suite.name for suite in suites if suite.kind in _FOLLOW})


def kernels() -> dict[str, str]:
    """Return the libraries of NumPy and SciPy with the processor that their kernels are for, and their threads."""
    from threadpoolctl import threadpool_info

    importlib.import_module("scipy.linalg")  # which has a library of its own
    found = [one for one in threadpool_info() if one["user_api"] == "blas"]
    said = sorted({f"{one['internal_api']} {one['version']} {one.get('architecture', '')}".strip() for one in found})
    return {KERNELS: ", ".join(said), THREADS: str(max((one["num_threads"] for one in found), default=0))}


def origin_of(store: Store) -> dict[str, str]:
    """Return the origin of a store's last runs."""
    found: dict[str, str] = json.loads(store.meta_get(MADE) or "{}")
    return found


def several(origins: Iterable[Mapping[str, str]], suites: Iterable[Suite]) -> tuple[str, str]:
    """Return the kernels of some origins, and a warning if they differ, else "".

    An origin that names none, of a result from before they were recorded, is not compared.
    """
    found = sorted({one for origin in origins for one in origin.get(KERNELS, "").split("; ") if one})
    moving = follow(suites)
    if len(found) < 2 or not moving:
        return "; ".join(found), ""
    return "; ".join(found), (
        f"Scores on {', '.join(moving)} follow the kernels of linear algebra, and these runs have several: "
        f"{' and '.join(found)}. Trials of one configuration may differ; `OPENBLAS_CORETYPE=Haswell` gives the same "
        "kernels on all processors that have them."
    )


def hardware_of(origin: Mapping[str, str]) -> str:
    """Return the line of a card: the machine, and the kernels where scores follow them."""
    return "; ".join(filter(None, (origin["machine"], origin.get(KERNELS, ""))))


def other_than_here(hardware: Mapping[str, str], suites: Iterable[Suite]) -> str:
    """Return a warning on entries, lines of hardware by name, with other kernels than this process."""
    moving, here = follow(suites), kernels()[KERNELS]
    others = [name for name, line in hardware.items() if here not in line] if moving else []
    if not others:
        return ""
    return (
        f"Scores on {', '.join(moving)} follow the kernels of linear algebra, here {here}: on this board they may "
        f"differ from those of the own runs of {', '.join(others)}, whose `hardware` does not name these."
    )
