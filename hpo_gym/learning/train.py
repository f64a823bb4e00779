"""Training an optimizer on the meta-train tasks of suites, into a folder that `hpo_gym.load` reads."""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from hpo_gym.errors import InvalidValueError
from hpo_gym.jobs.memory import keep_memory
from hpo_gym.optimizer import OPTIMIZERS, Resumable, Trainable
from hpo_gym.registry import made
from hpo_gym.storage.whole import write_files
from hpo_gym.suite import Suite
from hpo_gym.suites import load_suite

TRAINING = "training.json"


def train(
    name: str,
    suites: str | Path | Suite | Sequence[str | Path | Suite] = "AutoML",
    *,
    fold: int | None = None,
    steps: int | None = None,
    seed: int = 0,
    settings: Mapping[str, Any] | None = None,
    out: str | Path = "hpo-gym-trained",
    resume: bool = False,
    progress: Callable[[int, int, str], None] = lambda done, total, what: None,
) -> list[list[float]]:
    """Train an optimizer and save it; a training that was killed goes on to the same result where it is `Resumable`.

    Args:
        name: A registered name, or "module:name" of a class of one's own.
        suites: Their meta-train tasks are trained on; their validation tasks choose among what was learned.
        fold: 0..4, instead of the published split.
        steps: Trials of the training; by default the optimizer's own setting.
        seed: Everything random is drawn from it.
        settings: Arguments of the optimizer's class.
        out: A folder of its own; also gets ``training.json``: what was trained, how long it took, and the curve.
        resume: Go on with what `out` holds.
        progress: Told trials done, trials in all, and what is being done.

    The process keeps memory that it frees from then on (`hpo_gym.jobs.memory.keep_memory`).

    Returns:
        Trials done and mean normalised regret on the validation tasks, for each time that they were asked.

    Raises:
        InvalidValueError: `name` is nothing that can be trained, or `out` holds a training and `resume` is false.
    """
    given = [suites] if isinstance(suites, (str, Path, Suite)) else list(suites)
    loaded = [load_suite(suite) for suite in given]
    optimizer = made(OPTIMIZERS.resolve(name), name, settings or {})
    if not isinstance(optimizer, Trainable):
        raise InvalidValueError(f"{name!r} must be an optimizer that can be trained; it has no `train`.")
    folder = Path(out)
    if ((folder / TRAINING).exists() or (folder / "checkpoints").exists()) and not resume:
        raise InvalidValueError(
            f"`out` must be a new folder, {folder} holds a training: pass `resume`, or another `out`."
        )
    tasks, validation = ([t for s in loaded for t in s.tasks(split, fold)] for split in ("train", "val"))
    rng, start = np.random.default_rng(seed), time.process_time()
    folder.mkdir(parents=True, exist_ok=True)
    keep_memory()
    curve: list[list[float]] = []
    if isinstance(optimizer, Resumable):
        curve = optimizer.train_in(folder, tasks, rng, validation=validation, steps=steps, progress=progress)
    else:
        progress(0, 0, f"training {name}")
        optimizer.train(tasks, rng, validation=validation, steps=steps)
    optimizer.save(folder)
    about = {
        "optimizer": name, "settings": dict(settings or {}), "steps": steps, "seed": seed, "fold": fold,
        "suites": {s.name: s.data_hash for s in loaded}, "curve": curve,
        "cpu_seconds": round(time.process_time() - start, 1),
    }  # fmt: skip
    write_files(folder, {TRAINING: f"{json.dumps(about, indent=1)}\n".encode()})
    return curve
