"""Shared parts of transfer from earlier tasks."""
