"""Looks at test data, counted in test_looks.json; the benchmark page shows them.

A study that judges on a test split states a `Look`; the frame counts it when a cell is measured. Afterwards somebody
writes there, under `chosen`, what was chosen by the numbers: `faults` names what is not said, and the scripts of this
folder that state no `LOOKS`.
"""

from __future__ import annotations

import datetime
import json
import re
import subprocess
import sys
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from types import ModuleType
from typing import Any

from frame import Table

import hpo_gym
from hpo_gym.problem import SPLITS
from hpo_gym.system import write_files

HERE = Path(__file__).resolve().parent
FILE = HERE / "test_looks.json"
FIELDS = ("date", "commit", "study", "command", "suites", "split", "what", "why", "chosen")
NOTHING = ("nothing", "nothing that is recorded")
"""Values of `chosen` where nothing was; the second of looks from before they were counted."""
LOOKS = "this script"
_STATES = re.compile(r"^LOOKS(?:: [\w| ]+)? = (Look\()?", re.MULTILINE)

Entry = Mapping[str, Any]


@dataclass(frozen=True)
class Look:
    """A look at test tasks.

    Attributes:
        what: The numbers that are seen.
        why: What they are for.
        suites: The suites whose test tasks are looked at.
        only: A text in the path of the cells that look; the others are of other splits.
    """

    what: str
    why: str
    suites: tuple[str, ...]
    only: str = ""


def count_of(study: ModuleType, path: Sequence[str]) -> None:
    """Count the look of a study that is about to measure a cell."""
    look = study.LOOKS
    if isinstance(look, Look) and look.only in "/".join(path):
        count(" ".join(["python", "benchmarks/studies", *sys.argv[1:]]), look.suites, look.what, look.why)


def count(command: str, suites: Iterable[str], what: str, why: str, *, path: Path = FILE) -> bool:
    """Count a look at the test split of suites, unless this version of the code has had the same one.

    Args:
        command: What was typed; it names the study.
        suites: Those whose test tasks are looked at.
        what: Which numbers are seen.
        why: What they are for.
        path: The file of the looks.

    Returns:
        Whether it is new.
    """
    found, known = re.search(r"studies[ /](\w+)", command), stored(path)
    study = f"{found[1]}.py" if found else command
    look = {"commit": commit(), "study": study, "command": command, "suites": sorted(suites), "split": SPLITS[-1]}
    if any(look.items() <= dict(one).items() for one in known):
        return False
    today = datetime.datetime.now(datetime.UTC).date().isoformat()
    entry = {"date": today, **look, "what": what, "why": why, "chosen": ""}
    write_files(path.parent, {path.name: written([*known, entry])})
    return True


def stored(path: Path = FILE) -> list[Entry]:
    """Return all counted looks, the first one first."""
    found: list[Entry] = json.loads(path.read_text(encoding="utf-8")) if path.is_file() else []
    return found


def written(entries: Sequence[Entry]) -> bytes:
    """Return the file of these looks."""
    return (json.dumps(entries, indent=1, ensure_ascii=False) + "\n").encode()


def commit() -> str:
    """Return the version of the code: of a checkout its commit, else that of the package."""
    done = subprocess.run(
        ["git", "-C", str(HERE), "rev-parse", "--short=7", "HEAD"], capture_output=True, text=True, check=False
    )
    return done.stdout.strip() if done.returncode == 0 else hpo_gym.__version__


def faults(entries: Sequence[Entry], folder: Path = HERE) -> Iterator[str]:
    """Yield what is wrong with looks, given the studies of a folder."""
    for i, look in enumerate(entries):
        name = f"look {i + 1} ({look.get('study')}, {look.get('date')})"
        if set(look) != set(FIELDS):
            yield f"{name} must have {', '.join(FIELDS)}, got {', '.join(look)}"
            continue
        empty = [field for field in FIELDS if not look[field]]
        if empty:
            yield f"{name} must say {', '.join(empty)}: write it into {FILE.name}"
        if look["split"] != SPLITS[-1]:
            yield f"{name} must be of the split {SPLITS[-1]!r}, got {look['split']!r}"
    dates = [str(look.get("date")) for look in entries]
    if dates != sorted(dates):
        yield "looks must stand in the order of their dates"
    seen = {look.get("study") for look in entries}
    for path in sorted(folder.glob("*.py")):
        text = path.read_text(encoding="utf-8")
        states = _STATES.search(text)
        if states is None and re.search(r"^def cell\(", text, re.MULTILINE):
            yield f"{path.name} must state `LOOKS`: a `Look`, or a few words on its tasks"
        if states is not None and states[1] and path.name not in seen:
            yield f"{path.name} looks at test tasks and has no entry: run it, or write down what it was"


def tables(entries: Sequence[Entry]) -> dict[str, Table]:
    """Return a row for each study: how often it looked, when, at what, and what was chosen by it."""
    by_study: dict[str, list[Entry]] = {}
    for look in entries:
        by_study.setdefault(str(look["study"]), []).append(look)
    rows = []
    for study, some in by_study.items():
        dates = list(dict.fromkeys([str(some[0]["date"]), str(some[-1]["date"])]))
        suites = sorted({name for look in some for name in look["suites"]})
        chosen = list(dict.fromkeys(str(look["chosen"]) for look in some if look["chosen"] not in NOTHING))
        name = f"`{study}`" if study.endswith((".py", ".ipynb")) or study.startswith("hpo-gym ") else study
        cells = [name, str(len(some)), ", ".join(dates), ", ".join(suites), some[0]["what"], some[0]["why"]]
        rows.append((*cells, "; ".join(chosen or [str(some[-1]["chosen"])])))
    heads = ("study", "looks", "from, to", "suites", "what was seen", "for", "what was chosen by it")
    return {"looks": Table.of(heads, rows)}


def values(entries: Sequence[Entry]) -> dict[str, Any]:
    """Return the number of looks and of studies."""
    return {"looks": len(entries), "studies": len({str(look["study"]) for look in entries})}
