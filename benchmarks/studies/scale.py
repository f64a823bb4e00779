"""The cost of 10^3 to 10^6 trials, and by that of 10^9: time, memory and bytes.

Each row is a process of its own: the controls and one more optimizer on ten tasks of SVM, 33 trials a run, as many
replicates as give the trials, by the serial engine; then the report of the store, and a merge of it. The writer's
rows store the cells of the 10^4 run again and again, in batches as a worker's job brings them. Rows beyond the last
measured one are computed from the last two, and say so.
"""

from __future__ import annotations

import json
import os
import platform
import resource
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import frame
from frame import Table

HERE = Path(__file__).resolve()
LOOKS = "seconds and bytes; no regret is shown"
SUITES = ("SVM",)
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
    """Return the seconds of the processor and of the wall clock of a call."""
    wall, cpu = time.perf_counter(), time.process_time()
    work()
    return {"cpu": time.process_time() - cpu, "wall": time.perf_counter() - wall}


def peak() -> float:
    """Return the peak resident megabytes of this process."""
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / (1024.0 if sys.platform == "linux" else 1024.0**2)


# ---------------------------------------------------------------------- one process each
def run(power: int, optimizer: str, out: str) -> dict[str, Any]:
    """Run a comparison of about 10^power trials; its report is another process's."""
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
    """Write results and report of a stored comparison."""
    from hpo_gym.bench import remake

    return {**clocked(lambda: remake(out)), "peak": peak()}


def join(out: str) -> dict[str, Any]:
    """Copy the store of one comparison by `merge`."""
    from hpo_gym.bench import merge

    return {**clocked(lambda: merge([out], f"{out}-merged")), "peak": peak()}


def write(out: str, batch: int) -> dict[str, Any]:
    """Return the cells that one writer stores in a second, each batch flushed to the disk."""
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
    """Run a part in a process of its own."""
    command = [sys.executable, str(HERE), json.dumps([part, *arguments])]
    path = os.pathsep.join([str(HERE.parent), *filter(None, [os.environ.get("PYTHONPATH")])])
    one = dict.fromkeys(("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS"), "1")
    environment = {**os.environ, **one, "PYTHONPATH": path}
    done = subprocess.run(command, capture_output=True, text=True, check=True, env=environment)
    found: dict[str, Any] = json.loads(done.stdout.splitlines()[-1])
    return found


# ---------------------------------------------------------------------- all of it
cells = frame.grid((*map(str, range(FIRST, LAST + 1)), "writer", "alone", "machine"))


def cell(name: str, out: Path) -> Any:
    """Measure a row in processes of their own."""
    if name == "machine":
        return f"{_processor()}, Python {platform.python_version()}"
    with tempfile.TemporaryDirectory() as folder:
        place = f"{folder}/{name}"
        if name.isdigit():
            parts = {"run": fresh("run", int(name), "random", place), "tell": fresh("tell", place)}
            return {**parts, "join": fresh("join", place)}
        alone = fresh("run", 4, "scale:Draws", place)
        if name == "writer":
            return {str(b): fresh("write", place, b) for b in BATCHES}
    batched = frame.stored("scale")["4"]["run"]["cpu"]
    return {"batched": batched, "mixed": alone["cpu"], "trials": alone["trials"]}


def again(found: Mapping[str, Any]) -> tuple[Any, Any]:
    """Count the cells and trials of the smallest run anew; seconds and bytes are those of a machine."""
    with tempfile.TemporaryDirectory() as folder:
        now = fresh("run", FIRST, "random", f"{folder}/run")
    return [now[k] for k in ("cells", "trials")], [found[str(FIRST)]["run"][k] for k in ("cells", "trials")]


def _processor() -> str:
    path = Path("/proc/cpuinfo")
    lines = path.read_text().splitlines() if path.is_file() else []
    names = [line.partition(":")[2].strip() for line in lines if line.startswith("model name")]
    return names[0] if names else platform.machine()


def modelled(found: dict[str, Any], power: int) -> dict[str, dict[str, float]]:
    """Extrapolate a row: each quantity grows as from the last but one to the last measured row."""
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


def tables(found: Mapping[str, Any]) -> dict[str, Table]:
    """Return the rows by trials, and the rates of the writer."""
    powers = sorted(int(p) for p in found if p.isdigit())
    rows = []
    for power in [*powers, *FAR]:
        row = found.get(str(power)) or modelled(dict(found), power)
        one, two, three = row["run"], row["tell"], row["join"]
        per = f"{1e6 * one['cpu'] / one['trials']:.0f} µs, {one['bytes'] / one['trials']:.0f} B"
        rows.append((
            f"10^{power}", "measured" if power in powers else "modelled", time_of(one["cpu"]), time_of(one["wall"]),
            mass_of(1e6 * one["peak"]), mass_of(one["bytes"]), per, time_of(two["cpu"]), mass_of(1e6 * two["peak"]),
            time_of(three["cpu"]), mass_of(1e6 * three["peak"]),
        ))  # fmt: skip
    heads = ("run: CPU", "wall", "memory", "store", "per trial", "report: CPU", "memory", "merge: CPU", "memory")
    writer = [
        (
            batch,
            f"{row['cells']:,.0f}",
            f"{1e3 * row['cpu']:.2g} ms",
            f"{row['bytes']:,.0f}",
            f"{row['bytes'] / BUDGET:.0f}",
        )
        for batch, row in sorted(found["writer"].items(), key=lambda pair: int(pair[0]))
    ]
    by_batch = ("cells of a batch", "cells per second", "CPU per cell", "bytes per cell", "bytes per trial")
    return {"scale": Table.of(("trials", "", *heads), rows), "batches": Table.of(by_batch, writer)}


def values(found: Mapping[str, Any]) -> dict[str, Any]:
    """Return the cells of the tables, the processor's time of a trial by ask and tell in µs, and the machine."""
    alone, third = found["alone"], found["alone"]["trials"] / OPTIMIZERS
    more = 1e6 * (alone["mixed"] - alone["batched"] * (OPTIMIZERS - 1) / OPTIMIZERS) / third
    return {"single_us": round(more), "machine": found["machine"]}


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


if __name__ == "__main__":
    part_name, *part_arguments = json.loads(sys.argv[-1])
    print(json.dumps(PARTS[part_name](*part_arguments)))
