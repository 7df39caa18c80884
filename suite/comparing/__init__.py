"""What changed between two sets of runs."""
