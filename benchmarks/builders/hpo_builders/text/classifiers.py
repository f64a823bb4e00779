"""The classifiers of the suite `Text`, as scikit-learn has them; the nearest neighbours are computed here."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from hpo_builders.text.rotation import rotation
from hpo_gym.base import Ints

ITERATIONS = 100
"""Most iterations of logistic regression, scikit-learn's default; what it has by then is used, as there."""

SWEEPS = 300
"""Most sweeps of the linear machine; likewise."""


def classifier(config: Mapping[str, Any], seed: int) -> Any:
    """Return a classifier; `seed`: of the order in which the linear machine visits rows."""
    from sklearn.linear_model import LogisticRegression, RidgeClassifier
    from sklearn.naive_bayes import ComplementNB, MultinomialNB
    from sklearn.svm import SVC, LinearSVC

    weight = None if config.get("class_weight", "none") == "none" else "balanced"
    match config["classifier"]:
        case "multinomial-nb":
            return MultinomialNB(alpha=config["alpha"], fit_prior=config["prior"] == "fitted")
        case "complement-nb":
            return ComplementNB(alpha=config["alpha"], norm=config["weights_normed"] == "yes")
        case "logistic":
            return Rotated(LogisticRegression(C=config["C"], class_weight=weight, max_iter=ITERATIONS))
        case "linear-svm":
            return Rotated(
                LinearSVC(
                    C=config["C"], loss=config["loss"], class_weight=weight, dual=True, max_iter=SWEEPS,
                    random_state=seed,
                ),
                crowded=True,
            )  # fmt: skip
        case "rbf-svm":
            return SVC(C=config["C"], gamma="scale", class_weight=weight)
        case "ridge":
            return Rotated(RidgeClassifier(alpha=config["shrinkage"], class_weight=weight))
        case _:
            return Neighbours(config["neighbours"], config["votes"] == "by similarity")


@dataclass
class Rotated:
    """A linear model, fitted in the space of the rows where that is smaller than that of the columns.

    Its penalty is the length of its weights, which a rotation keeps, and its weights are sums of rows: the model is the
    same, at a fraction of the time.

    Attributes:
        model: With `coef_`, `intercept_` and `classes_` once it is fitted.
        crowded: Whether columns must also hold more numbers than the rotated ones, as a model's time goes by those.
    """

    model: Any
    crowded: bool = False

    def fit(self, x: Any, y: Ints) -> Rotated:
        """Fit the model to the rows, or to the rotated rows."""
        n, columns = x.shape
        self.rotated = columns > n and (not self.crowded or x.size > n * n)
        if self.rotated:
            vectors, lengths = rotation(x, n)
            self.model.fit(vectors * lengths, y)
            weights = np.atleast_2d(self.model.coef_)  # of two classes, ridge has a vector
            self.coefficients = np.asarray(x.T @ (vectors / lengths @ weights.T))
        else:
            self.model.fit(x, y)
        return self

    def predict(self, x: Any) -> Ints:
        """Classes of rows."""
        if not self.rotated:
            return np.asarray(self.model.predict(x))
        scores = np.asarray(x @ self.coefficients) + self.model.intercept_
        best = scores.argmax(1) if scores.shape[1] > 1 else (scores[:, 0] > 0).astype(np.int64)
        return np.asarray(self.model.classes_[best])


@dataclass
class Neighbours:
    """The classes of the texts at the smallest angles vote; of equal votes the first class wins.

    Attributes:
        k: How many vote; all texts where there are fewer.
        weighted: Whether a vote counts as its cosine, at least 0, rather than 1.
    """

    k: int
    weighted: bool

    def fit(self, x: Any, y: Ints) -> Neighbours:
        """Keep the texts, rows of length 1."""
        self.x, self.y, self.classes = unit_rows(x), y, np.unique(y)
        return self

    def predict(self, x: Any) -> Ints:
        """Classes of texts."""
        cosine = unit_rows(x) @ self.x.T
        cosine = np.asarray(cosine.todense() if hasattr(cosine, "todense") else cosine).round(12)
        near = np.argsort(-cosine, axis=1, kind="stable")[:, : self.k]
        votes = np.maximum(np.take_along_axis(cosine, near, 1), 0.0) if self.weighted else np.ones(near.shape)
        totals = np.stack([(votes * (self.y[near] == c)).sum(1) for c in self.classes], axis=1)
        return np.asarray(self.classes[totals.argmax(1)])


def unit_rows(x: Any) -> Any:
    """Rows of length 1; rows of 0 stay."""
    from sklearn.preprocessing import normalize

    return normalize(x)
