"""Policies of others: places that a text names, files that hold a policy, the Hugging Face Hub."""
