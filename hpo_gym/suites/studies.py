"""The suite `Studies`: LightGBM on small data sets, each with trials of its own."""

from __future__ import annotations

from hpo_gym.base import DATA
from hpo_gym.problem import SUITES
from hpo_gym.suites.own.suite import TableSuite, load_folder


@SUITES.register("Studies", kind="table")
def studies() -> TableSuite:
    """Choose the hyperparameters of LightGBM for a data set, by studies that share no configuration.

    **Search space**: that of `Boosting`: 13 columns, two of them conditional.

    **Configurations**: each data set has its own 200, like a folder of finished studies: LightGBM's default, 174 drawn
    at random, and 25 that Optuna's TPE proposed by the scores of those. So other data sets are known at other points,
    and a transfer method has to model them.

    **Score**: balanced accuracy in [0, 1], or in regression R^2 (at least -1), the mean over three repeats of three
    folds. Test score: the mean of the same models, fully trained, on up to 4,000 rows unused by any choice.
    **Cost**: processor seconds to train and to predict. **Fidelities**: 8, 16, 32, 64 and 128 trees, as 1/16 .. 1.

    **Tasks**: data sets of at most 6 classes, named by the data set; folds have at most 900 rows, and a model learns
    from at most 250. In regression the class weight has no effect.

    **Best score**: the best of the task's own rows, so it is exact for these.

    **Source**: our own training with LightGBM 4 (Ke et al., "LightGBM: A Highly Efficient Gradient Boosting Decision
    Tree", NeurIPS 2017) and Optuna's TPE. How the table was made:
    `benchmarks/builders/hpo_builders/trained/studies.py`.
    """
    return load_folder(DATA / "Studies")
