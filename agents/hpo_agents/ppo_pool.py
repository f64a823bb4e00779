"""A policy over pools: PPO with one scorer for every candidate, so that it acts on pools and suites it never saw."""

from __future__ import annotations

import functools
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, ClassVar

import numpy as np
import torch
from numpy.typing import NDArray
from sb3_contrib import MaskablePPO

from hpo_agents._policy.over_pools import PoolsAgent, ScorerActor
from hpo_agents._policy.sb3 import SB3Learner, options_of
from hpo_agents._policy.settings import TUNED, tiny
from hpo_agents._policy.training import Actor, Learner, mean_regret
from hpo_agents._pool.features import FEATURES, PoolFeatures
from hpo_agents._pool.network import KINDS, PoolExtractor, PoolPolicy, Scorer
from hpo_agents._pool.prior import PoolPrior
from hpo_agents._pool.run import PoolRun
from hpo_agents._pool.start import begin_as
from hpo_agents._pool.view import PoolView
from hpo_baselines._models.networks import one_thread
from hpo_gym.base import seeding, unknown
from hpo_gym.env import HPOVectorEnv
from hpo_gym.optimize import OPTIMIZERS, Context
from hpo_gym.problem import Query, Task, evaluations, scale_of
from hpo_gym.sb3 import as_vec_env
from hpo_gym.system import one_blas_thread

_BLOCK = 1024  # candidates whose features are held at a time


@OPTIMIZERS.register(
    "ppo-pool",
    family="rl",
    extra="rl",
    trainable=True,
    state=(
        "twelve numbers of each candidate, from a Gaussian process with the earlier tasks as prior "
        "and from the earlier tasks as hypotheses"
    ),
    action="any row of any pool",
    control="untrained",
)
@dataclass(eq=False, repr=False, kw_only=True)
class PPOPool(PoolsAgent[PoolRun]):
    """Masked PPO with one scorer for every candidate: it acts on any pool, whatever the pools of its training.

    A candidate has twelve features with the same meaning in every search space: its expected improvement, mean and
    standard deviation under a Gaussian process with an empirical Bayes prior (the earlier tasks of the context, in
    training without those of the run's own family), its expected improvement under a mixture of these tasks, the prior
    alone, whether it was tried, its distances from the incumbent and from the nearest trial, and the time. The policy
    begins as the product of both expected improvements and learns a correction. It is trained on draws of `candidates`
    rows, on one or several suites in turn, and acts on whole pools, with features made in blocks; without a pool, on
    the points of the earlier tasks, or on random ones.

    **Reference**: Schulman, Wolski, Dhariwal, Radford and Klimov, "Proximal policy optimization algorithms", 2017;
    Volpp et al., "Meta-learning acquisition functions for transfer learning in Bayesian optimization", ICLR 2020 (a
    policy over candidates that sees a posterior); Zaheer et al., "Deep sets", NeurIPS 2017.

    **Differs from the papers**: the posterior is that of an empirical Bayes prior over rows; candidates see a summary
    of each other; the policy begins as an acquisition function, a product as in the baseline `transfer-mix`.

    Args:
        kind: ``"deepsets"`` or ``"set-transformer"``.
        sharpness: Factor of the logarithm of that product in the logits at first.
        candidates: Rows drawn for each training episode.
        start: Folder of a trained agent with the same network, such as `bc`, whose weights begin the training; its
            families count as seen.

    The other settings are those of `PoolsAgent`.
    """

    name = "ppo-pool"
    version = 3
    smoke: ClassVar[Mapping[str, Any]] = {
        **tiny(n_steps=5, batch_size=20), "candidates": 16, "steps": 160, "segments": 2, "network": [8],
    }  # fmt: skip

    kind: str = TUNED
    start: str | None = TUNED

    def __post_init__(self) -> None:
        super().__post_init__()
        if self.kind not in KINDS:
            raise unknown("kind of scorer", self.kind, KINDS)

    # ------------------------------------------------------------------ training
    def view(self, tasks: Sequence[Task]) -> Callable[[], dict[str, Any]]:
        """Each run is seen with the tasks of other families as prior."""
        pool = tasks[0].pool
        assert pool is not None
        prior = PoolPrior.of(evaluations(tasks), pool, scale_of(tasks), tasks[0].space)
        return lambda: {
            "budget": self.budget, "observer": PoolView(prior, self.candidates), "duplicates": "mask",
            "codec": {"name": "pool", "candidates": self.candidates}, "statistics": False,
        }  # fmt: skip

    def learner(self, envs: Sequence[HPOVectorEnv], seed: int, logs: Path | None) -> Learner:
        """Return the algorithm, fresh."""
        learner = PoolLearner(self, envs, seed, logs)
        if self.start is not None:
            actor: Any = learner.actor()
            self._started = begin_as(self.start, actor.scorer)
        return learner

    @property
    def settings(self) -> dict[str, Any]:
        """Return the settings; `start` among them only if there is one."""
        return {name: value for name, value in super().settings.items() if name != "start" or value is not None}

    @contextmanager
    def _sides(self, tasks: Sequence[Task], validation: Sequence[Task]) -> Iterator[tuple[list[Task], list[Task]]]:
        with super()._sides(tasks, validation) as sides:
            self._started = frozenset[str]()
            yield sides
        self._seen |= self._started

    def judged(self, actor: Actor, env: HPOVectorEnv, seed: int) -> float:
        """Mean normalised regret of one run on each task."""
        own = int(seeding.key("validation", seed))
        return mean_regret(actor, env, seed=own, greedy=self.greedy, masked=True)

    def scorer(self) -> Scorer:
        """Return the network, fresh."""
        return Scorer(len(FEATURES), self.network[0], self.kind, self.sharpness)

    def actor_of(self, scorer: Scorer) -> Actor:
        """Return the network as a policy."""
        return PoolActor(scorer)

    # ------------------------------------------------------------------ acting
    def reset(self, context: Context, rng: np.random.Generator) -> None:
        """Begin a run, in any search space.

        Raises:
            StateError: Neither trained nor loaded.
        """
        self._needed(self._actor, "reset")
        self._run, self._rng = PoolRun(context, rng), rng

    @one_blas_thread()
    def ask(self) -> Query | None:
        """Return the candidate that the policy chooses; None if the budget is spent, or no candidate is left."""
        run = self._begun()
        open_rows = run.open_rows()
        if not open_rows.size:
            return None
        actor = self._actor
        assert isinstance(actor, PoolActor)
        with torch.no_grad(), one_thread():
            logits = actor.logits(run.features(), open_rows)
        return run.query(int(open_rows[self._best(logits, self._rng)]))


class PoolActor(ScorerActor):
    """A scorer as a policy."""

    def logits(self, seen: PoolFeatures, rows: NDArray[np.int64]) -> NDArray[np.float64]:
        """Return logits of many rows ``(c,)`` of one run, with features made in blocks and not kept."""
        base, embedded = [], []
        for block in np.split(rows, range(_BLOCK, len(rows), _BLOCK)):
            features = torch.as_tensor(np.clip(seen.at(block[None]), -100.0, 100.0))
            base.append(features[:, :, 0])
            embedded.append(self.scorer.embed(features))
        whole = torch.cat(embedded, 1)
        summary = self.scorer.summarise(whole, torch.ones(1, len(rows), dtype=torch.bool))
        parts = [self.scorer.decide(b, e, summary)[0] for b, e in zip(base, embedded, strict=True)]
        return torch.cat(parts).numpy().astype(np.float64)


class PoolLearner(SB3Learner):
    """Masked PPO that takes rollouts from the envs of several suites in turn."""

    def __init__(self, agent: PPOPool, envs: Sequence[HPOVectorEnv], seed: int, logs: Path | None) -> None:
        self.envs = [as_vec_env(env) for env in envs]
        scorer = {"width": agent.network[0], "kind": agent.kind, "sharpness": agent.sharpness}
        kwargs = {
            "features_extractor_class": PoolExtractor, "features_extractor_kwargs": scorer, "ortho_init": False,
            "net_arch": [],
        }  # fmt: skip
        model = MaskablePPO(
            PoolPolicy, self.envs[0], policy_kwargs=kwargs, device="cpu", seed=seed, **options_of(agent.algorithm)
        )
        super().__init__(model, agent, logs)
        self.turn = 0

    def advance(self, steps: int, seed: int, share: float, watch: Callable[[int], None]) -> None:
        model: Any = self.model
        rollout, done = model.n_steps * model.n_envs, 0
        while done < steps:
            model.set_env(self.envs[self.turn % len(self.envs)])
            own = int(seeding.key(seed, done) % 2**31)
            super().advance(rollout, own, share, functools.partial(_ahead, watch, done))
            self.turn, done = self.turn + 1, done + rollout

    def counts(self) -> dict[str, int]:
        return super().counts() | {"turn": self.turn}

    def restore(self, tensors: Mapping[str, torch.Tensor], counts: Mapping[str, int]) -> None:
        super().restore(tensors, counts)
        self.turn = counts["turn"]

    def actor(self) -> Actor:
        model: Any = self.model
        return PoolActor(model.policy.features_extractor.scorer)


def _ahead(watch: Callable[[int], None], done: int, part: int) -> None:
    watch(done + part)
