"""The folder of a tuning on the command line: check it, repair it, describe it, and write its pages."""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Callable
from pathlib import Path
from typing import Any

from hpo_gym.base import as_csv
from hpo_gym.system import Repaired, Store, is_written
from hpo_gym.system import repair as repair_store
from hpo_gym.system import verify as verify_store
from hpo_gym.tuning.stored_study import FILE, faults, keeps
from hpo_gym.tuning.tuned import Tuned

PAGE = "report.html"
_RELOAD, _POLL = 5, 1.0  # seconds until a browser loads the page again, and between two looks at the study
_IDLE = 9  # times as long as a look takes: the trials need the processor


def is_tuning(folder: Path | None) -> bool:
    """Return whether a folder holds a tuning."""
    return folder is not None and (folder / FILE).is_file()


def verify(folder: Path) -> tuple[list[str], int]:
    """Return the damage of a tuning, a sentence each, and the number of checked trials."""
    found = verify_store(folder / FILE) or faults(folder)
    if found:
        return found, len(found)
    with Store(folder / FILE, write=False) as opened:
        return [], len(opened.cells())


def repair(folder: Path) -> Repaired:
    """Keep the trials that can be read; raises as `hpo_gym.system.storage.repair.repair`."""
    return repair_store(folder / FILE, keeps)


def write(tuned: Tuned, folder: Path) -> Path:
    """Write the trials as a file, the figure and the page; returns the page."""
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "trials.csv").write_bytes(as_csv(tuned.trials()).encode())
    tuned.plot(folder / "tune.svg")
    return tuned.report(folder / PAGE)


def watch(folder: Path, say: Callable[[str], None]) -> Tuned:
    """Write the page of a tuning that runs, anew whenever its study changes; return its trials once nobody writes it.

    The study is only read. A browser reloads the page until then, or until this is interrupted.

    Args:
        say: Gets a line for each page.
    """
    seen, tuned = "", Tuned.load(folder)
    try:
        while is_written(folder / FILE):
            began = time.process_time()
            with Store(folder / FILE, write=False) as store:
                now = store.fingerprint()
            if now != seen:
                seen, tuned = now, Tuned.load(folder)
                say(f"{len(tuned.ended)} trials: {tuned.report(folder / PAGE, reload=_RELOAD)}")
            time.sleep(max(_POLL, _IDLE * (time.process_time() - began)))
        tuned = Tuned.load(folder)
    finally:
        tuned.report(folder / PAGE)
    return tuned


def about(folder: Path) -> dict[str, Any]:
    """Return the facts of `hpo-gym info` about a tuning."""
    tuned = Tuned.load(folder)
    plan, best = tuned.plan, tuned.best if tuned.succeeded else None
    kinds = Counter(e.measured.status.label for e in tuned.ended)
    found = (
        {} if best is None else {"score": best.measured.score, "trial": best.number + 1, "config": dict(best.config)}
    )
    return {
        "name": str(folder),
        "kind": "tuning",
        "optimizer": plan.optimizer,
        "why": plan.why or "it was asked for",
        "direction": plan.direction,
        "seed": plan.seed,
        "trials": len(tuned.ended),
        "ended": dict(kinds),
        "best": found,
        "hyperparameters": [h.to_json() for h in tuned.space.hyperparameters],
    }
