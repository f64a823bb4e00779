"""An agent of ``cmd:python client_greedy.py`` and `hpo-gym serve --stdio`: it changes the best configuration.

It needs nothing but Python: a message is a line of JSON, and so is an answer. The same seed gives the same choices.
"""

import json
import math
import random
import sys


class Greedy:
    """Start at the default configuration, then change one or two values of the best one."""

    def reset(self, message):
        self.rng = random.Random(message["seed"])
        self.space = {h["name"]: h for h in message["space"]}
        self.fixed = any("when" in h for h in self.space.values())  # a choice may decide what else is there
        self.best, self.score = None, -math.inf

    def trial(self, message):
        if message["status"] == "ok" and message["fidelity"] == 1.0 and message["score"] > self.score:
            self.best, self.score = message["config"], message["score"]

    def ask(self, message):
        if self.best is None:
            return {"trial": message["trial"], "config": self.first(message)}
        config = dict(self.best)
        for name in self.rng.sample(sorted(config), min(len(config), self.rng.choice([1, 2]))):
            config[name] = self.changed(self.space[name], config[name])
        return {"trial": message["trial"], "config": config}

    def first(self, message):
        """Return the configuration that ends the text, or the defaults."""
        text = message.get("text", "")
        at = text.rfind('{"config"')
        if at >= 0:
            return json.JSONDecoder().raw_decode(text[at:])[0]["config"]
        return {name: h["default"] for name, h in self.space.items()}

    def changed(self, h, value):
        """Return another value of a hyperparameter."""
        if h["kind"] not in ("float", "int"):
            return value if self.fixed else self.rng.choice(h["values"])
        low, high = h["values"]
        a, b, x = (math.log(v) if h["log"] else v for v in (low, high, value))
        x = min(max(x + self.rng.gauss(0.0, 0.2) * (b - a), a), b)
        value = min(max(math.exp(x) if h["log"] else x, low), high)
        return round(value) if h["kind"] == "int" else value


def main(agent, answers=lambda answer: json.dumps(answer)):
    """Answer messages until the last one."""
    for line in sys.stdin:
        message = json.loads(line)
        kind = message["type"]
        if kind == "bye":
            return
        if kind in ("reset", "trial"):
            getattr(agent, kind)(message)
        if kind == "ask":
            print(answers(agent.ask(message)), flush=True)


if __name__ == "__main__":
    main(Greedy())
