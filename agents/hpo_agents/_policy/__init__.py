"""Shared parts of agents with a trained policy."""
