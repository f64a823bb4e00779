"""Reference runs: the choices of baselines, shipped, so that a new agent is compared with them at no cost.

Only choices and measured times are stored: a run is replayed on the suite's own tasks, with the scores, costs and
incumbents of the run itself. A suite's `<Suite>.json` describes the runs, `<Suite>.runs` holds the choices.
"""

from __future__ import annotations

import functools
import hashlib
import json
import warnings
from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass, field, replace
from pathlib import Path
from typing import Any, ClassVar

from numpy.typing import NDArray
from pydantic import ConfigDict, TypeAdapter

from hpo_gym.base import DATA, DamagedDataError, InvalidValueError, unknown
from hpo_gym.bench.cells import Cell, Made, Work, failed
from hpo_gym.bench.entrants import Entrant
from hpo_gym.bench.protocol import FAMILIES, Protocol
from hpo_gym.bench.reference.choices import Player, by_space, runs_of
from hpo_gym.bench.work import replayed
from hpo_gym.optimize import SAVED, UNKNOWN, moved, optimizer_now, stamp_of_data, suite_stamp
from hpo_gym.problem import Budget, Suite
from hpo_gym.system import MADE_OF, check_seal, sealed, write_files
from hpo_gym.system import pack as pack_block
from hpo_gym.system import unpack as unpack_block

FOLDER = DATA / "results" / "reference"
FORMAT = 1


@dataclass(frozen=True)
class Reference:
    """The reference runs of one suite: every entrant on every task, replicate and start.

    Attributes:
        tasks: In the order of `Protocol.tasks`: a part of them is the first few.
        budget, seeds, split: As in `Protocol`.
        times: By entrant and start, `ms_p50`, `ms_p95` of a suggestion, and `train_seconds`.
        failures: By entrant and start, the error of each failed cell, by its place among `tasks` x `seeds`.
        choices: By ``entrant/start``, see `choices_of`.
        made_of: The suite, the optimizers and the package, see `hpo_gym.optimize.made_of`.
    """

    __pydantic_config__: ClassVar = ConfigDict(extra="forbid", arbitrary_types_allowed=True)

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
    made_of: Mapping[str, Any] = field(default_factory=dict)

    # ------------------------------------------------------------------ files
    def write(self, folder: Path) -> tuple[Path, Path]:
        """Write both files, each whole or not at all, and return their paths."""
        arrays = {f"{run}/{name}": a for run, part in self.choices.items() for name, a in part.items()}
        block = pack_block(arrays)
        bare = asdict(replace(self, choices={}, entrants=()))
        said = {k: v for k, v in bare.items() if k != "choices"} | {"entrants": [e.to_json() for e in self.entrants]}
        said = {"format": FORMAT, **said, "sha256": hashlib.sha256(block).hexdigest()}
        runs, about = folder / f"{self.suite}.runs", folder / f"{self.suite}.json"
        write_files(folder, {runs.name: block, about.name: sealed(said, sort_keys=True)})
        return about, runs

    @classmethod
    def read(cls, about: Path) -> Reference:
        """Read a file of `write`; raise `DamagedDataError` where it contradicts its checksum."""
        try:
            said = json.loads(about.read_text(encoding="utf-8"))
            check_seal(said)
            del said["checksum"], said[MADE_OF]["checksum"]
            block = about.with_suffix(".runs").read_bytes()
            if said.pop("format") != FORMAT or said.pop("sha256") != hashlib.sha256(block).hexdigest():
                raise ValueError("another format or checksum")
            choices: dict[str, dict[str, NDArray[Any]]] = {}
            for key, array in unpack_block(block).items():
                run, _, name = key.rpartition("/")
                choices.setdefault(run, {})[name] = array
            return TypeAdapter(cls).validate_python({**said, "choices": choices})
        except (OSError, ValueError, KeyError, TypeError, AttributeError, InvalidValueError) as fault:
            raise DamagedDataError(f"{about} must hold reference runs as they were written: {fault!r}.") from fault

    # ------------------------------------------------------------------ what it knows
    def cells(self) -> list[Cell]:
        """Return the cells of one entrant and start, in stored order."""
        return [Cell(self.suite, self.data_hash, t, None, r) for t in self.tasks for r in range(self.seeds)]

    def made(self, suite: Suite, spec: str, entrant: Entrant, start: str, wanted: Iterable[Cell]) -> list[Made]:
        """Replay the runs of one entrant from one start, as far as they are wanted."""
        protocol = Protocol(self.split, start=start, budget=Budget(self.budget))
        work = Work(entrant, spec, None, protocol)
        place = {cell: i for i, cell in enumerate(self.cells())}
        broken = self.failures.get(entrant.name, {}).get(start, {})
        which = [(cell, place[cell]) for cell in wanted]
        times = {**self.times[entrant.name][start], "reference": True}
        lost = [failed(cell, broken[str(i)]) for cell, i in which if str(i) in broken]
        out = [replace(made, measured=times) for made in lost]
        alive = [(cell, i) for cell, i in which if str(i) not in broken]
        if not alive:
            return out
        runs = runs_of(suite.task(self.tasks[0]), self.choices[f"{entrant.name}/{start}"])
        for places in by_space(suite, [cell for cell, _ in alive]):  # given points are drawn for runs of one space
            cells, some = zip(*((alive[i][0], runs[alive[i][1]]) for i in places), strict=True)
            player = Player(some, suite.task(cells[0].task).space.d)
            out += [replace(made, measured=times) for made in replayed(player, suite, replace(work, cells=cells))]
        return out


# ---------------------------------------------------------------------- reading
def reference_of(suite: str) -> Reference:
    """Return the reference runs of a suite; raise `UnknownNameError` if it has none."""
    known = {p.stem: p for p in FOLDER.glob("*.json")}
    if suite not in known:
        raise unknown("suite with reference runs", suite, sorted(known))
    return _read(known[suite])


_read = functools.lru_cache(maxsize=32)(Reference.read)


def references(suites: Mapping[str, Suite]) -> dict[str, Reference]:
    """Return the reference runs of suites, by spec; runs on other data are left out, with a warning.

    Raises:
        UnknownNameError: A suite has none.
    """
    out = {spec: reference_of(suite.name) for spec, suite in suites.items()}
    why = {spec: data_moved(out[spec], suite) for spec, suite in suites.items()}
    for spec in filter(why.get, suites):
        warnings.warn(f"Reference runs on {suites[spec].name} are left out: {why[spec]}.", stacklevel=3)
    return {spec: one for spec, one in out.items() if not why[spec]}


def data_moved(reference: Reference, suite: Suite) -> str:
    """Return how the data of a suite have moved on since its reference runs: "SVM 2 -> 3"; "" where they have not."""
    if reference.data_hash == suite.data_hash:
        return ""
    return moved(suite.name, stamp_of_data(suite.name, reference.data_hash), suite_stamp(suite), "data")


def optimizer_moved(entrant: Entrant) -> str:
    """Return how an optimizer has moved on since its reference runs: "ga 2 -> 3"; "" also where it is gone."""
    now = optimizer_now(entrant.spec.removeprefix(SAVED))
    content = json.loads(entrant.settings).get("checksum", UNKNOWN)[:8] if entrant.spec.startswith(SAVED) else UNKNOWN
    return "" if now is None else moved(entrant.name, f"{entrant.version}@{content}", now, "training")


def covered(
    found: Mapping[str, Reference],
    suites: Mapping[str, Suite],
    asked: Protocol,
    *,
    seeds: int | None,
    tasks: int | str | None,
) -> Protocol:
    """Return the protocol `asked` with `seeds` and `tasks`, by default those of the reference runs.

    Raises:
        InvalidValueError: It asks for more than the reference runs have.
    """
    seeds = min(r.seeds for r in found.values()) if seeds is None else seeds
    most = min((len(r.tasks) for s, r in found.items() if len(r.tasks) < _size(suites[s], r)), default=None)
    protocol = replace(asked, seeds=seeds, tasks=most if tasks is None else tasks)
    start = protocol.start
    if isinstance(protocol.tasks, tuple):
        raise InvalidValueError(f"`with_reference` needs a number of `tasks`, or none, got {protocol.tasks!r:.200}.")
    for spec, one in found.items():
        own = Protocol(one.split, start=start, budget=Budget(one.budget)).deciding()
        for name, value in protocol.deciding().items():
            if value != own[name]:
                raise InvalidValueError(f"Reference runs of {one.suite} have `{name}={own[name]!r}`, got {value!r}.")
        if seeds > one.seeds:
            raise InvalidValueError(f"Reference runs of {one.suite} have `seeds <= {one.seeds}`, got {seeds}.")
        wanted = _wanted(protocol, suites[spec], len(one.tasks) + 1)
        if wanted > len(one.tasks) < _size(suites[spec], one):
            raise InvalidValueError(f"Reference runs of {one.suite} have `tasks <= {len(one.tasks)}`, got {tasks}.")
        if not any(f"{e.name}/{start}" in one.choices for e in one.entrants):
            raise InvalidValueError(f"Reference runs of {one.suite} have no `start={start!r}`.")
    return protocol


def _wanted(protocol: Protocol, suite: Suite, every: int) -> int:
    """Return the number of tasks of a suite that a protocol asks for; `every` where it asks for all."""
    if protocol.tasks == FAMILIES:
        return len({task.family for task in suite.tasks(protocol.split)})
    return protocol.tasks if isinstance(protocol.tasks, int) else every


def _size(suite: Suite, reference: Reference) -> int:
    return len(suite.tasks(reference.split))


def entrants_with(found: Mapping[str, Reference], start: str) -> list[Entrant]:
    """Return the entrants that ran on all of the suites from a start, in the order of the first."""
    if not found:
        return []
    first, *others = found.values()
    return [
        e for e in first.entrants if all(e in r.entrants and f"{e.name}/{start}" in r.choices for r in (first, *others))
    ]
