"""What the tabular agents share."""
