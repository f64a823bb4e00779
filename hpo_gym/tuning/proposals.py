"""Proposals of a study: a function of its plan and of the trials so far, so that a resumed one continues alike."""

from __future__ import annotations

import bisect
import math
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np

from hpo_gym.base import InvalidValueError, ProposalsRefusedError, seeding
from hpo_gym.optimize import Context, Form, Optimizer, ask_beside, asked, lie_of, prior_weight
from hpo_gym.problem import Belief, Evaluations, Hyperparameter, Query, Refusal, Status, Trial, floor_of
from hpo_gym.system import one_blas_thread
from hpo_gym.tuning.allowance import Allowance
from hpo_gym.tuning.auto import TAKEN
from hpo_gym.tuning.study import Ended, Study

Config = Mapping[str, Any]
_ANEW = 10
_LESS = 1e-3  # of a score, at least of 1
_LEVEL = 4  # successes of a choice, all of one score, after which it has nothing to teach
_DRAWN, _WIDE = 256, 0.75


@dataclass
class Proposer:
    """Ask an optimizer for the next configuration of a study.

    With one trial at a time, the optimizer gets questions and reports in turn. Beside running trials, a new one of the
    same kind gets a report of all ended trials, and of the running ones with the lowest score so far (see
    `hpo_gym.optimize.in_flight`): so it does not propose them again.

    Attributes:
        alone: Whether one trial runs at a time.
        meta_features: Numbers that describe the data set; None where unknown.
        moves: Whether a proposal moves on from a choice that teaches nothing more: see `_moved`.
        prior_weight: Weight of the earlier tasks in the last proposal, where the optimizer tells it.
    """

    form: Form
    study: Study
    budget: Allowance
    prior: Sequence[Evaluations] = ()
    alone: bool = True
    meta_features: Mapping[str, float | None] = field(default_factory=dict)
    belief: Belief | None = None
    moves: bool = False
    prior_weight: float | None = field(default=None, init=False)
    _optimizer: Optimizer | None = None
    _heard: list[float] = field(default_factory=list)  # scores that the optimizer was told
    _waits: bool = False  # it was asked, and not told what became of that
    _answer: Config | None = None

    def __post_init__(self) -> None:
        self._space = self.study.space
        self._sign = self.study.plan.sign
        self._floor = floor_of(tuple(self.prior))

    @one_blas_thread()
    def prepare(self) -> None:
        """Reset the optimizer before the first trial: one that refuses the space does so before anything is stored."""
        self._optimizer = self._new()

    def begin(self) -> int | None:
        """Begin the next trial; return its number, or None if there is nothing more to try."""
        config = self.next()
        return None if config is None else self.study.begin(config, self.prior_weight)

    @one_blas_thread()
    def next(self) -> Config | None:
        """Return the next configuration; None if there is nothing more to try."""
        first = self.study.plan.init
        if self.study.count < len(first):
            return first[self.study.count]
        return self._in_turn() if self.alone else self._beside()

    def _in_turn(self) -> Config | None:
        """Ask the one optimizer, up to date with all ended trials; `init` is only reported to it.

        The answer stands until another trial has ended. The optimizer begins anew once a success has changed the scores
        of earlier trials.
        """
        trials = self.trials()
        if self._optimizer is None or [t.score for t in trials[: len(self._heard)]] != self._heard:
            self._optimizer = self._new()
            self._heard, self._waits = [], False
        for trial in trials[len(self._heard) :]:
            if len(self._heard) >= len(self.study.plan.init) and not self._waits:
                self._proposed(self._optimizer, self._optimizer.ask())
            self._optimizer.tell(trial)
            self._heard.append(trial.score)
            self._waits = False
        if not self._waits:
            self._answer, self._waits = self._checked(self._optimizer, self._optimizer.ask()), True
        return self._answer

    def _beside(self) -> Config | None:
        """Ask a new optimizer once, told all as given; one that depends on its asks, before each tell as well."""
        plan, ended, optimizer = self.study.plan, self.trials(), self.form.make()
        steps = asked(optimizer) == "in turn"
        seed = seeding.key("tune beside", plan.seed, *([] if steps else [self.study.count]))
        context = self._context(seed)
        told = [*ended, *(lie_of(Query(c), ended, context, self._floor) for c in self.study.begun.values())]
        given = len(plan.init) if steps else len(told)
        return self._checked(optimizer, ask_beside(optimizer, context, np.random.default_rng(seed), told, given))

    def _context(self, seed: int) -> Context:
        return Context(
            self._space, self.budget.context_budget(self.prior), meta_features=self.meta_features, prior=self.prior,
            starts=seeding.starts_seed(seed), belief=self.belief, unit=self.budget.unit(self.prior),
        )  # fmt: skip

    def _new(self) -> Optimizer:
        optimizer: Optimizer = self.form.make()
        seed = seeding.key("tune", self.study.plan.seed)
        optimizer.reset(self._context(seed), np.random.default_rng(seed))
        return optimizer

    def _proposed(self, optimizer: Optimizer, query: object) -> object:
        """Return a proposal; a refused one is told and asked for anew, `_ANEW` times in all."""
        refused = Refusal()
        for i in range(_ANEW):
            query = optimizer.ask() if i else query
            if not isinstance(query, Refusal):
                return query
            refused = query
            optimizer.tell(Trial(query, min(self._heard, default=self._floor), status=Status.INVALID))
        raise ProposalsRefusedError(
            f"{self.form.name!r} must propose a configuration, {_ANEW} answers in a row are refused; the last: "
            f"{refused.reason}"
        )

    def _checked(self, optimizer: Optimizer, query: object) -> Config | None:
        query = self._proposed(optimizer, query)
        self.prior_weight = prior_weight(optimizer) if self.prior else None
        if query is None:
            return None
        if not isinstance(query, Query):
            raise InvalidValueError(f"`ask` must return a Query or None, got {type(query).__name__}: {query!r:.80}.")
        config = self._space.from_unit(self._space.to_unit(query.config))
        return self._moved(config) if self.moves and self.form.name in TAKEN else config

    def _moved(self, config: Config) -> Config:
        """Return a proposal, or one drawn with another choice, where a choice teaches nothing more.

        It does so if its four successes or more are level and the best of all, over three quarters of each range that
        is active with it, while others are lower or untried. A process takes the hyperparameters without effect for
        room to improve, and would stay. The next proposal may be of that choice again.
        """
        done = [e for e in self.study.ended if e.counts]
        best = max((self._sign * e.measured.score for e in done), default=0.0)
        for h in self._space.hyperparameters:
            if h.kind != "categorical" or h.name not in config:
                continue
            place = h.position(config[h.name])
            mine, others = list[Ended](), list[Ended]()
            for e in done:
                (mine if h.name in e.config and h.position(e.config[h.name]) == place else others).append(e)
            level = len(mine) >= _LEVEL and all(self._sign * e.measured.score == best for e in mine)
            lower = not others or any(self._sign * e.measured.score < best for e in others)
            if level and lower and mine[-1] is self.study.ended[-1] and self._wide(mine, config):
                return self._elsewhere(h, place) or config
        return config

    def _wide(self, trials: Sequence[Ended], config: Config) -> bool:
        """Return whether trials reach over three quarters of each range of a configuration."""
        x = self._space.encode([dict(e.config) for e in trials])
        reach = np.ptp(x, axis=0)
        ranged = [j for j, h in enumerate(self._space.hyperparameters) if h.name in config and not h.choices]
        return bool((reach[ranged] >= _WIDE).all())

    def _elsewhere(self, h: Hyperparameter, place: float) -> Config | None:
        """Return an untried configuration with another choice, drawn; None where there is none."""
        rng = np.random.default_rng(seeding.key("elsewhere", self.study.plan.seed, self.study.count))
        tried = [e.config for e in self.study.ended]
        for config in self._space.decode(self._space.sample(rng, _DRAWN)):
            if h.name in config and h.position(config[h.name]) != place and config not in tried:
                return config
        return None

    def trials(self) -> list[Trial]:
        """Return the ended trials as reported to optimizers: higher is better, and an unsuccessful trial has the worst
        score of the successes before it; while there is one alone, a little less, so that they differ; without any, the
        floor of the earlier tasks.

        At the first two successes, and if an unsuccessful trial has more than the median success by then, all of them
        get the worst score anew: they would seem worth another look.
        """
        out, ranked, worst, highest = list[Trial](), list[float](), self._floor, -math.inf
        for ended in self.study.ended:
            out.append(as_trial(ended, self._sign, worst))
            if not ended.counts:
                highest = max(highest, worst) if len(ranked) > 1 else math.inf
                continue
            bisect.insort(ranked, out[-1].score)
            worst = ranked[0] if len(ranked) > 1 else _a_little_less(ranked[0])
            if highest > ranked[(len(ranked) - 1) // 2]:
                out = [t if t.status is Status.OK else replace(t, score=worst) for t in out]
                highest = worst if len(ranked) > 1 else math.inf
        return out


def _a_little_less(score: float) -> float:
    return max(score - _LESS * max(1.0, abs(score)), -sys.float_info.max)


def as_trial(ended: Ended, sign: float, worst: float) -> Trial:
    """Return a trial that has ended as a `Trial`; without success its score is `worst`."""
    score = sign * ended.measured.score if ended.counts else worst
    return Trial(Query(ended.config), score, ended.cost, ended.measured.status, ended.seconds)
