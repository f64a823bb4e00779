"""Collected sets: episodes of any optimizers on the env, stored as JSON lines and as a Minari set."""
