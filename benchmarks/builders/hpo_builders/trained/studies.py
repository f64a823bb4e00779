"""The recipe of suite `Studies`: LightGBM as in `Boosting`, each data set with configurations of its own.

175 of them are drawn at random, 25 are what a study of Optuna's TPE left behind that knew their scores: earlier tasks
are known by both, and a task's own candidates are those drawn. Version 1 served all 200, TPE's last: that order, and
the density of its rows, told where the best ones are. Version 3 (there is no 2) has the cells of version 1, none of
them trained anew, put in the order of `hpo_builders.pools.keyed_orders`: the last 25 of a task's rows were those of
TPE, since a build draws the first seven chunks and proposes the eighth.
"""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from hpo_baselines._runs.suggest import finished, suggested
from hpo_builders.order import BUILDERS, Order
from hpo_builders.trained import boosting
from hpo_builders.training.recipe import Search
from hpo_gym.base import Floats
from hpo_gym.problem import Points, SearchSpace, keys

_MISSES = 1000  # proposals in a row that were tried before, until random ones are taken


def propose(space: SearchSpace, x: Points, score: Floats, count: int, seed: int) -> Points:
    """Return the next `count` points of a TPE study that knows the trials `x` ``(n, d)``, none of them tried before.

    A failure has the worst score of the successes. Proposals of one call count as the worst for the next ones
    (Optuna's `constant_liar`).
    """
    import optuna
    from optuna.trial import TrialState

    optuna.logging.set_verbosity(optuna.logging.WARNING)
    sampler = optuna.samplers.TPESampler(n_startup_trials=1, seed=seed % 2**32, constant_liar=True)
    study = optuna.create_study(direction="maximize", sampler=sampler)
    good = np.isfinite(score)
    worst = score[good].min() if good.any() else 0.0
    study.add_trials([finished(space, p, float(s)) for p, s in zip(x, np.where(good, score, worst), strict=True)])
    out: list[Points] = []
    rng, there, misses = np.random.default_rng(seed), set(keys(x)), 0
    while len(out) < count:
        if misses < _MISSES:
            trial = study.ask()
            point = suggested(trial, space)
        else:
            point = space.sample(rng, 1)[0]
        new = bool(space.legal(point[None])[0]) and keys(point[None])[0] not in there
        if new:
            there.add(keys(point[None])[0])
            out.append(point)
        elif misses < _MISSES:
            study.tell(trial, state=TrialState.FAIL)
        misses = 0 if new and misses < _MISSES else misses + 1
    return np.stack(out)


RECIPE = replace(
    boosting.RECIPE,
    suite="Studies",
    title="LightGBM on small tables, each with trials of its own",
    description="As `Boosting`; the configurations of a data set are its own: 175 are drawn at random; 25 that a TPE "
    "study proposed are known where it is an earlier task, and are none of its candidates.",
    configurations=200,
    libraries=(*boosting.RECIPE.libraries, "optuna"),
    modules=(*boosting.RECIPE.modules, "optuna"),
    version=3,
    search=Search(drawn=175, propose=propose),
)


@BUILDERS.register("Studies", extra="build", kind="trained")
def studies(order: Order) -> None:
    """Train the table of suite `Studies`."""
    from hpo_builders.training.build import build

    build(RECIPE, order)
