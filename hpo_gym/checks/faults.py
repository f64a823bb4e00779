"""`Faults`: the findings of a check. And trees: nested dictionaries, sequences and arrays, the outputs of envs."""

from __future__ import annotations

import contextlib
import copy
import random
import time
import warnings
from collections.abc import Callable, Iterator, Mapping
from typing import Any

import numpy as np

from hpo_gym.base import CheckFailed, HPOGymError

_CLOCK = "episode"  # statistics that hold seconds


class Patience:
    """Seconds of processor time, from now on.

    Attributes:
        over: Whether they are spent.
    """

    def __init__(self, seconds: float) -> None:
        self._end = time.process_time() + seconds

    @property
    def over(self) -> bool:
        return time.process_time() > self._end


class Faults:
    """The faults found so far, each one once."""

    def __init__(self, subject: str) -> None:
        self.subject = subject
        self.found: list[str] = []
        self.left_out: list[str] = []  # for want of time
        self._kinds: set[str] = set()

    def add(self, fault: str) -> None:
        """Note a fault."""
        if fault not in self.found:
            self.found.append(fault)

    def expect(self, claim: object, fault: str) -> bool:
        """Note a fault unless `claim` holds; returns whether it holds."""
        return self.once(claim, fault, fault)

    def once(self, claim: object, kind: str, fault: str) -> bool:
        """Note the first fault of a kind, like `expect`: others would say the same about other numbers."""
        if not claim and kind not in self._kinds:
            self._kinds.add(kind)
            self.add(fault)
        return bool(claim)

    def same(self, fault: str, expected: object, got: object) -> bool:
        """Note a fault where two trees differ, with the place; of a fault only the first place."""
        where = difference(expected, got)
        return self.once(where is None, fault, f"{fault} (at {where})")

    @contextlib.contextmanager
    def guard(self, what: str) -> Iterator[None]:
        """Make a fault of any exception: an object under test may raise anything."""
        try:
            yield
        except Exception as error:
            self.add(f"{what} raises {type(error).__name__}: {error}")

    def refuses(
        self, what: str, call: Callable[[], object], others: tuple[type[Exception], ...] = ()
    ) -> Exception | None:
        """Note a fault unless `call` raises an `HPOGymError`, or one of `others`; return what it raises."""
        try:
            call()
        except (HPOGymError,) + others as error:  # noqa: RUF005 - mypy reads no starred tuple here
            self.expect(str(error), f"{what}: the refusal has no message")
            return error
        except Exception as error:
            self.add(f"{what}: raises {type(error).__name__} ({error}), not an HPOGymError")
            return error
        self.add(f"{what}: is accepted")
        return None

    def close(self) -> None:
        """Raise `CheckFailed` if there is a fault; warn where something was left out."""
        if self.left_out:
            text = f"{self.subject} is slow, so the check left out: {'; '.join(self.left_out)}."
            warnings.warn(text, stacklevel=3)
        if self.found:
            raise CheckFailed(self.subject, self.found)


@contextlib.contextmanager
def untouched_global_rng(faults: Faults, what: str) -> Iterator[None]:
    """Note a fault if the global generators of `random` or NumPy are used inside; they are put back."""
    before, numbers = random.getstate(), np.random.get_state()  # noqa: NPY002
    try:
        yield
    finally:
        now = np.random.get_state()  # noqa: NPY002
        faults.expect(random.getstate() == before, f"{what} uses the global generator of `random`")
        faults.expect(difference(numbers, now) is None, f"{what} uses the global generator of `numpy.random`")
        random.setstate(before)
        np.random.set_state(numbers)  # noqa: NPY002


# ------------------------------------------------------------------ trees
def snapshot(tree: object) -> Any:
    """Return a deep copy as plain dictionaries, without clock-dependent parts."""
    if isinstance(tree, Mapping):
        return {k: snapshot(v) for k, v in tree.items() if k not in (_CLOCK, "_" + _CLOCK)}
    if isinstance(tree, (list, tuple)):
        return type(tree)(snapshot(v) for v in tree) if type(tree) in (list, tuple) else copy.deepcopy(tree)
    if isinstance(tree, np.ndarray) and tree.dtype == object:
        return [snapshot(v) for v in tree.tolist()]
    return copy.deepcopy(tree)


def difference(a: object, b: object, path: str = "") -> str | None:
    """Return the place where two trees differ (NaN equals NaN; types and dtypes count), or None."""
    if isinstance(a, Mapping) and isinstance(b, Mapping):
        if set(a) != set(b):
            return f"{path or 'keys'}: {sorted(map(str, a))} and {sorted(map(str, b))}"
        parts: Iterator[tuple[str, object, object]] = ((f"{path}[{k!r}]", a[k], b[k]) for k in a)
    elif isinstance(a, (list, tuple)) and isinstance(b, (list, tuple)):
        if len(a) != len(b):
            return f"{path or 'length'}: {len(a)} and {len(b)}"
        parts = ((f"{path}[{i}]", x, y) for i, (x, y) in enumerate(zip(a, b, strict=True)))
    else:
        return None if _equal(a, b) else f"{path or 'value'}: {_short(a)} and {_short(b)}"
    return next((found for p, x, y in parts if (found := difference(x, y, p))), None)


def _equal(a: object, b: object) -> bool:
    if isinstance(a, np.ndarray) or isinstance(b, np.ndarray):
        a, b = np.asarray(a), np.asarray(b)
        return bool(a.dtype == b.dtype and a.shape == b.shape and a.tobytes() == b.tobytes())
    if type(a) is not type(b):
        return False
    return bool(a == b) or bool(a != a and b != b)


def _short(value: object) -> str:
    text = " ".join(repr(value).split())
    return text if len(text) <= 60 else text[:57] + "..."


def mutable(tree: object, path: str = "") -> Iterator[tuple[str, Any]]:
    """All objects of a tree that can be changed, with their place; tuples are looked into."""
    if isinstance(tree, (dict, list, np.ndarray)):
        yield path, tree
    if isinstance(tree, Mapping):
        for key in list(tree):
            if key not in (_CLOCK, "_" + _CLOCK):
                yield from mutable(tree[key], f"{path}[{key!r}]")
    elif isinstance(tree, (list, tuple)):
        for i, value in enumerate(tree):
            yield from mutable(value, f"{path}[{i}]")


def spoil(tree: object) -> None:
    """Overwrite all that can be overwritten."""
    for _, part in list(mutable(tree)):
        if isinstance(part, np.ndarray):
            if part.flags.writeable and part.dtype != object:
                part[...] = 0 if part.dtype.kind == "b" else 77
        elif isinstance(part, dict):
            part.clear()
        else:
            part.append("spoilt")


def shared(old: object, new: object) -> str | None:
    """Return the place in `new` of an object that `old` holds too, or None."""
    known = list(mutable(old))
    for path, part in mutable(new):
        for _, other in known:
            if part is other:
                return path
            if isinstance(part, np.ndarray) and isinstance(other, np.ndarray) and np.may_share_memory(part, other):
                return path
    return None
