"""Names of tasks without end: `<family>-s<seed>`, such as `moons-s17`."""

from __future__ import annotations

import re
from collections.abc import Collection

from hpo_gym.base import InvalidValueError, unknown

MAX_SEED = 10**9 - 1
_NAME = re.compile(r"(?P<family>.+)-s(?P<seed>0|[1-9]\d*)")


def family_and_seed(name: str, families: Collection[str], what: str) -> tuple[str, int]:
    """Return the two parts of a name; `what` names its tasks in errors.

    Raises:
        UnknownNameError: No such family, or a name of another form.
        InvalidValueError: The seed is out of range.
    """
    found = _NAME.fullmatch(name)
    if found is None:
        raise unknown(f"{what} (`<family>-s<seed>`)", name, [f"{family}-s0" for family in families])
    family, seed = found["family"], int(found["seed"])
    if family not in families:
        raise unknown(f"family of {what}s", family, families)
    if seed > MAX_SEED:
        raise InvalidValueError(f"`seed <= {MAX_SEED}` must hold in a task's name, got {seed}.")
    return family, seed
