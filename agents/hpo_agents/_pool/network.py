"""One scorer for every candidate of any pool: DeepSets, or a small set transformer, as a policy of SB3."""

from __future__ import annotations

from typing import Any

import gymnasium as gym
import torch
from sb3_contrib.common.maskable.policies import MaskableMultiInputActorCriticPolicy
from stable_baselines3.common.torch_layers import BaseFeaturesExtractor
from stable_baselines3.common.type_aliases import Schedule
from torch import nn

KINDS = ("deepsets", "set-transformer")
_SEEDS = 4


class Scorer(nn.Module):
    """Logits of candidates: `sharpness` times the base feature, plus a learned part, at first 0.

    A candidate's features are embedded by one network; a summary of the embeddings of all candidates joins each of
    them in a second one. So neither the order nor the number of candidates matters.

    **Reference**: Zaheer et al., "Deep sets", NeurIPS 2017; Lee et al., "Set transformer", ICML 2019 (pooling by
    multihead attention, here with one head and four seeds).

    **Differs from the papers**: the output is one number for each element, of the element and the summary, and begins
    as a known acquisition function.

    Args:
        features: Numbers for each candidate; the first is the base feature.
        width: Of all hidden layers.
        kind: ``"deepsets"`` (the summary is mean and maximum) or ``"set-transformer"`` (attention of four seeds).
        sharpness: Factor of the base feature at first; it is learned too.
    """

    def __init__(self, features: int, width: int, kind: str, sharpness: float) -> None:
        super().__init__()
        self.kind = kind
        self.embed = nn.Sequential(nn.Linear(features, width), nn.ReLU(), nn.Linear(width, width), nn.ReLU())
        self.seeds = nn.Parameter(torch.randn(_SEEDS, width) / width**0.5) if kind == "set-transformer" else None
        self.summary = width * (2 if self.seeds is None else _SEEDS)
        self.own, self.common = nn.Linear(width, width), nn.Linear(self.summary, width, bias=False)
        self.out = nn.Linear(width, 1)
        nn.init.zeros_(self.out.weight)
        nn.init.zeros_(self.out.bias)
        self.log_sharpness = nn.Parameter(torch.tensor(float(sharpness)).log())

    def summarise(self, embedded: torch.Tensor, there: torch.Tensor) -> torch.Tensor:
        """Return the summary ``(n, s)`` of embedded candidates ``(n, c, w)``, with a mask `there` ``(n, c)``."""
        if self.seeds is None:
            count = there.sum(1, keepdim=True).clamp(min=1)
            mean = (embedded * there[:, :, None]).sum(1) / count
            highest = torch.where(there[:, :, None], embedded, 0.0).max(1).values  # embeddings are not negative
            return torch.cat([mean, highest], 1)
        attention = (embedded @ self.seeds.T).masked_fill(~there[:, :, None], -1e9).softmax(1)
        return (attention.transpose(1, 2) @ embedded).flatten(1)

    def decide(self, base: torch.Tensor, embedded: torch.Tensor, summary: torch.Tensor) -> torch.Tensor:
        """Logits ``(n, c)``."""
        hidden = torch.relu(self.own(embedded) + self.common(summary)[:, None])
        logits: torch.Tensor = self.log_sharpness.exp() * base + self.out(hidden)[:, :, 0]
        return logits

    def forward(self, features: torch.Tensor, there: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
        """Logits ``(n, c)`` and summary ``(n, s)`` of candidates ``(n, c, f)``."""
        embedded = self.embed(features)
        summary = self.summarise(embedded, there)
        return self.decide(features[:, :, 0], embedded, summary), summary


class PoolExtractor(BaseFeaturesExtractor):
    """Logits and summary side by side, ``(n, c + s)``, from the observation of `PoolView`."""

    def __init__(self, observation_space: Any, **options: Any) -> None:
        c, features = observation_space["features"].shape
        scorer = Scorer(features, **options)
        super().__init__(observation_space, c + scorer.summary)
        self.scorer = scorer

    def forward(self, observations: dict[str, torch.Tensor]) -> torch.Tensor:
        return torch.cat(self.scorer(observations["features"], observations["there"] > 0.5), 1)


class _Split(nn.Module):
    """The logits for the actor, the summary for the critic."""

    def __init__(self, actions: int, summary: int) -> None:
        super().__init__()
        self.latent_dim_pi, self.latent_dim_vf = actions, summary

    def forward(self, features: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
        return self.forward_actor(features), self.forward_critic(features)

    def forward_actor(self, features: torch.Tensor) -> torch.Tensor:
        return features[:, : self.latent_dim_pi]

    def forward_critic(self, features: torch.Tensor) -> torch.Tensor:
        return features[:, self.latent_dim_pi :]


class PoolPolicy(MaskableMultiInputActorCriticPolicy):
    """A masked actor-critic policy with the logits of a `Scorer`, and a value linear in its summary."""

    def _build_mlp_extractor(self) -> None:
        actions = int(gym.spaces.flatdim(self.action_space))
        self.mlp_extractor: Any = _Split(actions, self.features_dim - actions)

    def _build(self, lr_schedule: Schedule) -> None:
        super()._build(lr_schedule)
        self.action_net = nn.Identity()
        nn.init.zeros_(self.value_net.weight)
        make: Any = self.optimizer_class
        self.optimizer = make(self.parameters(), lr=lr_schedule(1), **self.optimizer_kwargs)
