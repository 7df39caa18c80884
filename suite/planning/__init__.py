"""Which cells, runs and stacks a request means."""
