"""A policy over configurations, fidelities, continuations, and the stop."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
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
from hpo_agents._policy.training import Actor, Learner
from hpo_agents._policy.validate import mean_regret_in_cost
from hpo_agents._time.codec import RungCodec
from hpo_agents._time.expert import Expert, expert_of
from hpo_agents._time.features import FEATURES
from hpo_agents._time.ladder import rungs_of
from hpo_agents._time.policy import TimeExtractor, TimePolicy, TimeScorer
from hpo_agents._time.run import TimeRun, run_of
from hpo_agents._time.together import Together
from hpo_agents._time.view import FOLDS, TimeView, fold_of
from hpo_baselines._models.networks import one_thread
from hpo_gym.base import Singles, seeding, unknown
from hpo_gym.env import HPOVectorEnv
from hpo_gym.optimize import OPTIMIZERS, Context, Optimizer
from hpo_gym.problem import COST, Budget, Evaluations, Query, Task, Trial, evaluations, pool_of
from hpo_gym.sb3 import as_vec_env
from hpo_gym.system import one_blas_thread

STARTS = ("transfer-time", "nothing", "imitation")
_BLOCK = 3072  # actions whose embeddings are made at a time
_FACTOR = 100.0  # of rewards in training


@OPTIMIZERS.register(
    "ppo-time",
    family="rl",
    extra="rl",
    trainable=True,
    state="twenty numbers of each action, from an ensemble of processes and earlier tasks as hypotheses",
    action="any row of any pool at one of up to three fidelities, or to stop",
)
@dataclass(eq=False, repr=False, kw_only=True)
class PPOTime(PoolsAgent[TimeRun]):
    """Masked PPO over candidates at a fidelity, candidates further, and the stop; budgets are in cost.

    A network gives the logit of each action. It begins from chance, or as `transfer-time`: then `sharpness` times the
    value that this baseline maximises is added, and the network begins at 0. A loss holds the policy near that
    baseline. Its features of an action: that value and its parts, mean and standard deviation of the score, the result
    at a lower fidelity and its worth, the price on earlier tasks, the budget left. Rungs are up to three fidelities
    near 1/9, 1/3 and 1. A configuration at a rung above its last one continues its training, and pays the difference if
    checkpoints are kept. In training the view of a run is made without the tasks of a quarter of the families, its own
    among them. A run without earlier tasks is `transfer-time`.

    **Reference**: Schulman, Wolski, Dhariwal, Radford and Klimov, "Proximal policy optimization algorithms", 2017;
    Swersky, Snoek and Adams, "Freeze-thaw Bayesian optimization", 2014; Silver et al., "Residual policy learning",
    2018; Volpp et al., "Meta-learning acquisition functions for transfer learning in Bayesian optimization", ICLR 2020.

    **Differs from the papers**: the base of the residual is `transfer-time`; the loss has the divergence from it in the
    place of the entropy.

    Attributes:
        suites: With costs, a pool shared by tasks, and validation tasks: the suites of `hpo-gym train --suite all`.

    Args:
        start: ``"nothing"``: from chance; ``"transfer-time"``: from that baseline, as it is with ``doubts=False``;
            ``"imitation"``: from chance, and learns the baseline alone, without reward.
        sharpness: Factor of the base value in the logits at first.
        candidates: Rows drawn for each training episode.
        budget: Of a training episode, in mean costs of a full evaluation.
        checkpoints: Whether continuing a configuration costs the difference in training, if the suite allows.
        lower: Whether fidelities below 1 are available.
        algorithm: Arguments of the algorithm; those of the file stay unless named. `gamma` discounts by trial;
            `ent_coef` is the weight of the divergence.

    The other settings are those of `PoolsAgent`; `runs` are those on each suite.
    """

    name = "ppo-time"
    version = 1
    suites: ClassVar[tuple[str, ...]] = (
        "SVM", "Linear", "Boosting", "MLP", "Control", "Text", "LM", "NAS", "Vision", "Curves", "AutoML",
    )  # fmt: skip
    smoke: ClassVar[Mapping[str, Any]] = {
        **tiny(n_steps=5, batch_size=20), "candidates": 8, "steps": 80, "segments": 2, "runs": 4, "network": [8],
    }  # fmt: skip
    judges = 24  # suites weigh alike in the mean, whether they have 1 validation task or 58

    start: str = TUNED
    checkpoints: bool = TUNED
    lower: bool = TUNED

    def __post_init__(self) -> None:
        super().__post_init__()
        self._without: Optimizer | None = None
        if self.start not in STARTS:
            raise unknown("start of ppo-time", self.start, STARTS)

    # ------------------------------------------------------------------ training
    def view(self, tasks: Sequence[Task]) -> Callable[[], dict[str, Any]]:
        """Each run is seen by an expert that was not told of its family."""
        known = evaluations(tasks)
        pool, space = tasks[0].pool, tasks[0].space
        assert pool is not None
        rungs = rungs_of(known, tasks[0].fidelities) if self.lower else (1.0,)
        folds = {e.family: fold_of(e.family) for e in known}

        def expert(prior: tuple[Evaluations, ...]) -> Expert:
            found = expert_of(space, prior or known, pool_of(space, pool), rungs)
            assert found is not None
            return found

        experts = tuple(expert(tuple(e for e in known if folds[e.family] != fold)) for fold in range(FOLDS))
        experts += (expert(known),)
        checkpoints = self.checkpoints and tasks[0].cumulative

        def view() -> dict[str, Any]:
            return {
                **Budget(float(self.budget), COST, checkpoints).settings(),
                "observer": TimeView(experts, folds, self.candidates, checkpoints),
                "codec": RungCodec(self.candidates, rungs), "duplicates": "mask", "statistics": False,
            }  # fmt: skip

        return view

    def learner(self, envs: Sequence[HPOVectorEnv], seed: int, logs: Path | None) -> Learner:
        """Return the algorithm, fresh."""
        return TimeLearner(self, envs, seed, logs)

    def judged(self, actor: Actor, env: HPOVectorEnv, seed: int) -> float:
        """Mean regret in cost; its seed is the same of every training, so that curves can be compared."""
        return regret_of(actor, env, int(seeding.key("validation of ppo-time")), self.greedy)

    def scorer(self) -> TimeScorer:
        """Return the network, fresh."""
        return TimeScorer(len(FEATURES), self.network[0], self.sharpness, self.start != STARTS[0])

    def actor_of(self, scorer: TimeScorer) -> Actor:
        """Return the network as a policy."""
        return TimeActor(scorer)

    # ------------------------------------------------------------------ acting
    def reset(self, context: Context, rng: np.random.Generator) -> None:
        """Begin a run, in any search space.

        Raises:
            StateError: Neither trained nor loaded.
        """
        self._needed(self._actor, "reset")
        self._run, self._rng, self._without = run_of(context, self.lower), rng, None
        if self._run is None:
            self._without = OPTIMIZERS.get("transfer-time")()
            self._without.reset(context, rng)

    @one_blas_thread()
    def ask(self) -> Query | None:
        """Return the policy's choice; None if it stops, the budget is spent, or no candidate is left."""
        if self._without is not None:
            return self._without.ask()
        run = self._begun()
        seen = run.features()
        if seen is None:
            return None
        actor = self._actor
        assert isinstance(actor, TimeActor)
        with torch.no_grad(), one_thread():
            logits = actor.logits(seen.at(run.rows), seen.open(run.rows))
        return run.query(self._best(logits, self._rng))

    def tell(self, trial: Trial) -> None:
        """Learn the outcome of a trial."""
        if self._without is not None:
            self._without.tell(trial)
        else:
            super().tell(trial)


class TimeActor(ScorerActor):
    """A scorer as a policy."""

    def logits(self, features: Singles, open_: NDArray[np.bool_]) -> NDArray[np.float64]:
        """Return logits of the actions of one run ``(a,)``; -inf for unavailable ones."""
        seen = torch.as_tensor(features[None])
        there = torch.ones(1, seen.shape[1], dtype=torch.bool)
        embedded = torch.cat([self.scorer.embed(block) for block in torch.split(seen, _BLOCK, 1)], 1)
        found = self.scorer.decide(seen[:, :, 0], embedded, self.scorer.summarise(embedded, there))[0]
        return np.where(open_, found.numpy().astype(np.float64), -np.inf)


class TimeLearner(SB3Learner):
    """Masked PPO on the envs of several suites at once."""

    def __init__(self, agent: PPOTime, envs: Sequence[HPOVectorEnv], seed: int, logs: Path | None) -> None:
        factor = 0.0 if agent.start == "imitation" else _FACTOR
        scorer = {"width": agent.network[0], "sharpness": agent.sharpness, "plain": agent.start != STARTS[0]}
        kwargs = {
            "features_extractor_class": TimeExtractor, "features_extractor_kwargs": scorer, "ortho_init": False,
            "net_arch": [], "sharpness": agent.sharpness,
        }  # fmt: skip
        model = MaskablePPO(
            TimePolicy, Together([as_vec_env(env) for env in envs], factor), policy_kwargs=kwargs, device="cpu",
            seed=seed, **options_of(agent.algorithm),
        )  # fmt: skip
        super().__init__(model, agent, logs)

    def actor(self) -> Actor:
        model: Any = self.model
        return TimeActor(model.policy.features_extractor.scorer)


def regret_of(actor: Actor, env: HPOVectorEnv, seed: int, greedy: bool) -> float:
    """`validate.mean_regret_in_cost` of a policy; as many runs on each task of the env."""
    rng, names = None if greedy else np.random.default_rng(seed), list(env.task_names)
    obs, _ = env.reset(seed=seed, options={"task": names * (env.num_envs // len(names))})

    def step() -> NDArray[np.bool_]:
        nonlocal obs
        with torch.no_grad():
            obs = env.step(actor.act(obs, env.action_masks(), rng))[0]
        return np.asarray(env.kernel.over)

    return mean_regret_in_cost(env.kernel.batch.tasks, env.kernel.runs, step)
