"""Networks of all folds as one: their weights are stacked, so that a step costs about as much as that of one network.

All parameters lie in one flat vector, so that an optimizer is a handful of operations. torch is imported where it is
used; whatever is random is drawn from a generator that is passed in.
"""

from __future__ import annotations

import itertools
import math
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from torch import Tensor


@contextmanager
def one_thread() -> Iterator[None]:
    """Let torch use one thread while the context lasts: with more, sums are rounded in another order."""
    import torch

    threads = torch.get_num_threads()
    torch.set_num_threads(1)
    try:
        yield
    finally:
        torch.set_num_threads(threads)


# ---------------------------------------------------------------------------------------------- network
@dataclass(frozen=True, eq=False)
class Layer:
    """A layer of every fold; the last four are there where its outputs are normalised.

    Attributes:
        weight, bias: ``(folds, inputs, outputs)`` and ``(folds, 1, outputs)``.
        scale, shift: Of the normalised outputs, ``(folds, 1, outputs)``.
        mean, variance: Running moments of batch normalisation, ``(folds * outputs,)``.
    """

    weight: Tensor
    bias: Tensor
    scale: Tensor | None = None
    shift: Tensor | None = None
    mean: Tensor | None = None
    variance: Tensor | None = None


class Network:
    """One multilayer perceptron per fold: linear, normalisation, activation, dropout, and again; at last linear.

    Attributes:
        parameters: All that is trained, one flat vector. The layers are views of it.
        layers: In their order.
    """

    def __init__(
        self,
        sizes: Sequence[int],
        generators: Sequence[np.random.Generator],
        *,
        activation: str = "relu",
        normalization: str = "none",
        dropout: float = 0.0,
    ) -> None:
        """Draw the weights as `torch.nn.Linear` does, those of a fold from its own generator.

        Args:
            sizes: Inputs, units of each hidden layer, outputs.
            generators: One per fold.
            activation: A key of `activations`.
            normalization: "none", "batch" or "layer".
            dropout: Probability that a hidden unit is left out of a step.
        """
        import torch

        folds, self._keep, self._batch = len(generators), 1.0 - dropout, normalization == "batch"
        self._activation = activations()[activation]
        pairs = list(itertools.pairwise(sizes))
        shapes = [_shapes(folds, a, b, normalization != "none" and i < len(pairs)) for i, (a, b) in enumerate(pairs, 1)]
        counts = [math.prod(shape) for layer in shapes for shape in layer]
        self.parameters = torch.zeros(sum(counts))
        parts = iter(torch.split(self.parameters, counts))
        self.layers = [self._layer([next(parts).view(s) for s in layer], generators) for layer in shapes]
        self._leaves = [t for x in self.layers for t in (x.weight, x.bias, x.scale, x.shift) if t is not None]
        for leaf in self._leaves:
            leaf.requires_grad_()

    def __call__(self, x: Tensor, generator: np.random.Generator | None = None) -> Tensor:
        """Map rows ``(folds, n, inputs)`` to outputs ``(folds, n, outputs)``.

        Args:
            x: Rows of every fold.
            generator: Draws which units are left out. With one the network is in training: batches are normalised by
                their own moments, and the running moments move; without, by the running moments.
        """
        import torch

        for layer in self.layers[:-1]:
            x = torch.baddbmm(layer.bias, x, layer.weight)
            x = self._activation(self._normalised(layer, x, generator is not None))
            if generator is not None and self._keep < 1:
                x = x * self._mask(x, generator)
        return torch.baddbmm(self.layers[-1].bias, x, self.layers[-1].weight)

    def gradient(self, loss: Tensor) -> Tensor:
        """Return the gradient of a loss by `parameters`, a new vector."""
        import torch

        return torch.cat([g.flatten() for g in torch.autograd.grad(loss, self._leaves)])

    def _layer(self, views: Sequence[Tensor], generators: Sequence[np.random.Generator]) -> Layer:
        import torch

        weight, bias, *normal = views
        bound = 1 / math.sqrt(weight.shape[1])
        for fold, generator in enumerate(generators):
            for part in (weight[fold], bias[fold]):
                part.copy_(torch.from_numpy(generator.uniform(-bound, bound, tuple(part.shape))))
        if not normal:
            return Layer(weight, bias)
        normal[0].fill_(1.0)
        units = bias.numel()
        scale, shift = normal
        return Layer(weight, bias, scale, shift, torch.zeros(units), torch.ones(units))

    def _normalised(self, layer: Layer, x: Tensor, training: bool) -> Tensor:
        import torch
        from torch.nn import functional

        if layer.scale is None or layer.shift is None:
            return x
        folds, n, units = x.shape
        if not self._batch:
            return torch.addcmul(layer.shift, functional.layer_norm(x, (units,)), layer.scale)
        columns = x.transpose(0, 1).reshape(n, folds * units)  # every unit of every fold has moments of its own
        scale, shift = layer.scale.view(-1), layer.shift.view(-1)
        out = functional.batch_norm(columns, layer.mean, layer.variance, scale, shift, training)
        return out.view(n, folds, units).transpose(0, 1)

    def _mask(self, x: Tensor, generator: np.random.Generator) -> Tensor:
        """0 for a unit that is left out, 1 / keep for one that stays; four units to a draw of 64 bits.

        Eight times as fast as torch draws. `keep` is exact to 2**-16.
        """
        import torch

        raw = generator.bit_generator.random_raw(-(-x.numel() // 4)).astype("<u8", copy=False)
        stays = raw.view("<u2")[: x.numel()].reshape(tuple(x.shape)) < np.uint16(round(self._keep * 2**16))
        return torch.from_numpy(np.multiply(stays, np.float32(1 / self._keep), dtype=np.float32))


def activations() -> Mapping[str, Callable[[Tensor], Tensor]]:
    """Return the activation functions by name."""
    import torch
    from torch.nn import functional

    return {
        "relu": torch.relu,
        "tanh": torch.tanh,
        "elu": functional.elu,
        "silu": functional.silu,
        "logistic": torch.sigmoid,
    }


def _shapes(folds: int, inputs: int, outputs: int, normalised: bool) -> list[tuple[int, int, int]]:
    return [(folds, inputs, outputs)] + [(folds, 1, outputs)] * (3 if normalised else 1)
