"""Keras on torch has no probes of its own: they are in ``suite.frameworks.keras.probes``."""
