"""`made_of`: the suites, optimizers and package behind a stored result, and the ones that have moved on.

    {"suites": {"SVM": "2@903ca03f"}, "optimizers": {"ppo-pool": "3@5b0c2a11"}, "package": "0.1.0"}

A stamp is a version and eight hex digits: of a suite's data, of code, or of a file. `UNKNOWN` is not compared.
"""

from __future__ import annotations

import functools
import json
from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from hpo_gym.base import DATA, HPOGymError, __version__
from hpo_gym.optimize.learning.folders import read_about, shipped
from hpo_gym.optimize.learning.sources import source_hash, version_of
from hpo_gym.optimize.protocol import OPTIMIZERS
from hpo_gym.problem import SUITES, Suite
from hpo_gym.suites import is_shipped, load_suite

UNKNOWN = "unknown"

MadeOf = Mapping[str, Any]


def made_of(suites: Iterable[str | Suite] = (), optimizers: Iterable[str] = ()) -> dict[str, Any]:
    """Return the stamps of a result of today; names that are not registered are left out.

    Args:
        optimizers: Names of registered or shipped trained optimizers; the code of a trained one is named as well.
    """
    loaded = [load_suite(s) for s in suites if isinstance(s, Suite) or is_shipped(s)]
    stamps = {name: stamp for name in optimizers for name, stamp in _stamps_of(name)}
    return {
        "suites": {s.name: suite_stamp(s) for s in sorted(loaded, key=lambda s: s.name)},
        "optimizers": dict(sorted(stamps.items())),
        "package": __version__,
    }


def joined(parts: Iterable[MadeOf]) -> dict[str, Any]:
    """Return the stamps of several results together; the last stamp of a repeated name."""
    out: dict[str, Any] = {"suites": {}, "optimizers": {}, "package": UNKNOWN}
    for part in parts:
        for kind in ("suites", "optimizers"):
            out[kind] = dict(sorted({**out[kind], **part.get(kind, {})}.items()))
        out["package"] = part.get("package", out["package"])
    return out


def stale(of: MadeOf) -> tuple[str, ...]:
    """Return the parts that have moved on since, such as ``("MLP 1 -> 2", "ga 3: other code")``; () if none has."""
    suites = (moved(name, stamp, _suite_now(name), "data") for name, stamp in of.get("suites", {}).items())
    optimizers = (moved(name, stamp, optimizer_now(name), "code") for name, stamp in of.get("optimizers", {}).items())
    return tuple(word for word in (*suites, *optimizers) if word)


def moved(name: str, then: str, now: str | None, what: str) -> str:
    """Return how one stamp differs from that of today, "" where it does not or was not recorded."""
    (version, code), (version_now, code_now) = parts(then), parts(now or f"none@{UNKNOWN}")
    if version != version_now and version != UNKNOWN:
        return f"{name} {version} -> {version_now}"
    if UNKNOWN in (code, code_now) or code == code_now or {code, code_now} <= set(_equal(name, version)):
        return ""
    return f"{name} {version}: other {what}"


def parts(stamp: str) -> tuple[str, str]:
    """Return the version and the hash of a stamp."""
    version, _, code = stamp.partition("@")
    return version or UNKNOWN, code or UNKNOWN


# ---------------------------------------------------------------------- stamps of today
def suite_stamp(suite: Suite) -> str:
    """Return the stamp of a suite: its version and the hash of its data."""
    return f"{suite.version}@{suite.data_hash[:8]}"


def stamp_of_data(name: str, data_hash: str) -> str:
    """Return the stamp of a suite's data from their whole hash; its version is looked up among the recorded ones."""
    known = _recorded().get(name, {})
    version = next((v for v, of in known.items() if of == data_hash), None)
    if version is None and name in SUITES.entries() and load_suite(name).data_hash == data_hash:
        version = str(load_suite(name).version)
    return f"{version or UNKNOWN}@{data_hash[:8]}"


def optimizer_stamp(name: str) -> str:
    """Return the stamp of a registered optimizer: its version and the hash of its code."""
    return f"{version_of(name)}@{source_hash(name)}"


def _stamps_of(name: str) -> Iterator[tuple[str, str]]:
    if name in shipped():
        about = read_about(shipped()[name])
        yield name, f"{about['version']}@{about['checksum'][:8]}"
        name = str(about["optimizer"])
    if name in OPTIMIZERS.entries():
        yield name, optimizer_stamp(name)


def _suite_now(name: str) -> str | None:
    return suite_stamp(load_suite(name)) if is_shipped(name) else None


def optimizer_now(name: str) -> str | None:
    """Return the stamp of a registered or shipped optimizer, None of another."""
    try:
        return next((stamp for known, stamp in _stamps_of(name) if known == name), None)
    except HPOGymError:  # a damaged file, which `verify` reports
        return f"{UNKNOWN}@{UNKNOWN}"


# ---------------------------------------------------------------------- records
@functools.cache
def _recorded() -> Mapping[str, Mapping[str, str]]:
    """Return the hash of each recorded version of each suite."""
    path = DATA / "versions.json"
    return json.loads(path.read_text(encoding="utf-8")) if path.is_file() else {}


@functools.cache
def _sources() -> Mapping[str, Mapping[str, list[str]]]:
    path = DATA / "results" / "sources.json"
    return json.loads(path.read_text(encoding="utf-8")) if path.is_file() else {}


def _equal(name: str, version: str) -> list[str]:
    """Return hashes of code of one version of an optimizer that were found to do the same."""
    return list(_sources().get(name, {}).get(version, ()))
