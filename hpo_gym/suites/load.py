"""The registered suites, one file each, the door to all suites, and the split by suite."""

from __future__ import annotations

import functools
import os
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from hpo_gym.base import InvalidValueError, nearest, neighbours, scan_names, shown, unknown
from hpo_gym.problem import SUITES, Suite, Table, Task
from hpo_gym.suites.apart import Split, apart
from hpo_gym.suites.sets import SETS, each

_ARROW = "->"  # as of `hpo_gym.suites.mixed`, which is imported when it is needed
_SURROGATE = ":surrogate"  # as of `hpo_gym.suites.surrogates`


def is_several(name: str) -> bool:
    """Return whether a text names several suites at once, rather than a folder."""
    return ("," in name or _ARROW in name) and not os.path.exists(name)  # noqa: PTH110 - as below


def is_shipped(name: str) -> bool:
    """Return whether a text names a registered suite, or the surrogates of one."""
    return name.removesuffix(_SURROGATE) in SUITES.entries()


def registered(names: object) -> list[str]:
    """Return those of some names, perhaps a stranger's, that `is_shipped`."""
    several = names if isinstance(names, (list, tuple)) else ()
    return [name for name in several if isinstance(name, str) and is_shipped(name)]


def load_suite(suite: str | Path | Suite) -> Suite:
    """Load a suite.

    Args:
        suite: A registered name (`hpo-gym list --all`); ``NAME:surrogate`` (`hpo_gym.suites.surrogates`); a set of
            `SETS`, or several with commas between them (`hpo_gym.suites.mixed.mixed`), also as ``OTHER,OTHER->NAME``
            (`hpo_gym.suites.mixed.held_out`); a folder of `save` (``./tables`` where it is named like a set); or a
            `Suite`, returned as it is.

    Raises:
        UnknownNameError: Neither a registered name nor a folder.
        InvalidValueError: Surrogates of a suite without any, or suites that cannot be mixed.
        DamagedDataError: The files contradict their checksums.
    """
    if isinstance(suite, Suite):
        return suite
    if not isinstance(suite, (str, Path)):
        hint = ""
        if isinstance(suite, (list, tuple)) and all(isinstance(one, str) for one in suite):
            hint = f"; the nearest is {','.join(suite)!r}" if suite else ""
        raise InvalidValueError(f"`suite` must be a name, a folder or a Suite, got {shown(suite)}{hint}.")
    name = str(suite)
    if name in SUITES.entries():
        return _registered(name)
    folder = Path(suite)
    if is_several(name) or (isinstance(suite, str) and name in SETS):
        return _several(name)
    if name.endswith(_SURROGATE) and not os.path.exists(name):  # noqa: PTH110 - as below
        return _surrogates(name.removesuffix(_SURROGATE))
    if os.path.isfile(folder / "suite.json"):  # noqa: PTH113 - `Path` raises for what can be no path at all
        from hpo_gym.suites.own.suite import load_folder  # brings pydantic

        return load_folder(folder)
    if os.path.isdir(folder):  # noqa: PTH112 - as above
        raise InvalidValueError(f"A suite's folder must hold suite.json and table.npz, {folder} has no suite.json.")
    sets = SETS if name.islower() or not nearest(name, SUITES.names()) else ()
    raise unknown("suite (and no folder)", name, SUITES.names(), [*sets, *neighbours(name, "suite.json")])


def leave_suite_out(
    held_out: str | Path | Suite, others: str | Path | Suite | Sequence[str | Path | Suite], fold: int | None = None
) -> Split:
    """Split by suite: an agent trains on `others` and is judged on the test tasks of a suite that it has never seen:
    the only test of learning to search, not of remembering a corner.

    Tasks of the others that are relatives of a test task are left out as well.

    Args:
        others: Suites to train on, each by its training tasks, and to choose by, each by its validation tasks.
        fold: As in `Suite.tasks`.

    Raises:
        InvalidValueError: `held_out` is among the others, or no task is left to train on.
    """
    judge = load_suite(held_out)
    return apart(judge, [load_suite(suite) for suite in each(others, judge.name)], fold)


@functools.cache
def _several(names: str) -> Suite:
    from hpo_gym.suites.mixed import held_out, mixed

    listed, arrow, judge = names.partition(_ARROW)
    given = [name.strip() for name in listed.split(",") if name.strip()]
    suites = [load_suite(name) for name in each(given, judge.strip())]
    made = held_out(load_suite(judge.strip()), suites) if arrow else mixed(suites)
    return _named(made, names, [suite.name for suite in suites] + [judge.strip()] * bool(arrow))


@functools.cache
def _surrogates(name: str) -> Suite:
    from hpo_gym.suites.surrogates import surrogate_suite

    return _named(surrogate_suite(_registered(name)), f"{name}{_SURROGATE}", [name])


@functools.cache
def _registered(name: str) -> Suite:
    return _named(SUITES.get(name)(), name, [name])


def _named(suite: Suite, text: str, parts: Sequence[str]) -> Suite:
    """Let a suite of shipped ones be pickled by its name, and so its tasks; one of yours may be unknown elsewhere."""
    if {part.removesuffix(_SURROGATE) for part in parts} <= set(scan_names("hpo_gym.suites", "SUITES")):
        made = text, suite.version, suite.data_hash
        suite.name_as((_again, made))
        for task in suite.members:
            task.name_as((_again_task, (task.name, *made)))
        table = getattr(suite, "table", None)
        if table is not None:
            table.name_as((_again_table, made))
    return suite


def _again(text: str, version: int, data_hash: str) -> Suite:
    """Return the suite of a pickle; raise `InvalidValueError` where this installation has another of its name."""
    suite = load_suite(text)
    if (suite.version, suite.data_hash) != (version, data_hash):
        raise InvalidValueError(
            f"A pickle holds only the name of the suite {text!r}, which must be version {version} with the data "
            f"{data_hash[:12]!r} as where it was written; here it is version {suite.version} with "
            f"{suite.data_hash[:12]!r}. Make the env anew, or install the same hpo-gym."
        )
    return suite


def _again_task(name: str, *made: Any) -> Task:
    return _again(*made).task(name)


def _again_table(*made: Any) -> Table:
    return _again(*made).table  # type: ignore[attr-defined,no-any-return]  # of a `TableSuite`
