"""What several studies share: costs, starting weights, statistics of signals."""
