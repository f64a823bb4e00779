"""The first calls of a process, for `first_calls.py`: prints CPU seconds and MB as JSON.

    python first_call.py SUITE

`import` is the import of the package, or, where SUITE is CartPole-v1, that of Gymnasium alone.
"""

import gc
import sys
import time

FOUND: dict[str, float] = {}


def timed(name: str, start: float) -> None:
    """Keep the CPU seconds since `start`."""
    FOUND[name] = time.process_time() - start


def anchor() -> None:
    """Gymnasium and its CartPole-v1."""
    start = time.process_time()
    import gymnasium

    env = gymnasium.make("CartPole-v1")
    env.reset(seed=0)
    for _ in range(1000):
        env.step(0)
        env.reset()
    timed("all", start)


def _fresh() -> float:
    """The clock, after a collection: whose calls the garbage of those before is charged to would else be chance."""
    gc.collect()
    return time.process_time()


def ours(suite: str) -> None:
    """The package and the default env of one suite."""
    start = time.process_time()
    import hpo_gym

    timed("import", start)
    import gymnasium

    start = _fresh()
    env = gymnasium.make(f"hpo_gym/{suite}-v0")
    timed("first make", start)
    env.reset(seed=0)
    action = env.action_space.sample()
    start = _fresh()
    env.step(action)
    timed("first step", start)
    start = _fresh()
    gymnasium.make(f"hpo_gym/{suite}-v0")
    timed("second make", start)
    start = _fresh()
    many = hpo_gym.HPOVectorEnv(1024, suite)
    many.reset(seed=0)
    many.step(many.action_space.sample())
    timed("1,024 runs", start)


if __name__ == "__main__":
    anchor() if sys.argv[1] == "CartPole-v1" else ours(sys.argv[1])
    import json

    from fresh import megabytes

    print(json.dumps(FOUND | {"MB": megabytes("VmHWM")}))
