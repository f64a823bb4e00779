"""Kinds of task: one file each."""
