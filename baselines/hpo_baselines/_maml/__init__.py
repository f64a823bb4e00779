"""Meta-learned models and policies."""
