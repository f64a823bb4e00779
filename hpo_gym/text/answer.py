"""The answer of an agent that writes, read back: lenient in form, strict in meaning."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from hpo_gym.base import HPOGymError, InvalidValueError, meant, shown, unknown
from hpo_gym.problem import Hyperparameter, Query, SearchSpace, place_of
from hpo_gym.text.loose import objects, plain_value
from hpo_gym.text.naming import columns_of

MOST = 1 << 20
"""Characters of an answer."""

_WRAPPER = ("config", "fidelity", "stop")
_LIKE = 1e-3  # a fidelity as a text rounds it


class Unreadable(InvalidValueError):
    """An answer in words that is no proposal; the message tells the agent why."""


def parse(text: str, space: SearchSpace, fidelities: Sequence[float] = (1.0,), *, names: bool = True) -> Query | None:
    """Return the proposal in an answer, None for a stop.

    The last JSON object that looks like an answer counts: `{"config": {..}, "fidelity": 1.0}`, the values alone, or
    `{"stop": true}`, anywhere in prose. Quotes, commas and upper case are taken as they come, numbers as strings too.
    Values of inactive hyperparameters are left out, constants put in. Nothing else is mended: no value is clipped.

    Args:
        names: Whether hyperparameters and choices have their names, or those of ``describe(.., names=False)``.

    Raises:
        Unreadable: No such object, an unknown name, a missing active hyperparameter, a value out of its range, a
            forbidden combination, or a fidelity that is not available.
    """
    if not isinstance(text, str) or len(text) > MOST:
        raise Unreadable(f"An answer must be a text of at most {MOST} characters, got {shown(text)}.")
    columns = columns_of(space, names)
    found, fault = objects(text)
    answer = next((o for o in reversed(found) if _is_answer(o, columns)), found[-1] if found else None)
    if answer is None or fault:
        raise Unreadable(f'An answer must have one JSON object such as {{"config": {{..}}}}, {fault or "got none"}.')
    try:
        return _proposal(answer, space, columns, fidelities)
    except Unreadable:
        raise
    except HPOGymError as error:
        raise Unreadable(str(error)) from error


def _is_answer(answer: Mapping[str, Any], columns: Sequence[Hyperparameter]) -> bool:
    known = {*_WRAPPER, *(h.name.casefold() for h in columns)}
    return any(key.casefold() in known for key in answer)


def _proposal(
    answer: Mapping[str, Any], space: SearchSpace, columns: Sequence[Hyperparameter], fidelities: Sequence[float]
) -> Query | None:
    keys, taken = {key.casefold(): key for key in answer}, {h.name for h in columns}
    inside = answer.get(keys.get("config", ""))
    wrapped = isinstance(inside, Mapping)  # no hyperparameter has such a value
    ours = {word for word in _WRAPPER[1:] if wrapped or len(answer) == 1 or word not in taken}
    said = {word: answer[key] for word, key in keys.items() if word in ours}
    if str(said.get("stop")).casefold() == "true":
        return None
    rest = {key: value for key, value in answer.items() if key.casefold() not in ours}
    config = inside if isinstance(inside, Mapping) else rest
    for key, value in rest.items() if wrapped else ():
        if key.casefold() != "config" and not isinstance(value, str):
            raise unknown("part of an answer", key, _WRAPPER)
    return Query(_config(config, space, columns), _level(said.get("fidelity"), fidelities))


def _level(value: object, fidelities: Sequence[float]) -> float:
    number = max(fidelities) if value is None else meant(value)
    near = min(fidelities, key=lambda f: abs(f - (number or 0.0)))
    if number is None or not math.isclose(near, number, rel_tol=_LIKE):
        raise Unreadable(f"`fidelity` must be one of {list(fidelities)}, got {shown(value)}; the nearest is {near:g}.")
    return near


def _config(config: Mapping[str, Any], space: SearchSpace, columns: Sequence[Hyperparameter]) -> dict[str, Any]:
    """Return the active values that are given, under the names of the space; constants are given always."""
    names = [h.name for h in columns]
    folded = [name.casefold() for name in names]
    values: dict[int, Any] = {j: h.choices[0] for j, h in enumerate(space.hyperparameters) if h.kind == "constant"}
    faults, named, x = dict[int, InvalidValueError](), set[int](), np.full((1, space.d), 0.5)
    for key, value in config.items():
        alike = [names.index(key)] if key in names else [j for j, name in enumerate(folded) if name == key.casefold()]
        if len(alike) != 1:
            raise unknown("hyperparameter", key, names)
        (j,) = alike
        if j in named:
            raise Unreadable(f"`{names[j]}` must be given once, got {shown(dict(config))}.")
        named.add(j)
        try:
            values[j] = _value(space.hyperparameters[j], columns[j], value)
        except InvalidValueError as fault:
            if value is not None:  # that of an inactive one
                faults[j] = fault
    for j, value in values.items():
        h = space.hyperparameters[j]
        x[0, j] = h.units(np.array([h.position(value)]))[0]
    active = np.flatnonzero(space.active(x)[0]).tolist()
    for j in active:
        if j in faults:
            raise faults[j]
    if missing := [names[j] for j in active if j not in values]:
        raise Unreadable(
            f"`{missing[0]}` is active and must be given, got only {shown(dict(config))}; missing: {missing}."
        )
    if not space.legal(x)[0]:
        raise Unreadable(f"A forbidden clause of the space rules this configuration out: {shown(dict(config))}.")
    return {space.names[j]: values[j] for j in active}


def _value(h: Hyperparameter, shown_as: Hyperparameter, value: object) -> Any:
    """Return the value of a hyperparameter that is meant; raise `InvalidValueError` in the names that are shown."""
    if not h.choices:
        number = meant(value)
        exact = shown_as.position(value if number is None else number)
        return int(exact) if h.kind == "int" else exact
    place = place_of(shown_as.choices, value)
    if place < 0:
        alike = [i for i, choice in enumerate(shown_as.choices) if _folded(choice) == _folded(value)]
        place = alike[0] if len(alike) == 1 else int(shown_as.position(value))
    return h.choices[place]


def _folded(value: object) -> tuple[bool, object]:
    """Return what a choice is alike in whatever way it is written: 1 and "1", True and "true", but not 1 and True."""
    plain = plain_value(value.strip()) if isinstance(value, str) else value
    return isinstance(plain, bool), plain.casefold() if isinstance(plain, str) else plain
