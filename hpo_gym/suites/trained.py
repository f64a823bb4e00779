"""Suites of tables that were trained for this package, each read from its folder in `hpo_gym/data`.

A docstring says what is chosen and scored; tasks, fidelities, failures and licences are in the cards of
`docs/suites.md`. Best scores are the tables' own maxima, so they are exact for the rows of a task. How a table was
made: the file of its name in `benchmarks/builders/hpo_builders/trained/`.

`Boosting`, `Linear`, `MLP`, `Studies` and `SVM` score balanced accuracy in [0, 1], or in regression R^2 (at least -1),
the mean over three repeats of three folds of at most 900 rows, where a model learns from at most 250; in regression the
class weight has no effect. Costs are processor seconds; the cards say of what.
"""

from __future__ import annotations

from hpo_gym.base import DATA
from hpo_gym.problem import SUITES
from hpo_gym.suites.own.suite import TableSuite, load_folder


@SUITES.register("Boosting", kind="table")
def boosting() -> TableSuite:
    """Choose the hyperparameters of LightGBM for a data set.

    **Search space**: 13 columns: kind of boosting (`gbdt`, `goss`, `rf`), learning rate, leaves, depth, least rows of a
    leaf, sampling of rows and columns, L1 and L2 penalty, least gain of a split, random thresholds, class weight. The
    learning rate and the sampling of rows depend on the kind of boosting. The default is LightGBM's own.
    """
    return load_folder(DATA / "Boosting")


@SUITES.register("Control", kind="table")
def control() -> TableSuite:
    """Choose an algorithm and its settings to learn a policy for a system (PPO, REINFORCE, ES, Q-learning).

    **Search space**: 34 columns, 8 to 13 of them active: the algorithm, whether observations are standardised, the
    discount as `horizon` = 1 / (1 - discount), hidden units of policy and critic (0: linear), and settings of one
    algorithm: learning rates, batches, entropy, clip and GAE lambda of PPO, baseline of REINFORCE, sigma and population
    of the evolution strategy, exploration, traces, optimism and features (tiles, with one tiling a table, or random
    Fourier features) of Q-learning. The default is PPO with its usual settings.

    **Score**: mean reward a step of the greedy policy in 128 validation episodes, 0 for doing nothing, 1 for the
    highest reward at each step (unreachable); it may be below 0. The mean over three trainings.
    """
    return load_folder(DATA / "Control")


@SUITES.register("Linear", kind="table")
def linear() -> TableSuite:
    """Tune a linear classifier or regressor: scaling, products of columns, loss, penalty and solver.

    **Search space**: scaling, products of columns, solver, loss, penalty, its strength and its l1 share, the learning
    rate of stochastic gradient descent, class weights and intercept; 11 columns, five of them conditional. One choice
    of loss and solver has its counterpart in classification and regression.
    """
    return load_folder(DATA / "Linear")


@SUITES.register("LM", kind="table")
def lm() -> TableSuite:
    """Tune a character-level transformer and its training for a text, with smaller transformers as fidelities.

    **Search space**: 17 columns: optimizer (adamw, sgd, lion) with `beta_2` or momentum, learning rate, schedule and
    the share of its warm-up, batch size and context in characters, weight decay, gradient clipping, width to depth,
    heads, dropout, spread of the first weights, tied embeddings, positions, and where blocks normalise. Three are
    conditional. Defaults are those of nanoGPT's example for a processor, where they fit.

    **Score**: share of a uniform guess's bits that the model saves on validation blocks, 1 - bits per character /
    log2(symbols), at least -1: 0 = uniform guess, 1 = no bit needed; .01 is about .06 bits of an alphabet of 64.
    **Objectives**: all trained weights; floating-point operations per further character.
    """
    return load_folder(DATA / "LM")


@SUITES.register("MLP", kind="table")
def mlp() -> TableSuite:
    """Tune a multilayer perceptron and its training for a data set.

    **Search space**: 18 columns: input scaling, optimizer, momentum and Nesterov of sgd, learning rate, its schedule
    with its settings, batch size, weight decay, width and number of the hidden layers, activation, normalisation,
    dropout and class weight. The six settings of sgd or of a schedule are conditional. The default is that of
    scikit-learn's `MLPClassifier` where it has one.
    """
    return load_folder(DATA / "MLP")


@SUITES.register("NAS", kind="table")
def nas() -> TableSuite:
    """Choose the cell of a small convolutional network and the layers around it.

    **Search space**: 13 columns. A cell has four nodes and one of seven operations on each of its six edges (none,
    skip, convolutions 1x1, 3x3 and depthwise 3x3, maxima and means of 3x3); further the number of cells, their width,
    the kernel of the stem, how images are halved before each cell, the head, activation and normalisation. Cells
    without a path from input to output are forbidden. The training is the same for all. The default is a residual cell.

    **Score**: balanced accuracy in [0, 1] on 400 images, the mean of two networks trained on 240 images each.
    **Objectives**: `size`, the weights of one network, and `latency`, the multiply-adds of one image, both counted.
    """
    return load_folder(DATA / "NAS")


@SUITES.register("Studies", kind="table")
def studies() -> TableSuite:
    """Choose the hyperparameters of LightGBM for a data set, by studies that share no configuration.

    **Search space**: that of `Boosting`: 13 columns, two of them conditional. Each data set has its own 175
    configurations, so others are known at other points; 25 more, proposed by TPE, are known of earlier tasks only.
    """
    return load_folder(DATA / "Studies")


@SUITES.register("SVM", kind="table")
def svm() -> TableSuite:
    """Choose kernel, parameters and scaling of a support vector machine for a data set.

    **Search space**: kernel (linear, rbf, poly, sigmoid), `gamma` as a multiple of scikit-learn's "scale" where the
    kernel has one, `degree` and `coef0` likewise, `C`, `shrinking`, scaling of the columns, class weights
    (classification) and `epsilon` (regression); 9 columns. Defaults are scikit-learn's, with columns standardised.
    """
    return load_folder(DATA / "SVM")


@SUITES.register("Text", kind="table")
def text() -> TableSuite:
    """Choose n-grams, their weights, their reduction and a classifier, with its own hyperparameters, for a corpus.

    **Search space**: 27 columns, 20 of them conditional: words or characters, lengths of the n-grams, capitals,
    English stop words, a learned vocabulary (and its limits) or a hashed one, weights (tf-idf, counts, presence) and
    lengths of rows, no reduction, chi-square or truncated SVD, and one of seven classifiers (logistic regression,
    linear and Gaussian support vector machines, ridge, two kinds of naive Bayes, nearest neighbours). Naive Bayes after
    SVD, or the Gaussian machine without it, is forbidden. Defaults: `TfidfVectorizer` and `LogisticRegression`.

    **Score**: balanced accuracy in [0, 1], the mean over three repeats of three folds.
    """
    return load_folder(DATA / "Text")


@SUITES.register("Vision", kind="table")
def vision() -> TableSuite:
    """Tune the training of a small convolutional network for a set of images.

    **Search space**: 25 columns: optimizer, momentum and Nesterov of sgd, learning rate, its schedule with its
    settings, batch size, weight decay, normalisation, dropout, label smoothing, and augmentation: moves (shift, turn,
    zoom, mirror), pixels (contrast, noise, an erased square) and mixup. 14 are conditional. The default is adam at .003
    with batch normalisation, without augmentation. All have three convolutions of 12, 24 and 24 channels.

    **Score**: as of `NAS`, whose images it shares.
    """
    return load_folder(DATA / "Vision")
