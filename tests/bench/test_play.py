"""A game: what a person types is what is evaluated and stored, whatever stops it in between."""

from __future__ import annotations

import io
import os
import signal
import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import toys
from odd_spaces import odd_space

import hpo_gym
from hpo_gym.app.play.game import Game, sheet
from hpo_gym.app.play.offers import Offers, difference, range_of, typed
from hpo_gym.app.play.person import Person
from hpo_gym.app.play.talk import Talk
from hpo_gym.base.errors import DamagedDataError, InvalidValueError, SplitError, UnknownNameError
from hpo_gym.bench.entrants import Entrant
from hpo_gym.bench.merging import merge
from hpo_gym.bench.protocol import Protocol
from hpo_gym.optimize.protocol import Context
from hpo_gym.problem.space import SearchSpace
from hpo_gym.system.storage.store import Store

SPACE = {"rate": (0.0, 4.0), "kind": ["a", "b"]}
SCORES = [0.0, 0.9, 0.5, 0.99, 1.0]
"""Of rates 0 to 4: best 1, worst 0, so the regret is 1 less the score."""


@pytest.fixture
def typing(monkeypatch: pytest.MonkeyPatch) -> Any:
    """What a person types, a line each."""
    return lambda *lines: monkeypatch.setattr(sys, "stdin", io.StringIO("".join(f"{line}\n" for line in lines)))


@pytest.fixture
def hand(tmp_path: Path) -> str:
    """The folder of a suite whose scores are known by heart."""
    tried = [{"rate": float(rate), "kind": "a"} for rate in range(5)]
    named = {"tasks": ["t", "v", "w"], "splits": {"train": ["t"], "val": ["v"], "test": ["w"]}}
    hpo_gym.table_suite("Hand", SPACE, tried, [SCORES] * 3, **named).save(tmp_path / "hand")
    return str(tmp_path / "hand")


def enter(rate: object) -> tuple[str, ...]:
    """A configuration, typed."""
    return ("e", str(rate), "a")


def chosen(results: Any, who: str = "person") -> list[tuple[Any, float]]:
    frame = results.trials()
    frame = frame[frame.optimizer == who]
    return [(config["rate"], score) for config, score in zip(frame.config, frame.score, strict=True)]


# ---------------------------------------------------------------------- what is typed
COLUMNS = {h.name: h for h in toys.conditional_space().hyperparameters}


@pytest.mark.parametrize(
    ("name", "text", "value"),
    [
        ("C", "1", 1.0), ("C", "1e-2", 0.01), ("degree", "3", 3), ("degree", "3.0", 3), ("kernel", "rbf", "rbf"),
        ("kernel", "LINEAR", "linear"), ("kernel", "p", "poly"), ("scale", "true", True), ("scale", "False", False),
        ("coef", "0.5", 0.5), ("coef", "1", 1.0), ("coef", ".5", 0.5), ("coef", "5e-1", 0.5),
    ],
)  # fmt: skip
def test_a_value_is_what_its_text_says(name: str, text: str, value: object) -> None:
    found = typed(COLUMNS[name], text)
    assert found == value and type(found) is type(value)


@pytest.mark.parametrize(
    ("name", "text", "match"),
    [
        ("C", "1000", r"`C` must be a number from 0\.01 to 100, logarithmic, got '1000'; the nearest is 100\.$"),
        ("C", "-1", r"the nearest is 0\.01\.$"),
        ("C", "0,5", r"got '0,5'; the nearest is 0\.5\.$"),
        ("C", "much", r"got 'much'\.$"),
        ("C", "nan", r"got 'nan'\.$"),
        ("C", "inf", r"the nearest is 100\.$"),
        ("degree", "9", r"`degree` must be an integer from 2 to 5, got '9'; the nearest is 5\.$"),
        ("degree", "3.7", r"the nearest is 4\.$"),
        ("degree", "inf", r"the nearest is 5\.$"),
        ("kernel", "lnear", r"`kernel` must be one of rbf, poly, linear, got 'lnear'; the nearest is linear\.$"),
        ("kernel", "", r"got ''\.$"),
        ("coef", "0.6", r"the nearest is 0\.5\.$"),
    ],
)
def test_what_is_no_value_is_told_the_nearest(name: str, text: str, match: str) -> None:
    with pytest.raises(InvalidValueError, match=match):
        typed(COLUMNS[name], text)


def test_a_beginning_that_two_choices_share_means_none() -> None:
    h = SearchSpace({"hyperparameters": [{"type": "categorical", "name": "k", "choices": ["aa", "ab", "A"],
                     "default_value": "aa"}]}).hyperparameters[0]  # fmt: skip
    assert typed(h, "A") == "A" and typed(h, "ab") == "ab" and typed(h, "a") == "A"  # the same but for its case
    assert range_of(h) == "aa, ab, A"


# ---------------------------------------------------------------------- a game
@pytest.mark.long
def test_a_game_is_stored_and_read_as_any_comparison(hand: str, tmp_path: Path, typing: Any, unpainted: None) -> None:
    typing(*enter(0), *enter(1), *enter(3))
    results = Game(hand, budget=3).play(tmp_path / "out", Talk())
    assert chosen(results) == [(0.0, 0.0), (1.0, 0.9), (3.0, 0.99)]
    assert {c.optimizer for c in results.curves["Hand"]} == {"person", "portfolio", "default", "random"}
    person = results.curves["Hand"][0]
    assert person.optimizer == "person" and person.tasks == ("v",)
    assert person.regret[0, 0] == pytest.approx([1.0, 0.1, 0.01])
    html = (tmp_path / "out" / "report.html").read_text()
    assert "--optimizers default,portfolio,random</pre>" in html  # who played is made by no command
    assert "It lacks what no command line makes: person." in html
    again = hpo_gym.Results.load(tmp_path / "out")
    assert chosen(again) == chosen(results) and again.failed_cells == 0


@pytest.mark.long
def test_the_controls_are_those_of_a_comparison(hand: str, tmp_path: Path, typing: Any, undrawn: None) -> None:
    typing(*enter(0), *enter(1))
    mine = Game(hand, task="v", budget=2).play(tmp_path / "mine", Talk())
    bench = hpo_gym.benchmark("random", hand, split="val", tasks=["v"], budget=2, seeds=1, out=tmp_path / "bench")
    for who in ("random", "portfolio", "default"):
        assert chosen(mine, who) == chosen(bench, who)
    assert merge([tmp_path / "mine", tmp_path / "bench"], tmp_path / "both").cells == 4


@pytest.mark.long
def test_the_table_at_the_end_by_hand(hand: str, tmp_path: Path, typing: Any, undrawn: None) -> None:
    typing(*enter(1), *enter(3))
    columns = {c.head: c.cells for c in sheet(Game(hand, budget=2).play(tmp_path / "out", Talk())).columns}
    assert columns["who"][0] == "person" and columns["score"][0] == "0.9900"
    assert columns["regret"][0] == "0.0100" and columns["mean regret"][0] == "0.0550"
    assert list(columns["regret"][1:]) == sorted(columns["regret"][1:])


@pytest.mark.long
def test_lower_fidelities_count_in_the_score_only_if_nothing_else_was_tried(
    tmp_path: Path, typing: Any, undrawn: None
) -> None:
    toys.gappy().save(tmp_path / "gappy")
    typing("1", "0.333", "1", "1", "q", "y")
    results = Game(str(tmp_path / "gappy"), budget=2).play(tmp_path / "out", Talk())
    mine = results.trials()[lambda f: f.optimizer == "person"]
    assert list(mine.fidelity) == pytest.approx([1 / 3, 1.0])
    assert sheet(results).columns[1].cells[0] == f"{mine.score.iloc[1]:.4f}"


@pytest.mark.long
def test_an_end_before_the_budget_is_one_only_after_a_yes(
    hand: str, tmp_path: Path, typing: Any, undrawn: None, capsys: pytest.CaptureFixture[str]
) -> None:
    typing(*enter(4), "q", "what", "no", *enter(1), "q", "YES")
    results = Game(hand, budget=5).play(tmp_path / "out", Talk())
    assert chosen(results) == [(4.0, 1.0), (1.0, 0.9)]
    said = capsys.readouterr().out
    assert "Evaluations left: 4. End the run? y or n:" in said and "Answer y or n." in said
    assert results.curves["Hand"][0].regret[0, 0] == pytest.approx([0.0] * 5)


@pytest.mark.long
def test_what_cannot_be_done_is_said(
    hand: str, tmp_path: Path, typing: Any, undrawn: None, capsys: pytest.CaptureFixture[str]
) -> None:
    typing("u", "99", "0", "x", "?", "h", "r", "e", "b", "e", "u", "9", "?", "2.2", "c", "a", "h")
    Game(hand, budget=1).play(tmp_path / "out", Talk(None))
    said = capsys.readouterr().out
    for text in (
        "A trial cannot be undone: its evaluation is spent.", "got 99; the nearest is", "got 0; the nearest is 1",
        "`x` is none of them", "Nothing was tried yet.", "kind: a, b", "b goes back to the list",
        "`rate` must be a number from 0 to 4, got '9'; the nearest is 4.",
        "rate: number from 0 to 4; its default is 2.",
        "`kind` must be one of a, b, got 'c'", "The table has no such row; the nearest was evaluated, with rate=2.",
        "Trial 1: score 0.5000.",
    ):  # fmt: skip
        assert text in said


@pytest.mark.long
def test_it_goes_on_where_it_was_stopped(hand: str, tmp_path: Path, typing: Any, undrawn: None) -> None:
    lines = [*enter(0), "1", "1", *enter(1), *enter(4)]
    typing(*lines)
    whole = Game(hand, seed=4, budget=5).play(tmp_path / "whole", Talk())
    typing(*lines[:4])  # two configurations, then nothing more to read
    with pytest.raises(KeyboardInterrupt):
        Game(hand, seed=4, budget=5).play(tmp_path / "cut", Talk())
    assert hpo_gym.Results.load(tmp_path / "cut").failed_cells == 4  # nobody has played yet
    with pytest.raises(KeyboardInterrupt):
        Game(hand).play(tmp_path / "cut", Talk(), resume=True)
    typing(*lines[4:])
    gone_on = Game(hand).play(tmp_path / "cut", Talk(), resume=True)
    assert gone_on.trials().equals(whole.trials()) and len(chosen(whole)) == 5
    typing()  # it is over: nothing is asked
    assert chosen(Game(hand).play(tmp_path / "cut", Talk(), resume=True)) == chosen(whole)


@pytest.mark.long
def test_only_fidelities_that_the_budget_left_pays_for_are_asked_for(
    tmp_path: Path, typing: Any, undrawn: None, capsys: pytest.CaptureFixture[str]
) -> None:
    toys.gappy().save(tmp_path / "gappy")  # levels 1/9, 1/3, 1
    typing("1", ".333", "1", "1", "0.333", "1", "0.333", "q", "y")  # after the first, 2/3 are left: 1 is refused
    results = Game(str(tmp_path / "gappy"), budget=1).play(tmp_path / "out", Talk(None))
    said = capsys.readouterr().out
    assert said.count("fidelity (0.111, 0.333, 1.0) [1]:") == 1 and "fidelity (0.111, 0.333) [0.333]:" in said
    assert "`fidelity` must be one of 0.111, 0.333, got '1'; the nearest is 0.333." in said
    mine = results.trials()[lambda f: f.optimizer == "person"]
    assert list(mine.fidelity) == pytest.approx([1 / 3] * 3)


@pytest.mark.long
@pytest.mark.parametrize(
    ("suite", "counts", "score"),
    [
        ("Schedules", "the last trial", lambda scores: scores[-1]),
        ("Drift", "the mean of all trials", np.mean),
    ],
)
def test_what_counts_is_said_before_and_after(
    suite: str, counts: str, score: Any, tmp_path: Path, typing: Any, undrawn: None, capsys: pytest.CaptureFixture[str]
) -> None:
    typing("1", "1")
    results = Game(suite, budget=2).play(tmp_path / "out", Talk(None))
    table = sheet(results)
    assert f"Higher is better; {counts} counts." in capsys.readouterr().out
    assert table.caption.startswith(f"Score: of {counts}. Regret:")
    scores = results.trials()[lambda f: f.optimizer == "person"].score.to_list()
    assert len(scores) == 2 and table.columns[1].cells[0] == f"{score(scores):.4f}"


@pytest.mark.long
def test_one_evaluation_is_no_evaluations(
    hand: str, tmp_path: Path, typing: Any, undrawn: None, capsys: pytest.CaptureFixture[str]
) -> None:
    typing("1")
    table = sheet(Game(hand, budget=1).play(tmp_path / "out", Talk(None)))
    assert "the budget is 1 evaluation." in capsys.readouterr().out
    assert table.title == "Hand, v: after 1 evaluation"
    assert table.caption.startswith("Score: of the best trial, at full fidelity and without noise. ")


def test_ctrl_c_ends_the_line_of_the_question(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def interrupted() -> str:
        raise KeyboardInterrupt

    monkeypatch.setattr("builtins.input", interrupted)
    with pytest.raises(KeyboardInterrupt):
        Talk().ask("Number:")
    assert capsys.readouterr().out == "Number: \n"


@pytest.mark.long
def test_it_goes_on_after_a_kill(hand: str, tmp_path: Path, typing: Any, undrawn: None) -> None:
    command = [sys.executable, "-m", "hpo_gym", "play", hand, "--budget", "3", "--out", str(tmp_path / "out")]
    game = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, bufsize=1)
    assert game.stdin is not None and game.stdout is not None
    game.stdin.write("".join(f"{line}\n" for line in (*enter(1), *enter(2))))
    game.stdin.flush()
    while "Trial 2: score" not in (said := game.stdout.readline()):
        assert said, "it ended by itself"
    os.kill(game.pid, signal.SIGKILL)
    game.communicate()
    typing(*enter(3))
    results = Game(hand).play(tmp_path / "out", Talk(), resume=True)
    assert chosen(results) == [(1.0, 0.9), (2.0, 0.5), (3.0, 0.99)]


@pytest.mark.parametrize(
    ("game", "error", "match"),
    [
        ({"task": "t"}, SplitError, "'t' is a meta-train task, which the controls know"),
        ({"task": "x"}, UnknownNameError, "No task"),
        ({"budget": 0}, InvalidValueError, "`budget` must be an integer in"),
        ({"name": "random"}, InvalidValueError, "that no optimizer has"),
        ({"name": " "}, InvalidValueError, "1 to 40 characters"),
    ],
)
def test_a_game_that_cannot_be_is_refused(
    hand: str, tmp_path: Path, game: dict[str, Any], error: type[Exception], match: str
) -> None:
    with pytest.raises(error, match=match):
        Game(hand, **game).play(tmp_path / "out", Talk())
    assert not (tmp_path / "out" / "store.sqlite").exists()


@pytest.mark.long
def test_another_game_does_not_go_on(hand: str, tmp_path: Path, typing: Any, undrawn: None) -> None:
    typing("1")
    Game(hand, budget=1).play(tmp_path / "out", Talk())
    with pytest.raises(InvalidValueError, match="`--resume` goes on with a game"):
        Game(hand).play(tmp_path / "out", Talk())
    for other in ({"task": "w"}, {"seed": 1}, {"budget": 2}, {"name": "me"}):
        with pytest.raises(InvalidValueError, match=f"`--resume` must keep `{next(iter(other))}="):
            Game(hand, **other).play(tmp_path / "out", Talk(), resume=True)
    toys.plain().save(tmp_path / "plain")
    with pytest.raises(InvalidValueError, match="must keep the suite of the game"):
        Game(str(tmp_path / "plain")).play(tmp_path / "out", Talk(), resume=True)
    hpo_gym.benchmark("random", hand, split="val", budget=1, seeds=1, out=tmp_path / "bench")
    with pytest.raises(InvalidValueError, match="holds a comparison"):
        Game(hand).play(tmp_path / "bench", Talk(), resume=True)


@pytest.mark.long
def test_choices_that_are_damaged_are_named(hand: str, tmp_path: Path, typing: Any) -> None:
    typing()
    with pytest.raises(KeyboardInterrupt):
        Game(hand, budget=1).play(tmp_path / "out", Talk())
    with Store(tmp_path / "out" / "store.sqlite") as store:
        store.meta_set("choices", '[{"config": 1}]')
    with pytest.raises(DamagedDataError, match="what was chosen, it is damaged"):
        Game(hand).play(tmp_path / "out", Talk(), resume=True)


@pytest.mark.long
def test_a_test_task_is_one_after_a_word(
    hand: str, tmp_path: Path, typing: Any, undrawn: None, capsys: pytest.CaptureFixture[str]
) -> None:
    typing("1")
    results = Game(hand, task="w", budget=1).play(tmp_path / "out", Talk(None))
    assert results.data["protocol"]["split"] == "test"
    assert "what is chosen after a look at it is chosen on test data" in capsys.readouterr().out


# ---------------------------------------------------------------------- a person
class Numbers(Talk):
    """Answers drawn at random, with much that is wrong, until something is taken."""

    def __init__(self, rng: np.random.Generator, space: SearchSpace) -> None:
        super().__init__(None)
        self.rng, self.names = rng, space.names

    def say(self, text: str = "", hang: int = 2) -> None:
        pass

    def ask(self, question: str) -> str:
        words = [
            "1",
            "2",
            "e",
            "e",
            "e",
            "0",
            "h",
            "r",
            "?",
            "u",
            "b",
            "",
            "",
            "",
            "a",
            "c",
            "true",
            "-1",
            "5",
            "1e9",
            "nan",
        ]
        return str(self.rng.choice(words))


@pytest.mark.long
@pytest.mark.parametrize("seed", range(12))
def test_whatever_is_typed_is_legal_and_of_what_is_active_alone(seed: int) -> None:
    rng = np.random.default_rng(seed)
    space = odd_space(rng)
    person = Person(Numbers(rng, space), seed)
    context = Context(space, 20.0, (0.25, 1.0))
    person.reset(context, rng)
    for _ in range(20):
        query = person.ask()
        assert query is not None and query.fidelity in (0.25, 1.0)
        x = space.to_unit(query.config)  # raises where it is not legal, or holds what is not active
        assert (space.snap(x[None])[0] == x).all()
        person.tell(hpo_gym.Trial(query, float(rng.random())))


@pytest.mark.parametrize(
    ("choices", "lines", "value"),
    [
        (["none", "balanced"], ["e", "b", "e", "balanced"], "balanced"),  # `b` goes back, though a choice begins so
        (["none", "uniform"], ["e", "u", "un"], "uniform"),
        (["ppo", "q"], ["e", "q"], "q"),  # a choice of just that name
    ],
)
def test_a_command_is_one_wherever_no_choice_has_its_name(
    choices: list[str], lines: list[str], value: str, typing: Any
) -> None:
    space = SearchSpace({"hyperparameters": [{"type": "categorical", "name": "k", "choices": choices,
                         "default_value": choices[0]}]})  # fmt: skip
    typing(*lines)
    person = Person(Talk(None), 0)
    person.reset(Context(space, 5.0), np.random.default_rng(0))
    assert person.ask() == hpo_gym.Query({"k": value})


def test_a_parent_is_asked_for_before_its_children(monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[str] = []

    class Answers(Talk):
        def say(self, text: str = "", hang: int = 2) -> None:
            pass

        def ask(self, question: str) -> str:
            name = question.split(" (")[0]
            asked.append(name)
            return {"kernel": "poly", "degree": "5", "coef": "1.0"}.get(
                name, "e" if question.startswith("Number") else ""
            )

    person = Person(Answers(), 0)
    person.reset(Context(toys.conditional_space(), 1.0), np.random.default_rng(0))
    query = person.ask()
    assert query is not None and dict(query.config) == {
        "C": pytest.approx(1.0), "kernel": "poly", "scale": True, "gamma": pytest.approx(0.0316, abs=1e-4), "degree": 5,
        "coef": 1.0,
    }  # fmt: skip
    assert asked.index("kernel") < asked.index("degree") < asked.index("coef")


def test_offers_are_a_function_of_the_seed_and_of_what_was_tried() -> None:
    task = toys.gappy().task("e")
    context = Context.of(task, 5.0)
    first, same, other = (Offers(context, seed).now([], None) for seed in (1, 1, 2))
    assert first == same and first != other
    assert [o.why for o in first] == ["default", "random", "random", "random"]
    trial = task.run(first[1].config)
    later = Offers(context, 1).now([trial], trial)
    assert trial.config not in [o.config for o in later] and "step" in [o.why for o in later]
    measured = {tuple(x) for x in context.pool[context.available]}  # type: ignore[index]
    for offer in later:
        assert tuple(task.space.to_unit(offer.config)) in measured
        assert task.run(offer.config).config == offer.config
        assert offer.why != "step" or offer.changed == difference(trial.config, offer.config)


def test_a_difference_in_words() -> None:
    assert difference({"a": 1, "b": 2.5, "c": "x"}, {"a": 1, "b": 0.123456, "d": True}) == "b=0.123 d=True no c"


# ---------------------------------------------------------------------- tasks by name
@pytest.mark.long
def test_tasks_may_be_named(tmp_path: Path, undrawn: None) -> None:
    results = hpo_gym.benchmark("random", toys.plain(), tasks=["h"], budget=1, seeds=1, out=tmp_path / "out")
    assert results.curves["Plain"][0].tasks == ("h",)
    assert hpo_gym.Results.load(tmp_path / "out").data["protocol"]["tasks"] == ["h"]
    assert hpo_gym.benchmark(
        "random", toys.plain(), tasks=("g", "h"), budget=1, seeds=1, out=tmp_path / "out", resume=True
    ).curves["Plain"][0].tasks == ("g", "h")  # fmt: skip


@pytest.mark.parametrize("tasks", [[], ["g", "g"], [1], ["g", 2]])
def test_names_of_tasks_must_be_names(tasks: list[Any]) -> None:
    with pytest.raises(InvalidValueError, match="`tasks` must be a number or different names of tasks"):
        Protocol(tasks=tuple(tasks))


@pytest.mark.parametrize("tasks", [["e"], ["g", "e"]])
def test_a_task_of_another_split_is_unknown(tmp_path: Path, tasks: list[str]) -> None:
    with pytest.raises(UnknownNameError, match=r"task of split 'test'.*'e'"):
        hpo_gym.benchmark("random", toys.plain(), tasks=tasks, budget=1, seeds=1, out=tmp_path / "out")


@pytest.mark.long
def test_results_of_named_tasks_are_joined(tmp_path: Path, undrawn: None) -> None:
    folders = [tmp_path / name for name in "gh"]
    for folder in folders:
        hpo_gym.benchmark("random", toys.plain(), tasks=[folder.name], budget=1, seeds=1, out=folder)
    assert merge(folders, tmp_path / "both").cells == 6
    assert hpo_gym.Results.load(tmp_path / "both").curves["Plain"][0].tasks == ("g", "h")
    hpo_gym.benchmark("random", toys.plain(), tasks=1, budget=1, seeds=1, out=tmp_path / "one")
    with pytest.raises(InvalidValueError, match="must all name their tasks or all count them"):
        merge([folders[0], tmp_path / "one"], tmp_path / "no")


def test_reference_runs_have_a_number_of_tasks(tmp_path: Path) -> None:
    with pytest.raises(InvalidValueError, match="`with_reference` needs a number of `tasks`"):
        hpo_gym.benchmark("random", "SVM", tasks=["iris"], with_reference=True, out=tmp_path / "out")


@pytest.mark.parametrize(
    ("spec", "settings", "word"),
    [
        ("ga", "{}", "ga"),
        ("mine.py:Mine", "{}", "mine.py:Mine"),
        ("ga", '{"mu": 4}', ""),
        ("own:x", "{}", ""),
        ("saved:/home/me/x", '{"checksum": "1"}', "x"),
        ("saved:/home/me@work/x", '{"checksum": "1"}', "x"),
        ("saved:mine.py:Mine@/home/me/x", '{"checksum": "1"}', "mine.py:Mine@x"),
    ],
)
def test_an_entrant_has_the_word_by_which_the_command_line_takes_it(spec: str, settings: str, word: str) -> None:
    assert Entrant("x", spec, settings).word == word


def test_the_person_of_a_stored_plan_is_made_by_nobody() -> None:
    with pytest.raises(InvalidValueError, match="was an object of another process"):
        Entrant("person", "own:person").make()
