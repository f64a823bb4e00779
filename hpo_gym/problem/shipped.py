"""`ByName`: what a shipped suite holds is pickled and copied as its name, so a copy of an env carries no table."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, SupportsIndex

Reduced = tuple[Callable[..., Any], tuple[Any, ...]]


class ByName:
    """An object that never changes, and that a function finds again where it is `named`."""

    def __reduce_ex__(self, protocol: SupportsIndex) -> Any:
        found = self.named
        return super().__reduce_ex__(protocol) if found is None else found

    @property
    def named(self) -> Reduced | None:
        """A function and its arguments that give this object; None: it is pickled with all that it holds."""
        return self.__dict__.get("_named_as")

    def name_as(self, found: Reduced) -> None:
        """Let this object be found so; the first way stays. What `dataclasses.replace` makes of it has none."""
        self.__dict__.setdefault("_named_as", found)
