"""State of `n` runs, and the known facts about their tasks."""
