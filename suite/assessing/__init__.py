"""The battery for one activation, initializer or normalization, and the passport it leaves."""
