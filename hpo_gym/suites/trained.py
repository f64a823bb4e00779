"""Suites of tables that were trained for this package, each read from its folder in `hpo_gym/data`.

`docs/suites.md` has a card of each: search space, scores, costs, tasks, source. Best scores are the tables' own maxima,
so they are exact for the rows of a task. `built` of each names the commit and the command that made it.

`order` numbers the order by key of the rows of a shared pool, as agents see them: the first order where counting from
either end is worth as much as random search (`benchmarks/studies/validity/order.py`).
"""

from __future__ import annotations

from hpo_gym.base import DATA
from hpo_gym.problem import SUITES
from hpo_gym.suites.own.suite import TableSuite, load_folder


@SUITES.register("Boosting", kind="table")
def boosting() -> TableSuite:
    """Choose the hyperparameters of LightGBM for a data set."""
    return load_folder(DATA / "Boosting", order=2)


@SUITES.register("Control", kind="table")
def control() -> TableSuite:
    """Choose an algorithm and its settings to learn a policy for a system (PPO, REINFORCE, ES, Q-learning)."""
    return load_folder(DATA / "Control", order=0)


@SUITES.register("Linear", kind="table")
def linear() -> TableSuite:
    """Tune a linear classifier or regressor: scaling, products of columns, loss, penalty and solver."""
    return load_folder(DATA / "Linear", order=29)


@SUITES.register("LM", kind="table")
def lm() -> TableSuite:
    """Tune a character-level transformer and its training for a text, with smaller transformers as fidelities."""
    return load_folder(DATA / "LM", order=4)


@SUITES.register("MLP", kind="table")
def mlp() -> TableSuite:
    """Tune a multilayer perceptron and its training for a data set."""
    return load_folder(DATA / "MLP", order=54)


@SUITES.register("NAS", kind="table")
def nas() -> TableSuite:
    """Choose the cell of a small convolutional network and the layers around it."""
    return load_folder(DATA / "NAS", order=39)


@SUITES.register("Studies", kind="table")
def studies() -> TableSuite:
    """Choose the hyperparameters of LightGBM for a data set, by studies that share no configuration."""
    return load_folder(DATA / "Studies")


@SUITES.register("SVM", kind="table")
def svm() -> TableSuite:
    """Choose kernel, parameters and scaling of a support vector machine for a data set."""
    return load_folder(DATA / "SVM", order=19)


@SUITES.register("Text", kind="table")
def text() -> TableSuite:
    """Choose n-grams, their weights, their reduction and a classifier, with its own hyperparameters, for a corpus."""
    return load_folder(DATA / "Text", order=10)


@SUITES.register("Vision", kind="table")
def vision() -> TableSuite:
    """Tune the training of a small convolutional network for a set of images."""
    return load_folder(DATA / "Vision", order=14)
