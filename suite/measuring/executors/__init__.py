"""The ways to measure a run's stacks, a file each."""
