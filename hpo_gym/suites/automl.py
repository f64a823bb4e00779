"""The suite `AutoML`: scikit-learn pipelines on OpenML data sets, as measured for TensorOboe."""

from __future__ import annotations

from hpo_gym.base import DATA
from hpo_gym.problem import SUITES
from hpo_gym.suites.own.suite import TableSuite, load_folder


@SUITES.register("AutoML", kind="table")
def automl() -> TableSuite:
    """Choose a scikit-learn pipeline and its hyperparameters for a data set (CASH).

    **Search space**: encoder, scaler, dimension reducer and its share, classifier and its own hyperparameters; 24
    columns, most of them conditional. All 5,856 combinations were tried.

    **Score**: balanced accuracy by cross-validation, in [0, 1]. **Cost**: seconds. A pipeline that crashed is a
    failure; one whose error the authors imputed counts as not measured.

    **Tasks**: 490 OpenML data sets, named by their ids; related data sets are of one family.

    **Best score**: the table's own maximum, so it is exact for the rows measured on the task.

    **Source**: Yang, Fan, Wu and Udell, "AutoML Pipeline Selection: Efficiently Navigating the Combinatorial Space",
    KDD 2020, arXiv:2006.04216; Python package `oboe` 0.2.0, BSD-3-Clause. How the table was made:
    `benchmarks/builders/hpo_builders/converted/automl.py`.
    """
    return load_folder(DATA / "AutoML")
