"""A shard: a part of the cells of a comparison, to be run by a process or a machine of its own, and merged later."""

from __future__ import annotations

import itertools
import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import TypeVar

from hpo_gym.base import InvalidValueError

T = TypeVar("T")


@dataclass(frozen=True)
class Shard:
    """Part number `number`, from 1, of `count` parts of the tasks and replicates; each part has cells of all
    optimizers."""

    number: int
    count: int

    @classmethod
    def parse(cls, text: str) -> Shard:
        """Return the shard in a text such as "2/8".

        Raises:
            InvalidValueError: It has another form.
        """
        found = re.fullmatch(r"(\d{1,9})/(\d{1,9})", text) if isinstance(text, str) else None
        if found is None or not 1 <= int(found[1]) <= int(found[2]):
            raise InvalidValueError(f"`shard` must be like '2/8', the second of eight, got {text!r}.")
        return cls(int(found[1]), int(found[2]))

    def of(self, cells: Iterable[T]) -> Iterator[T]:
        """Its share of a suite's cells: every `count`-th."""
        return itertools.islice(cells, self.number - 1, None, self.count)
