"""Failed trials: kinds of failures, the warning on the first of a kind, and the end of a tuning that only fails.

A sound objective may break a constraint, stop early or return a score that is not finite. The first two are no
failures; the third is reported, and never ends a tuning.
"""

from __future__ import annotations

import re
import sys
import warnings
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

from hpo_gym.base import PACKAGE, TrialsFailedError
from hpo_gym.problem import Status
from hpo_gym.system import Measured
from hpo_gym.tuning.study import Ended

MOST = 3
"""Trials that fail alike, before the first success, and end a tuning."""

Kind = tuple[str, ...]

_NO_FAILURES = (Status.OK, Status.INFEASIBLE, Status.STOPPED)
_PLACE = re.compile(r"\((\S.*:\d+, in .*)\)\Z")  # as `jobs.reasons` writes it
_PACKAGE = str(PACKAGE)


def failed(measured: Measured) -> bool:
    """Return whether a trial failed: neither succeeded, nor broke a constraint, nor was stopped early."""
    return measured.status not in _NO_FAILURES


def kind_of(measured: Measured) -> Kind:
    """Return the kind of a failure: the status; for exceptions also the type, and the place."""
    if measured.status is not Status.FAILED:
        return (measured.status.label,)
    place = _PLACE.search(measured.reason)
    return measured.status.label, measured.reason.partition(":")[0], place[1] if place else ""


def counted(ended: Sequence[Ended]) -> list[tuple[int, str]]:
    """Return the number of unsuccessful trials of each kind, the most frequent first, and the first reason of each."""
    lost = [e.measured for e in ended if not e.counts]
    first = {kind_of(m): f"{m.status.label}: {m.reason}" for m in reversed(lost)}
    return [(count, first[kind]) for kind, count in Counter(map(kind_of, lost)).most_common()]


@dataclass(frozen=True)
class FailureWatch:
    """Examine each ended trial: warn about the first failure of each kind, and end a tuning that only fails.

    Attributes:
        most: A tuning ends if its first `most` trials failed alike; None: never.
        before: Number of trials that had ended when this tuning began or continued.
    """

    most: int | None
    before: int = 0
    where: str = ""

    def look(self, ended: Sequence[Ended]) -> None:
        """Look at the last of all trials that have ended.

        Raises:
            TrialsFailedError: The first ones failed alike.
        """
        last, new = ended[-1], ended[self.before :]
        if not failed(last.measured):
            return
        kind, why = kind_of(last.measured), f"{last.measured.status.label}: {last.measured.reason}"
        if len(new) == self.most and all(failed(e.measured) for e in ended) and self._ends(new):
            raise TrialsFailedError(
                f"The first {len(new)} trials must not all fail alike, they did ({why}). Mend the objective, or let "
                f"failures count with `max_failures=None` (`--max-failures 0`). {self.where}"
            )
        if all(kind_of(e.measured) != kind for e in reversed(new[:-1])):
            warnings.warn(f"Trial {last.number + 1} is no success ({why}). The tuning goes on.", stacklevel=_level())

    def _ends(self, new: Sequence[Ended]) -> bool:
        kinds = {kind_of(e.measured) for e in new}
        return len(kinds) == 1 and all(e.measured.status is not Status.DIVERGED for e in new)


def _level() -> int:
    """Return the `stacklevel` of the caller of this package, as seen from the caller of this function."""
    frame, level = sys._getframe(1), 1
    while frame.f_back is not None and frame.f_code.co_filename.startswith(_PACKAGE):
        frame, level = frame.f_back, level + 1
    return level
