"""What trials cost from 10^3 to 10^6, and by that what 10^9 would: time, memory and bytes, for docs/scale.md.

    python benchmarks/studies/scale.py            # measure what is missing, fill the page
    python benchmarks/studies/scale.py --most 5   # up to 10^5 trials

Each row is a process of its own: the controls and one more optimizer on ten tasks of SVM, 33 trials a run, as many
replicates as give the trials, by the serial engine; then the report of what it stored, and a merge of it. The writer's
rows store the cells of the 10^4 run again and again, in batches as a worker's job brings them. What stands for more
than was measured is computed from the last two rows, and says so.
"""

from __future__ import annotations

import argparse
import json
import os
import platform
import resource
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

HERE = Path(__file__).resolve()
FOUND, PAGE = HERE.with_name("scale.json"), HERE.parents[2] / "docs" / "scale.md"
BUDGET, TASKS, OPTIMIZERS = 33, 10, 3
FIRST, LAST, FAR = 3, 6, (7, 8, 9)
"""Powers of ten that are measured, and those that are modelled."""
BATCHES = (1, 16, 128)
SECONDS = 5.0  # of a measurement of the writer


class Draws:
    """Random configurations, one at a time by ask and tell."""

    def reset(self, context: Any, rng: Any) -> None:
        self.space, self.rng = context.space, rng

    def ask(self) -> Any:
        from hpo_gym import Query

        return Query(self.space.from_unit(self.space.sample(self.rng, 1)[0]))

    def tell(self, trial: Any) -> None:
        pass


def clocked(work: Callable[[], Any]) -> dict[str, float]:
    """Seconds of the processor and of the wall clock that something takes."""
    wall, cpu = time.perf_counter(), time.process_time()
    work()
    return {"cpu": time.process_time() - cpu, "wall": time.perf_counter() - wall}


def peak() -> float:
    """Most megabytes that this process had resident."""
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / (1024.0 if sys.platform == "linux" else 1024.0**2)


# ---------------------------------------------------------------------- one process each
def run(power: int, optimizer: str, out: str) -> dict[str, Any]:
    """A comparison of about 10^power trials; its report is another process's."""
    from hpo_gym.bench import benchmark

    seeds = max(1, round(10**power / (BUDGET * TASKS * OPTIMIZERS)))
    kinds: dict[str, Any] = {"budget": BUDGET, "tasks": TASKS, "seeds": seeds, "shard": "1/1", "out": out}
    benchmark("random", "SVM", **{**kinds, "tasks": 1, "seeds": 1, "out": f"{out}-first"})  # what is loaded once
    took = clocked(lambda: benchmark(optimizer, "SVM", **kinds))
    cells = OPTIMIZERS * TASKS * seeds
    return {**took, "peak": peak(), "cells": cells, "trials": cells * BUDGET, "bytes": size(Path(out))}


def size(folder: Path) -> int:
    return (folder / "store.sqlite").stat().st_size


def tell(out: str) -> dict[str, Any]:
    """Results and report of a stored comparison."""
    from hpo_gym.bench import remake

    return {**clocked(lambda: remake(out)), "peak": peak()}


def join(out: str) -> dict[str, Any]:
    """The store of one comparison copied by `merge`."""
    from hpo_gym.bench import merge

    return {**clocked(lambda: merge([out], f"{out}-merged")), "peak": peak()}


def write(out: str, batch: int) -> dict[str, Any]:
    """How many cells a second one writer stores, each batch flushed to the disk."""
    from hpo_gym.system import Store

    with Store(Path(out) / "store.sqlite", write=False) as store:
        records = [r for r, _ in zip(store.written(), range(max(BATCHES)), strict=False)]
    for record in records:
        dict(record.arrays)
    path, stored, start, cpu = Path(f"{out}-written-{batch}.sqlite"), 0, time.perf_counter(), time.process_time()
    with Store(path) as store:
        while time.perf_counter() - start < SECONDS:
            store.put_many(records[:batch])
            stored += batch
    wall, cpu = time.perf_counter() - start, time.process_time() - cpu
    return {"cells": stored / wall, "cpu": cpu / stored, "bytes": path.stat().st_size / stored}


PARTS: dict[str, Callable[..., dict[str, Any]]] = {"run": run, "tell": tell, "join": join, "write": write}


def fresh(part: str, *arguments: Any) -> dict[str, Any]:
    """What a part gives in a process of its own."""
    command = [sys.executable, str(HERE), "--part", json.dumps([part, *arguments])]
    path = os.pathsep.join([str(HERE.parent), *filter(None, [os.environ.get("PYTHONPATH")])])
    one = dict.fromkeys(("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS"), "1")
    environment = {**os.environ, **one, "PYTHONPATH": path}
    done = subprocess.run(command, capture_output=True, text=True, check=True, env=environment)
    found: dict[str, Any] = json.loads(done.stdout.splitlines()[-1])
    return found


# ---------------------------------------------------------------------- all of it
def measured(most: int) -> dict[str, Any]:
    """What is stored, and what is missing of it, measured now."""
    found: dict[str, Any] = json.loads(FOUND.read_text()) if FOUND.is_file() else {}
    with tempfile.TemporaryDirectory() as folder:
        for power in range(FIRST, most + 1):
            if str(power) not in found:
                out = f"{folder}/{power}"
                parts = {"run": fresh("run", power, "random", out), "tell": fresh("tell", out)}
                found[str(power)] = {**parts, "join": fresh("join", out)}
                print(power, found[str(power)], flush=True)
                keep(found)
        if "writer" not in found:
            alone = fresh("run", 4, "scale:Draws", f"{folder}/alone")
            found["writer"] = {str(b): fresh("write", f"{folder}/alone", b) for b in BATCHES}
            found["alone"] = {"batched": found["4"]["run"]["cpu"], "mixed": alone["cpu"], "trials": alone["trials"]}
            found["machine"] = f"{_processor()}, Python {platform.python_version()}"
            keep(found)
    return found


def keep(found: dict[str, Any]) -> None:
    FOUND.write_text(json.dumps(found, indent=1, sort_keys=True) + "\n")


def _processor() -> str:
    path = Path("/proc/cpuinfo")
    lines = path.read_text().splitlines() if path.is_file() else []
    names = [line.partition(":")[2].strip() for line in lines if line.startswith("model name")]
    return names[0] if names else platform.machine()


def modelled(found: dict[str, Any], power: int) -> dict[str, dict[str, float]]:
    """A row that was not measured: each quantity grows as from the last but one to the last measured row."""
    last = max(int(p) for p in found if p.isdigit())
    a, b = found[str(last - 1)], found[str(last)]
    x, y = a["run"]["trials"], b["run"]["trials"]
    there = 10.0**power

    def line(part: str, name: str) -> float:
        p, q = a[part][name], b[part][name]
        return float(q + (q - p) / (y - x) * (there - y))

    run_row = {name: line("run", name) for name in ("cpu", "wall", "peak", "bytes")}
    return {
        "run": {**run_row, "trials": there},
        **{part: {name: line(part, name) for name in ("cpu", "wall", "peak")} for part in ("tell", "join")},
    }


def table(found: dict[str, Any]) -> list[str]:
    """The page's tables."""
    powers = sorted(int(p) for p in found if p.isdigit())
    lines = [
        "| trials | | run: CPU | wall | memory | store | per trial | report: CPU | memory | merge: CPU | memory |",
        "|---:|---|---:|---:|---:|---:|---:|---:|---:|---:|---:|",
    ]
    for power in [*powers, *FAR]:
        row = found.get(str(power)) or modelled(found, power)
        one, two, three = row["run"], row["tell"], row["join"]
        per = f"{1e6 * one['cpu'] / one['trials']:.0f} µs, {one['bytes'] / one['trials']:.0f} B"
        words = [
            f"10^{power}", "measured" if power in powers else "modelled", time_of(one["cpu"]), time_of(one["wall"]),
            mass_of(1e6 * one["peak"]), mass_of(one["bytes"]), per, time_of(two["cpu"]), mass_of(1e6 * two["peak"]),
            time_of(three["cpu"]), mass_of(1e6 * three["peak"]),
        ]  # fmt: skip
        lines.append(f"| {' | '.join(words)} |")
    writer, alone = found["writer"], found["alone"]
    lines += ["", "| cells of a batch | cells per second | CPU per cell | bytes per cell | bytes per trial |"]
    lines += ["|---:|---:|---:|---:|---:|"]
    for batch, row in sorted(writer.items(), key=lambda pair: int(pair[0])):
        words = [f"{row['cells']:,.0f}", f"{1e3 * row['cpu']:.2g} ms", f"{row['bytes']:,.0f}"]
        lines.append(f"| {batch} | {' | '.join(words)} | {row['bytes'] / BUDGET:.0f} |")
    third = alone["trials"] / OPTIMIZERS
    more = 1e6 * (alone["mixed"] - alone["batched"] * (OPTIMIZERS - 1) / OPTIMIZERS) / third
    lines += ["", f"Random configurations, asked for one at a time: {more:.0f} µs of the processor per trial.", "",
              f"Measured on one core of {found['machine']}."]  # fmt: skip
    return lines


def time_of(seconds: float) -> str:
    for unit, worth in (("d", 86_400.0), ("h", 3600.0), ("min", 60.0)):
        if seconds >= 2 * worth:
            return f"{seconds / worth:.3g} {unit}"
    return f"{seconds:.2g} s" if seconds < 10 else f"{seconds:.0f} s"


def mass_of(size: float) -> str:
    for unit, worth in (("TB", 1e12), ("GB", 1e9), ("MB", 1e6)):
        if size >= worth:
            return f"{size / worth:.3g} {unit}"
    return f"{size / 1e3:.3g} kB"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--most", type=int, default=LAST, choices=range(FIRST + 1, LAST + 1))
    parser.add_argument("--part", help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.part:
        name, *arguments = json.loads(options.part)
        print(json.dumps(PARTS[name](*arguments)))
        return
    from marks import renewed

    lines = table(measured(options.most))
    PAGE.write_text(renewed(PAGE.read_text(encoding="utf-8"), [("scale", lines)]), encoding="utf-8")
    print("\n".join(lines))


if __name__ == "__main__":
    main()
