"""Parts of the agents that learn from stored episodes."""
