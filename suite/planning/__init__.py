"""Planning: the cells, runs and stacks that a command asks for."""
