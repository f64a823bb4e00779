"""`data/versions.json`: for each version of a suite that ships, the hash of what decides its scores.

An entry never changes: other data are another version. `python -m hpo_builders.versions` adds what is missing.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path

from hpo_builders.files import DATA, read_json, update_manifest, write_json
from hpo_gym.base import InvalidValueError, scan_names
from hpo_gym.problem import Suite
from hpo_gym.suites import load_suite, served

FILE = "versions.json"

Versions = Mapping[str, Mapping[str, str]]


def recorded(data: Path = DATA) -> dict[str, dict[str, str]]:
    """Return the hash of each version of each suite that was recorded: ``{"SVM": {"2": "4f..."}}``."""
    return dict(read_json(data / FILE)) if (data / FILE).is_file() else {}


def with_those_of(known: Versions, suites: Sequence[Suite]) -> dict[str, dict[str, str]]:
    """Return the record with the versions of suites added.

    Raises:
        InvalidValueError: A suite has other data than its version had, or a version before one that was recorded.
    """
    found = {name: dict(versions) for name, versions in known.items()}
    for suite in suites:
        versions = found.setdefault(suite.name, {})
        newest = max(map(int, versions), default=suite.version)
        if suite.version < newest:
            raise InvalidValueError(
                f"`version` of {suite.name!r} must be at least {newest}, which was recorded, got {suite.version}."
            )
        before = versions.setdefault(str(suite.version), suite.data_hash)
        if before != suite.data_hash:
            raise InvalidValueError(
                f"Version {suite.version} of {suite.name!r} must have the data {before}, got {suite.data_hash}: "
                f"raise its `version`."
            )
    return {name: dict(sorted(found[name].items(), key=lambda item: int(item[0]))) for name in sorted(found)}


def shipped_names() -> list[str]:
    """Names of the suites that ship, their surrogates among them."""
    return [*scan_names("hpo_gym.suites", "SUITES"), *served()]


def main() -> None:
    """Record the versions of all suites that ship."""
    write_json(DATA / FILE, with_those_of(recorded(), [load_suite(name) for name in shipped_names()]))
    update_manifest(DATA, [DATA / FILE])


if __name__ == "__main__":
    main()
