"""What baselines of schedules share: rules that set the learning rate of a training anew before each epoch."""
