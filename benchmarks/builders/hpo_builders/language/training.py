"""Train one transformer on a text, for a number of characters, and measure what it has learned.

A training is a function of text, size, configuration and seed alone: one thread, and every draw by key.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any

import numpy as np

from hpo_builders.language.shape import Shape, Size, fitted
from hpo_builders.language.texts import BLOCK, Codes, Text
from hpo_builders.language.transformer import Options, Transformer
from hpo_builders.language.updates import optimizer, rates
from hpo_gym.base import generator, key


class Diverged(Exception):
    """A loss or a weight is not finite."""


def shape_of(size: Size, config: Mapping[str, Any]) -> Shape:
    """Width, blocks and hidden units of a configuration at a size."""
    return fitted(size.weights, config["width_to_depth"])


def options_of(text: Text, config: Mapping[str, Any]) -> Options:
    """Return the transformer's other settings for a text."""
    return Options(
        len(text.alphabet),
        config["context"],
        heads=config["heads"],
        tied=config["tied"],
        learned=config["positions"] == "learned",
        pre=config["normalization"] == "pre",
        dropout=config["dropout"],
        spread=config["initial_spread"],
    )


def trained(text: Text, size: Size, config: Mapping[str, Any], seed: int) -> Transformer:
    """Train a transformer on windows of its context's length, drawn anywhere in the pieces.

    Raises:
        Diverged: The loss of a batch or a weight is not finite.
    """
    import torch
    from torch.nn import functional

    weights = generator(key("LM", "weights", seed, size.weights))
    model = Transformer(shape_of(size, config), options_of(text, config), weights)
    context, rows = config["context"], config["batch_size"] // config["context"]
    steps = size.characters // config["batch_size"]
    windows = torch.from_numpy(drawn(text.pieces, context, steps * rows, seed).astype(np.int64))
    thinner = generator(key("LM", "dropout", seed, size.weights))
    update = optimizer(model.parameters, model.decayed, config)
    for batch, rate in zip(torch.split(windows, rows), rates(config, steps), strict=True):
        scores = model(batch[:, :-1], thinner)
        loss = functional.cross_entropy(scores.flatten(0, 1), batch[:, 1:].flatten())
        if not loss.isfinite():
            raise Diverged
        with torch.no_grad():
            update(model.gradient(loss), rate)
    if not model.parameters.isfinite().all():
        raise Diverged
    return model


def drawn(pieces: Codes, context: int, count: int, seed: int) -> Codes:
    """Windows of `context` + 1 symbols that lie in one piece, ``(count, context + 1)``."""
    rng = generator(key("LM", "windows", seed, context))
    piece = rng.integers(len(pieces), size=count)
    start = rng.integers(pieces.shape[1] - context, size=count)
    found: Codes = pieces[piece[:, None], start[:, None] + np.arange(context + 1)]
    return found


def bits(model: Transformer, blocks: Codes) -> float:
    """Mean bits per predicted symbol of held-out blocks ``(b, 1025)``, in windows of the model's context side by side.

    Raises:
        Diverged: The mean is not finite.
    """
    import torch
    from torch.nn import functional

    context = model.options.context
    windows, targets = (
        torch.split(torch.from_numpy(part.reshape(-1, context).astype(np.int64)), 4 * BLOCK // context)
        for part in (blocks[:, :-1], blocks[:, 1:])
    )
    total = 0.0
    with torch.no_grad():
        for x, y in zip(windows, targets, strict=True):
            total += float(functional.cross_entropy(model(x).flatten(0, 1), y.flatten(), reduction="sum"))
    found = total / (len(blocks) * BLOCK) / math.log(2)
    if not math.isfinite(found):
        raise Diverged
    return found


def saved(found: float, symbols: int) -> float:
    """Return the share of a uniform guess's bits that a model saves: 1 - bits / log2(symbols), at least -1."""
    return max(-1.0, 1 - found / math.log2(symbols))
