"""Suites of tables that were trained for this package, each read from its folder in `hpo_gym/data`."""

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

    **Score**: balanced accuracy in [0, 1], or in regression R^2 (at least -1), the mean over three repeats of three
    folds. Test score: the mean of the same models, fully trained, on up to 4,000 rows that no choice has seen.
    **Cost**: processor seconds to train and to predict. **Fidelities**: 8, 16, 32, 64 and 128 trees, as 1/16 .. 1.

    **Tasks**: data sets of at most 6 classes, named by the data set; folds have at most 900 rows, and a model learns
    from at most 250. In regression the class weight has no effect.

    **Best score**: the table's own maximum, so it is exact for the rows of the table.

    **Source**: our own training with LightGBM 4 (Ke et al., "LightGBM: A Highly Efficient Gradient Boosting Decision
    Tree", NeurIPS 2017). How the table was made: `benchmarks/builders/hpo_builders/trained/boosting.py`.
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
    highest reward at each step (unreachable); it may be below 0. The mean over three trainings; single scores are kept.
    Test score: of the same policies in 256 other episodes with other physics of the same narrow range.
    **Cost**: processor seconds to train and validate all three policies. **Fidelities**: 1/9, 1/3 and all of the
    115,200 environment steps of one training. A configuration fails from the first fidelity with a weight that is not
    finite in one of its trainings.

    **Tasks**: a cart-pole, a pendulum, a reacher of two links, a mountain car, an acrobot, and a cart with two poles,
    each with masses, lengths, forces and units of the sensors drawn by the task's name, `<system>-<number>`. All choose
    among -1, 0 and 1 of the largest force or torque at each output, in episodes of 100 steps.

    **Best score**: the table's own maximum, so it is exact for the rows of the table.

    **Source**: our own training with NumPy. How the table was made:
    `benchmarks/builders/hpo_builders/trained/control.py`.
    """
    return load_folder(DATA / "Control")


@SUITES.register("Linear", kind="table")
def linear() -> TableSuite:
    """Tune a linear classifier or regressor: scaling, products of columns, loss, penalty and solver.

    **Search space**: scaling, products of columns, solver, loss, penalty, its strength and its l1 share, the learning
    rate of stochastic gradient descent, class weights and intercept; 11 columns, five of them conditional. One choice
    of loss and solver has its counterpart in classification and regression.

    **Score**: balanced accuracy in [0, 1] for classification, R^2 in [-1, 1] for regression, the mean over three
    repeats of three folds. Test score: the mean of the same models, at full fidelity, on up to 4,000 rows unused by any
    choice. **Cost**: processor seconds to train and predict. **Fidelity**: 1/9, 1/3 or all of the training rows. A
    configuration refused by scikit-learn, or a model with an overflow, is a failure.

    **Tasks**: classification and regression data sets, named by the data set; folds have at most 900 rows, and a model
    learns from at most 250. The same configurations were trained on each.

    **Best score**: the table's own maximum, so it is exact for the configurations in the table.

    **Source**: trained with scikit-learn; the data sets are named in `suite.json`. How the table was made:
    `benchmarks/builders/hpo_builders/trained/linear.py`.
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
    log2(symbols), at least -1: 0 = uniform guess, 1 = no bit needed; .01 is about .06 bits of an alphabet of 64. Test
    score: of the same model at full fidelity, on later blocks of the text. **Cost**: processor seconds to train and
    validate. **Further objectives**: all trained weights; floating-point operations per further character.

    **Fidelity**: the size of the model: 5,000, 20,000 and 80,000 weights in its blocks, trained on 32,768, 49,152 and
    65,536 characters, each by itself.

    **Failures**: the loss or a weight is not finite.

    **Tasks**: parts of texts and languages by program, named by source and thousands of characters to learn from.

    **Best score**: the table's own maximum, so it is exact for the rows of the table.

    **Source**: our own training with torch; `suite.json` names the texts. How the table was made:
    `benchmarks/builders/hpo_builders/trained/lm.py`.
    """
    return load_folder(DATA / "LM")


@SUITES.register("MLP", kind="table")
def mlp() -> TableSuite:
    """Tune a multilayer perceptron and its training for a data set.

    **Search space**: 18 columns: input scaling, optimizer, momentum and Nesterov of sgd, learning rate, its schedule
    with its settings, batch size, weight decay, width and number of the hidden layers, activation, normalisation,
    dropout and class weight. The six settings of sgd or of a schedule are conditional. The default is that of
    scikit-learn's
    `MLPClassifier` where it has one.

    **Score**: balanced accuracy in [0, 1], or in regression R^2 (at least -1), the mean over three repeats of three
    folds. Test score: the mean of the same networks, fully trained, on up to 4,000 rows unused by any choice.
    **Cost**: processor seconds to train and to predict. **Fidelities**: 1 .. 50 epochs of one training, as 1/50 .. 1:
    the whole learning curve; a schedule always ends at the last epoch. Once weights or predictions cease to be finite,
    all further epochs failed.

    **Tasks**: classification and regression data sets, named by the data set; folds have at most 900 rows, and a
    network learns from at most 250. In regression the class weight has no effect.

    **Best score**: the table's own maximum, so it is exact for the rows of the table.

    **Source**: our own training with torch; the data sets are named in `suite.json`. How the table was made:
    `benchmarks/builders/hpo_builders/trained/mlp.py`.
    """
    return load_folder(DATA / "MLP")


@SUITES.register("NAS", kind="table")
def nas() -> TableSuite:
    """Choose the cell of a small convolutional network and the layers around it.

    **Search space**: 13 columns. A cell has four nodes and one of seven operations on each of its six edges (none,
    skip, convolutions 1x1, 3x3 and depthwise 3x3, maxima and means of 3x3); further the number of cells, their width,
    the kernel of the stem, how images are halved before each cell, the head, activation and normalisation. Cells
    without a path from input to output are forbidden. The training is the same for all. The default is a residual cell.

    **Score**: balanced accuracy in [0, 1] on 400 images, the mean of two networks trained on 240 images each. Test
    score: of the same networks on up to 1,000 images unused by any choice. **Objectives**: `size`, the weights of
    one network, and `latency`, the multiply-adds of one image, both counted, both minimised. **Cost**: processor
    seconds to train and to predict. **Fidelities**: 1 .. 8 epochs of one training, as 1/8 .. 1: the whole learning
    curve. Once weights or predictions cease to be finite, all further epochs failed.

    **Tasks**: images of 8 x 8 or 12 x 12 pixels with 3 to 10 classes: handwritten digits, letters in fonts, tiles of
    photographs, and images drawn by programs (textures, automata, shapes, symbols, mazes, waveforms, scenes). A family
    is a program or a source.

    **Best score**: the table's own maximum, so it is exact for the rows of the table.

    **Source**: our own training with torch. How the table was made: `benchmarks/builders/hpo_builders/trained/nas.py`.
    """
    return load_folder(DATA / "NAS")


@SUITES.register("Studies", kind="table")
def studies() -> TableSuite:
    """Choose the hyperparameters of LightGBM for a data set, by studies that share no configuration.

    **Search space**: that of `Boosting`: 13 columns, two of them conditional.

    **Configurations**: each data set has its own 200, like a folder of finished studies: LightGBM's default, 174 drawn
    at random, and 25 that Optuna's TPE proposed by the scores of those. So other data sets are known at other points,
    and a transfer method has to model them.

    **Score**: balanced accuracy in [0, 1], or in regression R^2 (at least -1), the mean over three repeats of three
    folds. Test score: the mean of the same models, fully trained, on up to 4,000 rows unused by any choice.
    **Cost**: processor seconds to train and to predict. **Fidelities**: 8, 16, 32, 64 and 128 trees, as 1/16 .. 1.

    **Tasks**: data sets of at most 6 classes, named by the data set; folds have at most 900 rows, and a model learns
    from at most 250. In regression the class weight has no effect.

    **Best score**: the best of the task's own rows, so it is exact for these.

    **Source**: our own training with LightGBM 4 (Ke et al., "LightGBM: A Highly Efficient Gradient Boosting Decision
    Tree", NeurIPS 2017) and Optuna's TPE. How the table was made:
    `benchmarks/builders/hpo_builders/trained/studies.py`.
    """
    return load_folder(DATA / "Studies")


@SUITES.register("SVM", kind="table")
def svm() -> TableSuite:
    """Choose kernel, parameters and scaling of a support vector machine for a data set.

    **Search space**: kernel (linear, rbf, poly, sigmoid), `gamma` as a multiple of scikit-learn's "scale" where the
    kernel has one, `degree` and `coef0` likewise, `C`, `shrinking`, scaling of the columns, class weights
    (classification) and `epsilon` (regression); 9 columns. Defaults are scikit-learn's, with columns standardised.

    **Score**: balanced accuracy in classification, R^2 in regression, at least -1; the mean over three repeats of three
    folds. Test score: the mean of the same machines, at full fidelity, on up to 4,000 rows that no choice has seen.
    **Cost**: processor seconds.

    **Fidelity**: share of the training rows: 1/9, 1/3, 1.

    **Failures**: a machine that libsvm does not finish within 20,000 iterations.

    **Tasks**: classification and regression data sets; folds have at most 900 rows, and a machine learns from at most
    250.

    **Best score**: the table's own maximum, so it is exact for the rows of the table.

    **Source**: trained with scikit-learn (libsvm); how: `hpo-gym build SVM`.
    """
    return load_folder(DATA / "SVM")


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


@SUITES.register("Vision", kind="table")
def vision() -> TableSuite:
    """Tune the training of a small convolutional network for a set of images.

    **Search space**: 25 columns: optimizer, momentum and Nesterov of sgd, learning rate, its schedule with its
    settings, batch size, weight decay, normalisation, dropout, label smoothing, and augmentation: moves (shift, turn,
    zoom, mirror), pixels (contrast, noise, an erased square) and mixup. 14 are conditional. The default is adam at .003
    with batch normalisation and no augmentation. The network is the same for all: three convolutions of 12, 24 and 24
    channels.

    **Score**: balanced accuracy in [0, 1] on 400 images, the mean of two networks trained on 240 images each. Test
    score: of the same networks on up to 1,000 images unused by any choice. **Cost**: processor seconds to train and
    to predict. **Fidelities**: 1 .. 12 epochs of one training, as 1/12 .. 1: the whole learning curve; a schedule
    always ends at the last epoch. Once weights or predictions cease to be finite, all further epochs failed.

    **Tasks**: as in `NAS`; the images are the same.

    **Best score**: the table's own maximum, so it is exact for the rows of the table.

    **Source**: our own training with torch. How the table was made:
    `benchmarks/builders/hpo_builders/trained/vision.py`.
    """
    return load_folder(DATA / "Vision")
