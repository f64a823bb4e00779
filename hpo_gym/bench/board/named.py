"""Named protocols: comparisons to cite. The shipped ones stand in `protocols/`, one YAML file each."""

from __future__ import annotations

import functools
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, fields
from pathlib import Path
from typing import Any

from hpo_gym.base import HPOGymError, InvalidValueError, name_checked, real, shown, unknown
from hpo_gym.bench.plan import BenchPlan
from hpo_gym.bench.protocol import Protocol
from hpo_gym.problem import Budget, Suite
from hpo_gym.suites import load_suite
from hpo_gym.system import exactly, expect, mapping, text, text_of, yaml_of

FOLDER = Path(__file__).parent / "protocols"
METRICS = ("auc", "regret", "rank", "win_rate")
"""Columns of a leaderboard: mean regret over the trials, regret at the end, mean rank by the first, and share of
optimizers that are worse."""

_LARGEST = 1 << 20  # bytes of a file
_NEEDED = {"name", "about", "suites"}
_OF_BUDGET = {"budget": None, "budget_cost": None, "checkpoints": False}
DEFAULTS: Mapping[str, Any] = {f.name: f.default for f in fields(Protocol) if f.name != "budget"} | _OF_BUDGET
"""Settings of a comparison that nobody sets; `suites` and `budget` are filled in by `benchmark`."""
_KNOWN = (*_NEEDED, *DEFAULTS, "metrics", "measured")


@dataclass(frozen=True)
class NamedProtocol:
    """A comparison under a name, such as `tables-v1`: everything but the optimizers.

    Attributes:
        about: What a good result shows.
        suites: Arguments of `load_suite`.
        given: The settings that it fixes, by the keywords of `benchmark`.
        metrics: Of `METRICS`; entries are sorted by the first.
        measured: `difference`, the smallest detectable difference of the first metric; `minutes`, CPU minutes of a run
            of some optimizers. Empty where nobody has measured.

    Raises:
        InvalidValueError: A setting breaks a rule of `Protocol` or `Budget`.
    """

    name: str
    about: str
    suites: tuple[str, ...]
    given: Mapping[str, Any] = field(default_factory=dict)
    metrics: tuple[str, ...] = METRICS
    measured: Mapping[str, Any] = field(default_factory=dict)

    @functools.cached_property
    def protocol(self) -> Protocol:
        """Return the protocol of a comparison of these suites."""
        return protocol_of(self.given)

    @functools.cached_property
    def loaded(self) -> dict[str, Suite]:
        """Return the suites by spec."""
        return {spec: load_suite(spec) for spec in self.suites}

    def plan(self, entrants: Sequence[Any] = (), folder: Path = Path()) -> BenchPlan:
        """Return the plan of a comparison of optimizers."""
        return BenchPlan(self.protocol, entrants, self.loaded, folder)

    @functools.cached_property
    def hash(self) -> str:
        """Return the hash of what is fixed: settings, tasks and data; see `BenchPlan.hash`."""
        return self.plan().hash

    @property
    def settings(self) -> dict[str, Any]:
        """Return the keywords of `benchmark` that it fixes, the suites among them."""
        return {"suites": self.suites, **self.given}

    def filled(self, asked: Mapping[str, Any]) -> dict[str, Any]:
        """Return the keywords of `benchmark`, filled in where they are None.

        Raises:
            InvalidValueError: One of them contradicts the protocol.
        """
        fixed = {**dict.fromkeys(asked), **DEFAULTS, **self.settings}
        for key, value in asked.items():
            if value is not None and _plain(key, value) != _plain(key, fixed[key]):
                raise InvalidValueError(
                    f"`{key}` must be {shown(_plain(key, fixed[key]))} under the protocol {self.name!r}, or left out, "
                    f"got {shown(value)}."
                )
        return fixed


def protocol_of(given: Mapping[str, Any]) -> Protocol:
    """Return the protocol of keywords of `benchmark`; 33 full evaluations where there is no budget."""
    said = {**DEFAULTS, **{k: v for k, v in given.items() if v is not None and k in DEFAULTS}}
    if isinstance(said["tasks"], Iterable) and not isinstance(said["tasks"], str):
        said["tasks"] = tuple(said["tasks"])
    return Protocol(budget=Budget.of(*map(said.pop, _OF_BUDGET)), **said)


def named_protocol(name: str | Path | NamedProtocol) -> NamedProtocol:
    """Return a shipped protocol, or read one from a YAML file.

    Raises:
        UnknownNameError: It is no name of a shipped protocol, and no file.
        InvalidValueError: The file holds none; the message says where it breaks a rule.
    """
    if isinstance(name, NamedProtocol):
        return name
    if not isinstance(name, (str, Path)):
        raise InvalidValueError(f"`protocol` must be a name or a file, got {shown(name)}.")
    known = shipped_protocols()
    if str(name) in known:
        return _read(known[str(name)])
    if not Path(name).is_file():
        raise unknown("protocol (and no file)", str(name), known)
    return _read(Path(name))


def described(named: NamedProtocol) -> dict[str, Any]:
    """Return what a protocol asks, tells apart and costs, as plain JSON values."""
    plan, p = named.plan(), named.protocol
    suites = {
        suite.name: f"{len(tasks)} tasks of {len({suite.task(task).family for task, _ in tasks})} families"
        for suite, tasks in zip(plan.suites.values(), plan.tasks.values(), strict=True)
    }
    runs = sum(len(tasks) for tasks in plan.tasks.values()) * p.seeds
    settings = {key: value for key, value in p.to_json().items() if value is not None}
    cost = f"{runs} runs of {p.budget.amount:g} {'mean costs' if p.budget.in_cost else 'full evaluations'}"
    head = {"name": named.name, "about": named.about, "hash": named.hash, "suites": suites, "settings": settings}
    return {**head, "metrics": [*named.metrics], "size": cost, **named.measured}


def shipped_protocols() -> dict[str, Path]:
    """Return the files of the shipped protocols by name, the cheapest first."""
    first = ("quick-v1", "tables-v1", "seconds-v1", "training-v1", "unseen-v1")
    found = {path.stem: path for path in FOLDER.glob("*.yaml")}
    return {name: found[name] for name in sorted(found, key=lambda n: (first.index(n) if n in first else 9, n))}


@functools.cache
def _read(path: Path) -> NamedProtocol:
    try:
        return _checked(yaml_of(text_of(path, _LARGEST)))
    except (OSError, HPOGymError, TypeError, ValueError) as fault:
        raise InvalidValueError(f"{path} must hold a protocol: {fault}") from fault


def _checked(said: object) -> NamedProtocol:
    if not isinstance(said, dict):
        raise InvalidValueError(f"a mapping of {', '.join(sorted(_NEEDED))} and settings is needed, got {shown(said)}.")
    for key in said:
        if key not in _KNOWN:
            raise unknown("key", str(key), _KNOWN)
    if lacking := sorted(_NEEDED - set(said)):
        raise InvalidValueError(f"it must have {', '.join(lacking)}.")
    suites, metrics = (_texts(key, said.get(key, METRICS)) for key in ("suites", "metrics"))
    for metric in metrics:
        if metric not in METRICS:
            raise unknown("metric", metric, METRICS)
    about = " ".join(text("`about`", said["about"], 2000).split())
    expect(bool(about) and about.isprintable(), f"its `about` must be printable text, got {shown(about)}")
    given = {key: said[key] for key in DEFAULTS if key in said}
    made = NamedProtocol(
        name_checked("its name", said["name"]), about, suites, given, metrics, _measured(said.get("measured") or {})
    )
    assert made.protocol
    return made


def _measured(said: object) -> dict[str, Any]:
    """Return the measured numbers."""
    known = mapping("`measured`", said)
    exactly("`measured`", known, set(), {"difference", "minutes"})
    real("difference", known.get("difference", 0.0), 0.0)
    for name, value in mapping("`minutes`", known.get("minutes", {})).items():
        real(f"minutes of {text('key', name, 100)}", value, 0.0)
    return dict(known)


def _texts(key: str, given: object) -> tuple[str, ...]:
    several: list[Any] = list(given) if isinstance(given, (list, tuple)) else [given]
    if not several or not all(isinstance(one, str) and one for one in several) or len(set(several)) < len(several):
        raise InvalidValueError(f"`{key}` must be a text, or different ones, got {shown(given)}.")
    return tuple(several)


def _plain(key: str, value: object) -> object:
    """Return a value of a keyword in the form in which two are compared."""
    if key == "suites" and isinstance(value, (str, Path, Suite)):
        return (str(getattr(value, "name", value)),)
    return tuple(map(str, value)) if isinstance(value, (list, tuple)) else value
