"""Date, place and versions of a comparison: shown in the report, no part of the results."""

from __future__ import annotations

import os
import platform
import subprocess
from datetime import UTC, datetime
from pathlib import Path

import gymnasium
import numpy as np

from hpo_gym.base import PACKAGE, __version__

MADE = "made"
"""Key of the origin of a store's last runs, as JSON."""

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
