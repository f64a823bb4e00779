"""All pairs: few cases in which any two options of different kinds meet, of those that may meet."""

import itertools
import random
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any

Case = dict[str, Any]
Pair = tuple[str, int, str, int]


def all_pairs(options: Mapping[str, Sequence[Any]], legal: Callable[[Case], bool], seed: int = 0) -> list[Case]:
    """Choose legal cases greedily until every pair that some legal case has is in one of them."""
    rng = random.Random(seed)
    names = sorted(options)
    missing = {
        (a, i, b, j)
        for a, b in itertools.combinations(names, 2)
        for i in range(len(options[a]))
        for j in range(len(options[b]))
    }
    cases: list[Case] = []
    while missing:
        case = _best_case(options, legal, missing, rng)
        if case is None:
            return cases
        missing -= set(_pairs(case))
        cases.append({name: options[name][i] for name, i in case.items()})
    return cases


def _best_case(
    options: Mapping[str, Sequence[Any]], legal: Callable[[Case], bool], missing: set[Pair], rng: random.Random
) -> dict[str, int] | None:
    """The best of a few cases grown around a missing pair; pairs that no legal case has are dropped."""
    for pair in sorted(missing):
        grown = [_grow(options, legal, missing, pair, rng) for _ in range(8)]
        found = [case for case in grown if case is not None]
        if found:
            return max(found, key=lambda case: len(missing.intersection(_pairs(case))))
        missing.discard(pair)
    return None


def _grow(
    options: Mapping[str, Sequence[Any]],
    legal: Callable[[Case], bool],
    missing: set[Pair],
    pair: Pair,
    rng: random.Random,
) -> dict[str, int] | None:
    """A legal case that holds a pair; names are set in random order, each to what covers most."""
    for _ in range(60):
        case = {pair[0]: pair[1], pair[2]: pair[3]}
        rest = [name for name in options if name not in case]
        rng.shuffle(rest)
        for name in rest:
            scores = [
                (sum(_pair(name, i, other, j) in missing for other, j in case.items()) + rng.random(), i)
                for i in range(len(options[name]))
                if legal({k: options[k][v] for k, v in (case | {name: i}).items()})
            ]
            if not scores:
                break
            case[name] = max(scores)[1]
        else:
            if legal({k: options[k][v] for k, v in case.items()}):
                return {name: case[name] for name in options}
    return None


def _pair(a: str, i: int, b: str, j: int) -> Pair:
    return (a, i, b, j) if a < b else (b, j, a, i)


def _pairs(case: Mapping[str, int]) -> Iterator[Pair]:
    order = sorted(case)
    for a, b in itertools.combinations(order, 2):
        yield (a, case[a], b, case[b])
