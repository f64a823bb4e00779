"""A policy over pools: PPO with one scorer for every candidate, so that it acts on pools and suites it never saw."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, ClassVar

import numpy as np
import torch
from numpy.typing import NDArray

from hpo_agents._candidates.chosen import shared_pool
from hpo_agents._policy.agent import PolicyAgent, suite_of
from hpo_agents._policy.settings import TUNED, tiny
from hpo_agents._policy.training import Actor, Judge, Learner, Tensors, chosen, mean_regret
from hpo_agents._pool.features import FEATURES
from hpo_agents._pool.learner import PoolActor, PoolLearner, begin_as
from hpo_agents._pool.network import KINDS, Scorer
from hpo_agents._pool.prior import PoolPrior
from hpo_agents._pool.run import PoolRun
from hpo_agents._pool.view import PoolView
from hpo_baselines._models.networks import one_thread
from hpo_gym.base import InvalidValueError, StateError, seeding, unknown
from hpo_gym.env import HPOVectorEnv, Part
from hpo_gym.optimize import OPTIMIZERS, Context
from hpo_gym.problem import Query, Task, Trial, evaluations, scale_of
from hpo_gym.system import one_blas_thread

_SCORER = "features_extractor.scorer."


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
class PPOPool(PolicyAgent):
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

        reward: A registered reward.

    The other settings are those of `PolicyAgent`; `network` has one width.
    """

    name = "ppo-pool"
    version = 3
    smoke: ClassVar[Mapping[str, Any]] = {
        **tiny(n_steps=5, batch_size=20), "candidates": 16, "steps": 160, "segments": 2, "network": [8],
    }  # fmt: skip

    sharpness: float = TUNED
    reward: Part = TUNED
    kind: str = TUNED
    start: str | None = TUNED

    def __post_init__(self) -> None:
        super().__post_init__()
        self._run: PoolRun | None = None
        if not self.sharpness > 0 or len(self.network) != 1:
            raise InvalidValueError(
                f"`sharpness > 0` and one width in `network` must hold, got {(self.sharpness, self.network)}."
            )
        if self.kind not in KINDS:
            raise unknown("kind of scorer", self.kind, KINDS)

    # ------------------------------------------------------------------ training
    def fits(self, context: Context) -> None:
        """Refuse a task without a pool before the training, which needs one; a trained policy runs anywhere."""
        if self._actor is None and context.pool is None:
            raise InvalidValueError("A pool policy is trained on tables with one pool, this task has none.")

    def prepare(self, tasks: Sequence[Task], validation: Sequence[Task], rng: np.random.Generator) -> None:
        """Refuse tasks without a pool shared in their suite, and validation tasks of other suites."""
        for name, group in by_suite(tasks).items():
            if shared_pool(group) is None:
                raise InvalidValueError(f"A pool policy is trained on tables with one pool, {name!r} has none.")
        strange = sorted({t.suite for t in validation} - {t.suite for t in tasks})
        if strange:
            raise InvalidValueError(f"Validation tasks must be of the suites trained on, got some of {strange}.")

    def begin(
        self, tasks: Sequence[Task], validation: Sequence[Task], seed: int, logs: Path | None
    ) -> tuple[Learner, Judge | None]:
        """Return the algorithm on an env for each suite, and the judge of `validation`, with equal weights of all
        suites."""
        held_out, envs, held = by_suite(validation), [], []
        for name, group in by_suite(tasks).items():
            others, view = held_out.get(name, []), self.view(group)
            suite = suite_of(group, others, group[0].space)
            envs.append(HPOVectorEnv(self.runs, suite, reward=self.reward, autoreset_mode="SAME_STEP", **view()))
            if others:
                held.append(HPOVectorEnv(len(others), suite, split="val", **view()))
        learner = self.learner(envs, seed % 2**31, logs)
        if not held:
            return learner, None
        return learner, lambda actor: float(np.mean([self.judged(actor, env, seed) for env in held]))

    def make_learner(self, env: HPOVectorEnv, seed: int, logs: Path | None) -> Learner:
        """Return the algorithm on one env."""
        return self.learner([env], seed, logs)

    def make_actor(self, weights: Tensors) -> Actor:
        """Return the policy of the weights."""
        scorer = self.scorer()
        scorer.load_state_dict({k.removeprefix(_SCORER): v for k, v in weights.items() if k.startswith(_SCORER)})
        return self.actor_of(scorer)

    def _learned(self, weights: Tensors) -> None:
        super()._learned({k: v for k, v in weights.items() if k.startswith(_SCORER)})  # the critic is not needed

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

    def tell(self, trial: Trial) -> None:
        """Learn the outcome of a trial."""
        self._begun().tell(trial)

    def _best(self, logits: NDArray[np.float64], rng: np.random.Generator) -> int:
        """Return the action in one run."""
        return int(chosen(logits[None], None, None if self.greedy else rng)[0])

    def _begun(self) -> PoolRun:
        if self._run is None:
            raise StateError("Call `reset` before `ask` and `tell`.")
        return self._run


def by_suite(tasks: Sequence[Task]) -> dict[str, list[Task]]:
    """Tasks by the name of their suite."""
    found: dict[str, list[Task]] = {}
    for task in tasks:
        found.setdefault(task.suite, []).append(task)
    return found
