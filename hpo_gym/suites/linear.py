"""The suite `Linear`: linear models of scikit-learn on tables, trained for this package."""

from __future__ import annotations

from hpo_gym.base import DATA
from hpo_gym.problem import SUITES
from hpo_gym.suites.own.suite import TableSuite, load_folder


@SUITES.register("Linear", kind="table")
def linear() -> TableSuite:
    """Tune a linear classifier or regressor: scaling, products of columns, loss, penalty and solver.

    **Search space**: scaling, products of columns, solver, loss, penalty, its strength and its l1 share, the learning
    rate of stochastic gradient descent, class weights and intercept; 11 columns, five of them conditional. One choice
    of loss and solver has its counterpart in classification and regression.

    **Score**: balanced accuracy in [0, 1] for classification, R^2 in [-1, 1] for regression, the mean over three
    repeats of three folds. Test score: the mean of the same models, at full fidelity, on up to 4,000 rows unused by any
    choice. **Cost**: processor seconds to train and predict. **Fidelity**: 1/9, 1/3 or all of the training rows. A
    configuration refused by scikit-learn, or a model with an overflow, is a failure.

    **Tasks**: classification and regression data sets, named by the data set; folds have at most 900 rows, and a model
    learns from at most 250. The same configurations were trained on each.

    **Best score**: the table's own maximum, so it is exact for the configurations in the table.

    **Source**: trained with scikit-learn; the data sets are named in `suite.json`. How the table was made:
    `benchmarks/builders/hpo_builders/trained/linear.py`.
    """
    return load_folder(DATA / "Linear")
