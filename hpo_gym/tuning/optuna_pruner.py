"""`HPOGymPruner`: trials of Optuna stop by the rule of `hpo_gym.tuning.stopping`."""

from __future__ import annotations

from typing import TYPE_CHECKING

from optuna.pruners import BasePruner

from hpo_gym.base import InvalidValueError, unknown, whole
from hpo_gym.tuning.stopping import Halving

if TYPE_CHECKING:
    from optuna.study import Study
    from optuna.trial import FrozenTrial

NAMES = ("asha", "hyperband")
_ASKED = "hpo_gym:asked"  # system attribute of a trial: the step of the last judgement, and of the one before it


class HPOGymPruner(BasePruner):
    """A pruner of Optuna that stops trials by successive halving, with the reported steps as fidelity.

    At each call of `trial.should_prune()`, the trial is judged at the rungs reached since the last call: see
    `hpo_gym.tuning.stopping.Halving`. It reads its state from the storage, so processes may share one.

    Args:
        name: "asha", asynchronous successive halving; or "hyperband", the same from several first rungs.
        eta: One of so many trials continues.
        min_steps: No trial stops before this step.
        max_steps: The last step of a trial: "hyperband" has a bracket for each rung from `min_steps` to it.

    Raises:
        UnknownNameError: No such name.
        InvalidValueError: A number out of range, or "hyperband" without `max_steps`. A method that freezes trials, and
            resumes them later, is no pruner: Optuna's trials cannot.
    """

    def __init__(self, name: str = "asha", *, eta: int = 3, min_steps: int = 1, max_steps: int | None = None) -> None:
        if name in ("successive-halving", "bohb"):
            raise InvalidValueError(
                f"`name` must be one of {NAMES}, got {name!r}, which lets trials wait and go on later, or draws "
                "configurations; the nearest is 'asha'."
            )
        if name not in NAMES:
            raise unknown("pruner", name, NAMES)
        brackets = 1
        if name == "hyperband":
            if max_steps is None:
                raise InvalidValueError("`max_steps` must be given for 'hyperband', to count the brackets, got None.")
            min_steps, eta = whole("min_steps", min_steps), whole("eta", eta, 2)
            max_steps = whole("max_steps", max_steps, min_steps)
            while min_steps * eta**brackets <= max_steps:
                brackets += 1
        elif max_steps is not None:
            raise InvalidValueError(f"`max_steps` must go with 'hyperband', got {max_steps} with {name!r}.")
        self.rule = Halving(eta, min_steps, brackets)

    def prune(self, study: Study, trial: FrozenTrial) -> bool:
        """Return whether to stop a trial at its last reported step."""
        last = trial.last_step
        if last is None:
            return False
        before, asked = trial.system_attrs.get(_ASKED, (-1, -1))
        since = before if last == asked else asked  # of the same step the answer is the same again
        if not self.rule.reached(trial.number, last, since):
            return False
        study._storage.set_trial_system_attr(trial._trial_id, _ASKED, (since, last))
        all_trials = {t.number: t for t in [*study.get_trials(deepcopy=False), trial]}
        steps = {number: sorted(t.intermediate_values.items()) for number, t in all_trials.items()}
        return self.rule.stops(steps, trial.number, study.direction.name.lower(), since)
