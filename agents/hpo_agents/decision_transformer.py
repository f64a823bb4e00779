"""A decision transformer that learns from stored episodes, with a scorer of candidates as its head."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, ClassVar

import numpy as np
import torch

from hpo_agents._offline.agent import FromEpisodes
from hpo_agents._offline.history import HistoryActor, HistoryLearner, HistoryScorer, history_of
from hpo_agents._offline.lessons import Lessons
from hpo_agents._policy.settings import TUNED
from hpo_agents._policy.training import Actor, Learner
from hpo_agents._pool.features import FEATURES, PoolFeatures
from hpo_agents._pool.learner import PoolActor
from hpo_baselines._models.networks import one_thread
from hpo_gym.base import real
from hpo_gym.optimize import OPTIMIZERS, Context
from hpo_gym.problem import Query, Trial
from hpo_gym.system import one_blas_thread


@OPTIMIZERS.register(
    "decision-transformer",
    family="rl",
    extra="rl",
    trainable=True,
    state="twelve numbers of each candidate, as `ppo-pool`, and those of the run's trials before and after them",
    action="any row of any pool",
)
@dataclass(eq=False, repr=False, kw_only=True)
class DecisionTransformer(FromEpisodes):
    """A decision transformer: it learns which choices were followed by which regret, and plays as if for a low one.

    A trial is three tokens: the return to go (minus the logarithm of the mean regret of this and the later trials), the
    features of its row before it, and after it, when they hold its score. A causal transformer reads them; its output
    at the return to go joins the hidden layer of the scorer of `ppo-pool`. In play the return to go of each trial is
    the quantile `goal` of those in the data.

    **Reference**: Chen et al., "Decision transformer: reinforcement learning via sequence modeling", NeurIPS 2021.

    **Differs from the paper**: the return to go is a mean, so no reward is subtracted in play, where none is known; the
    actions are a draw of candidates with features. TorchRL's `DTLoss` is a distance between continuous actions; ours is
    the cross-entropy.

    Args:
        goal: Quantile in [0, 1].
    """

    name = "decision-transformer"
    stretch = 0
    smoke: ClassVar[Mapping[str, Any]] = {**FromEpisodes.smoke, "steps": 120}

    goal: float = TUNED

    def __post_init__(self) -> None:
        super().__post_init__()
        self.goal = real("goal", self.goal, 0.0, 1.0)

    # ------------------------------------------------------------------ training
    def student(self, lessons: Lessons) -> Learner:
        """Return the algorithm on lessons, fresh."""
        return HistoryLearner(self, lessons)

    def scorer(self) -> HistoryScorer:
        """Return the network, fresh."""
        own = {"width": self.network[0], "kind": self.kind, "sharpness": self.sharpness}
        return HistoryScorer(len(FEATURES), self.budget, **own)

    def actor_of(self, scorer: Any) -> Actor:
        """Return the network as a policy."""
        return HistoryActor(scorer.train(False))

    # ------------------------------------------------------------------ acting
    def reset(self, context: Context, rng: np.random.Generator) -> None:
        """Begin a run, in any search space."""
        super().reset(context, rng)
        self._past: list[tuple[torch.Tensor, torch.Tensor]] = []

    @one_blas_thread()
    def ask(self) -> Query | None:
        """Return the candidate that the policy chooses; None if the budget is spent, or no candidate is left."""
        run, actor = self._begun(), self._actor
        open_rows = run.open_rows()
        if not open_rows.size:
            return None
        assert isinstance(actor, HistoryActor)
        with torch.no_grad(), one_thread():
            memory = actor.scorer.recall(history_of(actor.scorer, self._past, 1))[:, -1]
            logits = _Remembering(actor.scorer, memory).logits(run.features(), open_rows)
        return run.query(int(open_rows[self._best(logits, self._rng)]))

    @one_blas_thread()
    def tell(self, trial: Trial) -> None:
        """Learn the outcome of a trial."""
        run = self._begun()
        before = run.features()
        run.tell(trial)
        row = run.rows[-1]
        played = _seen(before if row < len(before.process.prior.x) else run.features(), row)
        self._past.append((played, _seen(run.features(), row)))


class _Remembering(PoolActor):
    """The scorer with the memory of one run, on whole pools."""

    def __init__(self, scorer: HistoryScorer, memory: torch.Tensor) -> None:
        super().__init__(_WithMemory(scorer, memory))


class _WithMemory:
    """A scorer that decides with a memory."""

    def __init__(self, scorer: HistoryScorer, memory: torch.Tensor) -> None:
        self.embed, self.summarise = scorer.embed, scorer.summarise
        self._scorer, self._memory = scorer, memory

    def decide(self, base: torch.Tensor, embedded: torch.Tensor, summary: torch.Tensor) -> torch.Tensor:
        """Logits ``(n, c)``."""
        return self._scorer.judge(base, embedded, self._scorer.common(summary) + self._memory)


def _seen(features: PoolFeatures, row: int) -> torch.Tensor:
    return torch.as_tensor(np.clip(features.at(np.array([[row]]))[:, 0], -100.0, 100.0))
