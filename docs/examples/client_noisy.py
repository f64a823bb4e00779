"""`client_greedy.py` as a language model would be: it talks around its answers, and some of them are none.

Of seven answers, one is garbage and one leaves the space; each costs a trial, and the next message says why.
"""

import json

from client_greedy import Greedy, main


class Noisy(Greedy):
    def ask(self, message):
        answer, turn = super().ask(message), message["trial"] % 7
        if turn == 3:
            return "Let me think about it."
        if turn == 5:
            name = min(answer["config"])
            return json.dumps({"config": {**answer["config"], name: 1e300}})
        return f"I would try this next:\\n{json.dumps(answer)}, since it is close to the best." if turn == 0 else answer


def words(answer):
    """Return one line: plain words as they are, or as ``{"text": ..}``."""
    return json.dumps(answer if isinstance(answer, dict) else {"text": answer})


if __name__ == "__main__":
    main(Noisy(), words)
