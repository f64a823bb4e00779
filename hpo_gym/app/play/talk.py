"""A talk with a person: lines that fit the terminal, and answers, typed or from a pipe."""

from __future__ import annotations

import sys
from dataclasses import dataclass

from hpo_gym.system import folded


@dataclass
class Talk:
    """Says and asks.

    Attributes:
        width: Of lines, in characters; None: they are not folded.
    """

    width: int | None = 80

    def say(self, text: str = "", hang: int = 2) -> None:
        """Print a paragraph; lines after its first begin `hang` further right."""
        print(folded(text, self.width, 0, hang) if text else "", flush=True)

    def ask(self, question: str) -> str:
        """Ask a question; return the answer, stripped; `KeyboardInterrupt` at the end of the input, or by Ctrl-C."""
        *above, last = folded(question, self.width).splitlines()
        for line in above:
            print(line)
        print(last, end=" ", flush=True)
        try:
            answer = input()
        except (EOFError, KeyboardInterrupt):
            print()
            raise KeyboardInterrupt from None
        if not sys.stdin.isatty():
            print(answer)  # so that what was asked and answered can be read afterwards
        return answer.strip()

    def agrees(self, question: str) -> bool:
        """Ask until the answer is yes or no; return whether it is yes."""
        while True:
            match self.ask(f"{question} y or n:").lower():
                case "y" | "yes":
                    return True
                case "n" | "no":
                    return False
            self.say("Answer y or n.")
