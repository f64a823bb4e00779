"""Parts of the pool policy."""
