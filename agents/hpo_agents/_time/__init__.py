"""What the policy over candidates and fidelities is made of."""
