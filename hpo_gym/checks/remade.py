"""Agreement of an env with its `spec`: the env that `gym.make` makes of it, and a plain one of its keywords."""

from __future__ import annotations

import json
from collections.abc import Callable

import gymnasium as gym
from gymnasium.envs.registration import EnvSpec

from hpo_gym.checks.drive import Env, Make, drive, episode_length, is_vector
from hpo_gym.checks.faults import Faults, difference
from hpo_gym.env import HPOEnv, HPOVectorEnv

_STEPS = 12  # at most
_OURS = (HPOEnv.__module__, HPOVectorEnv.__module__)


def check_spec(make: Make, faults: Faults) -> None:
    """Check that the env, that of its `spec` and a plain one of the same keywords agree, and that a `spec` survives
    JSON."""
    env = make().unwrapped
    spec = getattr(env, "spec", None)
    if spec is None:
        return
    how, remake = ("gym.make_vec", gym.make_vec) if is_vector(env) else ("gym.make", gym.make)
    _check_json(spec, faults)
    ways: dict[str, Callable[[], Env]] = {f"`{how}(env.spec)` makes": lambda: remake(spec).unwrapped}
    plain = next((kind for kind in type(env).__mro__ if kind.__module__ in _OURS), None)
    if plain is not None and plain is not type(env):
        keywords = {key: value for key, value in spec.kwargs.items() if key != "vectorization_mode"}
        ways["The keywords of `env.spec` make"] = lambda: plain(**keywords)
    steps = min(episode_length(env) + 3, _STEPS)
    for what, way in ways.items():
        with faults.guard(what):
            where = _differs(make().unwrapped, way(), steps)
            faults.expect(where is None, f"{what} another env (at {where})")


def _differs(env: Env, other: Env, steps: int) -> str | None:
    """Return the difference between two envs, in their spaces, runs, render mode or an episode; None without one."""
    for name in ("observation_space", "action_space", "num_envs", "render_mode", "metadata"):
        if getattr(env, name, None) != getattr(other, name, None):
            return name
    try:
        return difference(drive(env, 3, steps), drive(other, 3, steps))
    finally:
        for one in (env, other):
            one.close()  # live tasks have processes


def _check_json(spec: EnvSpec, faults: Faults) -> None:
    """Check that a `spec` with plain JSON keywords survives its own JSON; Gymnasium writes no classes."""
    if callable(spec.entry_point) or callable(spec.vector_entry_point):
        return
    try:
        plain = json.loads(json.dumps(spec.kwargs)) == spec.kwargs
    except (TypeError, ValueError):
        return
    if plain:
        back = EnvSpec.from_json(spec.to_json())
        faults.expect(back == spec, "`env.spec` does not come back from its JSON")
