"""The card of an entry: what cannot be replayed, and its authors answer for."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass, fields
from typing import Any

from hpo_gym.base import InvalidValueError, shown, unknown
from hpo_gym.system import exactly, expect, line, listed

NOTHING = "nothing"
"""Of an optimizer that has not learned: it then needs no families and no seconds."""
_MOST_SECONDS, _MOST_LOOKS = 1e12, 10**9


@dataclass(frozen=True)
class Card:
    """About an entry.

    Attributes:
        authors: Their names.
        code: Where its code is: an address with a commit, or `hpo-gym` for an optimizer of this package.
        about: What it does, in a sentence.
        training: What it has learned from, in words; "nothing" where it has not (`NOTHING`).
        families: The families of data sets that it has learned from.
        train_seconds: CPU seconds of that; None: nobody has measured.
        test_evaluations: How often a variant of it was evaluated on test tasks, this time included.
        hardware: Where it was trained and run.

    Raises:
        InvalidValueError: A field is missing or empty, or a number is out of range.
    """

    authors: tuple[str, ...]
    code: str
    about: str
    training: str
    families: tuple[str, ...]
    train_seconds: float | None
    test_evaluations: int
    hardware: str

    def __post_init__(self) -> None:
        for name in ("authors", "families"):
            several = tuple(line(f"`{name}`", one) for one in listed(f"`{name}`", [*getattr(self, name)]))
            object.__setattr__(self, name, several)
        expect(bool(self.authors) and all(map(str.strip, self.authors)), "its `authors` must name somebody")
        for name in ("code", "about", "training", "hardware"):
            said = line(f"`{name}`", getattr(self, name))
            expect(bool(said.strip()), f"its `{name}` must not be empty")
        seconds, looks = self.train_seconds, self.test_evaluations
        good = seconds is None or (type(seconds) in (int, float) and 0 <= seconds <= _MOST_SECONDS)
        what = f"its `train_seconds` must be a number, 0 or more, at most {_MOST_SECONDS:g}"
        expect(good, f"{what}, got {shown(seconds)}")
        object.__setattr__(self, "train_seconds", None if seconds is None else float(seconds))
        good = type(looks) is int and 1 <= looks <= _MOST_LOOKS
        what = f"its `test_evaluations` must be a whole number, 1 or more, at most {_MOST_LOOKS}"
        expect(good, f"{what}, got {shown(looks)}")

    def to_json(self) -> dict[str, Any]:
        """Return all fields."""
        return {name: list(value) if isinstance(value, tuple) else value for name, value in asdict(self).items()}

    @classmethod
    def from_json(cls, said: Mapping[str, Any]) -> Card:
        """Return the card of `to_json`; raise `InvalidValueError` on any other."""
        exactly("card", said, {f.name for f in fields(cls)})
        for name in ("authors", "families"):
            listed(f"`{name}`", said[name])
        return cls(**said)

    @classmethod
    def of(cls, known: Mapping[str, Any], given: Mapping[str, Any]) -> Card:
        """Return a card of known facts and given ones, which come first.

        Raises:
            InvalidValueError: Some are missing, or unknown.
        """
        names = [f.name for f in fields(cls)]
        for name in given:
            if name not in names:
                raise unknown("field of a card", name, names)
        said = {**known, **{k: " ".join(v.split()) if isinstance(v, str) else v for k, v in given.items()}}
        if said.get("training") == NOTHING:
            said = {"families": (), "train_seconds": 0.0, **said}
        missing = [name for name in names if name not in said]
        if missing:
            raise InvalidValueError(f"A card must say {', '.join(names)}; it lacks {', '.join(missing)}.")
        if isinstance(said["authors"], str):
            said["authors"] = [said["authors"]]
        return cls(**said)
