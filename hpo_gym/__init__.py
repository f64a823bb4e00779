"""Hyperparameter optimisation as a Gymnasium environment."""
