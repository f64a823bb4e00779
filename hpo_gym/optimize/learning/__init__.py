"""Trained optimizers and their files."""
