"""Tuning of a user's own objective, by any optimizer of this package."""
