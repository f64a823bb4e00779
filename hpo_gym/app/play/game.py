"""A game: a person tunes a task, and what was chosen is stored beside the controls, as a comparison of `hpo-gym bench`.

A choice is on the disk before it is evaluated, so a stopped game goes on where it was. The controls run at its end.
"""

from __future__ import annotations

import functools
import json
import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from hpo_gym.app.play.person import Person
from hpo_gym.app.play.race import first_task
from hpo_gym.app.play.scale import shown_score
from hpo_gym.app.play.talk import Talk
from hpo_gym.base import DamagedDataError, InvalidValueError, SplitError
from hpo_gym.bench import (
    MADE,
    BenchPlan,
    Entrant,
    Protocol,
    Results,
    StoredPlan,
    counted,
    entrants_of,
    load_suites,
    opened,
    provenance,
    run_alone,
)
from hpo_gym.optimize import OPTIMIZERS, OWN
from hpo_gym.problem import BEST, LAST, MEAN, Budget, Query, Suite
from hpo_gym.system import Column, Sheet, Store, run

BUDGET = 10
"""Full evaluations, where neither the person nor the suite says otherwise."""
AGAINST = ("random",)  # who runs beside the two controls of every comparison
COUNTED = {BEST: "the best trial", LAST: "the last trial", MEAN: "the mean of all trials"}
"""What of a run counts (`Task.counts`), in words."""
_CHOICES = "choices"


@dataclass(frozen=True)
class Game:
    """A game: a suite, a task, a budget and a player.

    Attributes:
        suite: What loads it: a registered name or a folder.
        task: A validation or a test task; None: one that the seed draws among those of validation.
        seed: Of the task that is drawn, and of what is offered.
        budget: Full evaluations; None: the suite's own, else 10.
        name: Of the person in the results.
    """

    suite: str
    task: str | None = None
    seed: int | None = None
    budget: int | None = None
    name: str | None = None

    def play(self, out: str | Path, talk: Talk, *, resume: bool = False) -> Results:
        """Let a person play, or go on, and write the results as `benchmark` does.

        Raises:
            InvalidValueError: `out` holds other results, or any without `resume`, or the suite has none to be played.
            SplitError: The task is one of meta-train, which the controls know.
            KeyboardInterrupt: The person stopped; what was chosen is stored.
        """
        folder = Path(out)
        path = folder / "store.sqlite"
        if path.exists() and not resume:
            raise InvalidValueError(
                f"`out` must be a new folder, {folder} holds results: `--resume` goes on with a game, `--out` names "
                "another folder."
            )
        suites, live = load_suites(self.suite, folder)
        (suite,) = suites.values()
        if live or suite.kind == "live":
            raise InvalidValueError(f"{suite.name!r} runs code of yours: `hpo-gym tune` is for that.")
        stored = _stored(path)
        if stored is not None and stored.suites != StoredPlan.of(stored.protocol, (), suites, folder).suites:
            raise InvalidValueError(
                f"`--resume` must keep the suite of the game, {[*stored.suites]}, got {self.suite!r}."
            )
        game = self._decided(suite, None if stored is None else _game(stored, folder))
        plan = BenchPlan(game._protocol(suite), [game.entrant, *entrants_of(AGAINST)], suites, folder)
        folder.mkdir(parents=True, exist_ok=True)
        with Store(path) as store:
            store.meta_set("plan", plan.stored().text())
            store.meta_set(MADE, json.dumps(provenance()))
            game._play(plan, store, talk)
            plan.carry_out(store, functools.partial(run, engine="serial"), lambda done, total, what: None)
            results = Results.of(plan, store)
            results.write()
        return results

    @property
    def entrant(self) -> Entrant:
        """The person in a comparison."""
        return Entrant(str(self.name), f"{OWN}{self.name}", json.dumps({"seed": self.seed}), remembers="")

    def _protocol(self, suite: Suite) -> Protocol:
        task = suite.task(str(self.task))
        split = suite.split(task)
        if split not in ("val", "test"):
            known = "a meta-train task, which the controls know" if split == "train" else "in no split"
            raise SplitError(f"`task` must be of validation or test, {task.name!r} is {known}.")
        return Protocol(split, budget=Budget.of(self.budget or 0), seeds=1, tasks=(task.name,))

    def _decided(self, suite: Suite, stored: Game | None) -> Game:
        """All that is not said: as in the game that is gone on with, else by default."""
        if stored is not None:
            mine = {"suite": None, "task": self.task, "seed": self.seed, "budget": self.budget, "name": self.name}
            for what, value in mine.items():
                if value is not None and value != getattr(stored, what):
                    raise InvalidValueError(
                        f"`--resume` must keep `{what}={getattr(stored, what)!r}` of the game, got {value!r}."
                    )
            return replace(stored, suite=self.suite)
        seed, name = self.seed or 0, "person" if self.name is None else self.name
        if name in OPTIMIZERS.entries() or not name.isprintable() or not 1 <= len(name.strip()) <= 40:
            raise InvalidValueError(
                f"`--name` must be a name of 1 to 40 characters that no optimizer has, got {name!r}."
            )
        budget = int(suite.env.get("budget", BUDGET)) if self.budget is None else self.budget
        return Game(self.suite, self.task or first_task(suite, seed), seed, budget, name)

    def _play(self, plan: BenchPlan, store: Store, talk: Talk) -> None:
        """Ask until the run is over, and store it; nothing of one that is stored already."""
        ((spec, suite),) = plan.suites.items()
        (cell,) = plan.cells(spec)
        if plan.key(cell, self.entrant) in store.cells():
            return
        made = _choices(store)
        self._begin(suite, talk, len(made))
        keep = functools.partial(_keep, store)
        person = Person(talk, int(self.seed or 0), made, keep)
        done = run_alone(person, suite, plan.work(spec, self.entrant, cell.fold, 0, [cell]), cell)
        plan.put(store, self.entrant, [done])

    def _begin(self, suite: Suite, talk: Talk, made: int) -> None:
        about: object = suite.about.get("score", {})
        score = about.get("name", "score") if isinstance(about, Mapping) else "score"
        title = suite.about.get("title", suite.name)
        task, budget = suite.task(str(self.task)), counted(self.budget or 0, "evaluation")
        talk.say(f"{title}: task {task.name} of {suite.name}. You choose; the budget is {budget}.")
        talk.say(f"Score: {score}. Higher is better; {COUNTED[task.counts]} counts.")
        if suite.split(task) == "test":
            talk.say("This is a test task: what is chosen after a look at it is chosen on test data.")
        if made:
            talk.say(f"Going on after {counted(made, 'trial')}:")


# ---------------------------------------------------------------------- what is stored beside the cells
def _stored(path: Path) -> StoredPlan | None:
    """Return the plan in a store; None if it is still empty."""
    if not path.exists():
        return None
    with Store(path) as store:
        return None if store.meta_get("plan") is None else StoredPlan.read(store)


def _game(plan: StoredPlan, folder: Path) -> Game:
    """Return the game of a plan; raise `InvalidValueError` where nobody plays."""
    first, protocol = plan.entrants[0], plan.protocol
    if first.spec != f"{OWN}{first.name}" or not isinstance(protocol.tasks, tuple):
        raise InvalidValueError(f"`out` must hold a game to be gone on with, {folder} holds a comparison.")
    (place,) = plan.suites
    seed = json.loads(first.settings).get("seed", 0)
    return Game(place, protocol.tasks[0], seed, protocol.budget.points, first.name)


def _choices(store: Store) -> list[Query]:
    text = store.meta_get(_CHOICES)
    try:
        return [Query(one["config"], one["fidelity"]) for one in json.loads(text or "[]")]
    except (KeyError, TypeError, ValueError) as fault:
        raise DamagedDataError(f"{store.path} must hold what was chosen, it is damaged: {fault!r}.") from fault


def _keep(store: Store, queries: Sequence[Query]) -> None:
    store.meta_set(_CHOICES, json.dumps([{"config": dict(q.config), "fidelity": q.fidelity} for q in queries]))


# ---------------------------------------------------------------------- how it ended
def sheet(results: Results) -> Sheet:
    """Return the final standings: the person first, then the others by final regret."""
    (curves,) = results.validation.values()
    with opened(results.folder) as (plan, store):
        ((spec, suite),) = plan.suites.items()
        (cell,) = plan.cells(spec)
        records = {e.name: store.get(plan.key(cell, e)) for e in plan.entrants}
    ends = {n: float(r.arrays["incumbent"][-1]) for n, r in records.items() if r is not None and r.status == "done"}
    rows = [(c.optimizer, float(c.filled[0, 0, -1]), float(c.filled[0, 0].mean())) for c in curves]
    rows = [rows[0], *sorted(rows[1:], key=lambda row: row[1:])]
    task, n = suite.task(curves[0].tasks[0]), curves[0].regret.shape[-1]
    true = ", at full fidelity and without noise" if task.counts == BEST else ""
    return Sheet(
        f"{suite.name}, {task.name}: after {counted(n, 'evaluation')}",
        [
            Column("who", [name for name, _, _ in rows]),
            Column("score", [shown_score(ends.get(name, math.nan)) for name, _, _ in rows], 1, right=True),
            Column("regret", [shown_score(last) for _, last, _ in rows], right=True),
            Column("mean regret", [shown_score(mean) for _, _, mean in rows], 2, right=True),
        ],
        f"Score: of {COUNTED[task.counts]}{true}. Regret: 0 is the best of the task, 1 the worst; the mean is over "
        "evaluations. One run of one task is luck.",
    )
