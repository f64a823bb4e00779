"""Looks at test data, counted: `looks.py` renews the table of docs/benchmark.md, `looks.py --check` proves it.

A study that judges on a test split calls `count` when it runs anything; the entry goes into test_looks.json. Afterwards
somebody writes there, under `chosen`, what was chosen by what was seen: `--check` fails until it is said. It also
fails where a script of this folder neither counts its looks nor is in `APART`, where one that counts has no entry, and
where the page is out of date.
"""

from __future__ import annotations

import datetime
import json
import re
import subprocess
import sys
from collections.abc import Iterable, Iterator, Mapping, Sequence
from pathlib import Path

from marks import renewed

import hpo_gym
from hpo_gym.problem import SPLITS
from hpo_gym.system import write_files

HERE = Path(__file__).resolve().parent
LOOKS, PAGE = HERE / "test_looks.json", HERE.parents[1] / "docs" / "benchmark.md"
FIELDS = ("date", "commit", "study", "command", "suites", "split", "what", "why", "chosen")
NOTHING = ("nothing", "nothing that is recorded")
"""What is said under `chosen` where nothing was; the second of looks of before they were counted."""
APART: Mapping[str, str] = {
    "auto.py": "validation tasks",
    "belief.py": "validation tasks",
    "counts.py": "counts tasks and rows",
    "earlier_tasks.py": "validation tasks",
    "episode.py": "validation tasks",
    "evidence.py": "shows what reference.py and `hpo-gym validity` looked at",
    "extras.py": "sizes of packages",
    "faithfulness.py": "validation tasks",
    "guide.py": "shows what other studies looked at",
    "guide_figure.py": "shows what other studies looked at",
    "guide_learning.py": "shows what other studies looked at",
    "guide_limits.py": "shows what other studies looked at",
    "guide_misled.py": "shows what other studies looked at",
    "guide_next.py": "shows what other studies looked at",
    "guide_ratios.py": "ratios of what other studies looked at",
    "guide_reference.py": "shows what reference.py looked at",
    "guide_short.py": "shows what other studies looked at",
    "guide_when.py": "shows what other studies looked at",
    "headroom.py": "validation tasks",
    "learning.py": "validation tasks",
    "looks.py": "this script",
    "marks.py": "marks of pages",
    "meta_or_transfer.py": "validation tasks",
    "meta_train_tasks.py": "validation tasks",
    "misled_agents.py": "validation tasks",
    "pool_base.py": "training tasks",
    "q_tables.py": "validation tasks",
    "robustness.py": "validation tasks",
    "rows.py": "what files say of themselves",
    "runs.py": "the runs that reference.py made",
    "scale.py": "seconds and bytes; no regret is shown",
    "schedule_rules.py": "training and validation tasks",
    "sequence.py": "validation tasks",
    "standings.py": "shows what reference.py looked at",
    "starts.py": "validation tasks",
    "stress.py": "validation tasks",
    "shuffled_features.py": "optimizers, for validation tasks",
    "time_agent.py": "validation tasks",
    "time_parts.py": "validation tasks",
    "time_policies.py": "validation tasks",
    "tuning.py": "validation tasks",
}
"""Scripts of this folder that look at no test task of their own, and what they look at."""
_COUNTS = re.compile(r"^\s+looks\.count\(", re.MULTILINE)

Look = Mapping[str, object]


def count(command: str, suites: Iterable[str], what: str, why: str, *, path: Path = LOOKS) -> bool:
    """Count a look at the test split of suites, unless this version of the code has had the same one.

    Args:
        command: What was typed; its script is the study.
        suites: Whose test tasks are looked at.
        what: Which numbers are seen.
        why: What they are for.
        path: Where looks are kept.

    Returns:
        Whether it is new.
    """
    found, known = re.search(r"([\w-]+\.py)", command), looks(path)
    study = found.group(1) if found else command
    look = {"commit": commit(), "study": study, "command": command, "suites": sorted(suites), "split": SPLITS[-1]}
    if any(look.items() <= dict(one).items() for one in known):
        return False
    today = datetime.datetime.now(datetime.UTC).date().isoformat()
    entry = {"date": today, **look, "what": what, "why": why, "chosen": ""}
    write_files(path.parent, {path.name: written([*known, entry])})
    return True


def typed(script: str, arguments: Sequence[str]) -> str:
    """The command that runs a script of this folder."""
    return " ".join(["python", f"benchmarks/studies/{Path(script).name}", *arguments])


def looks(path: Path = LOOKS) -> list[Look]:
    """All that were counted, the first one first."""
    found: list[Look] = json.loads(path.read_text(encoding="utf-8")) if path.is_file() else []
    return found


def written(entries: Sequence[Look]) -> bytes:
    """The file of these looks."""
    return (json.dumps(entries, indent=1, ensure_ascii=False) + "\n").encode()


def commit() -> str:
    """The version of the code: of a checkout its commit, else that of the package."""
    done = subprocess.run(
        ["git", "-C", str(HERE), "rev-parse", "--short=7", "HEAD"], capture_output=True, text=True, check=False
    )
    return done.stdout.strip() if done.returncode == 0 else hpo_gym.__version__


def faults(entries: Sequence[Look], folder: Path = HERE) -> Iterator[str]:
    """What is wrong with looks, given the scripts of a folder."""
    for i, look in enumerate(entries):
        name = f"look {i + 1} ({look.get('study')}, {look.get('date')})"
        if set(look) != set(FIELDS):
            yield f"{name} must have {', '.join(FIELDS)}, got {', '.join(look)}"
            continue
        empty = [field for field in FIELDS if not look[field]]
        if empty:
            yield f"{name} must say {', '.join(empty)}: write it into {LOOKS.name}"
        if look["split"] != SPLITS[-1]:
            yield f"{name} must be of the split {SPLITS[-1]!r}, got {look['split']!r}"
    dates = [str(look.get("date")) for look in entries]
    if dates != sorted(dates):
        yield "looks must stand in the order of their dates"
    seen = {look.get("study") for look in entries}
    for path in sorted(folder.glob("*.py")):
        counts = bool(_COUNTS.search(path.read_text(encoding="utf-8")))
        if counts is (path.name in APART):
            yield f"{path.name} must count its looks or be in `APART`, and not both"
        if counts and path.name not in seen:
            yield f"{path.name} counts its looks and has none: run it, or write down what it was"


def table(entries: Sequence[Look]) -> Iterator[str]:
    """A row for each study: how often it looked, when, at what, and what was chosen by it."""
    by_study: dict[str, list[Look]] = {}
    for look in entries:
        by_study.setdefault(str(look["study"]), []).append(look)
    yield "| study | looks | from, to | suites | what was seen | for | what was chosen by it |"
    yield "|---|---:|---|---|---|---|---|"
    for study, some in by_study.items():
        dates = list(dict.fromkeys([str(some[0]["date"]), str(some[-1]["date"])]))
        suites = sorted({name for look in some for name in look["suites"]})  # type: ignore[attr-defined]
        chosen = list(dict.fromkeys(str(look["chosen"]) for look in some if look["chosen"] not in NOTHING))
        name = f"`{study}`" if study.endswith((".py", ".ipynb")) or study.startswith("hpo-gym ") else study
        cells = [name, len(some), ", ".join(dates), ", ".join(suites), some[0]["what"], some[0]["why"]]
        yield f"| {' | '.join(map(str, cells))} | {'; '.join(chosen or [str(some[-1]['chosen'])])} |"


def main(arguments: Sequence[str]) -> None:
    """Write the page; or end with what is wrong."""
    entries, before = looks(), PAGE.read_text(encoding="utf-8")
    after = renewed(before, [("looks", table(entries))])
    if "--check" in arguments:
        wrong = list(faults(entries))
        if before != after:
            wrong.append(f"out of date: {PAGE.name}; run `python benchmarks/studies/looks.py`")
        sys.exit("\n".join(wrong) or 0)
    PAGE.write_text(after, encoding="utf-8")


if __name__ == "__main__":
    main(sys.argv[1:])
