"""The plan of a comparison in its store; read strictly, so that faults are put in words."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from pydantic import BaseModel, ConfigDict, ValidationError

from hpo_gym.base import DamagedDataError, HPOGymError, InvalidValueError
from hpo_gym.bench.entrants import Entrant
from hpo_gym.bench.protocol import Protocol
from hpo_gym.optimize import moved, stamp_of_data, suite_stamp
from hpo_gym.problem import AMOUNTS, Suite
from hpo_gym.suites import from_description, load_suite
from hpo_gym.system import Store, expect, rule_of

_NEEDED = {"split", "fold", "start", "seeds", "tasks"}


@dataclass(frozen=True)
class StoredPlan:
    """The input of a new report, without importing any optimizer or objective.

    Attributes:
        suites: Hash of the data by the spec of a suite; one inside the results' own folder by its path from there.
    """

    protocol: Protocol
    entrants: tuple[Entrant, ...]
    suites: Mapping[str, str]
    live: Mapping[str, Any] = field(default_factory=dict)

    @classmethod
    def read(cls, store: Store) -> StoredPlan:
        """Return the plan in a store; raise `DamagedDataError` where it holds none, or none of this version."""
        text = store.meta_get("plan")
        if text is None:
            raise DamagedDataError(f"{store.path} holds no plan: it was not written by `hpo-gym bench`.")
        return cls.parse(text, store.path)

    @classmethod
    def parse(cls, text: str, path: Path) -> StoredPlan:
        """Return the plan in the output of `text`; raise `DamagedDataError` on an unknown, missing or wrong entry."""
        try:
            said = _Plan.model_validate_json(text)
            protocol, entrants = said.protocol, said.entrants
            expect(set(protocol) >= _NEEDED, f"its protocol must have {sorted(_NEEDED)}")
            expect(len({*AMOUNTS} & set(protocol)) == 1, f"its protocol must have one of {sorted(AMOUNTS)}")
            expect(set(said.live) <= set(said.suites), f"its live {sorted(said.live)} must be among its suites")
            for entrant in entrants:
                json.loads(entrant.settings), json.loads(entrant.resolved or "{}")
            return cls(Protocol.from_json(protocol), entrants, said.suites, said.live)
        except ValidationError as fault:
            raise DamagedDataError(f"{path} holds a plan that this version cannot read: {rule_of(fault)}.") from fault
        except (TypeError, ValueError, LookupError, AttributeError, RecursionError) as fault:
            why = str(fault) if isinstance(fault, HPOGymError) else repr(fault)
            raise DamagedDataError(f"{path} holds a plan that this version cannot read: {why}") from fault

    def text(self) -> str:
        """Return the plan as JSON; suites stay in their order."""
        data = {
            "protocol": self.protocol.to_json(),
            "entrants": [e.to_json() for e in self.entrants],
            "suites": dict(self.suites),
        }
        return json.dumps({**data, "live": dict(self.live)} if self.live else data)

    def loaded(self, folder: Path) -> tuple[dict[str, Suite], dict[str, str]]:
        """Return the suites by spec, live ones from their descriptions; and the changes in suites' data since.

        A suite whose data have moved on keeps the hash of the results' data; its change is ``{"SVM": "SVM 2 -> 3"}``.

        Raises:
            DamagedDataError: A suite stored with the results has other data than before.
        """
        found, changes = dict[str, Suite](), dict[str, str]()
        for place, expected in self.suites.items():
            spec, live = self._spec(place, folder), self.live.get(place)
            suite = load_suite(spec) if live is None else from_description(live)
            if suite.data_hash != expected:
                if live is not None or spec != place:
                    raise DamagedDataError(f"Suite {place!r} has other data than the stored results were made with.")
                changes[spec] = moved(suite.name, stamp_of_data(suite.name, expected), suite_stamp(suite), "data")
                suite = replace(suite, data_hash=expected)
            found[spec] = suite
        return found, changes

    def _spec(self, place: str, folder: Path) -> str:
        """Return the spec of a suite, with the whole path of one inside the results' folder."""
        inside = not Path(place).is_absolute() and (folder / place / "suite.json").is_file()
        return str(folder / place) if inside else place

    def check_goes_on(self, protocol: Protocol, folder: Path) -> None:
        """Refuse to go on with another protocol; replicates, tasks, optimizers and suites may be others."""
        new = protocol.deciding()
        for name, was in self.protocol.deciding().items():
            if (now := new[name]) != was:
                raise InvalidValueError(
                    f"`resume` must keep `{name}={was!r}` of what {folder} holds, got {now!r}: pass another `out`."
                )


def within(spec: str, folder: Path) -> str:
    """Return a suite inside the results' own folder as a path from there, so that the folder can move."""
    path, home = Path(spec).resolve(), folder.resolve()
    return path.relative_to(home).as_posix() if path.is_relative_to(home) and path.exists() else spec


class _Plan(BaseModel):
    """The form of a plan as JSON; the protocol checks its own values."""

    model_config = ConfigDict(strict=True, extra="forbid", arbitrary_types_allowed=True)

    protocol: dict[str, Any]
    entrants: tuple[Entrant, ...]
    suites: dict[str, str]
    live: dict[str, Any] = {}
