"""Every error of hpo-gym states the rule, the value and the nearest valid one. One base class, `HPOGymError`."""

from __future__ import annotations

import difflib
import math
import numbers
import re
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

_WORD, _TEXT = 500, 3000  # characters of a message: of what has no space in it, and in all
_LONGEST = 200  # characters that are looked at of a name
_ALIKE = 0.5  # the share of characters that two names have in common, in order


class HPOGymError(Exception):
    """Base class of all errors that hpo-gym raises on purpose; a message that is too long loses its middle."""

    def __init__(self, *args: object) -> None:
        super().__init__(*(_within(a) if isinstance(a, str) else a for a in args))


class InvalidValueError(HPOGymError, ValueError):
    """A value breaks the rule that the message states."""


class UnknownNameError(HPOGymError, KeyError):
    """A name that is not registered; the message offers the nearest known ones."""

    def __str__(self) -> str:  # KeyError would print the repr of the message
        return str(self.args[0]) if self.args else ""


class StateError(HPOGymError, RuntimeError):
    """A call at the wrong time, such as a step before the first reset."""


class DamagedDataError(HPOGymError, ValueError):
    """The content of a stored file contradicts its checksum or format."""


class EndedTuningError(HPOGymError):
    """Base class of the errors that end a tuning before its time.

    Attributes:
        tuned: The trials so far, as `hpo_gym.Tuned`; None where nothing was tuned.
    """

    tuned: Any = None


class StorageFullError(EndedTuningError, OSError):
    """A store could not be written: disk full, quota, or a disk error. Earlier content is intact."""


class StorageLostError(EndedTuningError, OSError):
    """A folder that is written to was removed, replaced or cut meanwhile."""


class TrialsFailedError(EndedTuningError, RuntimeError):
    """The first trials of a tuning all failed, and all alike."""


class ProposalsRefusedError(EndedTuningError, ValueError):
    """An optimizer gives refused proposals only, so that a tuning cannot go on."""


class MissingExtraError(HPOGymError, ImportError):
    """An optional package is not installed; the message is the install command."""


class SplitError(HPOGymError, ValueError):
    """A task is on the wrong side of a split: training data used for testing, or the reverse."""


class CheckFailed(HPOGymError, AssertionError):
    """A contract check found faults; `faults` lists every one."""

    def __init__(self, subject: str, faults: Iterable[str]) -> None:
        self.faults = tuple(faults)
        lines = "\n".join(f"- {fault}" for fault in self.faults)
        super().__init__()
        self.args = (f"{subject} breaks its contract ({len(self.faults)}):\n{lines}",)  # every fault, however many


def shown(value: object, most: int = 200) -> str:
    """Return the repr of a value, cut if it is long, or a description if it has none."""
    try:
        return cut(repr(value), most)
    except Exception:  # a foreign object may raise anything, and Python does for integers of many digits
        return f"a value of type {type(value).__name__} that cannot be shown"


def cut(text: str, most: int) -> str:
    """Return a text of at most `most` characters, shortened in the middle."""
    if len(text) <= most:
        return text
    head = most * 2 // 3
    return f"{text[:head]} ... {text[len(text) - (most - head - 5) :]}"


def _within(message: str) -> str:
    """Return a message within bounds on its words and its length."""
    if len(message) <= _WORD:
        return message
    return cut(re.sub(rf"\S{{{_WORD + 1},}}", lambda found: cut(found[0], _WORD), message), _TEXT)


def unknown(kind: str, name: object, known: Iterable[str], also: Iterable[str] = ()) -> UnknownNameError:
    """Make the error for a name outside `known`; it suggests the nearest of `known` and `also`, and lists `known`."""
    names = sorted(known)
    hint = _hint(nearest(name if isinstance(name, str) else shown(name), [*names, *also]))
    listed = names if len(names) <= 40 else [*names[:40], f"... {len(names) - 40} more"]
    return UnknownNameError(f"No {kind} {shown(name)}.{hint} Known: {listed}.")


def nearest(name: str, known: Iterable[str]) -> str | None:
    """Return the likely meaning of a misspelt name: the fewest slips if they are few, else the most similar; or None.

    A slip is a missing, extra or replaced character, or a swap. Case, hyphens, underscores and spaces do not count.
    """
    name = name[:_LONGEST]
    asked, found = _plain(name), []
    alike, in_case = difflib.SequenceMatcher(b=name.lower()), difflib.SequenceMatcher(b=name)
    for one in known:
        plain = _plain(one)
        most = 1 if max(len(asked), len(plain)) < 5 else 2
        slips = _slips(asked, plain) if abs(len(asked) - len(plain)) <= most else most + 1
        few = slips <= most and slips < max(len(asked), len(plain), 1)
        alike.set_seq1(one.lower())
        if few or (alike.real_quick_ratio() >= _ALIKE and alike.quick_ratio() >= _ALIKE and alike.ratio() >= _ALIKE):
            in_case.set_seq1(one)
            swapped = sorted(asked) == sorted(plain)  # likelier than another character
            found.append((-slips if few else -most - 1, swapped, alike.ratio(), in_case.ratio(), one))
    return max(found)[-1] if found else None


def beside(path: str | Path) -> str:
    """Return a sentence about similar names next to a missing path, or an empty one."""
    return _hint(nearest(str(path), neighbours(path)))


def neighbours(path: str | Path, holding: str = "") -> list[str]:
    """Return names next to a missing path; of folders, only those with a file `holding`."""
    asked = Path(path)
    try:
        if not asked.name or asked.exists():
            return []
        return sorted(str(asked.with_name(one.name)) for one in asked.parent.iterdir() if (one / holding).exists())
    except (OSError, ValueError):  # no such folder either, or what can be no path at all
        return []


def _hint(name: str | None) -> str:
    return f" Did you mean {name!r}?" if name else ""


def _plain(name: str) -> str:
    return re.sub(r"[-_\s]", "", name.casefold())


def _slips(a: str, b: str) -> int:
    """Return the optimal string alignment distance."""
    before: list[int] = []
    row = list(range(len(b) + 1))
    for i, x in enumerate(a, 1):
        earlier, before, row = before, row, [i]
        for j, y in enumerate(b, 1):
            least = min(before[j] + 1, row[j - 1] + 1, before[j - 1] + (x != y))
            swapped = i > 1 and j > 1 and x == b[j - 2] and a[i - 2] == y
            row.append(min(least, earlier[j - 2] + 1) if swapped else least)
    return row[-1]


def whole(name: str, value: object, least: int = 1, most: int | None = None, also: str = "") -> int:
    """Return a setting as a Python integer.

    Accepts integers of any kind, NumPy's too; rejects `True`, 2.0 and "2".

    Args:
        least, most: The smallest and largest allowed value; None for no limit.
        also: Other accepted values, for the message, such as ", or None".

    Raises:
        InvalidValueError: It is not an integer, or out of range; the message suggests the nearest one.
    """
    if isinstance(value, numbers.Integral) and not isinstance(value, bool):
        number = int(value)
        if least <= number and (most is None or number <= most):
            return number
    span = f">= {least}" if most is None else f"in [{least}, {_end(most)}"
    near = _in(meant(value), least, math.inf if most is None else most)
    hint = "" if near is None else f"; the nearest is {round(near)}"
    raise InvalidValueError(f"`{name}` must be an integer {span}{also}, got {shown(value)}{hint}.")


def real(
    name: str, value: object, least: float = -math.inf, most: float = math.inf, also: str = "", *, above: bool = False
) -> float:
    """Return a setting as a finite Python float.

    Accepts numbers of any kind, NumPy's too; rejects `True`, NaN, infinity and "2.5".

    Args:
        least, most: The smallest and largest allowed value; infinity for no limit.
        also: Other accepted values, for the message, such as ", or None".
        above: Whether `least` itself is refused.

    Raises:
        InvalidValueError: It is not a finite number, or out of range; the message suggests the nearest one.
    """
    number = finite(value)
    if number is not None and (least < number if above else least <= number) and number <= most:
        return number
    number = meant(value)
    if most < math.inf:
        span = f" in {'(' if above else '['}{least:.15g}, {most:.15g}]"
    else:
        span = "" if least == -math.inf else f" {'above' if above else '>='} {least:.15g}"
    near = None if above and (number is None or number <= least) else _in(number, least, most)
    hint = "" if near is None else f"; the nearest is {near:.15g}"
    raise InvalidValueError(f"`{name}` must be a finite number{span}{also}, got {shown(value)}{hint}.")


def finite(value: object) -> float | None:
    """Return the Python float of a finite number of any kind; None for all else, `True` too."""
    number = meant(value) if isinstance(value, numbers.Real) else None
    return number if number is not None and math.isfinite(number) else None


def limit(name: str, value: object) -> float | None:
    """Return a limit above 0 as a Python float, or None for no limit."""
    return None if value is None else real(name, value, 0.0, also=", or None", above=True)


def whole_fields(owner: object, least: int, *names: str) -> None:
    """Make settings that `owner` was given Python integers of at least `least`; also where it is frozen."""
    for name in names:
        object.__setattr__(owner, name, whole(name, getattr(owner, name), least))


def meant(value: object) -> float | None:
    """Return the number in a value or its text; None for `True`, NaN and anything else."""
    if isinstance(value, bool) or not isinstance(value, (numbers.Real, str)):
        return None
    try:
        number = float(value)
    except (ValueError, TypeError):  # a text that is no number
        return None
    except OverflowError:
        return math.inf if value > 0 else -math.inf  # type: ignore[operator]  # a text does not overflow
    return None if math.isnan(number) else number


def _in(number: float | None, least: float, most: float) -> float | None:
    """Return the nearest finite number in [least, most], None if there is none."""
    near = None if number is None else min(max(number, least), most)
    return near if near is not None and math.isfinite(near) else None


def _end(most: int) -> str:
    """Return the end of an integer range in words: closed, or open at a large power of two."""
    bits = (most + 1).bit_length() - 1
    return f"2**{bits})" if bits > 30 and most + 1 == 1 << bits else f"{most}]"


@contextmanager
def blame(path: Path) -> Iterator[None]:
    """Report any error of a parser on a foreign file as damage to that file."""
    try:
        yield
    except DamagedDataError:
        raise
    except HPOGymError as fault:
        raise DamagedDataError(f"{path}: {fault}") from fault
    except Exception as fault:  # parsers raise anything on foreign bytes
        raise DamagedDataError(
            f"{path} must be a file that `save` wrote, got {type(fault).__name__}: {fault}."
        ) from fault
