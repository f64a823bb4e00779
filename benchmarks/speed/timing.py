"""Interleaved timing by the CPU clock: cases take turns, so that a slow moment of the machine hits all of them."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from statistics import median

from hpo_gym.system import keep_memory

Case = tuple[Callable[[int], None], int]
"""A function that runs k iterations, and the steps that one iteration is worth."""


def rates(cases: Mapping[str, Case], *, repeats: int = 9, target: float = 0.05) -> dict[str, float]:
    """Steps per CPU second of each case: the median of `repeats` slices of about `target` seconds."""
    return {name: median(values) for name, values in _slices(cases, repeats, target).items()}


def against(
    cases: Mapping[str, Case], anchor: Case, *, repeats: int = 15, target: float = 0.1
) -> dict[str, dict[str, float]]:
    """Of each case ``ratio``, the median over turns of its rate to the anchor's in the same turn, and both rates.

    The process keeps the memory that it frees: whether the allocator gives it back, and what fresh pages then cost, is
    chance.
    """
    keep_memory()
    found = _slices({"anchor": anchor, **cases}, repeats, target)
    base = found.pop("anchor")
    return {
        name: {
            "ratio": median(ours / theirs for ours, theirs in zip(values, base, strict=True)),
            "rate": median(values),
            "anchor": median(base),
        }
        for name, values in found.items()
    }


def short(measure: Callable[[], Mapping[str, float]], floors: Mapping[str, float], margin: float) -> list[str]:
    """Names whose ratio is below `margin` of its floor; what seems so is measured once more, and the better counts."""

    def below(found: Mapping[str, float]) -> list[str]:
        return [name for name, ratio in found.items() if ratio < floors[name] * margin]

    found = measure()
    if not below(found):
        return []
    again = measure()
    return below({name: max(ratio, again[name]) for name, ratio in found.items()})


def _slices(cases: Mapping[str, Case], repeats: int, target: float) -> dict[str, list[float]]:
    counts = {name: _calibrate(run, target) for name, (run, _) in cases.items()}
    found: dict[str, list[float]] = {name: [] for name in cases}
    for _ in range(repeats):
        for name, (run, steps) in cases.items():
            found[name].append(counts[name] * steps / _seconds(run, counts[name]))
    return found


def _calibrate(run: Callable[[int], None], target: float) -> int:
    run(1)
    count = 1
    while True:
        seconds = _seconds(run, count)
        if seconds > target / 2:
            return max(1, int(count * target / seconds))
        count = max(count + 1, int(count * min(8.0, target / max(seconds, 1e-6))))


def _seconds(run: Callable[[int], None], count: int) -> float:
    start = time.process_time()
    run(count)
    return max(time.process_time() - start, 1e-9)
