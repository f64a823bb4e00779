"""Reference runs: what baselines chose, shipped, so that a new agent is compared with them without paying for them.

Only choices and measured times are stored: a run is replayed on the suite's own tasks, which gives scores, costs and
incumbents as the run itself did. A suite's `<Suite>.json` says who ran how, `<Suite>.runs` holds the choices.
"""

from __future__ import annotations

import functools
import hashlib
import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

import hpo_gym
from hpo_gym.bench.cells import Arrays, Cell, Entrant, Made, Work, failed, replayed
from hpo_gym.bench.protocol import STARTS, Protocol, subset_order
from hpo_gym.blocks import pack as pack_block
from hpo_gym.blocks import unpack as unpack_block
from hpo_gym.errors import DamagedDataError, InvalidValueError, unknown
from hpo_gym.optimizer import Context
from hpo_gym.runs import Runs
from hpo_gym.store import Store
from hpo_gym.suite import Suite
from hpo_gym.task import Task, bank_of

FOLDER = Path(hpo_gym.__file__).parent / "data" / "reference"
FORMAT = 1
ROUNDING = 1e-4
"""How far a replay may be from a run where points are stored in single precision, as a share of best less worst."""


@dataclass(frozen=True)
class Reference:
    """The reference runs of one suite: every entrant on every task, replicate and start.

    Attributes:
        suite, data_hash: What they ran on.
        tasks: In the order of `Protocol.tasks`: a part of them is the first few.
        budget, seeds, split: As of `Protocol`.
        entrants: Who ran.
        times: By entrant and start, `ms_p50`, `ms_p95` of a suggestion, and `train_seconds`.
        failures: By entrant and start, the error of each cell that failed, by its place among `tasks` x `seeds`.
        choices: By ``entrant/start``: `count` ``(cells,)``, `at` (rows of the pool, or points) one run after the other,
            and `level` (positions among the fidelities) where not all are full.
    """

    suite: str
    data_hash: str
    tasks: tuple[str, ...]
    budget: int
    seeds: int
    split: str
    entrants: tuple[Entrant, ...]
    times: Mapping[str, Mapping[str, Mapping[str, float]]]
    failures: Mapping[str, Mapping[str, Mapping[str, str]]]
    choices: Mapping[str, Mapping[str, NDArray[Any]]]

    # ------------------------------------------------------------------ files
    def write(self, folder: Path) -> tuple[Path, Path]:
        """Write both files, each whole or not at all, and return their paths."""
        folder.mkdir(parents=True, exist_ok=True)
        arrays = {f"{run}/{name}": a for run, part in self.choices.items() for name, a in part.items()}
        block = pack_block(arrays)
        said = {k: v for k, v in asdict(replace(self, choices={})).items() if k != "choices"}
        said = {"format": FORMAT, **said, "sha256": hashlib.sha256(block).hexdigest()}
        text = json.dumps(said, indent=1, sort_keys=True, allow_nan=False) + "\n"
        runs, about = folder / f"{self.suite}.runs", folder / f"{self.suite}.json"
        for path, content in ((runs, block), (about, text.encode())):
            unfinished = path.with_name(f".{path.name}.part")
            unfinished.write_bytes(content)
            unfinished.replace(path)
        return about, runs

    @classmethod
    def read(cls, about: Path) -> Reference:
        """Read what `write` wrote.

        Raises:
            DamagedDataError: The files do not hold what their checksum says.
        """
        try:
            said = json.loads(about.read_text(encoding="utf-8"))
            block = about.with_suffix(".runs").read_bytes()
            if said.pop("format") != FORMAT or said.pop("sha256") != hashlib.sha256(block).hexdigest():
                raise ValueError("another format or checksum")
            choices: dict[str, dict[str, NDArray[Any]]] = {}
            for key, array in unpack_block(block).items():
                run, _, name = key.rpartition("/")
                choices.setdefault(run, {})[name] = array
            said["entrants"] = tuple(Entrant(**e) for e in said["entrants"])
            return cls(**{**said, "tasks": tuple(said["tasks"])}, choices=choices)
        except (OSError, ValueError, KeyError, TypeError, AttributeError, InvalidValueError) as fault:
            raise DamagedDataError(f"{about} must hold reference runs as they were written: {fault!r}.") from fault

    # ------------------------------------------------------------------ what it knows
    def without(self, names: Iterable[str]) -> Reference:
        """The runs of the others."""
        kept = tuple(e for e in self.entrants if e.name not in set(names))
        known = {e.name for e in kept}
        return replace(
            self,
            entrants=kept,
            times={k: v for k, v in self.times.items() if k in known},
            failures={k: v for k, v in self.failures.items() if k in known},
            choices={k: v for k, v in self.choices.items() if k.rpartition("/")[0] in known},
        )

    def cells(self) -> list[Cell]:
        """The cells of one entrant and start, in the order in which they are stored."""
        return [Cell(self.suite, self.data_hash, t, None, r) for t in self.tasks for r in range(self.seeds)]

    def made(self, suite: Suite, spec: str, entrant: Entrant, start: str, wanted: Iterable[Cell]) -> list[Made]:
        """Replay the runs of one entrant from one start, as far as they are wanted."""
        work = Work(entrant, spec, None, self.split, start, self.budget, STARTS[start])
        place = {cell: i for i, cell in enumerate(self.cells())}
        broken = self.failures.get(entrant.name, {}).get(start, {})
        which = [(cell, place[cell]) for cell in wanted]
        times = {**self.times[entrant.name][start], "reference": True}
        lost = [failed(work, cell, broken[str(i)]) for cell, i in which if str(i) in broken]
        out = [replace(made, measured=times) for made in lost]
        alive = [(cell, i) for cell, i in which if str(i) not in broken]
        if not alive:
            return out
        runs = self._choices(suite.task(self.tasks[0]), entrant.name, start)
        spaces: dict[Any, list[tuple[Cell, Arrays]]] = {}
        for cell, i in alive:  # given points are drawn for runs of one space
            spaces.setdefault(suite.task(cell.task).space, []).append((cell, runs[i]))
        for space, some in spaces.items():
            player = Player([run for _, run in some], space.d)
            for made in replayed(player, suite, replace(work, cells=tuple(cell for cell, _ in some))):
                out.append(replace(made, measured=times))
        return out

    def _choices(self, task: Task, name: str, start: str) -> list[Arrays]:
        """The choices of each cell: `at`, and `fidelity` ``(t,)``."""
        stored = self.choices[f"{name}/{start}"]
        ends = np.cumsum(stored["count"].astype(np.int64))
        fidelity = np.ones(int(ends[-1]))
        if "level" in stored:
            fidelity = np.array(task.fidelities)[stored["level"]]
        at = stored["at"]
        wide = len(at) // max(int(ends[-1]), 1)  # numbers of one choice: 1 for a row, else those of a point
        cut = ends[:-1]
        shaped = at.astype(np.int64) if wide == 1 and at.dtype.kind == "u" else at.reshape(-1, wide).astype(np.float64)
        return [{"at": a, "fidelity": f} for a, f in zip(np.split(shaped, cut), np.split(fidelity, cut), strict=True)]


class Player:
    """An optimizer that chooses what was recorded, for many runs at once.

    Args:
        recorded: `at` and `fidelity` of each run.
        d: Columns of the search space; a recorded point may have more.
    """

    def __init__(self, recorded: Sequence[Arrays], d: int) -> None:
        self.recorded, self.d, self._step = recorded, d, 0

    def reset_batch(self, contexts: Sequence[Context], rngs: Sequence[np.random.Generator]) -> None:
        """Begin `n` runs: those that were recorded, in this order."""
        assert len(contexts) == len(self.recorded)
        self._step = 0

    def ask_batch(self, runs: Runs) -> tuple[NDArray[Any], NDArray[np.float64]]:
        """The next choice of each run; -1 or a point of NaN where it made no more."""
        t, n = self._step, len(self.recorded)
        self._step += 1
        rows = self.recorded[0]["at"].ndim == 1
        chosen = np.full(n, -1, np.int64) if rows else np.full((n, self.d), np.nan)
        fidelity = np.ones(n)
        for i, run in enumerate(self.recorded):
            if t < len(run["at"]):
                fidelity[i] = run["fidelity"][t]
                chosen[i] = run["at"][t] if rows else run["at"][t, : self.d]
        return chosen, fidelity


# ---------------------------------------------------------------------- reading
def reference_of(suite: str, folder: Path | None = None) -> Reference:
    """The reference runs of a suite; those that are shipped, unless a folder is named.

    Raises:
        UnknownNameError: There are none; the message lists suites that have some.
    """
    folder = FOLDER if folder is None else folder
    known = {p.stem: p for p in folder.glob("*.json")}
    if suite not in known:
        raise unknown("suite with reference runs", suite, sorted(known))
    return _read(known[suite])


@functools.lru_cache(maxsize=32)
def _read(about: Path) -> Reference:
    return Reference.read(about)


def references(suites: Mapping[str, Suite], folder: Path | None = None) -> dict[str, Reference]:
    """The reference runs of suites, by what the suites are loaded with.

    Raises:
        DamagedDataError: They were made with other data than the suite has.
    """
    out = {spec: reference_of(suite.name, folder) for spec, suite in suites.items()}
    for spec, suite in suites.items():
        if out[spec].data_hash != suite.data_hash:
            raise DamagedDataError(f"The reference runs of {suite.name!r} were made with other data than it has.")
    return out


def covered(
    found: Mapping[str, Reference],
    suites: Mapping[str, Suite],
    *,
    split: str,
    fold: int | str | None,
    start: str,
    budget: int,
    seeds: int | None,
    tasks: int | None,
) -> Protocol:
    """The protocol of a comparison with reference runs; `seeds` and `tasks` are as many as there are, unless given.

    Raises:
        InvalidValueError: It asks for what the reference runs do not have.
    """
    seeds = min(r.seeds for r in found.values()) if seeds is None else seeds
    most = min((len(r.tasks) for s, r in found.items() if len(r.tasks) < _size(suites[s], r)), default=None)
    protocol = Protocol(split, fold, start, budget, seeds, most if tasks is None else tasks)
    for spec, one in found.items():
        has = {"split": one.split, "fold": None, "budget": one.budget}
        for name, value in has.items():
            if getattr(protocol, name) != value:
                raise InvalidValueError(
                    f"Reference runs of {one.suite} have `{name}={value!r}`, got {getattr(protocol, name)!r}."
                )
        if seeds > one.seeds:
            raise InvalidValueError(f"Reference runs of {one.suite} have `seeds <= {one.seeds}`, got {seeds}.")
        if (protocol.tasks or len(one.tasks) + 1) > len(one.tasks) < _size(suites[spec], one):
            raise InvalidValueError(f"Reference runs of {one.suite} have `tasks <= {len(one.tasks)}`, got {tasks}.")
        if not any(f"{e.name}/{start}" in one.choices for e in one.entrants):
            raise InvalidValueError(f"Reference runs of {one.suite} have no `start={start!r}`.")
    return protocol


def _size(suite: Suite, reference: Reference) -> int:
    return len(suite.tasks(reference.split))


def entrants_with(found: Mapping[str, Reference], start: str) -> list[Entrant]:
    """Who ran on all of the suites from a start, in the order of the first."""
    first, *others = found.values()
    return [
        e for e in first.entrants if all(e in r.entrants and f"{e.name}/{start}" in r.choices for r in (first, *others))
    ]


# ---------------------------------------------------------------------- making
def collect(folders: Iterable[Path], known: Path | None = None) -> list[Reference]:
    """Make reference runs of finished comparisons: those of one suite have the same tasks, seeds and budget.

    Args:
        folders: As `hpo-gym bench` wrote them.
        known: A folder of reference runs, of which those optimizers are kept that the comparisons lack.

    Raises:
        InvalidValueError: They differ, or a cell is missing.
    """
    from hpo_gym.bench.runner import Plan

    parts: dict[str, list[Reference]] = {}
    for folder in folders:
        with Store(Path(folder) / "store.sqlite", write=False) as store:
            plan = Plan.from_json(json.loads(store.meta_get("plan") or "{}"), Path(folder))
            for spec in plan.suites:
                parts.setdefault(plan.suites[spec].name, []).append(_collected(plan, store, spec))
    for suite, some in parts.items():
        if known is not None and (known / f"{suite}.json").is_file():
            some.insert(0, _kept(Reference.read(known / f"{suite}.json"), some))
    return [_joined(some) for some in parts.values()]


def _kept(known: Reference, anew: Sequence[Reference]) -> Reference:
    """Of known runs those whose place no new ones take: also other starts of the very same optimizer."""
    fresh = {e.name: e for part in anew for e in part.entrants}
    other = [e.name for e in known.entrants if fresh.get(e.name, e) != e]
    made = {run for part in anew for run in part.choices}
    lost = sorted(run for run in known.choices if run.rpartition("/")[0] in other and run not in made)
    if lost:
        raise InvalidValueError(
            f"Reference runs of {known.suite} must be made anew from each start where an optimizer has another version "
            f"or settings, but there are none for {', '.join(lost)}."
        )
    return known.without(other)


def _collected(plan: Any, store: Store, spec: str) -> Reference:
    suite, p = plan.suites[spec], plan.protocol
    if p.fold is not None:
        raise InvalidValueError(f"Reference runs must be on the published split, got `fold={p.fold!r}`.")
    names = sorted((t for t, _ in plan.tasks[spec]), key=lambda name: subset_order(suite.name, name))
    empty = Reference(suite.name, suite.data_hash, tuple(names), p.budget, p.seeds, p.split, plan.entrants, {}, {}, {})
    times: dict[str, Any] = {}
    failures: dict[str, Any] = {}
    choices: dict[str, Any] = {}
    for entrant in plan.entrants:
        found = [store.get(plan.key(cell, entrant)) for cell in empty.cells()]
        records = [r for r in found if r is not None]
        if len(records) < len(found):
            raise InvalidValueError(f"{plan.folder} must be finished: {entrant.name} misses cells of {suite.name}.")
        broken = {str(i): str(r.error) for i, r in enumerate(records) if r.status != "done"}
        failures[entrant.name] = {p.start: broken} if broken else {}
        times[entrant.name] = {p.start: _times(records, plan.times([], spec, entrant)["train_seconds"])}
        choices[f"{entrant.name}/{p.start}"] = _stored(suite, empty.cells(), records, p.n_init)
    made = replace(empty, times=times, failures=failures, choices=choices)
    for entrant in plan.entrants:
        _check(made, suite, spec, entrant, p.start, {c: store.get(plan.key(c, entrant)) for c in empty.cells()})
    return made


def _check(made: Reference, suite: Suite, spec: str, entrant: Entrant, start: str, records: Mapping[Cell, Any]) -> None:
    """A replay must give what the run gave: the same on a table; elsewhere points are rounded to single precision."""
    done = [cell for cell, record in records.items() if record.status == "done"]
    played = {one.cell: one for one in made.made(suite, spec, entrant, start, done)}
    for cell in done:
        task, again = suite.task(cell.task), played[records[cell].cell]
        apart = np.abs(again.arrays["incumbent"] - records[cell].arrays["incumbent"])
        near = 0.0 if bank_of([task]).m else ROUNDING * (task.best - task.worst)
        if not (np.nan_to_num(apart) <= near).all():
            raise InvalidValueError(
                f"The run of {entrant.name} on {cell.task} must replay, it differs by {np.nanmax(apart):.2g}."
            )


def _times(records: Sequence[Any], train_seconds: float) -> dict[str, float]:
    measured = [r.measured for r in records if r.status == "done"]
    out = {k: round(float(np.median([m[k] for m in measured])), 4) if measured else 0.0 for k in ("ms_p50", "ms_p95")}
    return {**out, "train_seconds": train_seconds}


def _stored(suite: Suite, cells: Sequence[Cell], records: Sequence[Any], n_init: int) -> dict[str, NDArray[Any]]:
    """The choices of runs, in as few bytes as they need; given points are not stored, they belong to the world."""
    count, at, level = [], [], []
    for cell, record in zip(cells, records, strict=True):
        done = record.status == "done"
        task = suite.task(cell.task)
        x = record.arrays["x"][n_init:] if done else np.empty((0, task.space.d))
        count.append(len(x))
        bank: Any = bank_of([task])
        if bank.m:
            at.append(bank.place(np.zeros(len(x), np.int64), x) if len(x) else np.empty(0, np.int64))
        else:
            wide = max(t.space.d for t in suite.tasks("test"))
            at.append(np.pad(x[:, : task.space.d], ((0, 0), (0, wide - task.space.d))).ravel())
        f = record.arrays["fidelity"][n_init:] if done else np.empty(0)
        level.append(np.abs(f[:, None] - np.array(task.fidelities)).argmin(1))
    joined, levels = np.concatenate(at), np.concatenate(level)
    kind = np.uint32 if joined.dtype.kind == "i" and joined.max(initial=0) > 65_535 else np.uint16
    out: dict[str, NDArray[Any]] = {
        "count": np.array(count, np.uint16),
        "at": joined.astype(kind if joined.dtype.kind == "i" else np.float32),
    }
    if len(levels) and (levels < len(suite.task(cells[0].task).fidelities) - 1).any():
        out["level"] = levels.astype(np.uint8)
    return out


def _joined(parts: Sequence[Reference]) -> Reference:
    first = parts[0]
    for part in parts:
        for name in ("data_hash", "tasks", "budget", "seeds", "split"):
            if getattr(part, name) != getattr(first, name):
                raise InvalidValueError(
                    f"Comparisons of {first.suite} must have one `{name}`, got {getattr(first, name)!r} and "
                    f"{getattr(part, name)!r}."
                )
    entrants = {e.name: e for part in parts for e in part.entrants}
    times = {name: {s: t for p in parts for s, t in p.times.get(name, {}).items()} for name in entrants}
    failures = {name: {s: t for p in parts for s, t in p.failures.get(name, {}).items()} for name in entrants}
    choices = {key: value for p in parts for key, value in p.choices.items()}
    return replace(first, entrants=tuple(entrants.values()), times=times, failures=failures, choices=choices)
