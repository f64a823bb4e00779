"""Counts of n-grams of words or characters in texts, all texts at once.

An n-gram is known by a hash of what it holds, 64 bits: what other texts hold decides nothing, and none of ten million
shares its hash with another but by a chance of 1 in 300,000. Columns are in the order of their hashes.
"""

from __future__ import annotations

import hashlib
import re
import time
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any, Literal

import numpy as np

from hpo_gym.base import Ints, Keys, seeding

Unit = Literal["word", "char_wb"]

BITS = 14
"""Of the most buckets of hashed n-grams."""

_TOKEN = re.compile(r"(?u)\b\w\w+\b")  # scikit-learn's


@dataclass(frozen=True)
class Reading:
    """Settings of the cut of texts into n-grams.

    Attributes:
        unit: "word", of two letters or more, or "char_wb": characters inside words, a blank on either side.
        lower: Whether capitals are made small first.
        stop: Whether scikit-learn's English stop words are left out; of words only.
    """

    unit: Unit
    lower: bool = True
    stop: bool = False


@dataclass(frozen=True, eq=False)
class Counts:
    """Counts of n-grams of some lengths in texts.

    Attributes:
        matrix: Sparse by rows, ``(texts, columns)``; a column is an n-gram of a text to learn from, or a bucket.
        seconds: Processor seconds to read one text, in the mean of all.
    """

    matrix: Any
    seconds: float


@dataclass(eq=False)
class Texts:
    """Texts, and the counts of their n-grams, which are kept once they were asked for.

    What is kept holds the counts of all texts, and no choice that is learned: columns, weights and their number are
    chosen on the texts that a model learns from. A configuration is charged for the reading of what it reads, whoever
    read it first: see `Counts.seconds`.

    Attributes:
        texts: All of them.
        learn: Which may be learned from, sorted.
    """

    texts: tuple[str, ...]
    learn: Ints
    _kept: dict[tuple[Reading, int, bool], Counts] = field(default_factory=dict, repr=False)

    def counts(self, reading: Reading, first: int, last: int, *, hashed: int = 0) -> Counts:
        """Count n-grams of `first` to `last` words or characters; `hashed`: in ``2 ** hashed`` buckets, if any."""
        from scipy.sparse import hstack

        parts = [self._of_length(reading, n, bool(hashed)) for n in range(first, last + 1)]
        seconds = sum(part.seconds for part in parts)
        if not hashed:
            return Counts(hstack([part.matrix for part in parts], format="csr"), seconds)
        total = sum((part.matrix for part in parts[1:]), start=parts[0].matrix)
        return Counts(fewer_buckets(total, hashed), seconds)

    def _of_length(self, reading: Reading, n: int, hashed: bool) -> Counts:
        if (reading, n, hashed) not in self._kept:
            start = time.process_time()
            owner, grams = read(self.texts, reading, n)
            if hashed:
                matrix = _matrix(owner, (grams >> np.uint64(64 - BITS)).astype(np.int64), len(self.texts), 1 << BITS)
            else:
                known = np.unique(grams[np.isin(owner, self.learn)])
                column = np.minimum(np.searchsorted(known, grams), max(len(known) - 1, 0))
                kept = known[column] == grams if len(known) else np.zeros(len(grams), bool)
                matrix = _matrix(owner[kept], column[kept], len(self.texts), len(known))
            seconds = (time.process_time() - start) / len(self.texts)
            self._kept[reading, n, hashed] = Counts(matrix, seconds)
        return self._kept[reading, n, hashed]


def fewer_buckets(matrix: Any, bits: int) -> Any:
    """Return counts in the ``2 ** bits`` buckets that those of `BITS` are parts of."""
    from scipy.sparse import csr_matrix

    folded = csr_matrix(
        (matrix.data.copy(), matrix.indices >> (BITS - bits), matrix.indptr.copy()), (matrix.shape[0], 1 << bits)
    )
    folded.sum_duplicates()
    return folded


def _matrix(row: Ints, column: Ints, rows: int, columns: int) -> Any:
    from scipy.sparse import coo_matrix

    return coo_matrix((np.ones(len(row)), (row, column)), (rows, columns)).tocsr()


# ---------------------------------------------------------------------------------------------- reading
def read(texts: Sequence[str], reading: Reading, n: int) -> tuple[Ints, Keys]:
    """All n-grams of one length, each as often as it stands: the number of its text, and its hash."""
    if reading.lower:
        texts = [text.lower() for text in texts]
    owner, piece, units = _words(texts, reading.stop) if reading.unit == "word" else _characters(texts)
    starts = np.arange(max(len(units) - n + 1, 0))
    starts = starts[piece[starts] == piece[starts + n - 1]]
    grams = seeding.mix(units[starts], n)
    for i in range(1, n):
        grams = seeding.mix(grams, units[starts + i])
    return owner[starts], grams


def _words(texts: Sequence[str], stop: bool) -> tuple[Ints, Ints, Keys]:
    """Text, piece (the text) and hash of each word."""
    left_out = _stop_words() if stop else frozenset()
    words = [[word for word in _TOKEN.findall(text) if word not in left_out] for text in texts]
    owner = np.repeat(np.arange(len(texts)), [len(each) for each in words])
    known = {word: _hash(word) for word in {word for each in words for word in each}}
    return owner, owner, np.array([known[word] for each in words for word in each], np.uint64)


def _characters(texts: Sequence[str]) -> tuple[Ints, Ints, Keys]:
    """Text, piece (the word) and hash of each character, and of the blanks about words."""
    words = [[f" {word} " for word in text.split()] for text in texts]
    lengths = np.array([len(word) for each in words for word in each], np.int64)
    piece = np.repeat(np.arange(len(lengths)), lengths)
    owner = np.repeat(np.repeat(np.arange(len(texts)), [len(each) for each in words]), lengths)
    joined = "".join(word for each in words for word in each)
    codes = np.frombuffer(joined.encode("utf-32-le", "surrogatepass"), np.uint32)
    return owner, piece, codes.astype(np.uint64)


def _hash(word: str) -> int:
    return int.from_bytes(hashlib.blake2b(word.encode("utf-8", "surrogatepass"), digest_size=8).digest(), "little")


def _stop_words() -> frozenset[str]:
    from sklearn.feature_extraction.text import ENGLISH_STOP_WORDS

    return frozenset(ENGLISH_STOP_WORDS)
