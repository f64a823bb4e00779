"""Importances of hyperparameters: PED-ANOVA of Optuna, on the successful trials of a study."""

from __future__ import annotations

from inspect import signature
from typing import Any

from hpo_gym.base import require
from hpo_gym.tuning.study import Study

LEAST = 15
"""Successes from which on importances say anything."""
_TOP = 1 / 3  # of them are held against the whole space; of fewer, the order is closer to chance


def importances(study: Study) -> dict[str, float]:
    """Return the importance of each varying hyperparameter for a score in the best third, the highest first; together
    1.

    The values of the best third of the successful trials are compared with uniform ones, not with those of all trials,
    since an optimizer concentrates on good values itself. None are returned for fewer than 15 successes, or where all
    scores are equal.

    Raises:
        MissingExtraError: Optuna is not installed.

    **Reference**: S. Watanabe, A. Bansal, F. Hutter, "PED-ANOVA: Efficiently quantifying hyperparameter importance in
    arbitrary subspaces", IJCAI 2023, https://arxiv.org/abs/2304.10255.
    """
    require("optuna")
    import optuna
    from optuna.importance import PedAnovaImportanceEvaluator, get_param_importances

    from hpo_gym.tuning.optuna_space import ParameterSpace

    good = [e for e in study.ended if e.counts]
    if len(good) < LEAST or len({e.measured.score for e in good}) == 1:
        return {}
    names = ("target_quantile", "baseline_quantile")  # the second one in earlier versions
    quantile: dict[str, Any] = {n: _TOP for n in names if n in signature(PedAnovaImportanceEvaluator).parameters}
    parameters, level = ParameterSpace.of(study.space), optuna.logging.get_verbosity()
    optuna.logging.set_verbosity(optuna.logging.ERROR)
    try:
        told = optuna.create_study(direction=optuna.study.StudyDirection[study.plan.direction.upper()])
        for e in good:
            params = parameters.params(e.config)
            distributions = {name: parameters.distributions[name] for name in params}
            told.add_trial(optuna.create_trial(params=params, distributions=distributions, value=e.measured.score))
        evaluator = PedAnovaImportanceEvaluator(evaluate_on_local=False, **quantile)
        found = get_param_importances(told, evaluator=evaluator)
    finally:
        optuna.logging.set_verbosity(level)
    varied = {h.name for h in study.space.hyperparameters if h.size > 1}
    return {name: float(share) for name, share in found.items() if name in varied}
