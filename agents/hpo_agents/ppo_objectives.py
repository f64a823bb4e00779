"""Proximal policy optimisation of several objectives: one policy for all weights, with the weights in its
observation."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import gymnasium as gym
import numpy as np
import torch
from numpy.typing import NDArray
from sb3_contrib import MaskablePPO

from hpo_agents._candidates.chosen import check_space, choose_candidates
from hpo_agents._candidates.view import CandidateCodec
from hpo_agents._objectives.judge import VolumeJudge
from hpo_agents._objectives.view import Past, ScalarisedGain, WeighedObserver, padded, past_of
from hpo_agents._objectives.weighing import Ranges, front_volumes, regrets_by_weights
from hpo_agents._policy.agent import WORLDS, suite_of
from hpo_agents._policy.sb3 import SB3Algorithm, logits_of
from hpo_agents._policy.settings import TUNED
from hpo_agents._policy.training import Judge, Learner
from hpo_gym.base import Floats, InvalidValueError, seeding, tame, unknown, whole_fields
from hpo_gym.env import Codec, HPOVectorEnv, Observer, Runs
from hpo_gym.optimize import OPTIMIZERS, Arrays, Context, Policy, PolicyOptimizer
from hpo_gym.problem import COST_OBJECTIVE as COST
from hpo_gym.problem import EVERY, SCORE, Objective, Outcomes, Status, Task, Trial, batch_of, scale_of

_WEIGHTS = 16  # by which candidates are chosen
_EVERY = [objective.name for objective in EVERY]


@OPTIMIZERS.register(
    "ppo-objectives",
    family="rl",
    extra="rl",
    trainable=True,
    state=(
        "the weights of the trial, the budget left; of the best trial by these weights and of the last one, the "
        "configuration and how far each objective is below the best seen"
    ),
    action="as `maskable-ppo`",
)
@dataclass(eq=False, repr=False, kw_only=True)
class PPOObjectives(SB3Algorithm):
    """Masked PPO of several objectives: one policy conditioned on the weights of the trial (sb3-contrib).

    Weights are drawn uniformly from the simplex by key, anew after every `hold` trials, in training and when it acts,
    so that the trials of a run spread along the front. The reward of a trial is its reduction of the augmented
    Chebyshev function of the run's best trial under the trial's weights: the largest weighted loss and .05 of the
    weighted sum; a loss is 0 at the best and 1 at the worst of the training task. Observations are scaled by the run's
    own trials, so no range of a task is needed when it acts. Half of the candidates are the greedy portfolio of the
    training tasks under 16 weights. The policy with the lowest hypervolume regret on the validation tasks is kept.

    **Reference**: Abels, Roijers, Lenaerts, Nowe and Steckelmacher, "Dynamic weights in multi-objective deep
    reinforcement learning", ICML 2019 (the network that sees the weights); Yang, Sun and Narasimhan, "A generalized
    algorithm for multi-objective reinforcement learning and policy adaptation", NeurIPS 2019; Knowles, "ParEGO", IEEE
    Transactions on Evolutionary Computation 10, 2006, eq. 2; Huang and Ontanon, "A closer look at invalid action
    masking in policy gradient algorithms", FLAIRS 2022.

    **Differs from the papers**: PPO in place of deep Q-learning, with one number as its value; an augmented Chebyshev
    function in place of the weighted sum, which misses concave parts of the front; weights change within an episode.

    Args:
        objectives: Names. None: the score and all further objectives of the training tasks; without any, score and
            cost.
        hold: Trials in a row that share weights.

    The other settings are those of `PolicyAgent`.
    """

    name = "ppo-objectives"
    version = 1
    maker = MaskablePPO
    actions = (gym.spaces.Discrete,)

    objectives: Sequence[str] | None = TUNED
    hold: int = TUNED

    def __post_init__(self) -> None:
        super().__post_init__()
        whole_fields(self, 1, "hold")
        self._outcomes: Outcomes | None = None
        self._span: Floats

    # ------------------------------------------------------------------ training
    def prepare(self, tasks: Sequence[Task], validation: Sequence[Task], rng: np.random.Generator) -> None:
        """Fix everything that is derived from the tasks before the training; refuse tasks that do not go together."""
        if batch_of(tasks[:1]).signals:
            raise InvalidValueError(
                f"Trials must not go on from each other, those of {tasks[0].suite!r} do: use 'ppo' there."
            )
        self._space = max(tasks, key=lambda t: t.space.d).space
        for task in (*tasks, *validation):
            check_space(self._space, task.space)
        outcomes = _outcomes_of(self.objectives, [*tasks, *validation])
        weights = rng.dirichlet(np.ones(len(outcomes.names)), _WEIGHTS)
        self._chosen = choose_candidates(
            tasks, self.candidates, rng, lambda task: regrets_by_weights(task, outcomes, weights)
        )
        self._outcomes, self._span = outcomes, Ranges.of(tasks, outcomes).span.mean(0)
        self._scale = scale_of(tasks)

    def begin(
        self, tasks: Sequence[Task], validation: Sequence[Task], seed: int, logs: Path | None
    ) -> tuple[Learner, Judge | None]:
        """Return the algorithm on the env of `tasks`, and the judge of `validation`."""
        assert self._space is not None and self._outcomes is not None
        suite = suite_of(tasks, validation, self._space)
        observer, codec = self.parts()
        view: dict[str, Any] = {"budget": self.budget, "observer": observer, "codec": codec, "statistics": False}
        reward = ScalarisedGain(Ranges.of(suite.tasks("train"), self._outcomes), self.hold)
        env = HPOVectorEnv(self.runs, suite, reward=reward, autoreset_mode="SAME_STEP", **view)
        learner = self.make_learner(env, seed % 2**31, logs)
        if not validation:
            return learner, None
        held_out = suite.tasks("val")
        held = HPOVectorEnv(len(held_out) * WORLDS, suite, split="val", **view)
        ranges = Ranges.of(held_out, self._outcomes)
        own = int(seeding.key("validation", seed))
        return learner, VolumeJudge(held, ranges, front_volumes(held_out, ranges), own, self.greedy)

    @staticmethod
    def decide(policy: Any, obs: torch.Tensor, masks: torch.Tensor | None, memory: object) -> tuple[torch.Tensor, Any]:
        """Logits of the actions."""
        return logits_of(policy.get_distribution(obs).distribution), None

    def parts(self) -> tuple[Observer, Codec]:
        """Return its observer and codec for an env; after `train` or `load`."""
        assert self._outcomes is not None
        return self._viewed(past_of(self._outcomes))

    def _viewed(self, past: Past) -> tuple[Observer, Codec]:
        assert self._chosen is not None
        return WeighedObserver(self._span, self.hold, past), CandidateCodec(self._chosen)

    # ------------------------------------------------------------------ acting
    def optimizer(self, policy: Policy) -> PolicyOptimizer:
        """Return a policy with the view of this agent, for reported trials."""
        return PolicyOptimizer(policy, *self._viewed(self._past), scale=self._scale, space=self._space)

    def reset(self, context: Context, rng: np.random.Generator) -> None:
        """Begin a run.

        Raises:
            StateError: Neither trained nor loaded.
            InvalidValueError: The space of the context is not the one trained on, or an objective has another
                direction.
            UnknownNameError: The context lacks an objective that was trained on.
        """
        self._needed(self._actor, "reset")
        assert self._outcomes is not None
        _same_signs(self._outcomes, Outcomes.of(list(self._outcomes.names), context.objectives), "this run")
        self._objectives = context.objectives
        self._reported: list[tuple[Floats, bool]] = []
        super().reset(context, rng)

    def tell(self, trial: Trial) -> None:
        """Learn the outcome of a trial, all its objectives."""
        self._ready()
        assert self._outcomes is not None
        further = np.array([[trial.objectives[o.name] for o in self._objectives]])
        own = Outcomes.of(list(self._outcomes.names), self._objectives)
        values = tame(own.values(np.array([trial.score]), np.array([trial.cost]), further)) * own.signs
        self._reported.append((values[0], trial.status is Status.OK))
        super().tell(trial)

    def _past(self, runs: Runs) -> tuple[Floats, NDArray[np.bool_]]:
        return padded(self._reported, runs.h, len(self._span))

    # ------------------------------------------------------------------ files
    def about(self) -> dict[str, Any]:
        assert self._outcomes is not None
        objectives = [{"name": o.name, "direction": o.direction} for o in self._outcomes.objectives]
        return {**super().about(), "objectives": objectives, "span": self._span.tolist()}

    def restore(self, about: Mapping[str, Any], arrays: Arrays) -> None:
        reported = [Objective(**each) for each in about["objectives"]]
        self._outcomes = Outcomes.of([o.name for o in reported], [o for o in reported if o.name not in _EVERY])
        self._span = np.array(about["span"], np.float64)
        if self._span.shape != (len(reported),) or not (np.isfinite(self._span) & (self._span > 0)).all():
            raise InvalidValueError(f"`span` must be {len(reported)} finite numbers above 0, got {about['span']!r}.")
        super().restore(about, arrays)


def _outcomes_of(names: Sequence[str] | None, tasks: Sequence[Task]) -> Outcomes:
    """Return the objectives to train on; refuse a suite that lacks one."""
    if names is None:
        names = [SCORE.name, *([o.name for o in tasks[0].objectives] or [COST.name])]
    if isinstance(names, (list, tuple)):
        for task in tasks:
            known = [*_EVERY, *(o.name for o in task.objectives)]
            for name in names:
                if name not in known:
                    raise unknown(f"objective (of suite {task.suite!r})", name, known)
    found = Outcomes.of(names, tasks[0].objectives)
    if len(found.names) < 2:
        raise InvalidValueError(f"`objectives` must name at least two, got {list(found.names)}; for one use 'ppo'.")
    for task in tasks:
        _same_signs(found, Outcomes.of(names, task.objectives), task.name)
    return found


def _same_signs(trained: Outcomes, given: Outcomes, where: str) -> None:
    for own, other in zip(trained.objectives, given.objectives, strict=True):
        if own.direction != other.direction:
            raise InvalidValueError(
                f"`direction` of objective {own.name!r} must be {own.direction!r}, as in training, on {where} it is "
                f"{other.direction!r}."
            )
