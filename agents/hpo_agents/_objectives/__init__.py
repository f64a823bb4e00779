"""Weights, views and rewards of an agent of several objectives."""
