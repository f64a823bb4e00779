"""An image task, and what a network is handed of it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from hpo_gym.base import Floats, Ints, generator, key

NETS = 2
"""Networks that a configuration trains, each from images and initial weights of its own."""

LEARN, CHOOSE, TEST = 240, 400, 1000
"""Images that one network learns from, that choose, and at most so many that no choice has seen."""

Sample = Callable[[Path, np.random.Generator, int], tuple[Floats, Ints]]
"""From the folder of archives, a generator and a number to so many images ``(n, channels, h, w)``, fewer where there
are fewer, all different and in random order, and their classes ``(n,)``."""

Draw = Callable[[Ints, np.random.Generator], Floats]


@dataclass(frozen=True)
class ImageTask:
    """A task by name.

    Attributes:
        name: Such as "gratings-angles".
        family: The program or the source that its images come from.
        classes: How many.
        sample: Gives images.
        package: What the images are read from; "" where a program draws them.
    """

    name: str
    family: str
    classes: int
    sample: Sample
    package: str = ""

    @property
    def kind(self) -> str:
        """Kind of a roster's entry."""
        return "image classification"


def drawn(name: str, family: str, classes: int, draw: Draw) -> ImageTask:
    """Return a task of a program that draws an image for each label; all classes are alike in number."""

    def sample(archives: Path, rng: np.random.Generator, n: int) -> tuple[Floats, Ints]:
        labels = rng.permutation(np.arange(n) % classes)
        return draw(labels, rng), labels

    return ImageTask(name, family, classes, sample)


@dataclass(frozen=True, eq=False)
class ImageProblem:
    """Images to learn from, to choose by and to test on, no image in two of these.

    Attributes:
        name: The task.
        classes: How many.
        x, y: What each network learns from, ``(nets, n, channels, h, w)`` and ``(nets, n)``.
        x_val, y_val: What chooses, ``(v, channels, h, w)`` and ``(v,)``.
        x_test, y_test: What no choice has seen.
    """

    name: str
    classes: int
    x: NDArray[np.float32]
    y: Ints
    x_val: NDArray[np.float32]
    y_val: Ints
    x_test: NDArray[np.float32]
    y_test: Ints


def problem(task: ImageTask, archives: Path, seed: int) -> ImageProblem:
    """Return the images of a task, standardised by those that are learned from; another seed gives other images."""
    rng = generator(key("vision", "images", task.name, seed))
    x, y = task.sample(archives, rng, NETS * LEARN + CHOOSE + TEST)
    return divided(task.name, task.classes, x, y)


def divided(name: str, classes: int, x: Floats, y: Ints, learn: int = LEARN, choose: int = CHOOSE) -> ImageProblem:
    """Give the first images to the networks, the next to the choice, and the others to the test."""
    a, b = NETS * learn, NETS * learn + choose
    middle, scale = x[:a].mean(), x[:a].std()
    z = ((x - middle) / scale).astype(np.float32)
    shape = (NETS, learn)
    return ImageProblem(name, classes, z[:a].reshape(*shape, *x.shape[1:]), y[:a].reshape(shape), z[a:b], y[a:b],
                        z[b:], y[b:])  # fmt: skip
