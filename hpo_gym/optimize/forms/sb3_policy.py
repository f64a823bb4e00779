"""`SB3Policy`: the policy of a model of Stable-Baselines3 or sb3-contrib as an optimizer."""

from __future__ import annotations

import copy
import hashlib
import inspect
from typing import Any

import gymnasium as gym
import numpy as np
import torch
from numpy.typing import NDArray

from hpo_gym.base import InvalidValueError, shown
from hpo_gym.env import HPOEnv, HPOVectorEnv
from hpo_gym.optimize.forms.policy_optimizer import PolicyOptimizer
from hpo_gym.optimize.protocol import Context


class SB3Policy(PolicyOptimizer):
    """Choose like a model of Stable-Baselines3: with its masks, its memory and the statistics of `VecNormalize`.

    The weights are copied. Families of the env's tasks count as seen: comparisons refuse runs on them.

    Args:
        model: Of any algorithm with a `policy`.
        env: The env of its training, ours or SB3's around ours, if the model has none: for observer, codec and scale.
        deterministic: Whether to take the most likely action instead of a draw. None: a stochastic policy over a `Box`
            is sampled. Its mean hardly moves within a run, so that the configurations around it would be tried again
            and again, and the spread that it has learned would be lost. All others play greedily: there each action is
            rated by itself, and a draw adds those that the policy rates lower.

    Raises:
        InvalidValueError: There is no env of ours, its spaces are not those of the policy, or `deterministic` is none
            of these values.
    """

    def __init__(self, model: Any, env: Any = None, *, deterministic: bool | None = None) -> None:
        if not (deterministic is None or isinstance(deterministic, bool)):
            raise InvalidValueError(f"`deterministic` must be True, False or None, got {shown(deterministic)}.")
        around = model.get_env() if env is None else env
        own, self._normalized = _unwrapped(around)
        contexts, parts = own.kernel.contexts, own.kernel.parts
        network = getattr(model, "policy", None)
        if network is None or not callable(getattr(network, "predict", None)):
            raise InvalidValueError(f"A model must have a `policy` that predicts, got {type(model).__name__}.")
        drawn = [d for part in network.modules() if (d := getattr(part, "action_dist", None)) is not None]
        kinds = (torch.Tensor, torch.distributions.Distribution)
        left = {id(v): v for d in drawn for v in vars(d).values() if isinstance(v, kinds)}  # of its last pass
        self.network = copy.deepcopy(network, left).to("cpu")
        sampled = bool(drawn) and isinstance(network.action_space, gym.spaces.Box)
        self.name, self.deterministic = type(model).__name__, not sampled if deterministic is None else deterministic
        self._noisy = not self.deterministic and getattr(model, "use_sde", False)
        self.seen = frozenset(task.family for task in own.kernel.batch.tasks)
        self._untried = parts.duplicates == "mask"
        self._masked = "action_masks" in inspect.signature(network.predict).parameters
        super().__init__(self._choose, parts.observer, parts.codec, scale=contexts.scale, space=contexts.space)
        spaces = own.kernel.spaces()
        if self._normalized is None and (network.observation_space, network.action_space) != spaces:
            raise InvalidValueError(
                f"The env must have the spaces of the policy, {network.observation_space} and {network.action_space}, "
                f"got {spaces[0]} and {spaces[1]}."
            )

    @property
    def settings(self) -> dict[str, Any]:
        """Return everything that determines its choices: the algorithm, and the hash of its weights."""
        found = hashlib.sha256()
        for name, value in sorted(self.network.state_dict().items()):
            found.update(name.encode())
            found.update(np.ascontiguousarray(value.detach().cpu().numpy()).tobytes())
        return {"algorithm": self.name, "deterministic": self.deterministic, "weights": found.hexdigest()}

    def __deepcopy__(self, memo: dict[int, Any]) -> SB3Policy:
        memo[id(self.network)] = self.network  # is only read
        new = object.__new__(type(self))
        memo[id(self)] = new
        new.__dict__.update(copy.deepcopy(self.__dict__, memo))
        return new

    def reset(self, context: Context, rng: np.random.Generator) -> None:
        super().reset(context, rng)
        self._memory: object = None

    def _choose(self, obs: object, rng: np.random.Generator) -> NDArray[Any]:
        if self._normalized is not None:
            obs = self._normalized(obs)
        said: dict[str, Any] = {"state": self._memory, "episode_start": np.array([self._memory is None])}
        if self._masked:
            masks = self.codec.masks(self._contexts, self.runs, untried=self._untried)
            said["action_masks"] = np.asarray(masks[0])
        with torch.random.fork_rng(devices=[]):
            torch.manual_seed(0 if self.deterministic else int(rng.integers(2**63)))
            if self._noisy:  # exploration that depends on the state: its draw is that of the noise
                self.network.reset_noise()
            action, self._memory = self.network.predict(obs, deterministic=self.deterministic, **said)
        return np.asarray(action)


def _unwrapped(env: object) -> tuple[HPOEnv | HPOVectorEnv, _Normalized | None]:
    """Return our env inside wrappers, and the observation normaliser of a `VecNormalize` around it, or None."""
    normalized: _Normalized | None = None
    inner = env
    for _ in range(100):  # wrappers
        if isinstance(inner, HPOEnv | HPOVectorEnv):
            return inner, normalized
        if hasattr(inner, "normalize_obs") and getattr(inner, "norm_obs", False):
            normalized = _Normalized(inner)
        envs = getattr(inner, "envs", None)
        inner = envs[0] if envs else next((getattr(inner, a) for a in ("venv", "env") if hasattr(inner, a)), None)
    raise InvalidValueError(
        "A model must have been trained on an env of ours, or be given with it as `(model, env)`, got "
        f"{type(env).__name__}."
    )


class _Normalized:
    """The normalisation of observations by a `VecNormalize`, with its current statistics."""

    def __init__(self, normalize: Any) -> None:
        self.found, self.keys = copy.deepcopy(normalize.obs_rms), normalize.norm_obs_keys
        self.most, self.least = float(normalize.clip_obs), float(normalize.epsilon)

    def __call__(self, obs: Any) -> Any:
        if isinstance(obs, dict):
            return {k: self._one(v, self.found[k]) if k in self.keys else v for k, v in obs.items()}
        return self._one(obs, self.found)

    def _one(self, obs: NDArray[Any], found: Any) -> NDArray[np.float32]:
        scaled = (obs - found.mean) / np.sqrt(found.var + self.least)
        return np.asarray(np.clip(scaled, -self.most, self.most), np.float32)
