"""Shared parts of schedules: rules that set the learning rate of a training anew before each epoch."""
