"""The benchmark: optimizers x tasks x replicates, every trial stored, resumable at any moment."""

from __future__ import annotations

import json
import warnings
from collections.abc import Iterable, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

from hpo_gym.bench.entrants import SAVED, Entrant
from hpo_gym.bench.plan import Plan, Progress
from hpo_gym.bench.protocol import Protocol
from hpo_gym.bench.reference.reference import covered, entrants_with, references
from hpo_gym.bench.results import Results
from hpo_gym.errors import InvalidValueError, MissingExtraError
from hpo_gym.jobs.engines import check_engine
from hpo_gym.learning.saved import ABOUT, folder_of, read_about, shipped
from hpo_gym.optimizer import OPTIMIZERS
from hpo_gym.seeding import digest
from hpo_gym.storage.store import Store
from hpo_gym.suite import SUITES, Suite
from hpo_gym.suites import load_suite

FIRST = ("default", "portfolio", "random", "grid", "sobol", "ga", "q-learning", "q-portfolio")
"""The optimizers of a comparison that names none; what is added later does not change it."""

CONTROLS = ("default", "portfolio")
"""Run in every comparison, whoever asks."""


def benchmark(
    optimizers: str | Mapping[str, Any] | Iterable[str | Mapping[str, Any]] = FIRST,
    suites: str | Path | Suite | Iterable[str | Path | Suite] = "AutoML",
    *,
    split: str = "test",
    fold: int | str | None = None,
    start: str = "cold",
    budget: int = 33,
    seeds: int | None = None,
    tasks: int | None = None,
    trainings: int | None = None,
    with_reference: bool = False,
    engine: str = "serial",
    workers: int | None = None,
    out: str | Path = "hpo-gym-results",
    resume: bool = False,
    progress: Progress = lambda done, total, what: None,
) -> Results:
    """Compare optimizers on suites, and write `store.sqlite`, `results.json`, tables and a report to `out`.

    Args:
        optimizers: Registered names, "module:name" for a class of one's own, or ``{"name": .., setting: ..}``; or what
            is trained already, by its shipped name or its folder. The two controls run in any case.
        suites: Registered names, folders, or suites.
        split, fold, start, budget, seeds, tasks: See `Protocol`; 5 seeds, or as many as the reference runs have.
        trainings: How often what must be trained is trained, from other seeds each time; the replicates of a task take
            turns. 1, or as often as the same optimizer was trained for the reference runs.
        with_reference: Compare with the shipped reference runs as well; unless given, `seeds` and `tasks` are theirs.
        engine: "serial", "process", "dask" or "ray"; all give the same results.
        workers: Processes; by default one per core.
        out: A folder of its own.
        resume: Go on with what `out` holds; cells that failed are tried again.
        progress: Called after each job.

    Raises:
        HPOGymError: Wrong input, or a damaged store.
    """
    protocol = Protocol(split, fold, start, budget, 5 if seeds is None else seeds, tasks)
    check_engine(engine, workers)
    if trainings is not None and trainings < 1:
        raise InvalidValueError(f"`trainings >= 1` must hold, got {trainings}; the nearest is 1.")
    entrants = entrants_of(optimizers, trainings or 1)
    folder = Path(out)
    if (folder / "store.sqlite").exists() and not resume:
        raise InvalidValueError(f"`out` must be a new folder, {folder} holds results: pass `resume`, or another `out`.")
    loaded = _load(suites, folder)
    known = references(loaded) if with_reference else {}
    if with_reference:
        limits = {"split": split, "fold": fold, "start": start, "budget": budget, "seeds": seeds, "tasks": tasks}
        protocol = covered(known, loaded, **limits)  # type: ignore[arg-type]
        there = {e.name: e for e in entrants_with(known, start)}
        if trainings is None:  # as often as theirs
            entrants = [replace(e, trainings=there.get(e.name, e).trainings) for e in entrants]
        named = {e.name for e in entrants}
        entrants += [e for e in there.values() if e.name not in named]
    folder.mkdir(parents=True, exist_ok=True)
    with Store(folder / "store.sqlite") as store:
        plan, before = Plan(protocol, entrants, loaded, folder), store.meta_get("plan")
        if before is not None:
            plan.check_goes_on(json.loads(before))
        store.meta_set("plan", json.dumps(plan.to_json(), sort_keys=True))
        for spec, reference in known.items():
            plan.borrow(store, spec, reference)
        plan.carry_out(store, engine, workers, progress)
        results = Results.of(plan, store)
    results.write()
    return results


def report(folder: str | Path, *, timings: bool = True) -> Results:
    """Make the report of a stored comparison anew, finished or not, from its trials.

    Args:
        timings: Whether to show measured times, which differ from run to run.
    """
    results = Results.load(folder)
    results.write(timings=timings)
    return results


def entrants_of(
    optimizers: str | Mapping[str, Any] | Iterable[str | Mapping[str, Any]], trainings: int = 1
) -> list[Entrant]:
    """The optimizers to compare, controls included; checked before anything runs.

    One whose extra is not installed is left out, with a warning; where all that are given are so, that is an error.
    """
    given = [optimizers] if isinstance(optimizers, (str, Mapping)) else list(optimizers)
    found: dict[str, Entrant] = {}
    lost: list[MissingExtraError] = []
    for one in [*given, *CONTROLS]:
        label, spec, settings = _named(one)
        if spec in CONTROLS and label in found and found[label].spec == spec:
            continue
        if label in found:
            raise InvalidValueError(f"Optimizers must differ in name, got {label!r} twice.")
        try:
            found[label] = Entrant.of(label, spec, settings, trainings)
        except MissingExtraError as missing:
            lost.append(missing)
            if len(lost) == len(given):
                raise
            warnings.warn(f"{label} is left out. {missing}", stacklevel=3)
    return list(found.values())


def _named(one: object) -> tuple[str, str, dict[str, Any]]:
    """Label, spec and settings of one given optimizer."""
    settings: dict[str, Any] = {"name": one} if isinstance(one, str) else dict(one) if isinstance(one, Mapping) else {}
    spec = settings.pop("name", None)
    if not isinstance(spec, str):
        raise InvalidValueError(f'An optimizer must be a name or {{"name": .., setting: ..}}, got {one!r}.')
    if spec not in OPTIMIZERS.entries() and ":" not in spec and (spec in shipped() or (Path(spec) / ABOUT).is_file()):
        if settings:
            raise InvalidValueError(f"What is trained has its settings: give {spec!r} none, got {settings}.")
        folder = folder_of(spec).resolve()
        place = spec if spec in shipped() else folder  # what ships has its name on every machine
        return folder.name, f"{SAVED}{place}", {"checksum": read_about(folder)["checksum"]}
    label = spec.rpartition(":")[2]
    if settings:
        try:
            parts = [f"{k}={json.dumps(settings[k], allow_nan=False)}" for k in sorted(settings)]
        except (TypeError, ValueError) as fault:
            raise InvalidValueError(f"Settings of {spec!r} must be plain JSON, got {settings}: {fault}.") from fault
        label += "(" + ",".join(parts) + ")"
    return label, spec, settings


def _load(suites: str | Path | Suite | Iterable[str | Path | Suite], folder: Path) -> dict[str, Suite]:
    """Suites by what workers load them with; one that was made in this process is saved beside the results."""
    given = [suites] if isinstance(suites, (str, Path, Suite)) else list(suites)
    found: dict[str, Suite] = {}
    for one in given:
        suite = load_suite(one)
        if isinstance(one, Suite):
            spec = _spec(suite, folder)
        else:  # a folder is named in full, so that it is found from anywhere
            spec = str(one) if str(one) in SUITES.entries() else str(Path(one).resolve())
        if suite.name in {s.name for s in found.values()}:
            raise InvalidValueError(f"Suites must differ in name, got {suite.name!r} twice.")
        found[spec] = suite
    if not found:
        raise InvalidValueError("At least one suite is needed, got none.")
    return found


def _spec(suite: Suite, folder: Path) -> str:
    if suite.name in SUITES.entries() and load_suite(suite.name).data_hash == suite.data_hash:
        return suite.name
    save = getattr(suite, "save", None)
    if save is None:
        raise InvalidValueError(
            f"Suite {suite.name!r} must be registered or have a table, so that workers can load it."
        )
    path = folder / "suites" / digest([suite.name, suite.data_hash])
    if not path.exists():
        save(path)
    return str(path)


__all__ = ["CONTROLS", "FIRST", "benchmark", "report"]
