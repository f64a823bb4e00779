"""Tables that others measured and published, converted."""
