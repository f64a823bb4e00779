"""Code that only a checkout of the repository has: table builders and studies; a wheel leaves it out."""

from __future__ import annotations

import sys

from hpo_gym.base.errors import StateError
from hpo_gym.base.version import PACKAGE

BUILDERS, STUDIES = "benchmarks/builders", "benchmarks/studies"
_TOP = PACKAGE.parent


def import_from_checkout(folder: str, purpose: str) -> None:
    """Make the packages and modules of a folder of the repository importable.

    Args:
        folder: Path from the top of the repository, such as `BUILDERS`.
        purpose: Subject of the error's sentence, "`hpo-gym build`".

    Raises:
        StateError: This installation is no checkout.
    """
    path = _TOP / folder
    if not path.is_dir():
        raise StateError(
            f"{purpose} must run in a checkout of the repository, whose folder {folder} is in no wheel; this is "
            f"{_TOP}. Clone the repository and install it with `pip install -e .`."
        )
    if str(path) not in sys.path:
        sys.path.append(str(path))
