"""Envs with planted faults: a list of them, each with words that the checker must say of it, and how it is made."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

Case = tuple[type, str, dict[str, Any]]


def planting(faults: list[Case]) -> Callable[..., Callable[[type], type]]:
    """A decorator that puts a class with a fault into a list, with words and with keywords of its making."""

    def planted(words: str, **keywords: Any) -> Callable[[type], type]:
        def decorate(kind: type) -> type:
            faults.append((kind, words, keywords))
            return kind

        return decorate

    return planted
