"""From names and options to the parts of an env: what an agent sees, does and gets."""

from __future__ import annotations

import inspect
import numbers
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, TypeVar

from hpo_gym.base import InvalidValueError, Registry, finite, made, shown, unknown
from hpo_gym.env.codecs import CODECS, Codec
from hpo_gym.env.observers import OBSERVERS, Observer
from hpo_gym.env.rewards import REWARDS, Reward
from hpo_gym.env.rewards._given import GivenReward
from hpo_gym.env.scales import SCORES
from hpo_gym.problem import Outcomes

DUPLICATES = ("allow", "mask", "penalize")
Part = str | Mapping[str, Any]
T = TypeVar("T")
_OWN = "docs/extending.md, An observer, a codec, a reward"
_PLAIN: Mapping[str, Any] = {
    "bool": bool, "int": numbers.Integral, "float": numbers.Real, "str": str, "None": type(None)
}  # fmt: skip


@dataclass(frozen=True, eq=False)
class Parts:
    """An observer, a codec and a reward, with their options.

    Attributes:
        duplicates: "allow", "mask" repeats, or "penalize" their reward by a standard deviation of meta-train scores.
        reported: The objectives that infos tell, or None.
    """

    observer: Observer
    codec: Codec
    reward: Reward
    duplicates: str = "allow"
    reported: Outcomes | None = None

    def __post_init__(self) -> None:
        if self.duplicates not in DUPLICATES:
            raise unknown("way with duplicates", self.duplicates, DUPLICATES)
        if self.duplicates == "mask" and not self.codec.pool:
            raise InvalidValueError(
                "`duplicates='mask'` needs the codec 'pool' (with 'candidates' nothing is tried twice); use 'allow'."
            )
        if self.duplicates == "penalize" and self.reward.dim:
            raise InvalidValueError(
                "`duplicates='penalize'` lowers a reward that is a number, got a vector of objectives; give `weights`."
            )
        seen, chosen = self.observer.candidates, getattr(self.codec, "candidates", None)
        if seen is not None and self.codec.pool and seen != chosen:
            raise InvalidValueError(f"Observer and codec must draw the same `candidates`, got {seen} and {chosen}.")


def make_parts(
    observer: Part | Observer,
    codec: Part | Codec,
    reward: Part | Reward | Callable[..., Any],
    scores: str = "raw",
    duplicates: str = "allow",
) -> Parts:
    """Make parts from names, ``{"name": .., option: ..}`` objects, or the objects themselves."""
    if not isinstance(scores, str):
        raise InvalidValueError(f"`scores` must be a name, got {scores!r}.")
    served = SCORES.get(scores)()
    seen: Observer = observer if isinstance(observer, Observer) else make_part(OBSERVERS, observer, served=served)
    own = callable(reward) and not isinstance(reward, (type, Reward))
    judge: Part | Reward = GivenReward(reward) if own else reward  # type: ignore[arg-type, assignment]
    parts = (seen, make_part(CODECS, codec), make_part(REWARDS, judge))
    for part, kind in zip(parts, (Observer, Codec, Reward), strict=True):
        if not isinstance(part, kind):
            rule = f'must be a name, {{"name": .., option: ..}} or a {kind.__name__}'
            raise InvalidValueError(f"The {kind.__name__.lower()} {rule} ({_OWN}), got {shown(part)}.")
    return Parts(*parts, duplicates)


def make_part(registry: Registry[T], part: Part | T, **given: object) -> T:
    """Make one part; an unknown name or option is an error that offers the nearest."""
    if not isinstance(part, (str, Mapping)):
        return part
    options = {"name": part} if isinstance(part, str) else dict(part)
    name = options.pop("name", None)
    if not isinstance(name, str):
        raise InvalidValueError(f'A {registry.kind} must be a name or {{"name": .., option: ..}}, got {part!r}.')
    maker = registry.get(name)
    options = _checked(f"{registry.kind} {name!r}", maker, options)
    return made(maker, name, options, registry.kind, given)


def _checked(kind: str, maker: Callable[..., object], options: Mapping[str, Any]) -> dict[str, Any]:
    """Options as plain values; refuses one of another type than its annotation says, where that is a plain one."""
    plain = dict(options)
    for key, parameter in inspect.signature(maker).parameters.items():
        kinds = parameter.annotation
        kinds = kinds if isinstance(kinds, str) else inspect.formatannotation(kinds)
        words = kinds.split(" | ")
        if key not in options or not set(words) <= set(_PLAIN):
            continue
        value = options[key]
        number = isinstance(value, numbers.Real) and not isinstance(value, bool)
        known = any(isinstance(value, _PLAIN[word]) for word in words if number or word not in ("int", "float"))
        if not known or (number and finite(value) is None):
            raise InvalidValueError(f"`{key}` of {kind} must be {kinds}, got {shown(value)}.")
        if number:
            plain[key] = int(value) if isinstance(value, numbers.Integral) else float(value)
    return plain
