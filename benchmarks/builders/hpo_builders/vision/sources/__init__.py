"""Images cut from real sources: handwriting, photographs, fonts."""
