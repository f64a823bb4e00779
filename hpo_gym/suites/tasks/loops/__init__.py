"""Loops over numbers that numba compiles, with NumPy's whole arrays in their place where it is not installed."""
