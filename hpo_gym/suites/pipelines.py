"""The suite `Pipelines`: preprocessor and classifier on OpenML data sets, as measured for PMF."""

from __future__ import annotations

from hpo_gym.base import DATA
from hpo_gym.problem import SUITES
from hpo_gym.suites.own.suite import TableSuite, load_folder


@SUITES.register("Pipelines", kind="table")
def pipelines() -> TableSuite:
    """Choose a preprocessor, a classifier and its hyperparameters for a data set (CASH).

    **Search space**: polynomial features or PCA, one of 11 classifiers, and their own hyperparameters; 45 columns, 43
    of them conditional. The source does not name its columns: names are inferred from their values, real numbers
    stand in its scale (value / largest value).

    **Score**: normalised accuracy, in [0, 1]. No cost is known. Where the source has no number the row counts as not
    measured: mostly polynomial features and boosting on large data sets.

    **Tasks**: OpenML data sets on which scores have many values, named by their ids; families are those of `AutoML`.

    **Best score**: the table's own maximum, so it is exact for the rows of the table: 12,000 of the
    source's 38,151.

    **Source**: Fusi, Sheth and Elibol, "Probabilistic Matrix Factorization for Automated Machine Learning", NeurIPS
    2018, arXiv:1705.05355; Python package `deeppipe_api` 0.1.1, BSD-3-Clause. How the table was made:
    `benchmarks/builders/hpo_builders/converted/pipelines.py`.
    """
    return load_folder(DATA / "Pipelines")
