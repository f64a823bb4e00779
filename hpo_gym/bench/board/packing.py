"""Packing: from the results of a comparison under a named protocol to an entry."""

from __future__ import annotations

import functools
import json
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import numpy as np

from hpo_gym.base import HPOGymError, InvalidValueError, printable, unknown
from hpo_gym.bench.board.card import NOTHING, Card
from hpo_gym.bench.board.entry import LARGEST, Entry, Part
from hpo_gym.bench.board.named import NamedProtocol, named_protocol, shipped_protocols
from hpo_gym.bench.board.replay import check_anchor, entrant_of, records_of
from hpo_gym.bench.entrants import Entrant
from hpo_gym.bench.metrics import CONTROLS
from hpo_gym.bench.origin import MADE, hardware_of
from hpo_gym.bench.plan import BenchPlan, opened
from hpo_gym.bench.reference.choices import choices_of
from hpo_gym.optimize import OPTIMIZERS, SAVED, parted, read_about
from hpo_gym.problem import Status
from hpo_gym.system import Record, Store, mapping, sealed, text_of, yaml_of

_READING = {n for n, entry in OPTIMIZERS.entries().items() if entry.about.get("family") in ("transfer", "rl")}


def pack(
    folder: str | Path,
    card: str | Path | Mapping[str, Any],
    *,
    optimizer: str | None = None,
    protocol: str | Path | NamedProtocol | None = None,
) -> Entry:
    """Return the choices of one optimizer as an entry; its replay was equal to the stored runs.

    Args:
        folder: Results of `benchmark` under a named protocol.
        card: Fields of `Card`, or a YAML file of them; perhaps `name`, that on the leaderboard. `training`, `families`,
            `train_seconds` and `hardware` are filled in from the results where they are known: of an optimizer trained
            by `benchmark`, or saved by `train`.
        optimizer: Its name in the results; may be left out where one takes part beside the controls.
        protocol: The file of a protocol that is not shipped.

    Raises:
        InvalidValueError: The comparison is under no such protocol or not finished, or the card lacks a field.
        UnknownNameError: No such optimizer takes part.
    """
    given = dict(card) if isinstance(card, Mapping) else read_card(Path(card))
    with opened(Path(folder)) as (plan, store):
        if plan.moved:
            raise InvalidValueError(f"{folder} must be of today's data, got those before {dict(plan.moved)}.")
        if plan.protocol.in_flight > 1:
            raise InvalidValueError(f"`in_flight` must be 1 in an entry, got {plan.protocol.in_flight} in {folder}.")
        entrant, named = _chosen(plan, optimizer), _under(plan, protocol)
        parts, runs = dict[str, Part](), dict[str, list[Record]]()
        for spec, suite in plan.suites.items():
            runs[spec] = [*_runs(plan, store, spec, entrant)]
            failed = {i: _line(r.error) for i, r in enumerate(runs[spec]) if r.status != "done"}
            choices = choices_of(suite, plan.cells(spec), runs[spec], plan.protocol.n_init, exact=True)
            parts[suite.name] = Part(suite.data_hash, choices, failed)
        known = _known(plan, entrant, runs, json.loads(store.meta_get(MADE) or "{}"))
    name = given.pop("name", entrant.name)
    entry = Entry(name, named.name, named.hash, Card.of(known, given), parts)
    entry = Entry.from_json(json.loads(sealed(entry.to_json())))  # refuses a name that none may have
    again = records_of(entry, named)
    check_anchor(entry, named)
    played = named.plan([entrant_of(entry)])
    for spec in plan.suites:
        for cell, record in zip(plan.cells(spec), runs[spec], strict=True):
            other = again[played.key(cell, played.entrants[0])]
            if record.status == "done" and not _equal(record, other):
                raise InvalidValueError(
                    f"The runs of {entrant.name} must replay, that on {cell.task} (seed {cell.replicate}) has other "
                    "scores: another build made them; run the comparison here."
                )
    return entry


def read_card(path: Path) -> dict[str, Any]:
    """Return a card's fields of a YAML file; raise `InvalidValueError` where it holds none."""
    try:
        said = yaml_of(text_of(path, LARGEST))
    except (OSError, InvalidValueError) as fault:
        raise InvalidValueError(f"{path} must hold a card: {fault}") from fault
    return dict(mapping(f"content of {path}", said))


def _line(error: str | None) -> str:
    """Return the last line of an error, which names no file of its author."""
    return printable(((error or "").strip().splitlines() or ["unknown"])[-1][:200])


def _equal(a: Record, b: Record) -> bool:
    """Return whether two runs have the same results, to the bit; the score of a failure is no result."""
    good, same = a.arrays["status"] == Status.OK, functools.partial(np.array_equal, equal_nan=True)
    if not same(a.arrays["status"], b.arrays["status"]):
        return False
    return same(a.arrays["incumbent"], b.arrays["incumbent"]) and same(a.arrays["score"][good], b.arrays["score"][good])


def _chosen(plan: BenchPlan, optimizer: str | None) -> Entrant:
    by_name = {e.name: e for e in plan.entrants}
    others = [name for name in by_name if name not in CONTROLS]
    if optimizer is None and len(others) == 1:
        return by_name[others[0]]
    if optimizer is None:
        raise InvalidValueError(f"`optimizer` must name one of {', '.join(by_name)}: --optimizer NAME.")
    if optimizer not in by_name:
        raise unknown("optimizer in these results", optimizer, by_name)
    return by_name[optimizer]


def _under(plan: BenchPlan, protocol: str | Path | NamedProtocol | None) -> NamedProtocol:
    """Return the named protocol of a comparison, by its hash."""
    known = [named_protocol(name) for name in (shipped_protocols() if protocol is None else [protocol])]
    names = {suite.name for suite in plan.suites.values()}
    for named in known:
        if {suite.name for suite in named.loaded.values()} == names and named.hash == plan.hash:
            return named
    raise InvalidValueError(
        f"{plan.folder} must hold a comparison under {' or '.join(p.name for p in known)}, its settings are others: "
        "hpo-gym bench --protocol NAME."
    )


def _runs(plan: BenchPlan, store: Store, spec: str, entrant: Entrant) -> Iterator[Record]:
    for cell in plan.cells(spec):
        record = store.get(plan.key(cell, entrant))
        if record is None:
            raise InvalidValueError(
                f"{plan.folder} must be finished: {entrant.name} has not run on {cell.suite}/{cell.task}, seed "
                f"{cell.replicate}; hpo-gym bench --resume goes on."
            )
        yield record


def _known(
    plan: BenchPlan, entrant: Entrant, runs: Mapping[str, list[Record]], made: Mapping[str, str]
) -> dict[str, Any]:
    """Return the fields of a card that the results tell."""
    known: dict[str, Any] = {"hardware": hardware_of(made)} if "machine" in made else {}
    suites = list(plan.suites.values())
    if entrant.trainable:
        splits = ["train", *(["val"] if plan.protocol.split != "val" else [])]
        known["families"] = tuple(sorted({t.family for s in suites for split in splits for t in s.tasks(split)}))
        measured = {spec: [r.measured for r in some if r.status == "done"] for spec, some in runs.items()}
        known["train_seconds"] = sum(plan.times(m, spec, entrant)["train_seconds"] for spec, m in measured.items())
        known["training"] = f"tasks of {' and '.join(splits)} of {', '.join(s.name for s in suites)}"
        return known
    if ":" in entrant.spec and not entrant.spec.startswith(SAVED):
        return known  # code of the caller's own, which no stored plan starts: the card says it
    try:
        seen = tuple(sorted(getattr(entrant.make(), "seen", ())))
    except (HPOGymError, ImportError, TypeError):
        return known
    known["families"] = seen
    if entrant.spec.startswith(SAVED):
        _, folder = parted(entrant.spec.removeprefix(SAVED))
        suites_read = read_about(folder).get("suites")
        known |= {"training": f"tasks of {', '.join(suites_read)}"} if suites_read else {}
    elif not seen:
        known["training"] = "earlier tasks, as it runs" if entrant.word in _READING else NOTHING
        known["train_seconds"] = 0.0
    return known
