"""Settings of agents: arguments of the constructor, with defaults from `settings/`.

If trials build on each other (`Task.env` says so), values of the tasks replace missing ones, then values in
`settings/<name>-training.yaml`, if it exists. `n_steps: null` of an algorithm means the length of an episode.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import yaml

from hpo_gym.base import whole, whole_fields

TUNED: Any = None
"""Default of a setting: the value in the agent's file."""

_FOLDER = Path(__file__).parent.parent / "settings"
_WHOLE = ("candidates", "budget", "runs", "steps", "segments", "patience")


def tuned(name: str, env: Mapping[str, Any] | None = None) -> dict[str, Any]:
    """Return the settings in an agent's file, chosen on validation tasks; `env` as in `take`."""
    own = dict(yaml.safe_load((_FOLDER / f"{name}.yaml").read_text(encoding="utf-8")))
    other = _FOLDER / f"{name}-training.yaml"
    if env:
        own |= env
        own |= yaml.safe_load(other.read_text(encoding="utf-8")) if other.is_file() else {}
    return own


def tiny(**algorithm: object) -> dict[str, Any]:
    """Return settings of a training of a second, for tests; `algorithm` are arguments of the algorithm."""
    return {
        "candidates": 12, "budget": 5, "runs": 8, "steps": 240, "segments": 3, "network": [16], "algorithm": algorithm,
    }  # fmt: skip


def tiny_off_policy(**algorithm: object) -> dict[str, Any]:
    """Return the same for an algorithm that learns from a buffer of earlier trials."""
    return tiny(buffer_size=100, learning_starts=40, batch_size=16, gradient_steps=1, **algorithm)


def take(agent: Any, given: Mapping[str, Any], env: Mapping[str, Any] | None = None) -> None:
    """Set the attributes of an agent from its settings.

    Args:
        agent: It has a `name`.
        given: The arguments of its constructor by name, `TUNED` for those of the file; named ones of `algorithm`
            replace those of the file.
        env: `Task.env` of the tasks, if they are known.

    Raises:
        InvalidValueError: One is out of its range.
    """
    own = tuned(agent.name, env)
    for key, value in given.items():
        chosen = own[key] if value is None else {**own[key], **value} if key == "algorithm" else value
        setattr(agent, key, list(chosen) if key == "network" else chosen)
    if agent.algorithm.get("n_steps", 1) is None:
        agent.algorithm = {**agent.algorithm, "n_steps": agent.budget}
    whole_fields(agent, 1, *_WHOLE)
    agent.network = [whole("network", width) for width in agent.network]
