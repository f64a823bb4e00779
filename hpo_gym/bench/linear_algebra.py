"""The kernels of linear algebra that scores were computed with: on some suites, bits follow them."""

from __future__ import annotations

import importlib
import json
from collections.abc import Iterable, Mapping

from hpo_gym.bench.origin import MADE
from hpo_gym.problem import Suite
from hpo_gym.system import Store

KERNELS, THREADS = "kernels", "BLAS threads"
"""Keys of a store's origin."""
_FOLLOW = ("training", "surrogate")


def follow(suites: Iterable[Suite]) -> list[str]:
    """Return the names of suites with scores from linear algebra: trainings, and predictions of models."""
    return sorted({suite.name for suite in suites if suite.kind in _FOLLOW})


def kernels() -> dict[str, str]:
    """Return the libraries of NumPy and SciPy with the processor that their kernels are for, and their threads."""
    from threadpoolctl import threadpool_info

    importlib.import_module("scipy.linalg")  # which has a library of its own
    found = [one for one in threadpool_info() if one["user_api"] == "blas"]
    said = sorted({f"{one['internal_api']} {one['version']} {one.get('architecture', '')}".strip() for one in found})
    return {KERNELS: ", ".join(said), THREADS: str(max((one["num_threads"] for one in found), default=0))}


def origin_of(store: Store) -> dict[str, str]:
    """Return the origin of a store's last runs."""
    found: dict[str, str] = json.loads(store.meta_get(MADE) or "{}")
    return found


def several(origins: Iterable[Mapping[str, str]], suites: Iterable[Suite]) -> tuple[str, str]:
    """Return the kernels of some origins, and a warning if they differ, else "".

    An origin that names none, of a result from before they were recorded, is not compared.
    """
    found = sorted({one for origin in origins for one in origin.get(KERNELS, "").split("; ") if one})
    moving = follow(suites)
    if len(found) < 2 or not moving:
        return "; ".join(found), ""
    return "; ".join(found), (
        f"Scores on {', '.join(moving)} follow the kernels of linear algebra, and these runs have several: "
        f"{' and '.join(found)}. Trials of one configuration may differ; `OPENBLAS_CORETYPE=Haswell` gives the same "
        "kernels on all processors that have them."
    )


def hardware_of(origin: Mapping[str, str]) -> str:
    """Return the line of a card: the machine, and the kernels where scores follow them."""
    return "; ".join(filter(None, (origin["machine"], origin.get(KERNELS, ""))))


def other_than_here(hardware: Mapping[str, str], suites: Iterable[Suite]) -> str:
    """Return a warning on entries, lines of hardware by name, with other kernels than this process."""
    moving, here = follow(suites), kernels()[KERNELS]
    others = [name for name, line in hardware.items() if here not in line] if moving else []
    if not others:
        return ""
    return (
        f"Scores on {', '.join(moving)} follow the kernels of linear algebra, here {here}: on this board they may "
        f"differ from those of the own runs of {', '.join(others)}, whose `hardware` does not name these."
    )
