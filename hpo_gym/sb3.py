"""The bridge to Stable-Baselines3: our vector env as its `VecEnv`, a policy over sets, weights of its files alone."""

from __future__ import annotations

import io
import zipfile
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

import gymnasium as gym
import numpy as np
from gymnasium.vector import AutoresetMode
from numpy.typing import NDArray

from hpo_gym.base import DamagedDataError, Ints, InvalidValueError, require, shown
from hpo_gym.env import HPOVectorEnv

require("rl")

import torch  # noqa: E402
from stable_baselines3.common.policies import MultiInputActorCriticPolicy  # noqa: E402 - after the check of the extra
from stable_baselines3.common.torch_layers import BaseFeaturesExtractor  # noqa: E402
from stable_baselines3.common.vec_env import VecEnv, VecMonitor  # noqa: E402
from stable_baselines3.common.vec_env.base_vec_env import VecEnvIndices  # noqa: E402

_SHOWN = ("task", "task_index", "score", "incumbent_score", "fidelity", "cost", "status", "t")
_ROOM = 1 << 20  # bytes of a policy.pth beside its weights: names, and where each begins


def as_vec_env(vector_env: HPOVectorEnv, *, monitor: str | bool = True) -> VecEnv:
    """Make a vector env usable by every algorithm of Stable-Baselines3 and sb3-contrib.

    Args:
        vector_env: With ``autoreset_mode="SAME_STEP"``, as SB3 expects of an env.
        monitor: Whether to wrap it in SB3's `VecMonitor`, a log of returns and lengths; a text is a file for it.

    Raises:
        InvalidValueError: Another kind of env, or another autoreset mode.
    """
    env = HPOVecEnv(vector_env)
    return VecMonitor(env, monitor if isinstance(monitor, str) else None) if monitor else env


def load_weights(file: str | Path, algorithm: Any, env: Any, policy: Any = "MlpPolicy", **settings: Any) -> Any:
    """Return a new model with the weights of a .zip from Stable-Baselines3; nothing else of the file is read or run.

    Args:
        file: Written by `model.save`.
        env: The env of its training: a vector env of ours with ``autoreset_mode="SAME_STEP"``, or SB3's own. With
            `SetPolicy`, any env with as many hyperparameters.
        policy: A name, or a class such as `SetPolicy`.
        settings: Arguments of the class that decide the shapes, such as ``policy_kwargs``.

    Raises:
        DamagedDataError: No such file, or none with weights; or one larger than the weights of such a model.
        InvalidValueError: Weights of other names, shapes or types, or that are not finite.
    """
    model = algorithm(policy, as_vec_env(env) if isinstance(env, HPOVectorEnv) else env, **settings)
    own = model.policy.state_dict()
    weights = _weights(file, _ROOM + 2 * sum(w.numel() * w.element_size() for w in own.values()))
    wrong = f"The weights of {file} must fit {algorithm.__name__}({policy!r})"
    if weights.keys() != own.keys():
        odd = sorted(map(str, weights.keys() ^ own.keys()))
        raise InvalidValueError(f"{wrong}: {shown(odd)} are in one of both.")
    for name, mine in own.items():
        found = weights[name]
        if not isinstance(found, torch.Tensor) or (found.shape, found.dtype) != (mine.shape, mine.dtype):
            what = (tuple(found.shape), found.dtype) if isinstance(found, torch.Tensor) else type(found).__name__
            raise InvalidValueError(f"{wrong}: `{name}` must be {(tuple(mine.shape), mine.dtype)}, got {shown(what)}.")
        if not torch.isfinite(found).all():
            raise InvalidValueError(f"{wrong}: `{name}` must be finite, got NaN or infinity.")
    model.policy.load_state_dict(weights)
    return model


def _weights(file: str | Path, most: int) -> Mapping[str, Any]:
    """Return the mapping of a file's ``policy.pth``, of a limited number of bytes, neither of them packed."""
    where = f"{file} must be a .zip of Stable-Baselines3 with a policy.pth"
    if not Path(file).is_file():
        raise DamagedDataError(f"{where}, there is no such file.")
    try:
        with zipfile.ZipFile(file) as archive:
            size = archive.getinfo("policy.pth").file_size
            if size > most:
                raise DamagedDataError(f"{file}: policy.pth must have at most {most} bytes for this model, got {size}.")
            data = io.BytesIO(archive.read("policy.pth"))
        with zipfile.ZipFile(data) as inside:  # what is no zip may ask for any number of bytes
            if any(info.compress_type != zipfile.ZIP_STORED for info in inside.infolist()):
                raise DamagedDataError(f"{file}: what policy.pth holds must be stored, not compressed.")
        data.seek(0)
        weights = torch.load(data, map_location="cpu", weights_only=True)  # no S301: tensors alone
    except DamagedDataError:
        raise
    except (OSError, KeyError, zipfile.BadZipFile, RuntimeError, ValueError, EOFError, NotImplementedError) as fault:
        raise DamagedDataError(f"{where}: {fault}.") from fault
    except Exception as fault:  # `weights_only` met more than numbers
        raise DamagedDataError(f"{file}: policy.pth must hold numbers alone: {fault}.") from fault
    if not isinstance(weights, Mapping):
        raise DamagedDataError(f"{where}, which holds weights by name, got {type(weights).__name__}.")
    return weights


class HPOVecEnv(VecEnv):
    """`HPOVectorEnv` with the names of SB3's `VecEnv`.

    Where an episode ends, the info of that run holds what it ended with: ``terminal_observation``,
    ``TimeLimit.truncated`` (only a limit of steps truncates), ``task``, ``task_index``, and of the last trial
    ``score``, ``incumbent_score``, ``fidelity``, ``cost``, ``status`` and ``t``; with ``statistics=True`` also
    ``episode``. In between infos are empty: 512 dictionaries that nobody reads would take longer than the step itself.

    `env_method` knows ``action_masks`` (one row per run, as sb3-contrib asks for it) and ``history``; `get_attr` every
    public attribute of the vector env, the same for all runs.
    """

    def __init__(self, vector_env: HPOVectorEnv) -> None:
        if not isinstance(vector_env, HPOVectorEnv):
            raise InvalidValueError(f"`vector_env` must be an HPOVectorEnv, got {type(vector_env).__name__}.")
        if vector_env.autoreset_mode is not AutoresetMode.SAME_STEP:
            raise InvalidValueError(
                f"`autoreset_mode` must be SAME_STEP for Stable-Baselines3, got {vector_env.autoreset_mode.name}: "
                'pass `autoreset_mode="SAME_STEP"` to HPOVectorEnv or make_vec.'
            )
        self.env = vector_env
        self._actions: Any = None
        self._start: int | None = None
        super().__init__(vector_env.num_envs, vector_env.single_observation_space, vector_env.single_action_space)

    # ------------------------------------------------------------------ episodes
    def seed(self, seed: int | None = None) -> Sequence[int | None]:
        """Seed the next `reset`; runs get seeds of their own by key, so that two neighbouring `seed` share none."""
        self._start = int(np.random.default_rng().integers(2**31)) if seed is None else seed
        return [self._start] * self.num_envs

    def reset(self) -> Any:
        names = [options.get("task") for options in self._options]
        if any(options.keys() - {"task"} for options in self._options) or (None in names and any(names)):
            raise InvalidValueError(f"`options` may name the `task` of every run, got {self._options[:3]}.")
        obs, _ = self.env.reset(seed=self._start, options={"task": names} if names[0] is not None else None)
        self._start = None
        self.reset_infos = [{} for _ in range(self.num_envs)]
        self._reset_options()
        return obs

    def step_async(self, actions: NDArray[Any]) -> None:
        self._actions = actions

    def step_wait(self) -> Any:
        obs, rewards, terminated, truncated, info = self.env.step(self._actions)
        infos: list[dict[str, Any]] = [{} for _ in range(self.num_envs)]
        dones = terminated | truncated
        if dones.any():
            self._tell_ends(infos, np.flatnonzero(dones), truncated & ~terminated, info)
        return obs, rewards, dones, infos

    def _tell_ends(
        self, infos: list[dict[str, Any]], ended: Ints, truncated: NDArray[np.bool_], info: Mapping[str, Any]
    ) -> None:
        last, final = info["final_obs"], info["final_info"]
        shown = {key: final[key][ended].tolist() for key in _SHOWN}
        for j, i in enumerate(ended.tolist()):
            infos[i] = {key: values[j] for key, values in shown.items()}
            infos[i] |= {"terminal_observation": last[i], "TimeLimit.truncated": bool(truncated[i])}
        if "episode" in info:
            episode = {key: values[ended].tolist() for key, values in info["episode"].items()}
            for j, i in enumerate(ended.tolist()):
                infos[i]["episode"] = {key: values[j] for key, values in episode.items()}

    def close(self) -> None:
        self.env.close()

    # ------------------------------------------------------------------ what SB3 asks of single envs
    def get_attr(self, attr_name: str, indices: VecEnvIndices = None) -> list[Any]:
        return [getattr(self.env, attr_name)] * len(self._chosen(indices))

    def set_attr(self, attr_name: str, value: object, indices: VecEnvIndices = None) -> None:
        raise InvalidValueError(f"The runs of a vector env share their attributes: set {attr_name!r} on it instead.")

    def env_method(
        self, method_name: str, *method_args: object, indices: VecEnvIndices = None, **method_kwargs: object
    ) -> list[Any]:
        chosen = self._chosen(indices)
        if method_name == "action_masks":
            masks = self.env.action_masks()
            return [masks[i] for i in chosen]
        if method_name == "history":
            return [self.env.history(i) for i in chosen]
        raise InvalidValueError(f"The runs of a vector env have 'action_masks' and 'history', got {method_name!r}.")

    def env_is_wrapped(self, wrapper_class: object, indices: VecEnvIndices = None) -> list[bool]:
        return [False] * len(self._chosen(indices))

    def get_images(self) -> Sequence[NDArray[np.uint8] | None]:
        return self.env.render() or [None] * self.num_envs

    def _chosen(self, indices: int | Iterable[int] | None) -> list[int]:
        return list(self._get_indices(indices))


class SetPolicy(MultiInputActorCriticPolicy):
    """A policy over sets for PPO and A2C: one network rates each candidate, and none that is masked is chosen.

    A candidate is rated by its coordinates and features, the state of the run, and a summary of all candidates, so the
    weights depend neither on the order of the candidates nor on their number. For the observer `set`, and for `pool`
    with the codec `pool`::

        model = PPO(SetPolicy, gym.make("hpo_gym/SVM-v0", observer="set"))

    **Reference**: Zaheer et al., "Deep sets", NeurIPS 2017.

    Args:
        options: Those of `MultiInputActorCriticPolicy`; ``features_extractor_kwargs={"width": 64}`` is the width of
            all hidden layers, and `net_arch` has no part in it.

    Raises:
        InvalidValueError: An observation that is no set of candidates, or actions that are not one for each.
    """

    def __init__(self, observation_space: Any, action_space: Any, lr_schedule: Any, **options: Any) -> None:
        parts = getattr(observation_space, "spaces", None)
        if not isinstance(parts, Mapping) or not {"action_mask", *_OF_EACH, "state"} <= parts.keys():
            raise InvalidValueError(f"SetPolicy needs the observer 'set' or 'pool', got {shown(observation_space)}.")
        if action_space != gym.spaces.Discrete(parts["action_mask"].shape[0]):
            raise InvalidValueError(
                f"SetPolicy needs an action for each of {parts['action_mask'].shape[0]} candidates and no others, got "
                f"{action_space}: give codec and observer the same `count` or `candidates`, and the codec no options."
            )
        options = {"features_extractor_class": _Rated, **options, "net_arch": []}
        super().__init__(observation_space, action_space, lr_schedule, **options)

    def _build_mlp_extractor(self) -> None:
        self.mlp_extractor: Any = _Split(int(self.action_space.n), self.features_dim)  # type: ignore[attr-defined]

    def _build(self, lr_schedule: Any) -> None:
        super()._build(lr_schedule)
        self.action_net = torch.nn.Identity()
        for part in self.modules():
            if isinstance(part, _Rated):
                torch.nn.init.orthogonal_(part.rate.weight, 0.01)  # nearly uniform at first, as in SB3
        make: Any = self.optimizer_class
        self.optimizer = make(self.parameters(), lr=lr_schedule(1), **self.optimizer_kwargs)


_OF_EACH = ("candidates", "candidate_features")


class _Rated(BaseFeaturesExtractor):
    """Ratings of candidates and their summary, side by side, ``(n, c + 2 w)``."""

    def __init__(self, observation_space: gym.spaces.Dict, width: int = 64) -> None:
        c = observation_space["action_mask"].shape[0]  # type: ignore[index]
        super().__init__(observation_space, c + 2 * width)
        of_each = sum(observation_space[name].shape[1] for name in _OF_EACH)  # type: ignore[index, misc]
        self.common = sorted(observation_space.keys() - {"action_mask", *_OF_EACH})
        common = sum(observation_space[name].shape[0] for name in self.common)  # type: ignore[index, misc]
        linear, tanh = torch.nn.Linear, torch.nn.Tanh
        self.embed = torch.nn.Sequential(linear(of_each + common, width), tanh(), linear(width, width), tanh())
        self.own, self.shared, self.rate = linear(width, width), linear(2 * width, width, bias=False), linear(width, 1)

    def forward(self, observations: dict[str, torch.Tensor]) -> torch.Tensor:
        mask = observations["action_mask"] > 0.5
        common = torch.cat([observations[name] for name in self.common], 1)
        of_each = [observations[name] for name in _OF_EACH]
        embedded = self.embed(torch.cat([*of_each, common[:, None].expand(-1, mask.shape[1], -1)], 2))
        summary = torch.cat([embedded.mean(1), embedded.max(1).values], 1)
        hidden = torch.tanh(self.own(embedded) + self.shared(summary)[:, None])
        return torch.cat([self.rate(hidden)[:, :, 0].masked_fill(~mask, _NEVER), summary], 1)


_NEVER = -1e8  # rating of a masked candidate


class _Split(torch.nn.Module):
    """The ratings for the actor, the summary for the critic."""

    def __init__(self, actions: int, width: int) -> None:
        super().__init__()
        self.latent_dim_pi, self.latent_dim_vf = actions, width - actions

    def forward(self, features: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
        return self.forward_actor(features), self.forward_critic(features)

    def forward_actor(self, features: torch.Tensor) -> torch.Tensor:
        return features[:, : self.latent_dim_pi]

    def forward_critic(self, features: torch.Tensor) -> torch.Tensor:
        return features[:, self.latent_dim_pi :]
