"""The control of a trained optimizer: its untrained self, a registered optimizer too."""

from __future__ import annotations

from hpo_gym.base import HPOGymError
from hpo_gym.optimize.learning.folders import read_about, shipped
from hpo_gym.optimize.protocol import OPTIMIZERS


def control_of(optimizer: object) -> str | None:
    """Return the control that an optimizer's class states, as ``register(.., control="untrained")``; None of others.

    Args:
        optimizer: An optimizer, or the name of a registered or a shipped one.
    """
    name = optimizer if isinstance(optimizer, str) else OPTIMIZERS.name_of(type(optimizer))
    if name in shipped():
        try:
            name = read_about(shipped()[name])["optimizer"]
        except HPOGymError:  # a damaged file, which `verify` reports
            return None
    entry = OPTIMIZERS.entries().get(name or "")
    stated = None if entry is None else entry.about.get("control")
    return None if stated is None else str(stated)
