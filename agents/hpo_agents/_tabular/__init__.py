"""Shared parts of the tabular agents."""
