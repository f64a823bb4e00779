"""A person as an optimizer: `ask` is a question in the terminal."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import numpy as np

from hpo_gym.app.play.offers import Offer, Offers, difference, range_of, typed
from hpo_gym.app.play.scale import shown_score
from hpo_gym.app.play.talk import Talk
from hpo_gym.base import HPOGymError, InvalidValueError
from hpo_gym.env import short
from hpo_gym.optimize import Context
from hpo_gym.problem import History, Hyperparameter, Points, Query, Status, Trial, payable

HELP = """
A number takes that configuration of the list.
e enters one, hyperparameter by hyperparameter.
h shows what was tried.
r shows the ranges of all hyperparameters.
q ends the run; what is left of the budget is not used.
Ctrl-C stops for now; --resume goes on.
A trial cannot be undone: its evaluation is spent.
""".strip()
ENTERING = (
    "Enter keeps what stands in brackets, ? shows the range, b goes back to the list: nothing is spent until the end."
)
_NO_UNDO = "A trial cannot be undone: its evaluation is spent."


class _Back(Exception):
    """The person goes back to the list."""


class Person:
    """Asks a person for each configuration.

    Args:
        made: What was chosen before, as it goes on after a stop: evaluated again, without a question.
        keep: Told of all that was chosen, before it is evaluated.
    """

    version = 1

    def __init__(
        self,
        talk: Talk,
        seed: int,
        made: Sequence[Query] = (),
        keep: Callable[[Sequence[Query]], None] = lambda all: None,
    ) -> None:
        self.settings = {"seed": seed}
        self._talk, self._seed, self._made, self._keep = talk, seed, list(made), keep

    def reset(self, context: Context, rng: np.random.Generator) -> None:
        self._context, self._trials = context, list[Trial]()
        self._offers = Offers(context, self._seed)
        self._queries = list[Query]()
        self._signals = dict(context.signals)
        if not self._made:
            self._help()

    def ask(self) -> Query | None:
        if len(self._queries) < len(self._made):
            query = self._made[len(self._queries)]
        else:
            chosen = self._asked()
            if chosen is None:
                return None
            query = chosen
            self._keep([*self._queries, query])
        self._queries.append(query)
        return query

    def tell(self, trial: Trial) -> None:
        best = History(tuple(self._trials)).incumbent
        self._trials.append(trial)
        self._signals = dict(trial.signals)
        self._talk.say(self._outcome(trial, best))
        moved = difference(self._queries[-1].config, trial.config)
        if moved:
            self._talk.say(f"The table has no such row; the nearest was evaluated, with {moved}.")

    # ------------------------------------------------------------------ a question
    def _asked(self) -> Query | None:
        """Ask for the next choice; None ends the run."""
        say = self._talk.say
        offers = self._offers.now(self._trials, self._base())
        say()
        say(self._standing())
        self._list(offers)
        while True:
            answer = self._talk.ask("Number, e, h, r, ? or q:")
            try:
                if answer.isascii() and answer.isdigit():
                    return self._query(self._numbered(offers, int(answer[:6])).config)
                match answer.lower():
                    case "e" | "enter":
                        return self._query(self._entered())
                    case "q" | "quit":
                        if self._talk.agrees(f"Evaluations left: {self._left:.3g}. End the run?"):
                            return None
                    case "h" | "history":
                        self._history()
                    case "r" | "ranges":
                        for h in self._context.space.hyperparameters:
                            say(f"{h.name}: {range_of(h)}")
                    case "?" | "help":
                        self._help()
                    case "u" | "undo":
                        say(_NO_UNDO)
                    case "":
                        self._list(offers)
                    case _:
                        say(f"`{answer[:40]}` is none of them: a number of the list, e, h, r, ? or q.")
            except _Back:
                self._list(offers)
            except HPOGymError as fault:
                say(str(fault))

    def _numbered(self, offers: Sequence[Offer], number: int) -> Offer:
        if not 1 <= number <= len(offers):
            near = min(max(number, 1), len(offers))
            raise InvalidValueError(f"A number from 1 to {len(offers)} is needed, got {number}; the nearest is {near}.")
        return offers[number - 1]

    def _query(self, config: Mapping[str, Any]) -> Query:
        levels = self._context.fidelities
        paid = levels[: payable(levels, self._left) + 1]
        self._context.space.to_unit(config)  # refuses what the space has not, before it is stored
        if len(paid) == 1:
            return Query(dict(config), paid[0])
        numbers = tuple(float(short(level)) for level in paid)
        asked = Hyperparameter("fidelity", "ordinal", 0, len(paid) - 1, False, numbers, numbers[-1])
        return Query(dict(config), paid[numbers.index(self._value(asked, numbers[-1]))])

    @property
    def _left(self) -> float:
        """Return the rest of the budget, in full evaluations."""
        return self._context.budget - sum(t.fidelity for t in self._trials)

    # ------------------------------------------------------------------ entering
    def _entered(self) -> Mapping[str, Any]:
        """Ask for a configuration value by value: parents first, active ones only."""
        self._talk.say(ENTERING)
        space, base = self._context.space, self._base()
        x: Points = np.array(space.default_x if base is None else space.to_unit(base.config))
        while True:
            known = np.zeros(space.d, bool) if base is None else space.active(x[None])[0]
            for level in space.layers:
                for j in level:
                    h = space.hyperparameters[j]
                    if not space.active(x[None])[0][j]:
                        continue
                    held = x[j] if known[j] else h.units(np.array([h.position(h.default)]))[0]
                    now = h.values(h.numbers(np.array([held])))[0]
                    value = now if h.size == 1 else self._value(h, now)
                    x[j] = held if value == now else h.units(np.array([h.position(value)]))[0]
            x = space.snap(x[None])[0]
            if space.legal(x[None])[0]:
                return space.from_unit(x)
            self._talk.say("The space forbids this combination. Change one of its values:")

    def _value(self, h: Hyperparameter, now: object) -> Any:
        """Ask for a value; commands work unless a choice has exactly their name."""
        while True:
            answer = self._talk.ask(f"{h.name} ({range_of(h)}) [{short(now)}]:")
            if answer == "":
                return now
            match "" if answer in map(str, h.choices) else answer.lower():
                case "b" | "back" | "q":
                    raise _Back
                case "?":
                    self._talk.say(f"{h.name}: {range_of(h)}; its default is {short(h.default)}.")
                case "u" | "undo":
                    self._talk.say(f"{_NO_UNDO} b goes back to the list.")
                case _:
                    try:
                        return typed(h, answer)
                    except InvalidValueError as fault:
                        self._talk.say(str(fault))

    # ------------------------------------------------------------------ what is said
    def _base(self) -> Trial | None:
        """Return the trial to step from: the best, or the last if trials build on each other."""
        if self._signals and self._trials:
            return self._trials[-1]
        return History(tuple(self._trials)).incumbent

    def _standing(self) -> str:
        budget, spent = self._context.budget, sum(t.fidelity for t in self._trials)
        text = f"Trial {len(self._trials) + 1}; evaluations spent: {spent:.3g} of {budget:g}."
        best = History(tuple(self._trials)).incumbent
        if best is not None:
            text += f" Best score {shown_score(best.score)}."
        if self._signals:
            text += " Seen: " + " ".join(f"{name}={short(value)}" for name, value in self._signals.items()) + "."
        return text

    def _list(self, offers: Sequence[Offer]) -> None:
        for number, offer in enumerate(offers, 1):
            of = "last" if self._signals else "best"
            text = f"the {of} with {offer.changed}" if offer.why == "step" else f"{offer.why}: {_words(offer.config)}"
            self._talk.say(f"{number:>2}  {text}", hang=4)

    def _outcome(self, trial: Trial, best: Trial | None) -> str:
        number = len(self._trials)
        if trial.status is not Status.OK:
            return f"Trial {number} failed ({trial.status.label}); it counts as {shown_score(trial.score)}."
        news = ""
        if best is not None:
            is_best = History(tuple(self._trials)).incumbent is trial
            news = f"{', the best so far (before' if is_best else ' (best'}: {shown_score(best.score)})"
        at = f" at fidelity {short(trial.fidelity)}" if trial.fidelity < 1 else ""
        there = [o.name for o in self._context.objectives if o.name in trial.objectives]
        further = "".join(f", {name} {short(trial.objectives[name])}" for name in there)
        return f"Trial {number}: score {shown_score(trial.score)}{at}{news}{further}."

    def _help(self) -> None:
        for line in HELP.splitlines():
            self._talk.say(line)
        if len(self._context.fidelities) > 1:
            self._talk.say(
                "The fidelity of a trial is the share of a full evaluation that it costs. "
                "What counts is the best trial at the highest fidelity tried."
            )

    def _history(self) -> None:
        history = History(tuple(self._trials))
        if not history:
            self._talk.say("Nothing was tried yet.")
        for i, trial in enumerate(history):
            mark = "*" if history.incumbents[-1] == i else " "
            level = f" at {short(trial.fidelity)}" if trial.fidelity < 1 else ""
            self._talk.say(f"{i + 1:>3} {mark} {shown_score(trial.score)}{level}  {_words(trial.config)}", hang=6)


def _words(config: Mapping[str, Any]) -> str:
    return " ".join(f"{name}={short(value)}" for name, value in config.items())
