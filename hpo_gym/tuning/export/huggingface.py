"""A trained optimizer as a repository of the Hugging Face Hub: a model card, weights and JSON."""

from __future__ import annotations

import tempfile
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from hpo_gym.base import InvalidValueError
from hpo_gym.optimize import ABOUT, MODEL, OPTIMIZERS, held, parted, read_about, read_saved, shipped, write_saved
from hpo_gym.tuning.export import write_folder
from hpo_gym.tuning.export.policy import model_card


def write_repository(optimizer: str, folder: Path) -> None:
    """Write a trained optimizer as `README.md`, `model.safetensors` and JSON, for `hpo_gym.load(folder)`.

    `optimizer.json` keeps its bytes, unless arrays in NumPy's format are written anew; a card that is packed stays.
    """
    if optimizer in OPTIMIZERS.entries():
        raise InvalidValueError(
            f"`optimizer` must be trained to have weights, as {sorted(shipped())}, got {optimizer!r}."
        )
    spec, source = parted(optimizer)
    files = held(source)
    head: Mapping[str, Any] = read_about(source) if spec is None and ABOUT in files else {}
    name = head.get("optimizer")
    if name not in OPTIMIZERS.entries() or head["arrays"] is None:
        raise InvalidValueError(f"`optimizer` must be of a registered class, and have weights, got {source}.")
    arrays = read_saved(source, name)[1]
    with tempfile.TemporaryDirectory() as anew:
        if head["arrays"].endswith(".npz"):
            write_saved(anew, name, head, arrays, weights=True)
            files |= held(Path(anew))
    files[MODEL] = files.pop("weights.safetensors", b"") or files[MODEL]
    files.pop("arrays.npz", None)
    said = {"licence": "mit" if optimizer in shipped() else "unknown"}
    write_folder(folder, {"README.md": model_card(source.resolve().name.removesuffix(".hpo"), source, said), **files})
