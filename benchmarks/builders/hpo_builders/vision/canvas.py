"""A canvas of 12 x 12 pixels that spans [-1, 1] both ways, x to the right, y downwards; many images at once."""

from __future__ import annotations

import numpy as np

from hpo_gym.base import Floats

SIZE = 12
PIXEL = 2 / SIZE


def grid(size: int = SIZE) -> tuple[Floats, Floats]:
    """x and y of the pixels' middles, each ``(size, size)``."""
    middle = (np.arange(size) + 0.5) * 2 / size - 1
    y, x = np.meshgrid(middle, middle, indexing="ij")
    return x, y


def ink(distance: Floats) -> Floats:
    """Return the covered share of a pixel by a shape at a signed distance (negative: inside), in [0, 1]."""
    return np.clip(0.5 - distance / PIXEL, 0.0, 1.0)


def to_segments(points: Floats) -> Floats:
    """Distance of each pixel to the nearest of `s` segments ``(n, s, 2, 2)`` (ends by x and y), ``(n, size, size)``."""
    x, y = grid()
    best = np.full((len(points), *x.shape), np.inf)
    for segment in range(points.shape[1]):
        a, b = points[:, segment, 0, :, None, None], points[:, segment, 1, :, None, None]
        dx, dy = b[:, 0] - a[:, 0], b[:, 1] - a[:, 1]
        length = np.maximum(dx * dx + dy * dy, 1e-12)
        share = np.clip(((x - a[:, 0]) * dx + (y - a[:, 1]) * dy) / length, 0.0, 1.0)
        best = np.minimum(best, np.hypot(x - a[:, 0] - share * dx, y - a[:, 1] - share * dy))
    return best


def to_polygon(corners: Floats) -> Floats:
    """Signed distance of each pixel to polygons of `k` corners ``(n, k, 2)``, ``(n, size, size)``."""
    x, y = grid()
    following = np.roll(corners, -1, axis=1)
    distance = to_segments(np.stack([corners, following], axis=2))
    inside = np.zeros(distance.shape, bool)
    for k in range(corners.shape[1]):
        (ax, ay), (bx, by) = (p[:, k, :, None, None].transpose(1, 0, 2, 3) for p in (corners, following))
        rise = np.where(by == ay, 1e-12, by - ay)
        inside ^= ((ay > y) != (by > y)) & (x < (bx - ax) * (y - ay) / rise + ax)
    return np.where(inside, -distance, distance)


def to_disc(centre: Floats, radius: Floats) -> Floats:
    """Signed distance of each pixel to discs at ``(n, 2)`` of radius ``(n,)``, ``(n, size, size)``."""
    x, y = grid()
    return np.asarray(np.hypot(x - centre[:, 0, None, None], y - centre[:, 1, None, None]) - radius[:, None, None])


def turned(x: Floats, y: Floats, angle: Floats) -> tuple[Floats, Floats]:
    """Coordinates ``(size, size)`` in frames turned by angles ``(n,)`` (radians, from x to y), ``(n, size, size)``."""
    cos, sin = np.cos(angle)[:, None, None], np.sin(angle)[:, None, None]
    return x * cos + y * sin, y * cos - x * sin


def warped(images: Floats, angle: Floats, scale: Floats, shift: Floats) -> Floats:
    """Draw images ``(n, h, w)`` enlarged, turned (radians), then shifted ``(n, 2)``: ``(n, size, size)``.

    Bilinear; outside an image is 0.
    """
    n, h, w = images.shape
    x, y = grid()
    u, v = turned(x - shift[:, 0, None, None], y - shift[:, 1, None, None], angle)
    column = (u / scale[:, None, None] + 1) * w / 2 - 0.5 + 1  # of an image with a margin of one pixel
    row = (v / scale[:, None, None] + 1) * h / 2 - 0.5 + 1
    padded = np.pad(images, ((0, 0), (1, 1), (1, 1)))
    column, row = np.clip(column, 0, w + 0.999), np.clip(row, 0, h + 0.999)
    left, top = np.floor(column).astype(int), np.floor(row).astype(int)
    a, b, i = column - left, row - top, np.arange(n)[:, None, None]
    upper = padded[i, top, left] * (1 - a) + padded[i, top, left + 1] * a
    lower = padded[i, top + 1, left] * (1 - a) + padded[i, top + 1, left + 1] * a
    return np.asarray(upper * (1 - b) + lower * b)
