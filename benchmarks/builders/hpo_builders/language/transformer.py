"""A transformer that predicts the next character, as Radford et al. describe GPT-2 (2019), in a few thousand weights.

All that is trained lies in one flat vector, so that an update is a handful of operations. torch is imported where it
is used; whatever is random is drawn from a generator that is passed in.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from hpo_builders.language.shape import Shape

if TYPE_CHECKING:
    from torch import Tensor


@dataclass(frozen=True)
class Options:
    """Settings of a transformer beside its shape.

    Attributes:
        symbols: Of the alphabet.
        context: Most characters that it sees.
        heads: Of attention; they share the width.
        tied: Whether the embeddings are the output matrix as well.
        learned: Whether positions are learned, else sines and cosines of the same root mean square as embeddings.
        pre: Whether a block normalises what it reads (and the last block's outputs are normalised), else what it
            writes.
        dropout: Probability that a number of the embedding, or of what attention or the hidden layer adds, is left out.
        spread: Standard deviation of the first weights; what is added by the blocks starts smaller by the root of
            their number, as in GPT-2.
    """

    symbols: int
    context: int
    heads: int = 4
    tied: bool = True
    learned: bool = True
    pre: bool = True
    dropout: float = 0.0
    spread: float = 0.02


class Transformer:
    """Predicts each next character of a window from it and those before.

    Attributes:
        parameters: All that is trained, one flat vector. The leaves are views of it.
        decayed: Where weight decay acts, a vector of 0 and 1: on matrices, not on biases and normalisations.
    """

    def __init__(self, shape: Shape, options: Options, generator: np.random.Generator) -> None:
        """Draw the weights; biases are 0, gains of normalisations 1."""
        import torch

        self.shape, self.options = shape, options
        kinds = _leaves(shape, options)
        counts = [math.prod(size) for size, _ in kinds]
        self.parameters, self.decayed = torch.zeros(sum(counts)), torch.zeros(sum(counts))
        self._leaves: list[Tensor] = []
        parts, decays = torch.split(self.parameters, counts), torch.split(self.decayed, counts)
        for (size, start), part, decayed in zip(kinds, parts, decays, strict=True):
            if start == "ones":
                part.fill_(1.0)
            elif start != "zeros":
                spread = options.spread / (math.sqrt(2 * shape.blocks) if start == "adding" else 1)
                part.copy_(torch.from_numpy(generator.normal(0.0, spread, len(part))))
                decayed.fill_(1.0)
            self._leaves.append(part.view(size).requires_grad_())
        self._waves = torch.from_numpy(waves(options.context, shape.width) * np.float32(options.spread * math.sqrt(2)))

    def __call__(self, windows: Tensor, generator: np.random.Generator | None = None) -> Tensor:
        """Map windows of characters ``(n, t)`` to scores of the next one ``(n, t, symbols)``.

        With a generator, which draws what is left out, the transformer is in training.
        """
        from torch.nn import functional

        leaves, (n, t), d = iter(self._leaves), windows.shape, self.shape.width
        embeddings = next(leaves)
        places = next(leaves) if self.options.learned else self._waves
        x = self._thinned((functional.embedding(windows, embeddings) + places[:t]).view(n * t, d), generator)
        for _ in range(self.shape.blocks):
            for part in (self._attention, self._hidden):
                gain, shift = next(leaves), next(leaves)
                weights = [next(leaves) for _ in range(4)]
                read = functional.layer_norm(x, (d,), gain, shift) if self.options.pre else x
                x = x + self._thinned(part(read, weights, n), generator)
                if not self.options.pre:
                    x = functional.layer_norm(x, (d,), gain, shift)
        if self.options.pre:
            x = functional.layer_norm(x, (d,), next(leaves), next(leaves))
        return functional.linear(x, embeddings if self.options.tied else next(leaves)).view(n, t, -1)

    def gradient(self, loss: Tensor) -> Tensor:
        """Return the gradient of a loss by `parameters`, a new vector."""
        import torch

        return torch.cat([g.flatten() for g in torch.autograd.grad(loss, self._leaves)])

    def _attention(self, x: Tensor, weights: list[Tensor], n: int) -> Tensor:
        from torch.nn import functional

        read, read_bias, write, write_bias = weights
        parts = functional.linear(x, read, read_bias).view(
            n, -1, 3, self.options.heads, x.shape[1] // self.options.heads
        )
        query, key, value = parts.permute(2, 0, 3, 1, 4)  # (n, heads, t, width / heads) each
        mixed = functional.scaled_dot_product_attention(query, key, value, is_causal=True)
        return functional.linear(mixed.transpose(1, 2).reshape(x.shape), write, write_bias)

    def _hidden(self, x: Tensor, weights: list[Tensor], n: int) -> Tensor:
        from torch.nn import functional

        read, read_bias, write, write_bias = weights
        return functional.linear(functional.gelu(functional.linear(x, read, read_bias)), write, write_bias)

    def _thinned(self, x: Tensor, generator: np.random.Generator | None) -> Tensor:
        """Leave numbers out and enlarge those that stay; four to a draw of 64 bits, so the share is exact to 2**-16."""
        import torch

        if generator is None or self.options.dropout == 0:
            return x
        keep = 1 - self.options.dropout
        raw = generator.bit_generator.random_raw(-(-x.numel() // 4)).astype("<u8", copy=False)
        stays = raw.view("<u2")[: x.numel()].reshape(tuple(x.shape)) < np.uint16(round(keep * 2**16))
        return x * torch.from_numpy(np.multiply(stays, np.float32(1 / keep), dtype=np.float32))


def waves(places: int, width: int) -> NDArray[np.float32]:
    """Sines and cosines of positions, ``(places, width)``, their wave lengths from 2 pi to 20,000 pi.

    Vaswani et al., "Attention is all you need", 2017, section 3.5; here sines come first, then cosines.
    """
    angle = np.arange(places)[:, None] * 10_000.0 ** (-2 * np.arange(width // 2) / width)
    return np.concatenate([np.sin(angle), np.cos(angle)], axis=1).astype(np.float32)


def _leaves(shape: Shape, options: Options) -> list[tuple[tuple[int, ...], str]]:
    """Size of each part of the parameters, in the order of use, and how it starts."""
    d, h = shape.width, shape.hidden
    normal = [((d,), "ones"), ((d,), "zeros")]
    attention = [((3 * d, d), "drawn"), ((3 * d,), "zeros"), ((d, d), "adding"), ((d,), "zeros")]
    hidden = [((h, d), "drawn"), ((h,), "zeros"), ((d, h), "adding"), ((d,), "zeros")]
    return [
        ((options.symbols, d), "drawn"),
        *([((options.context, d), "drawn")] if options.learned else []),
        *(normal + attention + normal + hidden) * shape.blocks,
        *(normal if options.pre else []),
        *([] if options.tied else [((options.symbols, d), "drawn")]),
    ]
