"""`client_greedy.py` as a language model would be: it talks around its answers, and some of them are none.

Of seven answers, one is garbage and one leaves the space; each costs a trial, and the next message says why.
"""

import json

from client_greedy import Greedy, main


class Noisy(Greedy):
    """Answer as `Greedy`, not always to the point."""

    def ask(self, message):
        answer, turn = super().ask(message), message["trial"] % 7
        if turn == 3:
            return "Let me think about it."
        if turn == 5:
            return {"config": {**answer["config"], min(answer["config"]): 1e300}}
        if turn == 0:
            answer.pop("trial")
            return f"I would try this next:\n{json.dumps(answer)}\nsince it is close to the best."
        return answer


def words(answer):
    """Return an answer as one line: plain words as they are, several lines of them as ``{"text": ..}``."""
    several = isinstance(answer, dict) or "\n" in answer
    return json.dumps({"text": answer} if isinstance(answer, str) else answer) if several else answer


if __name__ == "__main__":
    main(Noisy(), words)
