"""A plugin of pytest that runs the cases that a change can reach, the nearest first, until the time is spent.

    PYTHONPATH=tests pytest -p changed --since origin/main --seconds 180 -m "long and not slow"

A case is at distance 0 if its file changed, at 1 if its file imports or names what changed or its parameters name it,
else at the number of imports between. What is left is counted: `.ci/run --full` runs it.
"""

from __future__ import annotations

import re
import subprocess
import time
from collections.abc import Iterable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest
from imports import ROOT, Graph

FAR = 99
"""The distance of what no change reaches."""


@dataclass(frozen=True)
class Change:
    """What differs from a commit.

    Attributes:
        paths: The files.
        distances: The imports between each file and the nearest of them.
        words: Their names and what they register, as tests name them.
    """

    paths: frozenset[Path]
    distances: dict[Path, int] = field(hash=False)
    words: frozenset[str]

    @classmethod
    def since(cls, revision: str, root: Path = ROOT) -> Change:
        """Return what differs from a commit, new files among it."""
        paths = frozenset(root / name for name in differing(revision, root))
        return cls(paths, Graph.of(root).distances(sorted(paths)), words(paths))

    def distance(self, path: Path, text: str, values: Iterable[object] = ()) -> int:
        """Return how near a case is, by its file, the text of the file and its parameters."""
        near = self.distances.get(path, FAR)
        if near <= 1:
            return near
        given = (str(value) for value in values if isinstance(value, (str, Path)))  # a text of an integer has a limit
        named = {word.rpartition("/")[2] for word in (*re.findall(r"[\"']([\w./+-]+)[\"']", text), *given)}
        return 1 if named & self.words else near


def differing(revision: str, root: Path) -> set[str]:
    """Return the paths of files that differ from a commit or that git does not know yet."""
    commands = (["diff", "--name-only", revision], ["ls-files", "--others", "--exclude-standard"])
    git = ["git", "-C", str(root)]
    found = (subprocess.run([*git, *c], capture_output=True, text=True, check=True).stdout for c in commands)
    return {line for text in found for line in text.splitlines()}


def words(paths: Iterable[Path]) -> frozenset[str]:
    """Return the names of files and of the folders of data, and what the files register."""
    found: set[str] = set()
    for path in paths:
        found.add(path.name)
        if path.suffix == ".py":
            text = path.read_text(encoding="utf-8") if path.exists() else ""
            found |= set(re.findall(r"\.register\(\s*\"([^\"]+)\"", text))
            found |= {path.stem} if path.parent.name in ("speed", "studies") else set()  # imported by name
        elif "data" in path.parts:
            found |= {path.stem, path.parent.name}  # a suite or an agent
    return frozenset(found) - {"__init__.py", "README.md"}


# ---------------------------------------------------------------------- the plugin
@dataclass
class Session:
    """A run of the nearest cases in this process.

    Attributes:
        until: When no further case begins, by the monotonic clock; None before the first.
        near: The cases that the change reaches.
        left: Those of them that did not begin.
    """

    seconds: float
    until: float | None = None
    near: int = 0
    left: int = 0


SESSION = pytest.StashKey[Session]()


def pytest_addoption(parser: pytest.Parser) -> None:
    group = parser.getgroup("changed", "the cases that a change reaches")
    group.addoption("--since", metavar="REV", help="run what differs from this commit can reach, the nearest first")
    group.addoption("--seconds", type=float, default=float("inf"), help="begin no further case after so many seconds")


def pytest_configure(config: pytest.Config) -> None:
    config.stash[SESSION] = Session(config.getoption("seconds"))


@pytest.hookimpl(trylast=True)
def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    revision = config.getoption("since")
    if revision is None:
        return
    change, texts = Change.since(revision), dict[Path, str]()
    for path in {item.path for item in items}:
        texts[path] = path.read_text(encoding="utf-8")
    graph = Graph.of()
    needs = {path: len(graph.needs(path)) for path in texts}
    near: list[tuple[tuple[int, int], pytest.Item]] = []
    for item in items:
        values = getattr(item, "callspec", None)
        distance = change.distance(item.path, texts[item.path], values.params.values() if values else ())
        near.append(((distance, needs[item.path]), item))
    config.hook.pytest_deselected(items=[item for (distance, _), item in near if distance == FAR])
    items[:] = [item for (distance, _), item in sorted(near, key=lambda n: n[0]) if distance != FAR]
    config.stash[SESSION].near = len(items)


@pytest.hookimpl(tryfirst=True)
def pytest_runtest_protocol(item: pytest.Item) -> bool | None:
    session = item.config.stash[SESSION]
    if session.until is None:
        session.until = time.monotonic() + session.seconds
    if time.monotonic() < session.until:
        return None
    session.left += 1
    return True


@pytest.hookimpl(trylast=True)
def pytest_sessionfinish(session: pytest.Session, exitstatus: int) -> None:
    found = session.config.stash[SESSION]
    output: dict[str, Any] | None = getattr(session.config, "workeroutput", None)
    if output is not None:
        output["changed"] = (found.near, found.left)
    if exitstatus == pytest.ExitCode.NO_TESTS_COLLECTED and not found.near:
        session.exitstatus = pytest.ExitCode.OK


@pytest.hookimpl(optionalhook=True)
def pytest_testnodedown(node: Any, error: object) -> None:
    near, left = getattr(node, "workeroutput", {}).get("changed", (0, 0))
    found = node.config.stash[SESSION]
    found.near, found.left = near, found.left + left


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter, config: pytest.Config) -> None:
    found = config.stash[SESSION]
    if config.getoption("since") is not None:
        ran = f"{found.near - found.left} of {found.near} cases that the change reaches"
        terminalreporter.write_line(f"{ran}, the nearest first; {found.left} are left for `.ci/run --full`")
