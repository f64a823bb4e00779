"""What earlier tasks say, for baselines and agents alike."""
