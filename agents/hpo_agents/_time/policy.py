"""The network of the policy over candidates and fidelities, and PPO's bound on how far it goes from its base."""

from __future__ import annotations

from typing import Any

import torch
from stable_baselines3.common.torch_layers import BaseFeaturesExtractor

from hpo_agents._pool.network import PoolPolicy, Scorer

SHUT = -1e9  # logit of an action that cannot be taken


class TimeScorer(Scorer):
    """A `Scorer` that begins as `transfer-time`, or, where it is `plain`, as chance."""

    def __init__(self, features: int, width: int, sharpness: float, plain: bool) -> None:
        super().__init__(features, width, "deepsets", sharpness)
        self.plain = plain

    def decide(self, base: torch.Tensor, embedded: torch.Tensor, summary: torch.Tensor) -> torch.Tensor:
        return super().decide(torch.zeros_like(base) if self.plain else base, embedded, summary)


class TimeExtractor(BaseFeaturesExtractor):
    """Logits and summary side by side, ``(n, a + s)``, from the observation of `TimeView`."""

    def __init__(self, observation_space: Any, **options: Any) -> None:
        a, features = observation_space["features"].shape
        scorer = TimeScorer(features, **options)
        super().__init__(observation_space, a + scorer.summary)
        self.scorer = scorer

    def forward(self, observations: dict[str, torch.Tensor]) -> torch.Tensor:
        return torch.cat(self.scorer(observations["features"], observations["there"] > 0.5), 1)


class TimePolicy(PoolPolicy):
    """A `PoolPolicy` whose entropy, as PPO sees it, is minus the divergence from its base: `ent_coef` times it is lost.

    The base is the softmax of the initial `sharpness` times the base feature. The divergence is Kullback-Leibler's of
    the policy from the base.
    """

    def __init__(self, *args: Any, sharpness: float, **kwargs: Any) -> None:
        self._sharpness = sharpness
        super().__init__(*args, **kwargs)

    def _get_constructor_parameters(self) -> dict[str, Any]:
        return super()._get_constructor_parameters() | {"sharpness": self._sharpness}

    def evaluate_actions(
        self, obs: Any, actions: torch.Tensor, action_masks: Any = None
    ) -> tuple[torch.Tensor, torch.Tensor, torch.Tensor | None]:
        to_actor, to_critic = self.mlp_extractor(self.extract_features(obs))
        distribution: Any = self._get_action_dist_from_latent(to_actor)
        distribution.apply_masking(action_masks)
        shut = torch.as_tensor(action_masks).bool().logical_not()
        base = (self._sharpness * obs["features"][:, :, 0]).masked_fill(shut, SHUT).log_softmax(1)
        mine = distribution.distribution.logits.log_softmax(1)
        return self.value_net(to_critic), distribution.log_prob(actions), -(mine.exp() * (mine - base)).sum(1)
