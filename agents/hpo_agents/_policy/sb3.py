"""Agents that Stable-Baselines3 or sb3-contrib trains: the algorithm as a `Learner`, its policy as an `Actor`."""

from __future__ import annotations

import functools
from abc import abstractmethod
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, ClassVar

import gymnasium as gym
import numpy as np
import torch
from numpy.typing import NDArray
from stable_baselines3.common.base_class import BaseAlgorithm
from stable_baselines3.common.callbacks import BaseCallback
from stable_baselines3.common.logger import Logger, make_output_format
from stable_baselines3.common.noise import NormalActionNoise, VectorizedActionNoise

from hpo_agents._policy.parts import PartsAgent
from hpo_agents._policy.training import Actor, Learner, Tensors, chosen
from hpo_gym.base import InvalidValueError
from hpo_gym.env import HPOVectorEnv
from hpo_gym.sb3 import as_vec_env

_COUNTS = ("num_timesteps", "_n_updates", "_n_calls", "_episode_num")
_BUFFER = ("observations", "next_observations", "actions", "rewards", "dones", "timeouts")


class SB3Agent(PartsAgent):
    """An agent whose algorithm is a class of Stable-Baselines3 or sb3-contrib.

    Attributes:
        maker: The class of the algorithm.
        policy: Its name of the policy.
        actions: The kinds of action spaces that it accepts.
    """

    maker: ClassVar[type[BaseAlgorithm]]
    policy: ClassVar[str] = "MlpPolicy"
    actions: ClassVar[tuple[type[gym.Space[Any]], ...]] = (gym.spaces.Discrete, gym.spaces.Box)

    @staticmethod
    @abstractmethod
    def decide(policy: Any, obs: torch.Tensor, masks: torch.Tensor | None, memory: object) -> tuple[torch.Tensor, Any]:
        """Return the policy's logits (or values) of each action ``(n, a)``, or the mean of a continuous action ``(n,
        d)``; and its memory, given the `memory` returned for the trial before (at first None).
        """

    @property
    def policy_kwargs(self) -> dict[str, Any]:
        """Arguments of the policy's class."""
        return {"net_arch": list(self.network)}

    def make_learner(self, env: HPOVectorEnv, seed: int, logs: Path | None) -> Learner:
        """Return the algorithm, fresh.

        Raises:
            InvalidValueError: It does not accept the actions of the codec, or we do not support them with it.
        """
        space = env.single_action_space
        if type(space) not in self.actions:
            names = [kind.__name__ for kind in self.actions]
            raise InvalidValueError(f"`codec` of {self.name!r} must have actions of {names}, got one with {space}.")
        model = self.maker(
            self.policy, as_vec_env(env), policy_kwargs=self.policy_kwargs, device="cpu", seed=seed,
            **options_of(self.algorithm, env),
        )  # fmt: skip
        return SB3Learner(model, self, logs)

    def make_actor(self, weights: Tensors) -> Actor:
        """Return the policy of the weights."""
        policy = self.maker.policy_aliases[self.policy](*self.spaces(), lambda _: 0.0, **self.policy_kwargs)
        policy.load_state_dict(weights)
        return SB3Actor(policy, self)


class SB3Actor(Actor):
    """A policy of Stable-Baselines3."""

    def __init__(self, policy: torch.nn.Module, agent: SB3Agent) -> None:
        self.policy, self.agent = policy.train(False), agent
        self.discrete = isinstance(getattr(policy, "action_space", None), gym.spaces.Discrete)

    def act(self, obs: object, masks: NDArray[np.bool_] | None, rng: np.random.Generator | None) -> NDArray[Any]:
        self.policy.train(False)
        allowed = None if masks is None else torch.as_tensor(masks)
        seen = torch.as_tensor(obs)
        found, self.memory = self.agent.decide(self.policy, seen, allowed, self.memory)
        if not self.discrete:
            return np.asarray(np.clip(found.numpy(), -1.0, 1.0))
        return chosen(found.numpy().astype(np.float64), masks, rng)


class SB3Learner(Learner):
    """An algorithm of Stable-Baselines3 in training."""

    def __init__(self, model: BaseAlgorithm, agent: Any, logs: Path | None) -> None:
        self.model, self.agent = model, agent
        self._rate = model.lr_schedule
        formats = [] if logs is None else [make_output_format("tensorboard", str(logs))]
        model.set_logger(Logger(None if logs is None else str(logs), formats))

    def advance(self, steps: int, seed: int, share: float, watch: Callable[[int], None]) -> None:
        model: Any = self.model
        model.set_random_seed(seed)
        model._last_obs = None  # new episodes
        own = self.agent.algorithm
        if "final_learning_rate" in own:
            rate = own["learning_rate"] + share * (own["final_learning_rate"] - own["learning_rate"])
            model.lr_schedule = lambda _: rate
        if hasattr(model, "exploration_schedule"):
            first, last = model.exploration_initial_eps, model.exploration_final_eps
            epsilon = first + min(1.0, share / model.exploration_fraction) * (last - first)
            model.exploration_schedule, model.exploration_rate = (lambda _: epsilon), epsilon
        model.learn(steps, reset_num_timesteps=False, callback=_Watch(watch, model.num_timesteps), log_interval=10)

    def tensors(self) -> Tensors:
        model: Any = self.model
        names, variables = model._get_torch_save_params()
        out: Tensors = {}
        for name in names:
            part = _part(model, name)
            state = part.state_dict()
            if isinstance(part, torch.optim.Optimizer):
                state = {f"{i}/{k}": torch.as_tensor(v) for i, kept in state["state"].items() for k, v in kept.items()}
            out |= {f"{name}/{key}": value.detach().clone() for key, value in state.items()}
        out |= {f"variable/{name}": _part(model, name).detach().clone() for name in variables}
        buffer = getattr(model, "replay_buffer", None)
        if buffer is not None:
            filled = buffer.buffer_size if buffer.full else buffer.pos
            out |= {f"buffer/{name}": torch.tensor(getattr(buffer, name)[:filled]) for name in _BUFFER}
        return out

    def counts(self) -> dict[str, int]:
        buffer = getattr(self.model, "replay_buffer", None)
        own = {} if buffer is None else {"pos": int(buffer.pos), "full": int(buffer.full)}
        return {name: int(getattr(self.model, name)) for name in _COUNTS if hasattr(self.model, name)} | own

    def restore(self, tensors: Mapping[str, torch.Tensor], counts: Mapping[str, int]) -> None:
        model: Any = self.model
        names, variables = model._get_torch_save_params()
        for name in names:
            part: Any = _part(model, name)
            own: dict[str, Any] = dict(_under(tensors, name))
            if isinstance(part, torch.optim.Optimizer):
                state: dict[int, dict[str, torch.Tensor]] = {}
                for key, value in own.items():
                    number, _, what = key.partition("/")
                    state.setdefault(int(number), {})[what] = value
                own = {"state": state, "param_groups": part.state_dict()["param_groups"]}
            part.load_state_dict(own)
        for name in variables:
            _part(model, name).data.copy_(tensors[f"variable/{name}"])
        for name in set(_COUNTS) & counts.keys():
            setattr(model, name, counts[name])
        if "pos" in counts:
            buffer = model.replay_buffer
            for name, value in _under(tensors, "buffer").items():
                getattr(buffer, name)[: len(value)] = value.numpy()
            buffer.pos, buffer.full = counts["pos"], bool(counts["full"])

    def actor(self) -> Actor:
        return SB3Actor(self.model.policy, self.agent)

    def log(self, values: Mapping[str, float], step: int) -> None:
        for name, value in values.items():
            self.model.logger.record(name, value)
        self.model.logger.dump(step)


class _Watch(BaseCallback):
    """Tells how many trials a segment has had."""

    def __init__(self, watch: Callable[[int], None], start: int) -> None:
        super().__init__()
        self._watch, self._start = watch, start

    def _on_step(self) -> bool:
        if self.n_calls % 8 == 0:
            self._watch(self.num_timesteps - self._start)
        return True


_OURS = ("final_learning_rate", "action_noise")


def options_of(algorithm: Mapping[str, Any], env: HPOVectorEnv | None = None) -> dict[str, Any]:
    """Return arguments of the algorithm's class: settings less our own."""
    options = {k: v for k, v in algorithm.items() if k not in _OURS}
    if "action_noise" in algorithm and env is not None:
        d = int(np.prod(env.single_action_space.shape or ()))
        noise = NormalActionNoise(np.zeros(d), np.full(d, algorithm["action_noise"]))
        options["action_noise"] = VectorizedActionNoise(noise, env.num_envs)
    return options


def logits_of(distribution: Any) -> torch.Tensor:
    """Logits of the actions ``(n, a)``, or the mean of a continuous one ``(n, d)``."""
    logits = getattr(distribution, "logits", None)
    return torch.as_tensor(distribution.mean if logits is None else logits)


def _part(model: object, name: str) -> Any:
    return functools.reduce(getattr, name.split("."), model)


def _under(tensors: Mapping[str, torch.Tensor], name: str) -> dict[str, torch.Tensor]:
    return {key.removeprefix(f"{name}/"): value for key, value in tensors.items() if key.startswith(f"{name}/")}
