"""A decision transformer over candidates: the history of a run as tokens, and a scorer of candidates that reads it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, NamedTuple

import numpy as np
import torch
from numpy.typing import NDArray
from torch import nn

from hpo_agents._offline.learner import LessonsLearner, cloning
from hpo_agents._offline.lessons import Lessons
from hpo_agents._policy.training import Actor, chosen
from hpo_agents._pool.network import Scorer

_HEADS, _LAYERS = 2, 2
_LEAST = 1e-3  # mean regret


class History(NamedTuple):
    """Tokens of `n` runs before `l` trials: three for each trial.

    Attributes:
        goal: See `goal_of`, ``(n, l)``.
        left: Share of the budget left, ``(n, l)``.
        played, after: Features of the chosen row before and after its trial, ``(n, l, 12)``; the last is not read.
    """

    goal: torch.Tensor
    left: torch.Tensor
    played: torch.Tensor
    after: torch.Tensor


def goal_of(togo: torch.Tensor) -> torch.Tensor:
    """Return to go as tokens have it, in [0, 3]: minus log10 of the mean regret of this and the later trials."""
    return -(-togo + _LEAST).clamp(max=1.0).log10()


class HistoryScorer(Scorer):
    """A `Scorer` with one more summand in its hidden layer: the output of a causal transformer at the goal of a trial.

    Args:
        trials: Of a full episode.
        options: Those of `Scorer`.

    Attributes:
        goals: Goals to play by, for each trial of an episode, ``(trials,)``.
    """

    goals: torch.Tensor

    def __init__(self, features: int, trials: int, **options: Any) -> None:
        super().__init__(features, **options)
        width = self.own.in_features
        self.goal, self.choice, self.outcome = (
            nn.Linear(2, width),
            nn.Linear(features, width),
            nn.Linear(features, width),
        )
        layer = nn.TransformerEncoderLayer(width, _HEADS, 2 * width, 0.0, batch_first=True, norm_first=True)
        self.transformer = nn.TransformerEncoder(layer, _LAYERS, nn.LayerNorm(width), enable_nested_tensor=False)
        self.register_buffer("goals", torch.zeros(trials))

    def recall(self, history: History) -> torch.Tensor:
        """Return the memory of each trial, ``(n, l, w)``."""
        n, length = history.goal.shape
        tokens = torch.stack(
            [
                self.goal(torch.stack([history.goal, history.left], 2)),
                self.choice(_tame(history.played)),
                self.outcome(_tame(history.after)),
            ],
            2,
        ).reshape(n, 3 * length, -1)
        mask = nn.Transformer.generate_square_subsequent_mask(3 * length)
        memory: torch.Tensor = self.transformer(tokens, mask=mask, is_causal=True)[:, ::3]
        return memory

    def judge(self, base: torch.Tensor, embedded: torch.Tensor, common: torch.Tensor) -> torch.Tensor:
        """Logits ``(n, c)`` of candidates, from what they have in common ``(n, w)``: their summary and the memory."""
        hidden = torch.relu(self.own(embedded) + common[:, None])
        logits: torch.Tensor = self.log_sharpness.exp() * base + self.out(hidden)[:, :, 0]
        return logits

    def within(self, features: torch.Tensor, there: torch.Tensor, memory: torch.Tensor) -> torch.Tensor:
        """Logits ``(n, c)`` of candidates ``(n, c, f)`` with a memory ``(n, w)``."""
        embedded = self.embed(features)
        return self.judge(features[:, :, 0], embedded, self.common(self.summarise(embedded, there)) + memory)

    def goal_at(self, trial: int) -> float:
        """Return the goal to play by before a trial."""
        return float(self.goals[min(trial, len(self.goals) - 1)])


class HistoryLearner(LessonsLearner):
    """Cross-entropy of the chosen rows of whole episodes, each given the history and its return to go.

    The goals of play are a quantile of those in the data, for each trial.
    """

    def __init__(self, agent: Any, lessons: Lessons) -> None:
        super().__init__(agent, lessons, agent.scorer())
        goal = torch.where(lessons.real, goal_of(lessons.togo), torch.nan)
        best = goal.nanquantile(agent.goal, dim=0).nan_to_num()
        network: Any = self.module
        k = min(len(best), len(network.goals))
        network.goals[:k], network.goals[k:] = best[:k], best[k - 1]

    def loss(self, batch: Lessons) -> torch.Tensor:
        network: Any = self.module
        s, length, c = batch.there.shape
        left = 1.0 - torch.arange(length) / len(network.goals)
        history = History(goal_of(batch.togo), left.clamp(min=0.0).expand(s, length), batch.played, batch.after)
        memory = network.recall(history).reshape(s * length, -1)
        features, there = batch.features.reshape(s * length, c, -1), batch.there.reshape(s * length, c)
        return cloning(network.within(features, there, memory), there, batch.real.reshape(-1))

    def scorer(self) -> Mapping[str, torch.Tensor]:
        weights: Mapping[str, torch.Tensor] = self.module.state_dict()
        return weights


class HistoryActor(Actor):
    """A `HistoryScorer` as a policy in an env; it remembers the runs from trial to trial."""

    memory: list[tuple[NDArray[np.int64], torch.Tensor, torch.Tensor]] | None

    def __init__(self, scorer: HistoryScorer) -> None:
        self.scorer = scorer

    def act(self, obs: Any, masks: NDArray[np.bool_] | None, rng: np.random.Generator | None) -> NDArray[Any]:
        features, there = torch.as_tensor(obs["features"]), torch.as_tensor(obs["there"]) > 0
        n, past, each = len(features), self.memory or [], torch.arange(len(features))
        if past:
            row, played, _ = past[-1]
            past[-1] = (row, played, features[each, torch.as_tensor(row)])
        memory = self.scorer.recall(history_of(self.scorer, [p[1:] for p in past], n))[:, -1]
        logits = self.scorer.within(features, there, memory).numpy().astype(np.float64)
        action = chosen(logits, masks, rng)
        self.memory = [*past, (action, features[each, torch.as_tensor(action)], torch.zeros_like(features[:, 0]))]
        return action


def history_of(scorer: HistoryScorer, past: list[tuple[torch.Tensor, torch.Tensor]], n: int) -> History:
    """Return the tokens before the next trial, from the features of earlier ones before and after them, ``(n, 12)``."""
    t, none = len(past), torch.zeros(n, scorer.choice.in_features)
    goal = torch.tensor([scorer.goal_at(i) for i in range(t + 1)]).expand(n, t + 1)
    left = (1.0 - torch.arange(t + 1) / len(scorer.goals)).clamp(min=0.0).expand(n, t + 1)
    played, after = (torch.stack([*(p[k] for p in past), none], 1) for k in range(2))
    return History(goal, left, played, after)


def _tame(features: torch.Tensor) -> torch.Tensor:
    """Shrink large numbers: logarithms of improvements reach far below those of other features."""
    return features.sign() * features.abs().log1p()
