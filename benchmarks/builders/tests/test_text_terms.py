"""From counts to features: known answers, and the same as scikit-learn."""

from __future__ import annotations

import math

import numpy as np
import pytest

pytest.importorskip("sklearn")

from scipy.sparse import csr_matrix
from sklearn.decomposition import TruncatedSVD
from sklearn.feature_extraction.text import TfidfTransformer
from sklearn.feature_selection import SelectKBest, chi2

from hpo_builders.text import terms
from hpo_builders.text.rotation import principal_axes, rotation
from hpo_builders.training.recipe import TrainingFailed

PLAIN = {"vocabulary": "learned", "min_df": 1, "max_df": 1.0, "max_features": 10**6, "weighting": "count",
         "norm": "none", "reduction": "none"}  # fmt: skip
COUNTS = csr_matrix([[2.0, 1, 0, 0], [1, 0, 1, 0], [3, 0, 0, 0], [1, 2, 0, 0]])
Y = np.array([0, 1, 1, 0])


def learned(counts=COUNTS, y=Y, **changes):
    features, x = terms.learn({**PLAIN, **changes}, counts, y)
    assert np.allclose(np.asarray(features.of(counts).todense() if hasattr(x, "todense") else features.of(counts)),
                       x.todense() if hasattr(x, "todense") else x)  # fmt: skip
    return features, np.asarray(x.todense() if hasattr(x, "todense") else x)


def draws(n=40, p=300, seed=0):
    rng = np.random.default_rng(seed)
    x = csr_matrix(rng.poisson(rng.gamma(0.3, 1.0, p), (n, p)).astype(float))
    return x[:, np.flatnonzero(np.asarray(x.sum(0)).ravel())], rng.integers(3, size=n)


# ------------------------------------------------------------------------------------------------ by hand
def test_columns_that_no_training_text_has_are_left_out() -> None:
    features, x = learned()
    assert features.columns.tolist() == [0, 1, 2] and x.tolist() == COUNTS.toarray()[:, :3].tolist()


def test_rare_frequent_and_surplus_columns_are_left_out() -> None:
    assert learned(min_df=2)[0].columns.tolist() == [0, 1]
    assert learned(max_df=0.5)[0].columns.tolist() == [1, 2], "the first is in all four"
    assert learned(max_features=2)[0].columns.tolist() == [0, 1], "7 and 3 times, not once"
    assert learned(vocabulary="hashed")[0].columns.tolist() == [0, 1, 2, 3], "buckets stay"


def test_weights_by_hand() -> None:
    assert learned(weighting="binary")[1].tolist() == [[1, 1, 0], [1, 0, 1], [1, 0, 0], [1, 1, 0]]
    _, x = learned(sublinear_tf="yes")
    assert x[2, 0] == pytest.approx(1 + math.log(3)) and x[1, 0] == 1.0
    _, x = learned(weighting="tfidf")
    assert x[0] == pytest.approx([2.0, math.log(5 / 3) + 1, 0.0]), "in 4 of 4, and in 2 of 4 texts"
    _, x = learned(norm="l2")
    assert x[0] == pytest.approx([2 / math.sqrt(5), 1 / math.sqrt(5), 0.0])


def test_weights_are_of_the_training_texts() -> None:
    features, _ = learned(weighting="tfidf", norm="l2")
    other = np.asarray(features.of(csr_matrix([[0.0, 0, 0, 9], [0, 4, 0, 9]])).todense())
    assert other.tolist() == [[0, 0, 0], [0, 1, 0]], "a text of unknown n-grams is 0, and no others count"


def test_no_n_gram_left_is_a_failure() -> None:
    with pytest.raises(TrainingFailed, match=r"No n-gram is in 3 to 2 of 4 texts"):
        learned(min_df=3, max_df=0.5)
    with pytest.raises(TrainingFailed, match="all are 0"):
        learned(csr_matrix((4, 4)), vocabulary="hashed", reduction="svd", components=2)


# ------------------------------------------------------------------------------------------------ as scikit-learn
@pytest.mark.parametrize("sublinear", ["no", "yes"])
@pytest.mark.parametrize("norm", ["l2", "none"])
def test_tfidf_is_that_of_scikit_learn(sublinear, norm) -> None:
    x, y = draws()
    other, _ = draws(seed=1)
    features, ours = learned(x, y, weighting="tfidf", sublinear_tf=sublinear, norm=norm)
    theirs = TfidfTransformer(norm=None if norm == "none" else norm, sublinear_tf=sublinear == "yes").fit(x)
    assert np.allclose(ours, theirs.transform(x).toarray())
    other = csr_matrix((other.data, other.indices % x.shape[1], other.indptr), (len(y), x.shape[1]))
    other.sum_duplicates()
    assert np.allclose(features.of(other).toarray(), theirs.transform(other).toarray())


@pytest.mark.parametrize("k", [1, 7, 100])
def test_the_best_by_chi_square_are_those_of_scikit_learn(k) -> None:
    x, y = draws()
    ours, theirs = terms.best_by_chi2(x, y, k), SelectKBest(chi2, k=k).fit(x, y)
    assert theirs.scores_[ours].sum() == pytest.approx(np.sort(theirs.scores_)[-k:].sum()), "but for ties"
    assert len(set(ours)) == k
    assert np.array_equal(terms.best_by_chi2(x, y, 10**6), np.arange(x.shape[1]))


def test_the_projection_is_that_of_scikit_learn_but_for_signs() -> None:
    x, _ = draws()
    theirs = TruncatedSVD(5, algorithm="arpack", random_state=0).fit(x)
    ours = principal_axes(x, 5)
    assert np.allclose(np.abs((ours * theirs.components_.T).sum(0)), 1.0)
    assert (ours[np.abs(ours).argmax(0), range(5)] > 0).all()


def test_a_rotation_keeps_all_scalar_products() -> None:
    x, _ = draws(20)
    vectors, lengths = rotation(x, 20)
    rotated = vectors * lengths
    assert np.allclose(rotated @ rotated.T, (x @ x.T).todense())
    assert rotation(csr_matrix([[1.0, 2, 3], [2, 4, 6]]), 2)[0].shape == (2, 1), "two parallel rows have one axis"


def test_fewer_axes_than_asked_for_where_there_are_no_more() -> None:
    _, x = learned(reduction="svd", components=50)
    assert x.shape == (4, 3)
