"""The search space of the suite `Control`: an algorithm, what it is set by, and what its policies are."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from ConfigSpace import ConfigurationSpace

ALGORITHMS = ("ppo", "reinforce", "es", "q")


def config_space() -> ConfigurationSpace:
    """Return the search space, 34 columns, of which 8 to 13 are active; its default is PPO with the usual settings."""
    from ConfigSpace import CategoricalHyperparameter as Choice
    from ConfigSpace import ConfigurationSpace, EqualsCondition, InCondition
    from ConfigSpace import OrdinalHyperparameter as Ordinal
    from ConfigSpace import UniformFloatHyperparameter as Float
    from ConfigSpace import UniformIntegerHyperparameter as Integer

    def rate(name: str, low: float, high: float, default: float) -> Float:
        return Float(name, low, high, default_value=default, log=True)

    algorithm = Choice("algorithm", list(ALGORITHMS), default_value="ppo")
    observations = Choice("observations", ["raw", "standard"], default_value="standard")
    horizon = Float("horizon", 3, 300, default_value=100, log=True, meta={"unit": "steps, 1 / (1 - discount)"})
    hidden = Ordinal("hidden", [0, 8, 16], default_value=16)
    features = Choice("q:features", ["tiles", "rbf"], default_value="tiles")
    of = {
        "ppo": [
            rate("ppo:learning_rate", 1e-4, 0.1, 3e-4), Ordinal("ppo:envs", [32, 64], default_value=32),
            Ordinal("ppo:steps", [25, 50, 100], default_value=50), Integer("ppo:epochs", 1, 10, default_value=10),
            Ordinal("ppo:minibatches", [1, 2, 4], default_value=4), rate("ppo:clip", 0.05, 0.8, 0.2),
            Float("ppo:gae_lambda", 0.5, 1.0, default_value=0.95), rate("ppo:entropy", 1e-4, 0.1, 0.01),
            Choice("ppo:normalize", [True, False], default_value=True),
        ],
        "reinforce": [
            rate("reinforce:learning_rate", 1e-3, 1.0, 0.01),
            Ordinal("reinforce:episodes", [16, 32, 64], default_value=16),
            Choice("reinforce:baseline", ["none", "step", "critic"], default_value="none"),
            Choice("reinforce:normalize", [True, False], default_value=True),
            rate("reinforce:entropy", 1e-4, 0.1, 0.01),
        ],
        "es": [
            rate("es:learning_rate", 1e-3, 3.0, 0.01), rate("es:sigma", 0.01, 3.0, 0.02),
            Ordinal("es:pairs", [8, 16, 32], default_value=16), Ordinal("es:episodes", [1, 2], default_value=1),
            Choice("es:shaping", ["ranks", "standard"], default_value="ranks"),
        ],
        "q": [
            rate("q:learning_rate", 0.03, 2.0, 0.1), rate("q:epsilon", 0.01, 0.5, 0.05),
            Float("q:decay", 0.05, 1.0, default_value=0.1), Float("q:lambda", 0.0, 1.0, default_value=0.0),
            Float("q:optimism", 0.0, 1.0, default_value=0.0), Ordinal("q:sweeps", [1, 2], default_value=1), features,
        ],
    }  # fmt: skip
    tiles = [Ordinal("tiles:tilings", [1, 2, 4, 8], default_value=8), Integer("tiles:bins", 2, 12, default_value=8)]
    rbf = [Ordinal("rbf:count", [32, 64, 128], default_value=128), rate("rbf:width", 0.3, 10, 1.0)]
    space = ConfigurationSpace(name="Control")
    space.add(algorithm, observations, horizon, hidden, *(h for each in of.values() for h in each), *tiles, *rbf)
    space.add(
        InCondition(horizon, algorithm, ["ppo", "reinforce", "q"]),
        InCondition(hidden, algorithm, ["ppo", "reinforce", "es"]),
        *(EqualsCondition(h, algorithm, name) for name, each in of.items() for h in each),
        *(EqualsCondition(h, features, "tiles") for h in tiles),
        *(EqualsCondition(h, features, "rbf") for h in rbf),
    )
    return space
