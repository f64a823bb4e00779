"""Optimizers that are trained, and the files of what they learned."""
