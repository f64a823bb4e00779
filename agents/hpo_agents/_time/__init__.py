"""Parts of the policy over candidates and fidelities."""
