"""An agent with a language model behind it: any API of chat completions, over hpo-gym/1 on standard input and output.

    export CHAT_URL=http://127.0.0.1:8080/v1/chat/completions CHAT_MODEL=my-model CHAT_KEY=my-key
    hpo-gym bench --suite SVM --tasks 2 --seeds 1 --optimizers "cmd:python chat_agent.py"

The model gets the latest text alone, which has the whole run in it, so a long run costs no more than a short one.
"""

from __future__ import annotations

import json
import os
import sys
import time
import urllib.error
import urllib.request
from http.client import HTTPException
from typing import Any

URL = os.environ.get("CHAT_URL", "http://127.0.0.1:8080/v1/chat/completions")
MODEL = os.environ.get("CHAT_MODEL", "default")
KEY = os.environ.get("CHAT_KEY", "")
SECONDS = float(os.environ.get("CHAT_SECONDS", "50"))
"""For an answer, all attempts together."""
SYSTEM = "You tune the hyperparameters of a learning algorithm. Think briefly, then answer with one JSON object."
WAIT, MOST = 0.5, 8.0  # seconds before the second attempt, doubled until MOST
LATER = (408, 409, 425, 429)  # refusals that may pass; others of 400 to 499 will not


def words_of(text: str, seed: int, until: float) -> str:
    """Return the model's words; try again until the time is up, then return none, which costs a trial."""
    said = {
        "model": MODEL, "temperature": 0, "seed": seed,
        "messages": [{"role": "system", "content": SYSTEM}, {"role": "user", "content": text}],
    }  # fmt: skip
    head = {"Content-Type": "application/json"} | ({"Authorization": f"Bearer {KEY}"} if KEY else {})
    wait = WAIT
    while (left := until - time.monotonic()) > 0:
        try:
            request = urllib.request.Request(URL, json.dumps(said).encode(), head)
            with urllib.request.urlopen(request, timeout=left) as answer:
                return str(json.load(answer)["choices"][0]["message"]["content"])
        except (OSError, HTTPException, ValueError, LookupError, TypeError) as fault:
            print(f"chat_agent: {type(fault).__name__}: {fault}", file=sys.stderr)
            code = fault.code if isinstance(fault, urllib.error.HTTPError) else 0
            if 400 <= code < 500 and code not in LATER:
                sys.exit(1)
            time.sleep(max(0.0, min(wait, until - time.monotonic())))
            wait = min(2 * wait, MOST)
    return ""


def main() -> None:
    """Answer each question of the standard input."""
    seed = 0
    for line in sys.stdin:
        message: dict[str, Any] = json.loads(line)
        if message["type"] == "reset":
            seed = message["seed"] or 0
        elif message["type"] == "ask":
            words = words_of(message["text"], seed, time.monotonic() + SECONDS)
            print(json.dumps({"trial": message["trial"], "text": words}), flush=True)


if __name__ == "__main__":
    main()
