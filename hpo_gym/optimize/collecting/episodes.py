"""`Episodes`: the choices of a collected set and their outcomes. A folder holds them as JSON lines, one an episode,
beside a description with checksums."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, fields, replace
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from hpo_gym.base import DamagedDataError, Floats, Ints, InvalidValueError, Keys, __version__, blame, digest, shown
from hpo_gym.problem import LABELS, Suite
from hpo_gym.suites import load_suite
from hpo_gym.system import check_seal, exactly, sealed, sha256, write_files

FORMAT = 1
ABOUT, LINES = "episodes.json", "episodes.jsonl"
_KEYS = {"format", "suite", "data_hash", "spec", "episodes", "lines", "hpo_gym", "checksum"}


@dataclass(frozen=True, eq=False)
class Episodes:
    """`n` episodes of at most `h` trials. Initial designs are not among the trials: the seeds give them.

    ``env.reset(seed=int(seed[i]), options={"task": tasks[task[i]]})`` of an env with the keywords `spec` begins
    episode `i`; an env with any other observer, codec or reward begins the same one.

    Attributes:
        spec: Keywords of the env, its `suite` as text.
        tasks: Names.
        task: Positions in `tasks`, ``(n,)``.
        seed: Seeds for `HPOEnv.reset`, ``(n,)``.
        behaviour: Names of the optimizers, ``(n,)``.
        count: Trials, ``(n,)``.
        at: Rows of the pool ``(n, h)``, -1 beyond the end; or points of the unit cube ``(n, h, d)``, NaN beyond.
        fidelity, score, cost, status: Of each trial, ``(n, h)``: 1, NaN, NaN and 0 beyond the end.
        returns: Sums of rewards, ``(n,)``.
    """

    suite: Suite
    spec: Mapping[str, Any]
    tasks: tuple[str, ...]
    task: Ints
    seed: Keys
    behaviour: NDArray[Any]
    count: Ints
    at: NDArray[Any]
    fidelity: Floats
    score: Floats
    cost: Floats
    status: NDArray[np.int8]
    returns: Floats

    def __len__(self) -> int:
        return len(self.count)

    @property
    def choices(self) -> str:
        """Return a hash of what is played."""
        played = (self.task, self.seed, self.count, self.at, self.fidelity)
        return digest([self.tasks, *(hashlib.sha256(array.tobytes()).hexdigest() for array in played)])

    def part(self, which: Ints) -> Episodes:
        """Return the episodes at some positions."""
        arrays = {
            f.name: getattr(self, f.name)[which] for f in fields(self) if f.name not in ("suite", "spec", "tasks")
        }
        return replace(self, **arrays)

    def lines(self) -> Iterator[str]:
        """Yield each episode as a line of JSON."""
        key, family = "at" if self.at.dtype.kind == "i" else "x", [self.suite.task(t).family for t in self.tasks]
        for i, count in enumerate(self.count.tolist()):
            task, cost = int(self.task[i]), self.cost[i, :count]
            line = {
                "suite": self.suite.name, "task": self.tasks[task], "family": family[task], "seed": int(self.seed[i]),
                "behaviour": str(self.behaviour[i]), key: self.at[i, :count].tolist(),
                "scores": self.score[i, :count].tolist(),
                "costs": [None if c != c else c for c in cost.tolist()],  # a cost that was not measured
                "return": float(self.returns[i]),
            }  # fmt: skip
            if (self.fidelity[i, :count] != 1.0).any():
                line["fidelity"] = self.fidelity[i, :count].tolist()
            if self.status[i, :count].any():
                line["status"] = [LABELS[s] for s in self.status[i, :count].tolist()]
            yield json.dumps(line, separators=(",", ":"), allow_nan=False) + "\n"

    def save(self, folder: str | Path) -> None:
        """Write the lines and their description to a folder, from which `read` reads them."""
        data = "".join(self.lines()).encode()
        about = described(self.suite, self.spec, len(self), hashlib.sha256(data).hexdigest())
        write_files(Path(folder), {LINES: data, ABOUT: about})

    @classmethod
    def read(cls, folder: str | Path) -> Episodes:
        """Read a folder of `hpo-gym collect`, or of `save`.

        Raises:
            DamagedDataError: It holds no such set, or one that is unfinished, cut or changed, or of a newer hpo-gym.
            InvalidValueError: The suite has other data today.
        """
        about = read_about(folder)
        path, suite = Path(folder) / LINES, load_suite(about["spec"]["suite"])
        if suite.data_hash != about["data_hash"]:
            raise InvalidValueError(
                f"`data_hash` of {suite.name!r} must be that of the episodes, {about['data_hash'][:8]} in {folder}, "
                f"got {suite.data_hash[:8]}: collect them anew, or use hpo-gym {about['hpo_gym']}."
            )
        if not path.is_file() or sha256(path) != about["lines"]:
            raise DamagedDataError(f"{path} must have the checksum of {ABOUT}; it is missing, cut or changed.")
        with blame(path):
            return _parsed(suite, about, path.read_text(encoding="utf-8").splitlines())


def described(suite: Suite, spec: Mapping[str, Any], episodes: int, lines: str, **more: Any) -> bytes:
    """Return the description of a set: `lines` is the checksum of its JSON lines."""
    about = {
        "format": FORMAT, "suite": suite.name, "data_hash": suite.data_hash, "spec": dict(spec), "episodes": episodes,
        "lines": lines, "hpo_gym": __version__, **more,
    }  # fmt: skip
    return sealed(about)


def read_about(folder: str | Path) -> dict[str, Any]:
    """Return the description of a set once its checksum holds; raise `DamagedDataError` as `Episodes.read`."""
    path = Path(folder) / ABOUT
    if not path.is_file():
        unfinished = "; its collection is unfinished: `--resume` goes on" if any(path.parent.glob("shards-*")) else ""
        raise DamagedDataError(f"{folder} must hold {ABOUT}, which `hpo-gym collect` writes last{unfinished}.")
    with blame(path):
        about = json.loads(path.read_text(encoding="utf-8"))
        if not isinstance(about, dict) or about.get("format") != FORMAT:
            found = shown(about.get("format") if isinstance(about, dict) else about, 40)
            raise InvalidValueError(f"`format` must be {FORMAT}, got {found}: newer ones need a newer hpo-gym.")
        check_seal(about)
        exactly("description", about, _KEYS, set(about))
        return about


def _parsed(suite: Suite, about: Mapping[str, Any], text: list[str]) -> Episodes:
    lines = [json.loads(line) for line in text]
    if len(lines) != about["episodes"]:
        raise InvalidValueError(f"`episodes` must be the number of lines, {len(lines)}, got {about['episodes']}.")
    tasks = tuple(dict.fromkeys(line["task"] for line in lines))
    place, count = {name: j for j, name in enumerate(tasks)}, np.array([len(line["scores"]) for line in lines], int)
    n, h, rows = len(lines), int(count.max(initial=0)), all("at" in line for line in lines)
    at: NDArray[Any] = np.full((n, h), -1, np.int64) if rows else np.full((n, h, suite.space.d), np.nan)
    fidelity, score, cost = np.ones((n, h)), np.full((n, h), np.nan), np.full((n, h), np.nan)
    status, code = np.zeros((n, h), np.int8), {label: i for i, label in enumerate(LABELS)}
    for i, (t, line) in enumerate(zip(count.tolist(), lines, strict=True)):
        if not t:  # stopped before its first trial
            continue
        at[i, :t], score[i, :t], cost[i, :t] = line["at" if rows else "x"], line["scores"], line["costs"]
        fidelity[i, :t] = line.get("fidelity", 1.0)
        status[i, :t] = [code[label] for label in line.get("status", ())] or 0
    return Episodes(
        suite, about["spec"], tasks, np.array([place[line["task"]] for line in lines], np.int64),
        np.array([line["seed"] for line in lines], np.uint64), np.array([line["behaviour"] for line in lines], str),
        count, at, fidelity, score, cost, status, np.array([line["return"] for line in lines], float),
    )  # fmt: skip
