"""Suites of a table of one's own."""
