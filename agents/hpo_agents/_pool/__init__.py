"""What the pool policy is made of."""
