"""Trials of Optuna as those of a study of ours, for one optimizer and its parameters."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from optuna import Study as OptunaStudy
from optuna.trial import FrozenTrial, TrialState

from hpo_gym.base import seeding
from hpo_gym.problem import Status
from hpo_gym.suites import constraints_of
from hpo_gym.system import Measured, verdict
from hpo_gym.tuning.optuna_space import ParameterSpace
from hpo_gym.tuning.proposals import Config
from hpo_gym.tuning.study import Ended

PARAMS = "hpo_gym:params"  # system attribute of a trial: what was proposed for it
SETTLED = "hpo_gym:settled"  # and whether no other trial was seen to have it
WEIGHT = "hpo_gym:prior_weight"  # and the weight of the earlier tasks in it, where the optimizer tells it
_FIXED = "fixed_params"  # that of Optuna
_OVER = (TrialState.COMPLETE, TrialState.PRUNED)


def finished(trials: Iterable[FrozenTrial]) -> list[FrozenTrial]:
    """Return the completed or pruned trials: they show the parameters."""
    return [t for t in trials if t.state in _OVER]


def groups(trials: Sequence[FrozenTrial], names: Iterable[str]) -> list[tuple[str, ...]]:
    """Return the names in groups that always occur together in completed trials; names without any of these, in pruned
    ones."""
    completed = [t for t in trials if t.state == TrialState.COMPLETE]
    pruned = [t for t in trials if t.state == TrialState.PRUNED]
    found: dict[tuple[int, ...], list[str]] = {}
    for name in sorted(names):
        where = (tuple(t.number for t in some if name in t.params) for some in (completed, pruned))
        found.setdefault(next(filter(None, where), ()), []).append(name)
    return [tuple(together) for together in found.values()]


@dataclass(frozen=True, eq=False)
class Part:
    """Parameters that are asked for together.

    Attributes:
        whole: Whether they are all that is asked for, so that each trial has them; else a trial that took none of them
            may have gone another branch.
    """

    parameters: ParameterSpace
    whole: bool = False
    _read: dict[int, tuple[FrozenTrial, Config | None, Measured]] = field(default_factory=dict)

    def ended(self, trials: Iterable[FrozenTrial]) -> tuple[list[Ended], tuple[Config, ...]]:
        """Return the ended trials with these parameters, in the order of their ends; and the enqueued configurations at
        the beginning: they are reported alone, as `init` of `hpo_gym.tune`.
        """
        over = [t for t in trials if t.state.is_finished()]
        out: list[Ended] = []
        init: list[Config] = []
        for trial in sorted(over, key=lambda t: (t.datetime_complete, t.number)):
            config, reported = self._once(trial)
            if config is not None:
                if len(init) == len(out) and _FIXED in trial.system_attrs:
                    init.append(config)
                seconds = 0.0 if trial.duration is None else trial.duration.total_seconds()
                out.append(Ended(trial.number, len(out), config, reported, (), seconds))
        return out, tuple(init)

    def begun(self, trials: Iterable[FrozenTrial]) -> dict[int, Config]:
        """Return the configurations of running and waiting trials, as far as they are known."""
        found = {t.number: self._config(t) for t in trials if not t.state.is_finished()}
        return {number: config for number, config in found.items() if config is not None}

    def _once(self, trial: FrozenTrial) -> tuple[Config | None, Measured]:
        """Return the configuration of an ended trial, and its result; read once, as it does not change any more."""
        known = self._read.get(trial.number)
        if known is None or known[0] is not trial:
            known = self._read[trial.number] = trial, self._config(trial), measured(trial)
        return known[1:]

    def unknown(self, untold: Iterable[FrozenTrial]) -> Counter[str]:
        """Return the parameters that keep ended trials from the optimizer, each with their number."""
        over = (t for t in untold if t.state.is_finished() and t.params)
        return Counter(name for t in over for name in self.parameters.unknown(self._filled(t)))

    def _config(self, trial: FrozenTrial) -> Config | None:
        return self.parameters.config(self._filled(trial))

    def _filled(self, trial: FrozenTrial) -> dict[str, Any]:
        """Return the parameters of a trial as far as it has come; for parameters that it did not ask for, the proposed
        values.

        A parameter that was neither proposed nor asked for had no influence on its value, and is drawn.
        """
        said, asked = trial.system_attrs, not trial.params.keys().isdisjoint(self.parameters.distributions)
        if not (self.whole or asked or (not trial.params and trial.state != TrialState.COMPLETE)):
            return {}  # another branch
        drawn: dict[str, Any] = {}
        if trial.state.is_finished() and (_FIXED in said if self.whole else asked):
            drawn = self.parameters.random(seeding.generator(seeding.key("optuna not asked for", trial.number)))
        return {**drawn, **said.get(PARAMS, {}), **said.get(_FIXED, {}), **trial.params}


def claimed(
    study: OptunaStudy, trial: FrozenTrial, reported: Collection[int], found: Mapping[str, Any], weight: float | None
) -> bool:
    """Publish a proposal and its weight of the earlier tasks, unless a trial unknown to the optimizer has the same.

    Such a trial has begun since the trials were read, or could not be reported. Of two equal proposals at once, the
    trial with the lower number keeps it, else both would ask again, and, of the same model, get the same again. A trial
    that found nothing declares itself settled, and looks once more: a lower one that had not seen the declaration is
    there by then.
    """
    known = {trial.number, *reported}

    def rivals() -> list[FrozenTrial]:
        since = (t for t in study.get_trials(deepcopy=False) if t.number not in known)
        return [t for t in since if t.system_attrs.get(PARAMS) == found]

    def tell(key: str, value: float | Mapping[str, Any]) -> None:
        study._storage.set_trial_system_attr(trial._trial_id, key, value)

    tell(SETTLED, False)
    tell(PARAMS, dict(found))
    if weight is not None:
        tell(WEIGHT, weight)
    if any(t.number < trial.number or t.system_attrs.get(SETTLED) for t in rivals()):
        return False
    tell(SETTLED, True)
    return not any(t.number < trial.number for t in rivals())


def measured(trial: FrozenTrial) -> Measured:
    """Return the verdict of a trial that has ended; a pruned one was stopped."""
    if trial.state == TrialState.FAIL:
        return Measured(Status.FAILED, "the trial failed")
    pruned = trial.state == TrialState.PRUNED
    value = trial.intermediate_values.get(max(trial.intermediate_values, default=0)) if pruned else trial.value
    if value is None and pruned:
        return Measured(Status.STOPPED, "it was pruned without a value")
    if value is None or not math.isfinite(value):
        return Measured(Status.DIVERGED, "no finite value")
    constraints = tuple(map(float, constraints_of(trial)))
    return verdict(Measured(Status.OK, score=float(value), constraints=constraints), stopped=pruned)


def begins(known: Sequence[Ended], ended: Sequence[Ended]) -> bool:
    """Return whether trials begin with the known ones; a score that is NaN equals itself."""
    a, b = ([(e.number, e.config, e.measured.to_json()) for e in some] for some in (known, ended))
    return a == b[: len(a)]
