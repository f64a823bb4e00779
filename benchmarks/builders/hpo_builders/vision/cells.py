"""Cells: four nodes, the first is the input and the last the output, and an operation on every edge.

A node is the sum of what its edges bring; an edge that lies on no path from the input to the output is not built.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

OPERATIONS = ("none", "skip", "convolution-1x1", "convolution-3x3", "depthwise-3x3", "max-3x3", "average-3x3")
NODES = 4
EDGES = ((0, 1), (0, 2), (1, 2), (0, 3), (1, 3), (2, 3))

CUTS = (((0, 1), (0, 2), (0, 3)), ((0, 2), (0, 3), (1, 2), (1, 3)), ((0, 1), (0, 3), (2, 3)), ((0, 3), (1, 3), (2, 3)))
"""Edges of which one must be there: without all edges of a cut, no path is left."""

Edge = tuple[int, int]


def column(edge: Edge) -> str:
    """Return the hyperparameter of an edge: "edge-0-1"."""
    return f"edge-{edge[0]}-{edge[1]}"


def alive(config: Mapping[str, Any]) -> dict[Edge, str]:
    """Return the operations of the edges on a path from the input to the output; none where there is no path."""
    there = {edge: config[column(edge)] for edge in EDGES if config[column(edge)] != "none"}
    reached = {0}
    for node in range(1, NODES):
        if any(a in reached and b == node for a, b in there):
            reached.add(node)
    leads = {NODES - 1}
    for node in reversed(range(NODES - 1)):
        if any(b in leads and a == node for a, b in there):
            leads.add(node)
    return {(a, b): name for (a, b), name in there.items() if a in reached and b in leads}
