"""Suites: one file each, found by the registry."""
