"""Snapshots: one run as bytes, and back: for look-ahead, for populations, and to replay actions.

A snapshot is a mark, a SHA-256 of the rest, and a block of arrays (`hpo_gym/system/storage/blocks.py`) with a header
in JSON.
Nothing that is read is executed; what was cut or changed by accident is refused before anything has changed. The
checksum proves nothing of who wrote it: a snapshot that somebody made by hand can hold any weights. Of such a one only
what no run can be is refused.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from hpo_gym.base import DamagedDataError, InvalidValueError, StateError, shown
from hpo_gym.env.kernel import Kernel
from hpo_gym.problem import ProgressBatch, Status
from hpo_gym.system import pack, unpack

_MARK, _HEAD = b"hpo-gym snapshot 1\n", "head"
_SUM = 32  # bytes of the checksum
_COUNTERS = {"epoch", "generation"}  # of a training, by kind: one more with each trial


def snapshot(kernel: Kernel, i: int) -> bytes:
    """Run `i` as it is now; raise `StateError` unless trials of its task go on from each other."""
    batch = _batch(kernel)
    number = kernel.runs.task.item(i)
    task = batch.tasks[number]
    head = {"suite": task.suite, "task": task.name, "identity": batch.identity(number), **_shape(kernel)}
    block = pack({**kernel.runs.keep(i), _HEAD: np.frombuffer(json.dumps(head).encode(), np.uint8)})
    return _MARK + hashlib.sha256(block).digest() + block


def restore(kernel: Kernel, i: int, data: bytes) -> None:
    """Make run `i` what another was when its snapshot was taken; its instance and its trials too.

    Raises:
        StateError: As of `snapshot`.
        InvalidValueError: A snapshot of another task, budget, or env, or what is no bytes.
        DamagedDataError: No snapshot, or one that was cut or changed.
    """
    batch = _batch(kernel)
    arrays = _read(data)
    try:
        said = json.loads(arrays.pop(_HEAD).tobytes())
        head = {key: said[key] for key in ("suite", "task", "identity", "budget", "observer history")}
    except (KeyError, TypeError, ValueError, RecursionError) as fault:
        raise DamagedDataError(f"A snapshot must say what it is of, got {fault!r} of its head.") from fault
    number = kernel.runs.task.item(i)
    task = batch.tasks[number]
    if (head["suite"], head["task"]) != (task.suite, task.name):
        raise InvalidValueError(
            f"A snapshot must be of the run's own task, {task.name!r} of {task.suite!r}; got one of {head['task']!r} "
            f"of {head['suite']!r}."
        )
    if head["identity"] != batch.identity(number):
        raise InvalidValueError(f"A snapshot must be of the same network and controls, got another of {task.name!r}.")
    for name, value in _shape(kernel).items():
        if head[name] != value:
            raise InvalidValueError(f"`{name}` of a snapshot must be {value}, as of this env, got {head[name]}.")
    _check(
        kernel.runs.like(i, arrays), arrays, kernel.contexts.horizon, {f"run:{name}" for name in kernel.runs.by_trial}
    )
    kernel.resume(i, arrays)


def _batch(kernel: Kernel) -> ProgressBatch:
    if not isinstance(kernel.batch, ProgressBatch):
        raise StateError(
            "Only a run whose trials go on from each other, as on 'Trainings', has a snapshot; "
            "elsewhere a trial is the same whenever it is made."
        )
    return kernel.batch


def _shape(kernel: Kernel) -> dict[str, Any]:
    """Return the properties that an env must share with that of a snapshot."""
    return {"budget": kernel.contexts.budget, "observer history": "history" in kernel.runs}


def _read(data: bytes) -> dict[str, NDArray[Any]]:
    if not isinstance(data, bytes):
        raise InvalidValueError(f"A snapshot must be the bytes that `snapshot` gave, got {shown(data)}.")
    start = len(_MARK) + _SUM
    if data[: len(_MARK)] != _MARK or hashlib.sha256(data[start:]).digest() != data[len(_MARK) : start]:
        raise DamagedDataError(f"A snapshot must be what was written, got {len(data)} bytes that were cut or changed.")
    return dict(unpack(data[start:]))


def _check(own: Mapping[str, NDArray[Any]], arrays: Mapping[str, NDArray[Any]], most: int, by_trial: set[str]) -> None:
    """Refuse arrays that are not those of such a run of at most `most` trials, whoever wrote them."""
    fits = set(own) == set(arrays)
    for name in own if fits else ():
        skip = name in by_trial
        fits &= own[name].dtype == arrays[name].dtype and own[name].shape[skip:] == arrays[name].shape[skip:]
    if not fits or len({len(arrays[name]) for name in by_trial}) != 1:
        raise DamagedDataError("A snapshot must hold the arrays of a run, got others.")
    trials = len(arrays["run:score"])
    if trials > most:
        raise DamagedDataError(f"A snapshot must have at most {most} trials, got {trials}.")
    for name in _COUNTERS & set(arrays):
        if arrays[name] != trials:
            raise DamagedDataError(f"`{name}` of a snapshot must be that of its {trials} trials, got {arrays[name]}.")
    for name, values in arrays.items():
        if name.startswith("run:") and values.dtype.kind == "f" and np.isnan(values).any():
            raise DamagedDataError(f"`{name}` of a snapshot must be numbers, got NaN.")
    if not np.isin(arrays["run:status"], list(Status)).all():
        raise DamagedDataError("`run:status` of a snapshot must be codes of `Status`, got others.")
