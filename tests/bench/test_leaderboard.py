"""The leaderboard: entries hold choices, their replay gives the scores, and what cannot have been a run is refused."""

from __future__ import annotations

import base64
import csv
import json
import time
import zlib
from collections.abc import Callable
from contextlib import nullcontext, suppress
from dataclasses import replace
from pathlib import Path
from typing import Any

import ConfigSpace as cs
import numpy as np
import pytest
import toys

from hpo_gym import Query, app
from hpo_gym.base import HPOGymError, InvalidValueError, UnknownNameError
from hpo_gym.bench import Card, Entry, benchmark, leaderboard, named_protocol, pack, records_of, shipped_protocols
from hpo_gym.bench.board.named import NamedProtocol
from hpo_gym.suites.own.suite import table_suite
from hpo_gym.system import pack as block
from hpo_gym.system import sealed, unpack

CARD = {
    "authors": ["Ada"], "code": "https://example.org/x", "about": "Draws.", "training": "nothing", "families": [],
    "train_seconds": 0.0, "test_evaluations": 1, "hardware": "a desk",
}  # fmt: skip


def by_hand() -> Any:
    """Two test tasks on four configurations of one number; the scores are 0, 1, .5 and .25, and twice that."""
    space, x = cs.ConfigurationSpace({"a": (0.0, 1.0)}), np.array([[0.0], [0.3], [0.6], [0.9]])
    scores = np.array([[0.0, 1.0, 0.5, 0.25], [0.0, 2.0, 1.0, 0.5], [0.0, 1.0, 0.5, 0.25]])
    splits = {"train": ["c"], "test": ["a", "b"]}
    return table_suite("Hand", space, x, scores, tasks=["a", "b", "c"], splits=splits)


class Listed:
    """Proposes the values that it is given, one after the other."""

    def __init__(self, values: Any) -> None:
        self.values = values

    def reset(self, context: Any, rng: Any) -> None:
        self.left = list(self.values)

    def ask(self) -> Query:
        return Query({"a": self.left.pop(0)})

    def tell(self, trial: Any) -> None: ...


def protocol(folder: Path, name: str, suites: list[str], **settings: Any) -> NamedProtocol:
    path = folder / f"{name}.yaml"
    path.write_text(json.dumps({"name": name, "about": "A test.", "suites": suites, **settings}))
    return named_protocol(path)


@pytest.fixture(scope="module")
def hand(tmp_path_factory: pytest.TempPathFactory) -> tuple[NamedProtocol, Entry]:
    home = tmp_path_factory.mktemp("hand")
    by_hand().save(home / "suite")
    named = protocol(home, "hand", [str(home / "suite")], budget=4, seeds=2)
    runs = {"worst-first": Listed((0.0, 0.6, 0.3, 0.9)), "best-first": Listed((0.3, 0.0, 0.6, 0.9))}
    benchmark(runs, protocol=named, out=home / "run", engine="serial", progress=False, report=False)
    return named, pack(home / "run", optimizer="worst-first", protocol=named, card=CARD)


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> tuple[NamedProtocol, list[Entry]]:
    """A protocol of rows with fidelities and gaps, and of points; entries of three optimizers."""
    home = tmp_path_factory.mktemp("made")
    toys.gappy().save(home / "gappy")
    named = protocol(home, "toys", [str(home / "gappy"), "Functions"], budget=3, seeds=2, tasks=2)
    options: dict[str, Any] = {"engine": "serial", "progress": False, "report": False}
    benchmark(["random", "asha"], protocol=named, out=home / "run", **options)
    names = ("random", "asha", "default")
    return named, [pack(home / "run", optimizer=name, protocol=named, card=CARD) for name in names]


def written(said: dict[str, Any], path: Path) -> Path:
    path.write_bytes(sealed({k: v for k, v in said.items() if k != "checksum"}))
    return path


# ---------------------------------------------------------------------- protocols
def test_a_protocol_has_a_hash_of_what_is_fixed(hand: Any, tmp_path: Path) -> None:
    """Not of the optimizers, nor of the way in which tasks are named; of seeds, budget, data and tasks."""
    named, _ = hand
    (spec,) = named.suites
    same = protocol(tmp_path, "other-name", [spec], budget=4, seeds=2, tasks=["a", "b"])
    assert same.hash == named.hash
    for i, change in enumerate(
        ({"seeds": 3}, {"budget": 5}, {"tasks": ["a"]}, {"start": "init5"}, {"memory": "train+val"})
    ):
        assert protocol(tmp_path, f"p{i}", [spec], **{"budget": 4, "seeds": 2, **change}).hash != named.hash
    found = json.loads((named_folder(hand) / "results.json").read_text())["protocol"]
    assert found["hash"] == named.hash != found["hash_with_optimizers"]


def named_folder(hand: Any) -> Path:
    return Path(hand[0].suites[0]).parent / "run"


@pytest.mark.parametrize("name", ["quick-v1", "tables-v1", "seconds-v1", "training-v1", "unseen-v1"])
def test_shipped_protocols_are_judged_on_test_data_by_nine_families_or_more(name: str) -> None:
    named = named_protocol(name)
    assert named.name == name and named.protocol.split == "test" and named.protocol.fold is None
    for spec, tasks in named.plan().tasks.items():
        families = {named.loaded[spec].task(task).family for task, _ in tasks}
        assert len(families) >= 9 and len(tasks) == len(families)


@pytest.mark.parametrize(
    "given",
    [{"split": "val"}, {"budget": 32}, {"seeds": 1}, {"tasks": 3}, {"start": "init5"}, {"suites": "SVM"}, {"fold": 0},
     {"budget_cost": 33.0}, {"memory": "train+val"}, {"checkpoints": True}],
)  # fmt: skip
def test_an_option_that_contradicts_the_protocol_is_refused(given: dict[str, Any], tmp_path: Path) -> None:
    (key,) = given
    with pytest.raises(InvalidValueError, match=f"`{key}` must be .* under the protocol 'quick-v1'"):
        benchmark(["random"], protocol="quick-v1", out=tmp_path / "x", **given)
    assert not (tmp_path / "x").exists()


def test_an_option_that_says_the_same_is_fine() -> None:
    filled = named_protocol("quick-v1").filled(
        {"split": "test", "suites": ["Boosting", "SVM"], "seeds": 2, "fold": None}
    )
    assert (filled["tasks"], filled["budget"], filled["start"]) == (12, 33, "cold")


HEAD = "name: a\nabout: b\nsuites: [SVM]\n"


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("- a", "a mapping"),
        ("name: a", "it must have about, suites"),
        ("{name: a, about: b, suites: [SVM], sedes: 3}", "Did you mean 'seeds'"),
        ("{name: a, about: b, suites: [SVM], split: train}", "No split to compare on 'train'"),
        ("{name: a, about: b, suites: [SVM], metrics: [auk]}", "Did you mean 'auc'"),
        ("{name: a, about: b, suites: [SVM, SVM]}", "different ones"),
        (f"{HEAD}seeds: 100000000000", r"`seeds` must be an integer in \[1, 10000\]"),
        (f"{HEAD}measured: [1, 2]", "`measured` must be a mapping"),
        (f"{HEAD}measured: 5", "`measured` must be a mapping"),
        (f"{HEAD}measured: {{difference: {{a: b}}}}", "`difference` must be a finite number >= 0"),
        (f"{HEAD}measured: {{minutes: {{a: .inf}}}}", "`minutes of a` must be a finite number"),
        (f"{HEAD}measured: {{cost: 1}}", "has the unknown"),
        ("[" * 3000, "must not be nested so deep"),
        ("{a: " * 3000, "must not be nested so deep"),
        (f"{HEAD}seeds: {'9' * 5000}", "it must be YAML: Exceeds the limit"),
        (f"{HEAD}seeds: &a [*a]", "aliases must make at most"),
        (f"{HEAD}seeds: !!python/object/apply:os.system [x]", "it must be YAML: could not determine a constructor"),
        ("\0", "it must be YAML: unacceptable character"),
        ("x" * (1 << 21), "must have at most 1048576 bytes"),
        ("{name: a, about: [b], suites: [SVM]}", "`about` must be a text of at most 2000 characters"),
        ('{name: a, about: "x\\u202ey", suites: [SVM]}', "`about` must be printable text"),
        ("{name: a b, about: b, suites: [SVM]}", "its name must be 1 to 64 letters.*the nearest is 'a-b'"),
    ],
)  # fmt: skip
def test_a_strangers_protocol_is_refused_in_words_at_once(text: str, why: str, tmp_path: Path) -> None:
    (tmp_path / "p.yaml").write_text(text)
    begun = time.process_time()
    with pytest.raises(InvalidValueError, match=why):
        named_protocol(tmp_path / "p.yaml")
    assert time.process_time() - begun < 5.0


def test_a_plan_has_a_limit_of_runs(tmp_path: Path) -> None:
    """Before any of them is made."""
    many = "AutoML, SVM, Boosting, MLP, Linear, Pipelines"
    (tmp_path / "p.yaml").write_text(f"{HEAD}seeds: 10000".replace("SVM", many))
    with pytest.raises(InvalidValueError, match="must have at most 1000000 runs of an optimizer"):
        _ = named_protocol(tmp_path / "p.yaml").hash


def test_a_changed_protocol_is_read_or_refused(tmp_path: Path) -> None:
    """300 changes of a shipped one by characters that mean something in YAML; any other error fails."""
    rng, text = np.random.default_rng(0), shipped_protocols()["quick-v1"].read_text()
    for i in range(300):
        changed = [*text]
        for place in rng.choice(len(text), 3).tolist():
            changed[place] = str(rng.choice([*"[]{}:,-#&*!|>'\"%@`?\n\t 09.e~=<", "\u202e", "&a ", "*a", "!!int "]))
        (tmp_path / f"{i}.yaml").write_text("".join(changed))
        with suppress(HPOGymError):
            named_protocol(tmp_path / f"{i}.yaml")


# ---------------------------------------------------------------------- replay
def test_scores_come_from_the_choices_alone(hand: Any, tmp_path: Path) -> None:
    """Worst, middle, best: regret 1, .5, 0, 0, so an AUC of .375; another choice has another score."""
    named, entry = hand
    entry.write(tmp_path / "a.json")
    assert "score" not in json.loads((tmp_path / "a.json").read_text())["suites"]["Hand"]
    (one,) = leaderboard([tmp_path / "a.json"], tmp_path / "board", protocols=[named], report=False)
    assert one.rows[0].metrics["auc"][0] == 0.375 and one.rows[0].metrics["regret"][0] == 0.0
    choices = dict(entry.parts["Hand"].choices)
    assert choices["at"].tolist() == [0, 2, 1, 3] * 4
    choices["at"] = np.array([0, 3, 3, 2] * 4, np.uint16)  # regret 1, .75, .75, .5
    replace(entry, parts={"Hand": replace(entry.parts["Hand"], choices=choices)}).write(tmp_path / "a.json")
    (one,) = leaderboard([tmp_path / "a.json"], tmp_path / "board", protocols=[named], report=False)
    assert one.rows[0].metrics["auc"][0] == 0.75 and one.rows[0].metrics["regret"][0] == 0.5
    (line,) = csv.DictReader((tmp_path / "board" / "leaderboard.csv").open())
    assert (line["entry"], line["auc"], line["regret"], line["authors"]) == ("worst-first", "0.7500", "0.5000", "Ada")


def test_a_file_reads_as_it_was_written(made: Any, tmp_path: Path) -> None:
    named, entries = made
    for entry in entries:
        entry.write(tmp_path / "e.json")
        again = Entry.read(tmp_path / "e.json")
        assert again.to_json() == entry.to_json()
        first, second = (records_of(e, named) for e in (entry, again))
        assert first.keys() == second.keys()
        for cell, record in first.items():
            for key, array in record.arrays.items():
                np.testing.assert_array_equal(array, second[cell].arrays[key])


def test_the_best_is_first_and_a_folder_stands_for_its_entries(hand: Any, tmp_path: Path) -> None:
    named, entry = hand
    other = pack(named_folder(hand), optimizer="best-first", protocol=named, card=CARD)
    for one in (entry, other):
        one.write(tmp_path / "entries" / f"{one.name}.json")
    (section,) = leaderboard([tmp_path / "entries"], tmp_path / "board", protocols=[named], report=False)
    assert [row.entry.name for row in section.rows] == ["best-first", "worst-first"]
    page, text = ((tmp_path / "board" / name).read_text() for name in ("index.html", "leaderboard.md"))
    assert page.index("best-first") < page.index("worst-first") and text.index("best-first") < text.index("worst-first")


def test_a_failed_run_counts_as_never_improving(hand: Any, tmp_path: Path) -> None:
    named, entry = hand
    part = entry.parts["Hand"]
    choices = {"count": np.array([0, 4, 4, 4], np.uint16), "at": part.choices["at"][4:]}
    lost = replace(entry, parts={"Hand": replace(part, choices=choices, failed={0: "out of memory"})})
    lost.write(tmp_path / "a.json")
    (one,) = leaderboard([tmp_path / "a.json"], tmp_path / "board", protocols=[named], report=False)
    assert one.rows[0].metrics["auc"][0] == pytest.approx((1.0 + 3 * 0.375) / 4)


# ---------------------------------------------------------------------- packing
def test_packing_needs_a_finished_comparison_under_the_protocol(hand: Any, tmp_path: Path) -> None:
    named, _ = hand
    (spec,) = named.suites
    options: dict[str, Any] = {"engine": "serial", "progress": False, "report": False}
    benchmark(["random"], spec, budget=3, seeds=2, out=tmp_path / "other", **options)
    with pytest.raises(InvalidValueError, match="must hold a comparison under hand, its settings are others"):
        pack(tmp_path / "other", optimizer="random", protocol=named, card=CARD)
    benchmark(["random"], protocol=named, shard="1/2", out=tmp_path / "half", **options)
    with pytest.raises(InvalidValueError, match="must be finished: random has not run on Hand/"):
        pack(tmp_path / "half", optimizer="random", protocol=named, card=CARD)


def test_a_card_must_be_whole(hand: Any) -> None:
    named, _ = hand
    with pytest.raises(InvalidValueError, match="it lacks code, test_evaluations"):
        short = {k: v for k, v in CARD.items() if k not in ("code", "test_evaluations")}
        pack(named_folder(hand), optimizer="worst-first", protocol=named, card=short)
    with pytest.raises(UnknownNameError, match=r"No field of a card 'autors'\. Did you mean 'authors'"):
        pack(named_folder(hand), optimizer="worst-first", protocol=named, card={**CARD, "autors": ["Ada"]})
    with pytest.raises(InvalidValueError, match="`optimizer` must name one of"):
        pack(named_folder(hand), protocol=named, card=CARD)
    with pytest.raises(UnknownNameError, match="Did you mean 'best-first'"):
        pack(named_folder(hand), optimizer="best-frist", protocol=named, card=CARD)


@pytest.mark.long
def test_a_card_tells_what_a_trained_optimizer_learned_from(tmp_path: Path) -> None:
    toys.gappy().save(tmp_path / "gappy")
    named = protocol(tmp_path, "short", [str(tmp_path / "gappy")], budget=3, seeds=1)
    options: dict[str, Any] = {"engine": "serial", "progress": False, "report": False}
    benchmark(["q-learning"], protocol=named, out=tmp_path / "run", **options)
    given = {k: CARD[k] for k in ("authors", "code", "about", "test_evaluations")}
    card = pack(tmp_path / "run", protocol=named, optimizer="q-learning", card=given).card
    assert card.families == tuple("abcdef") and card.train_seconds > 0.0
    assert card.training == "tasks of train and val of Gappy" and card.hardware


# ---------------------------------------------------------------------- forgeries
Forge = Callable[[dict[str, Any], np.random.Generator], str]
"""Changes the content of an entry, and returns the reason for which it is refused."""


def some_part(said: dict[str, Any], rng: np.random.Generator, suite: str = "") -> dict[str, Any]:
    part: dict[str, Any] = said["suites"][suite or str(rng.choice(sorted(said["suites"])))]
    return part


def changed(part: dict[str, Any], change: Callable[[dict[str, Any]], None]) -> None:
    arrays = dict(unpack(base64.b64decode(part["runs"])))
    change(arrays)
    part["runs"] = base64.b64encode(block(arrays)).decode()


def other_data(said: dict[str, Any], rng: np.random.Generator) -> str:
    part = some_part(said, rng)
    at = int(rng.integers(len(part["data"])))
    part["data"] = part["data"][:at] + ("0" if part["data"][at] != "0" else "1") + part["data"][at + 1 :]
    return "the data of .* must have the hash"


def other_hash(said: dict[str, Any], rng: np.random.Generator) -> str:
    said["hash"] = "".join(rng.permutation([*said["hash"]])) + "f"
    return "the hash of toys must be"


def other_protocol(said: dict[str, Any], rng: np.random.Generator) -> str:
    said["protocol"] = str(rng.choice(["tables-v1", "toys-v2", "", "TOYS"]))
    return "its protocol must be 'toys'"


def beyond_the_budget(said: dict[str, Any], rng: np.random.Generator) -> str:
    """A trial more, in a run that has spent its budget."""

    def change(arrays: dict[str, Any]) -> None:
        count, wide = arrays["count"].copy(), len(arrays["at"]) // int(arrays["count"].sum())
        i = int(rng.integers(len(count)))
        end = int(count[: i + 1].sum())
        arrays["at"] = np.insert(arrays["at"], end * wide, arrays["at"][(end - 1) * wide : end * wide])
        if "level" in arrays:
            arrays["level"] = np.insert(arrays["level"], end, arrays["level"][end - 1])
        count[i] += 1
        arrays["count"] = count

    changed(some_part(said, rng), change)
    return "the budget ends after|must be in the form of a run"


def lost_runs(said: dict[str, Any], rng: np.random.Generator) -> str:
    keep = int(rng.integers(0, 3))
    changed(some_part(said, rng), lambda arrays: arrays.update(count=arrays["count"][:keep]))
    return "it must have 4 runs"


def other_counts(said: dict[str, Any], rng: np.random.Generator) -> str:
    def change(arrays: dict[str, Any]) -> None:
        arrays["count"] = arrays["count"] + np.uint16(rng.integers(1, 9))

    changed(some_part(said, rng), change)
    return "must have .* numbers for its counts"


def no_such_row(said: dict[str, Any], rng: np.random.Generator) -> str:
    def change(arrays: dict[str, Any]) -> None:
        at = arrays["at"].copy()
        at[int(rng.integers(len(at)))] = rng.integers(24, 60_000)
        arrays["at"] = at

    changed(some_part(said, rng, "Gappy"), change)
    return "must be a measured row of 24"


def unmeasured_row(said: dict[str, Any], rng: np.random.Generator) -> str:
    def change(arrays: dict[str, Any]) -> None:
        at, suite = arrays["at"].copy(), toys.gappy()
        names = [task for task, _ in said["tasks"]]
        place = int(rng.integers(len(at)))
        run = int(np.searchsorted(np.cumsum(arrays["count"]), place, "right"))
        task = suite.task(names[run // 2])
        at[place] = rng.choice(np.flatnonzero(~task.alone.measured[0]))
        arrays["at"] = at

    changed(some_part(said, rng, "Gappy"), change)
    return "must be a measured row of 24"


def outside_the_cube(said: dict[str, Any], rng: np.random.Generator) -> str:
    def change(arrays: dict[str, Any]) -> None:
        at = arrays["at"].copy()
        at[int(rng.integers(len(at)))] = rng.choice([-0.01, 1.01, 2.0, np.nan, np.inf, -np.inf])
        arrays["at"] = at

    changed(some_part(said, rng, "Functions"), change)
    return "must be a point of the unit cube"


def no_such_level(said: dict[str, Any], rng: np.random.Generator) -> str:
    def change(arrays: dict[str, Any]) -> None:
        level = np.full(int(arrays["count"].sum()), 2, np.uint8)
        level[int(rng.integers(len(level)))] = rng.integers(3, 256)
        arrays["level"] = level

    changed(some_part(said, rng, "Gappy"), change)
    return "`level` on Gappy must be below 3"


def rows_as_points(said: dict[str, Any], rng: np.random.Generator) -> str:
    changed(some_part(said, rng, "Gappy"), lambda arrays: arrays.update(at=arrays["at"].astype(np.float32)))
    return "`at` on Gappy must be rows"


def another_kind(said: dict[str, Any], rng: np.random.Generator) -> str:
    key, kind = str(rng.choice(["count", "at"])), str(rng.choice(["<U3", "?", "<i8", "<c16"]))
    changed(some_part(said, rng), lambda arrays: arrays.update({key: arrays[key].astype(kind)}))
    return "must be a row of numbers of kind"


def more_in_the_block(said: dict[str, Any], rng: np.random.Generator) -> str:
    key = str(rng.choice(["score", "incumbent", "regret", "x"]))
    changed(some_part(said, rng), lambda arrays: arrays.update({key: np.zeros(4)}))
    return "has the unknown"


def a_score_beside(said: dict[str, Any], rng: np.random.Generator) -> str:
    where = said if rng.random() < 0.5 else some_part(said, rng)
    where[str(rng.choice(["auc", "score", "regret"]))] = float(rng.random())
    return "has the unknown"


def no_base64(said: dict[str, Any], rng: np.random.Generator) -> str:
    part = some_part(said, rng)
    cut = int(rng.integers(1, len(part["runs"])))
    part["runs"] = part["runs"][:cut] + str(rng.choice(["*", "\n", "é", "="])) + part["runs"][cut:]
    return "must be a block in base64"


def a_cut_block(said: dict[str, Any], rng: np.random.Generator) -> str:
    part = some_part(said, rng)
    data = base64.b64decode(part["runs"])
    part["runs"] = base64.b64encode(data[: int(rng.integers(0, len(data) - 1))]).decode()
    return "must be a block in base64"


def other_suites(said: dict[str, Any], rng: np.random.Generator) -> str:
    if rng.random() < 0.5:
        del said["suites"][str(rng.choice(sorted(said["suites"])))]
    else:
        said["suites"][str(rng.choice(["SVM", "gappy", " Gappy"]))] = said["suites"]["Gappy"]
    return "it must have the suites"


def a_seen_family(said: dict[str, Any], rng: np.random.Generator) -> str:
    said["card"]["families"] = ["iris", str(rng.choice([family for _, family in said["tasks"]]))]
    return "must not have learned from the family"


def a_wrong_name(said: dict[str, Any], rng: np.random.Generator) -> str:
    said["name"] = str(rng.choice(["", "../up", "a b", "-x", "x" * 65, "<b>", "naïve", "a/b", "a\n"]))
    return "its name must be"


def a_lost_run_with_choices(said: dict[str, Any], rng: np.random.Generator) -> str:
    part, place = some_part(said, rng), int(rng.integers(0, 9))
    part["failed"] = {str(place): "an error"}
    return "must have no choices|places of failed runs .* must be below 4"


def another_format(said: dict[str, Any], rng: np.random.Generator) -> str:
    said["format"] = [0, 2, "1", None, 1.5][int(rng.integers(5))]
    return "its format must be 1"


FORGERIES: tuple[Forge, ...] = (
    other_data, other_hash, other_protocol, beyond_the_budget, lost_runs, other_counts, no_such_row, unmeasured_row,
    outside_the_cube, no_such_level, rows_as_points, another_kind, more_in_the_block, a_score_beside, no_base64,
    a_cut_block, other_suites, a_seen_family,
    a_wrong_name, a_lost_run_with_choices, another_format,
)  # fmt: skip
EACH = 20
"""Draws of each kind: 420 forgeries in all."""


def drawn(entries: list[Entry], forge: Forge, seed: int) -> tuple[dict[str, Any], str]:
    rng = np.random.default_rng([FORGERIES.index(forge), seed])
    said = json.loads(json.dumps(entries[int(rng.integers(len(entries)))].to_json()))
    suite = toys.gappy()
    said["tasks"] = [(t.name, t.family) for t in suite.tasks("test")]
    why = forge(said, rng)
    del said["tasks"]
    return said, why


@pytest.mark.long
@pytest.mark.parametrize("forge", FORGERIES, ids=lambda forge: forge.__name__)
def test_a_forgery_is_refused_with_its_reason(forge: Forge, made: Any, tmp_path: Path) -> None:
    """Each has a valid checksum, as whoever forges one can compute it."""
    named, entries = made
    for seed in range(EACH):
        said, why = drawn(entries, forge, seed)
        path = written(said, tmp_path / f"{seed}.json")
        with pytest.raises(InvalidValueError, match=why):
            records_of(Entry.read(path), named)


@pytest.mark.parametrize(
    ("level", "refused"), [(0, "in the form of a run"), (1, "`level` on Hand must be below 1, got 1")]
)
def test_a_level_is_one_of_the_fidelities(level: int, refused: str, hand: Any) -> None:
    """There is one, at place 0, and a run at full fidelity stores none."""
    named, entry = hand
    part = entry.parts["Hand"]
    odd = replace(part, choices={**part.choices, "level": np.full(16, level, np.uint8)})
    with pytest.raises(InvalidValueError, match=refused):
        records_of(replace(entry, parts={"Hand": odd}), named)


def test_an_entry_is_sealed(hand: Any, tmp_path: Path) -> None:
    """A changed number, name or choice without its checksum is seen, and so is a failed run with choices."""
    named, entry = hand
    entry.write(tmp_path / "e.json")
    text = (tmp_path / "e.json").read_text()
    runs = entry.to_json()["suites"]["Hand"]["runs"]
    for before, after in (
        ('"test_evaluations": 1', '"test_evaluations": 2'), ('"worst-first"', '"best-first"'), ("Draws.", "Learns."),
        (runs, f"{runs[:-5]}{'A' if runs[-5] != 'A' else 'B'}{runs[-4:]}"),
    ):  # fmt: skip
        assert before in text
        (tmp_path / "e.json").write_text(text.replace(before, after, 1))
        with pytest.raises(InvalidValueError, match="must be an entry: `checksum` must be"):
            Entry.read(tmp_path / "e.json")
    failed = replace(entry, parts={"Hand": replace(entry.parts["Hand"], failed={0: "lost"})})
    with pytest.raises(InvalidValueError, match="the failed run 0 on Hand must have no choices, got 4"):
        records_of(failed, named)


SPELLINGS: dict[str, Callable[[dict[str, Any]], Any]] = {
    "format true": lambda said: said.update(format=True),
    "format 1.0": lambda said: said.update(format=1.0),
    "seconds 0": lambda said: said["card"].update(train_seconds=0),
    "order": lambda said: said.update(protocol=said.pop("protocol")),
    "place 00": lambda said: said["suites"]["Gappy"].update(failed={"00": "x"}),
    "uint64": lambda said: changed(said["suites"]["Gappy"], lambda a: a.update(count=a["count"].astype(np.uint64))),
    "wide rows": lambda said: changed(said["suites"]["Gappy"], lambda a: a.update(at=a["at"].astype(np.uint32))),
    "double": lambda said: changed(said["suites"]["Functions"], lambda a: a.update(at=np.zeros(len(a["at"])))),
    "full levels": lambda said: changed(
        said["suites"]["Functions"], lambda a: a.update(level=np.zeros(int(a["count"].sum()), np.uint8))
    ),
    "none refused": lambda said: changed(
        said["suites"]["Gappy"], lambda a: a.update(refused=np.zeros(int(a["count"].sum()), np.uint8))
    ),
    "big-endian": lambda said: inflated(said["suites"]["Gappy"], lambda raw: raw.replace(b"<u2", b">u2")),
    "bytes after the arrays": lambda said: inflated(said["suites"]["Gappy"], lambda raw: raw + b"\0"),
    "header": lambda said: inflated(said["suites"]["Gappy"], lambda raw: raw.replace(b'", "', b'"  ,"', 1)),
    "bytes after the stream": lambda said: said["suites"]["Gappy"].update(
        runs=base64.b64encode(base64.b64decode(said["suites"]["Gappy"]["runs"]) + b"\0").decode()
    ),
    "last bits": lambda said: said["suites"]["Gappy"].update(runs=last_bits(said["suites"]["Gappy"]["runs"])),
}


def inflated(part: dict[str, Any], change: Callable[[bytes], bytes]) -> None:
    raw = zlib.decompress(base64.b64decode(part["runs"]))
    assert change(raw) != raw
    part["runs"] = base64.b64encode(zlib.compress(change(raw))).decode()


def last_bits(text: str) -> str:
    """Return another text in base64 of the same bytes; one with `=` at its end has spare bits."""
    data = base64.b64decode(text)
    if len(data) % 3 == 0:
        pytest.skip("no spare bits")
    letters = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/"
    place = len(text.rstrip("=")) - 1
    return text[:place] + letters[letters.index(text[place]) + 1] + text[place + 1 :]


@pytest.mark.parametrize("spelling", SPELLINGS)
def test_one_content_has_one_file(spelling: str, made: Any, tmp_path: Path) -> None:
    named, (*_, entry) = made
    entry.write(tmp_path / "good.json")
    assert Entry.read(tmp_path / "good.json").to_json() == entry.to_json()
    said = json.loads(json.dumps(entry.to_json()))
    SPELLINGS[spelling](said)
    with pytest.raises(InvalidValueError):
        records_of(Entry.read(written(said, tmp_path / "odd.json")), named)


def test_an_entry_in_another_layout_is_refused(made: Any, tmp_path: Path) -> None:
    _, (entry, *_) = made
    entry.write(tmp_path / "e.json")
    text = (tmp_path / "e.json").read_text()
    twice = text.replace('"format": 1,', '"format": 2,\n "format": 1,', 1)
    for other in (text + "\n", text.replace("\n", "\r\n"), json.dumps(json.loads(text)), twice, "\ufeff" + text):
        (tmp_path / "e.json").write_bytes(other.encode())
        with pytest.raises(InvalidValueError, match=r"must be an entry: (it must be written as|Unexpected UTF-8)"):
            Entry.read(tmp_path / "e.json")


@pytest.mark.long
def test_any_changed_byte_is_seen(made: Any, tmp_path: Path) -> None:
    _, (entry, *_) = made
    entry.write(tmp_path / "e.json")
    data, rng = (tmp_path / "e.json").read_bytes(), np.random.default_rng(0)
    for place in rng.choice(len(data), 100, replace=False).tolist():
        broken = bytearray(data)
        broken[place] ^= 1 << int(rng.integers(7))
        (tmp_path / "e.json").write_bytes(bytes(broken))
        try:
            again = Entry.read(tmp_path / "e.json")
        except InvalidValueError:
            continue
        assert again.to_json() == entry.to_json()  # a space that became another


def test_a_board_survives_a_bad_entry(made: Any, tmp_path: Path) -> None:
    """Broken, forged or a fault of ours: it is listed with the reason, and the rest is what it is without it."""
    named, entries = made
    for entry in entries:
        entry.write(tmp_path / "in" / f"{entry.name}.json")
    options: dict[str, Any] = {"protocols": [named], "report": False}
    leaderboard([tmp_path / "in"], tmp_path / "alone", **options)
    said = entries[0].to_json()
    forged = written({**said, "name": "forged", "hash": "0"}, tmp_path / "in" / "forged|<b>.json")
    (tmp_path / "in" / "broken.json").write_text("{")
    twice = written({**said, "name": "ASHA"}, tmp_path / "in" / "b.json")
    board = leaderboard([tmp_path / "in"], tmp_path / "board", **options)
    assert {*board.refused} == {str(forged), str(twice), str(tmp_path / "in" / "broken.json")}
    assert board.refused[str(forged)].startswith("the hash of toys must be")
    assert board.refused[str(twice)].startswith("it must have a name of its own, 'A")
    alone, shown = (
        [(tmp_path / d / f"leaderboard.{f}").read_text() for d in ("alone", "board")] for f in ("csv", "md")
    )
    assert alone[0] == alone[1]
    before, after = shown
    assert after.startswith(before) and after.count("\n- ") == 3 and "forged\\|&lt;b&gt;" in after
    page = (tmp_path / "board" / "index.html").read_text()
    assert "<h2>Refused</h2>" in page and "forged|&lt;b&gt;.json" in page and "the hash of toys must be" in page


def test_a_board_without_any_entry_is_none(made: Any, tmp_path: Path) -> None:
    named, (entry, *_) = made
    bad = written({**entry.to_json(), "hash": "0"}, tmp_path / "bad.json")
    with pytest.raises(InvalidValueError, match=f"{bad} is refused: the hash of toys must be"):
        leaderboard([bad], tmp_path / "board", protocols=[named], report=False)
    with pytest.raises(InvalidValueError, match=r"bda.json must be an entry: there is no such file. Did you mean"):
        leaderboard([tmp_path / "bda.json"], tmp_path / "board", protocols=[named], report=False)
    assert not (tmp_path / "board").exists()


def test_a_fault_of_ours_refuses_one_entry(hand: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    named, entry = hand
    for name in ("a", "b"):
        replace(entry, name=name).write(tmp_path / f"{name}.json")

    def faulty(entry: Entry, named: NamedProtocol) -> Any:
        return records_of(entry, named) if entry.name == "a" else [][0]

    monkeypatch.setattr("hpo_gym.bench.board.leaderboard.records_of", faulty)
    files = [tmp_path / "a.json", tmp_path / "b.json"]
    board = leaderboard(files, tmp_path / "board", protocols=[named], report=False)
    assert [row.entry.name for one in board for row in one.rows] == ["a"]
    assert board.refused == {str(files[1]): "its replay ended in IndexError: list index out of range"}


def test_the_command_names_what_is_refused_and_exits_with_one(
    hand: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    named, entry = hand
    entry.write(tmp_path / "a.json")
    (tmp_path / "b.json").write_text("[]")
    words = ["leaderboard", "a.json", "b.json", "--no-report", "--out", "board", "--protocol"]
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr("sys.argv", ["hpo-gym", *words, str(Path(named.suites[0]).parent / "hand.yaml")])
    with pytest.raises(SystemExit, match="1"):
        app.main()
    out, err = capsys.readouterr()
    assert "hand: worst-first\n" in out and (tmp_path / "board" / "index.html").is_file()
    assert "refused: b.json: b.json must be an entry: its content must be a mapping" in err


def test_an_entry_without_choices_is_scored_as_what_never_improves(hand: Any, tmp_path: Path) -> None:
    """As `benchmark` scores an optimizer that stops at once: a regret of 1 throughout."""
    named, entry = hand
    choices = {"count": np.zeros(4, np.uint16), "at": np.zeros(0, np.uint16)}
    none = replace(entry, name="none", parts={"Hand": replace(entry.parts["Hand"], choices=choices)})
    none.write(tmp_path / "none.json")
    entry.write(tmp_path / "a.json")
    (one,) = leaderboard([tmp_path], tmp_path / "board", protocols=[named], report=False)
    found = {row.entry.name: (row.metrics["auc"][0], row.metrics["regret"][0]) for row in one.rows}
    assert found == {"none": (1.0, 1.0), "worst-first": (0.375, 0.0)}


@pytest.mark.parametrize("name", ["portfolio", "random", "default", "Portfolio"])
def test_the_name_of_an_anchor_is_for_its_choices(name: str, made: Any, tmp_path: Path) -> None:
    """Else a renamed entry is what all others are compared with."""
    named, (ours, other, _) = made
    ours.write(tmp_path / "random.json")
    replace(other, name=name).write(tmp_path / "other.json")
    files = [tmp_path / "other.json"] if name == "random" else [tmp_path / "random.json", tmp_path / "other.json"]
    with pytest.raises(InvalidValueError, match="its name") if name == "random" else nullcontext():
        board = leaderboard(files, tmp_path / "board", protocols=[named], report=False)
        assert [row.entry.name for one in board for row in one.rows] == ["random"]
        assert "its name" in board.refused[str(files[1])]


def test_an_entry_names_no_file_and_a_protocol_no_folder(made: Any, tmp_path: Path) -> None:
    """Whatever a stranger writes there, nothing else is read, and nothing is written elsewhere."""
    named, (entry, *_) = made
    (spec, _) = named.suites
    protocol(tmp_path, "hidden", [spec], budget=3, seeds=2, tasks=2)
    replace(entry, protocol=str(tmp_path / "hidden.yaml")).write(tmp_path / "e.json")
    with pytest.raises(InvalidValueError, match=r"No protocol '.*hidden\.yaml'"):
        leaderboard([tmp_path / "e.json"], tmp_path / "board", protocols=[named], report=False)
    (tmp_path / "up.yaml").write_text(json.dumps({"name": "../up", "about": "x", "suites": [spec]}))
    with pytest.raises(InvalidValueError, match="its name must be 1 to 64 letters"):
        named_protocol(tmp_path / "up.yaml")


def test_a_cell_of_the_table_is_no_formula(hand: Any, tmp_path: Path) -> None:
    named, entry = hand
    replace(entry, card=Card(**{**CARD, "about": "=1+1", "authors": ("@x", "b")})).write(tmp_path / "a.json")
    leaderboard([tmp_path / "a.json"], tmp_path / "board", protocols=[named], report=False)
    (line,) = csv.DictReader((tmp_path / "board" / "leaderboard.csv").open())
    assert line["about"] == "'=1+1" and line["authors"] == "'@x, b"


@pytest.mark.parametrize("name", ["thesis.tex", "leaderboard.csv", "index.html"])
def test_a_folder_of_something_else_is_left_alone(name: str, made: Any, tmp_path: Path) -> None:
    """A table of a competition is often called leaderboard.csv."""
    named, (entry, *_) = made
    entry.write(tmp_path / "e.json")
    (tmp_path / "mine").mkdir()
    (tmp_path / "mine" / name).write_text("years")
    with pytest.raises(InvalidValueError, match="`out` must be a new folder or a board"):
        leaderboard([tmp_path / "e.json"], tmp_path / "mine", protocols=[named], report=False)
    assert (tmp_path / "mine" / name).read_text() == "years"


def test_a_board_replaces_its_own_files_and_no_others(
    hand: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    named, entry = hand
    entry.write(tmp_path / "e.json")
    options: dict[str, Any] = {"protocols": [named], "report": False}
    leaderboard([tmp_path / "e.json"], tmp_path / "new", **options)
    (tmp_path / "board").mkdir()
    monkeypatch.chdir(tmp_path / "board")
    leaderboard([tmp_path / "e.json"], ".", **options)
    Path("hand", "figures").mkdir(parents=True)
    ours = ("hand/report.html", "hand/table.csv", "hand/pooled.csv", "index.html")
    theirs = ("thesis.tex", "hand/figures/mine.png", "hand/notes.md", "empty/kept", "figures/Hand-regret.png")
    Path("empty").mkdir()
    Path("figures").mkdir()
    for name in (*ours, *theirs):
        Path(name).write_text(name)
    Path("empty", "kept").unlink()
    Path("link").symlink_to(tmp_path / "new")
    for out in (".", tmp_path / "board"):
        leaderboard([tmp_path / "e.json"], out, **options)
    assert all(Path(name).read_text() == name for name in theirs if name != "empty/kept")
    assert Path("empty").is_dir() and Path("link").is_symlink() and Path.cwd() == tmp_path / "board"
    new = {path.name: path.read_bytes() for path in (tmp_path / "new").iterdir()}
    assert {path.name: path.read_bytes() for path in Path().iterdir() if path.name in new} == new and len(new) == 3
    left = {str(path) for path in Path().rglob("*") if path.is_file()}
    assert left == {*new, *theirs} - {"empty/kept"}


@pytest.mark.parametrize(
    ("change", "why"),
    [
        ({"authors": ()}, "authors"), ({"authors": ("",)}, "authors"), ({"families": ("a", 3)}, "families"),
        ({"train_seconds": float("nan")}, "train_seconds"), ({"train_seconds": 1e300}, "a .*, at most 1"),
        ({"train_seconds": 10**400}, "a .*, at most 1"), ({"test_evaluations": 10**400}, "a .*, at most 1"),
        *(({name: odd}, f"`{name}` must") for name in ("code", "about", "training", "hardware")
          for odd in ("", "  ", "x" * 301, 7, None)),
        *(({"train_seconds": odd}, "`train_seconds` must be a") for odd in (-1, "1", [], True, -0.5)),
        *(({"test_evaluations": odd}, "`test_evaluations` must be a whole number, 1 or more")
          for odd in (0, 0.5, -3, "1", [], True, None)),
        *((({name: (odd,) if name in ("authors", "families") else odd}), f"`{name}` must be printable text in one line")
          for name in ("authors", "families", "code", "about", "training", "hardware")
          for odd in ("a\u202eb", "a\u200bb", "\x1b[31m", "a\nb")),
    ],
)  # fmt: skip
def test_a_card_checks_its_fields(change: dict[str, Any], why: str) -> None:
    with pytest.raises(InvalidValueError, match=why):
        Card(**{**CARD, **change})
