"""PPO in one file, laid out as CleanRL lays out its agents: it learns to tune, and is judged on validation tasks.

    python docs/examples/cleanrl_ppo.py
    python docs/examples/cleanrl_ppo.py --env-id hpo_gym/AutoML-v0 --masks 1
    python docs/examples/cleanrl_ppo.py --env-id hpo_gym/Trainings-v0 --num-steps 24 --gamma 1 --rivals random,constant

The env is what `gym.make_vec` makes of an id: an action is one of a list of configurations, the sum of the reward is
how far the run is ahead of random search in area under the curve of regret (AUC), by the validation score. The agent
discounts it by .5, so it seeks what pays soon, not the best sum. It is judged by the test score, where there is one.
Schulman et al., "Proximal policy optimization algorithms", 2017; the advantages of Schulman et al., "High-dimensional
continuous control using generalized advantage estimation", 2016.
"""

from __future__ import annotations

import argparse
import copy
import time
from dataclasses import dataclass, fields, replace
from typing import Any

import gymnasium as gym
import numpy as np
import torch
from torch import Tensor, nn
from torch.distributions import Categorical

import hpo_gym


@dataclass(frozen=True)
class Args:
    """Everything that may be set on the command line."""

    env_id: str = "hpo_gym/SVM-v0"
    rivals: str = "random,default,portfolio"
    masks: int = 0  # 1: never choose a candidate that was tried, by the last columns of the observation
    seed: int = 1
    steps: int = 600_000
    num_envs: int = 64
    num_steps: int = 33  # one episode
    learning_rate: float = 1e-3
    gamma: float = 0.5
    gae_lambda: float = 0.95
    num_minibatches: int = 4
    update_epochs: int = 4
    clip_coef: float = 0.2
    ent_coef: float = 0.0
    vf_coef: float = 0.5
    max_grad_norm: float = 0.5


class Agent(nn.Module):
    """Two networks: logits of the actions, and the value of what is seen."""

    def __init__(self, inputs: int, actions: int, masks: bool = False) -> None:
        super().__init__()
        self.actions, self.masks = actions, masks
        self.actor, self.critic = network(inputs, actions, 0.01), network(inputs, 1, 1.0)

    def policy(self, obs: Tensor) -> Categorical:
        """The distribution over the actions."""
        logits = self.actor(obs)
        return Categorical(logits=logits.masked_fill(obs[..., -self.actions :] > 0, -1e8) if self.masks else logits)


def network(inputs: int, outputs: int, last: float) -> nn.Sequential:
    """Two hidden layers; orthogonal weights, those of the last layer scaled by `last`."""
    layers = [nn.Linear(inputs, 64), nn.Linear(64, 64), nn.Linear(64, outputs)]
    for layer, scale in zip(layers, (2**0.5, 2**0.5, last), strict=True):
        nn.init.orthogonal_(layer.weight, scale)
        nn.init.zeros_(layer.bias)
    return nn.Sequential(layers[0], nn.Tanh(), layers[1], nn.Tanh(), layers[2])


def advantages(rewards: Tensor, values: Tensor, dones: Tensor, after: Tensor, gamma: float, lam: float) -> Tensor:
    """Generalised advantages ``(steps, envs)``; `dones` marks the ends of episodes, `after` is the next value."""
    out, carried = torch.zeros_like(rewards), torch.zeros_like(after)
    for t in reversed(range(len(rewards))):
        goes_on = 1.0 - dones[t]  # an episode here ends because its budget is spent: there is nothing to bootstrap
        error = rewards[t] + gamma * after * goes_on - values[t]
        out[t] = carried = error + gamma * lam * goes_on * carried
        after = values[t]
    return out


def train(args: Args, envs: Any, agent: Agent, suite: hpo_gym.Suite) -> None:
    """Collect `num_steps` of every env, compute advantages, update; and so on. Print the curve."""
    optimizer = torch.optim.Adam(agent.parameters(), lr=args.learning_rate, eps=1e-5)
    shape, batch = (args.num_steps, args.num_envs), args.num_steps * args.num_envs
    obs = torch.zeros(*shape, envs.single_observation_space.shape[0])
    acts, logs, values, rewards, dones = (torch.zeros(shape) for _ in range(5))
    seen, start = torch.as_tensor(envs.reset(seed=args.seed)[0]), time.process_time()
    updates, returns = max(1, args.steps // batch), list[float]()
    for update in range(updates + 1):
        if update % max(1, updates // 10) == 0 or update == updates:
            found, mean = 1.0 - auc(optimizer_of(agent, envs, suite), suite), np.mean(returns or [np.nan])
            print(f"{update * batch:>9,} steps {time.process_time() - start:5.0f} s  training {mean:6.3f}  "
                  f"validation {found:.3f} {'#' * round(50 * max(found, 0))}", flush=True)  # fmt: skip
            returns.clear()
        if update == updates:
            return
        optimizer.param_groups[0]["lr"] = args.learning_rate * (1.0 - update / updates)
        for t in range(args.num_steps):
            obs[t] = seen
            with torch.no_grad():
                policy = agent.policy(obs[t])
                action = policy.sample()
                acts[t], logs[t], values[t] = action, policy.log_prob(action), agent.critic(obs[t])[:, 0]
            after, reward, terminated, truncated, infos = envs.step(action.numpy())
            seen, rewards[t] = torch.as_tensor(after), torch.as_tensor(reward)
            dones[t] = torch.as_tensor(terminated | truncated)
            if "episode" in infos:
                returns += infos["episode"]["r"][infos["_episode"]].tolist()
        with torch.no_grad():
            lifted = advantages(rewards, values, dones, agent.critic(seen)[:, 0], args.gamma, args.gae_lambda)
        flat = [x.reshape(batch, *x.shape[2:]) for x in (obs, acts, logs, lifted, lifted + values)]
        for _ in range(args.update_epochs):
            for which in torch.randperm(batch).chunk(args.num_minibatches):
                o, a, old, lift, target = (x[which] for x in flat)
                policy, lift = agent.policy(o), (lift - lift.mean()) / (lift.std() + 1e-8)
                ratio = (policy.log_prob(a) - old).exp()
                clipped = ratio.clamp(1.0 - args.clip_coef, 1.0 + args.clip_coef)
                loss = -torch.min(lift * ratio, lift * clipped).mean() - args.ent_coef * policy.entropy().mean()
                loss = loss + args.vf_coef * 0.5 * ((agent.critic(o)[:, 0] - target) ** 2).mean()
                optimizer.zero_grad()
                loss.backward()
                nn.utils.clip_grad_norm_(agent.parameters(), args.max_grad_norm)
                optimizer.step()


def optimizer_of(agent: Agent, envs: Any, suite: hpo_gym.Suite) -> hpo_gym.PolicyOptimizer:
    """The agent as an optimizer that plays its most likely action, for any comparison."""
    parts, agent = envs.kernel.parts, copy.deepcopy(agent)

    def choose(obs: Any, rng: np.random.Generator) -> int:
        return int(agent.policy(torch.as_tensor(obs)).logits.argmax())

    return hpo_gym.PolicyOptimizer(choose, parts.observer, parts.codec, scale=suite.scale())


@torch.no_grad()
def auc(optimizer: Any, suite: hpo_gym.Suite) -> float:
    """The mean area under the curve of normalised regret by `score_of`, over a run on each validation task."""
    tasks, prior, score = suite.tasks("val"), suite.prior(), score_of(suite)
    runs = [hpo_gym.rollout(optimizer, task, prior=prior) for task in tasks]
    return float(np.mean([hpo_gym.regret_of(*pair, score=score).mean() for pair in zip(runs, tasks, strict=True)]))


def score_of(suite: hpo_gym.Suite) -> str:
    """The score that judges: that of data which no choice has seen, else the only one that the tasks have."""
    return "test" if all(task.test_range for task in suite.tasks("val")) else "validation"


def main() -> None:
    """Train, and compare on the validation tasks."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--smoke", action="store_true", help="a few seconds, to see that it runs")
    for field in fields(Args):
        parser.add_argument(f"--{field.name.replace('_', '-')}", type=type(field.default), default=field.default)
    given = vars(parser.parse_args())
    smoke = given.pop("smoke")
    args = replace(Args(**given), steps=4_224) if smoke else Args(**given)
    torch.manual_seed(args.seed)
    torch.set_num_threads(1)
    envs: Any = gym.make_vec(args.env_id, args.num_envs, autoreset_mode="SAME_STEP", statistics=True).unwrapped
    suite = hpo_gym.load_suite(args.env_id.split("/")[1].split("-")[0])
    agent = Agent(envs.single_observation_space.shape[0], int(envs.single_action_space.n), bool(args.masks))
    arms = {"untrained": auc(optimizer_of(agent, envs, suite), suite)}
    train(args, envs, agent, suite)
    arms["trained"] = auc(optimizer_of(agent, envs, suite), suite)
    arms |= {name: auc(hpo_gym.make_optimizer(name), suite) for name in args.rivals.split(",")}
    print(f"\n{suite.name}, {len(suite.tasks('val'))} validation tasks   AUC of regret, {score_of(suite)} score")
    for name, value in sorted(arms.items(), key=lambda arm: arm[1]):
        print(f"{name:12} {value:.3f}")


if __name__ == "__main__":
    main()
