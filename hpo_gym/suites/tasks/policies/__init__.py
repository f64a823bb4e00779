"""Tasks in which evolution strategies train small policies for control, many at once in NumPy."""
