"""Runs in front of a person: `race` and what draws it, and `game`, in which the person chooses."""
