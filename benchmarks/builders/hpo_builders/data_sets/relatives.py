"""Families of data sets that are known by a plain name: versions and siblings of one data set share one family.

The split is a hash of the family, so a data set that is on OpenML as well, perhaps under several ids, must have the
family that `families.json` gives to those ids. In doubt, join.
"""

from __future__ import annotations

import functools
import re
from collections.abc import Iterable, Mapping

from hpo_builders import files
from hpo_gym.base import InvalidValueError
from hpo_gym.problem import fold_of, split_of

OPENML: Mapping[str, tuple[int, ...]] = {
    # data set: its ids on OpenML, with versions and binarised siblings, as far as they are known
    "abalone": (183, 720, 1557),
    "ada": (1037, 1043, 41156),
    "australian": (29, 40981),
    "automobile": (9, 745, 756, 840, 975),
    "autoMPG6": (196, 455, 831, 967, 40700),
    "balance": (11, 997),
    "banana": (1460,),
    "bands": (6332,),
    "boston": (531, 825, 853),
    "breast": (13, 844, 23499),
    "bupa": (8,),
    "car": (21, 991, 40664, 40975),
    "chess": (3,),
    "churn": (40701,),
    "cifar": (40926,),
    "cleveland": (49, 51, 53, 194, 204, 231, 786, 798, 858, 963, 982, 40710, 40711),
    "college": (488, 538, 897, 930),
    "compactiv": (197, 227, 562, 573, 735, 761),
    "contraceptive": (23, 983),
    "cpu_performance": (230, 561, 733, 796),
    "crabs": (446,),
    "dermatology": (35, 1010),
    "ecoli": (39, 1011, 40671),
    "flare": (40686, 40687, 40702),
    "german": (31,),
    "glass": (41, 952, 996, 1005),
    "haberman": (43,),
    "hayes-roth": (329, 974),
    "hepatitis": (55, 964),
    "housevotes": (56,),
    "hypothyroid": (38, 57, 1000, 40474, 40475, 40476, 40477, 40478, 40497, 40707, 40708, 40713),
    "ionosphere": (59,),
    "iris": (61, 969),
    "kr-vs-k": (184, 1481),
    "led7digit": (40496, 40677, 40678),
    "letter": (6, 977),
    "magic": (1120,),
    "mnist": (554,),
    "monk": (333, 334, 335),
    "mushroom": (24,),
    "newthyroid": (40682,),
    "nursery": (26, 959, 1568),
    "optdigits": (28, 980),
    "page-blocks": (30, 1021),
    "pbc": (200, 524, 810, 1055),
    "penbased": (32, 1019),
    "phoneme": (1489,),
    "pima": (37,),
    "poker": (354, 1567, 1569),
    "promise": (1049, 1050, 1053, 1063, 1067, 1068),
    "puma32h": (308, 752),
    "quake": (772, 948),
    "ring": (1496,),
    "saheart": (1498,),
    "satimage": (182, 40900),
    "segment": (36, 958, 40984),
    "servo": (747,),
    "shuttle": (40685,),
    "sonar": (40,),
    "spambase": (44,),
    "spect": (336, 337, 1600),
    "splice": (46, 953, 40670),
    "tae": (48, 955, 1115),
    "texture": (40499,),
    "tic-tac-toe": (50,),
    "titanic": (40704,),
    "twonorm": (1507,),
    "vehicle": (54, 994),
    "vowel": (307, 1016),
    "wdbc": (1510,),
    "wine": (187, 973),
    "wine-quality": (287, 40498, 40691),
    "wisconsin": (15,),
    "yeast": (181,),
}

ALIASES: Mapping[str, str] = {
    # data set: the one that it is a version, a sibling or a relative of
    "breast_cancer": "wdbc",
    "cm1": "promise",
    "crx": "australian",  # the same records, values of categories as letters
    "heart": "cleveland",  # the same records and columns, two classes
    "digits": "optdigits",  # the test set of optdigits
    "kc1": "promise",
    "pc1": "promise",
    "baseball": "baseball-salary",  # players of three seasons, 1986 to 1993
    "hitters": "baseball-salary",
    "mlb-salary": "baseball-salary",
    "cps-1985": "cps",  # samples of one survey
    "cps-1988": "cps",
    "wage": "cps",
    "griliches": "nls-young-men",  # samples of one survey
    "schooling": "nls-young-men",
    "monk-2": "monk",
    "loan-approval": "hmda",  # applications in Boston, one survey
    "mortgage": "mortgage-treasury",  # the same months and columns
    "qsar-aquatic-toxicity": "qsar-toxicity",  # molecules of two assays, described in one way
    "qsar-fish-toxicity": "qsar-toxicity",
    "treasury": "mortgage-treasury",
    "wankara": "weather-turkey",  # the same columns of two towns
    "wizmir": "weather-turkey",
    "pendigits": "penbased",
    "spectf": "spect",
    "spectfheart": "spect",
    "winequality-red": "wine-quality",
    "winequality-white": "wine-quality",
    "fashion-mnist": "mnist",
    "kmnist": "mnist",  # made to stand in for it, as fashion-mnist was
    "casp": "protein-structure",
}

_SUFFIX = re.compile(r"-?\d.*|-c\d.*|-good|-vgood|-passengers|-[a-z-]+_vs_.*")
"""What siblings add to a name: yeast1, yeast-2_vs_4, car-good, kr-vs-k-three_vs_eleven, titanic-passengers."""


def base(name: str) -> str:
    """Return the data set that stands for a name, its versions and its siblings."""
    if name in ALIASES or name in OPENML:
        return ALIASES.get(name, name)
    parents = [s for s in (*OPENML, *ALIASES) if name.startswith(s) and _SUFFIX.fullmatch(name, len(s))]
    parent = max(parents, key=len, default=name)
    return ALIASES.get(parent, parent)


def family(name: str) -> str:
    """Return the family of a data set with a plain name, the same in every suite.

    Raises:
        InvalidValueError: Its ids on OpenML stand on different sides of a split.
    """
    stem = base(name)
    found = sorted({f for i in OPENML.get(stem, ()) if (f := _openml().get(f"openml:{i}")) is not None})
    if len({(split_of(f), fold_of(f)) for f in found}) > 1:
        raise InvalidValueError(f"A data set must stand on one side of every split, {name!r} is in {found}.")
    return found[0] if found else stem


@functools.cache
def _openml() -> Mapping[str, str]:
    families: Mapping[str, str] = files.read_json(files.DATA / "families.json")["families"]
    return families


def write(names: Iterable[str]) -> None:
    """Record the families of data sets in `families.json` under "data:NAME", in place of those there; OpenML's stay."""
    path = files.DATA / "families.json"
    content = files.read_json(path)
    kept = {key: found for key, found in content["families"].items() if not key.startswith("data:")}
    content["families"] = kept | {f"data:{name}": family(name) for name in sorted(names)}
    files.write_json(path, content)
    files.update_manifest(files.DATA, (path,))
