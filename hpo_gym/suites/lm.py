"""The suite `LM`: character-level transformers of three sizes, trained for this package."""

from __future__ import annotations

from hpo_gym.base import DATA
from hpo_gym.problem import SUITES
from hpo_gym.suites.own.suite import TableSuite, load_folder


@SUITES.register("LM", kind="table")
def lm() -> TableSuite:
    """Tune a character-level transformer and its training for a text, with smaller transformers as fidelities.

    **Search space**: 17 columns: optimizer (adamw, sgd, lion) with `beta_2` or momentum, learning rate, schedule and
    the share of its warm-up, batch size and context in characters, weight decay, gradient clipping, width to depth,
    heads, dropout, spread of the first weights, tied embeddings, positions, and where blocks normalise. Three are
    conditional. Defaults are those of nanoGPT's example for a processor, where they fit.

    **Score**: share of a uniform guess's bits that the model saves on validation blocks, 1 - bits per character /
    log2(symbols), at least -1: 0 = uniform guess, 1 = no bit needed; .01 is about .06 bits of an alphabet of 64. Test
    score: of the same model at full fidelity, on later blocks of the text. **Cost**: processor seconds to train and
    validate. **Further objectives**: all trained weights; floating-point operations per further character.

    **Fidelity**: the size of the model: 5,000, 20,000 and 80,000 weights in its blocks, trained on 32,768, 49,152 and
    65,536 characters, each by itself.

    **Failures**: the loss or a weight is not finite.

    **Tasks**: parts of texts and languages by program, named by source and thousands of characters to learn from.

    **Best score**: the table's own maximum, so it is exact for the rows of the table.

    **Source**: our own training with torch; `suite.json` names the texts. How the table was made:
    `benchmarks/builders/hpo_builders/trained/lm.py`.
    """
    return load_folder(DATA / "LM")
