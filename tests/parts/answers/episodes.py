"""The episodes that most cases of observers walk, and the rows of `toy_suite` as an observer shows them.

Task a tries rows 0 4 0 1: it repeats row 0 in the third trial, and row 4, the second, stays the incumbent.
Task b tries rows 2 3 0 3: each of the first three is a new incumbent, and the last repeats row 3.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from toy_suite import Episode, levels

from answers import Case

R0 = (-0.75, -0.75, -1.0, 0.0)
R1 = (-0.25, -0.25, 0.0, -0.5)
R2 = (0.75, 0.25, 1.0, 1.0)
R3 = (0.25, 0.75, -0.5, 0.0)
R4 = (-0.25, -0.25, 0.5, 0.5)
NO = (0.0, 0.0, 0.0, 0.0)
META = {"a": (1, -1, 1, 1), "b": (-1, 1, 1, 1), "c": (-2, 3, 1, 1), "d": (2, 0, 1, 0)}
"""Meta-features as a context shows them."""

TWO = (
    Episode("a", (0, 4, 0, 1)),  # scores .5 .75 .5 .625
    Episode("b", (2, 3, 0, 3)),  # scores .375 .75 1.25 .75
)
# The same from the second trial on: nothing is paid for the first two of then four trials.
INITIAL = (Episode("a", (0, 1), seed=6, given=(0, 4)), Episode("b", (0, 3), seed=0, given=(2, 3)))
# At 1/4 a score is .25 higher, at 1/2 .125 lower; the incumbent is the best at the highest fidelity tried. Budget 2.
PARTIAL = (
    # row 2 at 1/4, row 0 at 1/2, row 4 in full, row 1 in full, of which 1/4 is left. Scores 1.125 .375 .75 .875
    Episode("a", ((2, 0), (0, 1), (4, 2), (1, 2))),
    # row 0 at 1/4, row 1 in full, row 3 at 1/2, row 3 at 1/2, of which 1/4 is left. Scores 1.5 -.75 .625 1
    Episode("b", ((0, 0), (1, 2), (3, 1), (3, 1))),
)


def of_initial_design(part: Any, wanted: Sequence[Any]) -> Case:
    """Return the case of two trials after an initial design of two."""
    return Case(part, INITIAL, wanted, options={"budget": 2, "n_init": 2})


def of_fidelities(part: Any, wanted: Sequence[Any]) -> Case:
    """Return the case of trials at three fidelities."""
    return Case(part, PARTIAL, wanted, levels, {"codec": {"name": "pool", "fidelity": True}, "budget": 2})


def of_context(name: str, wanted: Sequence[Any]) -> Case:
    """Return the case of the two episodes with meta-features: more numbers of an array, one more entry of a dict."""
    shown = [[_with(seen, META[e.task]) for seen in episode] for e, episode in zip(TWO, wanted, strict=True)]
    return Case({"name": name, "context": True}, TWO, shown)


def _with(seen: Any, meta: tuple[int, ...]) -> Any:
    return {**seen, "context": meta} if isinstance(seen, dict) else (*seen, *meta)
