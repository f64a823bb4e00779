"""Named sets freeze a comparison: suites with their versions, tasks, optimizers."""

from __future__ import annotations

import re
from dataclasses import replace
from pathlib import Path

import pytest

from hpo_builders import sets
from hpo_builders.sets import NEXT, NamedSet, newest_set, next_set, set_of, write
from hpo_gym.base.errors import DamagedDataError, InvalidValueError
from hpo_gym.bench.reference.reference import reference_of


def two() -> NamedSet:
    return set_of("2030.01", {suite: reference_of(suite) for suite in ("MLP", "Curves")})


def test_a_set_is_written_read_and_never_changed(tmp_path: Path) -> None:
    one = two()
    assert NamedSet.read(write(one, tmp_path)) == one
    with pytest.raises(InvalidValueError, match=r"must be new, got '2030\.01'"):
        write(replace(one, seeds=1), tmp_path)
    with pytest.raises(InvalidValueError, match="must be new, got 'next'"):
        write(replace(one, name=NEXT), tmp_path)


def test_a_set_names_versions_tasks_and_optimizers() -> None:
    one, runs = two(), reference_of("MLP")
    assert one.suites == ("Curves", "MLP") and one.tasks["MLP"] == runs.tasks
    assert one.stamp("MLP") == runs.made_of["suites"]["MLP"]
    assert {e.name for e in runs.entrants} <= set(one.optimizers)
    assert (one.budget, one.seeds, one.split) == (33, 3, "test")


def test_what_has_joined_since_the_newest_set_is_in_next() -> None:
    newest, joined = newest_set(), next_set()
    assert set(newest.suites) <= set(joined.suites) and set(newest.optimizers) <= set(joined.optimizers)


def test_a_changed_file_is_refused(tmp_path: Path) -> None:
    path = write(two(), tmp_path)
    path.write_text(re.sub(r'"Curves": "\d+@', '"Curves": "0@', path.read_text()))
    with pytest.raises(DamagedDataError, match="`checksum` of `made_of`"):
        NamedSet.read(path)


def test_runs_of_other_protocols_make_no_set() -> None:
    runs = {"MLP": reference_of("MLP"), "SVM": replace(reference_of("SVM"), seeds=1)}
    with pytest.raises(InvalidValueError, match="one budget, number of seeds and split"):
        set_of("mixed", runs)


def test_the_newest_set_is_the_last_by_name(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("2026.11", "2027.02", "2026.12"):
        write(replace(two(), name=name), tmp_path)
    monkeypatch.setattr(sets, "SETS", tmp_path)
    assert newest_set().name == "2027.02"
