"""The catalogues: activations, initializers, normalizations, optimizers, data sets, frameworks."""
