"""What `n` runs hold, and what may be known of their tasks."""
