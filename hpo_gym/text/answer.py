"""The answer of an agent in words, read back: lenient in form, strict in meaning."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from hpo_gym.base import HPOGymError, InvalidValueError, meant, shown, unknown
from hpo_gym.problem import Hyperparameter, Query, SearchSpace, place_of
from hpo_gym.text.loose import bare, objects
from hpo_gym.text.naming import columns_of

MOST = 1 << 20
"""Most characters of an answer."""

_PARTS = ("config", "fidelity", "stop")
_LIKE = 1e-3  # relative: a text rounds a fidelity


class Unreadable(InvalidValueError):
    """An answer that is no proposal; the message tells the agent why."""


def parse(text: str, space: SearchSpace, fidelities: Sequence[float] = (1.0,), *, names: bool = True) -> Query | None:
    """Return the proposal in an answer, None for a stop.

    The last JSON object that looks like a proposal counts: ``{"config": {..}, "fidelity": 1.0}``, the values alone, or
    ``{"stop": true}``. It may stand in prose, with other quotes, commas or case, and with numbers as strings. Values of
    inactive hyperparameters are dropped, constants added. No value is clipped or guessed.

    Args:
        names: False reads the hidden names of ``describe(.., names=False)``.

    Raises:
        Unreadable: No such object, an unknown name, a missing active hyperparameter, a value out of its range, a
            forbidden combination, or an unavailable fidelity.
    """
    if not isinstance(text, str) or len(text) > MOST:
        raise Unreadable(f"An answer must be a text of at most {MOST} characters, got {shown(text)}.")
    columns = columns_of(space, names)
    known = {*_PARTS, *(h.name.casefold() for h in columns)}
    found, fault = objects(text)
    alike = [o for o in found if any(key.casefold() in known for key in o)] or found
    if fault or not alike:
        raise Unreadable(f'An answer must have a JSON object {{"config": {{..}}}}, {fault or "got none"}.')
    try:
        return _proposal(alike[-1], space, columns, fidelities)
    except HPOGymError as error:
        raise Unreadable(str(error)) from error


def _proposal(
    answer: Mapping[str, Any], space: SearchSpace, columns: Sequence[Hyperparameter], fidelities: Sequence[float]
) -> Query | None:
    taken, inside = {h.name for h in columns}, next((v for k, v in answer.items() if k.casefold() == "config"), None)
    wrapped = isinstance(inside, Mapping)  # no hyperparameter has such a value
    ours = {part for part in _PARTS[1:] if wrapped or len(answer) == 1 or part not in taken}
    said = {key.casefold(): value for key, value in answer.items() if key.casefold() in ours}
    if str(said.get("stop")).casefold() == "true":
        return None
    rest = {key: value for key, value in answer.items() if key.casefold() not in ours}
    for key, value in rest.items() if wrapped else ():
        if value is not inside and not isinstance(value, str):  # words beside it are its reasons
            raise unknown("part of an answer", key, _PARTS)
    config = _config(inside if isinstance(inside, Mapping) else rest, space, columns)
    return Query(config, _level(said.get("fidelity"), fidelities))


def _level(value: object, fidelities: Sequence[float]) -> float:
    number = max(fidelities) if value is None else meant(value)
    near = min(fidelities, key=lambda level: abs(level - (number or 0.0)))
    if number is None or not math.isclose(near, number, rel_tol=_LIKE):
        raise Unreadable(f"`fidelity` must be one of {list(fidelities)}, got {shown(value)}; the nearest is {near:g}.")
    return near


def _config(given: Mapping[str, Any], space: SearchSpace, columns: Sequence[Hyperparameter]) -> dict[str, Any]:
    """Return the values of active hyperparameters under the names of the space."""
    names = [h.name for h in columns]
    values: dict[int, Any] = {j: h.choices[0] for j, h in enumerate(space.hyperparameters) if h.kind == "constant"}
    faults, x = dict[int, InvalidValueError](), np.full((1, space.d), 0.5)
    places = [_place(key, names) for key in given]
    if len(set(places)) < len(places):
        raise Unreadable(f"Each hyperparameter must be given once, got {shown(dict(given))}.")
    for j, value in zip(places, given.values(), strict=True):
        h = space.hyperparameters[j]
        try:
            values[j] = _value(h, columns[j], value)
            x[0, j] = h.units(np.array([h.position(values[j])]))[0]
        except InvalidValueError as fault:
            faults |= {} if value is None else {j: fault}
    active = np.flatnonzero(space.active(x)[0]).tolist()
    if wrong := [faults[j] for j in active if j in faults]:
        raise wrong[0]
    if missing := [names[j] for j in active if j not in values]:
        raise Unreadable(f"{missing} must be given: they are active. Got only {shown(dict(given))}.")
    if not space.legal(x)[0]:
        raise Unreadable(f"A forbidden clause of the space rules this configuration out: {shown(dict(given))}.")
    return {space.names[j]: values[j] for j in active}


def _place(name: str, names: Sequence[str]) -> int:
    alike = [j for j, one in enumerate(names) if one.casefold() == name.strip().casefold()]
    if name in names or len(alike) == 1:
        return names.index(name) if name in names else alike[0]
    raise unknown("hyperparameter", name, names)


def _value(h: Hyperparameter, seen: Hyperparameter, value: object) -> Any:
    """Return what is meant, or raise `InvalidValueError` in the words that the agent sees."""
    if not h.choices:
        number = meant(value) if isinstance(value, str) else None
        exact = seen.position(value if number is None else number)
        return int(exact) if h.kind == "int" else exact
    alike = [i for i, choice in enumerate(seen.choices) if _folded(choice) == _folded(value)]
    place = place_of(seen.choices, value)
    return h.choices[place if place >= 0 else alike[0] if len(alike) == 1 else int(seen.position(value))]


def _folded(value: object) -> tuple[bool, object]:
    """Return what 1 and "1", or True and "true" have in common, but 1 and True have not."""
    plain = bare(value.strip()) if isinstance(value, str) else value
    return isinstance(plain, bool), plain.casefold() if isinstance(plain, str) else plain
