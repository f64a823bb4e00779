"""Layers of several networks at once: their channels lie side by side, and none touches another's.

Images are ``(n, nets * channels, h, w)``, those of the first network first. torch runs such layers as grouped ones,
which costs little more than one network. Weights are drawn from one generator for each network.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn import functional

NORMALIZATIONS = ("none", "batch", "layer")

ACTIVATIONS: Mapping[str, Callable[[Tensor], Tensor]] = {
    "relu": torch.relu,
    "silu": functional.silu,
    "tanh": torch.tanh,
    "leaky-relu": functional.leaky_relu,
}

Generators = Sequence[np.random.Generator]


class Convolution(nn.Module):
    """A convolution of every network, and what normalises its outputs."""

    def __init__(
        self,
        nets: int,
        inputs: int,
        outputs: int,
        kernel: int,
        normalization: str,
        *,
        stride: int = 1,
        each: bool = False,
    ) -> None:
        """Make the layer; without normalisation it has a bias.

        Args:
            nets: How many networks.
            inputs, outputs: Channels of one network.
            kernel: Side, odd; the image is padded by zeros so that a stride of 1 keeps its size.
            normalization: One of `NORMALIZATIONS`; "layer" is over all channels and pixels of an image.
            stride: Steps between outputs.
            each: Whether every channel is convolved by itself.
        """
        super().__init__()
        groups = nets * inputs if each else nets
        self.filter = nn.Conv2d(nets * inputs, nets * outputs, kernel, stride, kernel // 2, groups=groups,
                                bias=normalization == "none")  # fmt: skip
        self.normal: nn.Module | None = None
        if normalization == "batch":
            self.normal = nn.BatchNorm2d(nets * outputs)
        elif normalization == "layer":
            self.normal = nn.GroupNorm(nets, nets * outputs)

    def forward(self, x: Tensor) -> Tensor:
        """Filter, then normalise."""
        x = self.filter(x)
        return x if self.normal is None else self.normal(x)


class Head(nn.Module):
    """From the last images of every network to its outputs."""

    def __init__(self, nets: int, features: int, classes: int, pooling: str) -> None:
        """Make the layer.

        Args:
            nets: How many networks.
            features: Of one network, after the pooling.
            classes: Outputs.
            pooling: "average" and "max" of each channel, or "flatten": all pixels.
        """
        super().__init__()
        self.weight = nn.Parameter(torch.zeros(nets, features, classes))
        self.bias = nn.Parameter(torch.zeros(nets, 1, classes))
        self.pooling = pooling
        self.keep: Callable[[Tensor], Tensor] | None = None  # what of the features stays while it is trained

    def forward(self, x: Tensor) -> Tensor:
        """Pool and map ``(n, nets * channels, h, w)`` to ``(nets, n, classes)``."""
        n, nets = len(x), len(self.weight)
        if self.pooling == "average":
            x = x.mean((2, 3))
        elif self.pooling == "max":
            x = x.amax((2, 3))
        features = x.reshape(n, nets, -1).transpose(0, 1)
        if self.training and self.keep is not None:
            features = self.keep(features)
        return torch.baddbmm(self.bias, features, self.weight)


def dropout(share: float, generator: np.random.Generator) -> Callable[[Tensor], Tensor] | None:
    """Leaves out a share of features, and scales the others so that their mean is the same; None for a share of 0."""
    if share == 0:
        return None

    def keep(features: Tensor) -> Tensor:
        stays = torch.from_numpy(generator.random(tuple(features.shape), np.float32)) >= share
        return features * stays / (1 - share)

    return keep


def initialised(network: nn.Module, generators: Generators) -> Tensor:
    """Draw all weights (He et al., 2015, uniform; biases are 0) and lay them side by side.

    Returns:
        One flat vector of which all parameters are views: a change of it changes the network.
    """
    for module in network.modules():
        if isinstance(module, Convolution):
            _draw(module.filter.weight, math.prod(module.filter.weight.shape[1:]), generators)
            if module.filter.bias is not None:
                module.filter.bias.detach().zero_()
        elif isinstance(module, Head):
            _draw(module.weight, module.weight.shape[1], generators)
    parameters = list(network.parameters())
    theta = torch.cat([p.detach().flatten() for p in parameters])
    parts = torch.split(theta, [p.numel() for p in parameters])
    for parameter, part in zip(parameters, parts, strict=True):
        parameter.data = part.view_as(parameter)
    return theta


def _draw(weight: Tensor, fan: int, generators: Generators) -> None:
    bound = math.sqrt(6 / fan)
    for row, generator in zip(weight.detach().view(len(generators), -1), generators, strict=True):
        row.copy_(torch.from_numpy(generator.uniform(-bound, bound, len(row))))


def gradient(loss: Tensor, network: nn.Module) -> Tensor:
    """Return the gradient by all parameters, in the order of `initialised`, a new vector."""
    return torch.cat([g.flatten() for g in torch.autograd.grad(loss, list(network.parameters()))])


# ---------------------------------------------------------------------------------------------- what a network costs
def weights(network: nn.Module, nets: int) -> int:
    """All that is trained of one network, exactly."""
    return sum(p.numel() for p in network.parameters()) // nets


def multiply_adds(network: nn.Module, nets: int, shape: tuple[int, int, int]) -> int:
    """Products of a weight and an input that one network needs for one image ``(channels, h, w)``.

    Those of convolutions and of the head; normalisation, activation, pooling, sums and biases are not counted.
    """
    found: list[int] = []

    def convolved(module: nn.Conv2d, inputs: object, out: Tensor) -> None:
        found.append(out.numel() * math.prod(module.weight.shape[1:]))

    modules = [m for m in network.modules() if isinstance(m, nn.Conv2d)]
    handles = [m.register_forward_hook(convolved) for m in modules]
    was, _ = network.training, network.eval()
    with torch.no_grad():
        network(torch.zeros(1, nets * shape[0], *shape[1:]))
    network.train(was)
    for handle in handles:
        handle.remove()
    heads = sum(m.weight.numel() for m in network.modules() if isinstance(m, Head))
    return (sum(found) + heads) // nets
