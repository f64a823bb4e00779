"""Additions of an env, held against the plain env of its parts: there may be none.

The list is closed: spaces, keys of infos, numbers of all runs, words, files, memory.
"""

from __future__ import annotations

import contextlib
import gc
import io
import os
import tracemalloc
import warnings
from collections.abc import Iterator
from pathlib import Path
from typing import Any, NamedTuple

from hpo_gym.checks.beside import NUMBERS, plain_twin
from hpo_gym.checks.drive import Driver, Env, Make, as_inside, episode_length, is_vector, wrappers
from hpo_gym.checks.faults import Faults, Patience, difference

_STEPS = 60  # at most, of an env and the plain one side by side
_WINDOWS, _EPISODES, _LONGEST = 3, 4, 12  # windows of episodes, of so many steps at most
_SECONDS = 1.0  # of processor time, for all steps and for all windows
_ROOM = 100  # bytes of a window, more than the plain env's: four numbers that are kept take more
_OPEN = Path("/proc/self/fd")  # Linux
_OF_WRAPPERS = {"episode", "_episode"}  # statistics of Gymnasium


def check_additions(make: Make, faults: Faults) -> None:
    """Check that an env has the spaces, keys and numbers of the plain one, and leaves as little behind."""
    env, plain = make(), plain_twin(make())
    _check_outcomes(env, plain, faults)
    for kind in ("observation_space", "action_space"):
        for name in (kind, f"single_{kind}")[: 1 + is_vector(env)]:
            same = getattr(env.unwrapped, name) == getattr(plain, name)
            faults.expect(same, f"`{name}` is not that of a plain env of the same parts")
    _check_traces(env, plain, faults)
    for one in (env, plain):
        one.close()  # live tasks have processes


# ---------------------------------------------------------------------- outcomes
def _check_outcomes(env: Env, plain: Env, faults: Faults) -> None:
    """Play both side by side: keys of infos, and in a vector env the numbers of all runs."""
    drivers = Driver(env), Driver(plain)
    same = {what: as_inside(env, what) for what in ("observation", "reward", "action")}
    keys = set[tuple[str, str]](), set[tuple[str, str]]()
    outcomes, patience = [driver.first for driver in drivers], Patience(_SECONDS)
    for step in range(min(3 * episode_length(env), _STEPS)):
        if patience.over and step > episode_length(env):
            break
        for told, outcome in zip(keys, outcomes, strict=True):
            told |= _keys(outcome)
        if is_vector(env) and same["action"]:
            where = difference(_numbers(outcomes[1], same), _numbers(outcomes[0], same))
            fault = f"A run is not that of a plain vector env of the same parts and seed (at {where})"
            faults.once(where is None, "all runs", fault)
        outcomes = [driver.step() for driver in drivers]
    usual = _OF_WRAPPERS if any(wrappers(env)) else set()
    for who, key in sorted(keys[0] - keys[1]):
        faults.expect(key in usual, f"The info of {who} has a key that is none of ours: {key!r}")


def _keys(outcome: Any) -> set[tuple[str, str]]:
    who, info = "`step`" if len(outcome) == 5 else "`reset`", outcome[-1]
    last = info.get("final_info", {})
    return {(who, str(key)) for key in info} | {("`final_info`", str(key)) for key in last}


def _numbers(outcome: Any, same: dict[str, bool]) -> dict[str, Any]:
    """Return the numbers of all runs that wrappers do not change."""
    told = dict(zip(("observation", "reward", "terminated", "truncated"), outcome[:-1], strict=False))
    infos = {name: outcome[-1][name] for name in NUMBERS if name in outcome[-1]}
    return {**{name: value for name, value in told.items() if same.get(name, True)}, **infos}


# ---------------------------------------------------------------------- what is left behind
class _Left(NamedTuple):
    """Traces of some episodes: words, names of changed files, bytes, open files."""

    words: str
    files: set[str]
    kept: int
    open: int


def _check_traces(env: Env, plain: Env, faults: Faults) -> None:
    """Let both play by turns; return the traces of the env alone, each time."""
    patience, ours, theirs = Patience(_SECONDS), list[_Left](), list[_Left]()
    with _allocations():
        while not ours or (len(ours) < _WINDOWS and not patience.over):
            theirs.append(_left(plain, len(ours), patience))  # first: what both share is there by then
            ours.append(_left(env, len(ours), patience))
    words, more = " ".join("".join(left.words for left in ours).split()), [left.files for left in ours]
    faults.expect(any(left.words for left in theirs) or not words, f"An episode prints: {words:.60}")
    alone = all(more) and not any(left.files for left in theirs)
    faults.expect(not alone, f"Each episode writes into the working directory: {sorted(more[-1])[:3]}")
    if not patience.over:  # else the first window, in which things are made once, may be the only one
        grown = min(mine.kept - other.kept for mine, other in zip(ours, theirs, strict=True))
        queues = any(type(wrapper).__name__ == "RecordEpisodeStatistics" for wrapper in wrappers(env))
        faults.expect(queues or grown <= _ROOM, f"Memory grows with episodes, by {grown} bytes in {_EPISODES}")
        opened = min(left.open for left in ours)
        faults.expect(opened < _EPISODES / 2, f"{_EPISODES} resets leave {opened} files open")


def _left(env: Env, window: int, patience: Patience) -> _Left:
    """Play some episodes and return their traces."""
    files, words, steps = _files(), io.StringIO(), min(episode_length(env), _LONGEST)
    played, before, opened = 0, _traced(), _open()
    with contextlib.redirect_stdout(words), contextlib.redirect_stderr(words), warnings.catch_warnings():
        warnings.simplefilter("ignore")
        while played < _EPISODES and not (played and patience.over):
            driver = Driver(env, window * _EPISODES + played)
            for _ in range(steps):
                driver.step()
            played += 1
    del driver
    return _Left(words.getvalue(), {name for name, *_ in files ^ _files()}, _traced() - before, _open() - opened)


@contextlib.contextmanager
def _allocations() -> Iterator[None]:
    """Count new allocations; older objects are not looked through for garbage."""
    began, thawed = not tracemalloc.is_tracing(), not gc.get_freeze_count()
    gc.collect()
    if thawed:
        gc.freeze()
    if began:
        tracemalloc.start()
    try:
        yield
    finally:
        if began:
            tracemalloc.stop()
        if thawed:
            gc.unfreeze()


def _traced() -> int:
    gc.collect()
    return tracemalloc.get_traced_memory()[0]


def _open() -> int:
    return len(os.listdir(_OPEN)) if _OPEN.is_dir() else 0  # noqa: PTH208 - `iterdir` holds one open itself


def _files() -> set[tuple[str, int, int]]:
    with os.scandir() as entries:
        return {(entry.name, entry.stat().st_mtime_ns, entry.stat().st_size) for entry in entries}
