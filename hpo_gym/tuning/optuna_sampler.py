"""`HPOGymSampler`: Optuna tries the proposals of an optimizer of this package.

A proposal is a function of the sampler's seed and settings, the trials in the storage and the trial's number, never of
the history of the process: so processes may share a storage, and a stopped study continues alike.
"""

from __future__ import annotations

import secrets
import threading
import warnings
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from optuna.samplers import BaseSampler
from optuna.samplers._base import _process_constraints_after_trial

from hpo_gym.base import InvalidValueError, seeding
from hpo_gym.problem import AnySpace
from hpo_gym.tuning.allowance import allowance
from hpo_gym.tuning.arguments import is_auto, ready, seed_checked
from hpo_gym.tuning.auto import ALONE, AUTO, TAKEN, Choice, chosen, counting
from hpo_gym.tuning.earlier import Earlier, earlier_tasks
from hpo_gym.tuning.matching import Matched
from hpo_gym.tuning.optuna_space import ParameterSpace
from hpo_gym.tuning.optuna_trials import Part, begins, claimed, finished, groups
from hpo_gym.tuning.proposals import Config, Proposer
from hpo_gym.tuning.study import Ended, Study, StudyPlan

if TYPE_CHECKING:
    import optuna
    from optuna.distributions import BaseDistribution
    from optuna.trial import FrozenTrial, TrialState

_TRIES = 5  # proposals of the optimizer that another trial was found to have; then one is drawn at random


class HPOGymSampler(BaseSampler):
    """A sampler of Optuna that asks any optimizer of this package.

    Parameters that always occur together share one optimizer; a branch of a conditional space has another one, with the
    trials of that branch. Once all combinations of such a part are tried, every other trial has those of its best. New
    parameters are drawn uniformly in the scale of their distribution, by the seed, the trial's number and their name.
    With a `space`, everything in it is proposed from the first trial on, and a parameter that a trial does not ask for
    counts as proposed. A warning names parameters without a value inside the space in some trials, possibly those of
    another sampler.

    The optimizer gets a report of each ended trial, in the order of their ends: its value, higher is better; for one
    that failed, broke a constraint or was pruned, its status, with the worst value of the successes before it. While no
    other trial runs or waits, questions and reports alternate, as in `hpo_gym.tune`: with the same `space`, seed,
    budget and prior, the proposals are the same. Else a new one gets a report of all ended trials, and of the others
    with the worst value so far, and is asked once.

    Args:
        optimizer: In any form that `hpo_gym.optimize.forms` reads; one that learns must be trained. "auto" follows the
            rule of `hpo_gym.tuning.auto`, without trying the default configuration first: `Study.enqueue_trial` does
            that.
        budget: Trials that the optimizer plans for. More may be run.
        space: The search space, of distributions of Optuna by name or in any other form that
            `hpo_gym.problem.space.forms.read_space` takes, with conditions if it has any; None: it is inferred from the
            trials.
        prior: Earlier tasks of `space`, as in `hpo_gym.tune`.
        constraints_func: Called with each completed or pruned trial; returns numbers, each met at 0 or below. They are
            stored as Optuna stores them. Those of `Trial.set_constraint` count alike.
        seed: Of all choices; None draws one.

    Attributes:
        why (str): The reason for the choice of "auto", and the part of the earlier tasks that matched.
        prior_weight (float | None): Weight of the earlier tasks in the last proposal, where the optimizer tells it;
            that of each trial is its system attribute ``hpo_gym:prior_weight``.

    Raises:
        InvalidValueError: An argument is invalid, or, once it is asked, a study has several objectives.
        UnknownNameError: No such optimizer.
    """

    def __init__(
        self,
        optimizer: object = AUTO,
        *,
        budget: int = 33,
        space: AnySpace | None = None,
        prior: Earlier | Sequence[Earlier] = (),
        constraints_func: Callable[[FrozenTrial], Sequence[float]] | None = None,
        seed: int | None = None,
    ) -> None:
        self._budget, self._constraints_func = allowance(budget, None), constraints_func
        self._seed = secrets.randbits(62) if seed is None else seed_checked(seed)
        self._given = None if space is None else ParameterSpace.of(space)
        self._prior, self._known = prior, dict[str, Matched]()
        self._warned = self._rules = False
        earlier = self._earlier("minimize")  # what is wrong with it is said now
        self.why = str(earlier)
        if is_auto(optimizer):
            found = chosen(self._given.space, earlier) if self._given else Choice(ALONE, "", False, earlier)
            optimizer, self.why, self._known["minimize"] = found.optimizer, found.why, found.prior
            self._rules = True
        self._form, _ = ready(optimizer)
        self.prior_weight: float | None = None
        self._begin()

    def _begin(self) -> None:
        self._lock = threading.RLock()
        self._parts: dict[tuple[str, ...], Part] = {}
        self._turns: dict[tuple[str, ...], Proposer] = {}

    def __getstate__(self) -> dict[str, Any]:
        return {k: v for k, v in self.__dict__.items() if k not in ("_lock", "_parts", "_turns")}

    def __setstate__(self, state: dict[str, Any]) -> None:
        self.__dict__.update(state)
        self._begin()

    def reseed_rng(self) -> None:
        """Draw another seed."""
        with self._lock:
            self._seed = secrets.randbits(62)
            self._turns.clear()

    # ------------------------------------------------------------------ what Optuna asks
    def infer_relative_search_space(self, study: optuna.Study, trial: FrozenTrial) -> dict[str, BaseDistribution]:
        """Return the given space, or all parameters of the completed or pruned trials, each as in the last of them."""
        _refuse_several(study)
        if self._given is not None:
            return dict(self._given.distributions)
        found: dict[str, BaseDistribution] = {}
        for past in finished(study.get_trials(deepcopy=False)):
            found.update(past.distributions)
        return {} if all(d.single() for d in found.values()) else dict(sorted(found.items()))

    def sample_relative(
        self, study: optuna.Study, trial: FrozenTrial, search_space: dict[str, BaseDistribution]
    ) -> dict[str, Any]:
        """Ask for all parameters of a space; drawn at random once the optimizer has no more to propose."""
        _refuse_several(study)
        with self._lock:
            found: dict[str, Any] = {}
            for attempt in range(_TRIES + 1 if search_space else 0):
                others = [t for t in study.get_trials(deepcopy=False) if t.number != trial.number]
                parts = self._divided(others, search_space)
                known = [part.ended(others) for part in parts]
                reported = {e.number for ended, _ in known for e in ended}
                self._warn_of_unknown(parts[0], [t for t in others if t.number not in reported])
                found, self.prior_weight = {}, None
                for part, (ended, init) in zip(parts, known, strict=True):
                    plan = self._plan(part, init, study.direction.name.lower())
                    found |= self._next(part, plan, ended, others, (trial.number, attempt))
                if claimed(study, trial, reported, found, self.prior_weight):
                    break
            return found

    def sample_independent(
        self, study: optuna.Study, trial: FrozenTrial, param_name: str, param_distribution: BaseDistribution
    ) -> Any:
        """Draw one parameter at random; the same again for the same trial and name."""
        _refuse_several(study)
        rng = seeding.generator(seeding.key("optuna independent", self._seed, trial.number, param_name))
        return ParameterSpace.of({param_name: param_distribution}).random(rng)[param_name]

    def after_trial(
        self, study: optuna.Study, trial: FrozenTrial, state: TrialState, values: Sequence[float] | None
    ) -> None:
        """Store the constraints."""
        if self._constraints_func is not None:
            _process_constraints_after_trial(self._constraints_func, study, trial, state)

    # ------------------------------------------------------------------ what the optimizer proposes
    def _divided(self, others: Sequence[FrozenTrial], search_space: Mapping[str, BaseDistribution]) -> list[Part]:
        """Return the parts of the parameters, one for each optimizer."""
        given = self._given
        if given is not None and search_space.keys() == given.distributions.keys():
            return [self._part(tuple(given.distributions), given.distributions, given)]
        return [self._part(names, {n: search_space[n] for n in names}) for names in groups(others, search_space)]

    def _part(
        self, names: tuple[str, ...], distributions: Mapping[str, BaseDistribution], given: ParameterSpace | None = None
    ) -> Part:
        known = self._parts.get(names)
        if known is None or known.parameters.distributions != distributions:
            known = self._parts[names] = Part(given or ParameterSpace.of(distributions), whole=given is not None)
        return known

    def _plan(self, part: Part, init: tuple[Config, ...], direction: str) -> StudyPlan:
        space, form = part.parameters.space, self._form
        seed = self._seed if part.whole else seeding.key("optuna group", self._seed, space.names)
        return StudyPlan(space.to_json(), form.name, dict(form.settings), direction, seed, "", init)

    def _next(
        self, part: Part, plan: StudyPlan, ended: list[Ended], others: Sequence[FrozenTrial], turn: tuple[int, int]
    ) -> dict[str, Any]:
        """Return the parameters of a trial, of its number and attempt."""
        attempt, names = turn[1], part.parameters.space.names
        beside = attempt > 0 or any(not t.state.is_finished() for t in others)
        if beside:
            plan = replace(plan, seed=seeding.key("optuna beside", plan.seed, *turn), init=())
        prior = self._earlier(plan.direction).tasks if part.whole else ()
        if attempt == _TRIES:
            config = None
        elif beside:
            study = Study(plan, list(ended), part.begun(others))
            proposer = Proposer(self._form, study, self._budget, prior, alone=False, moves=True)
            config = proposer.next()
        else:
            known = self._turns.pop(names, None)
            if known is None or known.study.plan != plan or not begins(known.study.ended, ended):
                known = Proposer(self._form, Study(plan), self._budget, prior, moves=True)
            proposer = known
            proposer.study.ended[:] = ended
            config = proposer.next()
            self._turns[names] = proposer  # not if it has raised
        if config is not None:
            self.prior_weight = proposer.prior_weight
            return part.parameters.params(config)
        best = None if part.whole or self._form.name not in TAKEN else Study(plan, list(ended)).best
        if best is not None and turn[0] % 2:
            return part.parameters.params(best.config)
        return part.parameters.random(seeding.generator(seeding.key("optuna spent", plan.seed, *turn)))

    def _warn_of_unknown(self, part: Part, untold: Sequence[FrozenTrial]) -> None:
        """Warn once about trials that the optimizer cannot use."""
        unknown = part.unknown(untold) if part.whole and not self._warned else None
        if unknown:
            self._warned = True
            names = ", ".join(f"`{name}` ({count} trial{'s' * (count > 1)})" for name, count in unknown.items())
            warnings.warn(
                "A trial must have a value inside the space for each active parameter for the optimizer to be told of "
                f"it; there is none for {names}. Suggest each in the range of the space; add trials with all of them.",
                stacklevel=3,
            )

    def _earlier(self, direction: str) -> Matched:
        """Return the earlier tasks; scores of files have the direction of the study."""
        if isinstance(self._prior, (tuple, list)) and not self._prior:
            return Matched(())
        if self._given is None:
            raise InvalidValueError("`space` must be given with `prior`, so that it is of the same space, got None.")
        if direction not in self._known:
            found = earlier_tasks(self._prior, self._given.space, direction)
            self._known[direction] = counting(self._given.space, found) if self._rules else found
        return self._known[direction]


def _refuse_several(study: optuna.Study) -> None:
    if len(study.directions) > 1:
        raise InvalidValueError(
            f"`HPOGymSampler` must have a study of one objective, got {len(study.directions)}; the nearest is a "
            "weighted sum of them, or constraints on all but one."
        )
