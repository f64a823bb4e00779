"""Hyperparameters of a space as plain data: for listings, files and pages."""

from __future__ import annotations

from typing import Any

from hpo_gym.problem.space import SearchSpace


def columns(space: SearchSpace) -> list[dict[str, Any]]:
    """Return name, kind, scale, default, values and unit of each hyperparameter, ready for JSON."""
    return [
        {
            "name": h.name, "kind": h.kind, "log": h.log, "default": h.default,
            "values": list(h.choices) or [h.low, h.high], **({"unit": h.unit} if h.unit else {}),
        }
        for h in space.hyperparameters
    ]  # fmt: skip
