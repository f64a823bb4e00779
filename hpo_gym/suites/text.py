"""The suite `Text`: from texts to features to a classifier, trained for this package."""

from __future__ import annotations

from hpo_gym.base import DATA
from hpo_gym.problem import SUITES
from hpo_gym.suites.own.suite import TableSuite, load_folder


@SUITES.register("Text", kind="table")
def text() -> TableSuite:
    """Choose n-grams, their weights, their reduction and a classifier, with its own hyperparameters, for a corpus.

    **Search space**: 27 columns, 20 of them conditional: words or characters, lengths of the n-grams, capitals,
    English stop words, a learned vocabulary (and its limits) or a hashed one, weights (tf-idf, counts, presence) and
    lengths of rows, no reduction, chi-square or truncated SVD, and one of seven classifiers (logistic regression,
    linear and Gaussian support vector machines, ridge, two kinds of naive Bayes, nearest neighbours). Naive Bayes after
    SVD is forbidden, as is the Gaussian machine without it. The default is scikit-learn's `TfidfVectorizer` and
    `LogisticRegression`.

    **Score**: balanced accuracy in [0, 1], the mean over three repeats of three folds. Test score: the mean of the same
    models, at full fidelity, on up to 1,800 texts that no choice has seen. **Cost**: processor seconds to read the
    texts, to train and to predict.

    **Fidelity**: share of the training texts: 1/9, 1/3, 1.

    **Failures**: configurations that leave no n-gram.

    **Tasks**: groups of one corpus: topics of newsgroups and of a newswire, sentiment of reviews, tweets, editorials
    and comments, authors, outlets, languages. Folds have at most 600 texts, a text at most 600 characters. A family is
    a corpus, or corpora of one source.

    **Best score**: the table's own maximum, so it is exact for the rows of the table.

    **Source**: our own training with scikit-learn; the corpora are named in `suite.json`, and no text is shipped. How
    the table was made: `benchmarks/builders/hpo_builders/trained/text.py`.
    """
    return load_folder(DATA / "Text")
