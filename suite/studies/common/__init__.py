"""Code that several studies share: costs, starting weights, training, statistics of signals."""
