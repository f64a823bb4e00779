"""`Named`: an env holds the suite that its id names, whatever its keywords say."""

from __future__ import annotations

import gymnasium as gym
from gymnasium.envs.registration import EnvSpec

from hpo_gym.base import InvalidValueError, shown


class Named:
    """An env that refuses a spec whose `suite` is another than that of its id.

    Gymnasium lets a keyword of `make` replace one of the id, and tells the env its id only afterwards, as its `spec`.
    """

    _spec: EnvSpec | None = None

    @property
    def spec(self) -> EnvSpec | None:
        """The id and the keywords that the env was made with; None for one made without an id."""
        return self._spec

    @spec.setter
    def spec(self, spec: EnvSpec | None) -> None:
        if spec is not None:
            _check_suite(spec)
        self._spec = spec


def _check_suite(spec: EnvSpec) -> None:
    own = gym.registry.get(spec.id)
    named = None if own is None else own.kwargs.get("suite")
    asked = spec.kwargs.get("suite")
    if named is None or _name(asked) == _name(named):
        return
    other = f"hpo_gym/{asked}-v0"
    near = f"use {other!r}, or" if isinstance(asked, str) and other in gym.registry else "use"
    raise InvalidValueError(
        f"`suite` must be {named!r} in {spec.id!r}, got {shown(asked)}: {near} 'hpo_gym/HPO-v0' with this suite."
    )


def _name(suite: object) -> object:
    """Return the name of a suite, given by name or as an object: one of the same name may have other tasks."""
    return getattr(suite, "name", suite)
