"""Tasks that are actor-critics in training: learning rate and action noise are set before each stage."""
