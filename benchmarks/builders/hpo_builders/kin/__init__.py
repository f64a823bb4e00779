"""Families of related data sets: one map for all suites."""
