"""The suite `FineTune`: fine-tuning of pretrained image classifiers, as measured for ZAP."""

from __future__ import annotations

from hpo_gym.base import DATA
from hpo_gym.problem import SUITES
from hpo_gym.suites.own.suite import TableSuite, load_folder


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
