"""Suites of published tables, each read from its folder in `hpo_gym/data`.

`docs/suites.md` has a card of each: search space, scores, costs, tasks, source. Best scores are the tables' own maxima,
so they are exact for the rows measured on a task. `built` of each names the commit and the command that made it.
`order`: as in `hpo_gym.suites.trained`.
"""

from __future__ import annotations

from hpo_gym.base import DATA
from hpo_gym.problem import SUITES
from hpo_gym.suites.own.suite import TableSuite, load_folder


@SUITES.register("AutoML", kind="table")
def automl() -> TableSuite:
    """Choose a scikit-learn pipeline and its hyperparameters for a data set (CASH)."""
    return load_folder(DATA / "AutoML", order=2)


@SUITES.register("Curves", kind="table")
def curves() -> TableSuite:
    """Choose a scikit-learn classifier with default hyperparameters for a data set."""
    return load_folder(DATA / "Curves", order=33)


@SUITES.register("FCNet", kind="table")
def fcnet() -> TableSuite:
    """Choose the hyperparameters of a net of two hidden layers for regression."""
    return load_folder(DATA / "FCNet", order=5)


@SUITES.register("FineTune", kind="table")
def finetune() -> TableSuite:
    """Choose how to fine-tune a network trained on ImageNet for another image data set."""
    return load_folder(DATA / "FineTune", order=1)


@SUITES.register("MLPGrid", kind="table")
def mlpgrid() -> TableSuite:
    """Choose the hyperparameters of scikit-learn's MLP for a data set."""
    return load_folder(DATA / "MLPGrid", order=35)


@SUITES.register("NASBench201", kind="table")
def nasbench201() -> TableSuite:
    """Choose the operations of the cell of a convolutional net."""
    return load_folder(DATA / "NASBench201", order=2)


@SUITES.register("Pipelines", kind="table")
def pipelines() -> TableSuite:
    """Choose a preprocessor, a classifier and its hyperparameters for a data set (CASH)."""
    return load_folder(DATA / "Pipelines", order=12)
