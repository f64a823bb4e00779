"""What episodes leave behind, held against a plain env: words, files, memory."""

from __future__ import annotations

import contextlib
import gc
import io
import os
import tracemalloc
import warnings
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

from hpo_gym.checks.beside import plain_twin
from hpo_gym.checks.drive import Driver, Env, Make, episode_length, wrappers
from hpo_gym.checks.faults import Faults, Patience

_WINDOWS, _EPISODES, _LONGEST = 4, 4, 12  # windows of episodes, of so many steps at most
_SECONDS = 1.0  # of processor time
_ROOM = 100  # bytes of a window, more than the plain env's: four numbers that are kept take more
_OPEN = Path("/proc/self/fd")  # Linux


def check_traces(make: Make, faults: Faults) -> None:
    """Let an env and a plain one play by turns: the env leaves as little behind."""
    env, plain = make(), plain_twin(make())
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
        later = zip(ours[1:], theirs[1:], strict=True)  # the first window makes what is made once
        grown = min(mine.kept - max(other.kept, 0) for mine, other in later)  # what the plain env frees is no growth
        queues = any(type(wrapper).__name__ == "RecordEpisodeStatistics" for wrapper in wrappers(env))
        faults.expect(queues or grown <= _ROOM, f"Memory grows with episodes, by {grown} bytes in {_EPISODES}")
        opened = min(left.open for left in ours)
        faults.expect(opened < _EPISODES / 2, f"{_EPISODES} resets leave {opened} files open")
    for one in (env, plain):
        one.close()  # live tasks have processes


class _Left(NamedTuple):
    """Traces of some episodes: words, names of changed files, bytes, open files."""

    words: str
    files: set[str]
    kept: int
    open: int


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
