"""The recipe of `Text`: what its configurations mean, and what no model is told."""

from __future__ import annotations

import functools
from dataclasses import replace

import numpy as np
import pytest

pytest.importorskip("sklearn")

from sklearn.feature_extraction.text import TfidfVectorizer
from sklearn.linear_model import LogisticRegression

from hpo_builders.order import BUILDERS
from hpo_builders.text import material
from hpo_builders.text.documents import Documents
from hpo_builders.text.grams import Texts
from hpo_builders.text.problem import TextProblem, digest, numbers, problem, toy
from hpo_builders.trained import text
from hpo_builders.training import cells
from hpo_gym.problem import SearchSpace

SPACE = SearchSpace(text.config_space())


@functools.cache
def documents(n: int = 400) -> Documents:
    """Sentences of made-up words; three words in ten are of the class's own vocabulary."""
    rng = np.random.default_rng(5)
    labels = [("up", "down", "side")[i % 3] for i in range(n)]
    common = [f"Word{i}" for i in range(60)]
    texts = []
    for label in labels:
        own = [f"{label}{i}" for i in range(8)]
        texts.append(" ".join(str(rng.choice(own if rng.random() < 0.3 else common)) for _ in range(12)))
    return Documents("sentences", tuple(texts), tuple(labels))


def ready() -> TextProblem:
    return problem(documents(), 0)


def configured(**changes):
    """The default with changes, and what they wake at its default; what they put to sleep is left out."""
    values = {h.name: h.default for h in SPACE.hyperparameters} | changes
    x = np.array([[h.units(np.array([h.position(values[h.name])]))[0] for h in SPACE.hyperparameters]])
    assert SPACE.legal(SPACE.snap(x))[0]
    return SPACE.decode(SPACE.snap(x))[0]


def drawn(n: int):
    x = SPACE.snap(np.random.default_rng(3).random((4 * n, SPACE.d)))
    return SPACE.decode(x[SPACE.legal(x)][:n])


def same(one, two) -> bool:
    return all(np.array_equal(getattr(one, f), getattr(two, f), equal_nan=True) for f in ("score", "test_score"))


# ------------------------------------------------------------------------------------------------ what is measured
def test_the_default_is_scikit_learns_own() -> None:
    made, default = ready(), SPACE.from_unit(SPACE.default_x)
    scores, tests = [], []
    for fold in made.rows.folds:
        train, val, test = ([made.texts.texts[i] for i in numbers(x)] for x in (fold.x, fold.x_val, fold.x_test))
        vectoriser = TfidfVectorizer()
        model = LogisticRegression().fit(vectoriser.fit_transform(train), fold.y)
        scores.append(made.rows.score(fold.y_val, model.predict(vectoriser.transform(val))))
        tests.append(made.rows.score(fold.y_test, model.predict(vectoriser.transform(test))))
    measured = text.train(made, default, 0)
    assert measured.score[-1] == pytest.approx(np.mean(scores), abs=2e-3)
    assert measured.test_score[-1] == pytest.approx(np.mean(tests), abs=2e-3)
    assert np.isnan(measured.test_score[:2]).all() and (measured.cost > 0).all()
    assert measured.score[0] < measured.score[2], "nine times the texts"


@pytest.mark.parametrize("name", ["logistic", "linear-svm", "ridge", "multinomial-nb", "complement-nb", "neighbours"])
@pytest.mark.parametrize("changes", [{}, {"unit": "char_wb", "norm": "none"}, {"vocabulary": "hashed"},
                                     {"reduction": "chi2", "weighting": "binary"}])  # fmt: skip
def test_every_classifier_learns(name, changes) -> None:
    assert text.train(ready(), configured(classifier=name, **changes), 0).score[-1] > 0.55, "a third is chance"


@pytest.mark.parametrize("name", ["logistic", "linear-svm", "ridge", "neighbours", "rbf-svm"])
def test_classifiers_learn_from_few_axes(name) -> None:
    assert text.train(ready(), configured(classifier=name, reduction="svd", components=20), 0).score[-1] > 0.5


def test_a_vocabulary_without_words_is_a_failure_of_this_fidelity_only() -> None:
    measured = text.train(ready(), configured(min_df=10, max_df=0.1), 0)
    assert measured.score[0] == -np.inf, "in 10 texts and in 3 of 22: no word"
    assert np.isfinite(measured.score[2]) and np.isfinite(measured.test_score[2])


# ------------------------------------------------------------------------------------------------ what decides
@pytest.mark.long
def test_the_order_of_cells_changes_no_bit() -> None:
    configs = drawn(12)
    forth, back = ready(), ready()
    one = [text.train(forth, c, 1) for c in configs]
    two = [text.train(back, c, 1) for c in configs[::-1]][::-1]
    assert all(same(a, b) for a, b in zip(one, two, strict=True))


@pytest.mark.parametrize(
    "config", [pytest.param(c, marks=() if i < 3 else pytest.mark.long, id=str(c)) for i, c in enumerate(drawn(8))]
)
def test_test_texts_reach_neither_vocabulary_nor_weights_nor_choices(config) -> None:
    made = ready()
    texts = list(made.texts.texts)
    for i in set(range(len(texts))) - set(made.texts.learn.tolist()):
        texts[i] = f"quite other words, {i} up0 up0 up0"
    other = TextProblem(made.rows, Texts(tuple(texts), made.texts.learn))
    one, two = text.train(made, config, 0), text.train(other, config, 0)
    assert np.array_equal(one.score, two.score)
    assert one.test_score[-1] != two.test_score[-1] or one.test_score[-1] == -np.inf, "what is tested is another"


def test_validation_texts_of_a_fold_reach_no_model_of_it() -> None:
    made = ready()
    config = configured(min_df=2, reduction="chi2", k_best=50)
    fold = made.rows.folds[0]
    texts = list(made.texts.texts)
    for i in numbers(fold.x_val):
        texts[i] = "down1 down1 other"
    other = Texts(tuple(texts), made.texts.learn)
    one = text._fit(config, text.counted(made, config).matrix, fold.x, fold.y, 0)
    two = text._fit(config, text.counted(TextProblem(made.rows, other), config).matrix, fold.x, fold.y, 0)
    assert np.array_equal(one(fold.x_test), two(fold.x_test))


def test_reading_is_charged_to_every_cell() -> None:
    made, config = ready(), configured()
    first, again = text.train(made, config, 0), text.train(made, config, 0)
    each = text.counted(made, config).seconds
    fold = made.rows.folds[0]
    least = 9 * each * (len(fold.y) + len(fold.y_val))
    assert first.cost[-1] > least and again.cost[-1] > least > 0


def test_a_digest_is_of_texts_classes_and_folds() -> None:
    made = ready()
    moved = replace(made, texts=Texts((made.texts.texts[0] + "!", *made.texts.texts[1:]), made.texts.learn))
    assert digest(made) == digest(ready()) != digest(moved)
    assert digest(made) != digest(problem(documents(), 1)) and len(digest(made)) == 32


# ------------------------------------------------------------------------------------------------ the recipe
def test_what_no_classifier_can_use_is_forbidden() -> None:
    configs = drawn(300)
    seen = {(c["classifier"], c["reduction"]) for c in configs}
    assert not {pair for pair in seen if pair[1] == "svd" and pair[0].endswith("-nb")}
    assert {r for c, r in seen if c == "rbf-svm"} == {"svd"}
    assert len(seen) == 7 * 3 - 2 - 2


def test_the_toy_warms_every_classifier_up() -> None:
    assert text.train(toy(), SPACE.from_unit(SPACE.default_x), 0).score.shape == (3,)


def test_the_recipe_is_registered_and_fits_its_suite() -> None:
    recipe = text.RECIPE
    assert BUILDERS.get("Text") is text.text
    assert (recipe.suite, recipe.configurations, recipe.fidelities) == ("Text", 200, (1 / 9, 1 / 3, 1.0))
    assert cells.configurations(recipe, 200).shape == (200, SPACE.d)
    reported = material.Corpora()
    assert {e.package for e in reported.entries()} == set(reported.packages)
    assert reported.describe()["score"]["name"] == "balanced accuracy"
