"""Checkpoints of a training: tensors and JSON, never code; one is whole or is not there."""

from __future__ import annotations

import hashlib
import json
import shutil
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch
from safetensors import SafetensorError
from safetensors.torch import load as load_tensors
from safetensors.torch import save as save_tensors

from hpo_gym.base import DamagedDataError, InvalidValueError, blame
from hpo_gym.optimize import CHECKPOINTS
from hpo_gym.system import whole_folder

FORMAT = 1
_HEAD, _STATE, _BEST = "checkpoint.json", "state.safetensors", "best.safetensors"


@dataclass(frozen=True)
class Checkpoint:
    """State to resume a training from.

    Attributes:
        state: Weights and the state of optimizers and buffers.
        best: Weights of the best policy so far.
        counts: Counters of the algorithm.
        course: Progress of the training so far, plain JSON.
    """

    state: dict[str, torch.Tensor]
    best: dict[str, torch.Tensor]
    counts: dict[str, int]
    course: dict[str, Any]


def write_checkpoint(folder: Path, identity: Mapping[str, Any], segment: int, checkpoint: Checkpoint) -> None:
    """Write the checkpoint after a segment; the ones before it go when it is on the disk."""
    home = folder / CHECKPOINTS
    whole = home / f"{segment:06d}"
    files = {_STATE: checkpoint.state, _BEST: checkpoint.best}
    data = {name: save_tensors({k: v.contiguous() for k, v in t.items()}) for name, t in files.items()}
    head = {"format": FORMAT, "identity": dict(identity), "counts": checkpoint.counts, "course": checkpoint.course}
    head["sha256"] = {name: hashlib.sha256(content).hexdigest() for name, content in data.items()}
    data[_HEAD] = json.dumps(head, indent=1).encode()
    with whole_folder(whole) as unfinished:
        for name, content in data.items():
            (unfinished / name).write_bytes(content)
    for old in home.iterdir():
        if old != whole:
            shutil.rmtree(old, ignore_errors=True)


def read_checkpoint(folder: Path, identity: Mapping[str, Any]) -> Checkpoint | None:
    """Return the last checkpoint in a folder, or None.

    Raises:
        InvalidValueError: It is of another training.
        DamagedDataError: A file has changed since it was written.
    """
    home = folder / CHECKPOINTS
    whole = sorted(p for p in home.iterdir() if p.suffix != ".part") if home.is_dir() else []
    if not whole:
        return None
    path = whole[-1] / _HEAD
    with blame(path):
        head = json.loads(path.read_text(encoding="utf-8"))
        if head["format"] != FORMAT:
            raise DamagedDataError(f"{path}: `format` must be {FORMAT}, got {head['format']!r}.")
        tensors = [_read(whole[-1] / name, head["sha256"][name]) for name in (_STATE, _BEST)]
        found = Checkpoint(tensors[0], tensors[1], head["counts"], head["course"])
        other = head["identity"]
        reported = json.loads(json.dumps(dict(identity)))
        differing = sorted(key for key in {*reported, *other} if reported.get(key) != other.get(key))
    if differing:
        raise InvalidValueError(
            f"{folder} holds a training with another {', '.join(differing)}: go on with the same, or choose another "
            "folder."
        )
    return found


def _read(path: Path, sha256: str) -> dict[str, torch.Tensor]:
    data = path.read_bytes()
    found = hashlib.sha256(data).hexdigest()
    if found != sha256:
        raise DamagedDataError(f"{path}: `sha256` must be {sha256}, got {found}.")
    try:
        return load_tensors(data)
    except SafetensorError as fault:
        raise DamagedDataError(f"{path} must be a safetensors file: {fault}.") from fault
