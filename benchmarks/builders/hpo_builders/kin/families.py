"""Families of OpenML data sets: relatives that must stand on one side of every split.

Two ids are relatives when the sources give reason to think that they hold the same rows, the same columns of other
rows, or draws of one generator. A join too many costs a little granularity, a join too few leaks test data: in doubt,
join.
"""

from __future__ import annotations

import itertools
import re
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

RULES = (
    "name: names of lcdb's data sets with one stem (fri_c*, mfeat-*, OVA_*, *.wc, versions and binarised siblings).",
    "size: equal rows and columns, within Oboe's sizes or within lcdb's.",
    "rows: equal rows, at least 1000 of them and no round number.",
    "neighbours: ids at most 3 apart with equal rows (not 100, 250, 500, 1000) or columns (12 or more) in Oboe.",
    "series: ranges of ids that are one collection, by the names and sizes of the members that are known.",
    "unknown: ids with neither size nor name, those of one block of neighbouring ids; the block of binarised siblings "
    "goes with the originals of unknown size (a sibling has its original's rows, so Oboe sizes both or neither).",
    "relatives: ids listed by hand that sizes and names in the packages do not join; such an id of a block of unknown "
    "ids leaves the block, which stays.",
)
"""How the map is made, for its header."""


@dataclass(frozen=True, slots=True)
class Known:
    """Facts of one OpenML id from the sources.

    Attributes:
        name: The data set's name in lcdb, or None.
        oboe: Rows and one-hot columns with the target in Oboe, or None.
        lcdb: Rows and plain columns with the target in lcdb, or None.
        classes: Number of classes in lcdb, or None.
    """

    name: str | None = None
    oboe: tuple[int, int] | None = None
    lcdb: tuple[int, int] | None = None
    classes: int | None = None

    @property
    def unknown(self) -> bool:
        """Return whether there is nothing to join it by."""
        return self.name is None and self.oboe is None


Token = tuple[str | int, ...]
"""A reason to join: all ids that hold one token are one family."""

_PREFIX = re.compile(
    "ada|adult|colleges_|cpu_|fri_c|gina|hiva|ipums|jungle|mfeat|mnist|ova_|poker|puma|sat|sick|sylva|wine-quality"
)
_SAME = {"dna": "splice"}  # both 3 classes of 1654/1655 to 765/767 of 3186/3190 rows, 180 = 3 x 60 attributes

_SERIES = (
    # name, first id, last id: every id between them
    ("wc", 383, 401),  # 389..401 are named *.wc; all are of 2,000 to 27,000 word counts
    ("agnostic-prior", 1036, 1042),  # {ada, gina, hiva, sylva}_{agnostic, prior}
    ("software-defects", 1049, 1071),  # pc*, kc*, jm1, ar1; 22 or 30 to 40 columns
    ("software-defects", 1442, 1454),  # 37 to 40 columns; 1454 has the size of pc4
    ("ova", 1122, 1166),  # OVA_* and subsets of its rows, all with its 10,936 columns
    ("openml-1527", 1527, 1546),  # all with 4 columns
    ("openml-1547", 1547, 1555),  # 8 ids without a gap, round numbers of rows: one generator
    ("openml-40645", 40645, 40650),  # all of 1,600 rows: one generator
    ("jungle", 40997, 41007),  # 70 to 73 columns
    ("sick", 40474, 40478),  # thyroid-{allbp, allhyper, allhypo, allrep, dis}: the records of sick and hypothyroid
)
_VERSIONS = {  # one data set under two ids, as OpenML names them; sizes or names in the packages do not show it
    1479: "hill-valley",
    1566: "hill-valley",
    1504: "steel-plates-fault",
    40982: "steel-plates-fault",
    40979: "mfeat",  # mfeat-pixel
}
_RELATIVES = (
    # ids of the same records, of the same columns of other records, or of one generator, by their names on OpenML
    (9, 745, 756, 840, 975),  # autos, auto_price, autoPrice, autoHorse
    (13, 844, 23499),  # breast-cancer, breastTumor
    (29, 40981),  # credit-approval, Australian
    (39, 40671),  # ecoli
    (40496, 40678),  # LED-display-domain-7digit, led7
    (48, 1115),  # tae
    (49, 51, 53, 786, 798, 858, 963, 982, 40710),  # heart-c, heart-h, heart-statlog, cleveland, cholesterol, hungarian
    (378, 381, 382, 1002),  # ipums_la_99, 98 and 97
    (455, 831, 967, 40700),  # cars, autoMpg
    (488, 897),  # colleges_aaup
    (715, 805, 824, 884, 920),  # fri_c
    (733, 796),  # machine_cpu, cpu
    (825, 853),  # boston_corrected, boston
    (1480, 41945),  # ilpd, ilpd-numeric
    (1485, 41144),  # madelon, madeline: artificial, of one kind
    (40686, 40687),  # solar-flare
)
_FRI = range(715, 944), (100, 250, 500, 1000), (6, 11, 26, 51, 101)  # the grid of fri_c*_ROWS_COLUMNS, in its ids
_ORIGINALS, _SIBLINGS = range(2, 701), range(942, 1051)
_BLOCK_GAP = 40


def stem(name: str) -> str:
    """Return the part of a data set's name that its relatives share."""
    lower = name.lower().removeprefix("kdd_")
    if lower.endswith(".wc"):
        return "wc"
    if prefix := _PREFIX.match(lower):
        return prefix.group().rstrip("_")
    head = re.split(r"\d", lower, maxsplit=1)[0].rstrip("-_. ")
    return _SAME.get(head or lower, head or lower)


def families(known: Mapping[int, Known]) -> dict[int, str]:
    """Name the family of each id.

    A family has the name that at least half of its members bear, else "openml-" and its lowest id.
    """
    tokens = {i: _tokens(i, known[i]) for i in known}
    for joined in (*_neighbours(known), *_blocks(known), *_RELATIVES):
        for i in tokens.keys() & joined:
            tokens[i] = (*tokens[i], ("joined", min(joined)))
    return {i: name for group in _components(tokens) for name in [_name(group, tokens)] for i in group}


def _tokens(i: int, known: Known) -> tuple[Token, ...]:
    tokens: list[Token] = [("name", name) for name, first, last in _SERIES if first <= i <= last]
    if i in _VERSIONS:
        tokens.append(("name", _VERSIONS[i]))
    if known.name is not None:
        tokens.append(("name", stem(known.name)))
    if known.oboe is not None:
        tokens.append(("oboe", *known.oboe))
        if i in _FRI[0] and known.oboe[0] in _FRI[1] and known.oboe[1] in _FRI[2]:
            tokens.append(("name", "fri_c"))
    if known.lcdb is not None:
        tokens.append(("lcdb", *known.lcdb))
    rows = (known.oboe or known.lcdb or (0,))[0]
    if rows >= 1000 and rows % 50 and rows & (rows - 1):
        tokens.append(("rows", rows))
    return tuple(tokens)


def _neighbours(known: Mapping[int, Known]) -> Iterable[tuple[int, int]]:
    sized = {i: k.oboe for i, k in sorted(known.items()) if k.oboe is not None}
    ids = list(sized)
    for i, j in itertools.pairwise(ids):
        (rows, columns), (other_rows, other_columns) = sized[i], sized[j]
        same_rows = rows == other_rows and rows not in _FRI[1]
        if j - i <= 3 and (same_rows or 12 <= columns == other_columns):
            yield i, j


def _blocks(known: Mapping[int, Known]) -> list[list[int]]:
    series = [range(first, last + 1) for _, first, last in _SERIES]
    unknown = [i for i in sorted(known) if known[i].unknown and not any(i in s for s in series)]
    named = Counter(stem(k.name) for k in known.values() if k.name is not None)
    lonely = [  # of several classes, so with a binarised sibling, which is not known by its name
        i
        for i, k in sorted(known.items())
        if i in _ORIGINALS and k.name and k.oboe is None and (k.classes or 0) > 2 and named[stem(k.name)] == 1
    ]
    siblings = [i for i in unknown if i in _ORIGINALS or i in _SIBLINGS] + lonely
    rest = [i for i in unknown if i not in siblings]
    blocks = [[i] for i in rest[:1]]
    for i, j in itertools.pairwise(rest):
        blocks.append([j]) if j - i > _BLOCK_GAP else blocks[-1].append(j)
    listed = set(itertools.chain(*_RELATIVES))
    return [b for b in ([i for i in block if i not in listed] for block in (siblings, *blocks)) if len(b) > 1]


def _components(tokens: Mapping[int, Sequence[Token]]) -> list[list[int]]:
    parent: dict[Token, Token] = {}

    def root(token: Token) -> Token:
        parent.setdefault(token, token)
        while parent[token] != token:
            parent[token] = token = parent[parent[token]]
        return token

    for i, reasons in tokens.items():
        for token in reasons:
            parent[root(token)] = root((i,))
    groups: dict[Token, list[int]] = {}
    for i in sorted(tokens):
        groups.setdefault(root((i,)), []).append(i)
    return list(groups.values())


def _name(group: Sequence[int], tokens: Mapping[int, Sequence[Token]]) -> str:
    names = Counter(str(t[1]) for i in group for t in set(tokens[i]) if t[0] == "name")
    best = min(names, key=lambda n: (-names[n], n), default=None)
    return best if best is not None and 2 * names[best] >= len(group) else f"openml-{group[0]}"
