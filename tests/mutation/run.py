"""Run the sample of mutants, or a shard of it: `python tests/mutation/run.py --shard 1/10 --out FOLDER`."""

from __future__ import annotations

import argparse
import os
import signal
import sys
import tempfile
from collections import Counter
from collections.abc import Sequence
from pathlib import Path

from areas import AREAS, Area
from baseline import baseline
from mutants import SIZE, Mutant, sample
from overlay import Overlay
from report import scores, write_survivors
from results import SURVIVED, Result, append, read
from session import Place
from verdict import verdict

ROOT = Path(__file__).resolve().parents[2]
SURVIVORS = Path(__file__).with_name("survivors.md")
_THREADS = ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS")

Chosen = list[tuple[Area, Mutant]]


def main(arguments: Sequence[str], root: Path = ROOT, areas: Sequence[Area] = AREAS, table: Path = SURVIVORS) -> None:
    """What the command line asks for."""
    asked = _parser().parse_args(arguments)
    chosen = sample(root, areas, size=asked.size)
    if asked.report is not None:
        _report(asked.report, chosen, table)
        return
    asked.out.mkdir(parents=True, exist_ok=True)
    _run(root, _left(asked, chosen), asked.out, asked.shard)
    if asked.least is not None:
        judge(list(read(asked.out).values()), asked.least)


def judge(results: Sequence[Result], least: float) -> None:
    """End with an error if a smaller share of the mutants was killed, in percent."""
    killed = sum(result.result != SURVIVED for result in results)
    print(f"{killed} of {len(results)} mutants killed, at least {least:g} % must be")
    if 100 * killed < least * len(results):
        sys.exit("too many mutants survive: `--report` writes survivors.md")


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(description=__doc__)
    where = parser.add_mutually_exclusive_group(required=True)
    where.add_argument("--out", type=Path, help="folder of results; what it has is not run again")
    where.add_argument("--report", type=Path, metavar="OUT", help="print the scores, and write survivors.md")
    parser.add_argument("--shard", type=_shard, default=(1, 1), metavar="I/N", help="each N-th mutant, from the I-th")
    parser.add_argument("--area", action="append", help="this area only; can be given again")
    parser.add_argument("--first", type=int, metavar="N", help="the first N of each area only")
    parser.add_argument("--again", action="store_true", help="run those that survived once more")
    parser.add_argument("--least", type=float, metavar="PERCENT", help="fail if fewer mutants of the folder are killed")
    parser.add_argument("--size", type=int, default=SIZE, help="size of the sample (%(default)s)")
    return parser


def _shard(text: str) -> tuple[int, int]:
    i, n = map(int, text.split("/"))
    if not 1 <= i <= n:
        raise ValueError(text)
    return i, n


def _left(asked: argparse.Namespace, chosen: Chosen) -> Chosen:
    """The mutants of this shard that have no result yet, area by area."""
    done = {name for name, result in read(asked.out).items() if not (asked.again and result.result == SURVIVED)}
    i, n = asked.shard
    mine = [each for each in _wanted(asked, chosen)[i - 1 :: n] if each[1].id not in done]
    return sorted(mine, key=lambda each: each[0].name, reverse=i % 2 == 0)  # two share baselines


def _wanted(asked: argparse.Namespace, chosen: Chosen) -> Chosen:
    seen: Counter[str] = Counter()
    wanted = []
    for area, mutant in chosen:
        seen[area.name] += 1
        if (not asked.area or area.name in asked.area) and (asked.first is None or seen[area.name] <= asked.first):
            wanted.append((area, mutant))
    return wanted


def _run(root: Path, left: Chosen, out: Path, shard: tuple[int, int]) -> None:
    path = out / f"shard-{shard[0]}-of-{shard[1]}.jsonl"
    with tempfile.TemporaryDirectory(prefix="mutants-") as folder:
        place = Place(root, Path(folder) / "overlay", Path(folder) / "scratch")
        Path(folder).chmod(0o755)  # some tests start a process of another user
        place.scratch.mkdir()
        _settle(place)
        overlay = Overlay(place.overlay, root, {mutant.file.split("/")[0] for _, mutant in left})
        for area in dict.fromkeys(area for area, _ in left):
            known = baseline(place, area, out)
            for mutant in [mutant for of, mutant in left if of == area]:
                result = verdict(place, overlay, area, mutant, known)
                append(path, result)
                print(f"{area.name} {mutant.id} {result.result} {result.seconds} s {result.by}", flush=True)


def _settle(place: Place) -> None:
    """One thread a process, and compiled code beside the scratch folder: nothing is written to the source tree."""
    os.environ.update(dict.fromkeys(_THREADS, "1"))
    signal.signal(signal.SIGHUP, signal.SIG_IGN)  # a mutant of `os.kill(parent, 0)` sends one
    os.environ["PYTHONPYCACHEPREFIX"] = sys.pycache_prefix = str(place.scratch / "compiled")
    os.environ.pop("PYTHONDONTWRITEBYTECODE", None)
    sys.dont_write_bytecode = False


def _report(folder: Path, chosen: Chosen, table: Path) -> None:
    results = read(folder)
    found = [results[mutant.id] for _, mutant in chosen if mutant.id in results]
    print(scores(found, Counter(area.name for area, _ in chosen)))
    write_survivors(table, found)


if __name__ == "__main__":
    main(sys.argv[1:])
