"""Language models that grow: texts, grammars, a small transformer over characters, and its training."""
