"""Repeat a cheap part of each study, and compare it with the stored results: `again.py [NAME ..] [--record]`.

With `--record`, code with equal results takes the place of the code that measured them, so that they are not stale.
Each study names its part: `CHEAP`, paths of cells, or `again`, which returns results measured anew and the stored ones.
Results may differ in the last stored digit. Where they differ by more, the study is repeated with the kernels of a
processor without AVX-512, since some results hang on last bits and were measured on such a one.
"""

from __future__ import annotations

import math
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import frame
from sources import sources

RECORD = "--record"
DIGITS = 1.01e-5
"""Results are stored with five decimals; a rounded last digit may differ."""
WITHOUT_AVX512 = {"OPENBLAS_CORETYPE": "Haswell", "NPY_DISABLE_CPU_FEATURES": "X86_V4"}
TIMES = {"seconds", "rate"}
"""Keys of what is of a machine."""


def repeated(name: str) -> tuple[Any, Any]:
    """Return the cheap results of a study, measured anew and as stored."""
    study, found = frame.module(name), frame.whole(name)[frame.FOUND]
    if hasattr(study, "again"):
        now, then = study.again(found)
        return now, then
    with tempfile.TemporaryDirectory() as folder:
        now = [frame.run(study, path, Path(folder), names) for path, names in study.CHEAP.items()]
    return now, [frame.at(found, path) for path in study.CHEAP]


def record(name: str) -> None:
    """Store the hashes of the code of today."""
    parts = frame.whole(name)
    found = parts.pop(frame.FOUND)
    frame.write(name, found, {**parts, frame.SOURCES: sources(name)})


def differences(now: Any, then: Any, place: str = "") -> Iterator[str]:
    """Yield where results measured anew differ from the stored ones, of which they may be a part; times apart."""
    if isinstance(now, Mapping) and isinstance(then, Mapping) and set(now) <= set(then):
        for key in (k for k in now if k not in TIMES):
            yield from differences(now[key], then[key], f"{place}/{key}")
    elif (
        isinstance(now, Sequence) and isinstance(then, Sequence) and not isinstance(now, str) and len(now) == len(then)
    ):
        for i, pair in enumerate(zip(now, then, strict=True)):
            yield from differences(*pair, f"{place}/{i}")
    elif not (now == then or (_number(now) and _number(then) and math.isclose(now, then, abs_tol=DIGITS))):
        yield f"{place}: {now} now, {then} stored"


def _number(value: Any) -> bool:
    return isinstance(value, float | int) and not isinstance(value, bool)


def _equal_without_avx512(name: str) -> bool:
    """Return whether a study repeats in a process with other kernels; False in such a one."""
    if os.environ.items() >= WITHOUT_AVX512.items():
        return False
    command = [sys.executable, __file__, name]
    return not subprocess.run(
        command, env={**os.environ, **WITHOUT_AVX512}, capture_output=True, check=False
    ).returncode


def main(arguments: Sequence[str]) -> int:
    """Repeat all studies, or those that are named, and return the number of those that differ."""
    wrong, names = 0, [word for word in arguments if word != RECORD]
    for name in names or [n for n in frame.names() if {"CHEAP", "again"} & set(vars(frame.module(n)))]:
        start = time.process_time()
        found, known = list(differences(*repeated(name))), frame.whole(name).get(frame.DIFFERS)
        said = "equal" if not found else "differs, as is known" if known else "differs"
        if said == "differs" and _equal_without_avx512(name):
            said = "equal without AVX-512"
        wrong += said == "differs"
        print(f"{name:20s} {said}, {time.process_time() - start:.1f} CPU s", flush=True)
        if RECORD in arguments and not found:
            record(name)
        print(*(f"  {line}" for line in found[:5]), sep="\n", end="\n" if found else "")
    return wrong


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
