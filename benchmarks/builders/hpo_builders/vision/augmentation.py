"""Augmentation of training images; an image keeps its class.

All images of an epoch are changed at once; whatever is random comes from a generator that is passed in.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any

import numpy as np
import torch
from torch import Tensor
from torch.nn import functional

MIRRORS = ("none", "left-right", "both")


def augmented(x: Tensor, config: Mapping[str, Any], rng: np.random.Generator) -> Tensor:
    """Images ``(n, channels, h, w)`` as a configuration of `Vision` says, another tensor where it changes any."""
    if config["moves"]:
        x = moved(x, config["moves:shift"], config["moves:turn"], config["moves:zoom"], rng)
        x = mirrored(x, config["moves:mirror"], rng)
    if config["pixels"]:
        x = recontrasted(x, config["pixels:contrast"], rng)
        x = erased(x, config["pixels:erased"], rng)
        x = x + config["pixels:noise"] * _normal(x.shape, rng)
    return x


def moved(x: Tensor, shift: float, turn: float, zoom: float, rng: np.random.Generator) -> Tensor:
    """Shift by up to `shift` pixels, turn by up to `turn` degrees, enlarge by 1 - zoom to 1 + zoom; bilinear.

    What comes in from outside is a repetition of the border.
    """
    n, _, h, w = x.shape
    angle = torch.from_numpy(rng.uniform(-1, 1, n).astype(np.float32)) * math.radians(turn)
    scale = 1 / (1 + zoom * torch.from_numpy(rng.uniform(-1, 1, n).astype(np.float32)))
    place = torch.from_numpy(rng.uniform(-1, 1, (n, 2)).astype(np.float32)) * shift * torch.tensor([2 / w, 2 / h])
    cos, sin = torch.cos(angle) * scale, torch.sin(angle) * scale
    rows = torch.stack([torch.stack([cos, sin], 1), torch.stack([-sin, cos], 1)], 1)
    origin = -torch.bmm(rows, place[:, :, None])
    grid = functional.affine_grid(torch.cat([rows, origin], 2), list(x.shape), align_corners=False)
    return functional.grid_sample(x, grid, padding_mode="border", align_corners=False)


def mirrored(x: Tensor, how: str, rng: np.random.Generator) -> Tensor:
    """Mirror half the images left to right, and where `how` is "both", half of all top to bottom as well."""
    for axis, wanted in ((3, how != "none"), (2, how == "both")):
        if wanted:
            x = torch.where(torch.from_numpy(rng.random(len(x)) < 0.5)[:, None, None, None], x.flip(axis), x)
    return x


def recontrasted(x: Tensor, strength: float, rng: np.random.Generator) -> Tensor:
    """Scale each image about its mean by 1 - strength to 1 + strength, and move it by up to as much."""
    n = len(x)
    factor, offset = (torch.from_numpy(rng.uniform(-1, 1, n).astype(np.float32))[:, None, None, None] for _ in "ab")
    middle = x.mean((1, 2, 3), keepdim=True)
    return (x - middle) * (1 + strength * factor) + middle + strength * offset


def erased(x: Tensor, side: int, rng: np.random.Generator) -> Tensor:
    """Set a square of `side` pixels, which may lie over the border, to 0, the mean of all images (DeVries and Taylor,
    "Improved regularization of convolutional neural networks with cutout", 2017)."""
    if side == 0:
        return x
    n, _, h, w = x.shape
    top, left = (torch.from_numpy(rng.integers(0, span, n)) - side // 2 for span in (h, w))
    row, column = torch.arange(h), torch.arange(w)
    rows = (row >= top[:, None]) & (row < top[:, None] + side)
    columns = (column >= left[:, None]) & (column < left[:, None] + side)
    return x.masked_fill((rows[:, :, None] & columns[:, None, :])[:, None], 0.0)


def mixed(x: Tensor, targets: Tensor, alpha: float, rng: np.random.Generator) -> tuple[Tensor, Tensor]:
    """Add to each image and its targets ``(n, classes)`` those of another, by a share drawn from Beta(alpha, alpha)
    (Zhang et al., "mixup: beyond empirical risk minimization", 2018)."""
    n = len(x)
    share = torch.from_numpy(rng.beta(alpha, alpha, n).astype(np.float32))
    other = torch.from_numpy(rng.permutation(n))
    a = share[:, None, None, None]
    return a * x + (1 - a) * x[other], share[:, None] * targets + (1 - share[:, None]) * targets[other]


def _normal(shape: tuple[int, ...], rng: np.random.Generator) -> Tensor:
    return torch.from_numpy(rng.standard_normal(shape, np.float32))
