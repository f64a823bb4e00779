"""Rules of actions: arrays of the right shape, kind and range; each rule raises `InvalidValueError`."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from hpo_gym.base import Floats, Ints, InvalidValueError, shown

_RULE = "Actions must be an array of numbers"
_INT64, _UINT64 = np.dtype(np.int64), np.dtype(np.uint64)


def choices_of(actions: object, n: int, count: int) -> Ints:
    """Actions of a ``Discrete(count)`` as an array ``(n,)``."""
    a = actions if type(actions) is np.ndarray else array_of(actions, _RULE)
    if a.dtype is not _INT64 or a.shape != (n,):
        if a.shape != (n,) or a.dtype.kind not in "iu":
            raise InvalidValueError(_shape_rule(actions, f"{n} integer(s), shape ({n},)"))
        a = a.astype(_INT64)
    unsigned = a.view(_UINT64)  # a negative number is a huge one, so that one pass finds either
    if unsigned.item(unsigned.argmax()) >= count:
        raise _outside(a, np.flatnonzero((a < 0) | (a >= count))[0], 0, count - 1)
    return a


def choice_of(action: object, count: int) -> int | None:
    """Return one action of a ``Discrete(count)``; None where it is no integer in range, which `choices_of` refuses or
    reads."""
    if isinstance(action, np.integer):
        action = int(action)
    return action if type(action) is int and 0 <= action < count else None


def integers_of(actions: object, n: int, sizes: Ints) -> Ints:
    """Actions of a ``MultiDiscrete(sizes)`` as an array ``(n, len(sizes))``."""
    a = array_of(actions, _RULE)
    if a.shape != (n, len(sizes)) or a.dtype.kind not in "iu":
        raise InvalidValueError(_shape_rule(actions, f"integers of shape ({n}, {len(sizes)})"))
    a = a.astype(np.int64, copy=False)
    bad = a.view(_UINT64) >= sizes.view(_UINT64)  # see `choices_of`
    if np.count_nonzero(bad):
        raise _outside(a, np.flatnonzero(bad.any(1))[0], 0, sizes - 1)
    return a


def points_of(actions: object, n: int, width: int) -> Floats:
    """Actions of a ``Box(-1, 1, (width,))`` as an array ``(n, width)``, fresh."""
    a = array_of(actions, _RULE)
    if a.shape != (n, width) or a.dtype.kind not in "fiu":
        raise InvalidValueError(_shape_rule(actions, f"numbers of shape ({n}, {width})"))
    a = a.astype(np.float64)
    if a.size and not np.abs(a).max() <= 1.0:  # also refuses NaN
        bad = ~((a >= -1.0) & (a <= 1.0)).all(1)
        raise _outside(a, np.flatnonzero(bad)[0], -1.0, 1.0)
    return a


def positions_of(levels: tuple[float, ...], fidelity: Floats | None, n: int) -> Ints:
    """Positions of fidelities ``(n,)`` among the levels; None stands for full ones."""
    return np.full(n, len(levels) - 1) if fidelity is None else np.searchsorted(levels, fidelity - 1e-6)


def array_of(actions: object, rule: str) -> NDArray[Any]:
    """Actions as an array; the error where they are none, or where values are masked, begins with `rule`."""
    if type(actions) is np.ndarray:
        return actions
    try:
        found = np.asarray(actions)
    except Exception as fault:  # `__array__` of a foreign object may raise anything
        raise InvalidValueError(f"{rule}, got {shown(actions)}: {type(fault).__name__}: {fault}.") from fault
    if isinstance(actions, np.ma.MaskedArray) and np.ma.is_masked(actions):
        raise InvalidValueError(f"{rule}, got masked values: {shown(actions)}.")
    return found


def _shape_rule(actions: object, rule: str) -> str:
    a = np.asarray(actions)
    return f"Actions must be {rule}; got {shown(actions)}, dtype {a.dtype}, shape {a.shape}."


def _outside(a: NDArray[Any], i: np.intp, low: float | Ints, high: float | Ints) -> InvalidValueError:
    near = np.clip(np.nan_to_num(a[i], nan=0.0), low, high)
    return InvalidValueError(
        f"An action must lie in [{low}, {high}], got {a[i].tolist()} for run {int(i)}; the nearest is {near.tolist()}."
    )
