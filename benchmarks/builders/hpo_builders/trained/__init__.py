"""Suites of our own training: what is tuned, and how one configuration is trained."""
