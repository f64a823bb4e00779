"""The network of `Vision`: three convolutions, two halvings, and all pixels of the last image to the outputs."""

from __future__ import annotations

from torch import Tensor, nn
from torch.nn import functional

from hpo_builders.vision.layers import Convolution, Head

WIDTHS = (12, 24, 24)


class SmallCNN(nn.Module):
    """Networks of one configuration."""

    def __init__(self, nets: int, channels: int, size: int, classes: int, normalization: str) -> None:
        """Make the layers; the images have `size` by `size` pixels, a multiple of 4."""
        super().__init__()
        sides = (channels, *WIDTHS)
        self.convolutions = nn.ModuleList(
            Convolution(nets, sides[i], sides[i + 1], 3, normalization) for i in range(len(WIDTHS))
        )
        self.head = Head(nets, WIDTHS[-1] * (size // 4) ** 2, classes, "flatten")

    def forward(self, x: Tensor) -> Tensor:
        """Map images ``(n, nets * channels, size, size)`` to outputs ``(nets, n, classes)``."""
        first, second, third = self.convolutions
        x = functional.max_pool2d(functional.relu(first(x)), 2)
        x = functional.max_pool2d(functional.relu(second(x)), 2)
        out: Tensor = self.head(functional.relu(third(x)))
        return out
