"""Shared parts of tasks whose trials build on each other, as the epochs of one training do."""
