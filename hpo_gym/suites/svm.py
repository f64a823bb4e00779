"""The suite `SVM`: support vector machines on small data sets, trained by hpo-gym itself."""

from __future__ import annotations

from hpo_gym.base import DATA
from hpo_gym.problem import SUITES
from hpo_gym.suites.own.suite import TableSuite, load_folder


@SUITES.register("SVM", kind="table")
def svm() -> TableSuite:
    """Choose kernel, parameters and scaling of a support vector machine for a data set.

    **Search space**: kernel (linear, rbf, poly, sigmoid), `gamma` as a multiple of scikit-learn's "scale" where the
    kernel has one, `degree` and `coef0` likewise, `C`, `shrinking`, scaling of the columns, class weights
    (classification) and `epsilon` (regression); 9 columns. Defaults are scikit-learn's, with columns standardised.

    **Score**: balanced accuracy in classification, R^2 in regression, at least -1; the mean over three repeats of three
    folds. Test score: the mean of the same machines, at full fidelity, on up to 4,000 rows that no choice has seen.
    **Cost**: processor seconds.

    **Fidelity**: share of the training rows: 1/9, 1/3, 1.

    **Failures**: a machine that libsvm does not finish within 20,000 iterations.

    **Tasks**: classification and regression data sets; folds have at most 900 rows, and a machine learns from at most
    250.

    **Best score**: the table's own maximum, so it is exact for the rows of the table.

    **Source**: trained with scikit-learn (libsvm); how: `hpo-gym build SVM`.
    """
    return load_folder(DATA / "SVM")
