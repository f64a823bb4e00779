"""Our entries: each replays today, and the board has the same bytes on two kinds of processor."""

from __future__ import annotations

import importlib
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from numpy._core._multiarray_umath import __cpu_dispatch__  # type: ignore[attr-defined]

from hpo_gym.bench import Entry, leaderboard, named_protocol, shipped_protocols
from hpo_gym.optimize import control_of

BOARD = Path(__file__).resolve().parents[2] / "benchmarks" / "leaderboard"
FOLDERS = sorted(path for path in (BOARD / "entries").iterdir() if path.is_dir())
LARGEST = 300_000  # bytes of an entry
LOWEST = {"OPENBLAS_CORETYPE": "Nehalem", "NPY_DISABLE_CPU_FEATURES": " ".join(__cpu_dispatch__)}
"""A processor without AVX: other kernels of OpenBLAS, and NumPy's loops of every x86 processor."""


@pytest.fixture
def ours(monkeypatch: pytest.MonkeyPatch) -> Any:
    monkeypatch.syspath_prepend(str(BOARD))
    return importlib.import_module("ours")


@pytest.mark.parametrize("folder", FOLDERS, ids=lambda folder: folder.name)
def test_an_entry_is_small_and_of_its_folders_protocol(folder: Path) -> None:
    named = named_protocol(folder.name)
    for path in folder.iterdir():
        entry = Entry.read(path)
        assert (entry.name, entry.protocol, entry.hash) == (path.stem, folder.name, named.hash)
        assert path.stat().st_size <= LARGEST


def test_every_protocol_has_twelve_entries_with_the_controls_among_them_and_those_of_policies(ours: Any) -> None:
    assert [*ours.OURS] == [*shipped_protocols()]
    for protocol, names in ours.OURS.items():
        there = {path.stem for path in (BOARD / "entries" / protocol).glob("*.json")}
        controls = {control for name in names if (control := control_of(name))}
        assert len(set(names) - controls) == 12 and set(names) <= there
        assert controls <= set(names)
        assert {"random", "default"} <= set(names)


@pytest.mark.long
@pytest.mark.parametrize("folder", FOLDERS, ids=lambda folder: folder.name)
def test_all_entries_replay(folder: Path, tmp_path: Path) -> None:
    (section,) = leaderboard([folder], tmp_path / "board", report=False)
    assert {row.entry.name for row in section.rows} == {path.stem for path in folder.iterdir()}
    alone = {"training-v1": "regret", "quick-v1": "auc"}  # one suite that counts: of Boosting one list is enough
    assert section.metrics[0] == alone.get(folder.name, "ratio")
    names = [row.entry.name for row in section.rows]
    firsts = {row.entry.name: row.metrics[section.metrics[0]][0] for row in section.rows}
    for name, control in ((n, control_of(n) or "") for n in names):
        if control in names:  # it stands below its policy
            assert names[names.index(name) + 1] == control
            del firsts[control]
    assert [*firsts.values()] == sorted(firsts.values())


@pytest.mark.long
def test_the_board_has_the_same_bytes_on_another_processor(tmp_path: Path) -> None:
    command = [sys.executable, "-m", "hpo_gym", "leaderboard", str(BOARD / "entries" / "quick-v1"), "--no-report"]
    for name, processor in (("here", {}), ("lowest", LOWEST)):
        done = subprocess.run(
            [*command, "--out", str(tmp_path / name)], env={**os.environ, **processor}, capture_output=True, text=True
        )
        assert done.returncode == 0, done.stderr
    here, lowest = ({p.name: p.read_bytes() for p in (tmp_path / n).iterdir()} for n in ("here", "lowest"))
    assert here == lowest and len(here) == 3


@pytest.mark.long
@pytest.mark.parametrize("protocol", ["quick-v1"])
def test_a_protocol_tells_the_difference_that_our_entries_show(protocol: str, ours: Any) -> None:
    least, _ = ours.difference(protocol)
    assert named_protocol(protocol).measured["difference"] == pytest.approx(least, abs=6e-4)


def test_the_smallest_difference_is_of_paired_families(ours: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    """Two suites with intervals of .392 and 0: standard errors .1 and 0, of their mean .05, times 2.8."""

    class Drawn:
        def __init__(self, families: Any) -> None:
            self.wide = families[0] == "wide"

        def mean(self, values: Any) -> list[float]:
            return [0.0, -0.196 * self.wide, 0.196 * self.wide]

    class Group:
        def __init__(self, name: str, kind: str) -> None:
            self.optimizer, self.families = name, (kind,)

    curves = {kind: [Group("b", kind), Group("a", kind)] for kind in ("wide", "none")}
    monkeypatch.setattr(ours, "Resamples", type("R", (), {"of": staticmethod(Drawn)}))
    monkeypatch.setattr(ours, "auc", lambda curve: __import__("numpy").array([0.5]))
    assert ours.smallest(curves, 2) == pytest.approx((2.8 * 0.05, 0.5))
