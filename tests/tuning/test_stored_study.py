"""A study of a stranger: its store is whole by its checksums, and its plan or a trial is none. Every door says so."""

from __future__ import annotations

import contextlib
import json
import shutil
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

import hpo_gym
from hpo_gym import app
from hpo_gym.base.errors import DamagedDataError, HPOGymError
from hpo_gym.system.storage.batches import Record
from hpo_gym.system.storage.store import Store, verify
from hpo_gym.tuning import folder as tunings
from hpo_gym.tuning.tuned import Tuned

SPACE = {"x": (0.0, 1.0), "n": (1, 9), "k": ["a", "b"], "rate": (0.01, 1.0, "log")}
BUDGET = 5
HUGE, DEEP = 10**400, json.loads("[" * 200 + "]" * 200)
ODD: list[Any] = [None, True, "", "text", [], {}, -1, 0.5, HUGE, float("nan"), float("inf"), DEEP]


def score(config: dict[str, Any]) -> Iterator[tuple[int, Any]]:
    for step in (1, 3, 9):
        yield step, {"score": config["x"] * step, "cost": 1.0, "constraints": [config["x"] - 0.95], "test_score": 0.5}


@pytest.fixture(scope="module")
def study(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A study with trials that ended, not to be changed."""
    folder = tmp_path_factory.mktemp("study") / "k"
    hpo_gym.tune(score, SPACE, optimizer="random", budget=BUDGET, seed=0, out=folder, progress=False)
    return folder


def plan_of(folder: Path) -> dict[str, Any]:
    with Store(folder / "tune.sqlite", write=False) as store:
        return json.loads(store.meta_get("study") or "")  # type: ignore[no-any-return]


def plans(good: dict[str, Any]) -> Iterator[tuple[str, str]]:
    """Odd texts in the place of a plan."""
    for text in ("", "{}", "[]", "null", "5", "NaN", '"text"', "{", "[" * 100_000, '{"a": ' * 5000, "\x00"):
        yield repr(text)[:20], text
    for name in good:
        if name in ("space", "optimizer", "settings", "direction", "seed", "prior"):  # others may be of a later version
            yield f"without {name}", json.dumps({k: v for k, v in good.items() if k != name})
        for value in ODD:
            fits = (name in ("why", "matched") and isinstance(value, str)) or (
                name in ("optimizer", "prior") and value in ("", "text")
            )
            if not fits and not _is_default(name, value):
                yield f"{name}={str(value)[:12]}", json.dumps({**good, name: value})
    yield "with more", json.dumps({**good, "more": 1})
    first = good["space"]["hyperparameters"][0]
    parts: list[dict[str, Any]] = [{}, {"type": "evm:X"}, {"lower": None}, {"upper": HUGE}, {"lower": "a"}, {"name": 5}]
    for part in parts:
        changed = {**first, **part} if part else {}
        space = {**good["space"], "hyperparameters": [changed, *good["space"]["hyperparameters"][1:]]}
        yield f"hyperparameter {str(part)[:20]}", json.dumps({**good, "space": space})
    for conditions in ([5], [{}], [{"type": "EQ", "child": "x", "parent": "nosuch", "value": 1}], {"a": 1}):
        yield (
            f"conditions {conditions}"[:30],
            json.dumps({**good, "space": {**good["space"], "conditions": conditions}}),
        )
    for init in ([5], [{"x": 7.0}], [{"nosuch": 1}], [{}]):
        yield f"init {init}", json.dumps({**good, "init": init})
    for name in ("optimizer", "prior", "why"):
        yield f"{name} is no Unicode", json.dumps({**good, name: "\ud800"})
    yield "features", json.dumps({**good, "meta_features": {"a": "b"}})
    yield "stopping", json.dumps({**good, "stopping": ["a"]})


def _is_default(name: str, value: Any) -> bool:
    fits = {"init": ([],), "belief": (None, {}), "settings": ({},), "meta_features": ({},), "stopping": (None, [])}
    return any(value == one and type(value) is type(one) for one in fits.get(name, ()))


def records(good: dict[str, Any]) -> Iterator[tuple[str, Any]]:
    """Odd records in the place of a trial that has ended."""
    for name in good:
        if name not in ("measured", "stopped"):  # without which it has not ended, or was not stopped
            yield f"without {name}", {k: v for k, v in good.items() if k != name}
        for value in ODD:
            if not (name == "steps" and value == []) and not (name == "stopped" and value is True):
                yield f"{name}={str(value)[:12]}", {**good, name: value}
    for name in good["measured"]:
        if name != "test_score":
            yield f"measured without {name}", {
                **good, "measured": {k: v for k, v in good["measured"].items() if k != name},
            }  # fmt: skip
        for value in ODD:
            fits: dict[str, Callable[[Any], bool]] = {
                "reason": lambda v: isinstance(v, str), "cost": lambda v: v in (None, 0.5),
                "score": lambda v: v in (-1, 0.5), "test_score": lambda v: v in (None, -1, 0.5),
                "constraints": lambda v: v == [], "status": lambda v: False,
            }  # fmt: skip
            if type(value) is bool or not fits[name](value):
                yield f"measured {name}={str(value)[:12]}", {**good, "measured": {**good["measured"], name: value}}
    for status in (99, 2**70, "0"):
        yield f"status {status}"[:20], {**good, "measured": {**good["measured"], "status": status}}
    for steps in ([5], [[1]], [[1, 2, 3]], [["a", 1]], [[1, "a"]], [[1.5, 2]], [[1, HUGE]]):
        yield f"steps {steps}"[:20], {**good, "steps": steps}
    for config in ({"x": 2.0}, {"x": "a"}, {"x": True}, {"x": HUGE}, {"n": 1.5}, {"k": "c"}, {"k": ["a"]}, {"more": 1}):
        yield f"config {str(config)[:20]}", {**good, "config": {**good["config"], **config}}
    yield "config that lacks one", {**good, "config": {"x": 0.5}}
    for reason in ("\ud800", "x" * 10_001):
        yield f"reason {reason!r}"[:20], {**good, "measured": {**good["measured"], "reason": reason}}
    for value in ODD:
        if value not in (None, 0.5):  # of an optimizer that tells none, and of one that does
            yield f"prior_weight={str(value)[:12]}", {**good, "prior_weight": value}
    yield "more", {**good, "more": 1}
    yield "order", {**good, "order": "0"}


def with_plan(folder: Path, text: str) -> None:
    with Store(folder / "tune.sqlite") as store:
        store.meta_set("study", text)


def with_record(folder: Path, identity: Any, measured: Any = None, *, cell: str = "00000000") -> None:
    """Write one in the place of a trial, by default a success, past the check of what a program of ours may write."""
    with pytest.MonkeyPatch.context() as patched, Store(folder / "tune.sqlite") as store:
        patched.setattr("hpo_gym.system.storage.batches._json", lambda head, records: json.dumps(head))
        store.put(Record(cell, identity, {}, measured=measured or {"seconds": 1.0, "cpu_seconds": 1.0}))


def doors(folder: Path) -> list[Callable[[], Any]]:
    """Whatever reads a study."""
    out = folder.parent / "suite"
    return [
        lambda: Tuned.load(folder),
        lambda: hpo_gym.tune(
            score, SPACE, optimizer="random", budget=BUDGET, seed=0, out=folder, resume=True, progress=False
        ),
        lambda: hpo_gym.tune(score, SPACE, optimizer="random", budget=1, prior=folder, progress=False),
        lambda: line("report", str(folder)), lambda: line("info", str(folder)), lambda: line("verify", str(folder)),
        lambda: line("import", str(folder), "--out", str(out)), lambda: line("repair", str(folder)),
    ]  # fmt: skip


def line(*words: str) -> None:
    """A command line in this process; what it exits with must be documented."""
    with pytest.MonkeyPatch.context() as patched, contextlib.suppress(SystemExit):
        patched.setattr(sys, "argv", ["hpo-gym", *words])
        try:
            app.main()
        except SystemExit as stop:
            assert stop.code in (0, 2, 3), f"{words} gave {stop.code}"
            raise


def odd(study: Path) -> list[tuple[str, Callable[[Path], None]]]:
    """All plans and records, with what puts one in."""
    with Store(study / "tune.sqlite", write=False) as store:
        good = dict(store.get("00000000").identity)  # type: ignore[union-attr]
    good = json.loads(json.dumps(good))
    found: list[tuple[str, Callable[[Path], None]]] = [
        (f"plan {what}", lambda folder, text=text: with_plan(folder, text)) for what, text in plans(plan_of(study))
    ]
    found += [
        (f"record {what}", lambda folder, reported=reported: with_record(folder, reported))
        for what, reported in records(good)
    ]
    for times in ({}, {"seconds": "a", "cpu_seconds": 1.0}, {"seconds": -1.0, "cpu_seconds": 1.0}, {"seconds": HUGE}):
        found.append((f"times {times}"[:30], lambda folder, t=times: with_record(folder, good, t or {"more": 1})))
    return found


@pytest.mark.long
@pytest.mark.parametrize("part", range(4))
def test_a_plan_or_a_trial_that_is_none_is_damage_in_words(study: Path, tmp_path: Path, part: int) -> None:
    found = odd(study)
    assert len(found) > 200
    for what, spoil in found[part::16]:
        shutil.copytree(study, tmp_path / "k")
        spoil(tmp_path / "k")
        with pytest.raises(DamagedDataError, match=r"tune\.sqlite"):
            pytest.fail(f"{what} is read as {Tuned.load(tmp_path / 'k')}")
        shutil.rmtree(tmp_path / "k")


@pytest.mark.long
@pytest.mark.filterwarnings("ignore")
@pytest.mark.parametrize("number", [3, -3], ids=["plan", "trial"])
def test_every_door_ends_with_an_error_of_ours(study: Path, tmp_path: Path, number: int) -> None:
    shutil.copytree(study, tmp_path / "k")
    odd(study)[number][1](tmp_path / "k")
    for door in doors(tmp_path / "k"):
        with contextlib.suppress(HPOGymError):
            door()


@pytest.mark.long
def test_a_good_study_passes_every_door(study: Path, tmp_path: Path) -> None:
    shutil.copytree(study, tmp_path / "k")
    for door in doors(tmp_path / "k"):
        door()


# ---------------------------------------------------------------------- one bad trial of many
@pytest.mark.long
def test_repair_keeps_the_trials_that_can_be_read(study: Path, tmp_path: Path) -> None:
    folder = tmp_path / "k"
    shutil.copytree(study, folder)
    good = Tuned.load(folder)
    with_record(folder, {"trial": 2, "config": 5}, cell="00000002")
    assert verify(folder / "tune.sqlite") == [], "its checksums are right"
    with pytest.raises(DamagedDataError, match=r"Trial 00000002 of .*config.*`hpo-gym repair"):
        Tuned.load(folder)
    assert tunings.verify(folder)[1] == 1
    found = tunings.repair(folder)
    assert found.kept == BUDGET - 1 and found.damaged is not None and "Trial 00000002" in found.lost[0]
    left = Tuned.load(folder)
    assert list(left.ended) == [e for e in good.ended if e.number != 2]
    assert tunings.verify(folder) == ([], BUDGET - 1) and tunings.repair(folder).damaged is None
    again = hpo_gym.tune(
        score, SPACE, optimizer="random", budget=BUDGET, seed=0, out=folder, resume=True, progress=False
    )
    assert sorted(e.number for e in again.ended) == [0, 1, 3, 4, 5], "the new one takes no other's place"
    assert len(Tuned.load(folder).ended) == BUDGET


def test_without_its_plan_nothing_of_a_study_is_kept(study: Path, tmp_path: Path) -> None:
    shutil.copytree(study, tmp_path / "k")
    with_plan(tmp_path / "k", "{}")
    with pytest.raises(DamagedDataError, match="plan"):
        tunings.repair(tmp_path / "k")
    assert tunings.verify(tmp_path / "k")[1] == 1
