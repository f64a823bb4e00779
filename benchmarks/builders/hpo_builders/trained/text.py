"""Builds the suite `Text`: texts into numbers and a classifier of them, really trained."""

from __future__ import annotations

import warnings
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from hpo_builders.data_sets.folds import Fold, Predict, by_share, first_rows
from hpo_builders.order import BUILDERS, Order
from hpo_builders.text import terms
from hpo_builders.text.classifiers import classifier
from hpo_builders.text.grams import Counts, Reading
from hpo_builders.text.material import Corpora
from hpo_builders.text.problem import TextProblem, numbers
from hpo_builders.training.recipe import Measured, Recipe, TrainingFailed
from hpo_gym.base import Floats

if TYPE_CHECKING:
    from ConfigSpace import ConfigurationSpace

FIDELITIES = (1 / 9, 1 / 3, 1.0)


def config_space() -> ConfigurationSpace:
    """Return the search space; defaults are those of scikit-learn's `TfidfVectorizer` and `LogisticRegression`.

    scikit-learn keeps all n-grams: the default of `max_features` keeps 20,000, which few texts of 600 characters have.
    """
    from ConfigSpace import (
        CategoricalHyperparameter,
        ConfigurationSpace,
        EqualsCondition,
        ForbiddenAndConjunction,
        ForbiddenEqualsClause,
        ForbiddenInClause,
        InCondition,
        UniformFloatHyperparameter,
        UniformIntegerHyperparameter,
    )

    def choice(name: str, *values: str) -> CategoricalHyperparameter:
        return CategoricalHyperparameter(name, list(values), default_value=values[0])

    def whole(name: str, low: int, high: int, default: int, log: bool = False) -> UniformIntegerHyperparameter:
        return UniformIntegerHyperparameter(name, low, high, log=log, default_value=default)

    def real(name: str, low: float, high: float, default: float, log: bool = True) -> UniformFloatHyperparameter:
        return UniformFloatHyperparameter(name, low, high, log=log, default_value=default)

    unit, word_n = choice("unit", "word", "char_wb"), whole("word_n", 1, 3, 1)
    char_min, char_max = whole("char_min", 1, 3, 2), whole("char_max", 3, 5, 4)
    lower, stop = choice("lowercase", "yes", "no"), choice("stop_words", "none", "english")
    vocabulary, bits = choice("vocabulary", "learned", "hashed"), whole("hash_bits", 8, 14, 12)
    min_df, max_df = whole("min_df", 1, 10, 1, log=True), real("max_df", 0.1, 1.0, 1.0)
    max_features = whole("max_features", 100, 20_000, 20_000, log=True)
    weighting = choice("weighting", "tfidf", "count", "binary")
    sublinear, norm = choice("sublinear_tf", "no", "yes"), choice("norm", "l2", "none")
    reduction = choice("reduction", "none", "chi2", "svd")
    k_best, components = whole("k_best", 50, 5000, 500, log=True), whole("components", 5, 100, 50, log=True)
    model = choice(
        "classifier", "logistic", "linear-svm", "ridge", "multinomial-nb", "complement-nb", "neighbours", "rbf-svm"
    )
    c, loss = real("C", 1e-3, 1e3, 1.0), choice("loss", "squared_hinge", "hinge")
    shrinkage, alpha = real("shrinkage", 1e-3, 1e3, 1.0), real("alpha", 1e-3, 10.0, 1.0)
    prior, normed = choice("prior", "fitted", "uniform"), choice("weights_normed", "no", "yes")
    neighbours, votes = whole("neighbours", 1, 50, 5, log=True), choice("votes", "equal", "by similarity")
    weight = choice("class_weight", "none", "balanced")

    space = ConfigurationSpace(name="Text")
    space.add(
        unit, word_n, char_min, char_max, lower, stop, vocabulary, bits, min_df, max_df, max_features, weighting,
        sublinear, norm, reduction, k_best, components, model, c, loss, shrinkage, alpha, prior, normed, neighbours,
        votes, weight,
    )  # fmt: skip
    space.add(
        EqualsCondition(word_n, unit, "word"),
        EqualsCondition(stop, unit, "word"),
        EqualsCondition(char_min, unit, "char_wb"),
        EqualsCondition(char_max, unit, "char_wb"),
        EqualsCondition(bits, vocabulary, "hashed"),
        *(EqualsCondition(each, vocabulary, "learned") for each in (min_df, max_df, max_features)),
        InCondition(sublinear, weighting, ["tfidf", "count"]),
        EqualsCondition(k_best, reduction, "chi2"),
        EqualsCondition(components, reduction, "svd"),
        InCondition(c, model, ["logistic", "linear-svm", "rbf-svm"]),
        EqualsCondition(loss, model, "linear-svm"),
        EqualsCondition(shrinkage, model, "ridge"),
        InCondition(alpha, model, ["multinomial-nb", "complement-nb"]),
        EqualsCondition(prior, model, "multinomial-nb"),
        EqualsCondition(normed, model, "complement-nb"),
        EqualsCondition(neighbours, model, "neighbours"),
        EqualsCondition(votes, model, "neighbours"),
        InCondition(weight, model, ["logistic", "linear-svm", "ridge", "rbf-svm"]),
    )
    space.add(
        ForbiddenAndConjunction(  # what may be negative has no counts
            ForbiddenEqualsClause(reduction, "svd"), ForbiddenInClause(model, ["multinomial-nb", "complement-nb"])
        ),
        ForbiddenAndConjunction(
            ForbiddenInClause(reduction, ["none", "chi2"]), ForbiddenEqualsClause(model, "rbf-svm")
        ),
    )
    return space


def train(problem: TextProblem, config: Mapping[str, Any], seed: int) -> Measured:
    """Train on the first 1/9, 1/3 and all texts of each fold; all that is chosen is chosen on these texts.

    The texts are read once for all folds; each model is charged for those that it reads.
    """
    counts = counted(problem, config)

    def prepare(fold: Fold, share: float) -> tuple[Fold, float]:
        fold, spent = first_rows(fold, share)
        return fold, spent + counts.seconds * (len(fold.y) + len(fold.y_val))

    return by_share(problem.rows, FIDELITIES, lambda x, y: _fit(config, counts.matrix, x, y, seed), prepare=prepare)


def counted(problem: TextProblem, config: Mapping[str, Any]) -> Counts:
    """Return the counts that a configuration asks for."""
    word = config["unit"] == "word"
    reading = Reading(config["unit"], config["lowercase"] == "yes", config.get("stop_words") == "english")
    first, last = (1, config["word_n"]) if word else (config["char_min"], config["char_max"])
    return problem.texts.counts(reading, first, last, hashed=config.get("hash_bits", 0))


def _fit(config: Mapping[str, Any], counts: Any, x: Floats, y: NDArray[Any], seed: int) -> Predict:
    """One model; what comes back predicts rows."""
    features, learned = terms.learn(config, counts[numbers(x)], y)
    model = classifier(config, seed)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        try:
            model.fit(learned, y)
        except ValueError as fault:  # scikit-learn refuses by ValueError
            raise TrainingFailed(str(fault)) from fault
    return lambda rows: np.asarray(model.predict(features.of(counts[numbers(rows)])))


RECIPE = Recipe(
    suite="Text",
    title="Classification of texts",
    description="Choose n-grams, their weights and their reduction, and a classifier with its own hyperparameters, to "
    "tell texts apart by topic, author, sentiment or language.",
    space=config_space,
    material=Corpora(),
    fidelities=FIDELITIES,
    fidelity="share of the training texts",
    train=train,
    configurations=200,
    libraries=("scikit-learn", "numpy", "scipy"),
    modules=("sklearn.linear_model", "sklearn.naive_bayes", "sklearn.svm", "sklearn.feature_extraction.text"),
    study=8,
)


@BUILDERS.register("Text", extra="build", kind="trained")
def text(order: Order) -> None:
    """Train and score classifiers of texts on the corpora of their roster."""
    from hpo_builders.training.build import build

    build(RECIPE, order)
