"""Independent jobs in processes."""
