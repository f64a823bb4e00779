"""Surrogate tasks: a model of a table that answers at every point of the search space."""
