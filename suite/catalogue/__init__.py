"""What a cell may name: activations, initializers, optimizers, data sets, and their laws."""
