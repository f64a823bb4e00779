"""Tables taught by a random network: clean labels and more columns on real rows, for recipes that ask for them.

Real tables of a few hundred rows are noisy; networks of users are often trained on many clean ones. A controller that
is made for both needs both. These labels are invented, so no suite judges by them unless it is told to.
"""

from __future__ import annotations

import numpy as np

from hpo_gym.base import Floats, Keys, Singles, seeding
from hpo_gym.suites.tasks.fits.keyed import uniforms
from hpo_gym.suites.tasks.fits.tables import FitTable

TAUGHT = 24
"""The purpose of random numbers."""
ROWS, COLUMNS, CLASSES, UNITS = 5120, 64, 10, 32
"""Rows of a taught table, and the most columns, classes, and units of its teacher."""
CLEAREST = 0.6
"""The largest share of rows, those between classes, that is left out."""


def taught(key: Keys, of: FitTable) -> FitTable:
    """Return a table with inputs between pairs of rows of another, further columns of them, and a teacher's labels.

    Columns are up to 64: those of the table, and tanh of random sums of them. The teacher is a network of one layer; of
    its classes each has about as many rows. Rows on which it is least sure are left out, a share drawn by the key.

    Args:
        key: Of all that is random, ``(1,)``.
        of: The table.
    """
    u = uniforms(key, TAUGHT, 5)[0]
    rng = seeding.generator(int(seeding.mix(key, TAUGHT)[0]))
    z = _between(of.x, round(ROWS / (1 - CLEAREST * u[0])), rng)
    more = round(z.shape[1] * (COLUMNS / z.shape[1]) ** u[1]) - z.shape[1]
    x = _scaled(np.concatenate([z, np.tanh(z @ _weights(z.shape[1], max(more, 0), rng))], 1))
    classes, units = int(2 * (CLASSES / 2 + 0.5) ** u[2]), round(2 * (UNITS / 2) ** u[3])
    gain = 0.5 + 1.5 * u[4]
    sure = _scaled(np.tanh(gain * x @ _weights(x.shape[1], units, rng)) @ _weights(units, classes, rng))
    order = np.sort(sure, 1)
    clear = np.sort(np.argsort(order[:, -2] - order[:, -1], kind="stable")[:ROWS])
    return FitTable(_scaled(x[clear]).astype(np.float32), sure[clear].argmax(1), classes)


def _between(x: Singles, count: int, rng: np.random.Generator) -> Floats:
    """Return rows between random pairs of rows, nearer to the first."""
    one, other = rng.integers(len(x), size=(2, count))
    share = rng.uniform(0, 0.5, (count, 1))
    return np.asarray((1 - share) * x[one] + share * x[other], np.float64)


def _weights(inputs: int, outputs: int, rng: np.random.Generator) -> Floats:
    return np.asarray(rng.standard_normal((inputs, outputs)) / np.sqrt(inputs))


def _scaled(x: Floats) -> Floats:
    """Return columns of mean 0 and spread 1; constant ones of spread 0."""
    spread = x.std(0)
    return np.asarray((x - x.mean(0)) / np.where(spread > 0, spread, 1.0))
