"""The suite `Boosting`: LightGBM on small classification and regression data sets."""

from __future__ import annotations

from hpo_gym.base import DATA
from hpo_gym.problem import SUITES
from hpo_gym.suites.own.suite import TableSuite, load_folder


@SUITES.register("Boosting", kind="table")
def boosting() -> TableSuite:
    """Choose the hyperparameters of LightGBM for a data set.

    **Search space**: 13 columns: kind of boosting (`gbdt`, `goss`, `rf`), learning rate, leaves, depth, least rows of a
    leaf, sampling of rows and columns, L1 and L2 penalty, least gain of a split, random thresholds, class weight. The
    learning rate and the sampling of rows depend on the kind of boosting. The default is LightGBM's own.

    **Score**: balanced accuracy in [0, 1], or in regression R^2 (at least -1), the mean over three repeats of three
    folds. Test score: the mean of the same models, fully trained, on up to 4,000 rows that no choice has seen.
    **Cost**: processor seconds to train and to predict. **Fidelities**: 8, 16, 32, 64 and 128 trees, as 1/16 .. 1.

    **Tasks**: data sets of at most 6 classes, named by the data set; folds have at most 900 rows, and a model learns
    from at most 250. In regression the class weight has no effect.

    **Best score**: the table's own maximum, so it is exact for the rows of the table.

    **Source**: our own training with LightGBM 4 (Ke et al., "LightGBM: A Highly Efficient Gradient Boosting Decision
    Tree", NeurIPS 2017). How the table was made: `benchmarks/builders/hpo_builders/trained/boosting.py`.
    """
    return load_folder(DATA / "Boosting")
