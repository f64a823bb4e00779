"""Agents outside this process: their messages, and an optimizer of them."""
