"""A trained optimizer as a repository of the Hugging Face Hub: a model card, weights and JSON."""

from __future__ import annotations

import json
import tempfile
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from hpo_gym.base import InvalidValueError
from hpo_gym.optimize import ABOUT, MODEL, OPTIMIZERS, parted, read_about, read_bytes, read_saved, shipped, write_saved
from hpo_gym.tuning.export import filled, requirement, write_folder


def write_repository(optimizer: str, folder: Path) -> None:
    """Write a trained optimizer as `README.md`, `model.safetensors` and JSON, which `hpo_gym.load(folder)` loads.

    `optimizer.json` keeps its bytes, unless arrays in NumPy's format are written anew, and the checksums with them.
    """
    if optimizer in OPTIMIZERS.entries():
        raise InvalidValueError(
            f"`optimizer` must be trained to have weights, as {sorted(shipped())}, got {optimizer!r}."
        )
    spec, source = parted(optimizer)
    head: Mapping[str, Any] = read_about(source) if spec is None and (source / ABOUT).is_file() else {}
    name = head.get("optimizer")
    if name not in OPTIMIZERS.entries() or head["arrays"] is None:
        raise InvalidValueError(f"`optimizer` must be of a registered class, and have weights, got {source}.")
    arrays = read_saved(source, name)[1]
    with tempfile.TemporaryDirectory() as anew:
        place = source
        if head["arrays"].endswith(".npz"):
            write_saved(anew, name, head, arrays, weights=True)
            place = Path(anew)
        files = {ABOUT: read_bytes(place / ABOUT), MODEL: read_bytes(place / read_about(place)["arrays"])}
    if (source / "training.json").is_file():
        files["training.json"] = (source / "training.json").read_bytes()
    write_folder(folder, {**files, "README.md": _card(source.resolve().name, head, mit=optimizer in shipped())})


def _card(name: str, head: Mapping[str, Any], *, mit: bool) -> str:
    """Return the model card; weights of the user have a licence that is unknown here."""
    entry, space = OPTIMIZERS.entries()[head["optimizer"]], head.get("space")
    names = [] if space is None else [h["name"] for h in space["hyperparameters"]]
    front = {
        "library_name": "hpo-gym", "license": "mit" if mit else "unknown",
        "tags": ["hyperparameter-optimization", "automl", str(entry.about.get("family", "agent"))],
    }  # fmt: skip
    return filled("card.txt", {
        "name": name, "optimizer": head["optimizer"], "version": head["version"],
        "requirement": requirement("rl", entry.extra), "count": len(head["seen"]), "seen": ", ".join(head["seen"]),
        "suites": ", ".join(f"{suite} (data {data[:8]})" for suite, data in head["data"].items()) or "its own",
        "settings": json.dumps(head["settings"]), "licence": "MIT." if mit else "unknown; state yours above.",
        "limits": f"a space that begins with {', '.join(names)}." if names else "any search space is taken.",
    }, front)  # fmt: skip
