"""What an agent of several objectives weighs by, sees, and is rewarded for."""
