"""The benchmark: optimizers x tasks x replicates, every trial stored, resumable at any moment."""

from __future__ import annotations

import functools
import importlib.util
import json
import warnings
from collections.abc import Iterable, Mapping
from dataclasses import replace
from pathlib import Path

from hpo_gym.base import EXTRAS, InvalidValueError, MissingExtraError, digest, shown, whole
from hpo_gym.bench.board.named import DEFAULTS, named_protocol, protocol_of
from hpo_gym.bench.entrants import Entrant, before_training
from hpo_gym.bench.fitting import misfits, refuse
from hpo_gym.bench.live import Live, live_of, placed, suite_of
from hpo_gym.bench.options import Options, described
from hpo_gym.bench.origin import KERNELS, MADE, follow, kernels, origin_of, provenance, several
from hpo_gym.bench.plan import BenchPlan, shard_of
from hpo_gym.bench.protocol import Protocol
from hpo_gym.bench.reference.reference import covered, entrants_with, references
from hpo_gym.bench.results import Results
from hpo_gym.bench.stored_plan import StoredPlan
from hpo_gym.env import given
from hpo_gym.optimize import (
    SAVED,
    Form,
    Optimizer,
    check_in_flight,
    form_of,
    is_model,
    joined,
    made_of,
)
from hpo_gym.problem import Budget, Suite, Task, has_seen
from hpo_gym.suites import describe_live, each, from_description, is_several, is_shipped, load_suite
from hpo_gym.system import LOGGER, MADE_OF, Cluster, Store, check_engine, reporter, run

FIRST = ("default", "portfolio", "random", "grid", "sobol", "ga", "q-learning", "transfer-mix")
"""The default optimizers of a comparison: controls, uninformed searches, an agent, and a method that transfers."""

SHIPPED = "ppo-pool-tables"
"""The shipped policy beside them where extra `rl` is installed, on shipped tables without a family of its training."""

ENGINE = "process"
"""The engine of a comparison that names none."""

CONTROLS = ("default", "portfolio")
"""Optimizers of every comparison."""


@given(Options, "`benchmark`")
def benchmark(options: Options) -> Results:
    """Compare optimizers on suites, and write `store.sqlite`, `results.json`, tables and a report to `out`.

    Args:
        {options}

    Raises:
        HPOGymError: Wrong input, or a damaged store.
    """
    asked = {name: getattr(options, name) for name in ("suites", *DEFAULTS)}
    if options.protocol is not None:
        asked = named_protocol(options.protocol).filled(asked)
    rules = protocol_of(asked)
    engine = options.engine or ENGINE
    cluster, shard = Cluster.of(engine, options.address, options.tls), options.shard
    part = slice(None) if shard is None else shard_of(shard)
    check_engine(engine, options.workers, options.timeout, cluster)
    trainings = None if options.trainings is None else whole("trainings", options.trainings)
    entrants = entrants_of(FIRST if options.optimizers is None else options.optimizers, trainings or 1)
    if not isinstance(options.out, (str, Path)):
        raise InvalidValueError(f"`out` must be a folder, got {shown(options.out)}.")
    folder = Path(options.out)
    if (folder / "store.sqlite").exists() and not options.resume:
        raise InvalidValueError(
            f"`out` must be a new folder, {folder} holds results: `resume=True` (`--resume`) goes on and runs "
            "what is not there yet; another `out` (`--out`) begins anew."
        )
    loaded, live = load_suites("AutoML" if asked["suites"] is None else asked["suites"], folder)
    if asked["budget"] is None and not rules.budget.in_cost:
        rules = replace(rules, budget=Budget(_budget(loaded.values())))
    _check_suites(rules, loaded.values())
    entrants += _shipped(rules, loaded.values()) if options.optimizers is None else []
    named = {e.name for e in entrants}
    controls = dict.fromkeys(before_training(entrants).values())
    entrants += [Entrant.of(form_of(control)) for control in controls if control not in named]
    if engine != "serial":
        for suite in live.values():
            suite.check_travels()
        for maker in (e.maker for e in entrants if e.maker is not None):
            maker.check_travels()
    known = references(loaded) if options.with_reference else {}
    if known:
        rules = covered(known, loaded, rules, seeds=asked["seeds"], tasks=asked["tasks"])
        there = {e.name: e for e in entrants_with(known, rules.start)}
        if trainings is None:  # as often as theirs
            entrants = [replace(e, trainings=there.get(e.name, e).trainings) for e in entrants]
        named = {e.name for e in entrants}
        entrants += [replace(e, reference=True) for e in there.values() if e.name not in named]
    if options.optimizers is None:
        entrants = _that_fit(entrants, rules, loaded)
    plan = BenchPlan(rules, entrants, loaded, folder, live, part)  # refuses a wrong task before anything is written
    refuse(misfits(entrants, _played(rules, loaded)), FIRST)
    _keep(loaded, folder)
    what = f"{len(entrants)} optimizers on {', '.join(suite.name for suite in loaded.values())}"
    with reporter(options.progress, options.callbacks, what, "cells") as tell, Store(folder / "store.sqlite") as store:
        if store.meta_get("plan") is not None:
            StoredPlan.read(store).check_goes_on(rules, folder)
        ours = made_of(loaded.values(), (e.spec.removeprefix(SAVED) for e in entrants if not e.reference))
        of = joined([json.loads(store.meta_get(MADE_OF) or "{}"), ours])
        now, moves = provenance(), ""
        if follow(loaded.values()):
            now |= kernels()
            now[KERNELS], moves = several([origin_of(store), now], loaded.values())
        if moves:
            warnings.warn(moves, stacklevel=2)
        store.meta_put({"plan": plan.stored().text(), MADE: json.dumps(now), MADE_OF: json.dumps(of)})
        for spec, reference in known.items():
            plan.borrow(store, spec, reference)
        hands = functools.partial(run, engine=engine, workers=options.workers, cluster=cluster)
        plan.carry_out(store, hands, tell, timeout=options.timeout)
        results = Results.of(plan, store) if shard is None else Results.of_shard(plan, store)
        if shard is None:
            results.write(report=options.report)
        tell.result, tell.said = results, repr(results)
    if results.failed_cells:
        first, _, trace = (*results.errors, "it is missing")[0].partition(": Traceback")
        said = f"{first}: {trace.strip().splitlines()[-1]}; `errors` has the traceback" if trace else first
        LOGGER.warning("%d cells failed; the first: %s", results.failed_cells, said)
    for note in results.notes:
        warnings.warn(note, stacklevel=2)
    return results


benchmark.__doc__ = described(str(benchmark.__doc__))


def remake(folder: str | Path, *, timings: bool = True) -> Results:
    """Make the report of a stored comparison anew, finished or not, from its trials.

    Args:
        timings: Whether to show measured times, which differ from run to run.
    """
    results = Results.load(folder)
    results.write(timings=timings)
    return results


def entrants_of(optimizers: object, trainings: int = 1) -> list[Entrant]:
    """Return the optimizers to compare, controls included; checked before anything runs.

    One without its extra is left out, with a warning; if no given one is left, that is an error.
    """
    found: dict[str, Entrant] = {}
    lost: list[MissingExtraError] = []
    asked = [_labelled(form_of(one), label) for label, one in _given(optimizers)]
    for form in [*asked, *(form_of(name) for name in CONTROLS)]:
        if form.spec in CONTROLS and form.name in found and found[form.name].spec == form.spec:
            continue
        if form.name in found:
            raise InvalidValueError(
                f"Optimizers must differ in name, got {form.name!r} twice: give a mapping of names to optimizers."
            )
        try:
            found[form.name] = Entrant.of(form, trainings)
        except MissingExtraError as missing:
            lost.append(missing)
            if len(lost) == len(asked):
                raise
            warnings.warn(f"{form.name} is left out. {missing}", stacklevel=3)
    return list(found.values())


def _given(optimizers: object) -> list[tuple[str | None, object]]:
    """Return the given optimizers with their names."""
    if isinstance(optimizers, Mapping) and "name" not in optimizers:
        return [(str(label), one) for label, one in optimizers.items()]
    several = isinstance(optimizers, Iterable) and not isinstance(optimizers, (str, Mapping, Path, tuple, Optimizer))
    if several or (isinstance(optimizers, tuple) and not is_model(optimizers)):
        return [(None, one) for one in optimizers]  # type: ignore[attr-defined]
    return [(None, optimizers)]


def _labelled(form: Form, label: str | None) -> Form:
    """Return a form under its name in the results: the given one, else its own with its settings."""
    settings = {} if "checksum" in form.settings else form.settings
    if label is None and settings:
        try:
            parts = [f"{k}={json.dumps(settings[k], allow_nan=False)}" for k in sorted(settings)]
        except (TypeError, ValueError) as fault:
            raise InvalidValueError(
                f"Settings of {form.name!r} must be plain JSON, got {dict(settings)}: {fault}."
            ) from fault
        label = f"{form.name}({','.join(parts)})"
    return form if label is None else replace(form, name=label)


def _shipped(protocol: Protocol, suites: Iterable[Suite]) -> list[Entrant]:
    """Return the shipped policy where it can be compared; see `SHIPPED`."""
    here = all(importlib.util.find_spec(package) for package in EXTRAS["rl"])  # other extras bring torch alone
    if not here or not all(s.kind == "table" and is_shipped(s.name) for s in suites):
        return []
    policy = Entrant.of(form_of(SHIPPED))
    families = {t.family for s in suites for fold in protocol.folds for t in s.tasks(protocol.split, fold)}
    return [] if any(has_seen(policy.make().seen, family) for family in families) else [policy]


def load_suites(
    suites: str | Path | Suite | Iterable[str | Path | Suite], folder: Path
) -> tuple[dict[str, Suite], dict[str, Live]]:
    """Return suites by the workers' specs, new ones by where `_keep` saves them; and the live ones."""
    found: dict[str, Suite] = {}
    live: dict[str, Live] = {}
    for one in each(suites):
        named = placed(one) if isinstance(one, str) and not is_shipped(one) else None
        suite = load_suite(one) if named is None else suite_of(named)
        if isinstance(one, Suite) or named:
            spec = _spec(suite, folder)
        else:  # a folder is named in full, so that it is found from anywhere
            known = is_shipped(str(one)) or is_several(str(one))
            spec = str(one) if known else str(Path(one).resolve())
        if suite.name in {s.name for s in found.values()}:
            raise InvalidValueError(f"Suites must differ in name, got {suite.name!r} twice.")
        if spec is None:
            spec = f"live:{suite.name}"
            live[spec] = Live.of(suite) if named is None else live_of(named)
            suite = from_description(describe_live(live[spec].suite))
        found[spec] = suite
    if not found:
        raise InvalidValueError("At least one suite is needed, got none.")
    return found, live


def _played(protocol: Protocol, suites: Mapping[str, Suite]) -> dict[str, list[Task]]:
    """Return the tasks of the split by the names of suites."""
    return {s.name: [t for f in protocol.folds for t in s.tasks(protocol.split, f)] for s in suites.values()}


def _that_fit(entrants: Iterable[Entrant], protocol: Protocol, suites: Mapping[str, Suite]) -> list[Entrant]:
    """Return the default optimizers without those that cannot run on a suite, which a warning names."""
    lost = {one.entrant.name: one for one in misfits(entrants, _played(protocol, suites))}
    for name, one in lost.items():
        warnings.warn(f"{name} is left out on {one.suite}. {one.why}", stacklevel=3)
    return [e for e in entrants if e.name not in lost]


def _budget(suites: Iterable[Suite]) -> int:
    """Return the common own budget of the suites."""
    own = {s.name: s.budget for s in suites}
    if len(set(own.values())) > 1:
        raise InvalidValueError(f"Suites that are compared together need one `budget`, they have {own}: give one.")
    return next(iter(own.values()))


def _check_suites(protocol: Protocol, suites: Iterable[Suite]) -> None:
    """Refuse a budget in cost without measured costs or for no trial, useless checkpoints, unwanted given points."""
    tasks = [t for s in suites for fold in protocol.folds for t in s.tasks(protocol.split, fold)]
    if protocol.budget.in_cost and tasks:
        protocol.budget.units(tasks)
        protocol.budget.kept_on(tasks)
    for suite in suites:
        if suite.kind == "training":
            check_in_flight("in_flight", protocol.in_flight, suite.members[:1])
        if protocol.n_init and suite.kind == "training":
            raise InvalidValueError(
                f"`start` must be 'cold' on {suite.name!r}, whose trials go on from each other, got {protocol.start!r}."
            )


def _spec(suite: Suite, folder: Path) -> str | None:
    """Return the spec of a suite: its name, a place beside the results, or None for a live one."""
    if is_shipped(suite.name) and load_suite(suite.name).data_hash == suite.data_hash:
        return suite.name
    if type(suite).save is Suite.save:
        return None
    return str(_kept(folder) / digest([suite.name, suite.data_hash]))


def _keep(suites: Mapping[str, Suite], folder: Path) -> None:
    """Save the suites that have no other place beside the results."""
    for spec, suite in suites.items():
        if Path(spec).parent == _kept(folder) and not Path(spec).exists():
            suite.save(Path(spec))


def _kept(folder: Path) -> Path:
    return folder.resolve() / "suites"
