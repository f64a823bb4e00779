"""Proximal policy optimisation in plain PyTorch, straight on `HPOVectorEnv`: the file to start from for research.

From top to bottom: the agent and its options, how it collects and learns, how it acts, kinds of policies, the network.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import gymnasium as gym
import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from hpo_agents._policy.parts import PartsAgent
from hpo_agents._policy.training import Actor, Learner, Tensors, policy_of
from hpo_gym.base import InvalidValueError, Singles, whole_fields
from hpo_gym.env import HPOVectorEnv
from hpo_gym.optimize import OPTIMIZERS

CACHE = 1_200_000  # numbers that layers give at once, 5 MB: with more at once each takes up to twice as long
MASKED = -1e8  # the logit of an action that is not allowed: its probability is 0, and no sum becomes NaN


@OPTIMIZERS.register("ppo-bare", family="rl", extra="rl", trainable=True, state="as `ppo`", action="as `maskable-ppo`")
class PPOBare(PartsAgent):
    """PPO in one file of PyTorch, short enough to be changed, to start research from.

    `algorithm` holds the fields of `Options`. From the same weights and trials it makes the updates of
    Stable-Baselines3's PPO (over candidates, with none tried twice, those of sb3-contrib's MaskablePPO), to rounding. A
    continuous action is drawn from a Gaussian whose spread does not depend on the observation, and is clipped to [-1,
    1] only on its way to the env.

    **Reference**: Schulman, Wolski, Dhariwal, Radford and Klimov, "Proximal policy optimization algorithms", 2017,
    https://arxiv.org/abs/1707.06347; Schulman, Moritz, Levine, Jordan and Abbeel, "High-dimensional continuous control
    using generalized advantage estimation", ICLR 2016, https://arxiv.org/abs/1506.02438; masks: Huang and Ontanon, "A
    closer look at invalid action masking in policy gradient algorithms", FLAIRS 2022.

    **Differs from the paper**: advantages are normalised in each minibatch, gradients are clipped, weights begin
    orthogonal, policy and value share no layer, and the learning rate falls linearly, a step for each segment.
    """

    name = "ppo-bare"

    def make_learner(self, env: HPOVectorEnv, seed: int, logs: Path | None) -> Learner:
        """Return the algorithm, fresh.

        Raises:
            InvalidValueError: An option is out of its range, observations are not one array, or actions are neither
                `Discrete` nor `Box`.
            TypeError: `algorithm` names an unknown option.
        """
        network = Network(env.single_observation_space, env.single_action_space, self.network, seed)
        return BareLearner(env, network, Options(**self.algorithm), self.masked, logs)

    def make_actor(self, weights: Tensors) -> Actor:
        """Return the policy of the weights."""
        network = Network(*self.spaces(), self.network, seed=0)
        network.load_state_dict(weights)
        return BareActor(network)


@dataclass(frozen=True)
class Options:
    """Options of the algorithm; the defaults are those of Stable-Baselines3."""

    n_steps: int = 2048  # trials of each run from one update to the next
    batch_size: int = 64  # trials of a minibatch; the last one may be smaller
    n_epochs: int = 10  # how often an update goes through its trials
    gamma: float = 0.99  # discount of later rewards, in [0, 1]
    gae_lambda: float = 0.95  # discount of later steps in the estimate of an advantage, in [0, 1]
    learning_rate: float = 3e-4  # of Adam, at first
    final_learning_rate: float | None = None  # at the end of the training; None: as at first
    clip_range: float = 0.2  # how far the ratio of new to old probability may be from 1: the paper's epsilon
    ent_coef: float = 0.0  # weight of the policy's entropy
    vf_coef: float = 0.5  # weight of the value's squared error
    max_grad_norm: float = 0.5  # longer gradients are shortened to this

    def __post_init__(self) -> None:
        whole_fields(self, 1, "n_steps", "batch_size", "n_epochs")
        if not (0 <= self.gamma <= 1 and 0 <= self.gae_lambda <= 1):
            raise InvalidValueError(f"`gamma`, `gae_lambda` must be in [0, 1], got ({self.gamma}, {self.gae_lambda}).")


class BareLearner(Learner):
    """The algorithm in training."""

    def __init__(self, env: HPOVectorEnv, network: Network, options: Options, masked: bool, logs: Path | None) -> None:
        self.env, self.network, self.options, self.masked = env, network, options, masked
        self.adam = torch.optim.Adam(network.parameters(), eps=1e-5, fused=True)  # fused: one call for all weights
        self.trials, self.logger = 0, None
        if logs is not None:
            from torch.utils.tensorboard import SummaryWriter

            self.logger = SummaryWriter(str(logs))

    def advance(self, steps: int, seed: int, share: float, watch: Callable[[int], None]) -> None:
        first, final = self.options.learning_rate, self.options.final_learning_rate
        self.adam.param_groups[0]["lr"] = first if final is None else first + share * (final - first)
        rng, done, figures = torch.Generator().manual_seed(seed), 0, dict[str, Tensor]()
        obs = self.env.reset(seed=seed)[0]
        while done < steps:
            batch, obs = self.collect(obs, rng)
            figures = self.update(batch, rng)
            done += len(batch["rewards"])
            watch(done)
        self.trials += done
        self.log({f"train/{name}": float(value) for name, value in figures.items()}, self.trials)

    @torch.no_grad()
    def collect(self, obs: NDArray[np.float32], rng: torch.Generator) -> tuple[Tensors, NDArray[np.float32]]:
        """Run `n_steps` trials of each of the `n` runs, from observations `obs` on.

        Returns:
            The trials, step by step, ``(n_steps n, ...)`` each; and the observations after the last.
        """
        rows: dict[str, list[Tensor]] = {"obs": [], "actions": [], "log_p": [], "rewards": [], "ended": []}
        if self.masked:
            rows["masks"] = []
        for _ in range(self.options.n_steps):
            seen = torch.from_numpy(obs)
            masks = [torch.from_numpy(self.env.action_masks()).bool()] if self.masked else []
            policy = self.network.act(seen, *masks)
            actions = policy.draw(rng)
            obs, rewards, ended, _, _ = self.env.step(policy.legal(actions))  # nothing is truncated
            reported = seen, actions, policy.log_p(actions), torch.from_numpy(rewards).float(), torch.from_numpy(ended)
            for kept, row in zip(rows.values(), (*reported, *masks), strict=True):
                kept.append(row)
        values = self.network.judge(torch.cat([*rows["obs"], torch.from_numpy(obs)])).view(-1, len(obs))
        advantages = estimate(torch.stack(rows["rewards"]), values, torch.stack(rows["ended"]), self.options)
        batch = {name: torch.cat(row) for name, row in rows.items()}
        return batch | {"advantages": advantages.flatten(), "returns": (advantages + values[:-1]).flatten()}, obs

    def update(self, batch: Tensors, rng: torch.Generator) -> Tensors:
        """Follow the gradient of each minibatch; returns figures of the last."""
        options, most, figures = self.options, max(1, CACHE // self.network.size), dict[str, Tensor]()
        for _ in range(options.n_epochs):
            for part in torch.split(torch.randperm(len(batch["rewards"]), generator=rng), options.batch_size):
                chosen = {name: values[part] for name, values in batch.items()}
                chosen["advantages"] = normalised(chosen["advantages"])
                self.adam.zero_grad()
                for at in range(0, len(part), most):  # the gradients of pieces add up to that of the minibatch
                    piece = {name: values[at : at + most] for name, values in chosen.items()}
                    loss, figures = losses(self.network, piece, options)
                    (loss * (len(piece["rewards"]) / len(part))).backward()  # type: ignore[no-untyped-call]
                nn.utils.clip_grad_norm_(self.network.parameters(), options.max_grad_norm)
                self.adam.step()
        return figures

    def tensors(self) -> Tensors:
        out = {f"policy/{name}": weights.clone() for name, weights in self.network.state_dict().items()}
        for i, state in self.adam.state_dict()["state"].items():
            out |= {f"adam/{i}/{name}": value.clone() for name, value in state.items()}
        return out

    def counts(self) -> dict[str, int]:
        return {"trials": self.trials}

    def restore(self, tensors: Mapping[str, Tensor], counts: Mapping[str, int]) -> None:
        self.network.load_state_dict(policy_of(tensors))
        state: dict[int, Tensors] = {}
        for key in tensors:
            if key.startswith("adam/"):
                _, i, name = key.split("/")
                state.setdefault(int(i), {})[name] = tensors[key].clone()
        self.adam.load_state_dict({**self.adam.state_dict(), "state": state})
        self.trials = counts["trials"]

    def actor(self) -> Actor:
        return BareActor(self.network)

    def log(self, values: Mapping[str, float], step: int) -> None:
        if self.logger is not None:
            for name, value in values.items():
                self.logger.add_scalar(name, value, step)
            self.logger.flush()


def estimate(rewards: Tensor, values: Tensor, ended: Tensor, options: Options) -> Tensor:
    """Return generalised advantages ``(t, n)`` of `t` steps of `n` runs.

    Args:
        rewards: ``(t, n)``.
        values: ``(t + 1, n)``; the last are those of the observations after the last step.
        ended: Whether a step was the last of its episode, ``(t, n)``: later values do not count.
        options: Hold the discounts.
    """
    gamma = options.gamma * (~ended).float()
    deltas = rewards + gamma * values[1:] - values[:-1]
    advantages, after = torch.empty_like(deltas), torch.zeros_like(deltas[0])
    for t in reversed(range(len(deltas))):
        advantages[t] = after = deltas[t] + options.gae_lambda * gamma[t] * after
    return advantages


def normalised(advantages: Tensor) -> Tensor:
    """With mean 0 and standard deviation 1; a single one stays."""
    if len(advantages) == 1:
        return advantages
    return (advantages - advantages.mean()) / (advantages.std() + 1e-8)


def losses(network: Network, batch: Tensors, options: Options) -> tuple[Tensor, Tensors]:
    """Return the loss of a minibatch with normalised advantages, and its parts without gradients."""
    policy, advantages = network.act(batch["obs"], batch.get("masks")), batch["advantages"]
    ratio = (policy.log_p(batch["actions"]) - batch["log_p"]).exp()
    near = ratio.clamp(1 - options.clip_range, 1 + options.clip_range)
    surrogate = torch.min(ratio * advantages, near * advantages).mean()  # eq. 7
    error, entropy = (network.judge(batch["obs"]) - batch["returns"]).square().mean(), policy.entropy().mean()
    loss = -surrogate + options.vf_coef * error - options.ent_coef * entropy  # eq. 9
    return loss, {"surrogate": surrogate.detach(), "value_error": error.detach(), "entropy": entropy.detach()}


class BareActor(Actor):
    """A network that acts."""

    def __init__(self, network: Network) -> None:
        self.network = network

    def act(self, obs: Singles, masks: NDArray[np.bool_] | None, rng: np.random.Generator | None) -> NDArray[Any]:
        policy = self.network.act(torch.from_numpy(obs), None if masks is None else torch.from_numpy(masks))
        if rng is None:
            return policy.legal(policy.best())
        return policy.legal(policy.draw(torch.Generator().manual_seed(int(rng.integers(2**63)))))


@dataclass(frozen=True)
class Categorical:
    """A policy of `a` discrete actions for `m` observations: log-probabilities ``(m, a)``."""

    each: Tensor

    def log_p(self, actions: Tensor) -> Tensor:
        """Return log-probabilities of actions ``(m,)``: ``(m,)``."""
        return self.each.gather(1, actions[:, None]).squeeze(1)

    def entropy(self) -> Tensor:
        """``(m,)``."""
        return -(self.each.exp() * self.each).sum(1)

    def draw(self, rng: torch.Generator) -> Tensor:
        """Return actions ``(m,)``: the first with a cumulative probability above a uniform number, none of probability
        0."""
        below = self.each.exp().cumsum(1)
        u = torch.rand(len(below), 1, generator=rng) * below[:, -1:]
        return torch.searchsorted(below, u, right=True).squeeze(1)

    def best(self) -> Tensor:
        """Return the most probable actions ``(m,)``."""
        return self.each.argmax(1)

    def legal(self, actions: Tensor) -> NDArray[Any]:
        """Return the actions in the env's form."""
        return actions.numpy()


@dataclass(frozen=True)
class Gaussian:
    """A policy of `d` independent numbers for `m` observations: means ``(m, d)``, logs of deviations ``(d,)``."""

    mean: Tensor
    log_std: Tensor

    def log_p(self, actions: Tensor) -> Tensor:
        """Return log-probabilities of actions ``(m, d)``: ``(m,)``."""
        z = (actions - self.mean) * (-self.log_std).exp()
        return (-0.5 * z.square() - (self.log_std + 0.5 * math.log(2 * math.pi))).sum(1)

    def entropy(self) -> Tensor:
        """``()``, the same for all observations."""
        return (self.log_std + 0.5 * math.log(2 * math.pi * math.e)).sum()

    def draw(self, rng: torch.Generator) -> Tensor:
        """Actions ``(m, d)``, not clipped."""
        return self.mean + self.log_std.exp() * torch.randn(self.mean.shape, generator=rng)

    def best(self) -> Tensor:
        """Return the means."""
        return self.mean

    def legal(self, actions: Tensor) -> NDArray[Any]:
        """Return the actions in the env's form: clipped."""
        return actions.clamp(-1.0, 1.0).numpy()


class Network(nn.Module):
    """A network for the policy and one for the value; for continuous actions also their spread.

    Args:
        observations, actions: Spaces of one run.
        widths: Of the hidden layers.
        seed: Of the first weights.
    """

    def __init__(self, observations: gym.Space[Any], actions: gym.Space[Any], widths: Sequence[int], seed: int) -> None:
        super().__init__()
        continuous = isinstance(actions, gym.spaces.Box)
        if not isinstance(observations, gym.spaces.Box) or not (continuous or isinstance(actions, gym.spaces.Discrete)):
            raise InvalidValueError(
                f"Observations must be a Box, actions a Discrete or a Box, got ({observations}, {actions})."
            )
        o, a, rng = gym.spaces.flatdim(observations), gym.spaces.flatdim(actions), torch.Generator().manual_seed(seed)
        self.size = o + a + 2 * sum(widths) + 1  # numbers for each observation
        self.policy = perceptron([o, *widths, a], 0.01, rng)
        self.value = perceptron([o, *widths, 1], 1.0, rng)
        self.log_std = nn.Parameter(torch.zeros(a)) if continuous else None

    def act(self, obs: Tensor, masks: Tensor | None = None) -> Categorical | Gaussian:
        """Return the policy for observations ``(m, ...)``; discrete actions are excluded where masks ``(m, a)`` are
        false."""
        out = self.policy(obs.flatten(1))
        if self.log_std is not None:
            return Gaussian(out, self.log_std)
        return Categorical((out if masks is None else out.masked_fill(~masks, MASKED)).log_softmax(1))

    def judge(self, obs: Tensor) -> Tensor:
        """Values ``(m,)`` of observations ``(m, ...)``."""
        return torch.as_tensor(self.value(obs.flatten(1)).squeeze(1))


def perceptron(widths: Sequence[int], gain: float, rng: torch.Generator) -> nn.Sequential:
    """Linear layers with tanh in between; weights orthogonal, scaled by the root of 2, in the last layer by `gain`."""
    layers: list[nn.Module] = []
    for i in range(1, len(widths)):
        last, layer = i == len(widths) - 1, nn.Linear(widths[i - 1], widths[i])
        nn.init.orthogonal_(layer.weight, gain if last else math.sqrt(2), generator=rng)
        nn.init.zeros_(layer.bias)
        layers += [layer] if last else [layer, Tanh()]
    return nn.Sequential(*layers)


class Tanh(nn.Module):
    """Tanh in a form that is fast on this processor: PyTorch's own takes longer than the layer before it.

    With AVX-512, NumPy's takes a sixth of the time. With AVX2 it does not; 2 sigmoid(2 x) - 1 takes two fifths, and is
    within 2e-7 of tanh(x).
    """

    def forward(self, x: Tensor) -> Tensor:
        return torch.as_tensor(_Tanh.apply(x))  # type: ignore[no-untyped-call]


class _Tanh(torch.autograd.Function):
    @staticmethod
    def forward(ctx: Any, x: Tensor) -> Tensor:
        if torch.backends.cpu.get_cpu_capability() == "AVX2":
            y = torch.mul(x, 2).sigmoid_().mul_(2).sub_(1)
        else:
            y = torch.from_numpy(np.tanh(x.numpy()))
        ctx.save_for_backward(y)
        return y

    @staticmethod
    def backward(ctx: Any, grad: Tensor) -> Tensor:
        (y,) = ctx.saved_tensors
        return torch.as_tensor(torch.ops.aten.tanh_backward(grad, y))
