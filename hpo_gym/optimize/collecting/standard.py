"""Standard sets: names of fixed arguments of `collect`, with the checksums of what they give."""

from __future__ import annotations

import warnings
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import yaml

from hpo_gym.base import DamagedDataError, unknown
from hpo_gym.optimize.collecting.collect import collect
from hpo_gym.optimize.collecting.episodes import Episodes, read_about

_PATH = Path(__file__).with_name("standard.yaml")


def standard_sets() -> dict[str, Mapping[str, Any]]:
    """Return the arguments of each standard set, and its `lines` and `data`, the checksums of its description."""
    return dict(yaml.safe_load(_PATH.read_text(encoding="utf-8")))


def collect_standard(name: str, **hands: Any) -> Episodes:
    """Collect a standard set, and compare it with its checksums; trainings round as the processor does, so differ.

    Args:
        hands: `engine`, `workers`, `out`, `resume` and `progress` of `collect`.

    Raises:
        UnknownNameError: No such set.
        DamagedDataError: Tables gave another set than the published one.
    """
    if name not in standard_sets():
        raise unknown("standard set", name, standard_sets())
    said = dict(standard_sets()[name])
    sums = {key: said.pop(key) for key in ("lines", "data")}
    episodes = collect(**said, **hands)
    about = read_about(hands["out"])
    if {key: about[key] for key in sums} != sums:
        told = f"{name} must have the checksums {sums}, got {about['lines']}, {about['data']}."
        if episodes.suite.kind != "training":
            raise DamagedDataError(told)
        warnings.warn(told, stacklevel=2)
    return episodes
