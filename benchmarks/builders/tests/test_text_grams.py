"""N-grams of texts: which there are, how often, and what a hashed one is."""

from __future__ import annotations

import numpy as np
import pytest

pytest.importorskip("sklearn")

from sklearn.feature_extraction.text import CountVectorizer

from hpo_builders.text import grams
from hpo_builders.text.grams import BITS, Reading, Texts, fewer_buckets

TEXTS = (
    "The cat sat on the mat, and the Cat ran.",
    "A dog! a DOG? no: I saw the dog's mat",
    "über Straße naïve 猫が好き 123 a",
    "",
    "  x  y  ",
    "the the the cat",
)
EVERY = np.arange(len(TEXTS))


def counts(reading: Reading, first: int, last: int, learn=EVERY, texts=TEXTS, **options):
    return Texts(tuple(texts), learn).counts(reading, first, last, **options).matrix.toarray()


def columns(matrix):
    """Columns in an order of their own, so that two vocabularies can be compared."""
    return sorted(map(tuple, matrix.T.tolist()))


def test_words_of_two_letters_and_pairs_of_them_by_hand() -> None:
    texts = ("no no yes", "yes a no")  # "a" has one letter: "yes no" is a pair
    assert columns(counts(Reading("word"), 1, 1, np.arange(2), texts)) == [(1, 1), (2, 1)]  # yes, no
    assert columns(counts(Reading("word"), 2, 2, np.arange(2), texts)) == [(0, 1), (1, 0), (1, 0)]  # no no, no yes


def test_characters_by_hand() -> None:
    texts = ("ab b", "b")  # " ab " and " b ", " b "
    assert columns(counts(Reading("char_wb"), 2, 2, np.arange(2), texts)) == [(1, 0), (1, 0), (1, 1), (2, 1)]
    assert columns(counts(Reading("char_wb"), 3, 3, np.arange(2), texts)) == [(1, 0), (1, 0), (1, 1)]


@pytest.mark.parametrize("lower", [True, False])
@pytest.mark.parametrize(
    ("unit", "first", "last", "stop"),
    [("word", 1, 1, False), ("word", 1, 3, False), ("word", 1, 2, True), ("char_wb", 1, 3, False),
     ("char_wb", 2, 5, False), ("char_wb", 3, 4, False)],
)  # fmt: skip
def test_n_grams_are_those_of_scikit_learn(unit, first, last, stop, lower) -> None:
    theirs = CountVectorizer(
        analyzer=unit, ngram_range=(first, last), lowercase=lower, stop_words="english" if stop else None
    ).fit_transform(TEXTS)
    ours = counts(Reading(unit, lower, stop), first, last)
    assert columns(ours) == columns(theirs.toarray())


def test_only_what_may_be_learned_from_has_columns() -> None:
    ours = counts(Reading("word"), 1, 2, np.array([0, 5]))
    theirs = CountVectorizer(ngram_range=(1, 2)).fit([TEXTS[0], TEXTS[5]]).transform(TEXTS)
    assert columns(ours) == columns(theirs.toarray())


def test_what_other_texts_hold_moves_no_column() -> None:
    learn = np.array([0, 1])
    one = counts(Reading("char_wb"), 2, 3, learn)
    two = counts(Reading("char_wb"), 2, 3, learn, (*TEXTS[:2], "quite another text", "zebra"))
    assert np.array_equal(one[:2], two[:2])


def test_buckets_hold_all_n_grams_and_large_ones_are_sums_of_small_ones() -> None:
    reading = Reading("word")
    all_of_them = CountVectorizer(ngram_range=(1, 2)).fit_transform(TEXTS).sum(1)
    most = counts(reading, 1, 2, np.array([0]), hashed=BITS)
    assert most.shape == (len(TEXTS), 2**BITS)
    assert np.array_equal(most.sum(1), np.asarray(all_of_them).ravel()), "also what no text to learn from holds"
    few = counts(reading, 1, 2, np.array([0]), hashed=8)
    assert np.array_equal(few, most.reshape(len(TEXTS), 2**8, -1).sum(2))


def test_fewer_buckets_leave_the_many_as_they_are() -> None:
    many = Texts(TEXTS, EVERY).counts(Reading("word"), 1, 1, hashed=BITS).matrix
    before = many.copy()
    fewer_buckets(many, 4)
    assert (many != before).nnz == 0 and np.array_equal(many.indices, before.indices)


def test_counts_are_kept_and_the_same_seconds_are_charged_to_all_who_ask(monkeypatch) -> None:
    texts = Texts(TEXTS * 50, np.arange(6))
    first = texts.counts(Reading("word"), 1, 2)
    monkeypatch.setattr(grams, "read", lambda *ask: pytest.fail("read twice"))
    again, part = texts.counts(Reading("word"), 1, 2), texts.counts(Reading("word"), 1, 1)
    assert again.seconds == first.seconds > part.seconds > 0
    assert (again.matrix != first.matrix).nnz == 0
