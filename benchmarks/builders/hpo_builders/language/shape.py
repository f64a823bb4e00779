"""Width, depth and cost of a transformer with a given number of weights.

The number of weights is that of the blocks alone: without embeddings, positions, the last normalisation and an output
matrix of its own (the count of Kaplan et al., "Scaling laws for neural language models", 2020).
"""

from __future__ import annotations

import math
from dataclasses import dataclass

MOST_BLOCKS = 4
STEP = 4  # widths are multiples of it, so that 1, 2 and 4 heads share them


@dataclass(frozen=True)
class Size:
    """One size of the model.

    Attributes:
        weights: Of the blocks, about.
        characters: That are trained on, with repetition.
    """

    weights: int
    characters: int


SIZES = (Size(5_000, 32_768), Size(20_000, 49_152), Size(80_000, 65_536))
"""The sizes of the suite, the largest last."""


@dataclass(frozen=True)
class Shape:
    """Sizes of a transformer over characters.

    Attributes:
        width: Of the residual stream.
        blocks: Of attention and a hidden layer.
        hidden: Units of the hidden layer of each block.
    """

    width: int
    blocks: int
    hidden: int

    @property
    def weights(self) -> int:
        """Weights of all blocks: matrices, biases and normalisations."""
        d, h = self.width, self.hidden
        return self.blocks * (4 * d * d + 4 * d + 2 * d * h + h + d + 4 * d)

    def trained(self, symbols: int, context: int, *, tied: bool, learned: bool, pre: bool) -> int:
        """All that is trained: the blocks, embeddings, learned positions, an output matrix, the last normalisation."""
        rows = symbols * (1 if tied else 2) + (context if learned else 0) + (2 if pre else 0)
        return self.weights + self.width * rows

    def operations(self, symbols: int, context: int) -> int:
        """Multiplications and additions to predict one more character after a full context.

        Keys and values of the characters before are kept, and only products of matrices count.
        """
        d, h = self.width, self.hidden
        return 2 * (self.blocks * (4 * d * d + 2 * d * h + 2 * context * d) + symbols * d)


def fitted(weights: int, ratio: float) -> Shape:
    """Return the shape of about so many weights, its width over its blocks as near to `ratio` as 1 to 4 blocks allow.

    The width is the multiple of four that is nearest to where the hidden layer has four times as many units; the
    units then make up for the difference, to within half a unit of each block.
    """
    shapes = [_fitted(weights, blocks) for blocks in range(1, MOST_BLOCKS + 1)]
    return min(shapes, key=lambda s: abs(math.log(s.width / s.blocks / ratio)))


def _fitted(weights: int, blocks: int) -> Shape:
    each = weights / blocks
    ideal = (math.sqrt(13 * 13 + 48 * each) - 13) / 24  # 12 d^2 + 13 d = each
    d = max(STEP, STEP * round(ideal / STEP))
    return Shape(d, blocks, max(1, round((each - 4 * d * d - 9 * d) / (2 * d + 1))))
