"""Families of OpenML ids that the family map does not hold: neither name nor size of them is in any source.

A rule for one id at a time: it changes no entry of the map, and no id changes another's family.
"""

from __future__ import annotations

from collections.abc import Mapping

KIN = {
    # the data set of another id that the map holds, as OpenML names both
    155: 1569,  # pokerhand
    189: 807,  # kin8nm and its binarised sibling
    197: 761,  # cpu_act
    223: 841,  # stock
    225: 816,  # puma8NH
    227: 735,  # cpu_small
    287: 40691,  # wine-quality
    294: 182,  # satellite_image is satimage with a numeric target
    1043: 1037,  # ada_agnostic and ada_prior
    1217: 1216,  # Click_prediction_small
    1481: 184,  # kr-vs-k
    1567: 1569,  # poker-hand
}
LARGEST = "openml-2"
"""The family of originals of unknown size and of binarised siblings, which lie in `_RANGES`; see `families.RULES`."""

_RANGES = range(2, 701), range(942, 1051)
_NEAR = 40


def family_of(i: int, families: Mapping[str, str]) -> str:
    """Return the family of an OpenML id, on the safe side where it is not known.

    Args:
        i: The id.
        families: The map of `families.json`, "openml:ID" to family.

    Returns:
        The map's own entry; else that of its kin (`KIN`); else `LARGEST` in the ranges of unnamed relatives; else the
        family of the nearest id of the map, at most 40 away (of two as near, the lower), since collections were
        uploaded in one go; else "openml-ID".
    """
    for known in (i, KIN.get(i)):
        if (found := families.get(f"openml:{known}")) is not None:
            return found
    if any(i in ids for ids in _RANGES):
        return LARGEST
    distances = (d for gap in range(1, _NEAR + 1) for d in (-gap, gap))
    near = (families.get(f"openml:{i + d}") for d in distances)
    return next((f for f in near if f is not None), f"openml-{i}")
