"""What the agents with a trained policy share."""
