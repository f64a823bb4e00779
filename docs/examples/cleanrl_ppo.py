"""PPO in one file, laid out as CleanRL lays out its agents, on the native vector env.

    python docs/examples/cleanrl_ppo.py
    python docs/examples/cleanrl_ppo.py --smoke
    python docs/examples/cleanrl_ppo.py --env-id hpo_gym/SVM-v0 --codec pool --observer summary --gamma 0.3

The buffers are arrays ``(num_steps, num_envs)``; the loop is collect, advantage, update. Actions are discrete; those
that the env masks are never taken. Schulman et al., "Proximal policy optimization algorithms", 2017; the advantages of
Schulman et al., "High-dimensional continuous control using generalized advantage estimation", 2016.
"""

from __future__ import annotations

import argparse
import time
from collections.abc import Callable
from dataclasses import asdict, dataclass, fields, replace
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

    env_id: str = "hpo_gym/Trainings-v0"
    codec: str = ""
    observer: str = ""
    seed: int = 1
    total_timesteps: int = 98_304
    num_envs: int = 256
    num_steps: int = 24  # one episode of Trainings
    learning_rate: float = 2e-3
    gamma: float = 1.0  # all that counts on Trainings is the loss at the end
    gae_lambda: float = 0.95
    num_minibatches: int = 8
    update_epochs: int = 5
    clip_coef: float = 0.2
    ent_coef: float = 0.01
    vf_coef: float = 0.5
    max_grad_norm: float = 0.5
    hidden: int = 64

    @property
    def parts(self) -> dict[str, str]:
        """Observer and codec where they are given, else the suite's own; rows of a pool are not tried twice."""
        given = {name: value for name in ("codec", "observer") if (value := getattr(self, name))}
        return given | ({"duplicates": "mask"} if self.codec == "pool" else {})


WORLDS = range(5)  # seeds of the episodes that compare
SMOKE = {"total_timesteps": 1_536, "num_envs": 32}


class Agent(nn.Module):
    """Two networks: logits of the actions, and the value of what is seen."""

    def __init__(self, inputs: int, actions: int, hidden: int) -> None:
        super().__init__()
        self.actor, self.critic = network(inputs, actions, hidden, 0.01), network(inputs, 1, hidden, 1.0)

    def policy(self, obs: Tensor, mask: Tensor) -> Categorical:
        """The distribution over the actions that the mask allows."""
        return Categorical(logits=self.actor(obs).masked_fill(~mask, -1e8))


def network(inputs: int, outputs: int, hidden: int, last: float) -> nn.Sequential:
    """Two hidden layers; orthogonal weights, those of the last layer scaled by `last`."""
    layers = [nn.Linear(inputs, hidden), nn.Linear(hidden, hidden), nn.Linear(hidden, outputs)]
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


def train(args: Args) -> Agent:
    """Collect `num_steps` of every env, compute advantages, update; and so on."""
    torch.manual_seed(args.seed)
    torch.set_num_threads(1)
    envs: Any = gym.make_vec(
        args.env_id, args.num_envs, autoreset_mode="SAME_STEP", statistics=True, **args.parts
    ).unwrapped
    inputs, actions = envs.single_observation_space.shape[0], int(envs.single_action_space.n)
    agent = Agent(inputs, actions, args.hidden)
    optimizer = torch.optim.Adam(agent.parameters(), lr=args.learning_rate, eps=1e-5)

    shape, batch = (args.num_steps, args.num_envs), args.num_steps * args.num_envs
    obs, masks = torch.zeros(*shape, inputs), torch.zeros(*shape, actions, dtype=torch.bool)
    acts, logs, values, rewards, dones = (torch.zeros(shape) for _ in range(5))
    seen = torch.as_tensor(envs.reset(seed=args.seed)[0])
    updates, start = max(1, args.total_timesteps // batch), time.time()
    for update in range(updates):
        optimizer.param_groups[0]["lr"] = args.learning_rate * (1.0 - update / updates)
        returns: list[float] = []
        for t in range(args.num_steps):
            obs[t], masks[t] = seen, torch.as_tensor(envs.action_masks() > 0)
            with torch.no_grad():
                policy = agent.policy(obs[t], masks[t])
                action = policy.sample()
                acts[t], logs[t], values[t] = action, policy.log_prob(action), agent.critic(obs[t])[:, 0]
            after, reward, terminated, truncated, infos = envs.step(action.numpy())
            seen, rewards[t] = torch.as_tensor(after), torch.as_tensor(reward)
            dones[t] = torch.as_tensor(terminated | truncated)
            if "episode" in infos:
                returns += infos["episode"]["r"][infos["_episode"]].tolist()
        with torch.no_grad():
            lifted = advantages(rewards, values, dones, agent.critic(seen)[:, 0], args.gamma, args.gae_lambda)
        targets = (lifted + values).reshape(-1)
        flat = [x.reshape(batch, *x.shape[2:]) for x in (obs, masks, acts, logs)]
        for _ in range(args.update_epochs):
            for which in torch.randperm(batch).chunk(args.num_minibatches):
                o, m, a, old = (x[which] for x in flat)
                policy, lift = agent.policy(o, m), lifted.reshape(-1)[which]
                lift = (lift - lift.mean()) / (lift.std() + 1e-8)
                ratio = (policy.log_prob(a) - old).exp()
                clipped = ratio.clamp(1.0 - args.clip_coef, 1.0 + args.clip_coef)
                loss = -torch.min(lift * ratio, lift * clipped).mean()
                loss = loss + args.vf_coef * 0.5 * ((agent.critic(o)[:, 0] - targets[which]) ** 2).mean()
                loss = loss - args.ent_coef * policy.entropy().mean()
                optimizer.zero_grad()
                loss.backward()
                nn.utils.clip_grad_norm_(agent.parameters(), args.max_grad_norm)
                optimizer.step()
        if update % max(1, updates // 10) == 0 or update == updates - 1:
            steps, mean = (update + 1) * batch, np.mean(returns) if returns else np.nan
            print(f"{steps:>9,} steps  return {mean:6.3f}  {steps / (time.time() - start):,.0f} steps/s")
    return agent


def play(args: Args, choose: Callable[[Tensor, Tensor], Any]) -> float:
    """The mean outcome of an episode on each validation task, in each of the instances."""
    return float(np.mean([outcome(args, scores_of(args, choose, seed)) for seed in WORLDS]))


def scores_of(args: Args, choose: Callable[[Tensor, Tensor], Any], seed: int) -> Any:
    """The scores of one episode on each validation task, ``(trials, tasks)``."""
    names = [task.name for task in hpo_gym.load_suite(suite_of(args)).tasks("val")]
    keywords: dict[str, Any] = {"split": "val", "autoreset_mode": "DISABLED", **args.parts}
    envs: Any = gym.make_vec(args.env_id, len(names), **keywords).unwrapped
    seen, _ = envs.reset(seed=seed, options={"task": names})
    scores, over = [], np.zeros(len(names), bool)
    while not over.all():
        with torch.no_grad():
            action = choose(torch.as_tensor(seen), torch.as_tensor(envs.action_masks() > 0))
        seen, _, over, _, infos = envs.step(np.asarray(action))
        scores.append(infos["score"].copy())
    return np.array(scores)


def outcome(args: Args, scores: Any) -> Any:
    """What counts of the scores ``(trials, n)`` of an episode: the last on trainings, else the best."""
    return scores[-1] if suite_of(args) == "Trainings" else scores.max(0)


def reference(args: Args) -> tuple[str, float]:
    """The same of a fixed choice: a constant learning rate, or the portfolio of the training tasks."""
    suite = hpo_gym.load_suite(suite_of(args))
    name, budget = ("constant", 24) if suite.name == "Trainings" else ("portfolio", 33)
    optimizer, prior = hpo_gym.make_optimizer(name), suite.prior()
    runs = [
        hpo_gym.rollout(optimizer, task, budget, seed=seed, prior=prior)
        for task in suite.tasks("val")
        for seed in WORLDS
    ]
    return name, float(np.mean([outcome(args, np.array(run.scores)) for run in runs]))


def suite_of(args: Args) -> str:
    """The suite of an env id, `SVM` of `hpo_gym/SVM-v0`."""
    return args.env_id.split("/")[1].split("-")[0]


def main() -> None:
    """Train, and compare on the validation tasks."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--smoke", action="store_true", help="a few seconds, to see that it runs")
    for field in fields(Args):
        parser.add_argument(f"--{field.name.replace('_', '-')}", type=type(field.default), default=field.default)
    given = vars(parser.parse_args())
    smoke = given.pop("smoke")
    args = replace(Args(**given), **SMOKE) if smoke else Args(**given)
    print({name: value for name, value in asdict(args).items() if value != ""})
    agent = train(args)
    score = play(args, lambda obs, mask: agent.policy(obs, mask).probs.argmax(1))
    by_chance = play(args, lambda obs, mask: Categorical(mask.float()).sample())
    name, by_rule = reference(args)
    print(f"mean outcome, validation tasks: trained {score:.3f}, random {by_chance:.3f}, {name} {by_rule:.3f}")


if __name__ == "__main__":
    main()
