"""From a corpus to a problem: which texts are learned from, which choose and which test."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from hpo_builders.data_sets import problems
from hpo_builders.data_sets.folds import CLASSIFICATION, Fold, Problem
from hpo_builders.data_sets.sources import DataSet
from hpo_builders.text.documents import Documents
from hpo_builders.text.grams import Texts
from hpo_gym.base import Ints, seeding

LEARN, TEST = 600, 1800
"""Most texts that the folds have together, and most test texts."""


@dataclass(frozen=True, eq=False)
class TextProblem:
    """Texts to tell apart.

    Attributes:
        rows: The folds; the one feature of a row is the number of its text. All models of a repeat together predict
            each test text once.
        texts: The texts, those to learn from among them, in an order by key.
    """

    rows: Problem
    texts: Texts

    @property
    def name(self) -> str:
        """Name of the task."""
        return self.rows.name


def problem(documents: Documents, seed: int) -> TextProblem:
    """Draw texts and split them: three repeats of three folds, and test texts that no fold has.

    Args:
        documents: The corpus.
        seed: Of the draw; the same texts come for the same name and seed.

    Raises:
        InvalidValueError: There are too few texts, or too few of two classes.
    """
    rng = np.random.default_rng(seeding.key("texts", documents.name, seed))
    chosen = np.sort(rng.permutation(len(documents.texts))[: LEARN + TEST])
    number = np.arange(len(chosen), dtype=np.float64)
    labels = np.array([documents.labels[i] for i in chosen])
    data = DataSet(documents.name, CLASSIFICATION, (number,), ("text",), (False,), labels, "", "")
    rows = problems.problem(data, LEARN, LEARN, seed)
    return TextProblem(rows, Texts(tuple(documents.texts[i] for i in chosen), learnable(rows)))


def numbers(x: NDArray[np.float64]) -> Ints:
    """Return the numbers of the texts that rows stand for."""
    return x[:, 0].astype(np.int64)


def learnable(rows: Problem) -> Ints:
    """Return the texts that may be learned from: those of one repeat of the folds, sorted."""
    return np.unique(np.concatenate([numbers(fold.x_val) for fold in rows.folds[: problems.FOLDS]]))


def held_out_texts(ready: TextProblem) -> Ints:
    """Return the texts that test, sorted."""
    return np.unique(np.concatenate([numbers(fold.x_test) for fold in ready.rows.folds]))


def digest(ready: TextProblem) -> bytes:
    """Return a mark of texts, classes and folds, 32 bytes."""
    out = hashlib.sha256()
    for text in ready.texts.texts:
        data = text.encode("utf-8", "surrogatepass")
        out.update(len(data).to_bytes(8, "little") + data)
    for fold in ready.rows.folds:
        for array in (fold.x, fold.y, fold.x_val, fold.y_val, fold.x_test, fold.y_test):
            out.update(np.ascontiguousarray(array, "<f8").tobytes())
    return out.digest()


def toy() -> TextProblem:
    """Twelve texts of two classes in three folds of one kind: trained once to warm a process up."""
    words = ("red green blue ", "one two three ")
    texts = tuple(words[i % 2] + f"text{i // 2} and more" for i in range(24))
    x, y = np.arange(24, dtype=np.float64)[:, None], np.arange(24) % 2
    fold = Fold(x[:12], y[:12], x[12:18], y[12:18], x[18:], y[18:])
    return TextProblem(Problem("toy", CLASSIFICATION, 2, (fold,) * problems.FOLDS), Texts(texts, np.arange(18)))


def meta_features(ready: TextProblem) -> dict[str, float | None]:
    """Return the meta-features of a corpus, from its training texts."""
    texts = [ready.texts.texts[i] for i in ready.texts.learn]
    folds = ready.rows.folds[: problems.FOLDS]
    counts = np.bincount(np.concatenate([fold.y_val for fold in folds]).astype(np.int64))
    words = [text.lower().split() for text in texts]
    flat = [word for each in words for word in each]
    known, times = np.unique(np.array(flat), return_counts=True)
    joined = "".join(texts)
    values = {
        "n_rows": float(len(texts)),
        "n_classes": float(len(counts)),
        "majority_share": float(counts.max() / counts.sum()),
        "minority_share": float(counts.min() / counts.sum()),
        "mean_words": len(flat) / len(texts),
        "sd_words": float(np.std([len(each) for each in words])),
        "mean_word_length": float(np.mean([len(word) for word in flat])),
        "distinct_words": float(len(known)),
        "single_words": float((times == 1).mean()),
        "ascii_share": sum(c.isascii() for c in joined) / len(joined),
        "capital_share": sum(c.isupper() for c in joined) / len(joined),
        "digit_share": sum(c.isdigit() for c in joined) / len(joined),
    }
    return {name: round(v, 6) for name, v in values.items()}
