"""Families of generators: any number of rows of up to 15 numbers with a class.

A generator draws the parameters of one of its tasks (classes, directions, spreads) and then rows, all from one given
random generator. No two families on different sides of the split share their idea.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from types import MappingProxyType

import numpy as np
from numpy.typing import NDArray

from hpo_gym.suites.tasks.training.generators import regions, rules, scenes, sequences, surfaces

Generator = Callable[[np.random.Generator, int], tuple[NDArray[np.float64], NDArray[np.int64]]]
"""From a generator and a number of rows to rows ``(rows, d)``, d at most 15, and classes ``(rows,)`` from 0."""

FAMILIES: Mapping[str, Mapping[str, Generator]] = MappingProxyType(
    {
        "train": {
            "blobs": regions.blobs,
            "prototypes": regions.prototypes,
            "rings": regions.rings,
            "quantiles": regions.quantiles,
            "moons": regions.moons,
            "spirals": regions.spirals,
            "wedges": regions.wedges,
            "checker": regions.checker,
            "xor": regions.xor,
            "linear": surfaces.linear,
            "quadratic": surfaces.quadratic,
            "stripes": surfaces.stripes,
            "teacher": surfaces.teacher,
            "tree": rules.tree,
            "ladder": rules.ladder,
        },
        "val": {
            "ellipsoids": scenes.ellipsoids,
            "boxes": rules.boxes,
            "friedman": surfaces.friedman,
            "largest": rules.largest,
            "gates": rules.gates,
        },
        "test": {
            "waveform": sequences.waveform,
            "frequency": sequences.frequency,
            "autoregression": sequences.autoregression,
            "runs": sequences.runs,
            "bars": scenes.bars,
            "segments": scenes.segments,
            "counts": scenes.counts,
            "roll": scenes.roll,
            "votes": scenes.votes,
            "distances": scenes.distances,
        },
    }
)
"""Generators by split and family."""

GENERATORS: Mapping[str, Generator] = MappingProxyType(
    {name: make for families in FAMILIES.values() for name, make in families.items()}
)
