"""The classifiers of `Text`: each learns what is easy, and is what scikit-learn makes of the features."""

from __future__ import annotations

import numpy as np
import pytest

pytest.importorskip("sklearn")

from scipy.sparse import csr_matrix
from sklearn.linear_model import LogisticRegression, RidgeClassifier
from sklearn.neighbors import KNeighborsClassifier
from sklearn.svm import LinearSVC

from hpo_builders.text.classifiers import Neighbours, Rotated, classifier

OPTIONS = {"C": 1.0, "class_weight": "none", "loss": "hinge", "alpha": 1.0, "prior": "fitted", "weights_normed": "no",
           "shrinkage": 1.0, "neighbours": 5, "votes": "equal"}  # fmt: skip
NAMES = ("logistic", "linear-svm", "ridge", "multinomial-nb", "complement-nb", "neighbours", "rbf-svm")


def bags(n=60, p=400, classes=3, seed=0):
    """Bags of words, in each class some words of its own."""
    rng = np.random.default_rng(seed)
    y = np.arange(n) % classes
    rates = np.full((classes, p), 0.05)
    for c in range(classes):
        rates[c, 20 * c : 20 * c + 20] = 0.6
    return csr_matrix(rng.poisson(rates[y]).astype(float)), y


@pytest.mark.parametrize("classes", [2, 3])
@pytest.mark.parametrize("name", NAMES)
def test_each_classifier_tells_easy_classes_apart(name, classes) -> None:
    (x, y), (new, expected) = bags(classes=classes), bags(classes=classes, seed=1)
    made = classifier({**OPTIONS, "classifier": name}, 0)
    made.fit(x, y)
    assert (made.predict(new) == expected).mean() > 0.9


@pytest.mark.parametrize("classes", [2, 4])
@pytest.mark.parametrize("weight", [None, "balanced"])
@pytest.mark.parametrize(
    ("model", "crowded"),
    [(lambda w: LogisticRegression(C=10.0, tol=1e-10, max_iter=5000, class_weight=w), False),
     (lambda w: RidgeClassifier(alpha=0.3, solver="lsqr", tol=1e-12, class_weight=w), False),
     (lambda w: LinearSVC(loss="squared_hinge", dual=True, tol=1e-10, max_iter=10**5, class_weight=w), True)],
    ids=["logistic", "ridge", "linear-svm"],
)  # fmt: skip
def test_a_model_in_the_space_of_the_rows_is_the_same(model, crowded, weight, classes) -> None:
    x, y = bags(classes=classes, n=24)
    y = np.where(np.arange(24) < 6, 0, y)  # unequal classes
    dense = csr_matrix(x.toarray() + 0.01)
    there, here = Rotated(model(weight), crowded).fit(dense, y), model(weight).fit(dense, y)
    assert there.rotated
    new = bags(classes=classes, n=200, seed=2)[0]
    scores = np.asarray(new @ there.coefficients) + there.model.intercept_
    assert np.allclose(scores.squeeze(), here.decision_function(new), atol=1e-3)
    assert np.array_equal(there.predict(new), here.predict(new))


def test_what_has_few_columns_or_is_sparse_enough_is_not_rotated() -> None:
    x, y = bags()
    assert Rotated(RidgeClassifier()).fit(x, y).rotated
    assert not Rotated(RidgeClassifier()).fit(x[:, :40], y).rotated
    assert not Rotated(LinearSVC(), crowded=True).fit(x, y).rotated, "2,000 numbers, 3,600 once rotated"


@pytest.mark.parametrize("k", [1, 4, 15])
def test_neighbours_are_those_of_scikit_learn(k) -> None:
    x, y = bags(n=90)
    new = bags(n=50, seed=3)[0]
    theirs = KNeighborsClassifier(k, metric="cosine", algorithm="brute").fit(x, y)
    assert (Neighbours(k, False).fit(x, y).predict(new) == theirs.predict(new)).mean() > 0.95, "but for ties"


def test_votes_by_hand() -> None:
    x, y = np.array([[1.0, 0.0], [0.0, 1.0], [0.1, 1.0]]), np.array([0, 1, 1])
    new = np.array([[3.0, 1.0]])  # cosines .95, .32 and .41
    assert Neighbours(1, False).fit(x, y).predict(new).tolist() == [0]
    assert Neighbours(3, False).fit(x, y).predict(new).tolist() == [1], "two against one"
    assert Neighbours(3, True).fit(x, y).predict(new).tolist() == [0], ".95 against .73"
    assert Neighbours(2, False).fit(x, y).predict(new).tolist() == [0], "one against one: the first class"
    assert Neighbours(99, False).fit(x, y).predict(new).tolist() == [1], "all vote"
