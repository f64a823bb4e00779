"""Small networks of equal cells: a stem, cells with a reduction before each, a head."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from torch import Tensor, nn
from torch.nn import functional

from hpo_builders.training.recipe import TrainingFailed
from hpo_builders.vision.cells import NODES, Edge, alive
from hpo_builders.vision.layers import ACTIVATIONS, Convolution, Head


class CellNetwork(nn.Module):
    """Networks of one configuration."""

    def __init__(self, nets: int, channels: int, size: int, classes: int, config: Mapping[str, Any]) -> None:
        """Make the layers.

        Args:
            nets: How many networks.
            channels, size: Of the images.
            classes: Outputs.
            config: Of the space of `NAS`.

        Raises:
            TrainingFailed: No path leads from the input of a cell to its output.
        """
        super().__init__()
        edges, width, normal = alive(config), config["width"], config["normalization"]
        if not edges:
            raise TrainingFailed("No path leads from the input of a cell to its output.")
        self.activation = ACTIVATIONS[config["activation"]]
        self.stem = Convolution(nets, channels, width, config["stem"], normal)
        self.reductions = nn.ModuleList(_Reduction(nets, width, config) for _ in range(config["cells"]))
        self.cells = nn.ModuleList(_Cell(nets, width, edges, config) for _ in range(config["cells"]))
        side = size >> config["cells"]
        features = width * side * side if config["head"] == "flatten" else width
        self.head = Head(nets, features, classes, config["head"])

    def forward(self, x: Tensor) -> Tensor:
        """Map images ``(n, nets * channels, h, w)`` to outputs ``(nets, n, classes)``."""
        x = self.stem(x)
        for reduction, cell in zip(self.reductions, self.cells, strict=True):
            x = cell(reduction(x))
        out: Tensor = self.head(self.activation(x))
        return out


class _Cell(nn.Module):
    def __init__(self, nets: int, width: int, edges: Mapping[Edge, str], config: Mapping[str, Any]) -> None:
        super().__init__()
        self.edges = list(edges)
        self.operations = nn.ModuleList(_Operation(nets, width, name, config) for name in edges.values())

    def forward(self, x: Tensor) -> Tensor:
        nodes: dict[int, Tensor] = {0: x}
        for to in range(1, NODES):
            for (a, b), operation in zip(self.edges, self.operations, strict=True):
                if b == to:
                    brought = operation(nodes[a])
                    nodes[b] = nodes[b] + brought if b in nodes else brought
        return nodes[NODES - 1]


class _Operation(nn.Module):
    """One of `OPERATIONS` but "none"; convolutions come after an activation."""

    def __init__(self, nets: int, width: int, name: str, config: Mapping[str, Any]) -> None:
        super().__init__()
        self.name, self.activation = name, ACTIVATIONS[config["activation"]]
        self.convolution: Convolution | None = None
        if name.startswith(("convolution", "depthwise")):
            kernel, each = int(name[-1]), name.startswith("depthwise")
            self.convolution = Convolution(nets, width, width, kernel, config["normalization"], each=each)

    def forward(self, x: Tensor) -> Tensor:
        if self.convolution is not None:
            out: Tensor = self.convolution(self.activation(x))
            return out
        if self.name == "max-3x3":
            return functional.max_pool2d(x, 3, 1, 1)
        if self.name == "average-3x3":
            return functional.avg_pool2d(x, 3, 1, 1, count_include_pad=False)
        return x


class _Reduction(nn.Module):
    """Halves height and width, the last line of an odd number is left out."""

    def __init__(self, nets: int, width: int, config: Mapping[str, Any]) -> None:
        super().__init__()
        self.name, self.activation = config["reduction"], ACTIVATIONS[config["activation"]]
        self.convolution: nn.Module | None = None
        if self.name == "convolution":
            self.convolution = Convolution(nets, width, width, 3, config["normalization"], stride=2)

    def forward(self, x: Tensor) -> Tensor:
        x = x[:, :, : x.shape[2] // 2 * 2, : x.shape[3] // 2 * 2]
        if self.convolution is not None:
            out: Tensor = self.convolution(self.activation(x))
            return out
        return functional.max_pool2d(x, 2) if self.name == "max" else functional.avg_pool2d(x, 2)
